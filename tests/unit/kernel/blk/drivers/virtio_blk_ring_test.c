/* SPDX-License-Identifier: MIT */
/*
 * Which rings a disk gets (virtio_blk_ring.c), for every size that a device can show: what a
 * larger one can do is never less. The transport and the memory are the test's.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "kernel/blk/sched.h"
#include "kernel/blk/drivers/virtio_blk_impl.h"

#define F(bit) VIRTIO_FEATURE(bit)
#define PLENTY (1ull << 40)

static uint16_t shown[2]; /* by the device, of each queue */
static uint64_t free_bytes;

uint16_t virtio_pci_queue_max_size(const struct virtio_pci *device, uint16_t queue)
{
	(void)device;
	return shown[queue];
}

uint64_t heap_free_bytes(void)
{
	return free_bytes;
}

void *heap_allocate(uint64_t length_bytes)
{
	return calloc(1, length_bytes);
}

/* What a disk of such rings can do. */
struct ability {
	uint32_t entries, in_flight, segments;
};

static struct virtio_blk disk;

/* Of a device that shows `size`, for which `given` and `wanted` are asked. */
static struct ability choose_asked(uint16_t size, uint64_t features, uint32_t seg_max,
				   uint32_t given, uint32_t wanted)
{
	memset(&disk, 0, sizeof(disk));
	disk.transport.features = features;
	disk.queue_count = ARRAY_COUNT(shown);
	disk.device.limits.max_segments = seg_max;
	shown[0] = VIRTQ_SIZE_MAX;
	shown[1] = size; /* the least of all queues counts */
	virtio_blk_choose_ring(&disk, given, wanted);
	assert_int_equal(disk.device.ring.entries, disk.ring.size);
	assert_int_equal(disk.device.ring.shown, size);
	assert_int_equal(disk.device.limits.max_segments, disk.ring.max_data_segments);
	struct virtqueue_layout layout = virtqueue_layout(&disk.ring);
	if (disk.ring.size >= 3)
		assert_true(layout.slot_count);
	return (struct ability){ disk.ring.size, layout.slot_count, disk.ring.max_data_segments };
}

static struct ability choose(uint16_t size, uint64_t features, uint32_t seg_max)
{
	return choose_asked(size, features, seg_max, 0, 0);
}

static void expect_no_less(struct ability larger, struct ability smaller)
{
	assert_in_range(smaller.entries, 0, larger.entries);
	assert_in_range(smaller.in_flight, 0, larger.in_flight);
	assert_in_range(smaller.segments, 0, larger.segments);
}

static const uint32_t seg_maxes[] = { 1, 2, 3, 5, 6, 30, 62, 63, 64 };

/* Calls for each set of features that a ring depends on. */
static void with_all_features(void (*test)(uint64_t features))
{
	for (unsigned bits = 0; bits < 8; bits++)
		test((bits & 1 ? F(VIRTIO_F_INDIRECT_DESC) : 0) |
		     (bits & 2 ? F(VIRTIO_F_RING_PACKED) : 0) |
		     (bits & 4 ? F(VIRTIO_F_EVENT_IDX) : 0));
}

static void grow(uint64_t features)
{
	bool packed = features & F(VIRTIO_F_RING_PACKED);
	for (unsigned i = 0; i < ARRAY_COUNT(seg_maxes); i++) {
		struct ability before = { 0 };
		/* A split ring's size is a power of two; a packed one's is any. */
		for (uint32_t size = 2; size <= VIRTQ_SIZE_MAX; size += packed ? 1 : size) {
			struct ability now = choose((uint16_t)size, features, seg_maxes[i]);
			expect_no_less(now, before);
			before = now;
		}
	}
}

static void a_larger_ring_holds_no_fewer_requests_and_allows_no_fewer_segments(void **state)
{
	(void)state;
	with_all_features(grow);
}

static void grow_in_little_memory(uint64_t features)
{
	for (free_bytes = 1 << 12; free_bytes < 1ull << 31; free_bytes *= 8)
		for (unsigned i = 0; i < ARRAY_COUNT(seg_maxes); i++) {
			struct ability before = { 0 };
			for (uint32_t size = 2; size <= VIRTQ_SIZE_MAX; size *= 2) {
				struct ability now =
					choose((uint16_t)size, features, seg_maxes[i]);
				expect_no_less(now, before);
				before = now;
			}
		}
	free_bytes = PLENTY;
}

static void nor_does_it_where_memory_is_short(void **state)
{
	(void)state;
	with_all_features(grow_in_little_memory);
}

