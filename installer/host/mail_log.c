#include "host/mail_log.h"

#include "base/interrupt.h"
#include "host/file.h"
#include "host/journal_fields.h"
#include <ctype.h>
#include <fcntl.h>
#include <time.h>

#define SECOND	     INT64_C(1000000)
#define MAIL_FACILITY "2" /* LOG_MAIL */

struct reader {
	int64_t since, until; /* of the files: what the journal has is not read again */
	bool newest_first, stopped, found;
	bool (*take)(void *context, const struct log_line *line);
	void *context;
};

/* A signal only raises a flag, so a long log would be read to its end. */
static bool goes_on(const struct reader *r)
{
	return !r->stopped && !interrupted();
}

static void deliver(struct reader *r, const struct log_line *line)
{
	r->stopped = !r->take(r->context, line);
}

/* --- files --- */

static bool parse_time(const char *s, int64_t now, int64_t *ret_time, const char **ret_rest)
{
	struct tm tm = { .tm_isdst = -1 };
	time_t clock = (time_t)now;
	const char *rest;

	if (isdigit((unsigned char)*s)) {
		rest = strptime(s, "%Y-%m-%dT%H:%M:%S", &tm);
		if (rest && *rest == '.')
			rest += 1 + strspn(rest + 1, "0123456789");
		/* timegm() forgets tm_gmtoff. */
		rest = rest ? strptime(rest, "%z", &tm) : NULL;
		long offset = tm.tm_gmtoff;
		*ret_time = rest ? ((int64_t)timegm(&tm) - offset) * SECOND : 0;
	} else {
		struct tm today;

		localtime_r(&clock, &today);
		tm.tm_year = today.tm_year;
		rest = strptime(s, "%b %d %H:%M:%S", &tm);
		struct tm last_year = tm;
		last_year.tm_year--;
		int64_t time = rest ? (int64_t)mktime(&tm) : 0;
		/* The clock of who wrote it may be a little ahead. */
		if (rest && time > now + 86400)
			time = (int64_t)mktime(&last_year);
		*ret_time = time * SECOND;
	}
	if (!rest || *rest != ' ')
		return false;
	*ret_rest = rest + 1;
	return true;
}

bool mail_log_parse(char *s, int64_t now, struct log_line *ret)
{
	const char *rest;

	s[strcspn(s, "\r\n")] = '\0';
	journal_one_line(s, strlen(s));
	if (!parse_time(s, now, &ret->time, &rest))
		return false;
	char *program = strchr(rest, ' '); /* behind the host's name */
	char *colon = program ? strstr(program, ": ") : NULL;
	if (!colon)
		return false;
	*colon = '\0';
	program++;
	program[strcspn(program, "[")] = '\0';
	ret->program = program;
	ret->text = colon + 2;
	return !strchr(program, ' ');
}

/* The rest of a line that is too long is skipped. */
static bool next_line(FILE *f, char *buffer)
{
	if (!fgets(buffer, MAIL_LOG_LINE, f))
		return false;
	if (!strchr(buffer, '\n'))
		for (int c = fgetc(f); c != EOF && c != '\n'; c = fgetc(f))
			;
	return true;
}

static struct error *read_file(struct host *h, struct reader *r, const char *path)
{
	CLEAN(free) char *buffer = allocate(MAIL_LOG_LINE + 1);
	CLEAN(fclose) FILE *f = NULL;
	struct file_info info;
	struct log_line line;
	int fd;

	TRY(file_stat(h, path, &info));
	if (!info.exists)
		return NULL;
	TRY(file_open(h, path, O_RDONLY, &fd));
	f = fdopen(fd, "r");
	if (!f) {
		fd_cleanup(&fd);
		return fail_errno(errno, "cannot read %s", path);
	}
	r->found = true;
	while (goes_on(r) && next_line(f, buffer))
		if (mail_log_parse(buffer, (int64_t)time(NULL), &line) && line.time >= r->since && line.time < r->until)
			deliver(r, &line);
	return NULL;
}

static struct error *read_files(struct host *h, struct reader *r)
{
	TRY(read_file(h, r, "/var/log/mail.log.1"));
	return r->stopped ? NULL : read_file(h, r, "/var/log/mail.log");
}

/* --- the journal --- */

/* spamassassin is spamd in later releases; postfix.service only stands for the instance. */
static const char *const units[] = { "postfix.service", "postfix@-.service", "dovecot.service", "opendkim.service",
	"spamassassin.service", "spamd.service", "spamass-milter.service", "mailsetup-learn.service" };

