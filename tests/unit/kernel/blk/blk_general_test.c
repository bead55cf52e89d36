/* SPDX-License-Identifier: MIT */
/* What is not plain: refusals, flushes, durable writes, broken queues, the scheduler's queue. */
#include "tests/unit/kernel/blk/blk_rig.h"

static struct blk_queue *queue_of(const struct blk_limits *limits)
{
	return &rig_create(1, 1, limits)->queues[0];
}

/* --- refusals --- */

/* Accepted, not yet done, never with the driver, done at the next poll. */
static void is_refused(struct blk_queue *queue, struct rig_request *r, enum blk_status status)
{
	uint32_t seen = rig_fake(queue)->log_count;

	assert_true(rig_submit(queue, r));
	assert_int_equal(r->done_count, 0);
	assert_false(blk_queue_idle(queue));
	assert_int_equal(blk_poll(queue), 1);
	assert_int_equal(r->done_count, 1);
	assert_int_equal(r->request.status, status);
	assert_int_equal(rig_fake(queue)->log_count, seen);
	assert_true(blk_queue_idle(queue));
	assert_false(queue->general);
	assert_true(r->request.doorbell_tsc >= r->request.submit_tsc);
	assert_true(r->request.signal_tsc >= r->request.doorbell_tsc);
}

static void what_lies_beyond_the_disk_is_refused(void **state)
{
	(void)state;
	struct blk_limits limits = rig_limits();
	struct blk_queue *queue = queue_of(&limits);
	uint64_t end = limits.capacity_sectors;
	static const enum blk_op ops[] = { BLK_READ, BLK_WRITE, BLK_DISCARD, BLK_WRITE_ZEROES,
					   BLK_SECURE_ERASE };

	for (size_t i = 0; i < ARRAY_COUNT(ops); i++) {
		is_refused(queue, rig_request(ops[i], end, 1), BLK_OUT_OF_RANGE);
		is_refused(queue, rig_request(ops[i], end - 7, 8), BLK_OUT_OF_RANGE);
		is_refused(queue, rig_request(ops[i], UINT64_MAX - 3, 8), BLK_OUT_OF_RANGE);
		is_refused(queue, rig_request(ops[i], UINT64_MAX, 1), BLK_OUT_OF_RANGE);
		is_refused(queue, rig_request(ops[i], 1ull << 55, 8), BLK_OUT_OF_RANGE);
		assert_true(rig_submit(queue, rig_request(ops[i], end - 8, 8)));
		rig_drain(queue);
	}
	assert_int_equal(queue->counters.errors, ARRAY_COUNT(ops) * 5);
}

static void a_request_of_nothing_is_refused(void **state)
{
	(void)state;
	struct blk_limits limits = rig_limits();
	struct blk_queue *queue = queue_of(&limits);

	is_refused(queue, rig_request(BLK_READ, 0, 0), BLK_OUT_OF_RANGE);
	is_refused(queue, rig_request(BLK_DISCARD, 0, 0), BLK_OUT_OF_RANGE);
}

static void what_is_not_whole_blocks_is_refused(void **state)
{
	(void)state;
	struct blk_limits limits = rig_limits();
	limits.block_bytes = 4096;
	struct blk_queue *queue = queue_of(&limits);

	is_refused(queue, rig_request(BLK_READ, 4, 8), BLK_OUT_OF_RANGE);
	is_refused(queue, rig_request(BLK_WRITE, 8, 9), BLK_OUT_OF_RANGE);
	is_refused(queue, rig_request(BLK_DISCARD, 1, 8), BLK_OUT_OF_RANGE);
	assert_true(rig_submit(queue, rig_request(BLK_READ, 8, 16)));
	rig_drain(queue);
}

static void a_read_only_disk_takes_reads_and_flushes(void **state)
{
	(void)state;
	struct blk_limits limits = rig_limits();
	limits.read_only = true;
	struct blk_queue *queue = queue_of(&limits);

	is_refused(queue, rig_request(BLK_WRITE, 0, 8), BLK_READ_ONLY);
	is_refused(queue, rig_request(BLK_DISCARD, 0, 8), BLK_READ_ONLY);
	is_refused(queue, rig_request(BLK_WRITE_ZEROES, 0, 8), BLK_READ_ONLY);
	is_refused(queue, rig_request(BLK_SECURE_ERASE, 0, 8), BLK_READ_ONLY);
	assert_true(rig_submit(queue, rig_request(BLK_READ, 0, 8)));
	assert_true(rig_submit(queue, rig_request(BLK_FLUSH, 0, 0)));
	rig_drain(queue);
	assert_int_equal(rig_fake(queue)->log_count, 2);
}

