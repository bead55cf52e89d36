/* SPDX-License-Identifier: MIT */
/*
 * The floor: the least that a guest can do to keep one ring busy.
 *
 *   add reads -> publish, doorbell -> wait -> pop what is there -> again
 *
 * No request, no histogram, no time stamp per read; what changes can stay in
 * registers, as no pointer to struct floor leaves this file. The ring code is
 * the same that the driver uses, so that the comparison tells the cost of the
 * layers above it and not of another ring. Data is read into one buffer per
 * slot and never looked at.
 */
#include "kernel/blk/blk_floor.h"
#include "kernel/blk/drivers/virtio_blk_impl.h"
#include "kernel/irq/timer.h"
#include "kernel/lib/assert.h"
#include "kernel/lib/err.h"
#include "kernel/mm/heap.h"
#include "kernel/virtio/virtqueue_either.h"

/* How often an empty spin looks at the clock. */
#define SPINS_PER_CLOCK_CHECK 1024u

struct floor {
	struct virtio_blk_queue *queue;
	struct virtqueue_segment *segments; /* one per slot */
	uint64_t random, blocks;
	uint32_t ready; /* may be issued now */
	uint64_t left; /* to issue */
	uint64_t in_flight;
	uint64_t end_tsc; /* nothing is issued from then on */
	uint64_t hung_tsc; /* the device is, if nothing completes until then */
	uint64_t alarm_tsc; /* for which the timer was armed */
	uint64_t completed_seen;
};

static int allocate(struct floor *floor, const struct blk_floor_run *run)
{
	uint16_t slots = floor->queue->slot_count;
	floor->segments = heap_allocate(slots * sizeof(floor->segments[0]));
	if (!floor->segments)
		return -ERR_NO_MEMORY;
	for (uint16_t slot = 0; slot < slots; slot++) {
		struct dma_buffer buffer;
		if (dma_allocate(run->block_bytes, &buffer))
			return -ERR_NO_MEMORY;
		floor->segments[slot] = (struct virtqueue_segment){
			.address = buffer.phys, .length_bytes = run->block_bytes
		};
	}
	return 0;
}

/* Knuth's MMIX generator: two instructions, and good enough for offsets. */
static inline uint64_t next_random(uint64_t random)
{
	return random * 6364136223846793005ull + 1442695040888963407ull;
}

static inline uint64_t random_block(uint64_t random, uint64_t blocks)
{
	return (random >> 32) * blocks >> 32;
}

/* All slots have one segment for ever, so virtqueue_add_next() always does. */
static ALWAYS_INLINE void add_many(struct floor *floor, uint32_t count,
				   uint32_t sectors_per_block, bool packed)
{
	struct virtqueue *vq = floor->queue->vq;
	struct virtqueue_adder adder;
	uint64_t random = floor->random, blocks = floor->blocks;
	virtqueue_add_begin(vq, packed, &adder);
	for (uint32_t i = 0; i < count; i++) {
		uint16_t slot = packed ? adder.packed.free->slot : adder.split.free->slot;
		struct virtqueue_chain *chain =
			virtqueue_add_next(&adder, packed, &floor->segments[slot], true);
		assert_always(chain); /* depth is at most the number of slots */
		struct virtio_blk_slot *memory = chain->memory;
		random = next_random(random);
		memory->header.sector = random_block(random, blocks) * sectors_per_block;
	}
	floor->random = random;
	virtqueue_add_end(vq, packed, &adder);
}

static ALWAYS_INLINE void add_direct_packed(struct floor *floor, uint32_t count,
					    uint32_t sectors_per_block)
{
	struct virtqueue *vq = floor->queue->vq;
	for (uint32_t i = 0; i < count; i++) {
		struct virtqueue_chain *chain = vq->free;
		struct virtio_blk_slot *memory = chain->memory;
		floor->random = next_random(floor->random);
		memory->header.sector =
			random_block(floor->random, floor->blocks) * sectors_per_block;
		virtqueue_add(vq, &floor->segments[chain->slot], 1, true);
	}
}

static ALWAYS_INLINE void floor_issue(struct floor *floor, uint32_t count,
				      uint32_t sectors_per_block)
{
	struct virtio_blk_queue *queue = floor->queue;
	if (!queue->vq->packed)
		add_many(floor, count, sectors_per_block, false);
	else if (queue->vq->indirect)
		add_many(floor, count, sectors_per_block, true);
	else
		add_direct_packed(floor, count, sectors_per_block);
	floor->ready -= count;
	floor->left -= count;
	floor->in_flight += count;
	struct blk_counters *counters = &queue->blk->counters;
	counters->requests += count;
	counters->batches++;
	if (virtqueue_publish_inline(queue->vq)) {
		counters->doorbells++;
		virtio_pci_notify(queue->doorbell, queue->index);
	} else {
		counters->doorbells_suppressed++;
	}
}

