/* SPDX-License-Identifier: MIT */
/*
 * The device's side of a virtqueue: see fake_device.h.
 *
 * The order of accesses is the device's half of the protocol (virtio 1.2,
 * 2.7.13, 2.7.14, 2.8.21), so that two threads can run a ring and a fake
 * device against each other. What that order alone protects (entries, chains)
 * is accessed plainly: ThreadSanitizer then sees every acquire and release that
 * is missing on either side.
 */
#include "tests/unit/fake_device.h"

#include <stdlib.h>
#include <string.h>

#include "kernel/cpu/barrier.h"

static void *zeroed(size_t count, size_t size)
{
	void *memory = calloc(count, size);
	if (!memory)
		abort();
	return memory;
}

void fake_device_create(struct fake_device *device, const struct virtqueue_config *config,
			void *dma, uint64_t dma_phys)
{
	struct virtqueue_layout layout = virtqueue_layout(config);
	*device = (struct fake_device){
		.config = *config,
		.dma = dma,
		.dma_phys = dma_phys,
		.dma_bytes = layout.dma_bytes,
		.avail_wrap = true,
		.used_wrap = true,
		.shown_wrap = true,
	};
	uint8_t *driver_area = device->dma + layout.driver_offset;
	uint8_t *device_area = device->dma + layout.device_offset;
	if (config->packed) {
		device->ring = dma;
		device->driver_event = (void *)driver_area;
		device->device_event = (void *)device_area;
	} else {
		device->descriptors = dma;
		device->avail = (void *)driver_area;
		device->used = (void *)device_area;
		device->used_event = (void *)(driver_area + 4 + 2 * config->size);
		device->avail_event = (void *)(device_area + 4 + 8 * config->size);
	}
	device->flights = zeroed(config->size, sizeof(device->flights[0]));
	device->owners = zeroed(config->size, sizeof(device->owners[0]));
	device->chain.segments = zeroed(config->size, sizeof(struct fake_segment));
}

void fake_device_destroy(struct fake_device *device)
{
	free(device->flights);
	free(device->owners);
	free(device->chain.segments);
}

static bool fail(struct fake_device *device, const char *fault)
{
	if (!device->fault)
		device->fault = fault;
	return false;
}

/* FNV-1a over the fields that mean something. */
#define DIGEST_START 0xcbf29ce484222325ull

static uint64_t digest(uint64_t so_far, uint64_t value)
{
	return (so_far ^ value) * 0x100000001b3ull;
}

static bool append(struct fake_device *device, uint64_t address, uint32_t length_bytes,
		   uint16_t flags)
{
	struct fake_chain *chain = &device->chain;
	bool device_writes = flags & VIRTQ_DESC_F_WRITE;
	if (chain->segment_count == device->config.size)
		return fail(device, "chain longer than the ring");
	if (!length_bytes)
		return fail(device, "empty descriptor");
	if (!device_writes && chain->writable_bytes)
		return fail(device, "readable descriptor after a writable one");
	chain->segments[chain->segment_count++] = (struct fake_segment){
		.address = address,
		.length_bytes = length_bytes,
		.device_writes = device_writes,
	};
	if (device_writes)
		chain->writable_bytes += length_bytes;
	return true;
}

/* The table that an indirect descriptor points to; NULL: fault. */
static const void *table_at(struct fake_device *device, uint64_t address, uint32_t length_bytes)
{
	if (address < device->dma_phys || address - device->dma_phys > device->dma_bytes ||
	    length_bytes > device->dma_bytes - (address - device->dma_phys)) {
		fail(device, "table outside of the ring's memory");
		return NULL;
	}
	if (!length_bytes || length_bytes % 16 || address % 16) {
		fail(device, "table's length or alignment");
		return NULL;
	}
	return device->dma + (address - device->dma_phys);
}

/* Follows next from `index` through `entries` descriptors (2.7.5). */
static bool walk_split(struct fake_device *device, const struct virtq_desc *entries, uint32_t count,
		       uint16_t index, uint64_t *sum)
{
	for (uint32_t steps = 0; steps < count; steps++) {
		if (index >= count)
			return fail(device, "next out of range");
		const struct virtq_desc *at = &entries[index];
		if (at->flags & ~(VIRTQ_DESC_F_NEXT | VIRTQ_DESC_F_WRITE))
			return fail(device, "descriptor flags");
		if (!append(device, at->addr, at->len, at->flags))
			return false;
		*sum = digest(digest(digest(*sum, at->addr), at->len), at->flags);
		*sum = digest(*sum, index);
		if (!(at->flags & VIRTQ_DESC_F_NEXT))
			return true;
		index = at->next;
	}
	return fail(device, "chain without an end");
}

