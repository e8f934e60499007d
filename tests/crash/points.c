#include "tests/crash/points.h"

#include "engine/state.h"
#include "steps/steps.h"
#include "tests/crash/machine.h"

#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

struct scenario scenario;

/* Where a point works. */
struct roots {
	char *a, *b;
};
static void roots_cleanup(struct roots *r)
{
	free(r->a);
	free(r->b);
}
static struct roots roots_in(const char *scratch)
{
	return (struct roots){ text("%s/a", scratch), text("%s/b", scratch) };
}

#define DEMAND(expression)                                                                                             \
	do {                                                                                                           \
		char *wrong_ = (expression);                                                                           \
		if (wrong_)                                                                                            \
			return wrong_;                                                                                 \
	} while (0)

/* Consumes wrong. */
static char *after(const char *what, char *wrong)
{
	CLEAN(free) char *owned = wrong;

	return wrong ? text("%s: %s", what, wrong) : NULL;
}

static char *as(const char *root, const struct manifest *wanted, const char *when)
{
	CLEAN(manifest) struct manifest found;

	manifest_take(root, &found);
	return manifest_differences(wanted, &found, when);
}

static char *told(const char *words, const struct outcome *o)
{
	const char *error = strstr(o->said, "mailsetup: ");
	CLEAN(free) char *said = text_copy_n(error ? error : o->said, 600);

	for (char *c = said; *c; c++)
		if (*c == '\n')
			*c = '|';
	return text("%s ended with %d: %s", words, o->code, said);
}

static char *succeeds(const char *root, const char *words)
{
	CLEAN(outcome) struct outcome o = machine_run(root, words, NULL);

	return o.code == 0 ? NULL : told(words, &o);
}

static char *rolls_back(const char *root)
{
	DEMAND(succeeds(root, ROLLBACK));
	return as(root, &scenario.before, "before");
}

/* A kill before the parameters were stored leaves nothing to resume. */
static char *resumes(const char *root)
{
	CLEAN(outcome) struct outcome o = machine_run(root, RESUME, NULL);

	if (o.code == 2)
		DEMAND(succeeds(root, INSTALL));
	else if (o.code != 0)
		return told(RESUME, &o);
	return as(root, &scenario.golden, "installed");
}

static char *resumes_and_rolls_back(const char *root)
{
	DEMAND(after("resume", resumes(root)));
	return after("rollback after resume", rolls_back(root));
}

/* *ret_died: the run may be over before its k-th action. */
static char *dies(const char *root, const char *words, unsigned k, bool *ret_died)
{
	CLEAN(free) char *number = text("%u", k);
	CLEAN(outcome) struct outcome o = machine_run(root, words, &(struct hazard){ .die = number });

	*ret_died = o.code == -SIGKILL;
	return *ret_died || o.code == 0 || (o.code == 2 && strcmp(words, RESUME) == 0) ? NULL : told(words, &o);
}

static char *must_die(const char *root, const char *words, unsigned k)
{
	bool died;

	DEMAND(dies(root, words, k, &died));
	return died ? NULL : text("%s survived action %u", words, k);
}

char *kill_install(const char *scratch, unsigned k)
{
	CLEAN(roots) struct roots r = roots_in(scratch);

	machine_copy(scenario.before_root, r.a);
	DEMAND(must_die(r.a, INSTALL, k));
	machine_copy(r.a, r.b);
	DEMAND(resumes_and_rolls_back(r.a));
	return after("rollback", rolls_back(r.b));
}

/* A number from 1 to n that depends on k, the same in every run. */
static unsigned spread(unsigned k, unsigned n)
{
	return k * 2654435761u % n + 1;
}

char *kill_twice(const char *scratch, unsigned k)
{
	CLEAN(roots) struct roots r = roots_in(scratch);
	unsigned left = scenario.install.n - k + 1;
	bool died;

	machine_copy(scenario.before_root, r.a);
	DEMAND(must_die(r.a, INSTALL, k));
	machine_copy(r.a, r.b);
	DEMAND(after("resume with a kill", dies(r.a, RESUME, spread(k, left), &died)));
	DEMAND(after("killed in resume", resumes_and_rolls_back(r.a)));
	DEMAND(after("rollback with a kill", dies(r.b, ROLLBACK, spread(k + 1, k / 2 + 1), &died)));
	return after("killed in rollback", rolls_back(r.b));
}

char *kill_rollback(const char *scratch, unsigned k)
{
	CLEAN(roots) struct roots r = roots_in(scratch);

	machine_copy(scenario.golden_root, r.a);
	DEMAND(must_die(r.a, ROLLBACK, k));
	machine_copy(r.a, r.b);
	DEMAND(after("rollback again", rolls_back(r.a)));
	DEMAND(after("install", succeeds(r.b, INSTALL)));
	DEMAND(after("install", as(r.b, &scenario.golden, "installed")));
	return after("rollback after install", rolls_back(r.b));
}

