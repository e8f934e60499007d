/*
 * What is wrong, by the log: known messages grouped and explained, unknown warnings and errors grouped by their text.
 *
 *	struct doctor *d = doctor_new("spamd");
 *	TRY(doctor_read(d, h, since));
 *	doctor_findings(d, &n)...
 *	doctor_free(d);
 *
 * The knowledge is doctor/symptoms.def. Notes of what `verify` tries on purpose are left out. Reading goes from the newest line back and stops at a limit of lines and time; memory is
 * bounded, whatever the log holds. Texts come from strangers: show them through put_text() only.
 */
#pragma once

#include "host/mail_log.h"

enum severity {
	SEVERITY_NORMAL,
	SEVERITY_NOTE,
	SEVERITY_WARNING,
	SEVERITY_ERROR,
};
const char *severity_name(enum severity s); /* "normal", "note", "warning", "error" */

struct symptom {
	const char *name;
	enum severity severity;
	const char *program, *expression;
	const char *what, *cause, *remedy; /* templates of the match's groups, not yet translated */
};
extern const struct symptom symptoms[];
extern const size_t symptom_count;

/* What one symptom was about: "1.2.3.4", 17 times. */
struct detail {
	char *text;
	uint64_t count;
};

struct finding {
	const struct symptom *symptom; /* NULL: not known */
	uint64_t count;
	int64_t first, last;	   /* microseconds of the wall clock */
	char *program, *sample;	   /* the last line */
	char *cause, *remedy;	   /* of the last line; NULL where not known */
	char *key;		   /* of what is not known: its text with numbers and names masked */
	struct detail *details;	   /* most frequent first; those beyond a limit are counted in `others` */
	size_t detail_count;
	uint64_t others;
};

struct doctor;
/* spamd: its unit, without ".service"; what "$spamd" in a remedy stands for. */
struct doctor *doctor_new(const char *spamd);
void doctor_free(struct doctor *d);
DEFINE_CLEANUP(struct doctor *, doctor_free)
/* Judges one line. */
void doctor_judge(struct doctor *d, const struct log_line *line);
struct error *doctor_read(struct doctor *d, struct host *h, int64_t since) MUST_USE;
uint64_t doctor_lines(const struct doctor *d);
int64_t doctor_stopped(const struct doctor *d); /* where a limit ended it: the time of the last line that was read; or 0 */
uint64_t doctor_count(const struct doctor *d, enum severity s); /* of known messages */
/* Worst first, then latest first; what is not known after what is. Owned by the doctor. */
const struct finding *doctor_findings(struct doctor *d, size_t *ret_n);
/* The text with what varies masked: digits, ids, addresses, what stands in brackets. Owned by the caller. */
char *doctor_normalised(const char *text);
