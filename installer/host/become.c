#include "host/become.h"

#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

struct error *become_user(const char *name)
{
	const struct passwd *user = getpwnam(name);

	if (!user)
		return fail(ERR_STOPPED, "there is no user %s", name);
	if (initgroups(name, user->pw_gid) < 0 || setresgid(user->pw_gid, user->pw_gid, user->pw_gid) < 0 ||
		setresuid(user->pw_uid, user->pw_uid, user->pw_uid) < 0)
		return fail_errno(errno, "cannot become %s", name);
	prctl(PR_SET_PDEATHSIG, SIGKILL); /* the kernel has forgotten it with the old user */
	return NULL;
}
