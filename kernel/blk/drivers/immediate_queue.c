/* SPDX-License-Identifier: MIT */
/*
 * What drivers without hardware share: a ring of requests per queue, done at
 * the moment they are published.
 *
 * Nothing completes by interrupt, so such queues are polled whatever the mode;
 * a wait for them ends at its first look. A "doorbell" is counted per batch, as
 * for a device, though nothing is rung.
 *
 * Context: as any driver's queue. Memory lives as long as the kernel.
 */
#include "kernel/blk/drivers/immediate_queue.h"

#include "kernel/lib/err.h"
#include "kernel/lib/fmt.h"
#include "kernel/lib/log.h"
#include "kernel/mm/heap.h"

unsigned immediate_submit(struct blk_queue *queue, const struct blk_run *run,
			  struct blk_request *const *requests, unsigned count)
{
	struct immediate_queue *ring = queue->driver_data;
	uint32_t room = IMMEDIATE_DEPTH - (ring->taken - ring->reaped);
	unsigned taken;

	count = MIN(count, room);
	for (taken = 0; taken < count && blk_run_takes(run, requests[taken]); taken++)
		ring->requests[ring->taken++ % IMMEDIATE_DEPTH] = requests[taken];
	return taken;
}

void immediate_publish(struct blk_queue *queue)
{
	struct immediate_queue *ring = queue->driver_data;

	ring->published = ring->taken;
	queue->counters.batches++;
	queue->counters.doorbells++;
}

unsigned immediate_reap(struct blk_queue *queue, struct blk_request **out, unsigned max)
{
	struct immediate_queue *ring = queue->driver_data;
	unsigned count = 0;

	while (count < max && ring->reaped != ring->published)
		out[count++] = ring->requests[ring->reaped++ % IMMEDIATE_DEPTH];
	return count;
}

bool immediate_has_completions(const struct blk_queue *queue)
{
	const struct immediate_queue *ring = queue->driver_data;

	return load_once(&ring->reaped) != load_once(&ring->published);
}

void immediate_dump(const struct blk_queue *queue)
{
	const struct immediate_queue *ring = queue->driver_data;

	log_raw("  ring: taken %u published %u reaped %u\n", ring->taken, ring->published,
		ring->reaped);
}

const struct blk_request *immediate_request_in(const struct blk_queue *queue, uint32_t slot)
{
	const struct immediate_queue *ring = queue->driver_data;
	uint32_t age = (slot - ring->reaped) % IMMEDIATE_DEPTH;

	return age < ring->taken - ring->reaped ? ring->requests[slot] : NULL;
}

struct blk_limits immediate_limits(uint64_t size_bytes, uint32_t request_sectors_max)
{
	return (struct blk_limits){
		.capacity_sectors = size_bytes / SECTOR_BYTES,
		.block_bytes = SECTOR_BYTES,
		.physical_block_bytes = SECTOR_BYTES,
		.max_segments = BLK_SEGMENTS_MAX,
		.max_segment_bytes = request_sectors_max * SECTOR_BYTES,
		.max_sectors = request_sectors_max,
		.max_discard_sectors = request_sectors_max,
		.max_write_zeroes_sectors = request_sectors_max,
		.max_secure_erase_sectors = request_sectors_max,
		.flush = true,
		.discard = true,
		.write_zeroes = true,
		.secure_erase = true,
		.write_cache = true,
	};
}

int immediate_register(struct blk_device *device, const char *name,
		       const struct blk_driver *driver, const struct settings *settings)
{
	uint16_t count = (uint16_t)MIN(settings->queues ? settings->queues : cpu_count,
				       BLK_QUEUES_MAX);
	struct immediate_queue *rings = heap_allocate(count * sizeof(*rings));

	device->queues = heap_allocate(count * sizeof(*device->queues));
	if (!rings || !device->queues)
		return -ERR_NO_MEMORY;
	fmt_print(device->name, sizeof(device->name), "%s", name);
	fmt_print(device->id, sizeof(device->id), "%s", name);
	device->driver = driver;
	device->queue_count = count;
	for (uint16_t i = 0; i < count; i++) {
		struct blk_queue *queue = &device->queues[i];

		queue->driver = driver;
		queue->driver_data = &rings[i];
		queue->depth = IMMEDIATE_DEPTH;
		queue->index = i;
		queue->completion = settings->completion;
		queue->polled_only = true;
	}
	return blk_register(device, settings);
}
