#include "base/i18n.h"

#include <errno.h>
#include <locale.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#define DOMAIN "mailsetup"

/* A variable that is set and not empty. */
static const char *variable(const char *name)
{
	const char *value = getenv(name);

	return value && *value ? value : NULL;
}

static bool is_english(const char *language)
{
	size_t n = strcspn(language, "_.@:");

	return !n || (n == 1 && *language == 'C') || (n == 2 && strncasecmp(language, "en", 2) == 0) ||
	       (n == 5 && strncmp(language, "POSIX", 5) == 0);
}

/* What is spoken: languages in the order of the reader's wish, without those after English, which needs no catalogue.
 * "" is English. Owned by the caller. */
static char *languages(void)
{
	const char *locale = variable("LC_ALL"), *list = variable("LANGUAGE");

	if (!locale)
		locale = variable("LC_MESSAGES");
	if (!locale)
		locale = variable("LANG");
	if (!locale || (*locale == 'C' && is_english(locale)) || strcmp(locale, "POSIX") == 0)
		return text_copy("");
	if (!list)
		list = locale;
	size_t n = 0;
	while (list[n] && !is_english(list + n)) {
		n += strcspn(list + n, ":");
		n += list[n] == ':';
	}
	return text_copy_n(list, n);
}

/* The directory of the catalogues: beside the program, as it is built, or where it is installed. */
static char *catalogues(void)
{
	char path[4096];
	ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 1);

	if (n <= 0)
		return NULL;
	path[n] = '\0';
	char *slash = strrchr(path, '/');
	if (!slash)
		return NULL;
	*slash = '\0';
	char *beside = text("%s/locale", path);
	if (access(beside, F_OK) == 0)
		return beside;
	free(beside);
	return text("%s/../share/locale", path);
}

void language_choose(void)
{
	CLEAN(free) char *list = languages(), *directory = catalogues();

	if (!*list || !directory)
		return language_is_english();
	/* A bare Debian has no locale but C and C.UTF-8, for which gettext looks into no catalogue. It loads this name as
	 * C.UTF-8, by leaving out a territory that it does not know, and goes by LANGUAGE then. */
	if (!setlocale(LC_MESSAGES, "C_XX.UTF-8"))
		return;
	setenv("LANGUAGE", list, 1);
	bindtextdomain(DOMAIN, directory);
	textdomain(DOMAIN);
	/* All catalogues are opened now, also the C library's: a child in a sandbox could not. */
	gettext("\n");
	strerror(EIO);
}

void language_is_english(void)
{
	setlocale(LC_MESSAGES, "C");
}
