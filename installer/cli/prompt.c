#include "cli/prompt.h"
#include "base/i18n.h"
#include "base/interrupt.h"
#include "mail/name.h"
#include "mail/password.h"

#include <fcntl.h>
#include <poll.h>
#include <termios.h>
#include <unistd.h>

#define PASSWORD_MAX 512
#define PASSPHRASE_MIN 12
#define TRIES	     3

/* What is asked for. */
struct secret {
	const char *option;
	struct error *(*check)(const struct bytes *s);
	bool is_phrase, once; /* once: one that exists; typing it wrong is found out */
};

/* poll() wakes up at a signal, a restarted read() would not. */
static struct error *wait_readable(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	for (;;) {
		if (interrupted())
			return fail(ERR_STOPPED, "interrupted; nothing was changed");
		if (poll(&p, 1, -1) > 0)
			return NULL;
		if (errno != EINTR)
			return fail_errno(errno, "cannot wait for input");
	}
}

/* Byte by byte: what follows the line is not ours to swallow. */
static struct error *read_into(int fd, char *buffer, size_t size_max, size_t *ret)
{
	size_t n = 0;

	for (;;) {
		char c;

		TRY(wait_readable(fd));
		ssize_t got = read(fd, &c, 1);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return fail_errno(errno, "cannot read the line");
		if (got == 0 || c == '\n')
			break;
		if (n == size_max)
			return fail(ERR_USAGE, "the line is longer than %zu bytes", size_max);
		buffer[n++] = c;
	}
	*ret = n;
	return NULL;
}

struct error *line_read(int fd, size_t size_max, struct bytes *ret)
{
	CLEAN(secret) struct bytes buffer = { .data = allocate(size_max + 1), .space = size_max + 1 };

	TRY(read_into(fd, buffer.data, size_max, &buffer.size));
	bytes_add(ret, buffer.data, buffer.size);
	return NULL;
}

static void tell(int tty, const char *s)
{
	size_t left = strlen(s);

	while (left) {
		ssize_t n = write(tty, s, left);

		if (n <= 0)
			return;
		s += n;
		left -= (size_t)n;
	}
}

static struct error *ask_hidden(int tty, const char *question, struct bytes *ret)
{
	struct termios before, hidden;

	if (tcgetattr(tty, &before) < 0)
		return fail_errno(errno, "cannot set up the terminal");
	hidden = before;
	hidden.c_lflag &= ~(tcflag_t)(ECHO | ECHOE | ECHOK | ECHONL);
	/* A shell in between, or one that finds a terminal without echo, is nobody's wish. */
	hidden.c_cc[VSUSP] = hidden.c_cc[VQUIT] = _POSIX_VDISABLE;
	tell(tty, question);
	if (tcsetattr(tty, TCSAFLUSH, &hidden) < 0)
		return fail_errno(errno, "cannot set up the terminal");
	struct error *e = line_read(tty, PASSWORD_MAX, ret);
	tcsetattr(tty, TCSAFLUSH, &before);
	tell(tty, "\n");
	return e;
}

/* *ret_reason says why the answer was not taken; NULL when it was. */
static struct error *ask_twice(int tty, const struct secret *secret, const char *question, struct bytes *ret, char **ret_reason)
{
	CLEAN(secret) struct bytes again = { 0 };

	TRY(ask_hidden(tty, question, ret));
	struct error *bad = secret->check(ret);
	if (bad) {
		*ret_reason = text_copy(error_message(bad));
		error_free(bad);
		return NULL;
	}
	if (secret->once)
		return NULL;
	TRY(ask_hidden(tty, _("The same again: "), &again));
	if (!bytes_equal(ret, &again))
		*ret_reason = text_copy(_("the two were not the same"));
	return NULL;
}

static struct error *ask(const struct secret *secret, const char *question, const char *whose, struct bytes *ret)
{
	CLEAN(fd) int tty = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);

	if (tty < 0)
		return fail(ERR_USAGE,
			secret->is_phrase ? N_("%s: its passphrase is missing, and there is no terminal to ask for it; write it to standard input "
					       "and give --passphrase-stdin") :
					    N_("%s: its password is missing, and there is no terminal to ask for it; write it to standard input "
					       "and give --password-stdin"),
			whose);
	for (int i = 0; i < TRIES; i++) {
		CLEAN(free) char *reason = NULL;

		struct error *e = ask_twice(tty, secret, question, ret, &reason);
		if (!e && !reason)
			return NULL;
		bytes_wipe(ret);
		if (e)
			return e;
		CLEAN(free) char *line = text("%s\n", reason);
		tell(tty, line);
	}
	return fail(ERR_USAGE, "%s: no password was given; nothing was changed", whose);
}

static struct error *obtain(const struct secret *secret, bool from_stdin, const char *question, const char *whose, struct bytes *ret)
{
	/* A terminal shows what is typed, whatever the option says. */
	if (!from_stdin || isatty(STDIN_FILENO))
		return ask(secret, question, whose, ret);
	TRY(wrap(line_read(STDIN_FILENO, PASSWORD_MAX, ret), "%s", secret->option));
	return wrap(secret->check(ret), "%s", secret->option);
}

struct error *password_obtain(bool from_stdin, const char *question, const char *whose, struct bytes *ret)
{
	return obtain(&(struct secret){ .option = "--password-stdin", .check = password_check }, from_stdin, question, whose, ret);
}

static struct error *passphrase_check(const struct bytes *s)
{
	return s->size ? NULL : fail(ERR_USAGE, "the passphrase is empty");
}

static struct error *new_passphrase_check(const struct bytes *s)
{
	return s->size >= PASSPHRASE_MIN ? NULL
					 : fail(ERR_USAGE, ngettext("the passphrase has %zu byte; it needs at least %d: several words",
								    "the passphrase has %zu bytes; it needs at least %d: several words", s->size), s->size,
						   PASSPHRASE_MIN);
}

struct error *passphrase_obtain(bool from_stdin, bool is_new, const char *option, const char *file, struct bytes *ret)
{
	const struct secret passphrase = {
		.option = "--passphrase-stdin",
		.is_phrase = true,
		.check = is_new ? new_passphrase_check : passphrase_check,
		.once = !is_new,
	};
	CLEAN(free) char *shown = printable(file), *whose = text("%s %s", option, shown);
	CLEAN(free) char *question = text(is_new ? _("Passphrase for the new file %s: ") : _("Passphrase of %s: "), shown);

	return obtain(&passphrase, from_stdin, question, whose, ret);
}

struct error *confirm(FILE *talk, const char *question, bool *ret)
{
	CLEAN(bytes) struct bytes answer = { 0 };

	fprintf(talk, "%s ", question);
	fflush(talk);
	TRY(line_read(STDIN_FILENO, 256, &answer));
	/* The letters that begin a yes. rpmatch(3) would want the locale itself on the machine. */
	*ret = *bytes_text(&answer) && strchr(_("yY"), *answer.data);
	return NULL;
}
