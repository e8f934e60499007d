#include "base/i18n.h"
#include "base/interrupt.h"
#include "host/package_internal.h"
#include "host/package_parse.h"
#include "host/process.h"
#include "host/seam.h"

#include <time.h>
#include <unistd.h>

#define LONG_TIMEOUT 3600 /* seconds; a slow line and a slow disk are no reason to cut dpkg short */
#define LOCK_TIMEOUT 300

#define KEEP_UNNEEDED "-o APT::Get::AutomaticRemove=false"

static const char *const unattended[] = { "DEBIAN_FRONTEND=noninteractive", "DEBIAN_PRIORITY=critical",
	"APT_LISTCHANGES_FRONTEND=none", "NEEDRESTART_MODE=a", NULL };

/* One command of apt-get, and what its Status-Fd has told. */
struct apt {
	package_progress *report;
	void *context;
	struct apt_progress progress;
	char failed[128]; /* the first package that dpkg could not set up */
};

static void on_status(void *context, const char *text_line)
{
	struct apt *apt = context;
	struct apt_line line = apt_line_parse(text_line);

	if (line.event == APT_FAILURE && !*apt->failed)
		snprintf(apt->failed, sizeof(apt->failed), "%s", line.package);
	if (line.event != APT_DOWNLOAD && line.event != APT_CHANGE)
		return;
	apt_progress_add(&apt->progress, &line);
	if (apt->report)
		apt->report(apt->context, apt->progress.percent, line.package);
}

/* An error of apt or dpkg that only says that another one is at work. Consumes e. */
static struct error *busy_or(struct host *h, struct error *e)
{
	if (!e)
		return NULL;
	struct error *busy = packages_lock_free(h);
	if (error_code(busy) != ERR_BUSY) {
		error_free(busy);
		return e;
	}
	error_free(e);
	return busy;
}

static struct error *apt_run(
	struct host *h, struct apt *apt, const char *command, const char *const *names, unsigned lock_timeout)
{
	CLEAN(list) struct list argv = { 0 };

	list_split(&argv,
		"apt-get -y -q -o APT::Status-Fd=3 -o Dpkg::Use-Pty=0 -o Acquire::Retries=3 "
		"-o Dpkg::Options::=--force-confdef -o Dpkg::Options::=--force-confold "
		/* What a kill left half unpacked can be purged. */
		"-o Dpkg::Options::=--force-remove-reinstreq "
		"-o APT::Get::AutomaticRemove=false --no-install-recommends -o",
		" ");
	list_addf(&argv, "DPkg::Lock::Timeout=%u", lock_timeout);
	list_add(&argv, command);
	list_add_all(&argv, names);
	const struct process p = {
		.argv = (const char *const *)argv.v,
		.environment = unattended,
		.timeout = LONG_TIMEOUT,
		.keep_interrupts = true,
		.on_status = on_status,
		.context = apt,
	};
	struct error *e = process_run(h, &p, NULL, NULL);
	if (e && *apt->failed)
		return wrap(e, "package %s could not be set up (mend it first)", apt->failed);
	return busy_or(h, e);
}

/* apt's own waiting does not cover its lists, which another apt holds too. */
static struct error *lock_wait(struct host *h, unsigned seconds)
{
	const struct timespec second = { .tv_sec = 1 };
	struct error *e = packages_lock_free(h);

	for (unsigned i = 0; i < seconds && error_code(e) == ERR_BUSY && !interrupted(); i++) {
		error_free(e);
		nanosleep(&second, NULL);
		e = packages_lock_free(h);
	}
	if (error_code(e) != ERR_BUSY || !interrupted())
		return e;
	error_free(e);
	return fail(ERR_STOPPED, "interrupted while another program held apt's lock");
}

static struct error *refresh(struct host *h)
{
	static const char *const none[] = { NULL };
	struct apt apt = { .progress.download_share = 100 };

	TRY(lock_wait(h, LOCK_TIMEOUT));
	TRY(seam("apt-update", ""));
	return wrap(apt_run(h, &apt, "update", none, LOCK_TIMEOUT), "refreshing apt's package lists");
}

/* Whether e means that files could not be fetched: apt began to, never came to unpacking, and files are missing
 * still. Then ret_missing has their packages. */
