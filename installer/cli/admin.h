/*
 * The password of the first mailbox, as the hash that the parameters carry.
 */
#pragma once

#include "cli/session.h"

/* Fills params->admin_hash where an administrator is named whose mailbox does not exist yet, from standard
 * input or by asking. Nothing on the machine is changed. */
struct error *admin_password(struct cli *cli, struct session *s, bool from_stdin) MUST_USE;
/* The mailbox stands: the state store need not hold its hash any more. */
struct error *admin_forget(struct cli *cli, struct session *s) MUST_USE;