static void what_the_device_lacks_is_unsupported(void **state)
{
	(void)state;
	struct blk_limits limits = rig_limits();
	limits.discard = limits.write_zeroes = limits.secure_erase = false;
	limits.lifetime = limits.get_id = limits.flush = false;
	struct blk_queue *queue = queue_of(&limits);

	is_refused(queue, rig_request(BLK_DISCARD, 0, 8), BLK_UNSUPPORTED);
	is_refused(queue, rig_request(BLK_WRITE_ZEROES, 0, 8), BLK_UNSUPPORTED);
	is_refused(queue, rig_request(BLK_SECURE_ERASE, 0, 8), BLK_UNSUPPORTED);
	is_refused(queue, rig_request(BLK_GET_LIFETIME, 0, 0), BLK_UNSUPPORTED);
	is_refused(queue, rig_request(BLK_GET_ID, 0, 0), BLK_UNSUPPORTED);
	is_refused(queue, rig_request(BLK_FLUSH, 0, 0), BLK_UNSUPPORTED);
	is_refused(queue, rig_request(BLK_OP_COUNT, 0, 8), BLK_UNSUPPORTED);
	is_refused(queue, rig_request((enum blk_op)255, 0, 8), BLK_UNSUPPORTED);
}

static void a_refusal_among_good_ones_stays_alone(void **state)
{
	(void)state;
	struct blk_limits limits = rig_limits();
	struct blk_queue *queue = queue_of(&limits);
	struct rig_request *bad = rig_request(BLK_READ, limits.capacity_sectors, 8);
	struct blk_request *batch[5];

	for (uint32_t i = 0; i < 5; i++)
		batch[i] = i == 2 ? &bad->request : &rig_request(BLK_READ, i * 8, 8)->request;
	assert_int_equal(blk_submit(queue, batch, 5), 5);
	assert_int_equal(rig_fake(queue)->log_count, 4);
	assert_int_equal(rig_fake(queue)->publish_calls, 1);
	assert_int_equal(blk_poll(queue), 1);
	assert_int_equal(bad->done_count, 1);
	rig_drain(queue);
	assert_int_equal(rig_done_total, 5);
	assert_false(queue->general);
}

static void segments_that_do_not_add_up_are_our_own_bug(void **state)
{
	(void)state;
	struct blk_limits limits = rig_limits();
	struct blk_queue *queue = queue_of(&limits);
	struct rig_request *r = rig_request_segments(BLK_READ, 0, 8, 2);

	r->segments[1].length_bytes -= 1;
	expect_assert_failure(rig_submit(queue, r));
	r = rig_request_segments(BLK_READ, 0, 8, 2);
	r->segments[0].length_bytes = 4096;
	r->segments[1].length_bytes = 0;
	expect_assert_failure(rig_submit(queue, r));
}

/* --- flush and FUA --- */

static void flush_goes_to_the_device_whatever_it_says_of_its_cache(void **state)
{
	(void)state;
	struct blk_limits limits = rig_limits();

	for (int has_cache = 0; has_cache < 2; has_cache++) {
		limits.write_cache = has_cache;
		struct blk_queue *queue = queue_of(&limits);
		assert_true(rig_submit(queue, rig_request(BLK_FLUSH, 0, 0)));
		assert_int_equal(rig_fake(queue)->log_count, 1);
		assert_int_equal(rig_fake(queue)->log[0].op, BLK_FLUSH);
		assert_int_equal(queue->urgent_out, 1);
		rig_drain(queue);
		assert_int_equal(queue->urgent_out, 0);
		assert_false(queue->general);
	}
}

