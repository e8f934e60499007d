#include "host/outside_link.h"
#include "base/i18n.h"

#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/veth.h>
#include <net/if.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define NAMES	      10 /* OUTSIDE_LINK "0" to "9": a dead run's pair may still be on its way out */
#define RANGES_TRIED  64
#define CARRIER_TRIES 200 /* of 10 ms */
#define IPV4_PREFIX   30
#define IPV6_PREFIX   126

static const char *advice(int problem)
{
	if (problem == EPERM || problem == EACCES)
		return _(" (root with CAP_SYS_ADMIN and CAP_NET_ADMIN may do it; a container may lack them)");
	if (problem == EOPNOTSUPP)
		return _(" (this kernel has no veth devices: load the module veth)");
	if (problem == ENOSYS || problem == EINVAL)
		return _(" (this kernel has no network namespaces)");
	return "";
}

struct error *outside_cannot(int problem, const char *what)
{
	return fail(ERR_STOPPED, "%s: %s%s", what, strerror(problem), advice(problem));
}

int link_up(struct mnl_socket *s, const char *name)
{
	char buffer[NETLINK_BUFFER];
	struct ifinfomsg *header;
	struct nlmsghdr *request =
		netlink_request(buffer, RTM_NEWLINK, NLM_F_ACK, (void **)&header, sizeof(*header));

	header->ifi_change = header->ifi_flags = IFF_UP;
	mnl_attr_put_strz(request, IFLA_IFNAME, name);
	return netlink_ask(s, request, NULL, NULL);
}

/* Until the kernel has seen both ends up, what is sent is dropped. */
static int wait_carrier(const char *name)
{
	CLEAN(fd) int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ifreq request = { 0 };

	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", name);
	for (unsigned i = 0; i < CARRIER_TRIES; i++) {
		if (ioctl(fd, SIOCGIFFLAGS, &request) < 0)
			return errno;
		if (request.ifr_flags & IFF_RUNNING)
			return 0;
		nanosleep(&(struct timespec){ .tv_nsec = 10 * 1000 * 1000 }, NULL);
	}
	return ETIMEDOUT;
}

static int address_add(struct mnl_socket *s, const char *name, unsigned char family, const void *address)
{
	char buffer[NETLINK_BUFFER];
	struct ifaddrmsg *header;
	struct nlmsghdr *request = netlink_request(
		buffer, RTM_NEWADDR, NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL, (void **)&header, sizeof(*header));
	size_t size = family == AF_INET ? sizeof(struct in_addr) : sizeof(struct in6_addr);

	header->ifa_family = family;
	header->ifa_prefixlen = family == AF_INET ? IPV4_PREFIX : IPV6_PREFIX;
	header->ifa_flags = family == AF_INET6 ? IFA_F_NODAD : 0;
	header->ifa_scope = RT_SCOPE_UNIVERSE;
	header->ifa_index = if_nametoindex(name);
	mnl_attr_put(request, IFA_LOCAL, size, address);
	mnl_attr_put(request, IFA_ADDRESS, size, address);
	return netlink_ask(s, request, NULL, NULL);
}

struct error *end_address(struct mnl_socket *s, const char *name, const struct in_addr *ipv4,
	const struct in6_addr *ipv6, bool *ret_ipv6)
{
	int problem = wait_carrier(name);

	if (problem)
		return outside_cannot(problem, _("cannot bring up the link to the namespace outside"));
	problem = address_add(s, name, AF_INET, ipv4);
	if (problem)
		return outside_cannot(problem, _("cannot give the link to the namespace outside an IPv4 address"));
	problem = address_add(s, name, AF_INET6, ipv6);
	*ret_ipv6 = problem == 0;
	if (problem && problem != EACCES && problem != EOPNOTSUPP && problem != EAFNOSUPPORT)
		return outside_cannot(problem, _("cannot give the link to the namespace outside an IPv6 address"));
	return NULL;
}

static int veth_create(struct mnl_socket *s, const char *name, int namespace_fd)
{
	char buffer[NETLINK_BUFFER];
	struct ifinfomsg *header;
	struct nlmsghdr *request = netlink_request(
		buffer, RTM_NEWLINK, NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL, (void **)&header, sizeof(*header));

	mnl_attr_put_strz(request, IFLA_IFNAME, name);
	struct nlattr *info = mnl_attr_nest_start(request, IFLA_LINKINFO);
	mnl_attr_put_strz(request, IFLA_INFO_KIND, "veth");
	struct nlattr *data = mnl_attr_nest_start(request, IFLA_INFO_DATA);
	struct nlattr *peer = mnl_attr_nest_start(request, VETH_INFO_PEER);
	mnl_nlmsg_put_extra_header(request, sizeof(*header));
	mnl_attr_put_strz(request, IFLA_IFNAME, STRANGER_LINK);
	mnl_attr_put_u32(request, IFLA_NET_NS_FD, (uint32_t)namespace_fd);
	mnl_attr_nest_end(request, peer);
	mnl_attr_nest_end(request, data);
	mnl_attr_nest_end(request, info);
	return netlink_ask(s, request, NULL, NULL);
}

