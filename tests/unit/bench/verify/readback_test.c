/* SPDX-License-Identifier: MIT */
/*
 * Data that proves itself, written to a disk in memory and read back: all of it, after
 * the pass or after each backlog; what the disk changed, mixed up or lost is found.
 */
#include "tests/unit/bench/core/runner_rig.h"

#include <string.h>

#define VERIFIED "[a]\nfilename=/dev/vda\nbs=4k\nsize=64k\nioengine=libaio\niodepth=4\n" \
		 "verify=crc32c\n"
#define BLOCK 4096u
#define BLOCKS 16u

static uint32_t count_of(enum blk_op op)
{
	uint32_t count = 0;
	for (uint32_t i = 0; i < rig_io_count; i++)
		count += rig_ios[i].op == op;
	return count;
}

/* All is on the disk, and nothing that is read back was delivered yet. */
static void write_all(void)
{
	while (!count_of(BLK_FLUSH)) {
		assert_int_equal(runner.jobs[0].finish_tsc, 0);
		rig_run_ns(RIG_TICK_NS);
	}
	assert_int_equal(count_of(BLK_WRITE), BLOCKS);
}

static void assert_verdict(int error)
{
	rig_run_to_end();
	assert_int_equal(runner.jobs[0].stats->error, error);
}

static void each_block_is_read_back_once_behind_a_flush(void **state)
{
	(void)state;
	uint32_t reads[BLOCKS] = { 0 }, flushes = 0;
	rig_begin(VERIFIED "rw=randwrite\n");
	rig_run_to_end();
	for (uint32_t i = 0; i < rig_io_count; i++) {
		flushes += rig_ios[i].op == BLK_FLUSH;
		if (rig_ios[i].op != BLK_READ)
			continue;
		assert_int_equal(flushes, 1);
		assert_int_equal(rig_ios[i].length_bytes, BLOCK);
		reads[rig_ios[i].offset_bytes / BLOCK]++;
	}
	for (uint32_t i = 0; i < BLOCKS; i++)
		assert_int_equal(reads[i], 1);
	assert_int_equal(count_of(BLK_WRITE), BLOCKS);
	assert_int_equal(runner.jobs[0].stats->error, 0);
}

static void a_changed_bit_is_found(void **state)
{
	(void)state;
	rig_begin(VERIFIED "rw=write\n");
	write_all();
	rig_disk.memory[7 * BLOCK + 1234] ^= 4;
	assert_verdict(EILSEQ_LINUX);
}

/* Each is whole in itself. */
static void two_blocks_in_each_others_place_are_found(void **state)
{
	(void)state;
	uint8_t kept[BLOCK];
	rig_begin(VERIFIED "rw=write\n");
	write_all();
	memcpy(kept, rig_disk.memory, BLOCK);
	memcpy(rig_disk.memory, rig_disk.memory + BLOCK, BLOCK);
	memcpy(rig_disk.memory + BLOCK, kept, BLOCK);
	assert_verdict(EILSEQ_LINUX);
}

/* As good as the one that should be there, but for its number. */
static void a_lost_write_is_found_by_what_was_there_before(void **state)
{
	(void)state;
	static uint8_t before[BLOCK];
	rig_begin(VERIFIED "rw=write\n");
	write_all();
	memcpy(before, rig_disk.memory + 3 * BLOCK, BLOCK);
	rig_run_to_end();
	rig_end_test(NULL);
	rig_begin_test(NULL);
	rig_begin(VERIFIED "rw=write\nrandseed=99\n");
	write_all();
	memcpy(rig_disk.memory + 3 * BLOCK, before, BLOCK);
	assert_verdict(EILSEQ_LINUX);
}

static void a_bad_block_ends_no_job_that_may_go_on(void **state)
{
	(void)state;
	rig_begin(VERIFIED "rw=write\ncontinue_on_error=verify\n");
	write_all();
	memset(rig_disk.memory, 0, 3 * BLOCK);
	rig_run_to_end();
	assert_int_equal(count_of(BLK_READ), BLOCKS);
	assert_int_equal(runner.jobs[0].stats->total_errors, 3);
}

static void a_backlog_is_read_before_more_is_written(void **state)
{
	(void)state;
	uint32_t written = 0, read = 0;
	rig_begin(VERIFIED "rw=randwrite\nverify_backlog=4\n");
	rig_run_to_end();
	for (uint32_t i = 0; i < rig_io_count; i++) {
		written += rig_ios[i].op == BLK_WRITE;
		read += rig_ios[i].op == BLK_READ;
		if (rig_ios[i].op == BLK_WRITE)
			assert_int_equal((written - 1) / 4 * 4, read);
	}
	assert_int_equal(written, BLOCKS);
	assert_int_equal(read, BLOCKS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RUNNER_TEST(each_block_is_read_back_once_behind_a_flush),
		RUNNER_TEST(a_changed_bit_is_found),
		RUNNER_TEST(two_blocks_in_each_others_place_are_found),
		RUNNER_TEST(a_lost_write_is_found_by_what_was_there_before),
		RUNNER_TEST(a_bad_block_ends_no_job_that_may_go_on),
		RUNNER_TEST(a_backlog_is_read_before_more_is_written),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
