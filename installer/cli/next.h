/*
 * What the administrator does after an install: DNS records, ports, mailboxes, the certificate.
 */
#pragma once

#include "cli/command.h"
#include "host/host.h"

void next_show(struct cli *cli, struct host *h);
void next_json(struct cli *cli, struct host *h); /* an event per DNS record */
