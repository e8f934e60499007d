#include "tests/unit/unit.h"

#include "host/netlink.h"
#include "host/network.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <netinet/in.h>
#include <seccomp.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static struct host *machine;

static void pause_ms(unsigned ms)
{
	nanosleep(&(struct timespec){ .tv_nsec = ms * 1000000L }, NULL);
}

static bool has_ipv6(void)
{
	return access("/proc/net/if_inet6", F_OK) == 0;
}

static int open_machine(void **state)
{
	(void)state;
	signal(SIGPIPE, SIG_IGN);
	return host_open("/", &machine) ? -1 : 0;
}

static int close_machine(void **state)
{
	(void)state;
	host_close(machine);
	return 0;
}

/* A listening socket on a free port. */
static int serve(int family, bool loopback, unsigned *ret_port)
{
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6,
		.sin6_addr = loopback ? in6addr_loopback : in6addr_any };
	struct sockaddr_in v4 = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(loopback ? INADDR_LOOPBACK : INADDR_ANY) };
	struct sockaddr *address = family == AF_INET ? (struct sockaddr *)&v4 : (struct sockaddr *)&v6;
	socklen_t size = family == AF_INET ? sizeof(v4) : sizeof(v6);
	int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	if (family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &(int){ 1 }, sizeof(int));
	assert_int_equal(bind(fd, address, size), 0);
	assert_int_equal(listen(fd, 5), 0);
	assert_int_equal(getsockname(fd, address, &size), 0);
	*ret_port = ntohs(family == AF_INET ? v4.sin_port : v6.sin6_port);
	return fd;
}

static const struct listener *find(const struct listener *l, size_t n, unsigned port, bool ipv6)
{
	for (size_t i = 0; i < n; i++)
		if (l[i].port == port && l[i].ipv6 == ipv6)
			return &l[i];
	return NULL;
}

static void a_listener_is_found_with_its_owner(void **state)
{
	(void)state;
	unsigned port;
	CLEAN(fd) int fd = serve(AF_INET, true, &port);
	CLEAN(free) struct listener *l = NULL;
	size_t n;
	char exe[256] = "";

	assert_true(readlink("/proc/self/exe", exe, sizeof(exe) - 1) > 0);
	/* A child that holds it too does not become its owner. */
	pid_t child = fork();
	if (child == 0) {
		pause();
		_exit(0);
	}
	must(listeners_read(machine, &l, &n));
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);

	const struct listener *found = find(l, n, port, false);
	assert_non_null(found);
	assert_string_equal(found->address, "127.0.0.1");
	assert_int_equal(found->pid, getpid());
	assert_string_equal(found->program, strrchr(exe, '/') + 1);
}

static void an_ipv6_listener_is_found(void **state)
{
	(void)state;
	unsigned port;

	if (!has_ipv6())
		skip();
	CLEAN(fd) int fd = serve(AF_INET6, true, &port);
	CLEAN(free) struct listener *l = NULL;
	size_t n;

	must(listeners_read(machine, &l, &n));
	const struct listener *found = find(l, n, port, true);
	assert_non_null(found);
	assert_string_equal(found->address, "::1");
	assert_int_equal(found->pid, getpid());
	assert_null(find(l, n, port, false));
}

