/* SPDX-License-Identifier: MIT */
/*
 * A virtio-blk queue off its I/O path (virtio_blk_io.c): memory and binding at
 * start, dumps, deadlines, giving up after a reset.
 *
 * Header, range and status byte of each slot live in one DMA block per queue
 * and are bound to the ring's slots at start. Which request a slot stands for
 * is kept in the ring's shadow, out of the device's reach.
 *
 * Context: as struct blk_driver says; creation on the boot CPU.
 */
#include "kernel/blk/drivers/virtio_blk_impl.h"
#include "kernel/lib/err.h"
#include "kernel/lib/log.h"
#include "kernel/mm/heap.h"
#include "kernel/virtio/virtqueue_impl.h"

phys_addr virtio_blk_slot_phys(const struct virtio_blk_queue *queue, uint16_t slot)
{
	return phys_add(queue->slot_memory.phys, slot * sizeof(struct virtio_blk_slot));
}

/* NULL when the slot is free, or its request was given up. */
static struct blk_request *owner_of(const struct virtio_blk_queue *queue, uint32_t slot)
{
	const struct virtqueue_chain *chain = &queue->vq->chains[slot];

	return chain->writable_bytes ? chain->owner : NULL;
}

void virtio_blk_dump(const struct blk_queue *blk)
{
	const struct virtio_blk_queue *queue = blk->driver_data;
	struct virtqueue_state state;
	virtqueue_get_state(queue->vq, &state);
	const char *broken = virtqueue_broken_reason(queue->vq);
	log_raw("  ring: %s size %u slots %u in flight %u%s%s%s\n",
		state.packed ? "packed" : "split", state.size, state.slot_count, state.in_flight,
		state.event_idx ? " event_idx" : "", broken ? " broken: " : "",
		broken ? broken : "");
	log_raw("  avail index %u published %u avail_event %u; used index %u last used %u "
		"used_event %u\n",
		state.avail_index, state.last_published, state.avail_event, state.used_index,
		state.last_used, state.used_event);
	uint64_t now = clock_tsc();
	for (uint16_t slot = 0; slot < queue->slot_count; slot++) {
		const struct blk_request *request = owner_of(queue, slot);
		const struct virtio_blk_slot *memory = queue->vq->chains[slot].memory;
		if (!request)
			continue;
		log_raw("  slot %u: %s sector %lu count %u, %lu us in flight, status byte 0x%02x\n",
			slot, blk_op_name(request->op), request->sector, request->sector_count,
			clock_tsc_to_ns(now - request->submit_tsc) / NS_PER_US, memory->status);
	}
}

const struct blk_request *virtio_blk_request_in(const struct blk_queue *blk, uint32_t slot)
{
	const struct virtio_blk_queue *queue = blk->driver_data;
	return owner_of(queue, slot);
}

unsigned virtio_blk_abandon(struct blk_queue *blk, struct blk_request **out, unsigned max)
{
	struct virtio_blk_queue *queue = blk->driver_data;
	unsigned count = 0;
	for (uint16_t slot = 0; slot < queue->slot_count && count < max; slot++) {
		struct blk_request *request = owner_of(queue, slot);
		if (!request)
			continue;
		queue->vq->chains[slot].owner = NULL;
		request->status = BLK_BROKEN;
		out[count++] = request;
	}
	return count;
}

static void bind_slots(struct virtio_blk_queue *queue)
{
	struct virtio_blk_slot *slots = queue->slot_memory.virt;
	for (uint16_t slot = 0; slot < queue->slot_count; slot++) {
		phys_addr memory = virtio_blk_slot_phys(queue, slot);
		virtqueue_bind(queue->vq, slot,
			       phys_add(memory, offsetof(struct virtio_blk_slot, header)),
			       sizeof(slots->header),
			       phys_add(memory, offsetof(struct virtio_blk_slot, status)),
			       sizeof(slots->status));
		queue->vq->chains[slot].memory = &slots[slot];
	}
}

int virtio_blk_queue_create(struct virtio_blk *disk, uint16_t index, uint16_t size)
{
	struct virtio_blk_queue *queue = &disk->queues[index];
	struct virtqueue_config config = disk->ring;
	config.size = size;
	struct virtqueue_layout layout = virtqueue_layout(&config);
	if (!layout.slot_count)
		return -ERR_INVALID;
	queue->index = index;
	queue->slot_count = layout.slot_count;
	queue->blk = &disk->blk_queues[index];

	/* Start-up memory lives as long as the kernel: nothing is undone here. */
	uint64_t slot_bytes = sizeof(struct virtio_blk_slot) * (uint64_t)layout.slot_count;
	if (dma_allocate(layout.dma_bytes, &queue->ring_memory) ||
	    dma_allocate(slot_bytes, &queue->slot_memory))
		return -ERR_NO_MEMORY;
	void *shadow = heap_allocate(layout.shadow_bytes);
	queue->vq = heap_allocate(virtqueue_struct_bytes());
	if (!shadow || !queue->vq)
		return -ERR_NO_MEMORY;
	int error = virtqueue_init(queue->vq, &config, queue->ring_memory.virt,
				   queue->ring_memory.phys, shadow);
	if (error)
		return error;
	bind_slots(queue);

	struct blk_queue *blk = queue->blk;
	blk->driver_data = queue;
	blk->device = &disk->device;
	blk->index = index;
	blk->depth = layout.slot_count;
	/* On a packed direct ring an event may be met before its point is passed. */
	blk->event_disarms_itself = config.event_idx && (!config.packed || config.indirect);
	return 0;
}
