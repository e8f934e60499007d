/*
 * How long a log may be read. The clock is asked with every 1024th line.
 */
#pragma once

#include "base/clock.h"
#include <stdbool.h>
#include <stdint.h>

struct limit {
	double end; /* of clock_now() */
	uint64_t lines;
};

static inline struct limit limit_of(unsigned seconds)
{
	return (struct limit){ .end = clock_now() + seconds };
}

/* Call it with each line. */
static inline bool limit_passed(struct limit *l)
{
	return ++l->lines % 1024 == 0 && clock_now() >= l->end;
}
