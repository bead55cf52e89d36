/* SPDX-License-Identifier: MIT */
/*
 * Latency histograms and rate samples: what is done with them off the path.
 *
 * The histogram is fio's: values below 128 ns have a bin each, every power of
 * two above is cut into 64. Sums are kept as integers, the squares in 128 bits,
 * so means and deviations are exact however long the run and in whatever order
 * groups are merged. Percentiles reproduce fio's arithmetic, which compares
 * counts with an 80-bit float product; see percentile_reached().
 *
 * Statistics belong to one job and its CPU while the job runs; reports read
 * them after it ended.
 */
#include "bench/measure/stats.h"

#include "bench/lib/math.h"
#include "bench/lib/wide.h"
#include "kernel/lib/mem.h"

uint64_t stats_bin_value_ns(unsigned bin)
{
	if (bin < 128)
		return bin;
	unsigned shift = bin / 64 - 1;

	/* floor((bin % 64 + 0.5) * 2^shift) above the group's start */
	return (1ull << (shift + 6)) + ((2 * (uint64_t)(bin % 64) + 1) << shift >> 1);
}

static void set_inside(struct stats_latency *s)
{
	uint64_t end_ns = MIN(s->max_ns + 1, STATS_NS_BINNED);

	s->inside_ns = end_ns - MIN(s->min_ns, end_ns);
}

void stats_latency_extend(struct stats_latency *s, uint64_t ns)
{
	const bool first = s->count == 0;

	if (first || ns < s->min_ns)
		s->min_ns = ns;
	if (first || ns > s->max_ns)
		s->max_ns = ns;
	set_inside(s);
}

void stats_latency_reset(struct stats_latency *s)
{
	memset(s, 0, sizeof(*s));
}

void stats_latency_merge(struct stats_latency *into, const struct stats_latency *from)
{
	if (!from->count)
		return;
	if (!into->count || from->min_ns < into->min_ns)
		into->min_ns = from->min_ns;
	if (!into->count || from->max_ns > into->max_ns)
		into->max_ns = from->max_ns;
	set_inside(into);
	into->count += from->count;
	into->sum_ns += from->sum_ns;
	into->sum_squares += from->sum_squares;
	for (unsigned i = 0; i < STATS_BINS; i++)
		into->bins[i] += from->bins[i];
}

double stats_latency_mean(const struct stats_latency *s)
{
	return s->count ? (double)s->sum_ns / (double)s->count : 0;
}

double stats_latency_stddev(const struct stats_latency *s)
{
	if (s->count < 2)
		return 0;
	/*
	 * Deviations from the integer part of the mean: their sum of squares is
	 * below sum_squares, so it is right modulo 2^128 whatever the terms are.
	 */
	uint64_t base = s->sum_ns / s->count, rest = s->sum_ns % s->count;
	unsigned __int128 squares = s->sum_squares -
				    2 * (unsigned __int128)base * s->sum_ns +
				    (unsigned __int128)base * base * s->count;
	double high = (double)(uint64_t)(squares >> 64), low = (double)(uint64_t)squares;
	double count = (double)s->count;

	return math_sqrt((high * 0x1p64 + low - (double)rest * (double)rest / count) /
			 (count - 1));
}

/* A product or quotient rounded to 64 bits: value * 2^exponent. */
struct extended {
	uint64_t mantissa;
	int exponent;
};

/* value * 2^exponent rounded to 64 significant bits, ties to even. */
static struct extended extended_round(unsigned __int128 value, int exponent)
{
	struct extended result = { 0, exponent };
	unsigned shift = 0;

	if (value >> 64)
		shift = 64 - (unsigned)__builtin_clzll((uint64_t)(value >> 64));
	result.mantissa = (uint64_t)(value >> shift);
	result.exponent += (int)shift;
	if (shift) {
		unsigned __int128 half = (unsigned __int128)1 << (shift - 1);
		unsigned __int128 rest = value & (half * 2 - 1);

		if ((rest > half || (rest == half && (result.mantissa & 1))) &&
		    ++result.mantissa == 0) {
			result.mantissa = 1ull << 63;
			result.exponent++;
		}
	}
	return result;
}

/*
 * fio's threshold p / 100 * count, where p is a double and the two operations
 * round to the 64 bits of an 80-bit float. Exact tenths are not representable,
 * so a plain fraction would sometimes pick the bin before fio's.
 */
