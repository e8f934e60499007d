#include "host/unit.h"

#include "host/journal_fields.h"
#include <time.h>

int journal_match(sd_journal *j, const char *field, const char *value)
{
	CLEAN(free) char *s = text("%s=%s", field, value);

	return sd_journal_add_match(j, s, 0);
}

/* What the unit's processes wrote, or what systemd wrote about it: anyone may send a UNIT= field, so it must
 * come from process 1. */
static int match_unit(sd_journal *j, const char *unit)
{
	int r = sd_journal_add_disjunction(j);

	if (r >= 0)
		r = journal_match(j, "_SYSTEMD_UNIT", unit);
	if (r >= 0)
		r = sd_journal_add_disjunction(j);
	if (r >= 0)
		r = journal_match(j, "_PID", "1");
	return r < 0 ? r : journal_match(j, "UNIT", unit);
}

void journal_field(sd_journal *j, const char *field, struct bytes *ret)
{
	const void *data;
	size_t size;

	if (sd_journal_get_data(j, field, &data, &size) >= 0 && size > strlen(field))
		bytes_add(ret, (const char *)data + strlen(field) + 1, size - strlen(field) - 1);
}

void journal_one_line(char *s, size_t size)
{
	for (size_t i = 0; i < size; i++)
		if ((unsigned char)s[i] < ' ' || s[i] == 127)
			s[i] = ' ';
}

static void entry_add(sd_journal *j, struct bytes *ret)
{
	CLEAN(bytes) struct bytes identifier = { 0 };
	CLEAN(bytes) struct bytes message = { 0 };
	char date[32] = "";
	uint64_t microseconds;
	struct tm tm;

	journal_field(j, "SYSLOG_IDENTIFIER", &identifier);
	journal_field(j, "MESSAGE", &message);
	journal_one_line(message.data, message.size);
	if (sd_journal_get_realtime_usec(j, &microseconds) >= 0) {
		time_t seconds = (time_t)(microseconds / 1000000);

		if (localtime_r(&seconds, &tm))
			strftime(date, sizeof(date), "%H:%M:%S ", &tm);
	}
	bytes_printf(ret, "%s%s: %s\n", date, identifier.size ? identifier.data : "unit", bytes_text(&message));
}

void unit_journal_tail(struct host *h, const char *unit, unsigned lines, struct bytes *ret)
{
	CLEAN(sd_journal_close) sd_journal *j = NULL;

	if (!host_is_real(h) || !lines || sd_journal_open(&j, SD_JOURNAL_LOCAL_ONLY | SD_JOURNAL_SYSTEM) < 0)
		return;
	if (match_unit(j, unit) < 0)
		return;
	/* postfix.service only stands for the instance that does the work. */
	if (strcmp(unit, "postfix.service") == 0 && match_unit(j, "postfix@-.service") < 0)
		return;
	if (sd_journal_seek_tail(j) < 0)
		return;
	for (int n = sd_journal_previous_skip(j, lines); n > 0; n--) {
		entry_add(j, ret);
		if (sd_journal_next(j) <= 0)
			return;
	}
}
