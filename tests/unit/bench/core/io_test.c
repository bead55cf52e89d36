/* SPDX-License-Identifier: MIT */
/*
 * The segments of an I/O are its length, in pieces of its own buffer; what has no
 * room there is our own bug, and stops before the device can touch it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bench/core/core.h"

#define BUFFER_BYTES 16384u
#define SEGMENT_BYTES 4608u

static blk_segment segments[4];
static struct runner_job job = { .buffer_bytes = BUFFER_BYTES, .segment_bytes = SEGMENT_BYTES };
static struct runner_io io = { .job = &job, .segments = segments };

static void segments_cover_the_length_and_no_more(void **state)
{
	(void)state;
	for (uint32_t length = 512; length <= BUFFER_BYTES; length += 512) {
		uint32_t sum = 0;

		runner_io_set_length(&io, length);
		for (uint32_t i = 0; i < io.request.segment_count; i++) {
			assert_in_range(segments[i].length_bytes, 1, SEGMENT_BYTES);
			sum += segments[i].length_bytes;
		}
		assert_int_equal(sum, length);
		assert_int_equal(io.request.sector_count, length / 512);
	}
}

static void a_trim_needs_no_memory(void **state)
{
	(void)state;
	io.request.op = BLK_DISCARD;
	runner_io_set_length(&io, 1u << 30);
	assert_int_equal(io.request.segment_count, 0);
	assert_int_equal(io.request.sector_count, 1u << 21);
	io.request.op = BLK_READ;
}

static void a_length_without_room_is_our_own_bug(void **state)
{
	(void)state;
	expect_assert_failure(runner_io_set_length(&io, BUFFER_BYTES + 512));
	expect_assert_failure(runner_io_set_length(&io, 0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(segments_cover_the_length_and_no_more),
		cmocka_unit_test(a_trim_needs_no_memory),
		cmocka_unit_test(a_length_without_room_is_our_own_bug),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
