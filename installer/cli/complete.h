/*
 * Completion of a command line: the shell asks the program itself (`mailsetup help --complete`), so that what it offers and what
 * the program knows cannot differ.
 */
#pragma once

#include "cli/command.h"

/* typed: the words after "mailsetup", the last one unfinished, maybe "". ret gets what that could become. */
void complete_words(struct cli *cli, const struct list *typed, struct list *ret);
extern const char bash_completion[]; /* the script that asks */
