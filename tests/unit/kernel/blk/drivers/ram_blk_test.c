/* SPDX-License-Identifier: MIT */
/* The disk in memory, and real data through the whole layer. */
#include "tests/unit/kernel/blk/blk_rig.h"

#include "kernel/blk/drivers/ram_blk.h"
#include "kernel/lib/err.h"
#include "kernel/mm/heap.h"
#include "kernel/mm/paging.h"

#define DISK_BYTES (256u << 10)

static uint8_t *model; /* what the disk should hold */
static uint8_t *buffer; /* DISK_BYTES of data for requests */
static struct blk_queue *queue;

static void create(const struct blk_limits *limits, const struct settings *settings)
{
	assert_int_equal(ram_blk_create_limited("ram0", limits, settings), 0);
	model = heap_allocate(DISK_BYTES);
	buffer = heap_allocate(DISK_BYTES);
	queue = blk_queue_for(blk_find("ram0"), &cpu_table[0], 0);
}

static struct blk_limits plain_limits(void)
{
	return ram_blk_limits(DISK_BYTES);
}

/* A request over the buffer, in segments of random lengths that are whole `unit`s. */
static struct rig_request *request_over_buffer(enum blk_op op, uint64_t sector,
					       uint32_t sector_count, uint32_t unit)
{
	struct rig_request *r = rig_request(op, sector, sector_count);
	uint32_t left = sector_count * SECTOR_BYTES, at = 0, count = 0;

	while (left && op <= BLK_WRITE) {
		uint32_t length = unit * (1 + rig_random_below(8));

		length = count == ARRAY_COUNT(r->segments) - 1 ? left : MIN(length, left);
		r->segments[count].address = virt_to_phys(buffer + at);
		r->segments[count++].length_bytes = length;
		at += length;
		left -= length;
	}
	r->request.segment_count = (uint16_t)count;
	return r;
}

static void run(struct rig_request *r)
{
	assert_true(rig_submit(queue, r));
	for (int polls = 0; !r->done_count; polls++) {
		assert_true(polls < 10000);
		blk_poll(queue);
	}
	assert_int_equal(r->done_count, 1);
	assert_int_equal(r->request.status, BLK_OK);
}

static void random_step(uint32_t block_sectors, uint32_t unit)
{
	uint32_t blocks = DISK_BYTES / SECTOR_BYTES / block_sectors;
	uint32_t first = rig_random_below(blocks);
	uint32_t count = 1 + rig_random_below(rig_random_below(4) ? 8 : blocks);
	uint64_t at, bytes;

	count = MIN(count, blocks - first);
	at = (uint64_t)first * block_sectors * SECTOR_BYTES;
	bytes = (uint64_t)count * block_sectors * SECTOR_BYTES;
	for (uint64_t i = 0; i < bytes; i++)
		buffer[i] = (uint8_t)rig_random();
	static const enum blk_op ops[] = { BLK_READ, BLK_READ, BLK_WRITE, BLK_WRITE, BLK_DISCARD,
					   BLK_WRITE_ZEROES, BLK_SECURE_ERASE };
	enum blk_op op = ops[rig_random_below(ARRAY_COUNT(ops))];
	struct rig_request *r = request_over_buffer(op, at / SECTOR_BYTES,
						    (uint32_t)(bytes / SECTOR_BYTES), unit);

	if (op == BLK_WRITE && !rig_random_below(4))
		r->request.flags = BLK_FUA;
	run(r);
	if (op == BLK_READ)
		assert_memory_equal(buffer, model + at, bytes);
	else if (op == BLK_WRITE)
		memcpy(model + at, buffer, bytes);
	else
		memset(model + at, 0, bytes);
}

static void data_survives_with(const struct blk_limits *limits, uint32_t unit,
			       enum setting_sched sched)
{
	struct settings settings = { .sched = sched };

	create(limits, &settings);
	for (int i = 0; i < 1000; i++)
		random_step(limits->block_bytes / SECTOR_BYTES, unit);
}

static void data_survives_as_it_is(void **state)
{
	(void)state;
	struct blk_limits limits = plain_limits();

	data_survives_with(&limits, 4096, SCHED_NONE);
	assert_int_equal(queue->counters.errors, 0);
}

static void data_survives_splitting_by_every_limit(void **state)
{
	(void)state;
	struct blk_limits limits = plain_limits();

	limits.max_sectors = 24;
	limits.max_segments = 5;
	limits.max_segment_bytes = 3072;
	limits.max_discard_sectors = 40;
	limits.discard_align_sectors = 16;
	limits.max_write_zeroes_sectors = 8;
	limits.max_secure_erase_sectors = 64;
	data_survives_with(&limits, 512, SCHED_NONE);
	assert_true(queue->counters.splits > 1000);
}

static void data_survives_odd_segments_on_large_blocks(void **state)
{
	(void)state;
	struct blk_limits limits = plain_limits();

	limits.block_bytes = 4096;
	limits.max_sectors = 64;
	limits.max_segments = 12;
	limits.max_segment_bytes = 8192;
	data_survives_with(&limits, 999, SCHED_NONE);
	assert_true(queue->counters.splits > 100);
}

static void data_survives_the_scheduler(void **state)
{
	(void)state;
	struct blk_limits limits = plain_limits();

	limits.max_sectors = 24;
	limits.max_segments = 4;
	data_survives_with(&limits, 2048, SCHED_DEADLINE);
	assert_true(queue->counters.splits > 100);
}

