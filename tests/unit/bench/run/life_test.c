/* SPDX-License-Identifier: MIT */
/*
 * Whose turn it is: jobs begin after their delay and behind their wall, on whatever CPU,
 * end with others, and take turns at a disk that has no room for all.
 */
#include "tests/unit/bench/core/runner_rig.h"

#define READS "[global]\nfilename=/dev/vda\nrw=read\nbs=4k\nioengine=libaio\niodepth=1\n"

static const struct rig_io *first_of(uint32_t job)
{
	for (uint32_t i = 0; i < rig_io_count; i++)
		if (rig_ios[i].job == job)
			return &rig_ios[i];
	fail_msg("job %u issued nothing", job);
	return NULL;
}

static uint32_t ios_of(uint32_t job)
{
	uint32_t count = 0;
	for (uint32_t i = 0; i < rig_io_count; i++)
		count += rig_ios[i].job == job;
	return count;
}

static void a_job_waits_for_its_delay(void **state)
{
	(void)state;
	rig_begin(READS "number_ios=4\n[a]\n[b]\nstartdelay=3ms\n");
	rig_run_to_end();
	assert_int_equal(first_of(0)->taken_ns, 0);
	assert_int_equal(first_of(1)->taken_ns, 3 * NS_PER_MS);
}

static void a_wall_waits_for_jobs_of_all_cpus(void **state)
{
	(void)state;
	rig_begin(READS "[a]\ncpus_allowed=0\nnumber_ios=10\n[b]\ncpus_allowed=1\nnumber_ios=20\n"
			"[c]\ncpus_allowed=0\nstonewall\nnumber_ios=1\n");
	rig_run_to_end();
	assert_int_equal(first_of(1)->taken_ns, 0);
	assert_in_range(first_of(2)->taken_ns, 20 * rig_disk.latency_ns,
			20 * rig_disk.latency_ns + RIG_TICK_NS);
}

static void exitall_ends_the_others(void **state)
{
	(void)state;
	rig_begin(READS "time_based\nruntime=10\n[a]\ncpus_allowed=0\n"
			"[b]\ncpus_allowed=1\nruntime=1ms\nexitall\n");
	rig_run_to_end();
	assert_in_range(ios_of(0), 20, 21);
}

/* Room for one of four that always want it. */
static void each_has_its_turn_at_a_full_queue(void **state)
{
	(void)state;
	rig_disk.room = 1;
	rig_begin(READS "cpus_allowed=0\ntime_based\nruntime=10\n[a]\n[b]\n[c]\n[d]\n");
	rig_run_ns(400 * rig_disk.latency_ns);
	for (uint32_t i = 0; i < 4; i++)
		assert_in_range(ios_of(i), 99, 101);
}

static void a_ramp_is_forgotten(void **state)
{
	(void)state;
	rig_begin(READS "time_based\nruntime=2ms\nramp_time=1ms\n[a]\nlat_percentiles=1\n");
	rig_run_to_end();
	assert_int_equal(ios_of(0), 60);
	assert_in_range(runner.jobs[0].stats->direction[DIR_READ].completed, 40, 41);
	assert_int_equal(runner.jobs[0].stats->job_runtime_ms, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RUNNER_TEST(a_job_waits_for_its_delay),
		RUNNER_TEST(a_wall_waits_for_jobs_of_all_cpus),
		RUNNER_TEST(exitall_ends_the_others),
		RUNNER_TEST(each_has_its_turn_at_a_full_queue),
		RUNNER_TEST(a_ramp_is_forgotten),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
