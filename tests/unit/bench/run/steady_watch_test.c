/* SPDX-License-Identifier: MIT */
/*
 * steadystate=: a job whose rate has settled ends, one whose rate goes on falling does
 * not. The watch looks once per second.
 */
#include "bench/run/run_impl.h"
#include "tests/unit/bench/core/runner_rig.h"
#include "tests/unit/bench/job/job_rig.h"

/* The watches of a boot are set up once: both jobs are in one run. */
static void a_steady_job_ends_and_another_goes_on(void **state)
{
	(void)state;
	rig_disk.latency_ns = 10 * NS_PER_MS;
	rig_begin("[global]\nfilename=/dev/vda\nrw=randread\nbs=4k\niodepth=1\nnorandommap\n"
		  "time_based\nruntime=60\nsteadystate=iops_slope:0.5%\nsteadystate_duration=4\n"
		  "[even]\ncpus_allowed=0\n[slower]\ncpus_allowed=1\nthinktime=1\n");
	uint64_t look_ns = NS_PER_S;
	for (uint32_t second = 1; second <= 8; second++) {
		rig_run_ns(NS_PER_S);
		assert_int_equal(runner_steady_update(clock_tsc()) - clock_tsc(), look_ns);
		bool is_over = runner.jobs[0].phase == PHASE_FINISHED || runner.jobs[0].stopping;
		assert_int_equal(is_over, second >= 5); /* the first look only begins */
		rig_set.jobs[1].thinktime_us = second * 5000; /* slower every second */
	}
	assert_int_equal(runner.jobs[1].phase, PHASE_RUNNING);
	assert_false(runner.jobs[1].stopping);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RUNNER_TEST(a_steady_job_ends_and_another_goes_on),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
