/*
 * Whose mailbox is it: from the root of a mailbox in the archive to an account of this server.
 *
 * In this order: --map; --user; a folder named as an address ("jean@exemple.fr"); DOMAIN/USER; USER under another folder, or with
 * "Maildir" beneath, where one account alone has that local part or the first domain has it. A last "Maildir" (or "mail", "Mail",
 * ".maildir") counts as nothing.
 */
#pragma once

#include "base/bytes.h"
#include "base/error.h"

struct assignment {
	const char *user;      /* or NULL */
	struct list maps;      /* OLD=ADDRESS */
	struct list accounts;  /* addresses of this server */
	const char *domain;    /* its first */
};

/* --user and --map name accounts that exist, and each map has both sides; else ERR_USAGE. Normalises their addresses. */
struct error *assignment_check(struct assignment *a) MUST_USE;
/* The account, owned by a, or NULL. */
const char *assignment_of(const struct assignment *a, const char *root);
/* Is it the root of an archive of one mailbox: "", "Maildir", "NAME"? Then only --user or --map can say whose. */
bool root_is_single(const char *root);
/* The address that an account for it would most likely have, owned by the caller. */
char *assignment_guess(const struct assignment *a, const char *root);
