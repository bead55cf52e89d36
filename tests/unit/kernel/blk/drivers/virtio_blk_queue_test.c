/* SPDX-License-Identifier: MIT */
/*
 * The virtio-blk driver's I/O path on the real rings, against the fake device:
 * what a request looks like to the device (virtio 1.2, 5.2.6), and what is made
 * of any answer to it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "kernel/blk/blk_impl.h"
#include "kernel/blk/drivers/virtio_blk_impl.h"
#include "kernel/lib/err.h"
#include "tests/unit/fake_device.h"

#define SLOTS_MAX 64u
#define NOT_WRITTEN 0xff /* of the status byte: the device leaves it alone */

/* --- what the driver stands on --- */

static void *allocations[16];
static unsigned allocation_count;

void *heap_allocate(uint64_t length_bytes)
{
	void *memory = aligned_alloc(PAGE_BYTES, align_up(length_bytes, PAGE_BYTES));
	assert_non_null(memory);
	assert_true(allocation_count < ARRAY_COUNT(allocations));
	allocations[allocation_count++] = memory;
	return memset(memory, 0, length_bytes);
}

int dma_allocate(uint64_t length_bytes, struct dma_buffer *out)
{
	void *memory = heap_allocate(length_bytes);
	*out = (struct dma_buffer){ memory, phys_make((uintptr_t)memory), length_bytes };
	return 0;
}

const char *blk_op_name(enum blk_op op)
{
	(void)op;
	return "";
}

/* The layer: what is plain is, and all else is not for it to come by here. */

bool blk_shape_is_plain(struct blk_queue *blk, uint64_t shape)
{
	blk->shape_known_plain = shape | blk->shape_ignores;
	return true;
}

unsigned blk_submit_general(struct blk_queue *blk, struct blk_request *const *requests,
			    unsigned count)
{
	(void)blk, (void)requests, (void)count;
	fail();
	return 0;
}

/* How many the plain path took of a batch that it could not take as a whole. */
unsigned blk_submit_rest(struct blk_queue *blk, struct blk_request *const *requests,
			 unsigned taken, unsigned count)
{
	assert_in_range(taken, 0, count - 1);
	if (!taken)
		return 0;
	blk->in_flight += taken;
	blk->doorbell_tsc = clock_tsc();
	for (unsigned i = 0; i < taken; i++)
		requests[i]->doorbell_tsc = blk->doorbell_tsc;
	blk->driver->publish(blk);
	return taken;
}

void blk_break(struct blk_queue *blk)
{
	blk->broken = true;
}

static unsigned sleeps, generic_waits;
static void (*on_sleep)(void);

void cpu_wait(void)
{
	sleeps++;
	if (on_sleep)
		on_sleep();
}

void blk_wait_sleeping(struct blk_queue *blk, unsigned ahead)
{
	(void)blk, (void)ahead;
	generic_waits++;
}

/* --- a queue and its device --- */

static const struct virtqueue_config rings[] = {
	{ .size = 64, .max_data_segments = 4, .event_idx = true },
	{ .size = 64, .max_data_segments = 4, .indirect = true },
	{ .size = 64, .max_data_segments = 4, .event_idx = true, .packed = true },
	{ .size = 50, .max_data_segments = 4, .indirect = true, .packed = true },
	{ .size = 50, .max_data_segments = 4, .event_idx = true, .indirect = true, .packed = true },
};

static struct virtio_blk disk;
static struct blk_queue *const queue = &disk.blk_queues[3];
static struct fake_device device;
static uint16_t doorbell;
static uint8_t data[4][4096];
static blk_segment segments[4];

static void begin(const struct virtqueue_config *ring)
{
	memset(&disk, 0, sizeof(disk));
	disk.ring = *ring;
	assert_int_equal(virtio_blk_queue_create(&disk, 3, ring->size), 0);
	disk.blk_queues[3].driver = virtio_blk_driver_of(disk.queues[3].vq);
	disk.queues[3].doorbell = &doorbell;
	doorbell = UINT16_MAX;
	fake_device_create(&device, ring, disk.queues[3].ring_memory.virt,
			   disk.queues[3].ring_memory.phys.value);
	for (unsigned i = 0; i < ARRAY_COUNT(segments); i++)
		segments[i] = (blk_segment){ .address = phys_make((uintptr_t)data[i]),
					     .length_bytes = sizeof(data[i]) };
}

