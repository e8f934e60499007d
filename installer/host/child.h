/*
 * Children of our own: processes that go on in this program after fork(2), or run another one. fork() itself stays with whoever needs
 * it, as what happens between it and the child's first act differs.
 *
 *	pid_t pid = fork();
 *	if (pid == 0) {
 *		setpgid(0, 0);          // not in the terminal's group: an interrupt is the parent's to answer
 *		child_reset_signals();
 *		...
 *		_exit(0);
 *	}
 *	int status = child_wait(pid);
 */
#pragma once

#include <sys/types.h>

/* --- its parent --- */

/* Waits for its end: the status, as waitpid(2) has it. */
int child_wait(pid_t pid);
/* Kills it, and waits for its end. */
void child_end(pid_t pid);

/* --- the child itself --- */

/* Every signal as a fresh process has it. */
void child_reset_signals(void);
/* Each descriptor from first on is closed. */
void child_close_from(int first);
/* That user, and the group of that number, for good and with no other group. -1: errno says why. */
int child_become(uid_t user);
/* After child_become(), which undoes it: no new privileges, no core, no debugger, and no life beyond its parent's. -1: errno says why.
 * A parent that had ended before is for the caller to find. */
int child_confine(void);
