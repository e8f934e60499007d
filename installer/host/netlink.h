/*
 * rtnetlink through libmnl: one socket, one request at a time.
 */
#pragma once

#include "base/bytes.h"
#include "base/error.h"
#include "base/memory.h"
#include <libmnl/libmnl.h>
#include <linux/rtnetlink.h>

#define OUTSIDE_LINK   "mailsetup" /* the links of outside_open() begin so */
#define NETLINK_BUFFER 8192	   /* what libmnl wants for a request */

DEFINE_CLEANUP(struct mnl_socket *, mnl_socket_close)

/* The socket belongs to the network namespace in which it was opened. */
struct error *netlink_open(struct mnl_socket **ret) MUST_USE;
/* A request with its family header of `size` bytes, in a buffer of NETLINK_BUFFER bytes. */
struct nlmsghdr *netlink_request(void *buffer, uint16_t type, uint16_t flags, void **ret_header, size_t size);
/* Sends it and hands every message of the answer to each() (NULL where only success counts). 0 or an errno. */
int netlink_ask(struct mnl_socket *s, struct nlmsghdr *request, mnl_cb_t each, void *context);
/* All addresses (RTM_GETADDR) or routes (RTM_GETROUTE) of a family. 0 or an errno. */
int netlink_dump(struct mnl_socket *s, uint16_t type, unsigned char family, mnl_cb_t each, void *context);
/* Adds what addresses_read() gives of one family. 0 or an errno. */
int netlink_addresses(struct mnl_socket *s, unsigned char family, struct list *ret);