static void end(void)
{
	fake_device_destroy(&device);
	while (allocation_count)
		free(allocations[--allocation_count]);
}

/* Runs a test on a ring of each kind. */
static void on_every_ring(void (*test)(void))
{
	for (unsigned i = 0; i < ARRAY_COUNT(rings); i++) {
		begin(&rings[i]);
		test();
		assert_null(device.fault);
		end();
	}
}

static struct blk_request request_of(enum blk_op op, uint16_t segment_count)
{
	return (struct blk_request){
		.op = (uint8_t)op,
		.segment_count = segment_count,
		.segments = segments,
		.sector = 0x123456789a,
		.sector_count = op <= BLK_WRITE ? segment_count * 8u : 24,
		.status = 0xee,
	};
}

static struct blk_run run_of(const struct blk_request *request)
{
	return (struct blk_run){ .shape = blk_shape(request), .last_sector = UINT64_MAX };
}

static void give(struct blk_request *request)
{
	struct blk_run run = run_of(request);
	assert_int_equal(queue->driver->submit(queue, &run, &request, 1), 1);
	queue->driver->publish(queue);
}

/* A request as the device has it. */
struct seen {
	uint16_t id;
	struct virtio_blk_req header;
	unsigned data_count;
	struct fake_segment data[4];
	volatile uint8_t *status;
};

static struct seen take(void)
{
	const struct fake_chain *chain = fake_device_take(&device);
	assert_non_null(chain);
	assert_in_range(chain->segment_count, 2, 6);
	const struct fake_segment *first = &chain->segments[0];
	const struct fake_segment *last = &chain->segments[chain->segment_count - 1];
	struct seen seen = { .id = chain->id, .data_count = chain->segment_count - 2 };
	assert_int_equal(first->length_bytes, sizeof(seen.header));
	assert_false(first->device_writes);
	assert_int_equal(last->length_bytes, 1);
	assert_true(last->device_writes);
	memcpy(&seen.header, (const void *)(uintptr_t)first->address, sizeof(seen.header));
	memcpy(seen.data, first + 1, seen.data_count * sizeof(*first));
	seen.status = (volatile uint8_t *)(uintptr_t)last->address;
	return seen;
}

static void answer(const struct seen *seen, uint8_t status, uint32_t written_bytes)
{
	if (status != NOT_WRITTEN)
		*seen->status = status;
	fake_device_complete(&device, seen->id, written_bytes);
	fake_device_show(&device);
}

static void expect_one(const struct blk_request *request, enum blk_status status)
{
	struct blk_request *found[2];
	assert_true(queue->driver->has_completions(queue));
	assert_int_equal(queue->driver->reap(queue, found, 2), 1);
	assert_ptr_equal(found[0], request);
	assert_int_equal(request->status, status);
	assert_false(queue->driver->has_completions(queue));
}

/* --- what the device is told --- */

static const struct {
	enum blk_op op;
	uint8_t flags;
	uint16_t segment_count;
	uint32_t type;
	bool has_sector, device_writes, has_range;
	uint32_t range_flags;
} operations[] = {
	{ BLK_READ, 0, 1, VIRTIO_BLK_T_IN, true, true, false, 0 },
	{ BLK_READ, 0, 4, VIRTIO_BLK_T_IN, true, true, false, 0 },
	{ BLK_WRITE, 0, 1, VIRTIO_BLK_T_OUT, true, false, false, 0 },
	{ BLK_WRITE, 0, 3, VIRTIO_BLK_T_OUT, true, false, false, 0 },
	{ BLK_FLUSH, 0, 0, VIRTIO_BLK_T_FLUSH, false, false, false, 0 },
	{ BLK_DISCARD, 0, 0, VIRTIO_BLK_T_DISCARD, false, false, true, 0 },
	{ BLK_DISCARD, BLK_UNMAP, 0, VIRTIO_BLK_T_DISCARD, false, false, true, 0 },
	{ BLK_WRITE_ZEROES, 0, 0, VIRTIO_BLK_T_WRITE_ZEROES, false, false, true, 0 },
	{ BLK_WRITE_ZEROES, BLK_UNMAP, 0, VIRTIO_BLK_T_WRITE_ZEROES, false, false, true,
	  VIRTIO_BLK_WRITE_ZEROES_FLAG_UNMAP },
	{ BLK_SECURE_ERASE, 0, 0, VIRTIO_BLK_T_SECURE_ERASE, false, false, true, 0 },
	{ BLK_GET_ID, 0, 1, VIRTIO_BLK_T_GET_ID, false, true, false, 0 },
	{ BLK_GET_LIFETIME, 0, 1, VIRTIO_BLK_T_GET_LIFETIME, false, true, false, 0 },
};

