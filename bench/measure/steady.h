/* SPDX-License-Identifier: MIT */
/*
 * steadystate=: has a rate settled? One sample per second over a window of
 * seconds; pure arithmetic.
 */
#ifndef BENCH_MEASURE_STEADY_H
#define BENCH_MEASURE_STEADY_H

#include "kernel/lib/util.h"

#define STEADY_SECONDS_MAX 3600u

struct steady {
	bool by_bandwidth, by_slope, limit_is_percent; /* [I] */
	double limit; /* [I] */
	uint32_t duration_s; /* [I] of the window: so many samples */
	uint32_t count; /* samples in the window, oldest first */
	uint64_t *iops, *bw_bytes; /* [I] room for duration_s each */
	double slope; /* per second, of a full window */
	double max_deviation; /* from the mean, of a full window */
	double criterion; /* what is compared with the limit */
	bool attained;
};

/* Reads "iops:20%", "bw_slope:1000" and so on; the parser has checked it. */
void steady_init(struct steady *s, const char *option, uint32_t duration_s, uint64_t *iops,
		 uint64_t *bw_bytes);

/* "iops", "iops_slope", "bw" or "bw_slope" */
const char *steady_name(const struct steady *s);

/* The last second's rates. True when the window is full and within the limit. */
bool steady_add(struct steady *s, uint64_t iops, uint64_t bw_bytes);

#endif
