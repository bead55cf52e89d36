/* SPDX-License-Identifier: MIT */
/*
 * Cutting: parts are what the device may have, all of the request and no
 * more; parents complete once.
 */
#include "tests/unit/kernel/blk/blk_rig.h"

#include "kernel/blk/parts.h"

/* --- cutting --- */

static uint32_t random_between(uint32_t low, uint32_t high)
{
	return low + rig_random_below(high - low + 1);
}

static struct blk_limits random_limits(void)
{
	struct blk_limits limits = rig_limits();
	uint32_t block = 512u << rig_random_below(4);

	limits.capacity_sectors = 1ull << 40;
	limits.block_bytes = block;
	limits.max_segments = random_between(1, 40);
	limits.max_segment_bytes = block * random_between(1, rig_random_below(2) ? 4 : 200);
	limits.max_sectors = block / 512 * random_between(1, rig_random_below(2) ? 10 : 500);
	limits.max_discard_sectors = block / 512 * random_between(1, 300);
	limits.discard_align_sectors = rig_random_below(2) ? random_between(1, 64) : 0;
	limits.max_write_zeroes_sectors = block / 512 * random_between(1, 300);
	return limits;
}

/* Segments of whole blocks at addresses that have nothing to do with each other. */
static void random_request(const struct blk_limits *limits, struct blk_request *request,
			   blk_segment *segments, uint32_t unit)
{
	static const enum blk_op ops[] = { BLK_READ, BLK_WRITE, BLK_DISCARD, BLK_WRITE_ZEROES };
	uint64_t bytes = 0;

	*request = (struct blk_request){
		.op = (uint8_t)ops[rig_random_below(4)],
		.sector = (uint64_t)limits->block_bytes / 512 * rig_random_below(1000000),
		.segments = segments,
	};
	if (request->op > BLK_WRITE) {
		request->sector_count = limits->block_bytes / 512 * random_between(1, 2000);
		return;
	}
	request->segment_count = (uint16_t)random_between(1, 60);
	for (uint32_t i = 0; i < request->segment_count; i++) {
		segments[i].length_bytes = unit * random_between(1, rig_random_below(3) ? 8 : 300);
		segments[i].address = phys_make((uint64_t)rig_random() << 24);
		bytes += segments[i].length_bytes;
	}
	uint32_t missing = (uint32_t)(-bytes & (limits->block_bytes - 1));
	segments[request->segment_count - 1].length_bytes += missing;
	request->sector_count = (uint32_t)((bytes + missing) / 512);
}

static void part_is_within_limits(const struct blk_limits *limits,
				   const struct blk_request *request,
				   const struct blk_request *part)
{
	uint32_t block_sectors = limits->block_bytes / 512;
	uint64_t bytes = 0;

	assert_true(part->sector_count > 0);
	assert_true(part->sector_count <= blk_parts_max_sectors(limits, request->op));
	assert_int_equal(part->sector % block_sectors, 0);
	assert_int_equal(part->sector_count % block_sectors, 0);
	if (request->op > BLK_WRITE)
		return;
	assert_in_range(part->segment_count, 1, limits->max_segments);
	for (uint32_t i = 0; i < part->segment_count; i++) {
		assert_in_range(part->segments[i].length_bytes, 1, limits->max_segment_bytes);
		bytes += part->segments[i].length_bytes;
	}
	assert_int_equal(bytes, part->sector_count * 512ull);
}

/* Walks the request's own segments beside those of the parts, byte by byte. */
struct walk {
	uint32_t segment, offset;
};

static void data_continues(struct walk *walk, const struct blk_request *request,
			   const struct blk_request *part)
{
	if (request->op > BLK_WRITE)
		return;
	for (uint32_t i = 0; i < part->segment_count; i++) {
		uint32_t left = part->segments[i].length_bytes;
		uint64_t address = part->segments[i].address.value;
		const blk_segment *own = &request->segments[walk->segment];

		/* A part's segment never reaches beyond one of the request's. */
		assert_true(walk->segment < request->segment_count);
		assert_int_equal(address, own->address.value + walk->offset);
		assert_true(left <= own->length_bytes - walk->offset);
		walk->offset += left;
		if (walk->offset == own->length_bytes) {
			walk->segment++;
			walk->offset = 0;
		}
	}
}