/* How many requests the device gets for 256 adjacent reads. */
static unsigned device_requests(void)
{
	static struct blk_request requests[BLK_SCHED_CAPACITY];
	static blk_segment segment = { .length_bytes = 4096 };
	struct blk_limits limits = { .max_segments = disk.device.limits.max_segments,
				     .max_sectors = UINT32_MAX / SECTOR_BYTES };
	struct blk_sched *sched = blk_sched_create(&limits);
	unsigned count = 0;
	bool merged;
	for (unsigned i = 0; i < ARRAY_COUNT(requests); i++) {
		requests[i] = (struct blk_request){ .op = BLK_READ, .sector = i * 8,
						    .sector_count = 8, .segments = &segment,
						    .segment_count = 1 };
		assert_true(blk_sched_insert(sched, &requests[i], 0, &merged));
	}
	for (; blk_sched_peek(sched, 0); count++)
		blk_sched_pop(sched);
	free(sched);
	return count;
}

static void merge_on_growing_rings(uint64_t features)
{
	unsigned before = BLK_SCHED_CAPACITY;
	for (uint32_t size = 4; size <= VIRTQ_SIZE_MAX; size *= 2) {
		choose((uint16_t)size, features, 64);
		unsigned now = device_requests();
		assert_in_range(now, 1, before);
		before = now;
	}
	assert_int_equal(before, BLK_SCHED_CAPACITY / 64);
}

static void a_larger_ring_merges_no_less(void **state)
{
	(void)state;
	with_all_features(merge_on_growing_rings);
}

static void an_entry_is_a_request_where_chains_are_indirect(void **state)
{
	(void)state;
	for (uint32_t size = 4; size <= VIRTQ_SIZE_MAX; size *= 2) {
		struct ability ring = choose((uint16_t)size, F(VIRTIO_F_INDIRECT_DESC), 64);
		assert_int_equal(ring.entries, size);
		assert_int_equal(ring.in_flight, size);
		assert_int_equal(ring.segments, MIN(64, size - 2)); /* 2.7.5.3.1 */
	}
}

/* virtio 1.2, 4.1.5.1.3: a driver may use less of a ring than the device shows. */
static void a_ring_is_as_asked_for_whatever_the_device_shows(void **state)
{
	(void)state;
	static const struct {
		uint16_t shown;
		uint32_t given, wanted;
		bool packed;
		uint32_t entries, asked;
	} rows[] = {
		{ 1024, 0, 0, false, 1024, 1024 },   { 1024, 256, 0, false, 256, 256 },
		{ 1024, 0, 256, false, 256, 256 },   { 1024, 4, 0, true, 4, 4 },
		{ 256, 1024, 0, false, 256, 1024 },  { 256, 0, 1024, false, 256, 1024 },
		{ 1024, 256, 16, false, 16, 16 },    { 1024, 256, 512, false, 256, 512 },
		{ 1024, 0, 100, false, 64, 100 },    { 1024, 0, 100, true, 100, 100 },
	};
	for (unsigned i = 0; i < ARRAY_COUNT(rows); i++) {
		uint64_t features = F(VIRTIO_F_INDIRECT_DESC) |
				    (rows[i].packed ? F(VIRTIO_F_RING_PACKED) : 0);
		struct ability ring = choose_asked(rows[i].shown, features, 30, rows[i].given,
						   rows[i].wanted);
		assert_int_equal(ring.entries, rows[i].entries);
		assert_int_equal(disk.device.ring.wanted, rows[i].asked);
	}
}

static void a_disks_rings_leave_most_of_the_memory_to_others(void **state)
{
	(void)state;
	for (free_bytes = 1 << 22; free_bytes < 1ull << 36; free_bytes *= 2) {
		choose(VIRTQ_SIZE_MAX, F(VIRTIO_F_INDIRECT_DESC), 64);
		struct virtqueue_layout layout = virtqueue_layout(&disk.ring);
		uint64_t bytes = disk.queue_count *
				 (layout.dma_bytes + layout.shadow_bytes +
				  layout.slot_count * sizeof(struct virtio_blk_slot));
		/* One page of rounding for each queue. */
		assert_in_range(bytes, 1, free_bytes / 4 + disk.queue_count * PAGE_BYTES);
	}
	free_bytes = PLENTY;
}

static int setup(void **state)
{
	(void)state;
	free_bytes = PLENTY;
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			a_larger_ring_holds_no_fewer_requests_and_allows_no_fewer_segments),
		cmocka_unit_test(nor_does_it_where_memory_is_short),
		cmocka_unit_test(a_larger_ring_merges_no_less),
		cmocka_unit_test(an_entry_is_a_request_where_chains_are_indirect),
		cmocka_unit_test(a_ring_is_as_asked_for_whatever_the_device_shows),
		cmocka_unit_test(a_disks_rings_leave_most_of_the_memory_to_others),
	};
	return cmocka_run_group_tests(tests, setup, NULL);
}
