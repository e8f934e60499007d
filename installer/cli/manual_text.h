/*
 * What the manual pages say beside what the tables of commands, options and parameters know. The marks are those of command.h.
 */
#pragma once

struct manual_item {
	const char *text;    /* N_(); NULL after the last */
	const char *term;    /* what it explains, or NULL: a paragraph */
	const char *example; /* lines to type, shown below it; or NULL */
};

/* Of mailsetup(8). */
extern const struct manual_item manual_description[], manual_environment[], manual_files[], manual_exit_status[], manual_examples[],
	manual_diagnostics[], manual_security[];
/* Of mailsetup.conf(5). */
extern const struct manual_item manual_config_description[], manual_config_examples[];
