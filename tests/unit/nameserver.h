/* A dnsmasq of the test's own on loopback: the group of the tests has start_dns and stop_dns. Where none is installed, dns.pid is 0. */
#pragma once

#include "tests/unit/unit.h"

#include "mail/dns.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>

#define A60 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

static struct {
	pid_t pid;
	unsigned port;
	char server[32];
	char dead[32]; /* a port that takes questions and never answers */
	int dead_fd;
} dns;

static inline int udp_socket(unsigned *ret_port)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
	socklen_t size = sizeof(a);
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&a, size), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&a, &size), 0);
	*ret_port = ntohs(a.sin_port);
	return fd;
}

static inline void run_dnsmasq(void)
{
	CLEAN(free) char *port = text("--port=%u", dns.port);
	CLEAN(free) char *txt = text("--txt-record=long.exemple.fr,%s%s%s%s,%s", A60, A60, A60, A60, A60);
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	const char *const argv[] = { "dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null", "--no-resolv",
		"--no-hosts", "--pid-file=", "--user=", "--listen-address=127.0.0.1", "--bind-interfaces", port,
		"--local=/fr/", "--local=/test/", "--local=/in-addr.arpa/", "--local=/ip6.arpa/",
		"--host-record=mail.exemple.fr,192.0.2.10,2001:db8::10", "--host-record=x.test,192.168.1.9",
		"--mx-host=exemple.fr,mail.exemple.fr,10", "--mx-host=exemple.fr,secours.exemple.fr,20",
		"--txt-record=exemple.fr,v=spf1 mx -all", txt,
		"--txt-record=net.fr,v=spf1 ip4:192.0.2.0/24 -all", "--txt-record=two.fr,v=spf1 -all", "--txt-record=two.fr,v=spf1 +all",
		"--txt-record=loop.fr,v=spf1 include:loop.fr -all", "--txt-record=round.fr,v=spf1 redirect=round.fr",
		"--txt-record=mail._domainkey.exemple.fr,v=DKIM1; k=rsa;,p=QUJD", "--txt-record=mail._domainkey.net.fr,v=DKIM1; p=QUJE",
		"--txt-record=_dmarc.exemple.fr,v=DMARC1; p=reject", "--txt-record=_dmarc.net.fr,v=DMARC1; p=rejet",
		"--srv-host=_imaps._tcp.exemple.fr,mail.exemple.fr,993,0,1", "--srv-host=_imap._tcp.exemple.fr,autre.exemple.fr,143,10,1",
		"--host-record=autre.exemple.fr,192.0.2.77", "--host-record=deux.exemple.fr,192.0.2.10", "--host-record=deux.exemple.fr,192.0.2.77", "--ptr-record=77.2.0.192.in-addr.arpa,autre.exemple.fr", "--cname=alias.exemple.fr,mail.exemple.fr",
		"--ptr-record=10.2.0.192.in-addr.arpa,Mail.Exemple.fr",
		"--ptr-record=9.1.168.192.in-addr.arpa,x.test",
		"--ptr-record=0.1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa,mail."
		"exemple.fr",
		NULL };

	prctl(PR_SET_PDEATHSIG, SIGTERM); /* also when an assertion aborts the test */
	dup2(null, STDOUT_FILENO);
	dup2(null, STDERR_FILENO);
	execvp("dnsmasq", (char *const *)(uintptr_t)argv);
	_exit(127);
}

static inline int start_dns(void **state)
{
	struct timespec pause = { .tv_nsec = 100000000 };
	unsigned dead_port;

	(void)state;
	setenv("PATH", "/usr/sbin:/usr/bin:/sbin:/bin", 1);
	dns.dead_fd = udp_socket(&dead_port);
	close(udp_socket(&dns.port)); /* a port that is free now */
	snprintf(dns.server, sizeof(dns.server), "127.0.0.1@%u", dns.port);
	snprintf(dns.dead, sizeof(dns.dead), "127.0.0.1@%u", dead_port);
	dns.pid = fork();
	assert_true(dns.pid >= 0);
	if (!dns.pid)
		run_dnsmasq();
	for (int i = 0; i < 50; i++) {
		CLEAN(list) struct list l = { 0 };
		int status;

		if (waitpid(dns.pid, &status, WNOHANG) == dns.pid) {
			dns.pid = 0;
			if (WIFEXITED(status) && WEXITSTATUS(status) == 127) {
				print_message("dnsmasq is not installed (apt-get install dnsmasq-base): "
					      "lookups are skipped\n");
				return 0;
			}
			return -1;
		}
		if (dns_lookup(dns.server, "mail.exemple.fr", "A", 2, &l, NULL) == DNS_FOUND)
			return 0;
		nanosleep(&pause, NULL);
	}
	return -1;
}

static inline int stop_dns(void **state)
{
	(void)state;
	close(dns.dead_fd);
	if (dns.pid) {
		kill(dns.pid, SIGTERM);
		waitpid(dns.pid, NULL, 0);
	}
	return 0;
}
