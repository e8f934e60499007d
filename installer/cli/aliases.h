/*
 * What the commands on accounts and aliases ask of each other before a change is committed.
 */
#pragma once

#include "cli/rows.h"

/* An address that went, or was switched off, while aliases still lead to it and nothing else answers to it: ERR_CONFLICT names them
 * where it was deleted, a note where it was only switched off. */
struct error *aliases_left(struct cli *cli, struct accounts *a, const char *address, enum row_change change) MUST_USE;
/* ERR_USAGE where the domain is none of this server's, or is off; hostname "" leaves the names of the server itself out. */
struct error *domain_served(struct accounts *a, const char *hostname, const char *address) MUST_USE;
/* A virtual alias goes before the mailbox of the same address: ERR_CONFLICT where both are active, unless the alias lists the address
 * itself and so keeps a copy there. */
struct error *aliases_shadow(struct accounts *a, const char *address) MUST_USE;
