/* SPDX-License-Identifier: MIT */
/* Histogram, percentiles and merging against known values and slow arithmetic. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "bench/lib/random.h"
#include "bench/measure/stats.h"

static struct stats_latency a, b, both;

static void bins_are_fios(void **state)
{
	static const struct {
		uint64_t ns;
		unsigned bin;
		uint64_t value;
	} cases[] = {
		{ 0, 0, 0 }, { 1, 1, 1 }, { 127, 127, 127 }, { 128, 128, 129 }, { 130, 129, 131 },
		{ 255, 191, 255 }, { 256, 192, 258 }, { 1000, 317, 1004 }, { 4096, 448, 4128 },
		{ 100000, 737, 99840 }, { 1 << 20, 960, 1056768 },
		{ 1ull << 33, 1792, 8657043456 }, { 1ull << 40, 1855, 17112760320 },
		{ UINT64_MAX, 1855, 17112760320 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		assert_int_equal(stats_bin(cases[i].ns), cases[i].bin);
		assert_int_equal(stats_bin_value_ns(cases[i].bin), cases[i].value);
	}
}

static void a_bins_middle_lies_in_it_and_is_close_to_all_its_values(void **state)
{
	(void)state;
	for (unsigned bin = 0; bin < STATS_BINS; bin++)
		assert_int_equal(stats_bin(stats_bin_value_ns(bin)), bin);
	for (uint64_t ns = 1; ns < 17000000000; ns += ns / 300 + 1) {
		double value = (double)stats_bin_value_ns(stats_bin(ns));

		assert_true(fabs(value - (double)ns) <= (double)ns / 128);
	}
}

/* Both latencies of the pair and the union, added value by value. */
static void fill_pair(unsigned seed)
{
	struct random_stream random;

	memset(&a, 0, sizeof(a));
	memset(&b, 0xa5, sizeof(b));
	stats_latency_reset(&b);
	memset(&both, 0, sizeof(both));
	random_seed(&random, false, seed);
	for (unsigned i = 0; i < 5000; i++) {
		uint64_t ns = random_next_32(&random) >> random_between(&random, 0, 31);

		stats_latency_add(i % 3 ? &a : &b, ns);
		stats_latency_add(&both, ns);
	}
}

static void merging_equals_adding_everything_to_one(void **state)
{
	(void)state;
	for (unsigned seed = 1; seed < 20; seed++) {
		fill_pair(seed);
		stats_latency_merge(&a, &b);
		assert_memory_equal(&a, &both, sizeof(a));
	}
	memset(&a, 0, sizeof(a));
	stats_latency_merge(&both, &a); /* nothing */
	stats_latency_merge(&a, &both);
	assert_memory_equal(&a, &both, sizeof(a));

	stats_latency_reset(&a);
	stats_latency_reset(&both);
	stats_latency_add(&both, 1000);
	stats_latency_merge(&a, &both);
	assert_int_equal(a.min_ns, 1000);
}

/* The fast way counts these without looking again. */
static void what_is_inside_has_a_bin_of_its_own(void **state)
{
	static const uint64_t values[] = { 0, 1, 63, 64, 127, 128, 129, 255, 256, 1000, 123456789,
					   STATS_NS_BINNED / 2, STATS_NS_BINNED - 1,
					   STATS_NS_BINNED, STATS_NS_BINNED + 1, UINT64_MAX - 1 };

	(void)state;
	stats_latency_reset(&a);
	for (size_t i = 0; i < ARRAY_COUNT(values); i++)
		assert_false(stats_is_inside(&a, values[i]));
	stats_latency_add(&a, 1);
	stats_latency_add(&a, UINT64_MAX - 1);
	for (size_t i = 0; i < ARRAY_COUNT(values); i++) {
		bool inside = values[i] > 0 && values[i] < STATS_NS_BINNED;

		assert_int_equal(stats_is_inside(&a, values[i]), inside);
		if (values[i] < STATS_NS_BINNED)
			assert_int_equal(stats_bin_below(values[i]), stats_bin(values[i]));
	}
}

