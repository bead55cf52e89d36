/*
 * virtio-blk's I/O path: a request becomes a slot, a completed slot becomes
 * the request again.
 *
 *   submit   header[slot] = type, sector    publish   ring index, doorbell
 *            ring: header | data | status
 *   reap     pop slot -> status[slot] -> request
 *
 * Header, range and status byte of each slot live in one DMA block per queue
 * and are bound to the ring's slots at start. Which request a slot stands for
 * is kept in the ring's shadow, out of the device's reach.
 *
 * Context: loop context of the queue's CPU, or under the queue's lock. No
 * allocation, no lock, no printing. Splitting and ordering are the layer's
 * (blk.c); timeouts are too.
 */
#include "kernel/blk/virtio_blk_impl.h"
#include "kernel/lib/assert.h"
#include "kernel/lib/err.h"
#include "kernel/lib/log.h"
#include "kernel/lib/mem.h"
#include "kernel/virtio/virtqueue_impl.h"

/* virtio 1.2, 5.2.6: the device overwrites this with VIRTIO_BLK_S_*. */
#define STATUS_NOT_WRITTEN 0xffu

_Static_assert(BLK_READ == VIRTIO_BLK_T_IN && BLK_WRITE == VIRTIO_BLK_T_OUT,
	       "submit_run() takes the one for the other");

static const uint32_t op_types[BLK_OP_COUNT] = {
	[BLK_READ] = VIRTIO_BLK_T_IN,
	[BLK_WRITE] = VIRTIO_BLK_T_OUT,
	[BLK_FLUSH] = VIRTIO_BLK_T_FLUSH,
	[BLK_DISCARD] = VIRTIO_BLK_T_DISCARD,
	[BLK_WRITE_ZEROES] = VIRTIO_BLK_T_WRITE_ZEROES,
	[BLK_SECURE_ERASE] = VIRTIO_BLK_T_SECURE_ERASE,
	[BLK_GET_ID] = VIRTIO_BLK_T_GET_ID,
	[BLK_GET_LIFETIME] = VIRTIO_BLK_T_GET_LIFETIME,
};

/* The least that the device must have written; GET_ID may be shorter than its buffer. */
static inline uint32_t least_written_bytes(const struct blk_request *request)
{
	return request->op == BLK_READ ? request->sector_count * SECTOR_BYTES : 0;
}

static bool carries_range(uint8_t op)
{
	return op == BLK_DISCARD || op == BLK_WRITE_ZEROES || op == BLK_SECURE_ERASE;
}

static phys_addr slot_phys(const struct virtio_blk_queue *queue, uint16_t slot)
{
	return phys_add(queue->slot_memory.phys, slot * sizeof(struct virtio_blk_slot));
}

/* Everything but a plain read or write; off the hot path. */
static NOINLINE uint16_t add_special(struct virtio_blk_queue *queue,
				     const struct blk_request *request)
{
	if (!carries_range(request->op)) {
		bool device_writes = request->op == BLK_GET_ID || request->op == BLK_GET_LIFETIME;
		return virtqueue_add(queue->vq, request->segments, request->segment_count,
				     device_writes);
	}

	/* The range's place follows from the slot, which add() will choose. */
	uint16_t slot = virtqueue_next_slot(queue->vq);
	struct virtio_blk_slot *memory = queue->vq->chains[slot].memory;
	memory->range = (struct virtio_blk_discard_write_zeroes){
		.sector = request->sector,
		.num_sectors = request->sector_count,
		.flags = request->op == BLK_WRITE_ZEROES && (request->flags & BLK_UNMAP) ?
				 VIRTIO_BLK_WRITE_ZEROES_FLAG_UNMAP :
				 0,
	};
	struct virtqueue_segment range = {
		.address = phys_add(slot_phys(queue, slot),
				    offsetof(struct virtio_blk_slot, range)),
		.length_bytes = sizeof(memory->range),
	};
	uint16_t added = virtqueue_add(queue->vq, &range, 1, false);
	assert_always(added == slot);
	return slot;
}

static inline uint16_t add(struct virtio_blk_queue *queue, const struct blk_request *request)
{
	if (UNLIKELY(request->op > BLK_WRITE))
		return add_special(queue, request);
	if (UNLIKELY(request->segment_count != 1))
		return virtqueue_add(queue->vq, request->segments, request->segment_count,
				     request->op == BLK_READ);
	return virtqueue_add_one(queue->vq, request->segments, request->op == BLK_READ);
}

/* Operation, flags and segment count as one number: their first four bytes. */
static inline uint32_t shape_of(const struct blk_request *request)
{
	uint32_t shape;
	memcpy(&shape, request, sizeof(shape));
	return shape;
}
#define ONE_SEGMENT_SHAPE(op) ((uint32_t)(op) | 1u << 16)
_Static_assert(offsetof(struct blk_request, op) == 0 &&
		       offsetof(struct blk_request, segment_count) == 2,
	       "the shape's bytes");

/*
 * A run of reads, or of writes, of one segment each on a split ring, as most
 * batches are made of; returns where it ends. `op` is constant where this is
 * inlined.
 */
