/*
 * Background computation: work that only computes (keys, DH parameters) runs in child processes while apt works.
 *
 *	compute_start(c, "/etc/postfix/tls/courriel.key", work, &arguments);   // forks; a second start of a name is nothing
 *	...
 *	TRY(compute_collect(c, "/etc/postfix/tls/courriel.key", progress, context, &pem));   // waits for it
 *
 * The result travels through a pipe and touches no file; the child dies with its parent, runs with nice 10, and may
 * report progress. What was never collected is killed by compute_free().
 */
#pragma once

#include "base/bytes.h"
#include "base/error.h"

struct compute;

/* Runs in the child. It may call compute_report() with a number that grows. */
typedef struct error *compute_work(void *argument, struct bytes *ret);

struct compute *compute_new(void);
void compute_free(struct compute *c);
DEFINE_CLEANUP(struct compute *, compute_free)

/* argument is read in the child only, so it need not outlive this call. */
struct error *compute_start(struct compute *c, const char *name, compute_work *work, void *argument) MUST_USE;
bool compute_started(const struct compute *c, const char *name);
/* progress may be NULL; it is called with the last number reported, at most four times a second. */
struct error *compute_collect(struct compute *c, const char *name, void (*progress)(void *context, unsigned n),
	void *context, struct bytes *ret) MUST_USE;
void compute_report(unsigned n);
