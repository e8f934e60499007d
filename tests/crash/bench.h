/*
 * The bench: tries all points of a matrix, side by side on all processors, and reports in TAP.
 */
#pragma once

#include "base/bytes.h"

/* One point: NULL, or what is wrong with it. scratch is a folder of its own, for the roots that the point
 * makes. */
typedef char *point(const char *scratch, unsigned k);

/* 1..n in steps of stride; a matrix with fewer points than floor has failed. wanted_different: the matrix must
 * find differences, and stops at the first. */
struct matrix {
	const char *name;
	point *try;
	unsigned n, stride, floor;
	bool wanted_different;
};

/* stride: a factor for those of all matrices, 0 for every point; only: those whose name contains it, or NULL.
 */
void bench_open(const char *folder, unsigned stride, const char *only);
void bench_run(const struct matrix *m);
void bench_say(bool ok, const char *format, ...) __attribute__((format(printf, 2, 3)));
int bench_close(void); /* exit status */