static bool fetch_failed(
	struct host *h, const char *const *names, const struct apt *apt, struct list *ret_missing)
{
	CLEAN(package_plan) struct package_plan plan = { 0 };

	if (!apt->progress.downloading || apt->progress.changing)
		return false;
	struct error *e = packages_uris(h, names, &plan, ret_missing);
	error_free(e);
	return ret_missing->n > 0;
}

static struct error *fetch_error(struct error *e, const struct list *missing)
{
	CLEAN(free) char *reason = fetch_reason_parse(error_detail(e));
	CLEAN(bytes) struct bytes names = { 0 };

	for (size_t i = 0; i < missing->n && i < 3; i++)
		bytes_printf(&names, "%s%s", i ? ", " : "", missing->v[i]);
	if (missing->n > 3)
		bytes_printf(&names, ngettext(" and %zu more", " and %zu more", missing->n - 3), missing->n - 3);
	struct error *clear =
		with_detail(fail(ERR_STOPPED,
				    "apt could not download %s: %s; look at the network and at "
				    "/etc/apt/sources.list, run `mailsetup resume` later",
				    names.data, *reason ? reason : _("the archive does not give it")),
			error_detail(e));
	error_free(e);
	return clear;
}

struct error *packages_install(struct host *h, const char *const *names, unsigned lock_timeout,
	package_progress *progress, void *context)
{
	struct apt apt = { .report = progress, .context = context };
	CLEAN(list) struct list missing = { 0 }, still_missing = { 0 }, unknown = { 0 };

	if (!*names)
		return NULL;
	TRY(lock_wait(h, lock_timeout));
	TRY(seam("apt-install", *names));
	struct error *e = apt_run(h, &apt, "install", names, lock_timeout);
	if (e)
		unknown_parse(error_detail(e), &unknown);
	if (!e || (!unknown.n && !fetch_failed(h, names, &apt, &missing)))
		return wrap(e, "installing the packages");

	/* There are no lists yet, or the archive has moved on since they were fetched: once more with fresh ones. Where
	 * they cannot be had, nothing better comes of names that apt does not know; of files that are gone, the second
	 * attempt says more. */
	error_free(e);
	e = refresh(h);
	if (e && unknown.n)
		return e;
	error_free(e);
	TRY(seam("apt-install", *names));
	e = apt_run(h, &apt, "install", names, lock_timeout);
	if (e && fetch_failed(h, names, &apt, &still_missing))
		return fetch_error(e, &still_missing);
	return wrap(e, "installing the packages");
}

struct error *packages_configure(struct host *h)
{
	static const char *const argv[] = { "dpkg", "--force-confdef", "--force-confold", "--configure", "-a",
		NULL };
	const struct process p = {
		.argv = argv,
		.environment = unattended,
		.timeout = LONG_TIMEOUT,
		.keep_interrupts = true,
	};

	TRY(lock_wait(h, LOCK_TIMEOUT));
	TRY(seam("dpkg-configure", ""));
	return wrap(busy_or(h, process_run(h, &p, NULL, NULL)), "configuring the packages left half installed");
}

struct error *packages_repair(struct host *h, package_progress *progress, void *context)
{
	static const char *const fix[] = { "--fix-broken", NULL };
	struct apt apt = { .report = progress, .context = context };

	TRY(seam("apt-repair", ""));
	return wrap(apt_run(h, &apt, "install", fix, LOCK_TIMEOUT), "mending the packages left half installed");
}

static void add_name(struct bytes *b, const char *name)
{
	bytes_printf(b, "%s%s", b->size ? ", " : "", name);
}

/* "remove X, Y and install Z": what a purge of names would do beside it; NULL where nothing. */
static char *surplus_of(const struct package_plan *plan, const struct list *names)
{
	CLEAN(bytes) struct bytes remove = { 0 }, install = { 0 };

	for (size_t i = 0; i < plan->remove.n; i++)
		if (!list_has(names, plan->remove.v[i]))
			add_name(&remove, plan->remove.v[i]);
	for (size_t i = 0; i < plan->install.n; i++)
		add_name(&install, plan->install.v[i]);
	if (remove.size && install.size)
		return text(_("remove %s and install %s"), remove.data, install.data);
	if (remove.size)
		return text(_("remove %s"), remove.data);
	return install.size ? text(_("install %s"), install.data) : NULL;
}