static void check_range(const struct seen *seen, const struct blk_request *request, uint32_t flags)
{
	struct virtio_blk_discard_write_zeroes range;
	assert_int_equal(seen->data_count, 1);
	assert_int_equal(seen->data[0].length_bytes, sizeof(range));
	memcpy(&range, (const void *)(uintptr_t)seen->data[0].address, sizeof(range));
	assert_int_equal(range.sector, request->sector);
	assert_int_equal(range.num_sectors, request->sector_count);
	assert_int_equal(range.flags, flags);
}

static void check_data(const struct seen *seen, const struct blk_request *request)
{
	assert_int_equal(seen->data_count, request->segment_count);
	for (unsigned i = 0; i < seen->data_count; i++) {
		assert_int_equal(seen->data[i].address, segments[i].address.value);
		assert_int_equal(seen->data[i].length_bytes, segments[i].length_bytes);
	}
}

static void every_operation(void)
{
	/* Twice, for what a slot may keep of its last request. */
	for (unsigned i = 0; i < 2 * ARRAY_COUNT(operations); i++) {
		typeof(&operations[0]) row = &operations[i % ARRAY_COUNT(operations)];
		struct blk_request request = request_of(row->op, row->segment_count);
		request.flags = row->flags;
		give(&request);
		struct seen seen = take();
		assert_int_equal(seen.header.type, row->type);
		assert_int_equal(seen.header.reserved, 0);
		assert_int_equal(seen.header.sector, row->has_sector ? request.sector : 0);
		for (unsigned n = 0; n < seen.data_count; n++)
			assert_int_equal(seen.data[n].device_writes, row->device_writes);
		if (row->has_range)
			check_range(&seen, &request, row->range_flags);
		else
			check_data(&seen, &request);
		answer(&seen, VIRTIO_BLK_S_OK,
		       row->device_writes ? request.sector_count * SECTOR_BYTES + 1 : 1);
		expect_one(&request, BLK_OK);
	}
}

static void the_device_sees_requests_as_the_standard_has_them(void **state)
{
	(void)state;
	on_every_ring(every_operation);
}

static void a_mixed_batch(void)
{
	static const enum blk_op ops[] = { BLK_READ, BLK_READ, BLK_WRITE, BLK_FLUSH, BLK_WRITE,
					   BLK_READ, BLK_DISCARD, BLK_READ };
	unsigned taken = 0, calls = 0;
	struct blk_request requests[ARRAY_COUNT(ops)], *list[ARRAY_COUNT(ops)];
	for (unsigned i = 0; i < ARRAY_COUNT(ops); i++) {
		requests[i] = request_of(ops[i], ops[i] <= BLK_WRITE ? 1 + (i == 4) : 0);
		requests[i].sector = i;
		list[i] = &requests[i];
	}
	for (; taken < ARRAY_COUNT(ops); calls++) {
		struct blk_run run = run_of(list[taken]);
		unsigned more = queue->driver->submit(queue, &run, list + taken,
						      ARRAY_COUNT(ops) - (unsigned)taken);
		assert_in_range(more, 1, ARRAY_COUNT(ops));
		taken += more;
	}
	assert_int_equal(calls, 7); /* the first two are alike */
	assert_null(fake_device_take(&device));
	queue->driver->publish(queue);
	for (unsigned i = 0; i < ARRAY_COUNT(ops); i++) {
		struct seen seen = take();
		if (ops[i] <= BLK_WRITE)
			assert_int_equal(seen.header.sector, i);
		assert_int_equal(seen.header.type == VIRTIO_BLK_T_IN, ops[i] == BLK_READ);
		assert_int_equal(seen.header.type == VIRTIO_BLK_T_FLUSH, ops[i] == BLK_FLUSH);
	}
	assert_null(fake_device_take(&device));
}

static void a_batch_keeps_its_order_and_waits_for_publish(void **state)
{
	(void)state;
	on_every_ring(a_mixed_batch);
}

/* --- doorbells --- */

