#include "tests/crash/taken_over.h"

#include "ensure/asset.h"
#include "tests/crash/fake_world.h"
#include "tests/crash/fakes.h"
#include "tests/crash/machine.h"
#include "tests/crash/packages.h"
#include "tests/crash/state.h"

#include <sqlite3.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

/* By hand. */
static void install_packages(const char *root)
{
	static const char command[] =
		"apt-get -y -q -o APT::Status-Fd=3 -o Dpkg::Use-Pty=0 -o Acquire::Retries=3 -o "
		"Dpkg::Options::=--force-confdef -o "
		"Dpkg::Options::=--force-confold -o Dpkg::Options::=--force-remove-reinstreq -o APT::Get::AutomaticRemove=false --no-install-recommends -o "
		"DPkg::Lock::Timeout=300 install postfix postfix-sqlite opendkim";
	CLEAN(list) struct list argv = { 0 };
	int status;

	list_split(&argv, command, " ");
	fflush(NULL);
	pid_t pid = fork();
	if (pid == 0)
		_exit(fake_run(argv.v, root));
	if (waitpid(pid, &status, 0) < 0 || status != 0)
		broken("install packages in", root);
}

static void put(const char *path, const char *content, unsigned mode)
{
	CLEAN(free) char *full = beneath("%s", path);

	store(full, content, strlen(content), mode);
}

static void make_accounts(void)
{
	CLEAN(free) char *path = beneath("/etc/postfix/bdd/postfix.sqlite");
	const struct asset *schema = asset_find("/etc/postfix/postfix.sql");
	CLEAN(free) char *sql = text_copy_n(schema->data, (size_t)(schema->end - schema->data));
	sqlite3 *db = NULL;

	make_directories(path);
	if (sqlite3_open(path, &db) != SQLITE_OK || sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK ||
		sqlite3_exec(db,
			"INSERT INTO postfix_domaines (domaine, defaut, active) VALUES ('exemple.fr', 1, 1);"
			"INSERT INTO postfix_utilisateurs (utilisateur, mot_de_passe, rep_perso, uid, gid, "
			"privilege, active)"
			" VALUES ('lea@exemple.fr', '{PLAIN}x', 'exemple.fr/lea/', 3000, 3000, 'utilisateur', "
			"1)",
			NULL, NULL, NULL) != SQLITE_OK)
		broken("fill", path);
	sqlite3_close(db);
}

void taken_over_make(const char *bare, const char *root)
{
	machine_copy(bare, root);
	install_packages(root);
	state_root(root);
	CLEAN(free)
	char *trace = beneath("/fake/started-by-a-package"),
	     *main_cf = beneath("/etc/postfix/main.cf");

	machine_remove(trace);
	put("/etc/postfix/main.cf", "# by hand\nmyhostname = vieux.exemple.fr\ninet_protocols = ipv4\n", 0640);
	/* Not every file system keeps attributes. */
	if (lsetxattr(main_cf, "trusted.note", "kept", 4, 0) < 0)
		puts("# no extended attributes here");
	put("/etc/default/spamass-milter", "OPTIONS=\"by hand\"\n", 0600);
	put("/etc/dkimkeys/clefs/exemple.fr/mail.private", world_dkim_key(), 0600);
	make_accounts();
	unit_start_now("postfix.service");
	unit_start_now("opendkim.service");
}
