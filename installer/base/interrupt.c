#include "base/interrupt.h"

#include <signal.h>
#include <stddef.h>

static volatile sig_atomic_t raised;

static void raise_flag(int signal)
{
	(void)signal;
	raised = 1;
}

void interrupt_install(void)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP };
	/* Restarting: only poll() and the like wake up, so no read in the middle of a change sees EINTR. */
	struct sigaction action = { .sa_handler = raise_flag, .sa_flags = SA_RESTART };
	struct sigaction old;

	sigemptyset(&action.sa_mask);
	for (size_t i = 0; i < sizeof(signals) / sizeof(*signals); i++) {
		/* nohup(1) and a shell's `&` ask for the signal to be ignored: it stays so. */
		if (sigaction(signals[i], NULL, &old) == 0 && old.sa_handler == SIG_IGN)
			continue;
		sigaction(signals[i], &action, NULL);
	}
}

bool interrupted(void)
{
	return raised != 0;
}
