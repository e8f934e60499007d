/*
 * The network of the machine, and an address outside of it.
 *
 * Postfix trusts loopback, so nothing that is asked from the machine itself proves what a stranger can do.
 * outside_open() makes a stranger: a network namespace of its own, joined by a veth pair (rtnetlink, through libmnl),
 * with addresses from the ranges for documentation and benchmarks, that no network uses. Nothing of it is durable: when
 * the last descriptor of the namespace closes, by exit or by SIGKILL, the kernel removes both ends.
 */
#pragma once

#include "host/host.h"
#include <sys/types.h>

struct listener {
	unsigned port;
	bool ipv6;
	char address[64];
	pid_t pid;         /* 0 when unknown */
	char program[64];  /* base name of its executable, "" when unknown */
};

/* TCP sockets in state LISTEN (from /proc/net/tcp and tcp6), with their owners. Free with free(). */
struct error *listeners_read(struct host *h, struct listener **ret, size_t *ret_count) MUST_USE;
/* Can anything listen on IPv6 addresses? The kernel may be without (ipv6.disable=1). A folder's can. */
bool ipv6_available(struct host *h);
/* Global unicast addresses of the machine as texts: no loopback, no link-local, none of outside_open(), no temporary ones of
 * IPv6. A folder has none. */
struct error *addresses_read(struct host *h, struct list *ret_ipv4, struct list *ret_ipv6) MUST_USE;

struct outside {
	int namespace_fd;      /* for outside_enter() */
	char server_ipv4[64];  /* the machine's address as the stranger sees it */
	char server_ipv6[64];  /* "" where the machine has no IPv6 */
	char client_ipv4[64];
	char client_ipv6[64];
};
struct error *outside_open(struct host *h, struct outside *ret) MUST_USE;
/* Second best, where no namespace can be made (a container without CAP_NET_ADMIN): the machine speaks to itself by its own
 * global address, which Postfix does not trust either. ERR_STOPPED where it has none. */
struct error *outside_own_address(struct host *h, struct outside *ret) MUST_USE;
/* Moves the calling process into the namespace, if there is one: for a child, there is no way back. */
struct error *outside_enter(const struct outside *o) MUST_USE;
void outside_close(struct outside *o);