static void doorbells(void)
{
	struct blk_request requests[3], *list[3];
	for (unsigned i = 0; i < 3; i++) {
		requests[i] = request_of(BLK_READ, 1);
		list[i] = &requests[i];
	}
	struct blk_run run = run_of(list[0]);
	fake_device_want_doorbell(&device, 1);
	assert_int_equal(queue->driver->submit(queue, &run, list, 2), 2);
	assert_int_equal(doorbell, UINT16_MAX);
	queue->driver->publish(queue);
	assert_int_equal(doorbell, 3);
	take();
	take();
	fake_device_refuse_doorbell(&device);
	doorbell = UINT16_MAX;
	give(list[2]);
	assert_int_equal(doorbell, UINT16_MAX);
	assert_int_equal(queue->counters.batches, 2);
	assert_int_equal(queue->counters.doorbells, 1);
	assert_int_equal(queue->counters.doorbells_suppressed, 1);
}

static void a_batch_rings_once_and_only_if_asked(void **state)
{
	(void)state;
	on_every_ring(doorbells);
}

/* --- what the device answers --- */

static const struct {
	enum blk_op op;
	uint8_t status;
	uint32_t written_bytes;
	enum blk_status becomes;
} answers[] = {
	{ BLK_READ, VIRTIO_BLK_S_OK, 4097, BLK_OK },
	{ BLK_READ, VIRTIO_BLK_S_OK, 4096, BLK_OK }, /* some do not count the status byte */
	{ BLK_READ, VIRTIO_BLK_S_OK, UINT32_MAX, BLK_OK }, /* clamped */
	{ BLK_READ, VIRTIO_BLK_S_OK, 4095, BLK_SHORT },
	{ BLK_READ, VIRTIO_BLK_S_OK, 1, BLK_SHORT },
	{ BLK_READ, VIRTIO_BLK_S_OK, 0, BLK_SHORT },
	{ BLK_READ, VIRTIO_BLK_S_IOERR, 4097, BLK_IO_ERROR },
	{ BLK_READ, VIRTIO_BLK_S_IOERR, 1, BLK_IO_ERROR },
	{ BLK_READ, VIRTIO_BLK_S_UNSUPP, 1, BLK_UNSUPPORTED },
	{ BLK_READ, 77, 4097, BLK_IO_ERROR }, /* no such status */
	{ BLK_READ, NOT_WRITTEN, 4097, BLK_SHORT },
	{ BLK_WRITE, VIRTIO_BLK_S_OK, 1, BLK_OK },
	{ BLK_WRITE, VIRTIO_BLK_S_OK, 0, BLK_OK },
	{ BLK_WRITE, VIRTIO_BLK_S_IOERR, 1, BLK_IO_ERROR },
	{ BLK_WRITE, NOT_WRITTEN, 1, BLK_SHORT },
	{ BLK_FLUSH, VIRTIO_BLK_S_OK, 1, BLK_OK },
	{ BLK_FLUSH, VIRTIO_BLK_S_UNSUPP, 1, BLK_UNSUPPORTED },
	{ BLK_FLUSH, NOT_WRITTEN, 1, BLK_SHORT },
	{ BLK_DISCARD, VIRTIO_BLK_S_IOERR, 1, BLK_IO_ERROR },
	{ BLK_GET_ID, VIRTIO_BLK_S_OK, 21, BLK_OK }, /* shorter than its buffer */
};

static void every_answer(void)
{
	/* A good answer in between: its status byte must not be taken for the next. */
	for (unsigned i = 0; i < 2 * ARRAY_COUNT(answers); i++) {
		typeof(&answers[0]) row = &answers[i / 2];
		bool good = i % 2 == 0;
		struct blk_request request =
			request_of(row->op, row->op <= BLK_WRITE || row->op == BLK_GET_ID);
		give(&request);
		struct seen seen = take();
		if (good)
			answer(&seen, VIRTIO_BLK_S_OK, 4097);
		else
			answer(&seen, row->status, row->written_bytes);
		expect_one(&request, good ? BLK_OK : row->becomes);
	}
	assert_false(queue->broken);
}

static void no_answer_is_taken_for_a_better_one(void **state)
{
	(void)state;
	on_every_ring(every_answer);
}

/* --- the plain path --- */

static unsigned done_count;
static struct blk_request *resubmit;

