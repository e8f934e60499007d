#include "host/network.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define STATE_LISTEN	0x0a
#define LINES_MAX	1000000
#define LISTENERS_MAX	10000
#define DESCRIPTORS_MAX 1000000 /* looked at while searching for owners */

DEFINE_CLEANUP(DIR *, closedir)

struct sockets {
	struct listener *v; /* inode[i] belongs to v[i] */
	unsigned long *inode;
	size_t n;
};

static void sockets_cleanup(struct sockets *s)
{
	free(s->v);
	free(s->inode);
}

/* The kernel prints an address as 32-bit words of the machine's own byte order. */
static bool parse_address(const char *hex, bool ipv6, char *ret, size_t size)
{
	uint32_t words[4] = { 0 };
	size_t count = ipv6 ? 4 : 1;

	if (strlen(hex) != count * 8)
		return false;
	for (size_t i = 0; i < count; i++) {
		char word[9] = { 0 };

		memcpy(word, hex + i * 8, 8);
		words[i] = (uint32_t)strtoul(word, NULL, 16);
	}
	return inet_ntop(ipv6 ? AF_INET6 : AF_INET, words, ret, (socklen_t)size) != NULL;
}

static void take_line(struct sockets *s, const char *line, bool ipv6)
{
	struct listener l = { .ipv6 = ipv6 };
	unsigned state;
	unsigned long inode;
	char hex[33];

	if (sscanf(line, " %*u: %32[0-9A-Fa-f]:%X %*[0-9A-Fa-f]:%*X %X %*X:%*X %*X:%*X %*X %*u %*u %lu", hex,
		    &l.port, &state, &inode) != 4 ||
		state != STATE_LISTEN || !parse_address(hex, ipv6, l.address, sizeof(l.address)))
		return;
	s->v = reallocate(s->v, s->n + 1, sizeof(*s->v));
	s->inode = reallocate(s->inode, s->n + 1, sizeof(*s->inode));
	s->v[s->n] = l;
	s->inode[s->n++] = inode;
}

static struct error *read_table(struct host *h, const char *path, bool ipv6, struct sockets *s)
{
	/* /proc/net is a link of the kernel's own. */
	CLEAN(fd) int fd = openat(host_root_fd(h), path, O_RDONLY | O_CLOEXEC);
	CLEAN(fclose) FILE *file = fd < 0 ? NULL : fdopen(fd, "r");
	CLEAN(free) char *line = NULL;
	size_t space = 0;

	if (!file && errno == ENOENT && (ipv6 || !host_is_real(h)))
		return NULL; /* no IPv6 in this kernel; no /proc in a folder */
	if (!file)
		return fail_errno(errno, "cannot read /%s", path);
	fd = -1;
	for (unsigned i = 0; i < LINES_MAX && s->n < LISTENERS_MAX && getline(&line, &space, file) >= 0; i++)
		take_line(s, line, ipv6);
	return ferror(file) ? fail_errno(errno, "cannot read /%s", path) : NULL;
}

static void set_owner(struct listener *l, int process, pid_t pid)
{
	char path[4096];
	ssize_t n = readlinkat(process, "exe", path, sizeof(path) - 1);

	l->pid = pid;
	l->program[0] = '\0';
	if (n <= 0)
		return;
	path[n] = '\0';
	if (ends_with(path, " (deleted)"))
		path[(size_t)n - strlen(" (deleted)")] = '\0';
	const char *slash = strrchr(path, '/');
	snprintf(l->program, sizeof(l->program), "%.63s", slash ? slash + 1 : path);
}

/* Many may hold a socket: the first one is the daemon, rather than a child of it or the init that activates it.
 */
static void match(struct sockets *s, unsigned long inode, int process, pid_t pid)
{
	for (size_t i = 0; i < s->n; i++)
		if (s->inode[i] == inode && (s->v[i].pid <= 1 || (pid > 1 && pid < s->v[i].pid)))
			set_owner(&s->v[i], process, pid);
}

/* Takes fd over, or closes it. */
static DIR *directory_of(int fd)
{
	DIR *d = fd < 0 ? NULL : fdopendir(fd);

	if (!d && fd >= 0)
		close(fd);
	return d;
}

static void scan_process(struct sockets *s, int process, pid_t pid, unsigned *budget)
{
	int fd = openat(process, "fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	CLEAN(closedir) DIR *d = directory_of(fd);

	if (!d)
		return; /* ended meanwhile, or not ours to read */
	for (struct dirent *entry; *budget && (entry = readdir(d)); --*budget) {
		char target[64];
		unsigned long inode;
		ssize_t n = readlinkat(fd, entry->d_name, target, sizeof(target) - 1);

		if (n <= 0)
			continue;
		target[n] = '\0';
		if (sscanf(target, "socket:[%lu]", &inode) == 1)
			match(s, inode, process, pid);
	}
}

static void find_owners(struct host *h, struct sockets *s)
{
	int proc = openat(host_root_fd(h), "proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	CLEAN(closedir) DIR *d = directory_of(proc);
	unsigned budget = DESCRIPTORS_MAX;

	for (struct dirent *entry; d && (entry = readdir(d));) {
		if (!isdigit((unsigned char)*entry->d_name))
			continue;
		CLEAN(fd) int process = openat(proc, entry->d_name, O_PATH | O_DIRECTORY | O_CLOEXEC);

		if (process >= 0)
			scan_process(s, process, (pid_t)atoi(entry->d_name), &budget);
	}
}

static int by_port(const void *a, const void *b)
{
	const struct listener *x = a, *y = b;

	if (x->port != y->port)
		return x->port < y->port ? -1 : 1;
	return x->ipv6 != y->ipv6 ? x->ipv6 - y->ipv6 : strcmp(x->address, y->address);
}

struct error *listeners_read(struct host *h, struct listener **ret, size_t *ret_count)
{
	CLEAN(sockets) struct sockets s = { 0 };

	TRY(read_table(h, "proc/net/tcp", false, &s));
	TRY(read_table(h, "proc/net/tcp6", true, &s));
	if (s.n) {
		find_owners(h, &s);
		qsort(s.v, s.n, sizeof(*s.v), by_port);
	}
	*ret = TAKE(s.v);
	*ret_count = s.n;
	return NULL;
}

bool ipv6_available(struct host *h)
{
	CLEAN(fd) int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);

	return !host_is_real(h) || fd >= 0 || errno != EAFNOSUPPORT;
}
