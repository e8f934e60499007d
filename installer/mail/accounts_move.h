/*
 * The rows of the guide's tables as JSON, for another machine:
 *
 *	{ "postfix_utilisateurs": [ { "utilisateur": "jean@exemple.fr", "nom_complet": null, "uid": "3000", ... }, ... ], ... }
 *
 * All tables and columns of the guide but `id`, each cell a text or, for NULL, null; rows in the order of their ids.
 */
#pragma once

#include "base/json_text.h"
#include "mail/accounts.h"

/* ERR_CONFLICT: what move_check() refuses. *ret is the caller's. */
struct error *move_read(struct accounts *a, json_t **ret) MUST_USE;
/* Has it that form, and would Postfix and Dovecot understand each row? ERR_USAGE names all that are not so, a line each. Rows of
 * another hand may hold what mailsetup's own commands do not write, such as an alias of a whole domain ("@exemple.fr"), but no
 * command, file or route. */
struct error *move_check(const json_t *tables) MUST_USE;
/* Keeps the rows whose key the database does not have. *ret_differ: "TABLE KEY" of those that it has otherwise. */
struct error *move_absent(struct accounts *a, json_t *tables, struct list *ret_differ) MUST_USE;
/* Inserts the rows whose key the database does not have, all or none. */
struct error *move_insert(struct accounts *a, const json_t *tables) MUST_USE;
/* Deletes the rows that are as they were inserted; *ret_kept: how many were changed since, and stay. */
struct error *move_delete(struct accounts *a, const json_t *tables, size_t *ret_kept) MUST_USE;
size_t move_count(const json_t *tables, const char *table); /* all tables where it is NULL */
/* Has it this account? */
bool move_has_user(const json_t *tables, const char *address);
/* The column that the table is asked by. */
const char *move_key_column(const char *table);
