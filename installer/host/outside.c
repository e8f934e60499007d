#include "base/i18n.h"
#include "host/child.h"
#include "host/network.h"
#include "host/outside_link.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#define STRANGER_SECONDS 15

/* What the stranger says to its parent. */
struct report {
	bool ok;
	bool ipv6;
	char message[400];
};

struct stranger {
	pid_t pid;
	int channel;
};

static void stranger_cleanup(struct stranger *s)
{
	fd_cleanup(&s->channel);
	if (s->pid > 0)
		child_end(s->pid);
}

static struct error *stranger_configure(const struct pair *pair, bool *ret_ipv6)
{
	CLEAN(mnl_socket_close) struct mnl_socket *s = NULL;

	TRY(netlink_open(&s));
	int problem = link_up(s, "lo");
	if (!problem)
		problem = link_up(s, STRANGER_LINK);
	if (problem)
		return outside_cannot(problem, _("cannot bring up the links of the namespace outside"));
	return end_address(s, STRANGER_LINK, &pair->ipv4[CLIENT], &pair->ipv6[CLIENT], ret_ipv6);
}

static void report_send(int channel, struct error *e, bool ipv6)
{
	struct report report = { .ok = !e, .ipv6 = ipv6 };

	if (e)
		snprintf(report.message, sizeof(report.message), "%s", error_message(e));
	error_free(e);
	if (send(channel, &report, sizeof(report), MSG_NOSIGNAL) != sizeof(report) || !report.ok)
		_exit(1);
}

/* Makes the namespace, waits until the parent has linked it, and gives its own end an address. */
static _Noreturn void stranger_run(int channel, pid_t parent)
{
	struct pair pair;
	bool ipv6 = false;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1);
	report_send(channel,
		unshare(CLONE_NEWNET) < 0 ? outside_cannot(errno, _("cannot make a network namespace")) : NULL, false);
	if (recv(channel, &pair, sizeof(pair), 0) != sizeof(pair))
		_exit(1);
	struct error *e = stranger_configure(&pair, &ipv6);
	report_send(channel, e, ipv6);
	_exit(0);
}

static struct error *report_receive(const struct stranger *s, bool *ret_ipv6)
{
	struct pollfd p = { .fd = s->channel, .events = POLLIN };
	struct report report;
	int n;

	while ((n = poll(&p, 1, STRANGER_SECONDS * 1000)) < 0 && errno == EINTR)
		;
	if (n <= 0 || recv(s->channel, &report, sizeof(report), 0) != sizeof(report))
		return fail(ERR_STOPPED, "the process that makes a network namespace does not answer");
	if (!report.ok)
		return fail(ERR_STOPPED, "%s", report.message);
	*ret_ipv6 = report.ipv6;
	return NULL;
}

static struct error *stranger_start(struct stranger *s, int *ret_namespace)
{
	int ends[2];
	bool ipv6;
	pid_t parent = getpid();

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
		return fail_errno(errno, "cannot open a socket pair");
	s->channel = ends[0];
	CLEAN(fd) int its_end = ends[1];

	s->pid = fork();
	if (s->pid < 0)
		return fail_errno(errno, "cannot start a process");
	if (s->pid == 0)
		stranger_run(its_end, parent);
	close(its_end);
	its_end = -1;
	TRY(report_receive(s, &ipv6));

	CLEAN(free) char *path = text("/proc/%d/ns/net", (int)s->pid);

	*ret_namespace = open(path, O_RDONLY | O_CLOEXEC);
	return *ret_namespace < 0 ? fail_errno(errno, "cannot open %s", path) : NULL;
}

static void outside_write(struct outside *o, const struct pair *pair, bool ipv6)
{
	inet_ntop(AF_INET, &pair->ipv4[SERVER], o->server_ipv4, sizeof(o->server_ipv4));
	inet_ntop(AF_INET, &pair->ipv4[CLIENT], o->client_ipv4, sizeof(o->client_ipv4));
	if (!ipv6)
		return;
	inet_ntop(AF_INET6, &pair->ipv6[SERVER], o->server_ipv6, sizeof(o->server_ipv6));
	inet_ntop(AF_INET6, &pair->ipv6[CLIENT], o->client_ipv6, sizeof(o->client_ipv6));
}

struct error *outside_open(struct host *h, struct outside *ret)
{
	CLEAN(stranger) struct stranger stranger = { .channel = -1 };
	CLEAN(mnl_socket_close) struct mnl_socket *s = NULL;
	CLEAN(fd) int namespace_fd = -1;
	struct pair pair;
	bool server_ipv6 = false, client_ipv6 = false;
	char name[IF_NAMESIZE];

	*ret = (struct outside){ .namespace_fd = -1 };
	if (!host_is_real(h))
		return fail(ERR_STOPPED, "%s is a folder: it has no network", host_root(h));
	TRY(stranger_start(&stranger, &namespace_fd));
	TRY(netlink_open(&s));
	TRY(pair_choose(s, &pair));
	TRY(link_create(s, namespace_fd, name));
	if (send(stranger.channel, &pair, sizeof(pair), MSG_NOSIGNAL) != sizeof(pair))
		return fail_errno(errno, "cannot speak to the process outside");
	TRY(report_receive(&stranger, &client_ipv6));
	TRY(end_address(s, name, &pair.ipv4[SERVER], &pair.ipv6[SERVER], &server_ipv6));

	outside_write(ret, &pair, server_ipv6 && client_ipv6);
	ret->namespace_fd = namespace_fd;
	namespace_fd = -1;
	return NULL;
}

struct error *outside_own_address(struct host *h, struct outside *ret)
{
	CLEAN(list) struct list ipv4 = { 0 }, ipv6 = { 0 };

	*ret = (struct outside){ .namespace_fd = -1 };
	TRY(addresses_read(h, &ipv4, &ipv6));
	if (!ipv4.n)
		return fail(ERR_STOPPED, "the machine has no IPv4 address of its own beside loopback");
	snprintf(ret->server_ipv4, sizeof(ret->server_ipv4), "%s", ipv4.v[0]);
	snprintf(ret->client_ipv4, sizeof(ret->client_ipv4), "%s", ipv4.v[0]);
	if (ipv6.n) {
		snprintf(ret->server_ipv6, sizeof(ret->server_ipv6), "%s", ipv6.v[0]);
		snprintf(ret->client_ipv6, sizeof(ret->client_ipv6), "%s", ipv6.v[0]);
	}
	return NULL;
}

struct error *outside_enter(const struct outside *o)
{
	if (o->namespace_fd < 0)
		return NULL;
	return setns(o->namespace_fd, CLONE_NEWNET) < 0 ? outside_cannot(errno, _("cannot enter the namespace outside"))
							: NULL;
}

void outside_close(struct outside *o)
{
	fd_cleanup(&o->namespace_fd);
	*o = (struct outside){ .namespace_fd = -1 };
}