static void cut_all(const struct blk_limits *limits, const struct blk_request *request)
{
	struct blk_parts_cursor cursor;
	blk_segment own[BLK_PART_SEGMENTS];
	struct blk_request part;
	struct walk walk = { 0 };
	uint64_t at = request->sector, end = at + request->sector_count;

	blk_parts_start(&cursor, request);
	while (cursor.sectors_left) {
		assert_true(blk_parts_cut(limits, &cursor, &part, own));
		assert_int_equal(part.sector, at);
		part_is_within_limits(limits, request, &part);
		data_continues(&walk, request, &part);
		at += part.sector_count;
	}
	assert_int_equal(at, end);
	if (request->op <= BLK_WRITE)
		assert_int_equal(walk.segment, request->segment_count);
}

static void parts_are_within_limits_and_make_up_the_request(void **state)
{
	(void)state;
	blk_segment segments[60];
	struct blk_request request;

	for (int i = 0; i < 20000; i++) {
		struct blk_limits limits = random_limits();

		random_request(&limits, &request, segments, limits.block_bytes);
		cut_all(&limits, &request);
	}
}

static void segments_of_odd_lengths_are_cut_at_blocks(void **state)
{
	(void)state;
	blk_segment segments[60];
	struct blk_request request;

	for (int i = 0; i < 20000; i++) {
		struct blk_limits limits = random_limits();

		/* Enough segments for a block of the smallest ones. */
		limits.max_segments = random_between(8, 40);
		random_request(&limits, &request, segments, limits.block_bytes / 4 + 2);
		cut_all(&limits, &request);
	}
}

static void segments_too_small_and_too_many_cannot_be_cut(void **state)
{
	(void)state;
	struct blk_limits limits = rig_limits();
	struct rig_request *r = rig_request_segments(BLK_READ, 0, 2, 8);
	struct blk_parts_cursor cursor;
	blk_segment own[BLK_PART_SEGMENTS];
	struct blk_request part;

	limits.max_segments = 3; /* 384 bytes */
	blk_parts_start(&cursor, &r->request);
	assert_false(blk_parts_cut(&limits, &cursor, &part, own));
	assert_int_equal(cursor.sectors_left, 2);
	limits.max_segments = 4;
	assert_true(blk_parts_cut(&limits, &cursor, &part, own));
	assert_int_equal(part.sector_count, 1);
}

static void whole_segments_are_borrowed_not_copied(void **state)
{
	(void)state;
	struct blk_limits limits = rig_limits();
	struct rig_request *r = rig_request_segments(BLK_READ, 0, 2048, 256);
	struct blk_parts_cursor cursor;
	blk_segment own[BLK_PART_SEGMENTS];
	struct blk_request part;

	limits.max_segments = 126;
	blk_parts_start(&cursor, &r->request);
	assert_true(blk_parts_cut(&limits, &cursor, &part, own));
	assert_int_equal(part.segment_count, 126);
	assert_ptr_equal(part.segments, r->segments);
	assert_true(blk_parts_cut(&limits, &cursor, &part, own));
	assert_ptr_equal(part.segments, r->segments + 126);
	assert_true(blk_parts_cut(&limits, &cursor, &part, own));
	assert_int_equal(part.segment_count, 4);
	assert_int_equal(cursor.sectors_left, 0);
}