/* The first one that is done submits another one. */
static void count_done(struct blk_request *request)
{
	struct blk_request *another = resubmit;
	assert_int_equal(request->status, BLK_OK);
	assert_true(request->doorbell_tsc && request->doorbell_tsc <= request->signal_tsc);
	done_count++;
	resubmit = NULL;
	if (another)
		assert_true(queue->driver->plain_submit_one(queue, another));
}

static void plain_reads_and_writes(void)
{
	if (!queue->driver->plain_submit)
		return; /* a packed ring with direct chains */
	struct blk_request requests[9], *list[9];
	struct blk_device blk_device = { .limits.capacity_sectors = UINT64_MAX };
	queue->device = &blk_device;
	queue->shape_ignores = BLK_READ ^ BLK_WRITE;
	for (unsigned i = 0; i < 9; i++) {
		requests[i] = request_of(i < 6 ? BLK_READ : BLK_WRITE, 1);
		requests[i].done = count_done;
		list[i] = &requests[i];
	}
	done_count = 0;
	assert_int_equal(queue->driver->plain_poll(queue), 0);
	assert_true(queue->driver->plain_submit_one(queue, list[0]));
	assert_int_equal(queue->driver->plain_submit(queue, list + 1, 7), 5); /* a run */
	assert_int_equal(queue->driver->plain_submit(queue, list + 6, 2), 2);
	assert_int_equal(queue->in_flight, 8);
	for (unsigned round = 0; round < 2; round++) {
		for (unsigned i = 0; i < 4; i++) {
			struct seen seen = take();
			answer(&seen, VIRTIO_BLK_S_OK, round ? 1 + 4096 : 4097);
		}
		resubmit = round ? NULL : list[8];
		assert_int_equal(queue->driver->plain_poll(queue), 4);
		assert_int_equal(done_count, 4 + 4 * round);
		assert_int_equal(queue->in_flight, round ? 1 : 5);
	}
	assert_int_equal(queue->counters.completions, 8);
	assert_false(queue->broken);
}

static void the_plain_path_takes_runs_and_delivers_what_is_there(void **state)
{
	(void)state;
	on_every_ring(plain_reads_and_writes);
}

/* As the layer does with a flush or a part: whose it is, the plain path does not know. */
static struct blk_request general_request;

static void submit_a_flush_and_complete_it(struct blk_request *request)
{
	struct seen seen;

	done_count++;
	request->done = count_done;
	general_request = request_of(BLK_FLUSH, 0);
	general_request.segments = NULL;
	give(&general_request);
	queue->in_flight++;
	queue->general = true;
	seen = take();
	answer(&seen, VIRTIO_BLK_S_OK, 1);
}

static void overtaken_by_a_flush(void)
{
	struct blk_request requests[2], *list[] = { &requests[0], &requests[1] };
	struct blk_device blk_device = { .limits.capacity_sectors = UINT64_MAX };
	struct blk_run run;
	struct seen seen[2];

	queue->device = &blk_device;
	done_count = 0;
	for (unsigned i = 0; i < 2; i++) {
		requests[i] = request_of(BLK_READ, 1);
		requests[i].done = i ? count_done : submit_a_flush_and_complete_it;
	}
	run = run_of(&requests[0]);
	assert_int_equal(queue->driver->submit(queue, &run, list, 2), 2);
	queue->driver->publish(queue);
	queue->in_flight = 2;
	seen[0] = take();
	seen[1] = take();
	answer(&seen[0], VIRTIO_BLK_S_OK, 4097);
	assert_int_equal(queue->driver->plain_poll(queue), 1);
	assert_int_equal(done_count, 1);
	expect_one(&general_request, BLK_OK);
	answer(&seen[1], VIRTIO_BLK_S_OK, 4097);
	expect_one(&requests[1], BLK_OK);
}

static void what_is_not_plain_is_left_to_the_layer(void **state)
{
	(void)state;
	on_every_ring(overtaken_by_a_flush);
}

static void one_by_one_until_full(void)
{
	if (!queue->driver->plain_submit_one)
		return;
	struct blk_request requests[SLOTS_MAX + 1];
	struct blk_device blk_device = { .limits.capacity_sectors = UINT64_MAX };
	queue->device = &blk_device;
	queue->shape_ignores = BLK_READ ^ BLK_WRITE;
	for (unsigned i = 0; i <= queue->depth; i++) {
		requests[i] = request_of(i % 3 ? BLK_READ : BLK_WRITE, 1);
		assert_int_equal(queue->driver->plain_submit_one(queue, &requests[i]),
				 i < queue->depth);
	}
	assert_int_equal(queue->in_flight, queue->depth);
	assert_int_equal(queue->counters.requests, queue->depth);
	assert_int_equal(queue->counters.batches, queue->depth);
}

