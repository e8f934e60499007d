/*
 * matrix FOLDER MAY-DIFFER [STRIDE [ONLY]]: FOLDER holds the root `before` (before.sh), and takes all others.
 */
#include "tests/crash/points.h"

#include "steps/steps.h"
#include "tests/crash/fake_world.h"
#include "tests/crash/fakes.h"
#include "tests/crash/packages.h"
#include "tests/crash/taken_over.h"

#include <unistd.h>

#define KILL_FLOOR 150

static const char *folder;
static unsigned stride_of_all = 1;

static void run(const char *what, point *try, unsigned n, unsigned stride, unsigned floor)
{
	CLEAN(free) char *name = text("%s: %s", scenario.name, what);

	bench_run(&(struct matrix){ .name = name, .try = try, .n = n, .stride = stride, .floor = floor });
}

/* Only a point that the whole engine passes counts as caught. */
static struct {
	enum engine which;
	point *try;
} broken_one;

static char *try_broken(const char *scratch, unsigned k)
{
	engine = broken_one.which;
	char *found = broken_one.try(scratch, k);
	engine = ENGINE_WHOLE;
	CLEAN(free) char *anyway = found ? broken_one.try(scratch, k) : NULL;

	if (!anyway)
		return found;
	free(found);
	return NULL;
}

static void control(const char *what, enum engine which, point *try, unsigned n)
{
	broken_one.which = which;
	broken_one.try = try;
	bench_run(&(struct matrix){
		.name = what, .try = try_broken, .n = n, .stride = 1, .wanted_different = true });
}

static bool begin(const char *name, const char *before)
{
	CLEAN(free) char *wrong = scenario_open(name, before, folder);

	bench_say(!wrong, "%s: install, then rollback, gives the same machine (%u and %u durable actions)%s%s",
		name, scenario.install.n, scenario.rollback.n, wrong ? ": " : "", wrong ? wrong : "");
	return scenario.install.n && scenario.rollback.n;
}

static unsigned step_count(void)
{
	unsigned n = 0;

	while (all_steps[n])
		n++;
	return n;
}

/* How many an install brings. */
static unsigned package_count(void)
{
	unsigned n = 0;

	for (const struct package *p = archive; p->name; p++) {
		CLEAN(free) char *status = text("%s/fake/packages/%s", scenario.golden_root, p->name);

		n += access(status, F_OK) == 0;
	}
	return n;
}

static void run_fresh(const char *before)
{
	if (!begin("bare machine", before))
		return;
	unsigned there = scenario.install.n, back = scenario.rollback.n;

	run("a second install does nothing", install_again, 1, 1, 1);
	run("rollback of each step, then install", rollback_step, step_count(), 1, 10);
	run("killed at each action of install, resumed and rolled back", kill_install, there, 1, KILL_FLOOR);
	run("killed at each action of rollback, rolled back and installed again", kill_rollback, back, 1,
		KILL_FLOOR);
	run("killed again in resume and in rollback", kill_twice, there, 10, 50);
	run("killed twice in rollback", kill_rollback_twice, back, 5, 50);
	run("killed in rollback, with a package of another hand", kill_rollback_foreign, back, 2, 50);
	run("apt killed with it while installing", kill_in_apt, 2 * package_count(), 1, 20);
	run("apt killed with it while purging", kill_in_purge, package_count(), 1, 10);
	run("faults at the actions of install", fault_install, there * FAULTS, 27, 100);
	run("faults at the actions of rollback", fault_rollback, back * FAULTS, 19, 100);
	if (stride_of_all > 1)
		return;
	control("control: inverse recorded after the change", ENGINE_INVERSE_LATE, kill_install, there);
	control("control: first pre-image overwritten on resume", ENGINE_IMAGE_OVERWRITTEN, kill_install,
		there);
	control("control: record deleted before its inverse", ENGINE_RECORD_EARLY, kill_rollback, back);
}

/* A machine that was a mail server already: with its own main.cf, accounts, published key, and a Postfix that
 * runs. */
static void run_taken_over(const char *before)
{
	CLEAN(free) char *root = text("%s/taken-over", folder);

	taken_over_make(before, root);
	if (!begin("taken over", root))
		return;
	run("a second install does nothing", install_again, 1, 1, 1);
	run("killed at actions of install, resumed and rolled back", kill_install, scenario.install.n, 13, 30);
	run("killed at actions of rollback, rolled back and installed again", kill_rollback,
		scenario.rollback.n, 3, 100);
	run("faults at actions of install", fault_install, scenario.install.n * FAULTS, 129, 20);
}

int main(int argc, char **argv)
{
	if (argc < 3) {
		fputs("usage: matrix FOLDER MAY-DIFFER [STRIDE [ONLY]]\n", stderr);
		return 2;
	}
	fake_program = realpath("/proc/self/exe", NULL);
	folder = argv[1];
	CLEAN(free) char *before = text("%s/before", folder);
	struct error *e = world_open();

	if (e) {
		fprintf(stderr, "%s\n", error_message(e));
		return 98;
	}
	manifest_exceptions(argv[2]);
	if (argc > 3)
		stride_of_all = (unsigned)atoi(argv[3]);
	thorough = stride_of_all != 1;
	bench_open(folder, stride_of_all, argc > 4 ? argv[4] : NULL);
	bench_say(manifest_exception_count() > 0 && manifest_exception_count() <= 25,
		"may-differ.txt has %zu lines, at most 25", manifest_exception_count());
	run_fresh(before);
	run_taken_over(before);
	return bench_close();
}