static void where_there_are_neither_flushes_nor_a_cache_all_is_durable(void **state)
{
	(void)state;
	struct blk_limits limits = rig_limits();
	limits.write_cache = limits.flush = false;
	struct blk_queue *queue = queue_of(&limits);
	struct rig_request *r = rig_request(BLK_WRITE, 64, 8);

	is_refused(queue, rig_request(BLK_FLUSH, 0, 0), BLK_OK);
	assert_int_equal(queue->counters.errors, 0);
	r->request.flags = BLK_FUA;
	rig_submit(queue, r);
	rig_complete_all(queue);
	assert_int_equal(blk_poll(queue), 1);
	assert_int_equal(r->request.status, BLK_OK);
	assert_int_equal(rig_fake(queue)->log_count, 1);
}

static void what_cannot_be_made_durable_is_not_said_to_be(void **state)
{
	(void)state;
	struct blk_limits limits = rig_limits();
	limits.flush = false;
	struct blk_queue *queue = queue_of(&limits);
	struct rig_request *r = rig_request(BLK_WRITE, 64, 8);

	is_refused(queue, rig_request(BLK_FLUSH, 0, 0), BLK_UNSUPPORTED);
	r->request.flags = BLK_FUA;
	is_refused(queue, r, BLK_UNSUPPORTED);
}

static void is_flushed_after_it_completed(const struct blk_limits *limits)
{
	struct blk_queue *queue = queue_of(limits);
	struct rig_request *r = rig_request(BLK_WRITE, 64, 8);

	r->request.flags = BLK_FUA;
	assert_true(rig_submit(queue, r));
	assert_int_equal(rig_fake(queue)->log_count, 1);
	assert_int_equal(rig_fake(queue)->log[0].op, BLK_WRITE);
	assert_int_equal(blk_poll(queue), 0);
	assert_int_equal(rig_fake(queue)->log_count, 1);
	rig_complete_all(queue);
	assert_int_equal(blk_poll(queue), 0);
	assert_int_equal(rig_fake(queue)->log_count, 2);
	assert_int_equal(rig_fake(queue)->log[1].op, BLK_FLUSH);
	assert_int_equal(r->done_count, 0);
	rig_complete_all(queue);
	assert_int_equal(blk_poll(queue), 1);
	assert_int_equal(r->done_count, 1);
	assert_int_equal(r->request.status, BLK_OK);
	assert_true(r->request.doorbell_tsc > r->request.submit_tsc);
	assert_true(r->request.signal_tsc > r->request.doorbell_tsc);
	assert_false(queue->general);
	assert_int_equal(queue->counters.requests, 2);
	assert_int_equal(queue->counters.splits, 1);
}

static void a_durable_write_is_flushed_whatever_the_device_says_of_its_cache(void **state)
{
	(void)state;
	struct blk_limits limits = rig_limits();

	is_flushed_after_it_completed(&limits);
	limits.write_cache = false;
	is_flushed_after_it_completed(&limits);
}

static void a_durable_write_that_fails_is_not_flushed(void **state)
{
	(void)state;
	struct blk_limits limits = rig_limits();
	struct blk_queue *queue = queue_of(&limits);
	struct rig_request *r = rig_request(BLK_WRITE, 64, 8);

	r->request.flags = BLK_FUA;
	rig_submit(queue, r);
	rig_complete(queue, 0, BLK_IO_ERROR);
	assert_int_equal(blk_poll(queue), 1);
	assert_int_equal(r->request.status, BLK_IO_ERROR);
	assert_int_equal(rig_fake(queue)->log_count, 1);
}

static void a_durable_write_whose_flush_fails_has_failed(void **state)
{
	(void)state;
	struct blk_limits limits = rig_limits();
	struct blk_queue *queue = queue_of(&limits);
	struct rig_request *r = rig_request(BLK_WRITE, 64, 8);

	r->request.flags = BLK_FUA;
	rig_submit(queue, r);
	rig_complete_all(queue);
	blk_poll(queue);
	rig_complete(queue, 0, BLK_IO_ERROR);
	assert_int_equal(blk_poll(queue), 1);
	assert_int_equal(r->request.status, BLK_IO_ERROR);
	assert_int_equal(r->done_count, 1);
}

