/*
 * The help texts, made from the tables of commands and options.
 */
#pragma once

#include "cli/command.h"

void help_program(const struct screen *s, FILE *f);
void help_command(struct cli *cli, const struct command *c, FILE *f);
void help_usage(const struct screen *s, const struct command *c, FILE *f); /* the synopsis; c NULL: of mailsetup */
char *help_sentence(const char *summary); /* translated, with a capital and a full stop; owned by the caller */
/* Lines to type, each broken by a backslash where it is wider than `width`. */
void help_typed(const char *lines, size_t width, struct list *ret);
/* ERR_USAGE with the nearest command. */
struct error *unknown_command(const char *name) MUST_USE;
/* The same for a command's action; word NULL: none was given. */
struct error *unknown_action(const struct command *c, const char *word) MUST_USE;