char *kill_rollback_twice(const char *scratch, unsigned k)
{
	CLEAN(roots) struct roots r = roots_in(scratch);
	bool died;

	machine_copy(scenario.golden_root, r.a);
	DEMAND(must_die(r.a, ROLLBACK, k));
	DEMAND(dies(r.a, ROLLBACK, spread(k, scenario.rollback.n - k + 1), &died));
	return rolls_back(r.a);
}

static void let_apt_die(const char *root, unsigned after_packages)
{
	CLEAN(free) char *path = text("%s/fake/kill-after", root);
	CLEAN(fclose) FILE *f = fopen(path, "w");

	fprintf(f, "%u", after_packages);
}

/* apt-get is killed with mailsetup, between two packages that it unpacks or sets up. */
char *kill_in_apt(const char *scratch, unsigned k)
{
	CLEAN(roots) struct roots r = roots_in(scratch);
	bool died;

	machine_copy(scenario.before_root, r.a);
	let_apt_die(r.a, k - 1);
	DEMAND(dies(r.a, INSTALL, 1000000, &died));
	if (!died)
		return text("apt survived");
	machine_copy(r.a, r.b);
	DEMAND(resumes_and_rolls_back(r.a));
	return after("rollback", rolls_back(r.b));
}

char *kill_in_purge(const char *scratch, unsigned k)
{
	CLEAN(roots) struct roots r = roots_in(scratch);
	bool died;

	machine_copy(scenario.golden_root, r.a);
	let_apt_die(r.a, k - 1);
	DEMAND(dies(r.a, ROLLBACK, 1000000, &died));
	if (!died)
		return text("apt survived");
	return rolls_back(r.a);
}

static const char *const errnos[] = { "ENOSPC", "EIO", "EROFS", "EDQUOT" };

/* k counts the kinds of fault of each action. */
static char *fault_text(unsigned k)
{
	unsigned kind = (k - 1) % FAULTS;

	return text("%u%s:%s", (k - 1) / FAULTS + 1, kind & 1 ? "+" : "", errnos[kind / 2]);
}

static const struct action *fault_action(const struct actions *actions, unsigned k)
{
	return &actions->v[(k - 1) / FAULTS];
}

static char *names_its_target(const struct outcome *o, const struct action *action)
{
	CLEAN(free) char *said = told("the run", o);

	if (*action->target != '/' || strstr(o->said, action->target))
		return NULL;
	return text("%s is not named where its %s fails: %s", action->target, action->name, said);
}

/* What a fault leaves of its target is what a kill at the same action leaves: all of the old or all of the new. */
static char *is_whole(const char *hurt, const char *killed, const struct action *action)
{
	CLEAN(manifest) struct manifest h, k;

	manifest_take(hurt, &h);
	manifest_take(killed, &k);
	const struct entry *a = manifest_find(&h, action->target), *b = manifest_find(&k, action->target);
	if (!a != !b || (a && (strcmp(a->content, b->content) != 0 || strcmp(a->what, b->what) != 0)))
		return text("%s is half changed where its %s fails", action->target, action->name);
	for (size_t i = 0; i < h.n; i++) {
		const char *name = strrchr(h.v[i].path, '/') + 1;
		if (*name == '.' && ends_with(name, ".mailsetup") && strcmp(action->name, "unlink") != 0)
			return text("%s is left behind where %s of %s fails", h.v[i].path, action->name, action->target);
	}
	return NULL;
}

static bool is_write(const struct action *action)
{
	static const char *const names[] = { "write", "chown", "chmod", "fsync", "rename", "fsync-directory" };

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (strcmp(action->name, names[i]) == 0)
			return true;
	return false;
}

static char *compare_with_kill(const struct roots *r, const struct action *action, unsigned k)
{
	if (!is_write(action))
		return NULL;
	machine_copy(scenario.before_root, r->b);
	DEMAND(must_die(r->b, INSTALL, (k - 1) / FAULTS + 1));
	return is_whole(r->a, r->b, action);
}

/* Exit code 3: the fault hit a precheck. */
static bool is_precheck(const struct action *action)
{
	for (const struct action *a = scenario.install.v; a <= action; a++)
		if (starts_with(a->target, STATE_DIRECTORY))
			return false;
	return true;
}

static char *hurt_install(const struct roots *r, unsigned k, bool *ret_tolerated)
{
	const struct action *action = fault_action(&scenario.install, k);
	CLEAN(free) char *fault = fault_text(k);

	machine_copy(scenario.before_root, r->a);
	CLEAN(outcome) struct outcome o = machine_run(r->a, INSTALL, &(struct hazard){ .fail = fault });
	*ret_tolerated = o.code == 0;
	if (o.code != 0 && o.code != (is_precheck(action) ? 3 : 1))
		return told(fault, &o);
	if (*ret_tolerated)
		return NULL;
	DEMAND(names_its_target(&o, action));
	return compare_with_kill(r, action, k);
}

