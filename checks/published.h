/*
 * The checks dns-*: what the DNS shows of this server, against what it should.
 */
#pragma once

#include "checks/check.h"
#include "engine/published.h"
#include "mail/dns_check.h"

/* Active domains of the database, the main one first; those of the parameters where it cannot be read. */
void published_domains(const struct check_context *c, struct list *ret);
/* Asks for the records that are wanted, and sets the finding. What is not published yet is unknown, no failure: no install can mend
 * that. */
void published_judge(const struct check_context *c, struct finding *f, bool (*wanted)(const struct dns_record *r));
/* What mends it, or what else to do; "" where there is nothing. Free with free(). */
char *published_remedy(const struct dns_finding *f);
