/*
 * The machine: the handle that every function of host/ takes.
 *
 * What an install changes, its databases aside, it changes through host/. All paths are absolute paths of the target
 * ("/etc/postfix/main.cf"); they are opened beneath the root of the host with openat2(2)
 * (RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS), so no symbolic link is ever followed: name
 * /run and /var/mail, not /var/run and /var/spool/mail. The root is "/" on a server, a folder in the golden tests;
 * there, programs are looked up beneath it too.
 */
#pragma once

#include "base/bytes.h"
#include "base/error.h"

struct host;

struct error *host_open(const char *root, struct host **ret) MUST_USE;
void host_close(struct host *h);
DEFINE_CLEANUP(struct host *, host_close)

int host_root_fd(const struct host *h);        /* O_PATH; owned by the host */
const char *host_root(const struct host *h);   /* "/" or the folder */
bool host_is_real(const struct host *h);       /* true when the root is "/" */