static bool parse_split(struct fake_device *device, uint16_t head, uint64_t *sum)
{
	const struct virtq_desc *at = &device->descriptors[head];
	if (!(at->flags & VIRTQ_DESC_F_INDIRECT))
		return walk_split(device, device->descriptors, device->config.size, head, sum);
	if (!device->config.indirect)
		return fail(device, "indirect without the feature");
	if (at->flags != VIRTQ_DESC_F_INDIRECT)
		return fail(device, "flags beside INDIRECT");
	const struct virtq_desc *table = table_at(device, at->addr, at->len);
	if (!table || !walk_split(device, table, at->len / 16, 0, sum))
		return false;
	if (device->chain.segment_count != at->len / 16)
		return fail(device, "table longer than its chain");
	*sum = digest(digest(*sum, at->addr), at->len);
	return true;
}

static bool parse_packed_table(struct fake_device *device, const struct pvirtq_desc *at,
			       uint64_t *sum)
{
	const struct pvirtq_desc *table = table_at(device, at->addr, at->len);
	for (uint32_t i = 0; table && i < at->len / 16; i++) {
		if (table[i].flags & ~VIRTQ_DESC_F_WRITE)
			return fail(device, "flags in a table");
		if (!append(device, table[i].addr, table[i].len, table[i].flags))
			return false;
		*sum = digest(digest(digest(*sum, table[i].addr), table[i].len), table[i].flags);
	}
	return table;
}

static bool is_available(uint16_t flags, bool wrap)
{
	return (flags & VIRTQ_DESC_F_AVAIL ? true : false) == wrap &&
	       (flags & VIRTQ_DESC_F_USED ? true : false) != wrap;
}

/* A chain in the packed ring from its head on (2.8.5 to 2.8.8). */
static bool parse_packed(struct fake_device *device, uint16_t position, bool wrap, uint64_t *sum)
{
	struct fake_chain *chain = &device->chain;
	chain->ring_entries = 0;
	for (uint32_t steps = 0; steps < device->config.size; steps++) {
		const struct pvirtq_desc *at = &device->ring[position];
		uint16_t flags = load_acquire(&at->flags);
		if (!is_available(flags, wrap))
			return fail(device, "chain ends in a descriptor that is not available");
		flags &= (uint16_t) ~(VIRTQ_DESC_F_AVAIL | VIRTQ_DESC_F_USED);
		chain->ring_entries++;
		if (++position == device->config.size) {
			position = 0;
			wrap = !wrap;
		}
		if (flags & VIRTQ_DESC_F_INDIRECT) {
			chain->id = at->id;
			*sum = digest(digest(*sum, at->addr), at->len);
			if (steps || flags != VIRTQ_DESC_F_INDIRECT || !device->config.indirect)
				return fail(device, "indirect where it must not be");
			return parse_packed_table(device, at, sum);
		}
		if (flags & ~(VIRTQ_DESC_F_NEXT | VIRTQ_DESC_F_WRITE))
			return fail(device, "descriptor flags");
		if (!append(device, at->addr, at->len, flags))
			return false;
		*sum = digest(digest(digest(*sum, at->addr), at->len), flags);
		if (!(flags & VIRTQ_DESC_F_NEXT)) {
			chain->id = at->id; /* the last descriptor's counts (2.8.6) */
			return true;
		}
	}
	return fail(device, "chain without an end");
}

static bool parse(struct fake_device *device, uint16_t position, bool wrap, uint64_t *sum)
{
	struct fake_chain *chain = &device->chain;
	chain->segment_count = 0;
	chain->writable_bytes = 0;
	*sum = DIGEST_START;
	if (device->config.packed)
		return parse_packed(device, position, wrap, sum);
	chain->id = position;
	return parse_split(device, position, sum);
}

