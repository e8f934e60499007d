/*
 * What the commands that import mail share: migrate-maildir, and resume where an import is unfinished.
 */
#pragma once

#include "cli/session.h"
#include "migrate/migrate.h"

struct migration migration_of(struct session *s, struct cli *cli);
/* ERR_PRECHECK where no server was installed. */
struct error *migration_possible(const struct migration *m) MUST_USE;
/* Shows the counts, or hands the error on with what to do next; sets the verdict. */
struct error *migration_tell(struct cli *cli, const struct migration *m, struct error *e) MUST_USE;