static void one_long_segment_becomes_several_of_one_part(void **state)
{
	(void)state;
	struct blk_limits limits = rig_limits();
	struct rig_request *r = rig_request(BLK_WRITE, 0, 1024);
	struct blk_parts_cursor cursor;
	blk_segment own[BLK_PART_SEGMENTS];
	struct blk_request part;

	limits.max_segment_bytes = 65536;
	blk_parts_start(&cursor, &r->request);
	assert_true(blk_parts_cut(&limits, &cursor, &part, own));
	assert_int_equal(part.sector_count, 1024);
	assert_int_equal(part.segment_count, 8);
}

static void discards_end_at_the_devices_own_units(void **state)
{
	(void)state;
	struct blk_limits limits = rig_limits();
	struct rig_request *r = rig_request(BLK_DISCARD, 10, 250);
	struct blk_parts_cursor cursor;
	struct blk_request part;
	static const uint32_t expected[] = { 86, 96, 68 }; /* 10..96, ..192, ..260 */

	limits.max_discard_sectors = 100;
	limits.discard_align_sectors = 32;
	blk_parts_start(&cursor, &r->request);
	for (size_t i = 0; i < ARRAY_COUNT(expected); i++) {
		assert_true(blk_parts_cut(&limits, &cursor, &part, NULL));
		assert_int_equal(part.sector_count, expected[i]);
	}
	assert_int_equal(cursor.sectors_left, 0);

	/* Units larger than a part: no alignment is possible. */
	limits.discard_align_sectors = 1000;
	blk_parts_start(&cursor, &r->request);
	assert_true(blk_parts_cut(&limits, &cursor, &part, NULL));
	assert_int_equal(part.sector_count, 100);
}

/* --- parents and parts --- */

static struct blk_queue *small_queue(uint32_t max_sectors)
{
	struct blk_limits limits = rig_limits();

	limits.max_sectors = max_sectors;
	return &rig_create(1, 1, &limits)->queues[0];
}

static void the_longest_request_that_fits_is_not_split(void **state)
{
	(void)state;
	struct blk_limits limits = rig_limits();
	limits.max_sectors = 64;
	limits.max_segment_bytes = 16384;
	struct blk_queue *queue = &rig_create(1, 1, &limits)->queues[0];

	rig_submit(queue, rig_request(BLK_READ, 0, 32));
	assert_false(queue->general);
	rig_submit(queue, rig_request_segments(BLK_READ, 0, 64, 2));
	assert_int_equal(queue->counters.splits, 0);
	rig_submit(queue, rig_request(BLK_READ, 0, 33)); /* two segments of one request */
	assert_int_equal(rig_fake(queue)->log_count, 3);
	assert_int_equal(rig_fake(queue)->log[2].segment_count, 2);
	rig_submit(queue, rig_request(BLK_READ, 0, 65));
	assert_int_equal(rig_fake(queue)->log_count, 5);
	assert_int_equal(queue->counters.splits, 1);
	rig_drain(queue);
}

static void a_split_request_completes_once_after_its_last_part(void **state)
{
	(void)state;
	struct blk_queue *queue = small_queue(16);
	struct rig_request *r = rig_request(BLK_READ, 0, 72);

	assert_true(rig_submit(queue, r));
	assert_int_equal(rig_fake(queue)->log_count, 5);
	assert_int_equal(rig_fake(queue)->publish_calls, 1);
	assert_int_equal(queue->counters.splits, 4);
	static const uint32_t order[] = { 3, 0, 2, 0 };
	for (size_t i = 0; i < ARRAY_COUNT(order); i++) {
		rig_complete(queue, order[i], BLK_OK);
		assert_int_equal(blk_poll(queue), 0);
		assert_int_equal(r->done_count, 0);
	}
	rig_complete(queue, 0, BLK_OK);
	assert_int_equal(blk_poll(queue), 1);
	assert_int_equal(r->done_count, 1);
	assert_int_equal(r->request.status, BLK_OK);
	assert_false(queue->general);
	assert_true(blk_queue_idle(queue));
	assert_int_equal(queue->counters.completions, 5);
}