/* Split: no descriptor is part of two chains at once. */
static bool own(struct fake_device *device, uint16_t index, uint16_t old_owner, uint16_t new_owner)
{
	for (uint32_t steps = 0; steps < device->config.size; steps++) {
		if (device->owners[index] != old_owner)
			return fail(device, "descriptor in two chains");
		device->owners[index] = new_owner;
		if (!(device->descriptors[index].flags & VIRTQ_DESC_F_NEXT))
			break;
		index = device->descriptors[index].next;
	}
	return true;
}

static bool something_available(struct fake_device *device)
{
	if (device->config.packed)
		return is_available(load_acquire(&device->ring[device->next_avail].flags),
				    device->avail_wrap);
	return load_acquire(&device->avail->idx) != device->next_avail;
}

const struct fake_chain *fake_device_take(struct fake_device *device)
{
	uint16_t position = device->next_avail;
	bool wrap = device->avail_wrap;
	struct fake_chain *chain = &device->chain;
	if (device->fault || !something_available(device))
		return NULL;
	if (!device->config.packed) {
		uint16_t ahead = (uint16_t)(load_once(&device->avail->idx) - device->next_avail);
		if (ahead > device->config.size && !fail(device, "avail index jumped"))
			return NULL;
		position = device->avail->ring[device->next_avail & (device->config.size - 1)];
		if (position >= device->config.size && !fail(device, "head out of range"))
			return NULL;
	}
	uint64_t sum;
	if (!parse(device, position, wrap, &sum))
		return NULL;
	if (chain->id >= device->config.size && !fail(device, "buffer id out of range"))
		return NULL;
	struct fake_flight *flight = &device->flights[chain->id];
	if (flight->held && !fail(device, "id is in flight already"))
		return NULL;
	if (!device->config.packed && !own(device, position, 0, (uint16_t)(chain->id + 1)))
		return NULL;
	*flight = (struct fake_flight){
		.held = true,
		.position = position,
		.ring_entries = device->config.packed ? chain->ring_entries : 1,
		.writable_bytes = chain->writable_bytes,
		.digest = sum,
	};
	if (device->config.packed && device->ring[position].flags & VIRTQ_DESC_F_INDIRECT) {
		flight->table_address = device->ring[position].addr;
		flight->table_bytes = device->ring[position].len;
	}
	device->in_flight++;
	uint32_t next = (uint32_t)device->next_avail + flight->ring_entries;
	if (device->config.packed && next >= device->config.size) {
		next -= device->config.size;
		device->avail_wrap = !device->avail_wrap;
	}
	device->next_avail = (uint16_t)next;
	return chain;
}

/*
 * A direct chain in the packed ring cannot be looked at again: others may have
 * been completed over it.
 */
static bool is_unchanged(struct fake_device *device, const struct fake_flight *flight)
{
	uint64_t sum;
	if (!device->config.packed)
		return parse(device, flight->position, false, &sum) && sum == flight->digest;
	if (!flight->table_bytes)
		return true;
	const struct pvirtq_desc head = {
		.addr = flight->table_address,
		.len = flight->table_bytes,
	};
	device->chain.segment_count = 0;
	device->chain.writable_bytes = 0;
	sum = digest(digest(DIGEST_START, head.addr), head.len);
	return parse_packed_table(device, &head, &sum) && sum == flight->digest;
}

static uint16_t used_flags(bool wrap)
{
	return wrap ? VIRTQ_DESC_F_AVAIL | VIRTQ_DESC_F_USED : 0;
}

void fake_device_complete(struct fake_device *device, uint16_t id, uint32_t written_bytes)
{
	struct fake_flight *flight = &device->flights[id];
	if (id >= device->config.size || !flight->held)
		abort(); /* the test's own error */
	if (!is_unchanged(device, flight))
		fail(device, "chain changed while the device held it");
	fake_device_lie(device, id, written_bytes, fake_device_forget(device, id));
}

uint16_t fake_device_forget(struct fake_device *device, uint16_t id)
{
	struct fake_flight *flight = &device->flights[id];
	if (!device->config.packed)
		own(device, id, (uint16_t)(id + 1), 0);
	flight->held = false;
	device->in_flight--;
	return flight->ring_entries;
}