struct error *link_create(struct mnl_socket *s, int namespace_fd, char ret_name[IF_NAMESIZE])
{
	int problem = EEXIST;

	for (unsigned i = 0; i < NAMES && problem == EEXIST; i++) {
		snprintf(ret_name, IF_NAMESIZE, OUTSIDE_LINK "%c", (char)('0' + i));
		problem = veth_create(s, ret_name, namespace_fd);
	}
	if (problem == EEXIST)
		return fail(ERR_BUSY,
			"all links from %s0 to %s%d are in use; other runs of mailsetup hold them", OUTSIDE_LINK, OUTSIDE_LINK, NAMES - 1);
	if (!problem)
		problem = link_up(s, ret_name);
	return problem ? outside_cannot(problem, _("cannot make a link to a namespace outside (veth)")) : NULL;
}

struct range {
	const unsigned char *bytes;
	unsigned length; /* of its prefix */
	unsigned widest; /* a wider prefix is a default route of sorts and does not claim the range */
	bool taken;
};

static bool same_bits(const unsigned char *a, const unsigned char *b, unsigned bits)
{
	unsigned rest = bits % 8, mask = 0xff00u >> rest & 0xff;

	return memcmp(a, b, bits / 8) == 0 && (!rest || ((a[bits / 8] ^ b[bits / 8]) & mask) == 0);
}

static int compare_route(const struct nlmsghdr *message, void *context)
{
	struct range *range = context;
	const struct rtmsg *header = mnl_nlmsg_get_payload(message);
	const struct nlattr *a;
	unsigned bits = header->rtm_dst_len;
	size_t size = header->rtm_family == AF_INET ? sizeof(struct in_addr) : sizeof(struct in6_addr);

	if (bits < range->widest)
		return MNL_CB_OK;
	mnl_attr_for_each(a, message,
		sizeof(*header)) if (mnl_attr_get_type(a) == RTA_DST && mnl_attr_get_payload_len(a) == size &&
				     same_bits(range->bytes, mnl_attr_get_payload(a),
					     bits < range->length ? bits : range->length)) range->taken = true;
	return MNL_CB_OK;
}

/* The kernel keeps a route for every address, so the routes tell of both. */
static int range_taken(struct mnl_socket *s, unsigned char family, const void *bytes, bool *ret)
{
	struct range range = {
		.bytes = bytes,
		.length = family == AF_INET ? IPV4_PREFIX : IPV6_PREFIX,
		.widest = family == AF_INET ? 15 : 48,
	};
	int problem = netlink_dump(s, RTM_GETROUTE, family, compare_route, &range);

	*ret = range.taken;
	return problem;
}

/* 198.18.0.0/15 and 2001:2::/48: for benchmarks (RFC 2544, RFC 5180), so hardly anybody's network. */
static void pair_draw(struct pair *pair)
{
	uint16_t random[2] = { 0 };

	if (getrandom(random, sizeof(random), 0) != sizeof(random))
		random[0] = random[1] = (uint16_t)getpid();
	*pair = (struct pair){ 0 };
	for (unsigned i = 0; i < 2; i++) {
		pair->ipv4[i].s_addr = htonl(0xc6120000u + 4u * (random[0] & 0x7fffu) + 1 + i);
		memcpy(pair->ipv6[i].s6_addr, (const unsigned char[]){ 0x20, 0x01, 0x00, 0x02, 0x00, 0x00 }, 6);
		memcpy(pair->ipv6[i].s6_addr + 6, &random[1], 2);
		pair->ipv6[i].s6_addr[15] = (unsigned char)(1 + i);
	}
}

struct error *pair_choose(struct mnl_socket *s, struct pair *pair)
{
	for (unsigned i = 0; i < RANGES_TRIED; i++) {
		bool ipv4, ipv6;

		pair_draw(pair);
		int problem = range_taken(s, AF_INET, &pair->ipv4[SERVER], &ipv4);
		if (!problem)
			problem = range_taken(s, AF_INET6, &pair->ipv6[SERVER], &ipv6);
		if (problem)
			return outside_cannot(problem, _("cannot list the routes of this machine"));
		if (!ipv4 && !ipv6)
			return NULL;
	}
	return fail(ERR_STOPPED,
		"no free range for an address outside: this machine routes 198.18.0.0/15 or 2001:2::/48");
}
