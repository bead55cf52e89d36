/* SPDX-License-Identifier: MIT */
/*
 * What a job issues, and where it ends: its number of I/Os, its passes, its flushes
 * behind so many writes.
 */
#include "tests/unit/bench/core/runner_rig.h"

#define WRITES "[a]\nfilename=/dev/vda\nrw=write\nbs=4k\nsize=64k\nioengine=libaio\niodepth=1\n"

static void assert_issued(uint32_t ios, uint32_t blocks)
{
	rig_run_to_end();
	assert_int_equal(rig_io_count, ios);
	for (uint32_t i = 0; i < ios; i++)
		assert_int_equal(rig_ios[i].offset_bytes, i % blocks * 4096);
}

static void a_pass_ends_with_the_region(void **state)
{
	(void)state;
	rig_begin(WRITES);
	assert_issued(16, 16);
}

static void loops_are_passes(void **state)
{
	(void)state;
	rig_begin(WRITES "loops=3\n");
	assert_issued(48, 16);
}

static void io_size_goes_round_again_for_the_rest(void **state)
{
	(void)state;
	rig_begin(WRITES "io_size=80k\n");
	assert_issued(20, 16);
}

static void number_ios_ends_a_pass_early(void **state)
{
	(void)state;
	rig_begin(WRITES "number_ios=9\n");
	assert_issued(9, 16);
}

static void a_flush_follows_so_many_writes(void **state)
{
	(void)state;
	rig_begin(WRITES "fsync=3\n");
	rig_run_to_end();
	for (uint32_t i = 0; i < rig_io_count; i++)
		assert_int_equal(rig_ios[i].op, i % 4 == 3 ? BLK_FLUSH : BLK_WRITE);
	assert_int_equal(rig_io_count, 16 + 5);
	assert_int_equal(runner.jobs[0].stats->sync_total, 5);
}

static void end_fsync_is_the_last_of_all(void **state)
{
	(void)state;
	rig_begin(WRITES "end_fsync=1\n");
	rig_run_to_end();
	assert_int_equal(rig_io_count, 17);
	assert_int_equal(rig_ios[16].op, BLK_FLUSH);
	assert_int_equal(rig_ios[16].taken_ns, rig_ios[15].done_ns);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RUNNER_TEST(a_pass_ends_with_the_region),
		RUNNER_TEST(loops_are_passes),
		RUNNER_TEST(io_size_goes_round_again_for_the_rest),
		RUNNER_TEST(number_ios_ends_a_pass_early),
		RUNNER_TEST(a_flush_follows_so_many_writes),
		RUNNER_TEST(end_fsync_is_the_last_of_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
