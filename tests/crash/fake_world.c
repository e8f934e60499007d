/*
 * Wrapped at link time: where the root lies, what would differ from run to run (keys, certificates, hashes),
 * and what would only cost time.
 */
#include "tests/crash/fake_world.h"

#include "host/crypto.h"
#include "host/file.h"
#include "mail/password.h"
#include "tests/crash/fakes.h"
#include <sqlite3.h>
#include <time.h>
#include <unistd.h>

const char *world_root, *fake_program;
static struct bytes small_key, large_key, certificate;

struct error *__real_host_open(const char *root, struct host **ret) MUST_USE;
struct error *__wrap_host_open(const char *root, struct host **ret) MUST_USE;
struct error *__real_key_generate_rsa(unsigned bits, struct bytes *ret) MUST_USE;
struct error *__wrap_key_generate_rsa(unsigned bits, struct bytes *ret) MUST_USE;
struct error *__real_certificate_self_signed(
	const struct bytes *key, const char *name, unsigned days, struct bytes *ret) MUST_USE;
struct error *__wrap_certificate_self_signed(
	const struct bytes *key, const char *name, unsigned days, struct bytes *ret) MUST_USE;
struct error *__wrap_password_hash(const struct bytes *password, char **ret) MUST_USE;
struct error *__wrap_file_space(
	struct host *h, const char *path, uint64_t *bytes, uint64_t *inodes, bool *read_only) MUST_USE;
int __wrap_nanosleep(const struct timespec *wanted, struct timespec *left);
int __real_sqlite3_open_v2(const char *path, sqlite3 **ret, int flags, const char *vfs);
int __wrap_sqlite3_open_v2(const char *path, sqlite3 **ret, int flags, const char *vfs);
int __real_execve(const char *path, char *const argv[], char *const environment[]);
int __wrap_execve(const char *path, char *const argv[], char *const environment[]);

struct error *world_open(void)
{
	TRY(__real_key_generate_rsa(1024, &small_key));
	TRY(__real_key_generate_rsa(1024, &large_key));
	return __real_certificate_self_signed(&large_key, "mail.exemple.fr", 3650, &certificate);
}

const char *world_dkim_key(void)
{
	return small_key.data;
}

struct error *__wrap_host_open(const char *root, struct host **ret)
{
	return __real_host_open(strcmp(root, "/") == 0 ? world_root : root, ret);
}

struct error *__wrap_key_generate_rsa(unsigned bits, struct bytes *ret)
{
	const struct bytes *key = bits > 2048 ? &large_key : &small_key;

	bytes_add(ret, key->data, key->size);
	return NULL;
}

struct error *__wrap_certificate_self_signed(
	const struct bytes *key, const char *name, unsigned days, struct bytes *ret)
{
	if (!bytes_equal(key, &large_key) || strcmp(name, "mail.exemple.fr") != 0)
		return __real_certificate_self_signed(key, name, days, ret);
	bytes_add(ret, certificate.data, certificate.size);
	return NULL;
}

struct error *__wrap_password_hash(const struct bytes *password, char **ret)
{
	(void)password;
	*ret = text_copy(
		"{SHA512-CRYPT}$6$saltsaltsaltsalt$"
		"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa");
	return NULL;
}

struct error *__wrap_file_space(
	struct host *h, const char *path, uint64_t *bytes, uint64_t *inodes, bool *read_only)
{
	(void)h;
	(void)path;
	*bytes = *inodes = UINT64_C(1) << 40;
	*read_only = false;
	return NULL;
}

int __wrap_nanosleep(const struct timespec *wanted, struct timespec *left)
{
	(void)wanted;
	(void)left;
	return 0;
}

/* Nobody else has the databases open: without locks a commit takes half the time. */
int __wrap_sqlite3_open_v2(const char *path, sqlite3 **ret, int flags, const char *vfs)
{
	return __real_sqlite3_open_v2(path, ret, flags, vfs ? vfs : "unix-none");
}

static const char *root_of(char *const environment[])
{
	static const char name[] = "MAILSETUP_ROOT=";

	for (; *environment; environment++)
		if (starts_with(*environment, name))
			return *environment + strlen(name);
	return NULL;
}

/* A fake runs in the child that was made for it, a vfork (crash.mk): what a fork and an execve cost is saved a
 * hundred thousand times. It leaves nothing behind in our memory but leaks. */
int __wrap_execve(const char *path, char *const argv[], char *const environment[])
{
	const char *root = root_of(environment);
	char target[512] = "";

	if (!root || readlink(path, target, sizeof(target) - 1) < 0 || strcmp(target, fake_program) != 0)
		return __real_execve(path, argv, environment);
	int status = fake_run((char **)argv, text_copy(root));
	fflush(stdout);
	_exit(status);
}