static void a_flush_without_room_waits_and_goes_before_anything_newer(void **state)
{
	(void)state;
	struct blk_limits limits = rig_limits();
	struct blk_queue *queue = queue_of(&limits);
	struct rig_request *durable = rig_request(BLK_WRITE, 0, 8);

	rig_fake(queue)->depth = 2;
	durable->request.flags = BLK_FUA;
	assert_true(rig_submit(queue, durable));
	assert_true(rig_submit(queue, rig_request(BLK_READ, 8, 8)));
	rig_fake(queue)->take_most = 0;
	rig_complete(queue, 0, BLK_OK);
	blk_poll(queue);
	struct rig_request *late = rig_request(BLK_READ, 16, 8);
	assert_false(rig_submit(queue, late));
	rig_fake(queue)->take_most = 1;
	assert_int_equal(blk_poll(queue), 0);
	assert_int_equal(rig_fake(queue)->log[2].op, BLK_FLUSH);
	assert_false(rig_submit(queue, late));
	rig_drain(queue);
	assert_int_equal(durable->done_count, 1);
}

/* --- broken queues --- */

static void after_breaking_each_request_is_owned_or_done_as_broken_once(void **state)
{
	(void)state;
	struct blk_limits limits = rig_limits();
	limits.max_sectors = 8;
	struct blk_queue *queue = queue_of(&limits);
	struct rig_queue *fake = rig_fake(queue);
	struct rig_request *in_driver[3], *split = rig_request(BLK_WRITE, 0, 80);
	struct rig_request *durable = rig_request(BLK_WRITE, 800, 8);

	durable->request.flags = BLK_FUA;
	assert_true(rig_submit(queue, durable));
	for (uint32_t i = 0; i < 3; i++) {
		in_driver[i] = rig_request(BLK_READ, i * 8, 8);
		assert_true(rig_submit(queue, in_driver[i]));
	}
	fake->depth = 6;
	assert_true(rig_submit(queue, split)); /* two parts out, eight to be cut */
	fake->take_most = 0;
	rig_complete(queue, 0, BLK_OK); /* the durable write's flush finds no room */
	blk_poll(queue);
	rig_complete(queue, 0, BLK_OK); /* in_driver[0], found with the break */
	fake->breaks = true;
	assert_int_equal(blk_poll(queue), 2);
	assert_int_equal(in_driver[0]->request.status, BLK_OK);
	assert_int_equal(durable->request.status, BLK_BROKEN);
	assert_int_equal(split->done_count, 0); /* its parts are with the device */

	struct rig_request *late = rig_request(BLK_READ, 0, 8);
	assert_true(rig_submit(queue, late));
	assert_int_equal(blk_poll(queue), 1);
	assert_int_equal(late->request.status, BLK_BROKEN);
	assert_int_equal(queue->in_flight, 4);

	assert_int_equal(blk_abandon(queue), 4);
	assert_int_equal(blk_poll(queue), 3);
	assert_true(blk_queue_idle(queue));
	assert_int_equal(split->request.status, BLK_BROKEN);
	for (int i = 1; i < 3; i++) {
		assert_int_equal(in_driver[i]->done_count, 1);
		assert_int_equal(in_driver[i]->request.status, BLK_BROKEN);
	}
	assert_int_equal(split->done_count, 1);
	assert_int_equal(durable->done_count, 1);
	assert_int_equal(rig_done_total, 6);
	assert_int_equal(blk_abandon(queue), 0);
	assert_int_equal(blk_poll(queue), 0);
}

static void what_the_scheduler_holds_when_the_queue_breaks_is_done_as_broken(void **state)
{
	(void)state;
	struct blk_limits limits = rig_limits();
	struct settings settings = { .sched = SCHED_DEADLINE };
	struct blk_queue *queue =
		&rig_create_with(1, 1, &limits, &settings, &rig_driver)->queues[0];
	struct blk_request *batch[20];

	rig_fake(queue)->depth = 2;
	for (uint32_t i = 0; i < 20; i++)
		batch[i] = &rig_request(BLK_READ, (i / 2) * 100 + (i % 2) * 8, 8)->request;
	assert_int_equal(blk_submit(queue, batch, 20), 20);
	assert_int_equal(queue->counters.merges, 10);
	rig_fake(queue)->breaks = true;
	assert_int_equal(blk_poll(queue), 16); /* two groups of two are out */
	assert_int_equal(blk_abandon(queue), 2);
	assert_int_equal(blk_poll(queue), 4);
	assert_int_equal(rig_done_total, 20);
	assert_true(blk_queue_idle(queue));
	for (int i = 0; i < 20; i++)
		assert_int_equal(batch[i]->status, BLK_BROKEN);
}