static inline __attribute__((always_inline)) struct blk_request *const *
submit_run(struct virtio_blk_queue *queue, enum blk_op op, struct blk_request *const *at,
	   struct blk_request *const *end)
{
	struct virtqueue_split_adder adder = virtqueue_split_add_begin(queue->vq);
	struct blk_request **unpublished = queue->unpublished_end;
	while (at != end) {
		struct blk_request *request = *at;
		if (shape_of(request) != ONE_SEGMENT_SHAPE(op))
			break;
		struct virtqueue_chain *chain =
			virtqueue_split_add_next(&adder, request->segments, op == BLK_READ);
		if (UNLIKELY(!chain))
			break;
		struct virtio_blk_slot *memory = chain->memory;
		memory->header.type = op;
		memory->header.sector = request->sector;
		memory->status = STATUS_NOT_WRITTEN;
		chain->owner = request;
		*unpublished++ = request;
		at++;
	}
	queue->unpublished_end = unpublished;
	virtqueue_split_add_end(queue->vq, &adder);
	return at;
}

static NOINLINE struct blk_request *const *submit_writes(struct virtio_blk_queue *queue,
							 struct blk_request *const *at,
							 struct blk_request *const *end)
{
	return submit_run(queue, BLK_WRITE, at, end);
}

/* Any requests on any ring; they are known to fit. */
static NOINLINE void submit_any(struct virtio_blk_queue *queue, struct blk_request *const *at,
				struct blk_request *const *end)
{
	for (; at != end; at++) {
		struct blk_request *request = *at;
		struct virtqueue_chain *chain = &queue->vq->chains[add(queue, request)];
		struct virtio_blk_slot *memory = chain->memory;
		memory->header.type = op_types[request->op];
		memory->header.sector = request->op <= BLK_WRITE ? request->sector : 0;
		memory->status = STATUS_NOT_WRITTEN;
		chain->owner = request;
		*queue->unpublished_end++ = request;
	}
}

/* What is not a run of reads: runs of writes and of reads, as far as they go. */
static NOINLINE void submit_rest(struct virtio_blk_queue *queue, struct blk_request *const *at,
				 struct blk_request *const *end)
{
	struct blk_request *const *before;
	do {
		before = at;
		at = submit_writes(queue, at, end);
		at = submit_run(queue, BLK_READ, at, end);
	} while (at != end && at != before);
	submit_any(queue, at, end);
}

static unsigned virtio_blk_submit(struct blk_queue *blk, struct blk_request *const *requests,
				  unsigned count)
{
	struct virtio_blk_queue *queue = blk->driver_data;
	const struct virtqueue *vq = queue->vq;
	count = MIN(count, vq->slot_count - (vq->added - vq->popped));
	struct blk_request *const *at = requests, *const *end = requests + count;
	if (UNLIKELY(vq->packed)) {
		submit_any(queue, at, end);
		return count;
	}
	at = submit_run(queue, BLK_READ, at, end);
	if (UNLIKELY(at != end))
		submit_rest(queue, at, end);
	return count;
}

static void virtio_blk_publish(struct blk_queue *blk)
{
	struct virtio_blk_queue *queue = blk->driver_data;
	uint64_t now = clock_tsc();
	struct blk_request **end = queue->unpublished_end;
#pragma GCC unroll 4
	for (struct blk_request **request = queue->unpublished; request < end; request++)
		(*request)->doorbell_tsc = now;
	queue->unpublished_end = queue->unpublished;
	blk->counters.batches++;
	if (virtqueue_publish_inline(queue->vq)) {
		blk->counters.doorbells++;
		virtio_pci_notify(queue->doorbell, queue->index);
	} else {
		blk->counters.doorbells_suppressed++;
	}
}

/* virtio 1.2, 5.2.6: the only place where the device's words become ours. */
static NOINLINE enum blk_status status_from_device(uint8_t status)
{
	switch (status) {
	case VIRTIO_BLK_S_OK:
		return BLK_OK;
	case VIRTIO_BLK_S_UNSUPP:
		return BLK_UNSUPPORTED;
	case STATUS_NOT_WRITTEN:
		return BLK_SHORT;
	default:
		return BLK_IO_ERROR;
	}
}

/* A completion that is not plainly good; its status becomes a word of ours. */
static NOINLINE void judge(struct virtio_blk_queue *queue, struct blk_request *request,
			   uint8_t status, uint32_t written_bytes)
{
	request->status = (uint8_t)status_from_device(status);
	if (request->status == BLK_OK && written_bytes < least_written_bytes(request)) {
		request->status = BLK_SHORT;
		queue->short_writes++;
	}
}

/*
 * One comparison for all operations: a device that wrote everything it could,
 * its status byte perhaps not counted, needs no second look.
 */