static void a_split_request_has_the_status_of_the_first_part_that_failed(void **state)
{
	(void)state;
	struct blk_queue *queue = small_queue(16);
	struct rig_request *r = rig_request(BLK_READ, 0, 64);

	rig_submit(queue, r);
	rig_complete(queue, 1, BLK_OK);
	rig_complete(queue, 1, BLK_SHORT);
	rig_complete(queue, 1, BLK_IO_ERROR);
	rig_complete(queue, 0, BLK_OK);
	assert_int_equal(blk_poll(queue), 1);
	assert_int_equal(r->request.status, BLK_SHORT);
	assert_int_equal(queue->counters.errors, 1);
}

static void after_a_failure_no_more_is_cut(void **state)
{
	(void)state;
	struct blk_queue *queue = small_queue(8);
	struct rig_request *r = rig_request(BLK_WRITE, 0, 800);

	rig_fake(queue)->depth = 4;
	rig_submit(queue, r);
	rig_complete(queue, 0, BLK_IO_ERROR);
	blk_poll(queue);
	assert_int_equal(rig_fake(queue)->log_count, 4);
	rig_drain(queue);
	assert_int_equal(rig_fake(queue)->log_count, 4);
	assert_int_equal(r->request.status, BLK_IO_ERROR);
}

static void without_room_a_split_request_waits_in_order(void **state)
{
	(void)state;
	struct blk_queue *queue = small_queue(8);
	struct rig_request *split = rig_request(BLK_READ, 0, 80);
	struct rig_request *behind = rig_request(BLK_READ, 8000, 8);
	struct blk_request *batch[] = { &split->request, &behind->request };

	rig_fake(queue)->depth = 4;
	assert_int_equal(blk_submit(queue, batch, 2), 1);
	for (int rounds = 0; rounds < 6; rounds++) {
		assert_false(rig_submit(queue, behind));
		rig_complete(queue, 0, BLK_OK);
		blk_poll(queue);
	}
	/* The last part is out; the next completion makes room for others. */
	assert_int_equal(rig_fake(queue)->log_count, 10);
	rig_complete(queue, 0, BLK_OK);
	blk_poll(queue);
	assert_true(rig_submit(queue, behind));
	rig_drain(queue);
	assert_int_equal(split->done_count, 1);
	assert_int_equal(behind->done_count, 1);
}

static void a_driver_that_refuses_everything_at_first_is_asked_again(void **state)
{
	(void)state;
	struct blk_queue *queue = small_queue(8);
	struct rig_request *r = rig_request(BLK_READ, 0, 24);

	rig_fake(queue)->take_most = 0;
	assert_true(rig_submit(queue, r));
	assert_int_equal(blk_poll(queue), 0);
	assert_int_equal(rig_fake(queue)->publish_calls, 0);
	rig_fake(queue)->take_most = 1;
	assert_int_equal(blk_poll(queue), 0);
	assert_int_equal(rig_fake(queue)->log_count, 3);
	rig_drain(queue);
	assert_int_equal(r->done_count, 1);
}

static void more_parts_than_the_pool_has_are_sent_as_parts_come_back(void **state)
{
	(void)state;
	struct blk_queue *queue = small_queue(8);
	struct rig_request *r = rig_request(BLK_READ, 0, 8 * 3 * BLK_PARTS_MAX);

	assert_true(rig_submit(queue, r));
	assert_int_equal(rig_fake(queue)->log_count, BLK_PARTS_MAX);
	rig_drain(queue);
	assert_int_equal(rig_fake(queue)->log_count, 3 * BLK_PARTS_MAX);
	assert_int_equal(r->done_count, 1);
}

