/* SPDX-License-Identifier: MIT */
/*
 * The gates of a job: what its rate, its pauses, its flow, the I/Os that overlap and
 * its low-water mark let through, and when.
 */
#include "tests/unit/bench/core/runner_rig.h"

#define MS NS_PER_MS

static void a_rate_issues_each_io_when_it_is_due(void **state)
{
	(void)state;
	rig_begin("[a]\nfilename=/dev/vda\nrw=randread\nbs=4k\nioengine=libaio\niodepth=4\n"
		  "norandommap\ntime_based\nruntime=1\nrate_iops=1000\n");
	rig_run_ns(100 * MS - 1);
	assert_int_equal(rig_io_count, 100);
	for (uint32_t i = 0; i < rig_io_count; i++)
		assert_int_equal(rig_ios[i].taken_ns, i * MS);
}

static void a_rate_in_bytes_counts_lengths(void **state)
{
	(void)state;
	rig_begin("[a]\nfilename=/dev/vda\nrw=read\nbs=8k\nioengine=libaio\niodepth=4\n"
		  "time_based\nruntime=1\nrate=8192000\n");
	rig_run_ns(50 * MS - 1);
	assert_int_equal(rig_io_count, 50);
	assert_int_equal(rig_ios[49].taken_ns, 49 * MS);
}

/* What was due while the disk was slow goes out at once, and its wait is measured. */
static void a_slow_disk_does_not_move_the_schedule(void **state)
{
	(void)state;
	rig_disk.latency_ns = 5 * MS;
	rig_begin("[a]\nfilename=/dev/vda\nrw=read\nbs=4k\niodepth=1\nnumber_ios=4\n"
		  "rate_iops=1000\n");
	rig_run_to_end();
	const struct stats_latency *scheduled = &runner.jobs[0].stats->scheduled;
	assert_int_equal(rig_io_count, 4);
	assert_int_equal(rig_ios[3].taken_ns, 15 * MS);
	/* Due at 0, 1, 2 and 3 ms, done at 5, 10, 15 and 20 ms; 0 is no moment to be late of. */
	assert_int_equal(scheduled->max_ns, 17 * MS);
}

static void a_job_thinks_after_so_many_ios(void **state)
{
	(void)state;
	rig_begin("[a]\nfilename=/dev/vda\nrw=read\nbs=4k\niodepth=1\nnumber_ios=7\n"
		  "thinktime=500\nthinktime_blocks=3\n");
	rig_run_to_end();
	assert_int_equal(rig_io_count, 7);
	for (uint32_t i = 1; i < 7; i++) {
		uint64_t pause = i % 3 ? 0 : 500 * NS_PER_US;
		assert_int_equal(rig_ios[i].taken_ns, rig_ios[i - 1].done_ns + pause);
	}
}

static uint64_t issued_by(uint32_t job)
{
	uint64_t count = 0;
	for (uint32_t i = 0; i < rig_io_count; i++)
		count += rig_ios[i].job == job;
	return count;
}

/* The disk would give both the same. */
static void a_flow_shares_by_weight_over_cpus(void **state)
{
	(void)state;
	rig_begin("[global]\nfilename=/dev/vda\nrw=randread\nbs=4k\niodepth=1\nnorandommap\n"
		  "time_based\nruntime=1\nflow_id=7\n"
		  "[a]\ncpus_allowed=0\nflow=1\n[b]\ncpus_allowed=1\nflow=3\n");
	rig_run_ns(40 * MS);
	uint64_t light = issued_by(0), heavy = issued_by(1);
	assert_in_range(heavy, 700, 800);
	assert_in_range(heavy, 3 * light - 3, 3 * light + 3);
}

/* One that is alone in its flow has all of it again. */
static void a_flow_forgets_a_job_that_is_over(void **state)
{
	(void)state;
	rig_begin("[global]\nfilename=/dev/vda\nrw=read\nbs=4k\niodepth=1\nflow_id=8\n"
		  "[a]\ncpus_allowed=0\nflow=1\nnumber_ios=10\n"
		  "[b]\ncpus_allowed=1\nflow=1\nnumber_ios=100\n");
	rig_run_to_end();
	assert_int_equal(issued_by(0), 10);
	assert_int_equal(issued_by(1), 100);
}

static void ios_that_overlap_wait_for_each_other(void **state)
{
	(void)state;
	rig_begin("[a]\nfilename=/dev/vda\nrw=randwrite\nbs=4k\nsize=64k\n"
		  "ioengine=libaio\niodepth=8\nnorandommap\nnumber_ios=400\nserialize_overlap=1\n");
	rig_run_to_end();
	assert_in_range(rig_io_count, 16, 400);
	for (uint32_t i = 0; i < rig_io_count; i++)
		for (uint32_t k = i + 1; k < rig_io_count; k++)
			assert_false(rig_ios[k].offset_bytes == rig_ios[i].offset_bytes &&
				     rig_ios[k].taken_ns < rig_ios[i].done_ns);
}

static void a_full_queue_falls_to_its_low_mark(void **state)
{
	(void)state;
	rig_disk.share_ns = 10 * NS_PER_US; /* they come back one by one */
	rig_begin("[a]\nfilename=/dev/vda\nrw=read\nbs=4k\nioengine=libaio\niodepth=8\n"
		  "iodepth_low=2\niodepth_batch=1\nnumber_ios=14\n");
	rig_run_to_end();
	for (uint32_t i = 0; i < 8; i++)
		assert_int_equal(rig_ios[i].taken_ns, 0);
	assert_int_equal(rig_ios[8].taken_ns, rig_ios[5].done_ns);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RUNNER_TEST(a_rate_issues_each_io_when_it_is_due),
		RUNNER_TEST(a_rate_in_bytes_counts_lengths),
		RUNNER_TEST(a_slow_disk_does_not_move_the_schedule),
		RUNNER_TEST(a_job_thinks_after_so_many_ios),
		RUNNER_TEST(a_flow_shares_by_weight_over_cpus),
		RUNNER_TEST(a_flow_forgets_a_job_that_is_over),
		RUNNER_TEST(ios_that_overlap_wait_for_each_other),
		RUNNER_TEST(a_full_queue_falls_to_its_low_mark),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