static inline struct blk_request *take_back(struct virtio_blk_queue *queue,
					    struct virtqueue_chain *chain, uint32_t written_bytes,
					    uint64_t writable_bytes)
{
	struct blk_request *request = chain->owner;
	uint8_t status = ((struct virtio_blk_slot *)chain->memory)->status;
	request->status = BLK_OK;
	if (UNLIKELY(status != VIRTIO_BLK_S_OK) ||
	    UNLIKELY(written_bytes + (uint64_t)chain->tail_bytes < writable_bytes))
		judge(queue, request, status, written_bytes);
	return request;
}

static NOINLINE unsigned reap_packed(struct blk_queue *blk, struct blk_request **out, unsigned max)
{
	struct virtio_blk_queue *queue = blk->driver_data;
	unsigned count = 0;
	while (count < max) {
		uint16_t slot;
		uint32_t written_bytes;
		int popped = virtqueue_packed_pop(queue->vq, &slot, &written_bytes);
		if (popped <= 0) {
			blk->broken |= popped < 0;
			break;
		}
		/* What must be written is known to the request; the look is cheap. */
		struct virtqueue_chain *chain = &queue->vq->chains[slot];
		uint64_t least_bytes = least_written_bytes(chain->owner);
		out[count++] = take_back(queue, chain, written_bytes,
					 least_bytes + chain->tail_bytes);
	}
	return count;
}

static unsigned virtio_blk_reap(struct blk_queue *blk, struct blk_request **out, unsigned max)
{
	struct virtio_blk_queue *queue = blk->driver_data;
	struct virtqueue *vq = queue->vq;
	struct virtqueue_split_popper popper;
	uint32_t count, length_bytes;
	uint64_t writable_bytes;
	if (UNLIKELY(vq->packed))
		return reap_packed(blk, out, max);
	int found = virtqueue_split_pop_begin(vq, max, &popper, &count);
	if (UNLIKELY(found <= 0)) {
		blk->broken |= found < 0;
		return 0;
	}
	struct blk_request **at = out, **end = out + count;
	while (at != end) {
		struct virtqueue_chain *chain =
			virtqueue_split_pop_next(&popper, &length_bytes, &writable_bytes);
		if (UNLIKELY(!chain))
			break;
		*at++ = take_back(queue, chain, length_bytes, writable_bytes);
	}
	if (UNLIKELY(!virtqueue_split_pop_end(vq, &popper)))
		blk->broken = true;
	return (unsigned)(at - out);
}

static bool virtio_blk_has_completions(const struct blk_queue *blk)
{
	const struct virtio_blk_queue *queue = blk->driver_data;
	return virtqueue_has_completions(queue->vq);
}

static bool virtio_blk_arm(struct blk_queue *blk, unsigned ahead)
{
	struct virtio_blk_queue *queue = blk->driver_data;
	return virtqueue_arm_inline(queue->vq, ahead);
}

static void virtio_blk_disarm(struct blk_queue *blk)
{
	struct virtio_blk_queue *queue = blk->driver_data;
	virtqueue_disarm(queue->vq);
}

/* NULL when the slot is free, or its request was given up. */
static struct blk_request *owner_of(const struct virtio_blk_queue *queue, uint32_t slot)
{
	const struct virtqueue_chain *chain = &queue->vq->chains[slot];
	return chain->writable_bytes ? chain->owner : NULL;
}

static void virtio_blk_dump(const struct blk_queue *blk)
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

static const struct blk_request *virtio_blk_request_in(const struct blk_queue *blk, uint32_t slot)
{
	const struct virtio_blk_queue *queue = blk->driver_data;
	return owner_of(queue, slot);
}

static unsigned virtio_blk_abandon(struct blk_queue *blk, struct blk_request **out, unsigned max)
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

const struct blk_driver virtio_blk_driver = {
	.name = "virtio-blk",
	.submit = virtio_blk_submit,
	.publish = virtio_blk_publish,
	.reap = virtio_blk_reap,
	.has_completions = virtio_blk_has_completions,
	.arm = virtio_blk_arm,
	.disarm = virtio_blk_disarm,
	.dump = virtio_blk_dump,
	.request_in = virtio_blk_request_in,
	.abandon = virtio_blk_abandon,
};

static void bind_slots(struct virtio_blk_queue *queue)
{
	struct virtio_blk_slot *slots = queue->slot_memory.virt;
	for (uint16_t slot = 0; slot < queue->slot_count; slot++) {
		phys_addr memory = slot_phys(queue, slot);
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
	void *shadow = memory_allocate(layout.shadow_bytes);
	queue->vq = memory_allocate(virtqueue_struct_bytes());
	queue->unpublished = memory_allocate(layout.slot_count * sizeof(queue->unpublished[0]));
	queue->unpublished_end = queue->unpublished;
	if (!shadow || !queue->vq || !queue->unpublished)
		return -ERR_NO_MEMORY;
	int error = virtqueue_init(queue->vq, &config, queue->ring_memory.virt,
				   queue->ring_memory.phys, shadow);
	if (error)
		return error;
	bind_slots(queue);

	struct blk_queue *blk = queue->blk;
	blk->driver = &virtio_blk_driver;
	blk->driver_data = queue;
	blk->device = &disk->device;
	blk->index = index;
	blk->depth = layout.slot_count;
	return 0;
}