static void a_request_that_cannot_be_cut_is_unsupported_and_harms_no_other(void **state)
{
	(void)state;
	struct blk_limits limits = rig_limits();
	limits.max_segments = 2;
	struct blk_queue *queue = &rig_create(1, 1, &limits)->queues[0];
	struct rig_request *r = rig_request_segments(BLK_READ, 0, 2, 8);

	assert_true(rig_submit(queue, r));
	assert_int_equal(r->done_count, 0);
	assert_int_equal(blk_poll(queue), 1);
	assert_int_equal(r->request.status, BLK_UNSUPPORTED);
	assert_true(r->request.doorbell_tsc >= r->request.submit_tsc);
	assert_true(rig_submit(queue, rig_request(BLK_READ, 0, 8)));
	rig_drain(queue);
}

static void too_many_segments_are_reason_enough(void **state)
{
	(void)state;
	struct blk_limits limits = rig_limits();
	struct blk_queue *queue = &rig_create(1, 1, &limits)->queues[0];
	struct rig_request *r = rig_request_segments(BLK_READ, 0, 256, 32);

	assert_true(rig_submit(queue, r));
	assert_int_equal(rig_fake(queue)->log_count, 2);
	rig_drain(queue);
	assert_int_equal(r->done_count, 1);
	r = rig_request_segments(BLK_READ, 0, 128, 16);
	assert_true(rig_submit(queue, r));
	assert_int_equal(rig_fake(queue)->log_count, 3);
	rig_drain(queue);
}

static void erasing_operations_are_split_by_their_own_limits(void **state)
{
	(void)state;
	struct blk_limits limits = rig_limits();
	limits.max_discard_sectors = 100;
	limits.max_write_zeroes_sectors = 200;
	limits.max_secure_erase_sectors = 400;
	struct blk_queue *queue = &rig_create(1, 1, &limits)->queues[0];

	rig_submit(queue, rig_request(BLK_DISCARD, 0, 800));
	assert_int_equal(rig_fake(queue)->log_count, 8);
	rig_submit(queue, rig_request(BLK_WRITE_ZEROES, 0, 800));
	assert_int_equal(rig_fake(queue)->log_count, 12);
	rig_submit(queue, rig_request(BLK_SECURE_ERASE, 0, 800));
	assert_int_equal(rig_fake(queue)->log_count, 14);
	rig_drain(queue);
	assert_int_equal(rig_done_total, 3);
	assert_int_equal(queue->urgent_out, 0);
}

static void a_long_durable_write_is_flushed_once_after_all_parts(void **state)
{
	(void)state;
	struct blk_queue *queue = small_queue(8);
	struct rig_request *r = rig_request(BLK_WRITE, 0, 8 * (BLK_PARTS_MAX + 5));

	r->request.flags = BLK_FUA;
	assert_true(rig_submit(queue, r));
	rig_drain(queue);
	struct rig_queue *fake = rig_fake(queue);
	assert_int_equal(fake->log_count, BLK_PARTS_MAX + 6);
	for (uint32_t i = 0; i + 1 < fake->log_count; i++)
		assert_int_equal(fake->log[i].op, BLK_WRITE);
	assert_int_equal(fake->log[fake->log_count - 1].op, BLK_FLUSH);
	assert_int_equal(r->done_count, 1);
}

static void the_oldest_of_those_that_wait_for_their_flush_is_found(void **state)
{
	(void)state;
	for (uint32_t first_done = 0; first_done < 2; first_done++) {
		struct blk_queue *queue = small_queue(16);
		struct rig_request *r[2];

		for (uint32_t i = 0; i < 2; i++) {
			r[i] = rig_request(BLK_WRITE, i * 8, 8);
			r[i]->request.flags = BLK_FUA;
			assert_true(rig_submit(queue, r[i]));
		}
		rig_fake(queue)->take_most = 0; /* no room for flushes */
		rig_complete(queue, first_done, BLK_OK);
		rig_complete(queue, 0, BLK_OK);
		assert_int_equal(blk_poll(queue), 0);
		assert_int_equal(queue->in_flight, 0);
		assert_true(r[0]->request.submit_tsc < r[1]->request.submit_tsc);
		assert_int_equal(blk_oldest_submit_tsc(queue), r[0]->request.submit_tsc);
	}
}