/* Takes back everything that is completed. 0, or -ERR_DEVICE when the ring broke. */
static ALWAYS_INLINE int floor_collect(struct floor *floor, struct blk_floor_run *run)
{
	struct virtio_blk_queue *queue = floor->queue;
	struct virtqueue *vq = queue->vq;
	uint32_t length_bytes, count = 0;
	uint64_t writable_bytes;
	int ready;
	while ((ready = virtqueue_ready(vq)) > 0) {
		do {
			const struct virtqueue_chain *chain =
				virtqueue_pop_next(vq, &length_bytes, &writable_bytes);
			if (!chain)
				return -ERR_DEVICE;
			const struct virtio_blk_slot *memory = chain->memory;
			run->failed += memory->status != VIRTIO_BLK_S_OK;
			count++;
		} while (--ready);
	}
	floor->ready += count;
	floor->in_flight -= count;
	run->completed += count;
	queue->blk->counters.completions += count;
	return ready;
}

static void on_timer(void *context)
{
	struct blk_queue *queue = context;
	store_once(&queue->cpu->wake, 1);
}

/*
 * Spins for a while, or sleeps. Fewer completions than a batch wants let
 * nothing go on, so no interrupt is asked for before.
 */
static ALWAYS_INLINE void floor_wait(const struct floor *floor, uint32_t wanted, uint32_t *spins)
{
	struct blk_queue *blk = floor->queue->blk;
	if (blk->completion != COMPLETION_IRQ) {
		while (!virtqueue_has_completions(floor->queue->vq) &&
		       ++*spins % SPINS_PER_CLOCK_CHECK)
			;
		return;
	}
	blk->counters.arms++;
	if (!virtqueue_arm_inline(floor->queue->vq, wanted))
		cpu_wait();
}

static uint64_t end_of(uint64_t now, uint64_t span_tsc)
{
	return span_tsc ? now + span_tsc : UINT64_MAX;
}

/* Ends a sleep in time. */
static void set_alarm(struct timer *timer, uint64_t alarm_tsc)
{
	if (alarm_tsc != UINT64_MAX)
		timer_arm(timer, alarm_tsc);
}

/* What is due by the clock; -ERR_TIMEOUT when the device hangs. */
static ALWAYS_INLINE int look_at_clock(struct floor *floor, const struct blk_floor_run *run,
				       struct timer *timer)
{
	uint64_t now = clock_tsc();
	if (run->completed != floor->completed_seen) {
		floor->completed_seen = run->completed;
		floor->hung_tsc = end_of(now, run->timeout_tsc);
	} else if (now >= floor->hung_tsc) {
		return -ERR_TIMEOUT;
	}
	if (now >= floor->end_tsc)
		floor->left = 0;
	if (UNLIKELY(now >= floor->alarm_tsc)) {
		floor->alarm_tsc =
			floor->left ? MIN(floor->end_tsc, floor->hung_tsc) : floor->hung_tsc;
		set_alarm(timer, floor->alarm_tsc);
	}
	return 0;
}

static int floor_loop(struct floor floor, struct blk_floor_run *run, struct timer *timer)
{
	uint32_t sectors = run->block_bytes / SECTOR_BYTES, spins = 0;
	bool timed = run->runtime_tsc || run->timeout_tsc;
	while (floor.left || floor.in_flight) {
		while (floor.left && floor.ready >= MIN(run->batch, floor.left)) {
			uint32_t most = run->batch > 1 ? run->batch : floor.ready;
			floor_issue(&floor, (uint32_t)MIN(most, floor.left), sectors);
		}
		uint64_t batch = MIN(run->batch, floor.left);
		uint64_t wanted = batch > floor.ready ? batch - floor.ready : floor.in_flight;
		floor_wait(&floor, (uint32_t)MIN(wanted, UINT16_MAX), &spins);
		int error = floor_collect(&floor, run);
		if (!error && timed && (run->runtime_tsc || spins % SPINS_PER_CLOCK_CHECK == 0))
			error = look_at_clock(&floor, run, timer);
		if (UNLIKELY(error))
			return error;
	}
	return 0;
}

static int run_timed(struct floor *floor, struct blk_floor_run *run)
{
	uint64_t start = clock_tsc();
	struct timer timer = { .expired = on_timer, .context = floor->queue->blk };
	floor->end_tsc = end_of(start, run->runtime_tsc);
	floor->hung_tsc = end_of(start, run->timeout_tsc);
	floor->alarm_tsc = MIN(floor->end_tsc, floor->hung_tsc);
	set_alarm(&timer, floor->alarm_tsc);
	int error = floor_loop(*floor, run, &timer);
	run->elapsed_tsc = clock_tsc() - start;
	timer_cancel(&timer);
	return error;
}

int virtio_blk_floor(struct blk_device *device, struct blk_floor_run *run)
{
	struct virtio_blk *disk = device->driver_data;
	struct floor floor = { .queue = &disk->queues[0], .random = 0x89 };
	int error = allocate(&floor, run);
	if (error)
		return error;
	uint16_t slots = floor.queue->slot_count;
	for (uint16_t slot = 0; slot < slots; slot++) {
		struct virtio_blk_slot *memory = floor.queue->vq->chains[slot].memory;
		memory->header.type = VIRTIO_BLK_T_IN;
	}
	run->depth = MIN(run->depth, slots);
	run->batch = MAX(1u, MIN(run->batch, run->depth));
	floor.ready = run->depth;
	floor.left = run->ios;
	floor.blocks = run->region_bytes / run->block_bytes;
	return run_timed(&floor, run);
}
