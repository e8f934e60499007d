/*
 * The veth pair of outside_open(): names, free ranges, addresses. Private to host/.
 */
#pragma once

#include "host/netlink.h"
#include <net/if.h>
#include <netinet/in.h>
#include <stdbool.h>

#define STRANGER_LINK "eth0" /* the end in the namespace; the other one is OUTSIDE_LINK and a digit */

/* The addresses of both ends. */
enum { SERVER, CLIENT };
struct pair {
	struct in_addr ipv4[2];
	struct in6_addr ipv6[2];
};

/* Addresses whose networks overlap with no route of the machine. */
struct error *pair_choose(struct mnl_socket *s, struct pair *pair) MUST_USE;
/* The pair of links; our end is up. */
struct error *link_create(struct mnl_socket *s, int namespace_fd, char ret_name[IF_NAMESIZE]) MUST_USE;
int link_up(struct mnl_socket *s, const char *name); /* 0 or an errno */
/* Gives an end its addresses, as soon as both are up. *ret_ipv6 is false where the kernel has no IPv6, or has
 * it switched off. */
struct error *end_address(struct mnl_socket *s, const char *name, const struct in_addr *ipv4,
	const struct in6_addr *ipv6, bool *ret_ipv6) MUST_USE;
/* "cannot WHAT: reason", and what could be missing. */
struct error *outside_cannot(int problem, const char *what) MUST_USE;