static void the_plain_path_tells_a_lone_request_that_there_is_no_room(void **state)
{
	(void)state;
	on_every_ring(one_by_one_until_full);
}

static void a_lie_to_the_plain_path(void)
{
	if (!queue->driver->plain_poll)
		return;
	struct blk_request requests[2];
	for (unsigned i = 0; i < 2; i++) {
		requests[i] = request_of(BLK_READ, 1);
		requests[i].done = count_done;
		requests[i].doorbell_tsc = 1;
		give(&requests[i]);
		queue->in_flight++;
	}
	struct seen first = take();
	queue->doorbell_tsc = 1;
	done_count = 0;
	answer(&first, VIRTIO_BLK_S_OK, 4097);
	fake_device_lie(&device, first.id, 4097, 1); /* once more */
	fake_device_show(&device);
	assert_int_equal(queue->driver->plain_poll(queue), 1);
	assert_int_equal(queue->driver->plain_poll(queue), 0);
	assert_true(queue->broken);
	assert_int_equal(done_count, 1);
	assert_int_equal(queue->in_flight, 1);
}

static void the_plain_path_delivers_nothing_twice(void **state)
{
	(void)state;
	on_every_ring(a_lie_to_the_plain_path);
}

/* --- full, out of order, broken, given up --- */

static unsigned fill_up(struct blk_request *requests)
{
	struct blk_request *list[SLOTS_MAX + 1];
	for (unsigned i = 0; i < ARRAY_COUNT(list); i++) {
		requests[i] = request_of(BLK_READ, 1);
		list[i] = &requests[i];
	}
	struct blk_run run = run_of(list[0]);
	unsigned taken = queue->driver->submit(queue, &run, list, ARRAY_COUNT(list));
	assert_int_equal(taken, queue->depth);
	assert_int_equal(queue->driver->submit(queue, &run, &list[taken], 1), 0);
	queue->driver->publish(queue);
	return taken;
}

static void full_and_backwards(void)
{
	struct blk_request requests[SLOTS_MAX + 1], *found[SLOTS_MAX];
	struct seen seen[SLOTS_MAX];
	unsigned taken = fill_up(requests);
	for (unsigned i = 0; i < taken; i++)
		seen[i] = take();
	for (unsigned i = taken; i--;)
		answer(&seen[i], i % 3 ? VIRTIO_BLK_S_OK : VIRTIO_BLK_S_IOERR, 4097);
	assert_int_equal(queue->driver->reap(queue, found, 1), 1);
	assert_ptr_equal(found[0], &requests[taken - 1]);
	assert_int_equal(queue->driver->reap(queue, found + 1, SLOTS_MAX), taken - 1);
	for (unsigned i = 0; i < taken; i++) {
		assert_ptr_equal(found[i], &requests[taken - 1 - i]);
		assert_int_equal(requests[i].status, i % 3 ? BLK_OK : BLK_IO_ERROR);
	}
	assert_int_equal(queue->driver->reap(queue, found, 1), 0);
	fill_up(requests);
}

static void a_full_queue_is_a_count_and_any_order_is_right(void **state)
{
	(void)state;
	on_every_ring(full_and_backwards);
}

static void a_lie(void)
{
	struct blk_request requests[2], *found[4];
	for (unsigned i = 0; i < 2; i++) {
		requests[i] = request_of(BLK_READ, 1);
		give(&requests[i]);
	}
	struct seen first = take();
	answer(&first, VIRTIO_BLK_S_OK, 4097);
	fake_device_lie(&device, first.id, 4097, 1); /* once more */
	fake_device_show(&device);
	assert_int_equal(queue->driver->reap(queue, found, 1), 1);
	assert_false(queue->broken);
	assert_int_equal(queue->driver->reap(queue, found + 1, 3), 0);
	assert_true(queue->broken);
	/* What the device holds stays with it until it was reset. */
	assert_int_equal(requests[1].status, 0xee);
	unsigned held = 0;
	for (uint32_t slot = 0; slot < queue->depth; slot++)
		if (queue->driver->request_in(queue, slot)) {
			assert_ptr_equal(queue->driver->request_in(queue, slot), &requests[1]);
			held++;
		}
	assert_int_equal(held, 1);
	assert_int_equal(queue->driver->abandon(queue, found, 4), 1);
	assert_ptr_equal(found[0], &requests[1]);
	assert_int_equal(requests[1].status, BLK_BROKEN);
	assert_int_equal(queue->driver->abandon(queue, found, 4), 0);
}

