/*
 * The help texts, made from the tables of commands and options.
 */
#pragma once

#include "cli/command.h"

void help_program(const struct screen *s, FILE *f);
void help_command(struct cli *cli, const struct command *c, FILE *f);
void help_usage(const struct command *c, FILE *f); /* the synopsis; c NULL: of mailsetup */
char *help_sentence(const char *summary); /* translated, with a capital and a full stop; owned by the caller */
/* ERR_USAGE with the nearest command. */
struct error *unknown_command(const char *name) MUST_USE;
/* The same for a command's action; word NULL: none was given. */
struct error *unknown_action(const struct command *c, const char *word) MUST_USE;