/* --- a queue with a scheduler --- */

static struct blk_queue *scheduled_queue(uint32_t depth)
{
	struct blk_limits limits = rig_limits();
	struct settings settings = { .sched = SCHED_DEADLINE };
	struct blk_queue *queue =
		&rig_create_with(1, 1, &limits, &settings, &rig_driver)->queues[0];

	rig_fake(queue)->depth = depth;
	return queue;
}

static void a_scheduled_batch_arrives_sorted_and_merged_behind_one_doorbell(void **state)
{
	(void)state;
	struct blk_queue *queue = scheduled_queue(128);
	static const uint32_t sectors[] = { 800, 0, 16, 8, 400 };
	struct blk_request *batch[5];

	for (uint32_t i = 0; i < 5; i++)
		batch[i] = &rig_request(BLK_READ, sectors[i], 8)->request;
	assert_int_equal(blk_submit(queue, batch, 5), 5);
	struct rig_queue *fake = rig_fake(queue);
	assert_int_equal(fake->publish_calls, 1);
	assert_true(fake->log_count < 5);
	assert_int_equal(fake->log_count + queue->counters.merges, 5);
	for (uint32_t i = 1; i < fake->log_count; i++)
		assert_true(fake->log[i].sector > fake->log[i - 1].sector);
	rig_complete_all(queue);
	assert_int_equal(blk_poll(queue), 5);
	assert_true(blk_queue_idle(queue));
	assert_int_equal(queue->counters.requests, fake->log_count);
}

static void what_has_no_place_on_the_disk_passes_the_scheduler_by(void **state)
{
	(void)state;
	static const enum blk_op ops[] = { BLK_FLUSH, BLK_GET_ID, BLK_GET_LIFETIME };

	for (size_t i = 0; i < ARRAY_COUNT(ops); i++) {
		struct blk_queue *queue = scheduled_queue(128);
		struct blk_request *batch[] = { &rig_request(BLK_READ, 0, 8)->request,
						&rig_request(BLK_WRITE, 800, 8)->request,
						&rig_request(ops[i], 0, 0)->request };

		assert_int_equal(blk_submit(queue, batch, 3), 3);
		assert_int_equal(rig_fake(queue)->log_count, 3);
		assert_int_equal(rig_fake(queue)->log[0].op, ops[i]);
		rig_drain(queue);
	}
}

static void a_durable_write_merges_with_its_neighbour(void **state)
{
	(void)state;
	struct blk_queue *queue = scheduled_queue(128);
	struct rig_request *plain = rig_request(BLK_WRITE, 0, 8);
	struct rig_request *durable = rig_request(BLK_WRITE, 8, 8);
	struct blk_request *batch[] = { &plain->request, &durable->request };

	durable->request.flags = BLK_FUA;
	assert_int_equal(blk_submit(queue, batch, 2), 2);
	assert_int_equal(queue->counters.merges, 1);
	rig_complete(queue, 0, BLK_OK);
	assert_int_equal(blk_poll(queue), 1);
	assert_int_equal(plain->done_count, 1);
	assert_int_equal(rig_fake(queue)->log[1].op, BLK_FLUSH);
	rig_drain(queue);
	assert_int_equal(durable->done_count, 1);
}

static void a_merged_group_that_fails_fails_each_of_its_requests_once(void **state)
{
	(void)state;
	struct blk_queue *queue = scheduled_queue(128);
	struct blk_request *batch[4];

	for (uint32_t i = 0; i < 4; i++)
		batch[i] = &rig_request(BLK_WRITE, i * 8, 8)->request;
	assert_int_equal(blk_submit(queue, batch, 4), 4);
	assert_int_equal(rig_fake(queue)->log_count, 1);
	assert_int_equal(rig_fake(queue)->log[0].segment_count, 4);
	rig_complete(queue, 0, BLK_IO_ERROR);
	assert_int_equal(blk_poll(queue), 4);
	assert_int_equal(rig_done_total, 4);
	assert_int_equal(queue->counters.errors, 4);
	for (int i = 0; i < 4; i++) {
		assert_int_equal(batch[i]->status, BLK_IO_ERROR);
		assert_true(batch[i]->signal_tsc > batch[i]->doorbell_tsc);
	}
}