static void a_lie_breaks_the_queue_and_nothing_is_lost(void **state)
{
	(void)state;
	on_every_ring(a_lie);
}

static void a_used_index_that_jumps_breaks_the_queue(void **state)
{
	(void)state;
	struct blk_request request = request_of(BLK_READ, 1), *found;
	begin(&rings[0]);
	give(&request);
	device.used->idx = 2;
	assert_int_equal(queue->driver->reap(queue, &found, 1), 0);
	assert_true(queue->broken);
	end();
}

static void interrupts(void)
{
	struct blk_request request = request_of(BLK_READ, 1);
	give(&request);
	struct seen seen = take();
	assert_false(queue->driver->arm(queue, 1));
	answer(&seen, VIRTIO_BLK_S_OK, 4097);
	assert_true(fake_device_signal(&device));
	expect_one(&request, BLK_OK);
	queue->driver->disarm(queue);
	give(&request);
	seen = take();
	answer(&seen, VIRTIO_BLK_S_OK, 4097);
	assert_false(fake_device_signal(&device));
	assert_true(queue->driver->arm(queue, 1));
}

static void an_interrupt_comes_when_asked_for(void **state)
{
	(void)state;
	on_every_ring(interrupts);
}

static void be_interrupted(void)
{
	queue->interrupt_tsc = 1;
}

/* Whether the device raises an interrupt when it completes what it has. */
static bool completing_interrupts(void)
{
	struct seen seen = take();
	answer(&seen, VIRTIO_BLK_S_OK, 4097);
	return fake_device_signal(&device);
}

static void waits(void)
{
	const struct virtqueue_config *ring = &disk.ring;
	struct blk_request request = request_of(BLK_READ, 1);
	if (!queue->driver->plain_wait)
		return;
	sleeps = generic_waits = 0;
	queue->interrupt_tsc = 0;
	queue->driver->plain_wait(queue, 1); /* nothing in flight: not for it */
	assert_int_equal(generic_waits, 1);
	give(&request);
	on_sleep = be_interrupted;
	queue->driver->plain_wait(queue, 5); /* more than will come */
	if (!ring->event_idx) {
		assert_int_equal(generic_waits, 2);
		take();
		return;
	}
	assert_int_equal(sleeps, 1);
	assert_int_equal(queue->counters.arms, 1);
	assert_true(completing_interrupts());
	queue->driver->plain_wait(queue, 1); /* there already */
	assert_int_equal(sleeps, 1);
	expect_one(&request, BLK_OK);
	/* Woken by something else: what completes later must not interrupt. */
	queue->interrupt_tsc = 0;
	on_sleep = NULL;
	give(&request);
	queue->driver->plain_wait(queue, 1);
	assert_int_equal(sleeps, 2);
	assert_false(completing_interrupts());
}

static void a_wait_arms_sleeps_and_silences_what_is_still_to_come(void **state)
{
	(void)state;
	on_every_ring(waits);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_device_sees_requests_as_the_standard_has_them),
		cmocka_unit_test(a_batch_keeps_its_order_and_waits_for_publish),
		cmocka_unit_test(a_batch_rings_once_and_only_if_asked),
		cmocka_unit_test(no_answer_is_taken_for_a_better_one),
		cmocka_unit_test(the_plain_path_takes_runs_and_delivers_what_is_there),
		cmocka_unit_test(what_is_not_plain_is_left_to_the_layer),
		cmocka_unit_test(the_plain_path_tells_a_lone_request_that_there_is_no_room),
		cmocka_unit_test(the_plain_path_delivers_nothing_twice),
		cmocka_unit_test(a_full_queue_is_a_count_and_any_order_is_right),
		cmocka_unit_test(a_lie_breaks_the_queue_and_nothing_is_lost),
		cmocka_unit_test(a_used_index_that_jumps_breaks_the_queue),
		cmocka_unit_test(an_interrupt_comes_when_asked_for),
		cmocka_unit_test(a_wait_arms_sleeps_and_silences_what_is_still_to_come),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
