/*
 * What a server that mailsetup made shows of how it was made, for when the state store is gone.
 */
#pragma once

#include "engine/params.h"
#include "host/host.h"

/* Does a server that mailsetup made stand here? Only the machine is asked. */
struct error *server_stands(struct host *h, bool *ret) MUST_USE;
/* Sets in p each parameter that p does not have and the machine shows: names, networks and TLS levels from main.cf, domains from
 * the database, the selectors from OpenDKIM's tables. What is not shown anywhere keeps its default. */
struct error *params_recover(struct host *h, struct params *p) MUST_USE;