static void minimum_and_maximum_hold_whatever_comes_first(void **state)
{
	static const uint64_t orders[][3] = { { 5, 9, 7 }, { 9, 5, 7 }, { 7, 9, 5 }, { 0, 1, 0 },
					      { 1, 0, 1 }, { 7, 7, 7 }, { UINT64_MAX, 0, 3 } };

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(orders); i++) {
		uint64_t least = UINT64_MAX, most = 0;

		stats_latency_reset(&a);
		for (unsigned k = 0; k < 3; k++) {
			stats_latency_add(&a, orders[i][k]);
			least = MIN(least, orders[i][k]);
			most = MAX(most, orders[i][k]);
			assert_int_equal(a.min_ns, least);
			assert_int_equal(a.max_ns, most);
			assert_int_equal(a.count, k + 1);
		}
	}
}

static void adding_many_equals_adding_each(void **state)
{
	static const struct {
		uint64_t ns;
		uint32_t count;
	} runs[] = { { 500, 7 }, { 3, 1 }, { 900, 2 }, { 0, 4 }, { 900, 31 } };

	(void)state;
	stats_latency_reset(&a);
	stats_latency_reset(&b);
	for (size_t i = 0; i < ARRAY_COUNT(runs); i++) {
		stats_summary_add_many(&a, runs[i].ns, runs[i].count);
		for (uint32_t k = 0; k < runs[i].count; k++)
			stats_summary_add(&b, runs[i].ns);
		assert_memory_equal(&a, &b, sizeof(a));
	}
}

static void mean_and_deviation_are_exact_far_from_zero(void **state)
{
	(void)state;
	stats_latency_reset(&a);
	assert_true(stats_latency_mean(&a) == 0 && stats_latency_stddev(&a) == 0);
	stats_latency_add(&a, 1000000000000000);
	assert_true(stats_latency_mean(&a) == 1e15 && stats_latency_stddev(&a) == 0);
	stats_latency_add(&a, 1000000000000003);
	stats_latency_add(&a, 1000000000000006);
	assert_true(stats_latency_mean(&a) == 1000000000000003.0);
	assert_true(stats_latency_stddev(&a) == 3.0);

	/* 1..1000: variance n (n + 1) / 12 */
	stats_latency_reset(&a);
	for (unsigned i = 1; i <= 1000; i++)
		stats_latency_add(&a, i);
	assert_true(stats_latency_mean(&a) == 500.5);
	assert_true(fabs(stats_latency_stddev(&a) - sqrt(1000.0 * 1001 / 12)) < 1e-9);

	/* 2^20 values of 2^50: sums beyond 64 bits, the squares beyond 2^119 */
	stats_latency_reset(&a);
	for (unsigned i = 0; i < 1 << 12; i++)
		stats_latency_add(&a, (1ull << 50) + i % 2);
	assert_true(fabs(stats_latency_stddev(&a) - 0.5 * sqrt(4096.0 / 4095)) < 1e-12);
}

/* fio's walk, with the host's 80-bit floats. */
static uint64_t percentile_in_long_doubles(const struct stats_latency *s, double percent)
{
	uint64_t sum = 0;

	for (unsigned bin = 0; bin < STATS_BINS; bin++) {
		sum += s->bins[bin];
		if (sum && sum >= ((long double)percent / 100.0L * s->count))
			return stats_bin_value_ns(bin);
	}
	return 0;
}

static void percentiles_pick_the_bin_that_fio_picks(void **state)
{
	static const double percents[] = { 0.1, 1, 5, 12.5, 33.3, 50, 66.6, 70, 90, 95, 99, 99.5,
					   99.9, 99.95, 99.99, 99.999, 99.9999, 99.9999999,
					   99.99999999999, 100, 0.000001, 0.000123, 1e-15, 1e-22 };
	struct random_stream random;

	(void)state;
	random_seed(&random, false, 5);
	for (unsigned round = 0; round < 3000; round++) {
		uint32_t count = round % 3 ? 1000 * random_between(&random, 1, 50) :
					     random_between(&random, 1, 5000);

		stats_latency_reset(&a);
		/* One bin per value: every threshold matters. */
		for (uint32_t left = count; left;) {
			uint32_t some = random_between(&random, 1, left < 97 ? left : 97);
			unsigned bin = random_between(&random, 0, STATS_BINS - 1);

			a.bins[bin] += some;
			left -= some;
		}
		a.count = count;
		for (size_t i = 0; i < ARRAY_COUNT(percents); i++)
			assert_int_equal(stats_percentile_ns(&a, percents[i]),
					 percentile_in_long_doubles(&a, percents[i]));
	}
}

