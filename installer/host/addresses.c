#include "host/netlink.h"
#include "host/network.h"

#include <arpa/inet.h>
#include <linux/if_addr.h>
#include <net/if.h>

/* The flags as 32 bits; the header has room for 8. */
static uint32_t address_flags(const struct nlmsghdr *message, const struct ifaddrmsg *header)
{
	const struct nlattr *a;

	mnl_attr_for_each(a, message, sizeof(*header)) if (mnl_attr_get_type(a) == IFA_FLAGS &&
							   mnl_attr_get_payload_len(a) >=
								   sizeof(uint32_t)) return mnl_attr_get_u32(a);
	return header->ifa_flags;
}

/* On a point-to-point link IFA_ADDRESS is the peer's; IFA_LOCAL, where it exists, is ours. */
static const struct nlattr *own_address(const struct nlmsghdr *message, size_t size)
{
	const struct nlattr *a, *found = NULL;

	mnl_attr_for_each(a, message, sizeof(struct ifaddrmsg))
	{
		int type = mnl_attr_get_type(a);

		if (mnl_attr_get_payload_len(a) == size &&
			(type == IFA_LOCAL || (type == IFA_ADDRESS && !found)))
			found = a;
	}
	return found;
}

static bool is_ours(unsigned index)
{
	char name[IF_NAMESIZE];

	return if_indextoname(index, name) && starts_with(name, OUTSIDE_LINK);
}

struct wanted {
	unsigned char family;
	struct list *addresses;
};

static int take_address(const struct nlmsghdr *message, void *context)
{
	const struct wanted *wanted = context;
	const struct ifaddrmsg *header = mnl_nlmsg_get_payload(message);
	const struct nlattr *address = own_address(
		message, header->ifa_family == AF_INET6 ? sizeof(struct in6_addr) : sizeof(struct in_addr));
	/* A temporary address is made to be forgotten: nobody may publish it. */
	uint32_t unwanted = header->ifa_family == AF_INET6
				    ? IFA_F_TEMPORARY | IFA_F_DEPRECATED | IFA_F_DADFAILED | IFA_F_TENTATIVE
				    : 0;
	char s[INET6_ADDRSTRLEN];

	/* Asked for a family that it has not got (ipv6.disable=1), the kernel answers with all the others. */
	if (header->ifa_family == wanted->family && header->ifa_scope == RT_SCOPE_UNIVERSE && address &&
		!(address_flags(message, header) & unwanted) && !is_ours(header->ifa_index) &&
		inet_ntop(header->ifa_family, mnl_attr_get_payload(address), s, sizeof(s)) &&
		!list_has(wanted->addresses, s))
		list_add(wanted->addresses, s);
	return MNL_CB_OK;
}

int netlink_addresses(struct mnl_socket *s, unsigned char family, struct list *ret)
{
	return netlink_dump(s, RTM_GETADDR, family, take_address, &(struct wanted){ family, ret });
}

struct error *addresses_read(struct host *h, struct list *ret_ipv4, struct list *ret_ipv6)
{
	CLEAN(mnl_socket_close) struct mnl_socket *s = NULL;

	if (!host_is_real(h))
		return NULL;
	TRY(netlink_open(&s));
	int problem = netlink_addresses(s, AF_INET, ret_ipv4);
	if (!problem)
		problem = netlink_addresses(s, AF_INET6, ret_ipv6);
	return problem ? fail_errno(problem, "cannot list the addresses of this machine") : NULL;
}
