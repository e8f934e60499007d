/*
 * What `dkim list`, `rotate` and `retire` know of a domain's keys: the parameters name those in use, the one that signs first; others lie
 * on disk beside them; a note in the state store says when a key stopped signing.
 */
#pragma once

#include "cli/session.h"

#include <time.h>

#define DKIM_ASK_SECONDS 6

/* The first operand as a domain that has keys, the caller's; ERR_USAGE where it is none. */
struct error *dkim_take_domain(struct cli *cli, char **ret) MUST_USE;
struct error *dkim_key_exists(struct session *s, const char *domain, const char *name, bool *ret) MUST_USE;
/* Keys on disk that are not known: of a selector before, or retired half. */
struct error *dkim_unused_keys(struct session *s, const char *domain, const struct list *known, struct list *ret) MUST_USE;
/* When it stopped signing, in seconds since 1970; 0: never. */
struct error *dkim_stopped(struct session *s, const char *domain, const char *name, time_t *ret) MUST_USE;
struct error *dkim_set_stopped(struct session *s, const char *domain, const char *name, time_t when) MUST_USE;
/* Does it, by OpenDKIM's tables? Where another hand has written them, and --adopt keeps them, it may not: a note then says so. */
bool dkim_key_signs(struct cli *cli, struct session *s, const char *domain, const char *name);
char *dkim_day(time_t when); /* 2026-11-24, here; the caller's */

extern const struct command dkim_list; /* the action, in dkim_list.c */
