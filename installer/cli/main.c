#include "base/i18n.h"
#include "base/interrupt.h"
#include "cli/command.h"

#include <fcntl.h>
#include <ctype.h>
#include <locale.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

/* A closed standard descriptor would be given to the first file opened, and messages would be written into it.
 */
static void reopen_closed_descriptors(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", O_RDWR) != fd)
			_exit(ERR_STOPPED);
}

/* Passwords and keys pass through this process: no core file, no debugger of another process of the same user.
 */
static void protect_secrets(void)
{
	const struct rlimit none = { 0, 0 };

	umask(077);
	prctl(PR_SET_DUMPABLE, 0);
	setrlimit(RLIMIT_CORE, &none);
}

/* Where the terminal's locale was never generated, it is most likely one of UTF-8. In Turkish, I is not the capital of i; header names and
 * host names are compared by the rules of all others. */
static void choose_characters(void)
{
	if (!setlocale(LC_CTYPE, "") || tolower('I') != 'i' || toupper('i') != 'I')
		setlocale(LC_CTYPE, "C.UTF-8");
}

int main(int argc, char **argv)
{
	reopen_closed_descriptors();
	protect_secrets();
	signal(SIGPIPE, SIG_IGN);
	/* A supervisor may hand it down ignored, and then nobody learns how a child ended. */
	signal(SIGCHLD, SIG_DFL);
	interrupt_install();
	choose_characters();
	language_choose();
	setvbuf(stdout, NULL, _IOLBF, 0);
	return cli_main(argc, argv);
}