static void what_does_not_listen_is_not_listed(void **state)
{
	(void)state;
	unsigned port;
	int fd = serve(AF_INET, true, &port);
	struct sockaddr_in to = { .sin_family = AF_INET,
		.sin_port = htons((uint16_t)port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	CLEAN(fd) int client = socket(AF_INET, SOCK_STREAM, 0);
	CLEAN(free) struct listener *l = NULL;
	size_t n;

	assert_int_equal(connect(client, (struct sockaddr *)&to, sizeof(to)), 0);
	CLEAN(fd) int accepted = accept(fd, NULL, NULL);
	assert_true(accepted >= 0);
	close(fd);
	must(listeners_read(machine, &l, &n));
	assert_null(find(l, n, port, false));
}

static void a_folder_has_only_the_tables_it_holds(void **state)
{
	(void)state;
	char folder[] = "/tmp/test_network.XXXXXX";
	CLEAN(free) struct listener *l = NULL, *none = NULL;
	CLEAN(list) struct list ipv4 = { 0 }, ipv6 = { 0 };
	size_t n = 7;
	static const char table[] = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when "
				    "retrnsmt   uid  timeout inode\n"
				    "   0: 0100007F:0019 00000000:0000 0A 00000000:00000000 00:00000000 "
				    "00000000     0        0 4242 1 0 0\n"
				    "   1: 0100007F:01F7 0200007F:8000 01 00000000:00000000 00:00000000 "
				    "00000000     0        0 4243 1 0 0\n"
				    "   2: 0100007:0001 00000000:0000 0A 00000000:00000000 00:00000000 "
				    "00000000     0        0 4244 1 0 0\n"
				    "garbage\n";

	assert_non_null(mkdtemp(folder));
	CLEAN(free)
	char *proc = text("%s/proc", folder),
	     *net = text("%s/net", proc), *tcp = text("%s/tcp", net);
	CLEAN(host_close) struct host *h = NULL;

	must(host_open(folder, &h));
	must(listeners_read(h, &none, &n));
	assert_int_equal(n, 0);
	must(addresses_read(h, &ipv4, &ipv6));
	assert_int_equal(ipv4.n + ipv6.n, 0);

	assert_int_equal(mkdir(proc, 0700) | mkdir(net, 0700), 0);
	FILE *f = fopen(tcp, "w");
	assert_true(fputs(table, f) >= 0);
	fclose(f);
	must(listeners_read(h, &l, &n));
	assert_int_equal(n, 1);
	/* The words have the byte order of the machine that reads them. */
	assert_string_equal(l[0].address, htonl(1) == 1 ? "1.0.0.127" : "127.0.0.1");
	assert_int_equal(l[0].port, 25);
	assert_int_equal(l[0].pid, 0);
	assert_string_equal(l[0].program, "");

	struct outside o;
	struct error *e = outside_open(h, &o);
	assert_non_null(e);
	error_free(e);
	assert_int_equal(o.namespace_fd, -1);

	unlink(tcp);
	rmdir(net);
	rmdir(proc);
	assert_int_equal(rmdir(folder), 0);
}

/* Does the machine hold this address? */
static bool holds(const char *address)
{
	struct ifaddrs *all;
	bool found = false;
	char s[INET6_ADDRSTRLEN];

	assert_int_equal(getifaddrs(&all), 0);
	for (struct ifaddrs *a = all; a; a = a->ifa_next) {
		if (!a->ifa_addr || (a->ifa_addr->sa_family != AF_INET && a->ifa_addr->sa_family != AF_INET6))
			continue;
		const void *bytes =
			a->ifa_addr->sa_family == AF_INET
				? (const void *)&((struct sockaddr_in *)(void *)a->ifa_addr)->sin_addr
				: (const void *)&((struct sockaddr_in6 *)(void *)a->ifa_addr)->sin6_addr;

		inet_ntop(a->ifa_addr->sa_family, bytes, s, sizeof(s));
		found = found || strcmp(s, address) == 0;
	}
	freeifaddrs(all);
	return found;
}

static bool vanishes(const char *address)
{
	for (unsigned i = 0; i < 200; i++) {
		if (!holds(address))
			return true;
		pause_ms(50);
	}
	return false;
}

static int dial(const char *address, unsigned port)
{
	struct sockaddr_in v4 = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port) };
	bool ipv6 = strchr(address, ':');
	int fd = socket(ipv6 ? AF_INET6 : AF_INET, SOCK_STREAM, 0);

	if (inet_pton(ipv6 ? AF_INET6 : AF_INET, address,
		    ipv6 ? (void *)&v6.sin6_addr : (void *)&v4.sin_addr) != 1)
		return -1;
	if (connect(fd, ipv6 ? (struct sockaddr *)&v6 : (struct sockaddr *)&v4,
		    ipv6 ? sizeof(v6) : sizeof(v4)) < 0)
		return -1;
	return fd;
}

static pid_t stranger_dials(const struct outside *o, const char *address, unsigned port)
{
	pid_t pid = fork();

	if (pid == 0) {
		char c;

		alarm(10);
		if (outside_enter(o))
			_exit(2);
		int fd = dial(address, port);
		if (fd < 0)
			_exit(3);
		_exit(write(fd, "x", 1) == 1 && read(fd, &c, 1) == 1 && c == 'y' ? 0 : 4);
	}
	return pid;
}

