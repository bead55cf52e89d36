/* SPDX-License-Identifier: MIT */
/* Seeds from names as fio computes them, shapes in their limits; sequences: generator_test. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "bench/sequence/distribution.h"

static void seeds_of_names_are_fios(void **state)
{
	/* Solved from the blocks that fio read of files with these names. */
	static const struct {
		const char *name;
		uint32_t seed;
	} names[] = {
		{ "f", 0x61121e47 }, { "g", 0xebf856eb }, { "zzz", 0x2d2731f2 },
		{ "/dev/vdb", 0x2111cce2 }, { "/dev/null0", 0x12f4b295 },
		{ "abcdefghijkl", 0xd855beeb }, { "abcdefghijklm", 0x59536a0b },
		{ "abcdefghijklmnopqrstuvwxyz", 0x47265a82 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(names); i++) {
		assert_int_equal(distribution_seed(names[i].name, 1), names[i].seed);
		assert_int_equal(distribution_seed(names[i].name, 3), 3 * names[i].seed);
	}
}

static struct job a_job(enum job_distribution kind, double value)
{
	return (struct job){ .distribution = kind, .distribution_value = value };
}

static void results_lie_below_the_number_of_ranges(void **state)
{
	static const uint64_t ranges[] = { 1, 2, 3, 10, 1000, 65536, 1000003, 1ull << 40 };
	const struct job jobs[] = { a_job(JOB_ZIPF, 1.2), a_job(JOB_ZIPF, 0.4),
				    a_job(JOB_ZIPF, 2.5), a_job(JOB_PARETO, 0.05),
				    a_job(JOB_PARETO, 0.95), a_job(JOB_NORMAL, 0),
				    a_job(JOB_NORMAL, 40) };

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(jobs) * ARRAY_COUNT(ranges); i++) {
		uint64_t n = ranges[i % ARRAY_COUNT(ranges)];
		const struct job *job = &jobs[i / ARRAY_COUNT(ranges)];
		struct distribution d = { 0 };

		if (job->distribution == JOB_ZIPF && n > 1000003)
			continue; /* ten million powers */
		distribution_init(&d, job, n, (uint32_t)i);
		for (unsigned k = 0; k < 3000; k++)
			assert_true(distribution_next(&d) < n);
	}
}

/* How many of 20000 draws hit the block that is hit most. */
static unsigned hottest(const struct job *job, uint64_t ranges)
{
	unsigned *hits = calloc(ranges, sizeof(*hits)), most = 0;
	struct distribution d = { 0 };

	distribution_init(&d, job, ranges, 17);
	for (unsigned k = 0; k < 20000; k++) {
		uint64_t block = distribution_next(&d);

		if (++hits[block] > most)
			most = hits[block];
	}
	free(hits);
	return most;
}

static void a_larger_theta_is_hotter(void **state)
{
	const struct job mild = a_job(JOB_ZIPF, 0.5), strong = a_job(JOB_ZIPF, 1.5);

	(void)state;
	/* 1 / zeta(1000, theta) is 1.6 % and 39 %; scattering throws some together. */
	assert_in_range(hottest(&mild, 1000), 250, 600);
	assert_in_range(hottest(&strong, 1000), 7400, 8200);
}

static void rewinding_repeats_the_draws(void **state)
{
	const struct job jobs[] = { a_job(JOB_ZIPF, 1.2), a_job(JOB_PARETO, 0.2),
				    a_job(JOB_NORMAL, 10) };

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(jobs); i++) {
		struct distribution d = { 0 };
		uint64_t first[100];

		distribution_init(&d, &jobs[i], 5000, 23);
		for (size_t k = 0; k < ARRAY_COUNT(first); k++)
			first[k] = distribution_next(&d);
		distribution_rewind(&d, &jobs[i]);
		for (size_t k = 0; k < ARRAY_COUNT(first); k++)
			assert_int_equal(distribution_next(&d), first[k]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(seeds_of_names_are_fios),
		cmocka_unit_test(results_lie_below_the_number_of_ranges),
		cmocka_unit_test(a_larger_theta_is_hotter),
		cmocka_unit_test(rewinding_repeats_the_draws),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
