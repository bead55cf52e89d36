/* SPDX-License-Identifier: MIT */
/*
 * What is noted of an I/O that came back: its latency, its bytes, and an error, which
 * ends the job unless it may go on. The same on the fast way as on the full one.
 */
#include "tests/unit/bench/core/runner_rig.h"

#define READS "[a]\nfilename=/dev/vda\nrw=read\nbs=4k\nioengine=libaio\n"

static const struct stats_direction *reads(void)
{
	return &runner.jobs[0].stats->direction[DIR_READ];
}

static void assert_latencies(void)
{
	assert_int_equal(reads()->completed, 32);
	assert_int_equal(reads()->io_bytes, 32 * 4096);
	assert_int_equal(reads()->clat.count, 32);
	/* Four at a time, each slower than the one before by its share. */
	assert_int_equal(reads()->clat.min_ns, 50 * NS_PER_US + 10 * NS_PER_US);
	assert_int_equal(reads()->clat.max_ns, 50 * NS_PER_US + 40 * NS_PER_US);
}

static void latencies_are_those_of_the_disk(void **state)
{
	(void)state;
	rig_disk.share_ns = 10 * NS_PER_US;
	rig_begin(READS "iodepth=4\niodepth_batch=4\nnumber_ios=32\nlat_percentiles=1\n");
	assert_false(runner.jobs[0].fast);
	rig_run_to_end();
	assert_latencies();
}

static void the_fast_way_notes_the_same(void **state)
{
	(void)state;
	rig_disk.share_ns = 10 * NS_PER_US;
	rig_begin(READS "iodepth=4\niodepth_batch=4\nnumber_ios=32\n");
	assert_true(runner.jobs[0].fast);
	rig_run_to_end();
	assert_latencies();
}

static void an_error_ends_the_job(void **state)
{
	(void)state;
	rig_disk.fails_at = 5;
	rig_begin(READS "iodepth=1\nnumber_ios=32\n");
	rig_run_to_end();
	assert_int_equal(rig_io_count, 5);
	assert_int_equal(reads()->completed, 4);
	assert_int_equal(runner.jobs[0].stats->error, EIO_LINUX);
	assert_int_equal(runner.jobs[0].stats->total_errors, 1);
}

static void a_tolerated_error_is_counted_and_the_job_goes_on(void **state)
{
	(void)state;
	rig_disk.fails_at = 5;
	rig_begin(READS "iodepth=1\nnumber_ios=32\ncontinue_on_error=io\n");
	rig_run_to_end();
	assert_int_equal(rig_io_count, 32);
	assert_int_equal(reads()->completed, 31);
	assert_int_equal(runner.jobs[0].stats->total_errors, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RUNNER_TEST(latencies_are_those_of_the_disk),
		RUNNER_TEST(the_fast_way_notes_the_same),
		RUNNER_TEST(an_error_ends_the_job),
		RUNNER_TEST(a_tolerated_error_is_counted_and_the_job_goes_on),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
