/* SPDX-License-Identifier: MIT */
/*
 * Floating-point numbers as decimal text, for reports. Rounds as the C
 * library's "%.*f" does (to nearest, ties to even, of the exact value).
 */
#ifndef BENCH_LIB_DECIMAL_H
#define BENCH_LIB_DECIMAL_H

#include "kernel/lib/util.h"

#define DECIMAL_BYTES 64u /* room for any value with DECIMAL_PLACES_MAX places */
#define DECIMAL_PLACES_MAX 15u

/*
 * Writes value with `places` digits behind the point into text (DECIMAL_BYTES)
 * and returns the length without the NUL. What has no decimal form that JSON
 * knows (infinities, NaN) is written as 0; magnitudes from 2^127 on as 2^127.
 */
unsigned decimal_format(char *text, double value, unsigned places);

/* The same for an unsigned integer. */
unsigned decimal_format_u64(char *text, uint64_t value);

#endif
