/* SPDX-License-Identifier: MIT */
/*
 * What a job is watched for: a latency target leads to the deepest queue that keeps it,
 * a latency above the limit and a rate below one end the job.
 */
#include "tests/unit/bench/core/runner_rig.h"

#define DEPTH_JOB "[a]\nfilename=/dev/vda\nrw=randread\nbs=4k\nioengine=libaio\nnorandommap\n" \
		  "time_based\nruntime=10\n"

/*
 * Latencies are the depth times 10 us: 12 is the most that keeps 120 us. What a window
 * finds in flight from a deeper one may be late.
 */
static void a_latency_target_finds_the_depth_that_keeps_it(void **state)
{
	(void)state;
	rig_disk.latency_ns = 0;
	rig_disk.share_ns = 10 * NS_PER_US;
	rig_begin(DEPTH_JOB "iodepth=32\nlatency_target=120\nlatency_window=2ms\n"
			    "latency_percentile=50\n");
	rig_run_to_end();
	assert_int_equal(runner.jobs[0].pace->search.depth, 12);
	assert_int_equal(runner.jobs[0].stats->error, 0);
	/* The last window alone is measured. */
	assert_in_range(runner.jobs[0].finish_tsc - runner.jobs[0].start_tsc, 2 * NS_PER_MS,
			2 * NS_PER_MS + 120 * NS_PER_US);
	assert_in_range(runner.jobs[0].stats->direction[DIR_READ].lat.max_ns, 1, 120 * NS_PER_US);
}

static void a_target_that_no_depth_keeps_ends_the_job(void **state)
{
	(void)state;
	rig_disk.latency_ns = 0;
	rig_disk.share_ns = 10 * NS_PER_US;
	rig_begin(DEPTH_JOB "iodepth=32\nlatency_target=1\nlatency_window=2ms\n"
			    "latency_percentile=50\n");
	rig_run_to_end();
	assert_int_equal(runner.jobs[0].stats->error, ETIMEDOUT_LINUX);
}

static void a_latency_above_the_limit_ends_the_job(void **state)
{
	(void)state;
	rig_disk.latency_ns = 100 * NS_PER_US;
	rig_begin(DEPTH_JOB "iodepth=1\nmax_latency=99us\n");
	rig_run_to_end();
	assert_int_equal(runner.jobs[0].stats->error, ETIMEDOUT_LINUX);
	assert_int_equal(rig_io_count, 1);
}

static void a_latency_at_the_limit_does_not(void **state)
{
	(void)state;
	rig_disk.latency_ns = 100 * NS_PER_US;
	rig_begin(DEPTH_JOB "iodepth=1\nmax_latency=100us\nnumber_ios=50\n");
	rig_run_ns(4 * NS_PER_MS);
	assert_int_equal(runner.jobs[0].stats->error, 0);
	assert_int_equal(rig_io_count, 40);
}

/* 500 I/Os per second, looked at after two seconds and a cycle. */
static void a_rate_below_the_least_ends_the_job(void **state)
{
	(void)state;
	rig_disk.latency_ns = 2 * NS_PER_MS;
	rig_begin(DEPTH_JOB "iodepth=1\nrate_iops_min=501\nratecycle=200\n");
	rig_run_to_end();
	assert_int_equal(runner.jobs[0].stats->error, EIO_LINUX);
	assert_in_range(runner.jobs[0].finish_tsc - runner.jobs[0].start_tsc,
			2200 * NS_PER_MS, 2203 * NS_PER_MS);
}

static void the_least_rate_is_enough(void **state)
{
	(void)state;
	rig_disk.latency_ns = 2 * NS_PER_MS;
	rig_begin(DEPTH_JOB "iodepth=1\nrate_iops_min=499\nratecycle=200\n");
	rig_run_ns(3 * NS_PER_S);
	assert_int_equal(runner.jobs[0].stats->error, 0);
	assert_int_equal(runner.jobs[0].phase, PHASE_RUNNING);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RUNNER_TEST(a_latency_target_finds_the_depth_that_keeps_it),
		RUNNER_TEST(a_target_that_no_depth_keeps_ends_the_job),
		RUNNER_TEST(a_latency_above_the_limit_ends_the_job),
		RUNNER_TEST(a_latency_at_the_limit_does_not),
		RUNNER_TEST(a_rate_below_the_least_ends_the_job),
		RUNNER_TEST(the_least_rate_is_enough),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
