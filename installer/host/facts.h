/*
 * Facts of the machine that decide whether an install can work: its release, memory, name.
 */
#pragma once

#include "host/host.h"

struct os_release {
	char id[32];       /* os-release's ID: "debian" */
	char version[16];  /* VERSION_ID: "11" */
	char codename[32]; /* VERSION_CODENAME: "bullseye" */
};

/* From /usr/lib/os-release (os-release(5)); unset fields are "". */
struct error *os_release_read(struct host *h, struct os_release *ret) MUST_USE;
struct error *memory_read(struct host *h, uint64_t *ret_total_bytes) MUST_USE; /* /proc/meminfo */
/* The machine's own name (/etc/hostname); "" where there is none. */
struct error *hostname_read(struct host *h, char **ret) MUST_USE;
