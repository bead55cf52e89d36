/* SPDX-License-Identifier: MIT */
/*
 * fio's random_generator=lfsr: every number below a limit exactly once, in an
 * order fixed by the seed, without a map.
 */
#ifndef BENCH_LIB_LFSR_H
#define BENCH_LIB_LFSR_H

#include "kernel/lib/util.h"

struct lfsr {
	uint64_t value;
	uint64_t top_bit, taps; /* [I] of the register; its feedback */
	uint64_t limit; /* [I] values are below it */
	uint64_t given; /* values handed out */
	bool is_new; /* none was ever handed out */
};

/* False when no register fits: limit is 0 or 2^53, or the seed is its dead state. */
bool lfsr_init(struct lfsr *lfsr, uint64_t limit, uint64_t seed);

/* Starts over. */
void lfsr_reset(struct lfsr *lfsr, uint64_t seed);

/* False when all values have been given. */
bool lfsr_next(struct lfsr *lfsr, uint64_t *value);

#endif
