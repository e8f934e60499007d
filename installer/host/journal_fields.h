/*
 * Private to host/: the journal's fields.
 */
#pragma once

#include "base/bytes.h"
#include <systemd/sd-journal.h>

DEFINE_CLEANUP(sd_journal *, sd_journal_close)

int journal_match(sd_journal *j, const char *field, const char *value);
/* Appends the field's value to *ret. */
void journal_field(sd_journal *j, const char *field, struct bytes *ret);
/* A message is for a terminal in the end: one line, without control characters. */
void journal_one_line(char *s, size_t size);
