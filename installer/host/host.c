#include "host/host.h"

#include <fcntl.h>
#include <unistd.h>

struct host {
	char *root;
	int root_fd;
};

struct error *host_open(const char *root, struct host **ret)
{
	CLEAN(host_close) struct host *h = allocate(sizeof(*h));

	h->root_fd = -1;
	h->root = realpath(root, NULL);
	if (!h->root)
		return fail_errno(errno, "cannot open the root %s", root);
	h->root_fd = open(h->root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (h->root_fd < 0)
		return fail_errno(errno, "cannot open the root %s", root);
	*ret = TAKE(h);
	return NULL;
}

void host_close(struct host *h)
{
	if (!h)
		return;
	fd_cleanup(&h->root_fd);
	free(h->root);
	free(h);
}

int host_root_fd(const struct host *h)
{
	return h->root_fd;
}

const char *host_root(const struct host *h)
{
	return h->root;
}

bool host_is_real(const struct host *h)
{
	return strcmp(h->root, "/") == 0;
}
