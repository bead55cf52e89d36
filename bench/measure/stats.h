/* SPDX-License-Identifier: MIT */
/*
 * Latency and rate statistics: fio's histogram (29 groups of 64 bins), exact
 * minimum, maximum, sum and sum of squares. Integer only on the path; floating
 * point only where results are read. One writer; loop context.
 */
#ifndef BENCH_MEASURE_STATS_H
#define BENCH_MEASURE_STATS_H

#include "bench/job/job.h"
#include "bench/lib/wide.h"

#define STATS_BINS 1856u /* 29 * 64 */

struct stats_latency {
	uint64_t count;
	uint64_t min_ns, max_ns; /* valid when count > 0 */
	uint64_t inside_ns; /* values that stats_is_inside(), from min_ns on */
	uint64_t sum_ns;
	unsigned __int128 sum_squares;
	uint64_t bins[STATS_BINS];
};

/* Value (ns) -> bin, and bin -> its middle; fio-compatible. */
static inline unsigned stats_bin(uint64_t ns)
{
	/* Above 128 the six bits below the highest one, else the value itself. */
	unsigned shift = 57u - (unsigned)__builtin_clzll(ns | 64);
	uint64_t bin = shift * 64u + (ns >> shift);

	return bin < STATS_BINS ? (unsigned)bin : STATS_BINS - 1;
}

/* The same for values below STATS_NS_BINNED: 17 s, all that have a bin of their own. */
#define STATS_NS_BINNED (1ull << 34)
static inline unsigned stats_bin_below(uint64_t ns)
{
	unsigned shift = 57u - (unsigned)__builtin_clzll(ns | 64);

	return shift * 64u + (unsigned)(ns >> shift);
}
uint64_t stats_bin_value_ns(unsigned bin);

/* Moves the ends of [min, max] to hold ns, before it is counted. */
void stats_latency_extend(struct stats_latency *s, uint64_t ns);

/*
 * Within [min, max] and below STATS_NS_BINNED, found by one comparison: nothing
 * is left to decide. Zeroed memory works too: nothing is inside.
 */
static inline bool stats_is_inside(const struct stats_latency *s, uint64_t ns)
{
	return ns - s->min_ns < s->inside_ns;
}

/* A value that is inside; without the count, and without the histogram. */
static inline void stats_sums_add_inside(struct stats_latency *s, uint64_t ns)
{
	s->sum_ns += ns;
	wide_add_square(&s->sum_squares, ns);
}

/* Any value, without the histogram. */
static inline void stats_summary_add(struct stats_latency *s, uint64_t ns)
{
	if (UNLIKELY(!stats_is_inside(s, ns)))
		stats_latency_extend(s, ns);
	s->count++;
	stats_sums_add_inside(s, ns);
}

/* The same value `count` times; count > 0, and all of it together fits 64 bits. */
static inline void stats_summary_add_many(struct stats_latency *s, uint64_t ns, uint32_t count)
{
	if (UNLIKELY(!stats_is_inside(s, ns)))
		stats_latency_extend(s, ns);
	s->count += count;
	s->sum_ns += ns * count;
	s->sum_squares += (unsigned __int128)ns * (ns * count);
}

static inline void stats_latency_add(struct stats_latency *s, uint64_t ns)
{
	stats_summary_add(s, ns);
	s->bins[stats_bin(ns)]++;
}

void stats_latency_reset(struct stats_latency *s);
void stats_latency_merge(struct stats_latency *into, const struct stats_latency *from);
double stats_latency_mean(const struct stats_latency *s);
double stats_latency_stddev(const struct stats_latency *s); /* sample, n-1 */

/* fio's rule: smallest bin whose running count >= p/100*N; its middle value. */
uint64_t stats_percentile_ns(const struct stats_latency *s, double percent);

/* bw_/iops_ samples: one per interval with progress (fio's 500 ms). */
struct stats_samples {
	uint64_t count, min, max;
	double mean, sum_squared_deviation; /* Welford; added when merged */
};
void stats_samples_add(struct stats_samples *s, double value);
void stats_samples_merge(struct stats_samples *into, const struct stats_samples *from);

/* One direction of one job. */
struct stats_direction {
	uint64_t total_ios; /* issued */
	uint64_t io_bytes; /* completed */
	uint64_t completed;
	uint64_t short_ios, drop_ios;
	uint64_t runtime_ms;
	struct stats_latency slat, clat, lat;
	struct stats_samples bw_kib, iops;
};

enum { STATS_DEPTH_LEVELS = 7 };

/* All that one job, or one reporting group, measured. */
struct stats_job {
	struct stats_direction direction[DIR_COUNT];
	struct stats_latency sync;
	uint64_t sync_total;
	uint64_t depth_level[STATS_DEPTH_LEVELS]; /* 1,2,4,8,16,32,>=64 at submit */
	uint64_t submit_level[STATS_DEPTH_LEVELS]; /* 0,4,8,16,32,64,>=64 per call */
	uint64_t complete_level[STATS_DEPTH_LEVELS];
	uint64_t submit_calls, complete_calls;
	struct stats_latency scheduled; /* from intended start; rated jobs */
	uint64_t job_runtime_ms;
	uint64_t busy_tsc, system_tsc, total_tsc; /* of the job's CPU */
	uint64_t total_errors;
	int first_error; /* errno numbers, as fio reports them */
	int error;
	uint64_t sequence_digest;
};

void stats_direction_merge(struct stats_direction *into, const struct stats_direction *from);

/* As fio merges the jobs of a group. */
void stats_job_merge(struct stats_job *into, const struct stats_job *from);

static inline unsigned stats_depth_level(uint32_t depth)
{
	unsigned top = depth ? 31u - (unsigned)__builtin_clz(depth) : 0;
	return top < 6 ? top : 6;
}

/* Levels of `count` I/Os submitted when `depth` of them were in flight already; so often. */
static inline void stats_add_depths(uint64_t levels[STATS_DEPTH_LEVELS], uint32_t depth,
				    uint32_t count, uint64_t times)
{
	while (count) {
		unsigned level = MIN(31u ^ (unsigned)__builtin_clz(depth + 1), 6u);
		uint32_t here = count;
		if (level < STATS_DEPTH_LEVELS - 1)
			here = MIN(count, (2u << level) - 1 - depth);
		levels[level] += here * times;
		depth += here;
		count -= here;
	}
}

static inline unsigned stats_batch_level(uint32_t batch)
{
	if (!batch)
		return 0;
	if (batch <= 4)
		return 1;
	unsigned top = 32u - (unsigned)__builtin_clz(batch - 1); /* ceil(log2) */
	return top - 1 < 6 ? top - 1 : 6;
}

/* `times` submissions of `accepted` I/Os when `in_flight` were out already. */
static inline void stats_add_batches(struct stats_job *s, uint32_t in_flight, uint32_t accepted,
				     uint64_t times)
{
	s->submit_calls += times;
	s->submit_level[stats_batch_level(accepted)] += times;
	stats_add_depths(s->depth_level, in_flight, accepted, times);
}

#endif
