/*
 * The manual pages, made from the tables of commands, options and parameters and from manual_text.c: mdoc(7) in the language and
 * encoding of the locale.
 */
#pragma once

#include "cli/command.h"

void manual_program(struct cli *cli, FILE *f); /* mailsetup(8) */
void manual_config(FILE *f);		       /* mailsetup.conf(5) */
