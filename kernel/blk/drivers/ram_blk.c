/* SPDX-License-Identifier: MIT */
/*
 * ram_blk: a disk in memory. It stands in, loudly, when no device is found,
 * and is the second driver that proves the layer above it.
 *
 * All queues work on the same memory, without a lock: as on a real disk, two
 * requests for one block at the same time leave either's data there. Discarded
 * and erased sectors read as zeroes. Data moves at publish(), so that nothing
 * happens before the doorbell, as with a device.
 *
 * Owned here: the disk's memory, for ever. Context: as any driver's queue.
 */
#include "kernel/blk/drivers/ram_blk.h"

#include "kernel/blk/drivers/immediate_queue.h"
#include "kernel/lib/err.h"
#include "kernel/lib/mem.h"
#include "kernel/mm/heap.h"
#include "kernel/mm/paging.h"

#define SECTORS_MAX 8192u /* of one request: 4 MiB */

struct ram_blk {
	struct blk_device device;
	uint8_t *data; /* [I] capacity_sectors of them */
};

static void move_data(uint8_t *at, const struct blk_request *request)
{
	for (uint32_t i = 0; i < request->segment_count; i++) {
		const blk_segment *segment = &request->segments[i];
		void *memory = phys_to_virt(segment->address);

		if (request->op == BLK_READ)
			memcpy(memory, at, segment->length_bytes);
		else
			memcpy(at, memory, segment->length_bytes);
		at += segment->length_bytes;
	}
}

static void get_id(const struct ram_blk *disk, const struct blk_request *request)
{
	uint32_t length = MIN(request->segments[0].length_bytes, BLK_ID_BYTES);

	memcpy(phys_to_virt(request->segments[0].address), disk->device.id, length);
}

static enum blk_status execute(const struct ram_blk *disk, const struct blk_request *request)
{
	uint8_t *at = disk->data + request->sector * SECTOR_BYTES;

	switch ((enum blk_op)request->op) {
	case BLK_READ:
	case BLK_WRITE:
		move_data(at, request);
		return BLK_OK;
	case BLK_DISCARD:
	case BLK_WRITE_ZEROES:
	case BLK_SECURE_ERASE:
		memset(at, 0, (size_t)request->sector_count * SECTOR_BYTES);
		return BLK_OK;
	case BLK_FLUSH:
		return BLK_OK;
	case BLK_GET_ID:
		get_id(disk, request);
		return BLK_OK;
	case BLK_GET_LIFETIME:
	case BLK_OP_COUNT:
		break;
	}
	return BLK_UNSUPPORTED;
}

static void ram_blk_publish(struct blk_queue *queue)
{
	const struct ram_blk *disk = queue->device->driver_data;
	struct immediate_queue *ring = queue->driver_data;

	for (uint32_t i = ring->published; i != ring->taken; i++) {
		struct blk_request *request = ring->requests[i % IMMEDIATE_DEPTH];

		request->status = (uint8_t)execute(disk, request);
	}
	immediate_publish(queue);
}

static const struct blk_driver ram_blk_driver = {
	.name = "ram_blk",
	.submit = immediate_submit,
	.publish = ram_blk_publish,
	.reap = immediate_reap,
	.has_completions = immediate_has_completions,
	.dump = immediate_dump,
	.request_in = immediate_request_in,
};

struct blk_limits ram_blk_limits(uint64_t size_bytes)
{
	struct blk_limits limits = immediate_limits(align_up(size_bytes, PAGE_BYTES), SECTORS_MAX);

	limits.physical_block_bytes = PAGE_BYTES;
	limits.get_id = true;
	return limits;
}

int ram_blk_create_limited(const char *name, const struct blk_limits *limits,
			   const struct settings *settings)
{
	struct ram_blk *disk = heap_allocate(sizeof(*disk));

	if (!disk)
		return -ERR_NO_MEMORY;
	disk->data = heap_allocate(limits->capacity_sectors * SECTOR_BYTES);
	if (!disk->data)
		return -ERR_NO_MEMORY;
	disk->device.driver_data = disk;
	disk->device.limits = *limits;
	return immediate_register(&disk->device, name, &ram_blk_driver, settings);
}

int ram_blk_create(const char *name, uint64_t size_bytes, const struct settings *settings)
{
	struct blk_limits limits = ram_blk_limits(size_bytes);

	return ram_blk_create_limited(name, &limits, settings);
}
