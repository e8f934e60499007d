/*
 * Fake system programs, one function under many names, for the machine that lies in the folder root. They keep
 * their state there (state.h), and refuse, with exit status 97, every argument that they do not know: what
 * mailsetup asks for in a new way must be taught here first, and looked at on a real machine.
 */
#pragma once

/* Acts as the program that argv[0] names; the exit status. */
int fake_run(char **argv, const char *root);
/* What the programs of the root are links to: an executable file whose execution is fake_run(). */
extern const char *fake_program;
