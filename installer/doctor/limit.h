/*
 * How long a log may be read: a clock that is set meanwhile changes nothing. It is asked with every 1024th line.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

struct limit {
	int64_t end; /* in seconds of the monotonic clock */
	uint64_t lines;
};

static inline int64_t limit_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec;
}

static inline struct limit limit_of(unsigned seconds)
{
	return (struct limit){ .end = limit_now() + seconds };
}

/* Call it with each line. */
static inline bool limit_passed(struct limit *l)
{
	return ++l->lines % 1024 == 0 && limit_now() >= l->end;
}
