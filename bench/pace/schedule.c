/* SPDX-License-Identifier: MIT */
/*
 * Schedules of rated jobs.
 *
 *   linear   an I/O is due when the bytes before it would have been moved at
 *            exactly the rate: no error adds up, whatever the lengths
 *   poisson  distances are -ln(u) times their mean, u uniform in (0, 1]
 *
 * rate_iops= counts in I/Os of the smallest block size, as in fio. A poisson
 * distance is drawn once per I/O, so a random job keeps the rate it was given.
 *
 * A schedule never looks at the clock: an I/O that is late does not move the
 * ones after it. Loop context of the job's CPU.
 */
#include "bench/pace/schedule.h"

#include "bench/lib/math.h"
#include "bench/lib/wide.h"

/* amount * 1e9 / per_s, or SCHEDULE_NEVER. */
static uint64_t nanoseconds(uint64_t amount, uint64_t per_s)
{
	unsigned __int128 scaled = (unsigned __int128)amount * NS_PER_S;
	uint64_t high = (uint64_t)(scaled >> 64), remainder;

	return high < per_s ? wide_divide(high, (uint64_t)scaled, per_s, &remainder) :
			      SCHEDULE_NEVER;
}

void schedule_init(struct schedule *s, const struct job *job, unsigned direction, uint64_t seed)
{
	uint32_t iops = job->rate_iops[direction];

	*s = (struct schedule){ .bytes_per_s = job->rate_bytes[direction],
				.poisson = job->rate_process == JOB_RATE_POISSON };
	if (iops) {
		s->bytes_per_s = iops * job->min_bs[direction];
		s->poisson_ns = NS_PER_S / iops;
	}
	random_seed(&s->random, false, seed);
	/* The first I/O of a poisson process is no less random than the others. */
	if (s->poisson && schedule_is_rated(s))
		schedule_advance(s, (uint32_t)job->min_bs[direction]);
}

void schedule_advance(struct schedule *s, uint32_t length_bytes)
{
	if (!schedule_is_rated(s))
		return;
	if (!s->poisson) {
		s->bytes += length_bytes;
		s->due_ns = nanoseconds(s->bytes, s->bytes_per_s);
		return;
	}
	uint64_t mean = s->poisson_ns ? s->poisson_ns : nanoseconds(length_bytes, s->bytes_per_s);
	double u = ((double)random_next_32(&s->random) + 1) / 0x1p32;

	s->due_ns += (uint64_t)(-math_log(u) * (double)mean + 0.5);
}
