#include "base/i18n.h"
#include "ensure/ensure.h"
#include "host/file.h"
#include "steps/steps.h"

#define HOSTS "/etc/hosts"
#define OWN   "127.0.1.1" /* Debian's installer gives it to the machine's own name, which would be found by it first */

static bool names_us(const char *word, const char *hostname)
{
	size_t first = strcspn(hostname, ".");

	return strcasecmp(word, hostname) == 0 || (strlen(word) == first && strncasecmp(word, hostname, first) == 0);
}

/* Is this a line of OWN with the host name in it? ret_rest is the same without its names, "" where it has no others. */
static bool is_own_line(const char *line, const char *hostname, char **ret_rest)
{
	const char *comment = line + strcspn(line, "#");
	CLEAN(free) char *entry = text_copy_n(line, (size_t)(comment - line));
	CLEAN(bytes) struct bytes rest = { 0 };
	CLEAN(list) struct list words = { 0 };
	bool named = false, others = false;

	list_split(&words, entry, " \t");
	if (!words.n || strcmp(words.v[0], OWN) != 0)
		return false;
	bytes_add_text(&rest, OWN);
	for (size_t i = 1; i < words.n; i++) {
		named |= strcasecmp(words.v[i], hostname) == 0;
		if (names_us(words.v[i], hostname))
			continue;
		bytes_printf(&rest, "%s%s", others ? " " : "\t", words.v[i]);
		others = true;
	}
	if (!named)
		return false;
	*ret_rest = others ? text("%s%s%s", rest.data, *comment ? "\t" : "", comment) : text_copy("");
	return true;
}

/* The first one, or NULL. */
static char *find_own_line(const struct bytes *hosts, const char *hostname, char **ret_rest)
{
	CLEAN(list) struct list lines = { 0 };

	list_split(&lines, bytes_text(hosts), "\n");
	for (size_t i = 0; i < lines.n; i++)
		if (is_own_line(lines.v[i], hostname, ret_rest))
			return text_copy(lines.v[i]);
	return NULL;
}

/* An expression that this line alone fits. */
static char *exactly(const char *line)
{
	struct bytes b = { 0 };

	bytes_add_text(&b, "^");
	for (const char *c = line; *c; c++)
		bytes_printf(&b, strchr("\\^$.[]|()*+?{}", *c) ? "\\%c" : "%c", *c);
	bytes_add_text(&b, "$");
	return b.data;
}

/* A line of OWN that has lost our name keeps the others while there is an entry. */
static struct error *leave_other_entries(struct run *run, const char *keep)
{
	CLEAN(list) struct list targets = { 0 };

	if (run->state)
		TRY(journal_targets(run->state, run->step->name, "line", &targets));
	for (size_t i = 0; i < targets.n; i++) {
		CLEAN(free) char *rest = NULL;
		bool of_others = starts_with(targets.v[i], HOSTS ": " OWN "\t") &&
				 !is_own_line(targets.v[i] + strlen(HOSTS ": "), run->params->hostname, &rest);

		if (strcmp(targets.v[i], keep) != 0 && !of_others)
			TRY(ensure_taken_back(run, "line", targets.v[i]));
	}
	return NULL;
}

static struct error *hosts_apply(struct run *run)
{
	const struct params *p = run->params;
	CLEAN(file_image) struct file_image now = { 0 };
	CLEAN(free) char *rest = NULL, *pattern = NULL;

	if (!p->hosts_entry)
		return ensure_no_other(run, "line", NULL);
	CLEAN(free) char *line = text("%s\t%s %.*s", p->hosts_entry, p->hostname, (int)strcspn(p->hostname, "."), p->hostname);
	CLEAN(free) char *target = text(HOSTS ": %s", line);
	TRY(leave_other_entries(run, target));
	TRY(file_capture(run->host, HOSTS, &now));
	CLEAN(free) char *own = find_own_line(&now.content, p->hostname, &rest);
	if (own && strcmp(own, line) != 0)
		pattern = exactly(own);
	if (pattern && *rest) {
		TRY(ensure_line(run, HOSTS, pattern, rest, ROOT_FILE));
		return ensure_line(run, HOSTS, NULL, line, ROOT_FILE);
	}
	return ensure_line(run, HOSTS, pattern, line, ROOT_FILE);
}

const struct step step_hosts = {
	.name = "hosts",
	.title = N_("Own name behind a NAT"),
	.why = N_("behind a NAT the server must find itself by its inner address (--hosts-entry)"),
	.needs = NEEDS(&step_system),
	.revision = 1,
	.apply = hosts_apply,
};
