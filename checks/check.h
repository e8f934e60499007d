/*
 * Checks: each asks the running server one question and answers ok, failed or unknown, with a line of evidence and, where
 * it is not ok, what to do next. `unknown` is what cannot be known now (the DNS has no record yet, the
 * host has no IPv6): it is not a failure.
 *
 * A check runs in a child process of its own (runner.c), so a hung dialogue cannot hang the rest: at its time limit it is
 * killed and reported. A check with .outside set runs in a network namespace outside of the machine and
 * speaks to the addresses of context->outside, as a stranger does. checks.def lists them in the order in which they are reported.
 */
#pragma once

#include "base/bytes.h"
#include "base/error.h"
#include "base/i18n.h"
#include "engine/event.h"
#include "engine/params.h"
#include "engine/release.h"
#include "host/host.h"
#include "host/network.h"

enum check_state {
	CHECK_OK,
	CHECK_FAILED,
	CHECK_UNKNOWN,
};

struct finding {
	const char *check;
	const char *title;
	enum check_state state;
	char *evidence; /* one line */
	char *remedy;   /* next command, or "" */
	bool unasked;   /* unknown since there was no way, or no time, to ask */
	double seconds;
};

struct check_context {
	struct host *host;
	const struct params *params;
	const struct release *release;
	const struct outside *outside;  /* NULL where the machine cannot be asked from outside */
	const char *outside_reason;     /* why not */
	/* The test mailbox of this run; it exists while the checks run. */
	const char *mailbox;            /* address; NULL where none could be made */
	const char *mailbox_reason;     /* why not */
	const struct bytes *password;
	bool domain_missing;            /* the DNS answers that the domain has neither MX nor A */
	bool no_resolver;               /* none answers: Postfix is slow, and each message keeps spamd waiting */
	unsigned patience;              /* so this is the factor of all time limits */
	double give_up;                 /* of clock_now(): what then has no answer yet is unknown, where the run rests on something
					 * broken (a check with .base, the resolver); 0: each check has its own time */
	const char *token;              /* unique word of this run, carried by every message it sends */
};

struct check {
	const char *name;
	const char *title;
	bool outside;
	bool mail;        /* needs the test mailbox; left out by --no-mail */
	bool base;        /* others rest on what it asks, which needs no resolver: where it failed, they may wait in vain */
	bool dns;         /* asks what the DNS publishes, which nothing on the machine can change */
	unsigned timeout; /* seconds; 0 is 20 */
	void (*run)(const struct check_context *context, struct finding *finding);
};

/* For checks: set the answer. The last call wins; a check that says nothing is unknown. */
void finding_ok(struct finding *f, const char *evidence, ...) PRINTF_LIKE(2, 3);
void finding_failed(struct finding *f, const char *remedy, const char *evidence, ...) PRINTF_LIKE(3, 4);
void finding_unknown(struct finding *f, const char *remedy, const char *evidence, ...) PRINTF_LIKE(3, 4);
/* An error as "failed"; consumes it. Returns true when there was one. */
bool finding_error(struct finding *f, struct error *e, const char *remedy);

#define CHECK(name) extern const struct check check_##name;
#include "checks/checks.def"
#undef CHECK

extern const struct check *const all_checks[]; /* NULL after the last */

struct check_options {
	const struct list *only; /* names; NULL or empty for all */
	bool no_mail;            /* without the mail round trip */
	unsigned seconds;        /* for all of them together, where what they rest on is broken; 0: as long as each takes */
};
struct check_summary {
	unsigned ok, failed, unknown;
	unsigned dns_failed; /* of the failed */
	unsigned unasked;    /* of the unknown: where it is all there is, nothing could be asked */
	unsigned mail_ok;    /* of the ok: real mail went through */
};
/* Runs the checks, several at a time, and emits an EVENT_FINDING for each in order. Makes and removes the test mailbox, its
 * mail, and what an earlier run that was killed left of them. ERR_USAGE for an unknown name; ERR_STOPPED when
 * it could not ask at all; failed checks are in the summary, not an error. */
struct error *checks_run(struct host *h, const struct params *p, const struct check_options *options,
	const struct events *events, struct check_summary *ret) MUST_USE;
