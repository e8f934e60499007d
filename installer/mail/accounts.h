/*
 * The guide's database, /etc/postfix/bdd/postfix.sqlite: accounts, aliases, domains, blocklists, in its own tables and
 * columns. Postfix and Dovecot read it while we write, so it is changed in place, in transactions, never by
 * renaming a new file over it, and with a rollback journal (a chrooted reader cannot see a WAL).
 *
 * Values are bound, never pasted. Tables and columns are names of our own code. A database that others hold locked
 * for five seconds gives ERR_BUSY.
 */
#pragma once

#include "base/bytes.h"
#include "base/error.h"
#include "host/host.h"
#include "mail/layout.h"

struct accounts;

/* The file must exist; an empty one is a database without tables. A link, or a file with two names, is refused. What a killed writer has
 * left half done is taken back first, also by a reader. */
struct error *accounts_open(struct host *h, bool read_only, struct accounts **ret) MUST_USE;
void accounts_close(struct accounts *a);
DEFINE_CLEANUP(struct accounts *, accounts_close)

/* What is read and written between the two is one transaction, which others cannot write into: committed where e is NULL, else
 * taken back. Returns e, or what came of the commit. */
struct error *accounts_begin(struct accounts *a) MUST_USE;
struct error *accounts_end(struct accounts *a, struct error *e) MUST_USE;

/* A cell of a row: column, value. A NULL column ends the array. */
struct cell {
	const char *column;
	const char *value; /* text or decimal integer; SQLite's column affinity converts */
};

/* Creates the tables of the schema that are missing, in one transaction; existing ones keep their rows, and
 * ERR_CONFLICT names the columns that they lack. schema is the guide's SQL. */
struct error *accounts_create_schema(struct accounts *a, const char *schema) MUST_USE;
/* Which tables of the schema are missing ("table") or lack a column ("table.column"); empty when none. */
struct error *accounts_schema_missing(struct accounts *a, const char *schema, struct list *ret) MUST_USE;
/* The row whose key column equals key: *ret_cells gets "column=value" texts in the order of want, or stays empty. */
struct error *accounts_row_find(struct accounts *a, const char *table, const char *key_column, const char *key,
	const struct cell *want, struct list *ret) MUST_USE;
/* ERR_CONFLICT when the table has the row already, or refuses it. */
struct error *accounts_row_insert(struct accounts *a, const char *table, const struct cell *cells) MUST_USE;
struct error *accounts_row_exists(struct accounts *a, const char *table, const char *key_column, const char *key, bool *ret) MUST_USE;
/* These columns (NULL after the last) of the row of that key, or of all rows in the order of their keys where key is NULL:
 * their texts one after the other, "" for NULL. */
struct error *accounts_rows_read(struct accounts *a, const char *table, const char *const *columns, const char *key_column,
	const char *key, struct list *ret) MUST_USE;
/* The keys that are this one, whatever their case: A to Z are folded. */
struct error *accounts_row_spellings(struct accounts *a, const char *table, const char *key_column, const char *key, struct list *ret)
	MUST_USE;
/* Sets active to 1 or 0; only 1 is active, as the maps ask for it. *ret_changed: was it otherwise? Absence changes nothing. */
struct error *accounts_row_switch(struct accounts *a, const char *table, const char *key_column, const char *key, bool on,
	bool *ret_changed) MUST_USE;
/* Absence is success. */
struct error *accounts_row_delete(struct accounts *a, const char *table, const char *key_column, const char *key) MUST_USE;

/* An account of the guide's postfix_utilisateurs; hash is "{SHA512-CRYPT}...", full_name may be NULL, privilege is
 * "administrateur" or "utilisateur". The row points to these texts. */
struct account_row {
	struct cell cells[10]; /* the guide's nine columns */
	char *home;
};
void accounts_user_row(const char *address, const char *hash, const char *full_name, const char *privilege, bool active,
	struct account_row *ret);
static inline void account_row_cleanup(struct account_row *r)
{
	free(r->home);
}
struct error *accounts_user_add(struct accounts *a, const char *address, const char *hash, const char *full_name,
	const char *privilege, bool active) MUST_USE;
/* The hash of an account; *ret is NULL where there is no such account. */
struct error *accounts_user_hash(struct accounts *a, const char *address, char **ret) MUST_USE;
/* Absence changes nothing. */
struct error *accounts_user_set_hash(struct accounts *a, const char *address, const char *hash) MUST_USE;
struct error *accounts_user_exists(struct accounts *a, const char *address, bool *ret) MUST_USE;
struct error *accounts_user_is_active(struct accounts *a, const char *address, bool *ret) MUST_USE;
struct error *accounts_user_delete(struct accounts *a, const char *address) MUST_USE;
/* Addresses of all accounts, active or not, sorted. */
struct error *accounts_users(struct accounts *a, struct list *ret) MUST_USE;
struct error *accounts_domains(struct accounts *a, struct list *ret) MUST_USE; /* active, the default first */
/* What would be left without its domain: "account ADDRESS", "virtual alias ADDRESS", "alias NAME", of the domain or leading into it. */
struct error *accounts_domain_users(struct accounts *a, const char *domain, struct list *ret) MUST_USE;
struct error *accounts_count(struct accounts *a, uint64_t *ret_rows) MUST_USE; /* of all the guide's tables */

/*
 * Aliases, as Postfix follows them: a virtual alias (postfix_alias_virtuels) of any address, else, for name@HOSTNAME and
 * name@localhost, an alias of local(8) (postfix_alias). Only active rows count. hostname is the server's own name.
 */

/* Follows what an alias leads to; address is its own, name@HOSTNAME for one of local(8). ERR_CONFLICT names a loop with its chain,
 * or a destination in a domain of this server that is neither an active account nor an active alias. An alias that lists itself
 * beside an account of that address keeps a copy there, and is no loop. */
struct error *accounts_alias_check(struct accounts *a, const char *hostname, const char *address) MUST_USE;
/* Is there an active account or alias of that address, or does its mail leave this server? */
struct error *accounts_reaches(struct accounts *a, const char *hostname, const char *address, bool *ret) MUST_USE;
/* The active aliases that list the address: an address each, or the name of one of local(8). */
struct error *accounts_aliases_of(struct accounts *a, const char *hostname, const char *address, struct list *ret) MUST_USE;
/* The destinations of the active virtual alias of that address; none where there is none. */
struct error *accounts_virtual_alias(struct accounts *a, const char *address, struct list *ret) MUST_USE;
/* Is mail for this domain kept here: an active domain of the table, or a name of the server itself? */
struct error *accounts_domain_is_ours(struct accounts *a, const char *hostname, const char *domain, bool *ret) MUST_USE;
