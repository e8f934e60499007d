#include "doctor/pattern.h"

#define FILLED_MAX 400

/* Of the part outside of groups and classes; with alternatives outside of groups there is none. */
static char *longest_literal(const char *expression)
{
	CLEAN(bytes) struct bytes run = { 0 }, best = { 0 };
	unsigned depth = 0;

	bytes_add(&best, "", 0);
	for (const char *s = expression;; s++) {
		bool escaped = *s == '\\' && s[1];
		const char *c = escaped ? s + 1 : s;
		bool literal = *c && !depth && (escaped || !strchr("()[]{}.*+?|^$", *c));

		if (literal && !(c[1] && strchr("*?{", c[1]))) {
			bytes_add(&run, c, 1);
		} else {
			if (run.size > best.size) {
				best.size = 0;
				bytes_add(&best, run.data, run.size);
			}
			run.size = 0;
		}
		if (!*s)
			break;
		s = c;
		if (escaped)
			continue;
		if (*s == '|' && !depth)
			return text_copy("");
		if (*s == '[') {
			s += s[1] == '^';
			s += s[1] == ']';
			s += strcspn(s + 1, "]") + 1;
		}
		depth += *s == '(';
		depth -= *s == ')';
	}
	return text_copy(bytes_text(&best));
}

void pattern_compile(struct pattern *p, const char *program, const char *expression)
{
	p->program = program;
	if (regcomp(&p->regex, expression, REG_EXTENDED) != 0)
		abort();
	p->needle = longest_literal(expression);
}

void pattern_free(struct pattern *p)
{
	regfree(&p->regex);
	free(p->needle);
}

static bool program_fits(const char *wanted, const char *program)
{
	size_t n = wanted ? strlen(wanted) : 0, size = strlen(program);

	if (!wanted || strcmp(wanted, program) == 0)
		return true;
	if (strncmp(program, wanted, n) == 0 && program[n] == '/')
		return true;
	return size > n && program[size - n - 1] == '/' && strcmp(program + size - n, wanted) == 0;
}

bool pattern_matches(const struct pattern *p, const struct log_line *line, regmatch_t groups[PATTERN_GROUPS])
{
	return program_fits(p->program, line->program) && strstr(line->text, p->needle) &&
	       regexec(&p->regex, line->text, PATTERN_GROUPS, groups, 0) == 0;
}

char *pattern_fill(const char *template, const char *text, const regmatch_t groups[PATTERN_GROUPS])
{
	struct bytes b = { 0 };

	bytes_add(&b, "", 0);
	for (const char *s = template; *s && b.size < FILLED_MAX; s++) {
		if (*s != '$' || s[1] < '1' || s[1] > '9') {
			bytes_add(&b, s, 1);
			continue;
		}
		const regmatch_t *g = &groups[*++s - '0'];
		size_t n = g->rm_so < 0 ? 0 : (size_t)(g->rm_eo - g->rm_so);
		size_t room = FILLED_MAX - b.size;

		if (n)
			bytes_add(&b, text + g->rm_so, n < room ? n : room);
	}
	return b.data;
}