static void merged_requests_each_get_their_own_data(void **state)
{
	(void)state;
	struct blk_limits limits = plain_limits();
	struct settings settings = { .sched = SCHED_DEADLINE };
	struct blk_request *batch[16];

	create(&limits, &settings);
	for (uint32_t i = 0; i < DISK_BYTES; i++)
		model[i] = buffer[i] = (uint8_t)rig_random();
	run(request_over_buffer(BLK_WRITE, 0, DISK_BYTES / SECTOR_BYTES, 32768));
	memset(buffer, 0, DISK_BYTES);
	for (uint32_t i = 0; i < 16; i++) {
		/* Neighbours on the disk, far from each other in memory, any order. */
		uint32_t place = (i * 7) % 16;
		struct rig_request *r = rig_request(BLK_READ, place * 8, 8);

		r->segments[0].address = virt_to_phys(buffer + (15 - place) * 8192);
		batch[i] = &r->request;
	}
	assert_int_equal(blk_submit(queue, batch, 16), 16);
	while (rig_done_total < 17)
		blk_poll(queue);
	assert_true(queue->counters.merges >= 8);
	for (uint32_t i = 0; i < 16; i++)
		assert_memory_equal(buffer + (15 - i) * 8192, model + i * 4096, 4096);
}

static void nothing_moves_before_the_batch_is_published(void **state)
{
	(void)state;
	struct blk_limits limits = plain_limits();
	struct settings settings = { 0 };

	create(&limits, &settings);
	memset(buffer, 0x5a, 4096);
	struct rig_request *r = request_over_buffer(BLK_READ, 0, 8, 4096);
	struct blk_request *request = &r->request;
	struct blk_run run = { .shape = blk_shape(request), .last_sector = UINT64_MAX };
	assert_int_equal(queue->driver->submit(queue, &run, &request, 1), 1);
	assert_int_equal(buffer[0], 0x5a);
	assert_false(queue->driver->has_completions(queue));
	assert_ptr_equal(queue->driver->request_in(queue, 0), request);
	assert_null(queue->driver->request_in(queue, 1));
	queue->driver->publish(queue);
	assert_int_equal(buffer[0], 0);
	assert_true(queue->driver->has_completions(queue));
}

static void a_full_ring_takes_no_more_and_wraps(void **state)
{
	(void)state;
	struct blk_limits limits = plain_limits();
	struct settings settings = { 0 };
	struct blk_request *batch[300];

	create(&limits, &settings);
	for (int i = 0; i < 300; i++)
		batch[i] = &request_over_buffer(BLK_READ, 0, 1, 512)->request;
	for (unsigned round = 0; round < 5; round++) {
		assert_int_equal(blk_submit(queue, batch, 300), 256);
		assert_int_equal(blk_submit(queue, batch + 256, 44), 0);
		assert_int_equal(blk_poll(queue), 256);
	}
	assert_int_equal(rig_done_total, 5 * 256);
	assert_int_equal(queue->counters.doorbells, queue->counters.batches);
}

static void the_disk_tells_its_name_as_its_id(void **state)
{
	(void)state;
	struct blk_limits limits = plain_limits();
	struct settings settings = { 0 };

	create(&limits, &settings);
	struct rig_request *r = rig_request(BLK_GET_ID, 0, 0);
	r->segments[0].address = virt_to_phys(buffer);
	r->segments[0].length_bytes = BLK_ID_BYTES;
	run(r);
	assert_string_equal((char *)buffer, "ram0");
	r = rig_request(BLK_FLUSH, 0, 0);
	run(r);
}

static void size_is_rounded_up_and_queues_follow_the_settings(void **state)
{
	(void)state;
	struct settings settings = { .queues = 3 };

	cpu_count = 2;
	assert_int_equal(ram_blk_create("ram1", 5000, &settings), 0);
	struct blk_device *device = blk_find("/dev/ram1");
	assert_int_equal(device->limits.capacity_sectors, 16);
	assert_int_equal(device->queue_count, 3);
	assert_true(device->queues[0].polled_only);
	settings.queues = 0;
	assert_int_equal(ram_blk_create("ram2", 4096, &settings), 0);
	assert_int_equal(blk_find("ram2")->queue_count, 2);
	rig_no_memory = true;
	assert_int_equal(ram_blk_create("ram3", 4096, &settings), -ERR_NO_MEMORY);
}

static void null_blk_completes_everything_and_touches_nothing(void **state)
{
	(void)state;
	struct settings settings = { 0 };
	static const enum blk_op ops[] = { BLK_READ, BLK_WRITE, BLK_FLUSH, BLK_DISCARD,
					   BLK_WRITE_ZEROES, BLK_SECURE_ERASE };

	assert_int_equal(null_blk_create("null0", 1ull << 40, &settings), 0);
	queue = blk_queue_for(blk_find("null0"), &cpu_table[0], 0);
	for (size_t i = 0; i < ARRAY_COUNT(ops); i++) /* no memory behind these segments */
		run(rig_request(ops[i], 1u << 30, ops[i] == BLK_FLUSH ? 0 : 2048));
	assert_int_equal(queue->counters.splits, 0);
	struct rig_request *r = rig_request(BLK_GET_ID, 0, 0);
	assert_true(rig_submit(queue, r));
	blk_poll(queue);
	assert_int_equal(r->request.status, BLK_UNSUPPORTED);
	rig_no_memory = true;
	assert_int_equal(null_blk_create("null1", 4096, &settings), -ERR_NO_MEMORY);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		rig_test(data_survives_as_it_is),
		rig_test(data_survives_splitting_by_every_limit),
		rig_test(data_survives_odd_segments_on_large_blocks),
		rig_test(data_survives_the_scheduler),
		rig_test(merged_requests_each_get_their_own_data),
		rig_test(nothing_moves_before_the_batch_is_published),
		rig_test(a_full_ring_takes_no_more_and_wraps),
		rig_test(the_disk_tells_its_name_as_its_id),
		rig_test(size_is_rounded_up_and_queues_follow_the_settings),
		rig_test(null_blk_completes_everything_and_touches_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