void fake_device_lie(struct fake_device *device, uint32_t id, uint32_t written_bytes,
		     uint16_t ring_entries)
{
	uint16_t size = device->config.size;
	device->unshown_entries += device->config.packed ? ring_entries : 1;
	if (!device->config.packed) {
		struct virtq_used_elem *element =
			&device->used->ring[device->next_used & (size - 1)];
		element->id = id;
		element->len = written_bytes;
		device->next_used++;
		device->unshown++;
		return;
	}
	struct pvirtq_desc *entry = &device->ring[device->next_used];
	entry->id = (uint16_t)id;
	entry->len = written_bytes;
	if (device->unshown++) /* the first one is shown last */
		store_release(&entry->flags, used_flags(device->used_wrap));
	uint32_t next = (uint32_t)device->next_used + ring_entries;
	if (next >= size) {
		next -= size;
		device->used_wrap = !device->used_wrap;
	}
	device->next_used = (uint16_t)next;
}

/* Whether a split ring's driver asks for an interrupt: event by event. */
static bool split_interrupts(struct fake_device *device, uint32_t moved)
{
	if (!device->config.event_idx)
		return !(load_once(&device->avail->flags) & VIRTQ_AVAIL_F_NO_INTERRUPT);
	uint16_t event = load_once(device->used_event);
	for (uint32_t i = 1; i <= moved; i++)
		if ((uint16_t)(device->shown_used - i) == event)
			return true;
	return false;
}

static bool packed_interrupts(struct fake_device *device, uint32_t moved)
{
	uint16_t flags = load_acquire(&device->driver_event->flags) & RING_EVENT_FLAGS_MASK;
	if (flags != RING_EVENT_FLAGS_DESC)
		return flags == RING_EVENT_FLAGS_ENABLE;
	uint16_t event = load_once(&device->driver_event->desc);
	uint32_t position = device->shown_used;
	bool wrap = device->shown_wrap;
	while (moved--) {
		if (position == 0) {
			position = device->config.size;
			wrap = !wrap;
		}
		position--;
		if ((event & RING_EVENT_OFF_MASK) == position &&
		    (event >> RING_EVENT_WRAP_SHIFT) == wrap)
			return true;
	}
	return false;
}

void fake_device_show(struct fake_device *device)
{
	if (!device->unshown)
		return;
	if (device->config.packed)
		store_release(&device->ring[device->shown_used].flags,
			      used_flags(device->shown_wrap));
	else
		store_release(&device->used->idx, device->next_used);
	device->shown_used = device->next_used;
	device->shown_wrap = device->used_wrap;
	device->unsignalled_entries += device->unshown_entries;
	device->unshown = 0;
	device->unshown_entries = 0;
}

bool fake_device_signal(struct fake_device *device)
{
	uint32_t moved = device->unsignalled_entries;
	device->unsignalled_entries = 0;
	/* Pairs with the fence in virtqueue_arm(). */
	barrier_full();
	if (!moved)
		return false;
	return device->config.packed ? packed_interrupts(device, moved)
				     : split_interrupts(device, moved);
}

bool fake_device_want_doorbell(struct fake_device *device, uint16_t ahead)
{
	if (!device->config.packed && device->config.event_idx) {
		store_once(device->avail_event, (uint16_t)(device->next_avail + ahead - 1));
	} else if (!device->config.packed) {
		store_once(&device->used->flags, 0);
	} else if (device->config.event_idx) {
		uint32_t position = (uint32_t)device->next_avail + ahead - 1;
		bool wrap = device->avail_wrap;
		if (position >= device->config.size) {
			position -= device->config.size;
			wrap = !wrap;
		}
		store_once(&device->device_event->desc, (uint16_t)(position | wrap << 15));
		store_release(&device->device_event->flags, RING_EVENT_FLAGS_DESC);
	} else {
		store_once(&device->device_event->flags, RING_EVENT_FLAGS_ENABLE);
	}
	/* Pairs with the fence in virtqueue_publish(). */
	barrier_full();
	return something_available(device);
}

void fake_device_refuse_doorbell(struct fake_device *device)
{
	if (device->config.packed)
		store_once(&device->device_event->flags, RING_EVENT_FLAGS_DISABLE);
	else if (device->config.event_idx)
		store_once(device->avail_event,
			   (uint16_t)(device->next_avail - device->config.size - 1));
	else
		store_once(&device->used->flags, VIRTQ_USED_F_NO_NOTIFY);
}
