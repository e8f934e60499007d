/*
 * What the DNS should say of this server, for the checks that compare and for the line to publish.
 */
#pragma once

#include "checks/check.h"

/* Active domains of the database, the main one first; those of the parameters where it cannot be read. */
void published_domains(const struct check_context *c, struct list *ret);
/* Public addresses of the machine; both empty behind NAT. */
struct error *published_addresses(
	const struct check_context *c, struct list *ret_ipv4, struct list *ret_ipv6) MUST_USE;
/* The DKIM record that belongs to the domain's private key on disk. */
struct error *published_dkim_record(const struct check_context *c, const char *domain, char **ret) MUST_USE;
/* "publish in the DNS: LINE" for the record of that owner (without the final dot) and type whose value begins
 * with start. Owned by the caller. */
char *published_remedy(const struct check_context *c, const char *owner, const char *type, const char *start);
