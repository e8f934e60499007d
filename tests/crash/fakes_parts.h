/*
 * Private to fakes*.c: what they share.
 */
#pragma once

#include "tests/crash/state.h"
#include <sys/types.h>

/* The arguments are exactly these. */
#define IS(argv, ...) same_words(argv, (const char *const[]){ __VA_ARGS__, NULL })
bool same_words(char **argv, const char *const *words);
int refuse(char **argv); /* says what was asked; 97 */

/* -1 where the name is not one of theirs; else the exit status is in fake_status. */
extern int fake_status;
int fake_account(const char *name, char **argv);
int fake_package(const char *name, char **argv);

uid_t user_id(const char *name);
gid_t group_id(const char *name);
void user_make(const char *name, const char *id, const char *group, const char *home, const char *shell);
void group_make(const char *name, const char *id);
/* kind 'S' or 'K'; '-' removes them. */
void sysv_links(const char *name, char kind);