static void random_work_through_a_small_scheduled_queue_is_all_done_once(void **state)
{
	(void)state;
	struct blk_queue *queue = scheduled_queue(8);
	enum { COUNT = 3000 };
	static struct rig_request *requests[COUNT];
	static const enum blk_op ops[] = { BLK_READ, BLK_READ, BLK_WRITE, BLK_FLUSH, BLK_DISCARD };
	uint32_t sent = 0;

	for (uint32_t i = 0; i < COUNT; i++) {
		enum blk_op op = ops[rig_random_below(ARRAY_COUNT(ops))];
		uint32_t length = rig_random_below(50) ? 8 : 5000;

		requests[i] =
			rig_request(op, rig_random_below(40) * 8, op == BLK_FLUSH ? 0 : length);
		if (op == BLK_WRITE && !rig_random_below(4))
			requests[i]->request.flags = BLK_FUA;
	}
	for (uint32_t rounds = 0; rounds < 100000 && sent < COUNT; rounds++) {
		struct blk_request *batch[16];
		uint32_t wanted = 1 + rig_random_below(16), count = MIN(wanted, COUNT - sent);

		for (uint32_t i = 0; i < count; i++)
			batch[i] = &requests[sent + i]->request;
		rig_fake(queue)->take_most = rig_random_below(4);
		sent += blk_submit(queue, batch, count);
		for (uint32_t n = rig_random_below(6); n && rig_fake(queue)->published; n--)
			rig_complete(queue, rig_random_below(rig_fake(queue)->published), BLK_OK);
		blk_poll(queue);
	}
	assert_int_equal(sent, COUNT);
	rig_fake(queue)->take_most = 100;
	rig_drain(queue);
	for (uint32_t i = 0; i < COUNT; i++) {
		assert_int_equal(requests[i]->done_count, 1);
		assert_int_equal(requests[i]->request.status, BLK_OK);
	}
	const struct blk_counters *c = &queue->counters;
	assert_int_equal(c->requests, COUNT + c->splits - c->merges);
	assert_int_equal(c->completions, c->requests);
	assert_true(c->merges > 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		rig_test(what_lies_beyond_the_disk_is_refused),
		rig_test(a_request_of_nothing_is_refused),
		rig_test(what_is_not_whole_blocks_is_refused),
		rig_test(a_read_only_disk_takes_reads_and_flushes),
		rig_test(what_the_device_lacks_is_unsupported),
		rig_test(a_refusal_among_good_ones_stays_alone),
		rig_test(segments_that_do_not_add_up_are_our_own_bug),
		rig_test(flush_goes_to_the_device_whatever_it_says_of_its_cache),
		rig_test(where_there_are_neither_flushes_nor_a_cache_all_is_durable),
		rig_test(what_cannot_be_made_durable_is_not_said_to_be),
		rig_test(a_durable_write_is_flushed_whatever_the_device_says_of_its_cache),
		rig_test(a_durable_write_that_fails_is_not_flushed),
		rig_test(a_durable_write_whose_flush_fails_has_failed),
		rig_test(a_flush_without_room_waits_and_goes_before_anything_newer),
		rig_test(after_breaking_each_request_is_owned_or_done_as_broken_once),
		rig_test(what_the_scheduler_holds_when_the_queue_breaks_is_done_as_broken),
		rig_test(a_scheduled_batch_arrives_sorted_and_merged_behind_one_doorbell),
		rig_test(what_has_no_place_on_the_disk_passes_the_scheduler_by),
		rig_test(a_durable_write_merges_with_its_neighbour),
		rig_test(a_merged_group_that_fails_fails_each_of_its_requests_once),
		rig_test(random_work_through_a_small_scheduled_queue_is_all_done_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
