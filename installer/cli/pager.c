#include "cli/pager.h"
#include "host/child.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

/* One word, no shell. less(1): colours, no clearing, gone at once where all fits on the screen. */
static void become_pager(int in)
{
	const char *name = getenv("PAGER");

	if (!name || !*name)
		name = "pager";
	setenv("LESS", "FRX", 0);
	if (dup2(in, STDIN_FILENO) < 0)
		_exit(127);
	signal(SIGINT, SIG_IGN); /* Ctrl-C is the pager's own business */
	signal(SIGPIPE, SIG_DFL);
	execlp(name, name, (char *)NULL);
	execlp("cat", "cat", (char *)NULL);
	_exit(127);
}

void pager_open(struct pager *p, struct screen *s)
{
	int ends[2];

	*p = (struct pager){ .screen = s, .before = s->out };
	if (!s->out_terminal || pipe2(ends, O_CLOEXEC) < 0)
		return;
	fflush(s->out);
	p->pid = fork();
	if (p->pid == 0)
		become_pager(ends[0]);
	close(ends[0]);
	FILE *f = p->pid > 0 ? fdopen(ends[1], "w") : NULL;
	if (f) {
		s->out = f;
		return;
	}
	close(ends[1]);
	if (p->pid < 0)
		p->pid = 0;
}

void pager_close(struct pager *p)
{
	if (!p->pid)
		return;
	if (p->screen->out != p->before)
		fclose(p->screen->out);
	p->screen->out = p->before;
	child_wait(p->pid);
	p->pid = 0;
}