/* A stranger's bytes arrive, from its address, and the answer gets back. */
static void meet(const struct outside *o, int family, const char *server, const char *client)
{
	unsigned port;
	CLEAN(fd) int fd = serve(family, false, &port);
	pid_t pid = stranger_dials(o, server, port);
	struct sockaddr_storage peer;
	socklen_t size = sizeof(peer);
	struct timeval limit = { .tv_sec = 10 };
	char s[INET6_ADDRSTRLEN], c;
	int status;

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	CLEAN(fd) int accepted = accept(fd, (struct sockaddr *)&peer, &size);
	if (accepted >= 0) {
		assert_int_equal(read(accepted, &c, 1), 1);
		assert_int_equal(c, 'x');
		assert_int_equal(write(accepted, "y", 1), 1);
	}
	waitpid(pid, &status, 0);
	assert_int_equal(status, 0);
	assert_true(accepted >= 0);
	inet_ntop(family,
		family == AF_INET ? (void *)&((struct sockaddr_in *)&peer)->sin_addr
				  : (void *)&((struct sockaddr_in6 *)&peer)->sin6_addr,
		s, sizeof(s));
	assert_string_equal(s, client);
}

static void a_stranger_reaches_the_machine(void **state)
{
	(void)state;
	struct outside o;

	must(outside_open(machine, &o));
	assert_true(starts_with(o.server_ipv4, "198.1"));
	meet(&o, AF_INET, o.server_ipv4, o.client_ipv4);
	if (has_ipv6()) {
		assert_true(starts_with(o.server_ipv6, "2001:2:"));
		meet(&o, AF_INET6, o.server_ipv6, o.client_ipv6);
	} else {
		assert_string_equal(o.server_ipv6, "");
	}
	outside_close(&o);
	assert_int_equal(o.namespace_fd, -1);
}

static void the_pair_vanishes_with_its_last_descriptor(void **state)
{
	(void)state;
	struct outside o;
	char address[64];
	int ready[2];

	must(outside_open(machine, &o));
	memcpy(address, o.server_ipv4, sizeof(address));
	assert_true(holds(address));

	/* A child inside keeps it. */
	assert_int_equal(pipe(ready), 0);
	pid_t pid = fork();
	if (pid == 0) {
		if (outside_enter(&o) || write(ready[1], "x", 1) != 1)
			_exit(1);
		outside_close(&o);
		pause();
		_exit(0);
	}
	char c;
	assert_int_equal(read(ready[0], &c, 1), 1);
	outside_close(&o);
	pause_ms(300);
	assert_true(holds(address));
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	assert_true(vanishes(address));
	close(ready[0]);
	close(ready[1]);
}

static void the_pair_vanishes_when_its_process_is_killed(void **state)
{
	(void)state;
	struct outside o = { 0 };
	int ends[2];

	assert_int_equal(pipe(ends), 0);
	pid_t pid = fork();
	if (pid == 0) {
		if (outside_open(machine, &o) || write(ends[1], &o, sizeof(o)) != sizeof(o))
			_exit(1);
		pause();
		_exit(0);
	}
	close(ends[1]);
	assert_int_equal(read(ends[0], &o, sizeof(o)), sizeof(o));
	assert_true(holds(o.server_ipv4));
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	assert_true(vanishes(o.server_ipv4));
	close(ends[0]);
}

static void two_strangers_live_side_by_side(void **state)
{
	(void)state;
	struct outside a, b;

	must(outside_open(machine, &a));
	must(outside_open(machine, &b));
	assert_string_not_equal(a.server_ipv4, b.server_ipv4);
	meet(&b, AF_INET, b.server_ipv4, b.client_ipv4);
	meet(&a, AF_INET, a.server_ipv4, a.client_ipv4);
	outside_close(&a);
	outside_close(&b);
}

/* What the list holds in the namespace, by a child's exit status. */
static int addresses_outside(const struct outside *o)
{
	CLEAN(list) struct list ipv4 = { 0 }, ipv6 = { 0 };

	if (outside_enter(o))
		return 1;
	if (addresses_read(machine, &ipv4, &ipv6))
		return 2;
	if (ipv4.n != 1 || strcmp(ipv4.v[0], o->client_ipv4) != 0)
		return 3;
	if (*o->client_ipv6 && (ipv6.n != 1 || strcmp(ipv6.v[0], o->client_ipv6) != 0))
		return 4;
	return 0;
}

