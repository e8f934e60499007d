/*
 * The monotonic clock: seconds since some moment of the past, which the setting of the machine's clock does not touch. Every duration
 * and every time limit is measured by it; what is written down for people has the time of day, of time(2).
 *
 *	const double end = clock_now() + 30;
 *	...
 *	if (poll(&p, 1, clock_left(end)) == 0)
 *		return fail(ERR_STOPPED, "no answer within 30 s");
 */
#pragma once

#include <limits.h>
#include <time.h>

static inline double clock_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* Milliseconds until then, for poll(2): 0 when that has gone by, and not before. */
static inline int clock_left(double end)
{
	double left = (end - clock_now()) * 1000;

	return left <= 0 ? 0 : left < INT_MAX - 1 ? (int)left + 1 : INT_MAX;
}
