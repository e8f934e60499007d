#include "host/netlink.h"

#include <sys/socket.h>
#include <sys/time.h>

#define ANSWER_SECONDS 10

struct error *netlink_open(struct mnl_socket **ret)
{
	CLEAN(mnl_socket_close) struct mnl_socket *s = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC);
	struct timeval limit = { .tv_sec = ANSWER_SECONDS };

	if (!s || mnl_socket_bind(s, 0, MNL_SOCKET_AUTOPID) < 0 ||
		setsockopt(mnl_socket_get_fd(s), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)) < 0)
		return fail_errno(errno, "cannot ask the kernel for the network's state (rtnetlink)");
	*ret = TAKE(s);
	return NULL;
}

struct nlmsghdr *netlink_request(void *buffer, uint16_t type, uint16_t flags, void **ret_header, size_t size)
{
	struct nlmsghdr *request = mnl_nlmsg_put_header(buffer);

	request->nlmsg_type = type;
	request->nlmsg_flags = NLM_F_REQUEST | flags;
	*ret_header = mnl_nlmsg_put_extra_header(request, size);
	return request;
}

int netlink_ask(struct mnl_socket *s, struct nlmsghdr *request, mnl_cb_t each, void *context)
{
	static unsigned sequence;
	CLEAN(free) char *buffer = allocate((size_t)MNL_SOCKET_BUFFER_SIZE);
	int more;

	request->nlmsg_seq = ++sequence;
	if (mnl_socket_sendto(s, request, request->nlmsg_len) < 0)
		return errno;
	do {
		ssize_t n = mnl_socket_recvfrom(s, buffer, (size_t)MNL_SOCKET_BUFFER_SIZE);

		if (n < 0)
			return errno;
		more = mnl_cb_run(
			buffer, (size_t)n, request->nlmsg_seq, mnl_socket_get_portid(s), each, context);
	} while (more > 0);
	return more < 0 ? errno : 0;
}

int netlink_dump(struct mnl_socket *s, uint16_t type, unsigned char family, mnl_cb_t each, void *context)
{
	char buffer[NETLINK_BUFFER];
	struct rtgenmsg *header;
	struct nlmsghdr *request = netlink_request(buffer, type, NLM_F_DUMP, (void **)&header,
		type == RTM_GETROUTE ? sizeof(struct rtmsg) : sizeof(struct ifaddrmsg));

	header->rtgen_family = family;
	return netlink_ask(s, request, each, context);
}