static struct extended percentile_threshold(double percent, uint64_t count)
{
	uint64_t scaled = (uint64_t)(percent * 0x1p46); /* < 2^53: exact, or beyond 53 bits */
	int exponent = -46;

	/* More bits of a small percentage; of one below 2^-57 the last ones make no difference. */
	while (!(scaled >> 52) && exponent > -46 - 63) {
		exponent--;
		scaled = (uint64_t)(percent * 0x1p46 * (double)(1ull << (-46 - exponent)));
	}
	/* scaled / 100 with 64 further bits, the last one sticky; scaled < 2^53 */
	uint64_t remainder, high = scaled / 100;
	uint64_t low = wide_divide(scaled % 100, 0, 100, &remainder);
	unsigned __int128 quotient = (unsigned __int128)high << 65 |
				     (unsigned __int128)low << 1 | (remainder != 0);
	struct extended share = extended_round(quotient, exponent - 65);

	return extended_round((unsigned __int128)share.mantissa * count, share.exponent);
}

/* sum >= threshold? */
static bool percentile_reached(uint64_t sum, struct extended threshold)
{
	if (threshold.exponent >= 0)
		return true; /* p > 100 only */
	if (threshold.exponent <= -64)
		return sum > 0 || threshold.mantissa == 0;
	return (unsigned __int128)sum << -threshold.exponent >= threshold.mantissa;
}

uint64_t stats_percentile_ns(const struct stats_latency *s, double percent)
{
	struct extended threshold = percentile_threshold(percent, s->count);
	uint64_t sum = 0;
	unsigned last = 0;

	for (unsigned bin = 0; bin < STATS_BINS; bin++) {
		if (!s->bins[bin])
			continue;
		last = bin;
		sum += s->bins[bin];
		if (percentile_reached(sum, threshold))
			break;
	}
	return stats_bin_value_ns(last);
}

void stats_samples_add(struct stats_samples *s, double value)
{
	uint64_t whole = value > 0 ? (uint64_t)value : 0;
	double delta = value - s->mean;

	if (!s->count || whole < s->min)
		s->min = whole;
	if (!s->count || whole > s->max)
		s->max = whole;
	s->count++;
	s->mean += delta / (double)s->count;
	s->sum_squared_deviation += delta * (value - s->mean);
}

void stats_samples_merge(struct stats_samples *into, const struct stats_samples *from)
{
	into->count += from->count;
	into->min += from->min;
	into->max += from->max;
	into->mean += from->mean;
	into->sum_squared_deviation += from->sum_squared_deviation;
}

void stats_direction_merge(struct stats_direction *into, const struct stats_direction *from)
{
	into->total_ios += from->total_ios;
	into->io_bytes += from->io_bytes;
	into->completed += from->completed;
	into->short_ios += from->short_ios;
	into->drop_ios += from->drop_ios;
	into->runtime_ms = MAX(into->runtime_ms, from->runtime_ms);
	stats_latency_merge(&into->slat, &from->slat);
	stats_latency_merge(&into->clat, &from->clat);
	stats_latency_merge(&into->lat, &from->lat);
	stats_samples_merge(&into->bw_kib, &from->bw_kib);
	stats_samples_merge(&into->iops, &from->iops);
}

void stats_job_merge(struct stats_job *into, const struct stats_job *from)
{
	for (unsigned d = 0; d < DIR_COUNT; d++)
		stats_direction_merge(&into->direction[d], &from->direction[d]);
	stats_latency_merge(&into->sync, &from->sync);
	stats_latency_merge(&into->scheduled, &from->scheduled);
	into->sync_total += from->sync_total;
	for (unsigned i = 0; i < STATS_DEPTH_LEVELS; i++) {
		into->depth_level[i] += from->depth_level[i];
		into->submit_level[i] += from->submit_level[i];
		into->complete_level[i] += from->complete_level[i];
	}
	into->submit_calls += from->submit_calls;
	into->complete_calls += from->complete_calls;
	into->job_runtime_ms += from->job_runtime_ms;
	into->busy_tsc += from->busy_tsc;
	into->system_tsc += from->system_tsc;
	into->total_tsc += from->total_tsc;
	into->total_errors += from->total_errors;
	if (!into->first_error)
		into->first_error = from->first_error;
	if (!into->error)
		into->error = from->error;
	into->sequence_digest += from->sequence_digest;
}
