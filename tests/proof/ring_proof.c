/* SPDX-License-Identifier: MIT */
/*
 * A ring before a device that may do anything: all sequences of STEPS calls, all
 * values at every read of the device's.
 *
 * Between two calls the whole of the shared memory becomes indeterminate, so that a
 * read of it other than by load_once() or load_acquire() is an alarm: what the driver
 * wrote there is not there any more when it looks.
 *
 * By the command line: PACKED_RING, EVENT_IDX, INDIRECT, SIZE, STEPS, and START, what
 * the counters stand at.
 */
#define DEVICE_READS_MAX 3u /* by a call: index, id, length */
#include "tests/proof/barrier.h"

#include "kernel/virtio/virtqueue.c"
#include "kernel/virtio/virtqueue_end.c"
#include "kernel/virtio/virtqueue_packed.c"
#include "kernel/virtio/virtqueue_split.c"

#define SEGMENTS 1u
#define SEGMENT_BYTES 512u
#define TAIL_BYTES 1u

static const struct virtqueue_config config = {
	.size = SIZE,
	.packed = PACKED_RING,
	.event_idx = EVENT_IDX,
	.indirect = INDIRECT,
	.max_data_segments = SEGMENTS,
};

#define SLOTS (INDIRECT ? SIZE : SIZE / (SEGMENTS + 2))
static struct virtqueue_chain shadow[SLOTS];
static struct virtqueue vq;

struct shared {
	uint8_t bytes[2 * PAGE_BYTES];
} ALIGNED(PAGE_BYTES);
static struct shared shared;

static struct virtqueue_layout layout;
#define RING_BYTES (SIZE * sizeof(struct pvirtq_desc))

static bool lies_within(uint64_t offset, unsigned bytes, uint64_t begin, uint64_t length)
{
	return offset >= begin && offset + bytes <= begin + length;
}

static bool is_the_devices(const volatile void *at, unsigned bytes)
{
	uint64_t offset = (uint64_t)((const uint8_t *)at - shared.bytes);
	if (!PACKED_RING)
		return lies_within(offset, bytes, layout.device_offset,
				   sizeof(struct virtq_used) + sizeof(uint16_t) +
					   SIZE * sizeof(struct virtq_used_elem));
	return lies_within(offset, bytes, 0, RING_BYTES) ||
	       lies_within(offset, bytes, layout.device_offset,
			   sizeof(struct pvirtq_event_suppress));
}

/* What we know of the slots. */
static bool in_flight[SLOTS];
static unsigned added, popped;

static void device_writes_anything(void)
{
	struct shared indeterminate;
	shared = indeterminate;
}

static void note_added(uint16_t slot)
{
	//@ assert slot_was_free: slot < SLOTS && in_flight[slot] == 0;
	in_flight[slot] = true;
	added++;
}

static const struct virtqueue_segment segment = {
	.address = { PAGE_BYTES },
	.length_bytes = SEGMENT_BYTES,
};

static void add(void)
{
	if (virtqueue_free_slots(&vq))
		note_added(virtqueue_add(&vq, &segment, 1, true));
}

/* The way of a driver that adds many. */
static void add_inline(void)
{
	struct virtqueue_adder adder;
	if (!virtqueue_adds_many(&vq))
		return;
	virtqueue_add_begin(&vq, PACKED_RING, &adder);
	const struct virtqueue_chain *chain =
		virtqueue_add_next(&adder, PACKED_RING, &segment, true);
	virtqueue_add_end(&vq, PACKED_RING, &adder);
	if (chain)
		note_added(chain->slot);
}

static void note_popped(uint16_t slot, bool was_broken)
{
	//@ assert broken_yields_nothing: was_broken == 0;
	//@ assert was_in_flight: slot < SLOTS && in_flight[slot] == 1;
	in_flight[slot] = false;
	popped++;
}

static void pop(void)
{
	uint16_t slot;
	uint32_t written_bytes;
	bool was_broken = virtqueue_is_broken(&vq);
	int result = virtqueue_pop(&vq, &slot, &written_bytes);
	bool is_broken = virtqueue_is_broken(&vq);
	//@ assert stays_broken: was_broken == 0 || is_broken == 1 && result < 0;
	//@ assert result_is_known: result == 0 || result == 1 || is_broken == 1;
	if (result != 1)
		return;
	//@ assert length_fits: written_bytes <= SEGMENT_BYTES + TAIL_BYTES;
	note_popped(slot, was_broken);
}

/* The way of a driver that pops many. */
static void pop_many(void)
{
	bool was_broken = virtqueue_is_broken(&vq);
	int ready = virtqueue_ready(&vq);
	//@ assert no_more_than_added: ready <= (int)(added - popped);
	for (int i = 0; i < ready; i++) {
		uint32_t length_bytes;
		uint64_t writable_bytes;
		device_writes_anything();
		device_reads = 0;
		const struct virtqueue_chain *chain =
			virtqueue_pop_next(&vq, &length_bytes, &writable_bytes);
		if (!chain)
			break;
		//@ assert writable_is_ours: writable_bytes == SEGMENT_BYTES + TAIL_BYTES;
		note_popped(chain->slot, was_broken);
	}
}

static void step(void)
{
	device_reads = 0;
	switch (any_between(0, 6)) {
	case 0:
		add();
		break;
	case 1:
		add_inline();
		break;
	case 2:
		virtqueue_publish(&vq);
		break;
	case 3:
		pop();
		break;
	case 4:
		pop_many();
		break;
	case 5:
		virtqueue_arm(&vq, (uint16_t)any_between(1, UINT16_MAX));
		break;
	default:
		virtqueue_disarm(&vq);
		virtqueue_has_completions(&vq);
	}
}

static void check(void)
{
	uint16_t count = virtqueue_in_flight(&vq);
	//@ assert counts_agree: count == added - popped && count <= SLOTS;
	for (uint16_t slot = 0; slot < SLOTS; slot++) {
		bool out = virtqueue_slot_in_flight(&vq, slot);
		//@ assert slots_agree: out == in_flight[slot];
	}
	/* Not written, where there is nothing between the descriptors and what follows. */
	//@ assert ring_ends: SIZE % 4 == 0 || !\initialized(&shared.bytes[RING_BYTES]);
}

int main(void)
{
	layout = virtqueue_layout(&config);
	//@ assert fits: layout.dma_bytes <= sizeof(shared) && layout.slot_count == SLOTS;
	virtqueue_init(&vq, &config, shared.bytes, phys_make(PAGE_BYTES), shadow);
	for (uint16_t i = 0; i < SLOTS; i++)
		virtqueue_bind(&vq, i, phys_make(PAGE_BYTES), 16, phys_make(PAGE_BYTES),
			       TAIL_BYTES);
	vq.added = vq.published = vq.popped = START;
	device_values_apart = SLOTS;
	for (unsigned i = 0; i < STEPS; i++) {
		device_writes_anything();
		step();
		check();
	}
	return 0;
}
