#include "tests/crash/machine.h"

#include "base/interrupt.h"
#include "cli/command.h"
#include "tests/crash/fake_world.h"

#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#define RUN_SECONDS 120
#define PASSWORD    "mot de passe\n"

static struct {
	const char *from, *to;
} copy;

static _Noreturn void give_up(const char *what, const char *path)
{
	fprintf(stderr, "crash test: cannot %s %s: %s\n", what, path, strerror(errno));
	_exit(98);
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	if (remove(path) < 0)
		give_up("remove", path);
	return 0;
}

void machine_remove(const char *root)
{
	if (nftw(root, remove_one, 16, FTW_DEPTH | FTW_PHYS) < 0 && errno != ENOENT)
		give_up("remove", root);
}

static void copy_content(const char *path, const char *target, const struct stat *st)
{
	CLEAN(fd) int in = open(path, O_RDONLY | O_CLOEXEC);
	CLEAN(fd) int out = open(target, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	CLEAN(free) char *content = allocate((size_t)st->st_size);

	if (in < 0 || out < 0 || read(in, content, (size_t)st->st_size) != st->st_size ||
		write(out, content, (size_t)st->st_size) != st->st_size)
		give_up("copy", path);
}

static void copy_attributes(const char *path, const char *target)
{
	char names[1024], value[1024];
	ssize_t size = llistxattr(path, names, sizeof(names));

	for (ssize_t at = 0; at < size; at += (ssize_t)strlen(names + at) + 1) {
		ssize_t n = lgetxattr(path, names + at, value, sizeof(value));
		if (n < 0 || lsetxattr(target, names + at, value, (size_t)n, 0) < 0)
			give_up("copy the attributes of", path);
	}
}

static int copy_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	CLEAN(free) char *target = text("%s%s", copy.to, path + strlen(copy.from));
	const struct timespec times[] = { st->st_mtim, st->st_mtim };

	(void)type;
	(void)ftw;
	if (S_ISLNK(st->st_mode)) {
		char link[512] = "";
		if (readlink(path, link, sizeof(link) - 1) < 0 || symlink(link, target) < 0)
			give_up("copy", path);
	} else if (S_ISDIR(st->st_mode)) {
		if (mkdir(target, 0700) < 0)
			give_up("make", target);
	} else {
		copy_content(path, target, st);
	}
	if (lchown(target, st->st_uid, st->st_gid) < 0 ||
		(!S_ISLNK(st->st_mode) && chmod(target, st->st_mode & 07777) < 0))
		give_up("own", target);
	copy_attributes(path, target);
	if (utimensat(AT_FDCWD, target, times, AT_SYMLINK_NOFOLLOW) < 0)
		give_up("date", target);
	return 0;
}

void machine_copy(const char *from, const char *to)
{
	machine_remove(to);
	copy.from = from;
	copy.to = to;
	if (nftw(from, copy_one, 16, FTW_PHYS) != 0)
		give_up("copy", from);
}

void outcome_free(struct outcome *o)
{
	free(o->said);
	o->said = NULL;
}

static void set(const char *name, const char *value)
{
	if (value)
		setenv(name, value, 1);
	else
		unsetenv(name);
}

static int password_file(void)
{
	int fd = memfd_create("password", 0);

	if (fd < 0 || write(fd, PASSWORD, strlen(PASSWORD)) < 0 || lseek(fd, 0, SEEK_SET) < 0)
		give_up("hold", "the password");
	return fd;
}

/* As main() prepares it. */
static _Noreturn void be_mailsetup(const char *root, const char *words, const struct hazard *hazard, int said)
{
	CLEAN(list) struct list argv = { 0 };

	if (dup2(password_file(), STDIN_FILENO) < 0 || dup2(said, STDOUT_FILENO) < 0 ||
		dup2(said, STDERR_FILENO) < 0)
		give_up("connect", root);
	set("MAILSETUP_SEAM_DIE", hazard ? hazard->die : NULL);
	set("MAILSETUP_SEAM_FAIL", hazard ? hazard->fail : NULL);
	set("MAILSETUP_SEAM_LOG", hazard ? hazard->log : NULL);
	world_root = root;
	alarm(RUN_SECONDS);
	umask(077);
	signal(SIGPIPE, SIG_IGN);
	interrupt_install();
	setvbuf(stdout, NULL, _IOLBF, 0);
	list_add(&argv, "mailsetup");
	list_split(&argv, words, " ");
	int code = cli_main((int)argv.n, argv.v);
	fflush(NULL);
	_exit(code);
}

struct outcome machine_run(const char *root, const char *words, const struct hazard *hazard)
{
	CLEAN(fd) int said = memfd_create("said", MFD_CLOEXEC);
	struct outcome o = { 0 };
	struct stat st;
	int status;

	fflush(NULL);
	pid_t pid = fork();
	if (pid == 0)
		be_mailsetup(root, words, hazard, said);
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			give_up("wait for", words);
	if (fstat(said, &st) < 0)
		give_up("hear", words);
	o.code = WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
	o.said = allocate((size_t)st.st_size + 1);
	if (pread(said, o.said, (size_t)st.st_size, 0) != st.st_size)
		give_up("hear", words);
	return o;
}
