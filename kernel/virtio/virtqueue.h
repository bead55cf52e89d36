/* SPDX-License-Identifier: MIT */
/*
 * Virtqueues: split (virtio 1.2, 2.7) and packed (2.8) rings behind one
 * interface. Memory only: no register, no device, runs unchanged on the host.
 *
 * One number names a request in flight: the slot, 0 .. slot_count - 1, which is
 * also the head's descriptor index or the buffer id. A slot has a head that
 * the device reads, and a tail that the device writes, bound once at start;
 * adding fills in what lies between. The used id gives the slot back after a
 * bounds check and an in-flight check against a shadow that the device cannot
 * write. No chain walk, no search, no allocation.
 *
 *             a slot's descriptors             adding one data segment writes
 *   indirect  one, to the slot's table         the middle entry of the table
 *   direct    the head and a run of its own    the first one of the run
 *
 * (Packed direct chains take ring entries in ring order, so there the head
 * and tail are written again, and indirect ones are cheaper.)
 *
 * Context: one CPU at a time, not from interrupt handlers. The caller
 * serialises where a queue is shared.
 *
 * The device is not trusted: whatever it writes, virtqueue_pop() yields a slot
 * that is in flight, or nothing, or marks the queue broken; each slot is
 * yielded once per add.
 */
#ifndef KERNEL_VIRTIO_VIRTQUEUE_H
#define KERNEL_VIRTIO_VIRTQUEUE_H

#include "kernel/lib/util.h"

struct virtqueue_segment {
	phys_addr address;
	uint32_t length_bytes;
};

struct virtqueue_config {
	uint16_t size; /* split: a power of two, at most 32768; packed: 1..32768 */
	bool packed; /* VIRTIO_F_RING_PACKED */
	bool event_idx; /* VIRTIO_F_EVENT_IDX */
	bool indirect; /* chains go through indirect tables */
	/*
	 * Most data segments of a chain, >= 1; with head and tail at most `size`.
	 * A direct ring has size / (max_data_segments + 2) slots.
	 */
	uint16_t max_data_segments;
};

/* Sizes that follow from a configuration; all zero if it is not possible. */
struct virtqueue_layout {
	uint16_t slot_count; /* most requests in flight */
	uint64_t driver_offset, device_offset; /* of avail/used or the event areas */
	uint64_t tables_offset; /* indirect tables; 16-byte aligned */
	uint64_t dma_bytes; /* memory shared with the device */
	uint64_t shadow_bytes; /* memory that the device must not reach */
};

/*
 * Defined in virtqueue_impl.h. Below is the whole interface, a call per request; a driver
 * that adds and pops many takes the inline forms of virtqueue_either.h, as ours does.
 */
struct virtqueue;

struct virtqueue_layout virtqueue_layout(const struct virtqueue_config *config);

/*
 * Prepares a ring in zeroed, page aligned memory: `dma` (virtual) at
 * `dma_phys`, layout.dma_bytes; `shadow`, layout.shadow_bytes. Both stay the
 * caller's. 0 or -ERR_INVALID. Interrupts are not asked for yet (see
 * virtqueue_disarm()). Calling it again on zeroed memory starts the ring anew
 * (after a queue reset); slots are bound again.
 */
int virtqueue_init(struct virtqueue *vq, const struct virtqueue_config *config, void *dma,
		   phys_addr dma_phys, void *shadow);
size_t virtqueue_struct_bytes(void);

/* Ring addresses for the transport (descriptor, driver and device area). */
phys_addr virtqueue_descriptor_area(const struct virtqueue *vq);
phys_addr virtqueue_driver_area(const struct virtqueue *vq);
phys_addr virtqueue_device_area(const struct virtqueue *vq);

/*
 * Binds a slot's head (length > 0) and tail (length > 0). At start, once for
 * each slot, before the first add.
 */
void virtqueue_bind(struct virtqueue *vq, uint16_t slot, phys_addr head, uint32_t head_bytes,
		    phys_addr tail, uint32_t tail_bytes);

/* How many requests can be added now, of any length. */
uint16_t virtqueue_free_slots(const struct virtqueue *vq);

/* The slot that the next add will take. Asserts that there is one. */
uint16_t virtqueue_next_slot(const struct virtqueue *vq);

/*
 * Takes a free slot and chains head, `count` data segments (0 ..
 * max_data_segments, none empty, all in one direction) and tail. Not seen by
 * the device before virtqueue_publish(). Asserts that a slot is free. Returns
 * the slot, so that the caller can fill the bound head (before publishing).
 */
uint16_t virtqueue_add(struct virtqueue *vq, const struct virtqueue_segment *segments,
		       uint16_t count, bool device_writes);

/*
 * Shows all requests added since the last call to the device: release store,
 * full fence, need_event(). Returns true when the device wants the doorbell
 * rung. At most one doorbell per call.
 */
bool virtqueue_publish(struct virtqueue *vq);

/*
 * The next completed request. 1: *slot is given back to the caller and free
 * for the next add, *written_bytes is what the device claims to have written
 * (clamped to the chain's writable length); 0: nothing there; -ERR_DEVICE: the
 * device broke the protocol now or before; virtqueue_broken_reason() tells.
 */
int virtqueue_pop(struct virtqueue *vq, uint16_t *slot, uint32_t *written_bytes);

/* True when virtqueue_pop() would not return 0. Reads one location. */
bool virtqueue_has_completions(const struct virtqueue *vq);

/*
 * Asks for an interrupt when `ahead` (>= 1) more completions are there than
 * have been popped; full fence; returns true when they already are, in which
 * case no interrupt may come. `ahead` is clamped to what is published and in
 * flight; without VIRTIO_F_EVENT_IDX it counts as 1. With it the point is
 * passed once, so a handler need not disarm; it comes round again after 65,536
 * completions (split) or two laps (packed). On a packed direct ring the
 * interrupt and `true` may come early: there, positions tell entries and not
 * completions.
 */
bool virtqueue_arm(struct virtqueue *vq, uint16_t ahead);

/*
 * Asks for no interrupts. One may still come: the device may have passed the
 * point already, and with VIRTIO_F_EVENT_IDX on a split ring a parked
 * used_event is passed every 65,536 completions.
 */
void virtqueue_disarm(struct virtqueue *vq);

bool virtqueue_is_broken(const struct virtqueue *vq);
const char *virtqueue_broken_reason(const struct virtqueue *vq); /* NULL while sound */
uint16_t virtqueue_in_flight(const struct virtqueue *vq);
bool virtqueue_slot_in_flight(const struct virtqueue *vq, uint16_t slot);

/* Indices and event fields as they stand, for a dump. */
struct virtqueue_state {
	uint16_t size, slot_count, in_flight;
	uint16_t avail_index, last_published, used_index, last_used;
	uint16_t avail_event, used_event; /* packed: the raw off_wrap fields */
	bool packed, event_idx, avail_wrap, used_wrap;
};
void virtqueue_get_state(const struct virtqueue *vq, struct virtqueue_state *out);

#endif
