/* SPDX-License-Identifier: MIT */
/*
 * A ring, its memory, a fake device, and a record of what every slot was given:
 * what the ring's tests and its fuzz target have in common. Checks panic().
 *
 * Ring memory and shadow are exact allocations, so that the sanitizers see any
 * step outside.
 */
#ifndef TESTS_UNIT_KERNEL_VIRTIO_VIRTQUEUE_RIG_H
#define TESTS_UNIT_KERNEL_VIRTIO_VIRTQUEUE_RIG_H

#include "kernel/virtio/virtqueue_either.h"
#include "tests/unit/fake_device.h"

#define RIG_DMA_PHYS 0x7ffff000ull /* tables cross 2 GiB */
#define RIG_HEAD_PHYS 0x100000000ull
#define RIG_TAIL_PHYS 0x200000000ull
#define RIG_HEAD_BYTES 16u
#define RIG_TAIL_BYTES 1u

struct rig_request {
	bool in_flight;
	bool device_writes;
	uint16_t count;
	uint32_t serial; /* the segments follow from it */
	uint16_t id; /* as the device took it */
};

struct rig {
	struct virtqueue_config config;
	struct virtqueue_layout layout;
	void *dma, *shadow;
	struct virtqueue *vq;
	struct fake_device device;
	struct rig_request *requests; /* by slot */
	struct virtqueue_segment *segments; /* scratch */
	uint32_t added, popped; /* serial of the next; count */
	uint64_t random;
};

/* The interesting rings; "chain" is the most data segments. */
extern const struct virtqueue_config rig_configs[];
extern const unsigned rig_config_count;
const char *rig_name(const struct virtqueue_config *config);

void rig_create(struct rig *rig, const struct virtqueue_config *config);
void rig_destroy(struct rig *rig);

/* 0 .. limit - 1; the same numbers in every run. */
uint32_t rig_random(struct rig *rig, uint32_t limit);

/* Adds a request; one segment goes through either function that can. */
uint16_t rig_add(struct rig *rig, uint16_t count, bool device_writes);

/* Adds `count` requests of one segment, the way a driver adds a batch. */
void rig_add_many(struct rig *rig, unsigned count, bool device_writes);

/*
 * Has the device take one chain and compares it with what was added, segment
 * by segment. Returns the slot, or -1 when there is none.
 */
int rig_take(struct rig *rig);

/* The device completes a slot that it took; what it may write, it writes. */
void rig_complete(struct rig *rig, uint16_t slot);
uint64_t rig_writable_bytes(const struct rig *rig, uint16_t slot);

/*
 * Pops one completion and checks that it was in flight, is not any more, and
 * that the ring counts as we do. Returns the slot, or -1 for none, or
 * -1 - ERR_DEVICE when the ring is broken.
 */
#define RIG_NONE (-1)
#define RIG_BROKEN (-1 - ERR_DEVICE)
int rig_pop(struct rig *rig, uint32_t *written_bytes);

/* As rig_pop(), up to max at once; returns how many. */
unsigned rig_pop_many(struct rig *rig, unsigned max);

/* What the ring says about slots equals the record. */
void rig_check(const struct rig *rig);

#endif