static struct error *purge_simulate(struct host *h, const char *options, const char *const *names, struct package_plan *ret)
{
	CLEAN(list) struct list argv = { 0 };
	CLEAN(bytes) struct bytes output = { 0 };

	list_split(&argv, "apt-get -s -y -q", " ");
	list_split(&argv, options, " ");
	list_add(&argv, "purge");
	list_add_all(&argv, names);
	const struct process p = { .argv = (const char *const *)argv.v };
	TRY(process_run(h, &p, &output, NULL));
	simulation_parse(bytes_text(&output), ret);
	return NULL;
}

struct error *packages_go_with(struct host *h, const char *const *names, enum package_sweep sweep, struct list *ret)
{
	static const char *const options[] = {
		[SWEEP_NOTHING] = KEEP_UNNEEDED,
		[SWEEP_UNNEEDED] =
			"--auto-remove -o APT::AutoRemove::SuggestsImportant=false -o APT::AutoRemove::RecommendsImportant=false",
		[SWEEP_UNWANTED] =
			"--auto-remove -o APT::AutoRemove::SuggestsImportant=false -o APT::AutoRemove::RecommendsImportant=true",
	};
	CLEAN(package_plan) struct package_plan plan = { 0 };

	TRY(wrap(purge_simulate(h, options[sweep], names, &plan), "asking apt what would go with the packages"));
	*ret = plan.remove;
	plan.remove = (struct list){ 0 };
	return NULL;
}

static struct error *purge_list(struct host *h, const char *const *names, struct list *ret)
{
	CLEAN(list) struct list installed = { 0 }, known = { 0 };

	TRY(packages_states(h, names, &installed, &known));
	for (; *names; names++)
		if (list_has(&known, *names))
			list_add(ret, *names);
	return NULL;
}

static struct error *purge_refuse(struct host *h, const struct list *purge)
{
	CLEAN(free) char *surplus = NULL;
	CLEAN(package_plan) struct package_plan plan = { 0 };
	CLEAN(list) struct list plain = { 0 };

	TRY(wrap(purge_simulate(h, KEEP_UNNEEDED, (const char *const *)purge->v, &plan),
		"asking apt what a purge would do"));
	list_add_all(&plain, (const char *const *)purge->v);
	TRY(packages_plain_names(h, &plain));
	surplus = surplus_of(&plan, &plain);
	return surplus ? fail(ERR_CONFLICT, "purging the packages would also %s: remove or keep those by hand, then start again", surplus)
		       : NULL;
}

struct error *packages_purge_check(struct host *h, const char *const *names)
{
	CLEAN(list) struct list purge = { 0 };

	TRY(purge_list(h, names, &purge));
	return purge.n ? purge_refuse(h, &purge) : NULL;
}

struct error *packages_purge(
	struct host *h, const char *const *names, package_progress *progress, void *context)
{
	struct apt apt = { .report = progress, .context = context };
	CLEAN(list) struct list purge = { 0 };

	TRY(purge_list(h, names, &purge));
	if (!purge.n)
		return NULL;
	TRY(purge_refuse(h, &purge));
	TRY(lock_wait(h, LOCK_TIMEOUT));
	TRY(seam("apt-purge", *purge.v));
	return wrap(apt_run(h, &apt, "purge", (const char *const *)purge.v, LOCK_TIMEOUT), "purging packages");
}

static struct error *mark(struct host *h, const char *command, const char *const *names)
{
	CLEAN(list) struct list argv = { 0 }, installed = { 0 }, known = { 0 };

	TRY(packages_states(h, names, &installed, &known));
	list_add(&argv, "apt-mark");
	list_add(&argv, command);
	/* apt-mark refuses all of them for one that it does not know. */
	for (; *names; names++)
		if (list_has(&known, *names))
			list_add(&argv, *names);
	if (argv.n == 2)
		return NULL;
	const struct process p = { .argv = (const char *const *)argv.v };
	TRY(seam("apt-mark", command));
	return wrap(busy_or(h, process_run(h, &p, NULL, NULL)), "marking packages as %s", command);
}

struct error *packages_mark_auto(struct host *h, const char *const *names)
{
	return mark(h, "auto", names);
}

struct error *packages_mark_manual(struct host *h, const char *const *names)
{
	return mark(h, "manual", names);
}
