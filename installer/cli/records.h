/*
 * DNS records as the administrator sees them: to be published, after an install or `domain add`.
 */
#pragma once

#include "cli/command.h"
#include "engine/published.h"

#include <jansson.h>

/* With the reason of each, so that the block can be pasted into a zone file. */
void records_show(const struct screen *s, const struct dns_records *records);
/* Of one domain, or of all (domain NULL): those that are required or recommended, with a line that says where the others are. */
void records_show_to_publish(const struct screen *s, struct host *h, const struct params *p, const char *domain);
/* The same as an event per record. */
void records_json_to_publish(struct cli *cli, struct host *h, const char *domain);
/* An object with what there is to know of a record. */
json_t *record_json(const struct dns_record *r);
/* Leaves those of one domain; the host name's stay where they lie in its zone. */
void records_keep(struct published *p, const char *domain);
/* Leaves what lies in the zone of the domain, whichever domain it serves. */
void records_keep_zone(struct published *p, const char *domain);
/* --server IP[@PORT]; ERR_USAGE. */
struct error *records_check_server(const char *server) MUST_USE;
