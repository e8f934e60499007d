/*
 * What a command that looks at the machine needs: the host, the lock, the graph, the state store, the sinks, in
 * a run.
 */
#pragma once

#include "cli/command.h"
#include "cli/sinks.h"
#include "engine/run.h"

enum session_flag {
	SESSION_LOCK = 1 << 0,	/* one at a time */
	SESSION_QUERY = 1 << 1, /* answers with one document: events go to the terminal only */
	SESSION_BLIND = 1 << 3, /* as a stranger: without the state store, which only root can read */
	SESSION_REBUILD = 1 << 2, /* a store that is damaged, or gone, is no error; the damaged one is set aside */
};

/* Opening it enters "/": read files named on the command line before. Points into itself: never copied.
 * s->run.state is NULL where nothing is installed; else what the state store remembers completes cli->params.
 */
struct session {
	struct host *host;
	int lock;
	struct graph graph;
	struct compute *compute;
	struct events events;
	struct terminal terminal;
	struct json_lines json;
	struct run run;
	char *aside; /* where the damaged store is now, or NULL */
};
/* --adopt and --overwrite, which a session takes into its run. */
extern struct list session_adopt, session_overwrite;
#define DRIFT_OPTIONS                                                                                                          \
	{ "adopt", 0, N_("FILE"), N_("keep FILE as another hand has changed it, from now on; may be repeated"), NULL, NULL,    \
		&session_adopt },                                                                                              \
	{ "overwrite", 0, N_("FILE"),                                                                                          \
		N_("write FILE anew though another hand has changed it; theirs is copied to /var/backups/mailsetup first; may be " \
		   "repeated"),                                                                                                \
		NULL, NULL, &session_overwrite }
#define SESSION_CLOSED ((struct session){ .lock = -1 })
struct error *session_open(struct cli *cli, unsigned flags, struct session *s) MUST_USE;
void session_cleanup(struct session *s);
