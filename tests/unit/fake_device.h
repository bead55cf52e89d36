/* SPDX-License-Identifier: MIT */
/*
 * The device's side of a virtqueue, in memory alone, for tests and fuzzing.
 *
 * Honest, it does what a device does and checks what a device relies on: it
 * parses chains out of the ring as the standard describes them, never as our
 * ring writes them, and holds `fault` against the driver when one is wrong,
 * overlaps another in flight, or changes while the device holds it. It keeps
 * its own arithmetic (events are found by stepping, not by need_event()), so
 * that an error in the ring is not repeated here.
 *
 * Hostile, it writes what it likes: fake_device_lie() puts any id and length
 * where the next completion goes; tests also poke the public pointers.
 *
 * One thread drives a fake device; the ring it serves may be driven by
 * another.
 */
#ifndef TESTS_UNIT_FAKE_DEVICE_H
#define TESTS_UNIT_FAKE_DEVICE_H

#include "kernel/virtio/virtio_spec.h"
#include "kernel/virtio/virtqueue.h"

struct fake_segment {
	uint64_t address;
	uint32_t length_bytes;
	bool device_writes;
};

/* A chain as parsed; valid until the next take or completion. */
struct fake_chain {
	uint16_t id;
	uint16_t ring_entries; /* packed: how many to skip when used */
	uint32_t segment_count;
	uint64_t writable_bytes;
	struct fake_segment *segments;
};

/* What the device remembers of a chain that it holds. */
struct fake_flight {
	bool held;
	uint16_t position; /* of its head: descriptor, or place in the packed ring */
	uint16_t ring_entries;
	uint64_t writable_bytes;
	uint64_t table_address; /* indirect; table_bytes is 0 for a direct chain */
	uint32_t table_bytes;
	uint64_t digest; /* of all its descriptors when it was taken */
};

struct fake_device {
	struct virtqueue_config config;
	uint8_t *dma;
	uint64_t dma_phys, dma_bytes;
	/* split */
	struct virtq_desc *descriptors;
	struct virtq_avail *avail;
	struct virtq_used *used;
	uint16_t *used_event, *avail_event;
	/* packed */
	struct pvirtq_desc *ring;
	struct pvirtq_event_suppress *driver_event, *device_event;

	uint16_t next_avail; /* split: free running; packed: position */
	uint16_t next_used; /* where the next completion goes */
	bool avail_wrap, used_wrap;
	uint16_t shown_used; /* up to here the driver was shown */
	bool shown_wrap;
	uint32_t unshown; /* completions written, not shown */
	uint32_t unshown_entries; /* ring entries that they take */
	uint32_t unsignalled_entries; /* shown since the last fake_device_signal() */
	uint32_t in_flight; /* chains held */
	struct fake_flight *flights; /* by id */
	uint16_t *owners; /* split direct: descriptor -> chain id + 1 */
	struct fake_chain chain; /* the one taken last */
	const char *fault; /* what the driver did wrong; NULL while sound */
};

/* `dma` as given to virtqueue_init(). Free with fake_device_destroy(). */
void fake_device_create(struct fake_device *device, const struct virtqueue_config *config,
			void *dma, uint64_t dma_phys);
void fake_device_destroy(struct fake_device *device);

/* The next available chain, parsed; NULL: none, or device->fault is set. */
const struct fake_chain *fake_device_take(struct fake_device *device);

/*
 * Gives a chain back: writes its used entry, not yet shown. Faults when the
 * chain's descriptors changed meanwhile.
 */
void fake_device_complete(struct fake_device *device, uint16_t id, uint32_t written_bytes);

/* Drops a chain that it holds, for a lie in its place. Returns its ring entries. */
uint16_t fake_device_forget(struct fake_device *device, uint16_t id);

/* Writes a used entry that names any id, whoever holds it. */
void fake_device_lie(struct fake_device *device, uint32_t id, uint32_t written_bytes,
		     uint16_t ring_entries);

/* Shows all completions written since the last call. */
void fake_device_show(struct fake_device *device);

/* After showing, at once or late: true when the driver wants an interrupt for it. */
bool fake_device_signal(struct fake_device *device);

/*
 * Asks for a doorbell when `ahead` (>= 1) more chains are there (without event
 * index: the next one). True when there is something already.
 */
bool fake_device_want_doorbell(struct fake_device *device, uint16_t ahead);
void fake_device_refuse_doorbell(struct fake_device *device);

#endif
