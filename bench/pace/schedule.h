/* SPDX-License-Identifier: MIT */
/*
 * When the I/Os of a rated job should begin: one schedule per direction. Pure
 * arithmetic; times are ns since the schedule's start.
 */
#ifndef BENCH_PACE_SCHEDULE_H
#define BENCH_PACE_SCHEDULE_H

#include "bench/job/job.h"
#include "bench/lib/random.h"

#define SCHEDULE_NEVER UINT64_MAX

struct schedule {
	uint64_t bytes_per_s; /* [I] 0: no rate, everything is due at once */
	uint64_t poisson_ns; /* [I] mean distance; 0: by length */
	bool poisson; /* [I] */
	uint64_t bytes; /* linear: of the I/Os so far */
	uint64_t due_ns; /* of the next I/O */
	struct random_stream random; /* poisson */
};

/* The schedule of one direction of a job; seed: of its poisson stream. */
void schedule_init(struct schedule *s, const struct job *job, unsigned direction, uint64_t seed);

static inline bool schedule_is_rated(const struct schedule *s)
{
	return s->bytes_per_s != 0;
}

/* The I/O that is due now has this length: when is the next one due? */
void schedule_advance(struct schedule *s, uint32_t length_bytes);

#endif
