/*
 * Several small answers that make one finding: the worst state wins, and its evidence and first remedy are
 *shown.
 *
 *	CLEAN(tally) struct tally t = { 0 };
 *	tally_ok(&t, "25");
 *	tally_failed(&t, "systemctl restart dovecot", "993: %s", why);
 *	tally_finding(&t, finding);
 */
#pragma once

#include "checks/check.h"

struct tally {
	struct bytes ok, failed, unknown; /* answers, joined by "; " */
	char *failed_remedy, *unknown_remedy;
};

void tally_ok(struct tally *t, const char *evidence, ...) PRINTF_LIKE(2, 3);
void tally_failed(struct tally *t, const char *remedy, const char *evidence, ...) PRINTF_LIKE(3, 4);
void tally_unknown(struct tally *t, const char *remedy, const char *evidence, ...) PRINTF_LIKE(3, 4);
/* An error as "failed", its message behind what (NULL where it speaks for itself); consumes it. Returns true
 * when there was one. */
bool tally_error(struct tally *t, struct error *e, const char *remedy, const char *what, ...) PRINTF_LIKE(4, 5);
void tally_finding(const struct tally *t, struct finding *f);
void tally_cleanup(struct tally *t);
