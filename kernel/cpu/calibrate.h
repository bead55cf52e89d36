/* SPDX-License-Identifier: MIT */
/*
 * Finds the TSC's rate by clocks none of which is trusted alone: each may be told wrongly, stand
 * still, or be read by a CPU that is held up in between. Pure but for clock_tsc().
 */
#ifndef KERNEL_CPU_CALIBRATE_H
#define KERNEL_CPU_CALIBRATE_H

#include "kernel/lib/util.h"

/* What a counter showed at some moment between two stamps. */
struct calibrate_reading {
	uint64_t tsc_before, tsc_after;
	uint32_t count;
};

struct calibrate_clock {
	const char *name;
	uint64_t hz; /* a counter's own rate; without read(): the TSC's, as it is told */
	uint32_t mask; /* of a counter: how far it counts */

	/* NULL: it runs anyway. Called before each measurement. */
	void (*start)(void);
	/* NULL: no counter. False: it has counted to its end, or is not there. */
	bool (*read)(const struct calibrate_clock *clock, struct calibrate_reading *out);

	/* calibrate()'s: bounds of the TSC's rate by this clock; 0: it tells nothing. */
	uint64_t low_hz, high_hz;
	struct calibrate_reading begin;
	bool has_begun;
};

/* Names are those of the clocks, or "none". */
struct calibration {
	uint64_t tsc_hz; /* 0: nothing tells it */
	uint64_t uncertainty_ppm; /* how far off it may be, if its clock is right */
	const char *source;
	const char *confirmed_by; /* another clock with the same answer */
	const char *contradicted_by; /* one with another answer */
};

/*
 * The clocks come in order of preference; the rate is that of the first one which another
 * confirms, else of the first that answers. Takes 5 ms; up to 70 ms when measurements were
 * disturbed or clocks contradict each other; bounded by the TSC when a counter stands still.
 */
struct calibration calibrate(struct calibrate_clock *clocks, unsigned count);

#endif
