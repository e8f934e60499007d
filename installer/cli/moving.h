/*
 * A server on its way to another machine: the file that `export` writes and `install --from` reads. One JSON document, sealed
 * (host/sealed.h):
 *
 *	{ "mailsetup-export": 1, "made-by": "0.1.0",
 *	  "parameters":   { "domain": ["exemple.fr"], ... },            as params_get() has them
 *	  "tables":       { "postfix_utilisateurs": [ ... ], ... },     mail/accounts_move.h
 *	  "dkim-keys":    { "exemple.fr": { "mail": "PEM" } },
 *	  "dkim-stopped": { "exemple.fr:old": "1771234567" },           when a key ceased to sign
 *	  "tls":          { "key": "PEM", "certificate": "PEM" } }      with its chain
 *
 * Rows and files that the steps make anew from the parameters are not in it.
 */
#pragma once

#include "cli/session.h"

#include <jansson.h>

#define MOVING_FORMAT "mailsetup-export"
#define MOVING_VERSION 1
#define MOVING_OPTIONS(from, passphrase_stdin)                                                                         \
	{ "from", 0, N_("FILE"), N_("the server that `mailsetup export FILE` has taken along from another machine; the command line wins"), \
		NULL, &from, NULL },                                                                                   \
	{ "passphrase-stdin", 0, NULL, N_("read the passphrase of --from from standard input, one line"), &passphrase_stdin, NULL, NULL }

/* From now on jansson wipes what it frees. */
void moving_wipe_json(void);
/* A PEM text as JSON has it. filter, key_only() or certificates_only(), judges it, and gives what is put where the text itself cannot
 * be: JSON takes UTF-8 without a NUL alone. */
struct error *moving_put_pem(json_t *object, const char *key, const struct bytes *pem,
	struct error *(*filter)(const struct bytes *pem, struct bytes *ret)) MUST_USE;
/* The file as it is, sealed: before the session, which leaves the folder that path is seen from. */
struct error *moving_read(const char *path, struct bytes *ret) MUST_USE;
/* Nothing where path is NULL. Else it asks for the passphrase, fills in the parameters that the command line does not have, and gives
 * the session's run the notes, which outlive it. ERR_USAGE names what is wrong with the file; ERR_CONFLICT on a machine that mailsetup
 * has installed. */
struct error *moving_take(struct cli *cli, struct session *s, const char *path, const struct bytes *sealed, bool passphrase_stdin,
	struct notes *notes) MUST_USE;
/* What is still to be done once the install has succeeded, on the screen or, where done is not NULL, in that event; it is told once, and
 * not taken for told where the command is quiet. Nothing after an install that brought nothing. */
struct error *moving_tell(struct cli *cli, struct session *s, json_t *done) MUST_USE;
