/* SPDX-License-Identifier: MIT */
/* Schedules: no drift, the mean and the shape of a poisson process. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bench/pace/schedule.h"

static struct job job;

static struct schedule begin(uint64_t bytes, uint32_t iops, uint32_t process)
{
	struct schedule s;

	job.min_bs[DIR_WRITE] = 4096;
	job.rate_bytes[DIR_WRITE] = bytes;
	job.rate_iops[DIR_WRITE] = iops;
	job.rate_process = process;
	schedule_init(&s, &job, DIR_WRITE, 1234567);
	return s;
}

static void without_a_rate_everything_is_due_at_once(void **state)
{
	struct schedule s = begin(0, 0, JOB_RATE_POISSON);

	(void)state;
	schedule_advance(&s, 4096);
	assert_false(schedule_is_rated(&s));
	assert_int_equal(s.due_ns, 0);
}

static void a_linear_schedule_does_not_drift(void **state)
{
	struct schedule s = begin(0, 300, JOB_RATE_LINEAR);

	(void)state;
	assert_int_equal(s.due_ns, 0);
	for (unsigned i = 0; i < 300 * 3600; i++)
		schedule_advance(&s, 4096);
	assert_int_equal(s.due_ns, 3600 * NS_PER_S);
}

static void a_rate_in_bytes_counts_lengths(void **state)
{
	struct schedule s = begin(1 << 20, 0, JOB_RATE_LINEAR);

	(void)state;
	schedule_advance(&s, 256 << 10);
	assert_int_equal(s.due_ns, NS_PER_S / 4);
	schedule_advance(&s, 768 << 10);
	assert_int_equal(s.due_ns, NS_PER_S);
}

static void a_rate_in_ios_is_of_the_smallest_blocks(void **state)
{
	struct schedule s = begin(0, 1000, JOB_RATE_LINEAR);

	(void)state;
	schedule_advance(&s, 8192);
	assert_int_equal(s.due_ns, 2 * NS_PER_MS);
}

static void what_no_clock_can_say_is_never_due(void **state)
{
	struct schedule s = begin(1, 0, JOB_RATE_LINEAR);

	(void)state;
	for (unsigned i = 0; i < 20; i++)
		schedule_advance(&s, 1u << 30);
	assert_int_equal(s.due_ns, SCHEDULE_NEVER);
}

/* Exponential: mean and deviation are equal, and 1/e of the distances exceed them. */
static void poisson_distances_are_exponential(void **state)
{
	enum { COUNT = 200000 };
	struct schedule s = begin(0, 2000, JOB_RATE_POISSON);
	double mean = NS_PER_S / 2000, squares = 0;
	unsigned long long above = 0;

	(void)state;
	assert_int_not_equal(s.due_ns, 0);
	s.due_ns = 0;
	for (unsigned i = 0; i < COUNT; i++) {
		uint64_t before = s.due_ns;

		schedule_advance(&s, 4096);
		double distance = (double)(s.due_ns - before);
		squares += (distance - mean) * (distance - mean);
		above += distance > mean;
	}
	assert_true(fabs((double)s.due_ns / COUNT / mean - 1) < 0.01);
	assert_true(fabs(sqrt(squares / COUNT) / mean - 1) < 0.02);
	assert_true(fabs((double)above / COUNT - exp(-1)) < 0.005);
}

/* A stream of zeroes draws nothing but 0, whose logarithm there is not. */
static void the_rarest_draw_is_due_some_day(void **state)
{
	struct schedule s = begin(0, 1000, JOB_RATE_POISSON);
	uint64_t before = s.due_ns;

	(void)state;
	s.random.taus88 = (struct random_taus88){ { 0, 0, 0 } };
	schedule_advance(&s, 4096);
	assert_in_range(s.due_ns - before, 22000000, 22400000); /* ln(2^32) ms */
}

static void poisson_of_a_rate_in_bytes_keeps_the_rate(void **state)
{
	struct schedule s = begin(1 << 20, 0, JOB_RATE_POISSON);
	uint64_t bytes = 0;

	(void)state;
	for (unsigned i = 0; i < 100000; i++) {
		uint32_t length = i % 3 ? 4096 : 65536;

		schedule_advance(&s, length);
		bytes += length;
	}
	double rate = (double)bytes / ((double)s.due_ns / 1e9);
	assert_true(fabs(rate / (1 << 20) - 1) < 0.02);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_a_rate_everything_is_due_at_once),
		cmocka_unit_test(a_linear_schedule_does_not_drift),
		cmocka_unit_test(a_rate_in_bytes_counts_lengths),
		cmocka_unit_test(a_rate_in_ios_is_of_the_smallest_blocks),
		cmocka_unit_test(what_no_clock_can_say_is_never_due),
		cmocka_unit_test(poisson_distances_are_exponential),
		cmocka_unit_test(the_rarest_draw_is_due_some_day),
		cmocka_unit_test(poisson_of_a_rate_in_bytes_keeps_the_rate),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