/* The kernel answers a family that it has not got, as IPv6 after ipv6.disable=1, with the addresses of all. */
static void a_family_that_the_kernel_lacks_has_no_addresses(void **state)
{
	(void)state;
	CLEAN(mnl_socket_close) struct mnl_socket *s = NULL;
	CLEAN(list) struct list found = { 0 }, none = { 0 };
	struct outside o;
	int status;

	must(outside_open(machine, &o));
	pid_t pid = fork();
	if (pid == 0) {
		if (outside_enter(&o) || netlink_open(&s) || netlink_addresses(s, AF_INET, &found) ||
			netlink_addresses(s, AF_APPLETALK, &none))
			_exit(1);
		_exit(found.n != 1 ? 2 : none.n ? 3 : 0);
	}
	waitpid(pid, &status, 0);
	assert_int_equal(status, 0);
	outside_close(&o);
}

/* A filter that answers as a kernel without the family does. */
static int ipv6_without(int error)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);

	if (!filter || seccomp_rule_add(filter, SCMP_ACT_ERRNO((uint16_t)error), SCMP_SYS(socket), 1, SCMP_A0(SCMP_CMP_EQ, AF_INET6)) ||
		seccomp_load(filter))
		return 2;
	return ipv6_available(machine) ? 1 : 0;
}

static void a_kernel_without_ipv6_is_known(void **state)
{
	static const struct {
		int error, status;
	} cases[] = { { EAFNOSUPPORT, 0 }, { EMFILE, 1 } };
	(void)state;
	if (has_ipv6())
		assert_true(ipv6_available(machine));
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		int status;
		pid_t pid = fork();

		if (pid == 0)
			_exit(ipv6_without(cases[i].error));
		waitpid(pid, &status, 0);
		assert_true(WIFEXITED(status));
		if (WEXITSTATUS(status) == 2) {
			print_message("no filter of system calls can be loaded here: skipped\n");
			skip();
		}
		assert_int_equal(WEXITSTATUS(status), cases[i].status);
	}
}

static void global_addresses_are_listed(void **state)
{
	(void)state;
	CLEAN(list) struct list ipv4 = { 0 }, ipv6 = { 0 };
	struct outside o;
	int status;

	must(outside_open(machine, &o));
	must(addresses_read(machine, &ipv4, &ipv6));
	for (size_t i = 0; i < ipv4.n; i++)
		assert_false(starts_with(ipv4.v[i], "127."));
	for (size_t i = 0; i < ipv6.n; i++)
		assert_false(starts_with(ipv6.v[i], "fe80:") || strcmp(ipv6.v[i], "::1") == 0);
	/* Our own pair is none of the machine's addresses. */
	assert_false(list_has(&ipv4, o.server_ipv4));
	assert_false(list_has(&ipv6, o.server_ipv6));

	pid_t pid = fork();
	if (pid == 0)
		_exit(addresses_outside(&o));
	waitpid(pid, &status, 0);
	assert_int_equal(status, 0);
	outside_close(&o);
}

static void without_privilege_the_error_says_what_is_missing(void **state)
{
	(void)state;
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		struct outside o;

		if (setgid(65534) || setuid(65534))
			_exit(2);
		struct error *e = outside_open(machine, &o);
		_exit(e && strstr(error_message(e), "CAP_NET_ADMIN") && o.namespace_fd == -1 ? 0 : 1);
	}
	waitpid(pid, &status, 0);
	assert_int_equal(status, 0);
}

static void a_namespace_that_is_none_cannot_be_entered(void **state)
{
	(void)state;
	CLEAN(fd) int no_namespace = open("/dev/null", O_RDONLY | O_CLOEXEC);
	struct outside o = { .namespace_fd = no_namespace };
	struct error *e = outside_enter(&o);

	assert_non_null(e);
	error_free(e);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_listener_is_found_with_its_owner),
		cmocka_unit_test(an_ipv6_listener_is_found),
		cmocka_unit_test(what_does_not_listen_is_not_listed),
		cmocka_unit_test(a_folder_has_only_the_tables_it_holds),
		cmocka_unit_test(a_stranger_reaches_the_machine),
		cmocka_unit_test(the_pair_vanishes_with_its_last_descriptor),
		cmocka_unit_test(the_pair_vanishes_when_its_process_is_killed),
		cmocka_unit_test(two_strangers_live_side_by_side),
		cmocka_unit_test(a_kernel_without_ipv6_is_known),
		cmocka_unit_test(global_addresses_are_listed),
		cmocka_unit_test(a_family_that_the_kernel_lacks_has_no_addresses),
		cmocka_unit_test(without_privilege_the_error_says_what_is_missing),
		cmocka_unit_test(a_namespace_that_is_none_cannot_be_entered),
	};
	return cmocka_run_group_tests(tests, open_machine, close_machine);
}
