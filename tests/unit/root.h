/*
 * A root of the test's own, with /etc and a secret outside of it, for what host/ does beneath a root. A program's tests are run thrice:
 * without openat2, as on an old kernel, or as in an old container, and with it.
 */
#pragma once

#include "tests/unit/unit.h"

#include "host/file.h"

#include <errno.h>
#include <limits.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#define USER  4711
#define GROUP 4712

static char root[64];
static struct host *host;
static unsigned refuse_openat2_with; /* 0: it works */

static inline void real(char ret[PATH_MAX], const char *path)
{
	snprintf(ret, PATH_MAX, "%s%s", root, path);
}

static inline struct stat look(const char *path)
{
	char full[PATH_MAX];
	struct stat st;

	real(full, path);
	assert_int_equal(lstat(full, &st), 0);
	return st;
}

static inline bool exists(const char *path)
{
	char full[PATH_MAX];
	struct stat st;

	real(full, path);
	return lstat(full, &st) == 0;
}

static inline void make_directory(const char *path)
{
	char full[PATH_MAX];

	real(full, path);
	assert_int_equal(mkdir(full, 0755), 0);
}

static inline void make_file(const char *path, const char *content)
{
	put(root, path, content, 0644);
}

static inline void make_link(const char *path, const char *target)
{
	char full[PATH_MAX];

	real(full, path);
	assert_int_equal(symlink(target, full), 0);
}

static inline void holds(const char *path, const char *content)
{
	CLEAN(bytes) struct bytes b = { 0 };

	must(file_read(host, path, 4096, &b));
	assert_string_equal(bytes_text(&b), content);
}

static inline int setup(void **state)
{
	(void)state;
	snprintf(root, sizeof(root), "/tmp/mailsetup-file.XXXXXX");
	assert_non_null(mkdtemp(root));
	must(host_open(root, &host));
	make_directory("/etc");
	make_directory("/outside");
	make_file("/outside/secret", "secret");
	return 0;
}

static inline int teardown(void **state)
{
	struct host *all;

	(void)state;
	host_close(host);
	must(host_open("/", &all));
	must(directory_remove_tree(all, root));
	host_close(all);
	assert_int_not_equal(access(root, F_OK), 0);
	return 0;
}

/* From here on openat2 answers as on an old kernel, or in an old container. */
static inline void refuse_openat2(unsigned errno_value)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_openat2, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | errno_value),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { .len = sizeof(code) / sizeof(*code), .filter = code };

	refuse_openat2_with = errno_value;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) < 0) {
		perror("seccomp");
		_exit(1);
	}
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

static inline int run_without_openat2(int (*run)(const char *), const char *name, unsigned errno_value)
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		refuse_openat2(errno_value);
		_exit(run(name) ? 1 : 0);
	}
	return pid > 0 && waitpid(pid, &status, 0) == pid && WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

static inline int run_thrice(int (*run)(const char *))
{
	int failed = run_without_openat2(run, "openat2 unknown", ENOSYS);

	failed += run_without_openat2(run, "openat2 forbidden", EPERM);
	return failed + run("openat2");
}
