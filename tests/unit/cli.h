/* The command line without a machine: a command as it would be run, and a screen that writes into memory. */
#pragma once

#include "tests/unit/unit.h"

#include "cli/command.h"

#include <locale.h>
#include <stdio.h>
#include <stdlib.h>

struct capture {
	struct screen screen;
	char *out, *talk;
	size_t out_size, talk_size;
};

static inline void capture_open(struct capture *c, bool live)
{
	*c = (struct capture){ .screen = { .live = live, .utf8 = true, .fixed_width = 80 } };
	c->screen.out = open_memstream(&c->out, &c->out_size);
	c->screen.talk = open_memstream(&c->talk, &c->talk_size);
}

static inline void capture_flush(struct capture *c)
{
	fflush(c->screen.out);
	fflush(c->screen.talk);
}

static inline void capture_cleanup(struct capture *c)
{
	fclose(c->screen.out);
	fclose(c->screen.talk);
	free(c->out);
	free(c->talk);
}

static inline struct cli *cli_for(const char *command)
{
	struct cli *cli = allocate(sizeof(*cli));

	params_init(&cli->params);
	cli->command = command ? command_find(command) : NULL;
	screen_open(&cli->screen, true);
	return cli;
}

static inline void cli_drop(struct cli *cli)
{
	params_free(&cli->params);
	list_free(&cli->operands);
	free(cli);
}

static inline void cli_cleanup(struct cli **cli)
{
	cli_drop(*cli);
}

/* For the group of the tests: texts hold accents, and every Debian has this locale. */
static inline int speak_utf8(void **state)
{
	(void)state;
	return setlocale(LC_CTYPE, "C.UTF-8") ? 0 : -1;
}