char *fault_install(const char *scratch, unsigned k)
{
	CLEAN(roots) struct roots r = roots_in(scratch);
	CLEAN(free) char *fault = fault_text(k);
	bool tolerated;

	DEMAND(after(fault, hurt_install(&r, k, &tolerated)));
	machine_copy(r.a, r.b);
	if (tolerated)
		DEMAND(after("a fault that is no error", as(r.a, &scenario.golden, "installed")));
	DEMAND(after(fault, resumes_and_rolls_back(r.a)));
	return after(fault, after("rollback", rolls_back(r.b)));
}

char *fault_rollback(const char *scratch, unsigned k)
{
	CLEAN(roots) struct roots r = roots_in(scratch);
	CLEAN(free) char *fault = fault_text(k);

	machine_copy(scenario.golden_root, r.a);
	CLEAN(outcome) struct outcome o = machine_run(r.a, ROLLBACK, &(struct hazard){ .fail = fault });
	if (o.code != 6 && o.code != 0)
		return after(fault, told(ROLLBACK, &o));
	if (o.code == 6)
		DEMAND(after(fault, names_its_target(&o, fault_action(&scenario.rollback, k))));
	return after(fault, rolls_back(r.a));
}

char *rollback_step(const char *scratch, unsigned k)
{
	CLEAN(roots) struct roots r = roots_in(scratch);
	CLEAN(free) char *words = text("%s %s", ROLLBACK, all_steps[k - 1]->name);

	machine_copy(scenario.golden_root, r.a);
	DEMAND(succeeds(r.a, words));
	DEMAND(after(words, after("install", succeeds(r.a, INSTALL))));
	DEMAND(after(words, as(r.a, &scenario.golden, "installed")));
	return after(words, after("rollback", rolls_back(r.a)));
}

static bool same_inode(const char *a, const char *path, const struct stat *was)
{
	CLEAN(free) char *full = text("%s%s", a, path);
	struct stat now;

	return lstat(full, &now) == 0 && now.st_ino == was->st_ino && now.st_ctim.tv_sec == was->st_ctim.tv_sec &&
	       now.st_ctim.tv_nsec == was->st_ctim.tv_nsec;
}

/* Nothing passes a seam, and no inode is touched. */
char *install_again(const char *scratch, unsigned k)
{
	CLEAN(roots) struct roots r = roots_in(scratch);
	CLEAN(free) char *log = text("%s/log", scratch);
	CLEAN(manifest) struct manifest m;

	(void)k;
	machine_copy(scenario.golden_root, r.a);
	manifest_take(r.a, &m);
	CLEAN(free) struct stat *was = allocate(m.n * sizeof(*was));
	for (size_t i = 0; i < m.n; i++) {
		CLEAN(free) char *full = text("%s%s", r.a, m.v[i].path);
		lstat(full, &was[i]);
	}
	unlink(log);
	CLEAN(outcome) struct outcome o = machine_run(r.a, INSTALL, &(struct hazard){ .log = log });
	if (o.code != 0)
		return told(INSTALL, &o);
	if (access(log, F_OK) == 0)
		return text("there were durable actions, see %s", log);
	for (size_t i = 0; i < m.n; i++)
		if (!same_inode(r.a, m.v[i].path, &was[i]) && strcmp(m.v[i].path, "/run/mailsetup.lock") != 0)
			return text("%s was touched", m.v[i].path);
	return NULL;
}

static void read_actions(const char *log, struct actions *ret)
{
	CLEAN(fclose) FILE *f = fopen(log, "r");
	char line[512];

	*ret = (struct actions){ 0 };
	while (f && fgets(line, sizeof(line), f)) {
		struct action a = { 0 };

		if (sscanf(line, "%*u %31s %199[^\n]", a.name, a.target) < 1)
			continue;
		ret->v = reallocate(ret->v, ret->n + 1, sizeof(*ret->v));
		ret->v[ret->n++] = a;
	}
}

static char *record(const char *root, const char *words, struct actions *ret)
{
	CLEAN(free) char *log = text("%s.log", root);

	unlink(log);
	CLEAN(outcome) struct outcome o = machine_run(root, words, &(struct hazard){ .log = log });
	read_actions(log, ret);
	return o.code == 0 ? NULL : told(words, &o);
}

char *scenario_open(const char *name, const char *before_root, const char *folder)
{
	CLEAN(free) char *back = text("%s/%s-back", folder, name);
	struct scenario s = {
		.name = name,
		.before_root = text_copy(before_root),
		.golden_root = text("%s/%s-golden", folder, name),
	};

	scenario = s;
	manifest_take(before_root, &scenario.before);
	machine_copy(before_root, scenario.golden_root);
	DEMAND(record(scenario.golden_root, INSTALL, &scenario.install));
	manifest_take(scenario.golden_root, &scenario.golden);
	machine_copy(scenario.golden_root, back);
	DEMAND(record(back, ROLLBACK, &scenario.rollback));
	return as(back, &scenario.before, "before");
}