static void random_work_with_splits_is_all_done_once(void **state)
{
	(void)state;
	struct blk_queue *queue = small_queue(16);
	enum { COUNT = 2000 };
	static struct rig_request *requests[COUNT];
	uint32_t sent = 0, failed = 0;

	rig_fake(queue)->depth = 24;
	for (uint32_t i = 0; i < COUNT; i++) {
		uint32_t sectors = rig_random_below(3) ? 8 : 8 * (1 + rig_random_below(100));

		requests[i] = rig_request(rig_random_below(2) ? BLK_READ : BLK_WRITE,
					  rig_random_below(1000) * 8, sectors);
		requests[i]->request.flags = rig_random_below(8) ? 0 : BLK_FUA;
	}
	for (uint32_t rounds = 0; rounds < 200000 && sent < COUNT; rounds++) {
		struct blk_request *request = &requests[sent]->request;

		rig_fake(queue)->take_most = rig_random_below(3);
		sent += blk_submit(queue, &request, 1);
		for (uint32_t n = rig_random_below(4); n && rig_fake(queue)->published; n--)
			rig_complete(queue, rig_random_below(rig_fake(queue)->published),
				     rig_random_below(50) ? BLK_OK : BLK_IO_ERROR);
		blk_poll(queue);
	}
	assert_int_equal(sent, COUNT);
	rig_fake(queue)->take_most = 100;
	rig_drain(queue);
	for (uint32_t i = 0; i < COUNT; i++) {
		assert_int_equal(requests[i]->done_count, 1);
		failed += requests[i]->request.status != BLK_OK;
	}
	assert_int_equal(queue->counters.errors, failed);
	assert_int_equal(queue->counters.completions, queue->counters.requests);
	assert_false(queue->general);
}

/* The first part was shown first, and stayed out longest. */
static void latency_counts_from_the_first_part(void **state)
{
	(void)state;
	struct blk_limits limits = rig_limits();
	struct blk_queue *queue = &rig_create(1, 1, &limits)->queues[0];
	struct rig_request *r = rig_request(BLK_READ, 0, 2 * limits.max_sectors);

	rig_fake(queue)->depth = 1; /* the second part waits for the first */
	assert_true(rig_submit(queue, r));
	uint64_t first_tsc = queue->doorbell_tsc;
	rig_drain(queue);
	assert_true(queue->doorbell_tsc > first_tsc);
	assert_int_equal(r->request.doorbell_tsc, first_tsc);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		rig_test(parts_are_within_limits_and_make_up_the_request),
		rig_test(segments_of_odd_lengths_are_cut_at_blocks),
		rig_test(segments_too_small_and_too_many_cannot_be_cut),
		rig_test(whole_segments_are_borrowed_not_copied),
		rig_test(one_long_segment_becomes_several_of_one_part),
		rig_test(discards_end_at_the_devices_own_units),
		rig_test(the_longest_request_that_fits_is_not_split),
		rig_test(a_split_request_completes_once_after_its_last_part),
		rig_test(a_split_request_has_the_status_of_the_first_part_that_failed),
		rig_test(after_a_failure_no_more_is_cut),
		rig_test(without_room_a_split_request_waits_in_order),
		rig_test(a_driver_that_refuses_everything_at_first_is_asked_again),
		rig_test(more_parts_than_the_pool_has_are_sent_as_parts_come_back),
		rig_test(a_request_that_cannot_be_cut_is_unsupported_and_harms_no_other),
		rig_test(too_many_segments_are_reason_enough),
		rig_test(erasing_operations_are_split_by_their_own_limits),
		rig_test(a_long_durable_write_is_flushed_once_after_all_parts),
		rig_test(the_oldest_of_those_that_wait_for_their_flush_is_found),
		rig_test(random_work_with_splits_is_all_done_once),
		rig_test(latency_counts_from_the_first_part),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