/* Counts where an exact threshold would end a bin earlier than fio does. */
static void percentiles_keep_fios_rounding(void **state)
{
	unsigned differ = 0;

	(void)state;
	for (uint32_t count = 1000; count <= 200000; count += 1000) {
		uint32_t below = count / 1000 * 999;

		stats_latency_reset(&a);
		a.count = count;
		a.bins[10] = below;
		a.bins[20] = count - below;
		assert_int_equal(stats_percentile_ns(&a, 99.9),
				 percentile_in_long_doubles(&a, 99.9));
		differ += stats_percentile_ns(&a, 99.9) == 20;
	}
	assert_true(differ > 0);
}

static void samples_keep_mean_and_deviation(void **state)
{
	static const double values[] = { 10, 20.5, 15, 90, 3 };
	struct stats_samples s = { 0 }, sum;
	double mean = 0, squares = 0;

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(values); i++) {
		stats_samples_add(&s, values[i]);
		mean += values[i] / (double)ARRAY_COUNT(values);
	}
	for (size_t i = 0; i < ARRAY_COUNT(values); i++)
		squares += (values[i] - mean) * (values[i] - mean);
	assert_int_equal(s.count, 5);
	assert_int_equal(s.min, 3);
	assert_int_equal(s.max, 90);
	assert_true(fabs(s.mean - mean) < 1e-9);
	assert_true(fabs(s.sum_squared_deviation - squares) < 1e-9);

	/* A group's samples are sums, as in fio. */
	sum = s;
	stats_samples_merge(&sum, &s);
	assert_int_equal(sum.count, 10);
	assert_int_equal(sum.min, 6);
	assert_int_equal(sum.max, 180);
	assert_true(fabs(sum.mean - 2 * mean) < 1e-9);
}

static void a_group_adds_counts_and_takes_the_longest_time_and_the_first_error(void **state)
{
	static struct stats_job group, other;

	(void)state;
	group.direction[DIR_READ].io_bytes = 100;
	group.direction[DIR_READ].runtime_ms = 7;
	group.job_runtime_ms = 7;
	group.depth_level[2] = 5;
	other.direction[DIR_READ].io_bytes = 50;
	other.direction[DIR_READ].total_ios = 3;
	other.direction[DIR_READ].runtime_ms = 4;
	other.direction[DIR_WRITE].runtime_ms = 9;
	other.job_runtime_ms = 4;
	other.depth_level[2] = 6;
	other.error = 84;
	other.first_error = 5;
	other.total_errors = 2;
	other.sync_total = 8;
	stats_latency_add(&other.sync, 30);
	stats_job_merge(&group, &other);
	other.error = 5;
	stats_job_merge(&group, &other);
	assert_int_equal(group.direction[DIR_READ].io_bytes, 200);
	assert_int_equal(group.direction[DIR_READ].total_ios, 6);
	assert_int_equal(group.direction[DIR_READ].runtime_ms, 7);
	assert_int_equal(group.direction[DIR_WRITE].runtime_ms, 9);
	assert_int_equal(group.job_runtime_ms, 15);
	assert_int_equal(group.depth_level[2], 17);
	assert_int_equal(group.error, 84);
	assert_int_equal(group.first_error, 5);
	assert_int_equal(group.total_errors, 4);
	assert_int_equal(group.sync_total, 16);
	assert_int_equal(group.sync.count, 2);
}

/* Distinct numbers everywhere, so that a field that is forgotten or mixed up shows. */
static void fill_job(struct stats_job *job, uint64_t factor)
{
	uint64_t next = 1;

	for (unsigned d = 0; d < DIR_COUNT; d++) {
		struct stats_direction *to = &job->direction[d];

		to->total_ios = factor * next++;
		to->io_bytes = factor * next++;
		to->completed = factor * next++;
		to->short_ios = factor * next++;
		to->drop_ios = factor * next++;
		stats_latency_add(&to->slat, factor * next++);
		stats_latency_add(&to->clat, factor * next++);
		stats_latency_add(&to->lat, factor * next++);
		to->bw_kib.count = factor * next++;
		to->iops.count = factor * next++;
	}
	for (unsigned i = 0; i < STATS_DEPTH_LEVELS; i++) {
		job->depth_level[i] = factor * next++;
		job->submit_level[i] = factor * next++;
		job->complete_level[i] = factor * next++;
	}
	job->sync_total = factor * next++;
	stats_latency_add(&job->sync, factor * next++);
	stats_latency_add(&job->scheduled, factor * next++);
	job->submit_calls = factor * next++;
	job->complete_calls = factor * next++;
	job->job_runtime_ms = factor * next++;
	job->busy_tsc = factor * next++;
	job->system_tsc = factor * next++;
	job->total_tsc = factor * next++;
	job->total_errors = factor * next++;
	job->sequence_digest = factor * next++;
}