static int match_units(sd_journal *j, const char *field)
{
	int r = 0;

	for (size_t i = 0; i < sizeof(units) / sizeof(*units) && r >= 0; i++)
		r = journal_match(j, field, units[i]);
	return r;
}

/* What syslog calls mail; what the units print; what systemd says of them (anyone may send UNIT=, so it must come from
 * process 1); the kernel, which kills where memory is short. */
static int match_mail(sd_journal *j)
{
	int r = journal_match(j, "SYSLOG_FACILITY", MAIL_FACILITY);

	if (r >= 0)
		r = sd_journal_add_disjunction(j);
	if (r >= 0)
		r = match_units(j, "_SYSTEMD_UNIT");
	if (r >= 0)
		r = sd_journal_add_disjunction(j);
	if (r >= 0)
		r = journal_match(j, "_PID", "1");
	if (r >= 0)
		r = match_units(j, "UNIT");
	if (r >= 0)
		r = sd_journal_add_disjunction(j);
	return r < 0 ? r : journal_match(j, "_TRANSPORT", "kernel");
}

static void read_entry(sd_journal *j, struct reader *r, struct bytes *program, struct bytes *message)
{
	uint64_t microseconds = 0;

	program->size = message->size = 0;
	bytes_add(program, "", 0);
	bytes_add(message, "", 0);
	journal_field(j, "SYSLOG_IDENTIFIER", program);
	journal_field(j, "MESSAGE", message);
	if (message->size > MAIL_LOG_LINE)
		message->data[message->size = MAIL_LOG_LINE] = '\0';
	journal_one_line(message->data, message->size);
	sd_journal_get_realtime_usec(j, &microseconds);
	deliver(r, &(struct log_line){ .time = (int64_t)microseconds, .program = program->data, .text = message->data });
}

static struct error *read_journal(sd_journal *j, struct reader *r)
{
	CLEAN(bytes) struct bytes program = { 0 }, message = { 0 };
	uint64_t microseconds;
	int n = r->newest_first ? sd_journal_seek_tail(j) : sd_journal_seek_realtime_usec(j, (uint64_t)r->since);

	while (n >= 0 && goes_on(r)) {
		n = r->newest_first ? sd_journal_previous(j) : sd_journal_next(j);
		if (n == 0)
			return NULL;
		if (n < 0 || sd_journal_get_realtime_usec(j, &microseconds) < 0)
			continue;
		if ((int64_t)microseconds >= r->since)
			read_entry(j, r, &program, &message);
		else if (r->newest_first)
			return NULL;
	}
	return n < 0 ? fail_errno(-n, "cannot read the journal") : NULL;
}

/* *ret is NULL where there is no journal. */
static struct error *journal_open(struct host *h, struct reader *r, sd_journal **ret)
{
	uint64_t first;

	*ret = NULL;
	if (!host_is_real(h) || sd_journal_open(ret, SD_JOURNAL_LOCAL_ONLY | SD_JOURNAL_SYSTEM) < 0)
		return NULL;
	if (sd_journal_get_cutoff_realtime_usec(*ret, &first, NULL) <= 0) {
		sd_journal_close(TAKE(*ret));
		return NULL;
	}
	r->found = true;
	/* A file may have whole seconds only. */
	r->until = (int64_t)first / SECOND * SECOND;
	sd_journal_set_data_threshold(*ret, MAIL_LOG_LINE + 64);
	int n = match_mail(*ret);
	return n < 0 ? fail_errno(-n, "cannot search the journal") : NULL;
}

struct error *mail_log_read(struct host *h, int64_t since, bool newest_first, bool (*take)(void *context, const struct log_line *line),
	void *context)
{
	struct reader r = { .since = since, .until = INT64_MAX, .newest_first = newest_first, .take = take, .context = context };
	CLEAN(sd_journal_close) sd_journal *j = NULL;

	TRY(journal_open(h, &r, &j));
	if (!newest_first)
		TRY(read_files(h, &r));
	if (j && !r.stopped)
		TRY(read_journal(j, &r));
	if (newest_first && !r.stopped)
		TRY(read_files(h, &r));
	if (interrupted())
		return fail(ERR_STOPPED, "interrupted while reading the log");
	return r.found ? NULL : fail(ERR_PRECHECK, "there is no log to read: neither a journal nor /var/log/mail.log");
}