static void a_merge_forgets_no_field(void **state)
{
	static struct stats_job one, two, sum;

	(void)state;
	fill_job(&one, 1);
	fill_job(&two, 1000);
	fill_job(&sum, 1001);
	for (unsigned d = 0; d < DIR_COUNT; d++) { /* two latencies, not one of the sum */
		struct stats_latency *to[] = { &sum.direction[d].slat, &sum.direction[d].clat,
					       &sum.direction[d].lat };
		uint64_t values[] = { to[0]->max_ns / 1001, to[1]->max_ns / 1001,
				      to[2]->max_ns / 1001 };

		for (unsigned i = 0; i < 3; i++) {
			stats_latency_reset(to[i]);
			stats_latency_add(to[i], values[i]);
			stats_latency_add(to[i], values[i] * 1000);
		}
	}
	struct stats_latency *others[] = { &sum.sync, &sum.scheduled };

	for (unsigned i = 0; i < 2; i++) {
		uint64_t value = others[i]->max_ns / 1001;

		stats_latency_reset(others[i]);
		stats_latency_add(others[i], value);
		stats_latency_add(others[i], value * 1000);
	}
	stats_job_merge(&one, &two);
	assert_memory_equal(&one, &sum, sizeof(sum));
}

static void levels_are_fios(void **state)
{
	static const uint32_t depths[][2] = { { 1, 0 }, { 2, 1 }, { 3, 1 }, { 4, 2 }, { 7, 2 },
					      { 8, 3 }, { 15, 3 }, { 16, 4 }, { 31, 4 }, { 32, 5 },
					      { 63, 5 }, { 64, 6 }, { 5000, 6 } };
	static const uint32_t batches[][2] = { { 0, 0 }, { 1, 1 }, { 4, 1 }, { 5, 2 }, { 8, 2 },
					       { 9, 3 }, { 16, 3 }, { 17, 4 }, { 32, 4 }, { 33, 5 },
					       { 64, 5 }, { 65, 6 }, { 5000, 6 } };

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(depths); i++)
		assert_int_equal(stats_depth_level(depths[i][0]), depths[i][1]);
	for (size_t i = 0; i < ARRAY_COUNT(batches); i++)
		assert_int_equal(stats_batch_level(batches[i][0]), batches[i][1]);
}

static void depths_of_a_batch_are_those_of_each(void **state)
{
	(void)state;
	for (uint32_t depth = 0; depth < 70; depth++) {
		for (uint32_t count = 0; count < 140; count++) {
			uint64_t levels[STATS_DEPTH_LEVELS] = { 0 };
			uint64_t each[STATS_DEPTH_LEVELS] = { 0 };

			uint64_t times = 1 + count % 3;

			stats_add_depths(levels, depth, count, times);
			for (uint32_t i = 1; i <= count; i++)
				each[stats_depth_level(depth + i)] += times;
			assert_memory_equal(levels, each, sizeof(levels));
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bins_are_fios),
		cmocka_unit_test(a_bins_middle_lies_in_it_and_is_close_to_all_its_values),
		cmocka_unit_test(merging_equals_adding_everything_to_one),
		cmocka_unit_test(what_is_inside_has_a_bin_of_its_own),
		cmocka_unit_test(minimum_and_maximum_hold_whatever_comes_first),
		cmocka_unit_test(adding_many_equals_adding_each),
		cmocka_unit_test(mean_and_deviation_are_exact_far_from_zero),
		cmocka_unit_test(percentiles_pick_the_bin_that_fio_picks),
		cmocka_unit_test(percentiles_keep_fios_rounding),
		cmocka_unit_test(samples_keep_mean_and_deviation),
		cmocka_unit_test(
			a_group_adds_counts_and_takes_the_longest_time_and_the_first_error),
		cmocka_unit_test(a_merge_forgets_no_field),
		cmocka_unit_test(levels_are_fios),
		cmocka_unit_test(depths_of_a_batch_are_those_of_each),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
