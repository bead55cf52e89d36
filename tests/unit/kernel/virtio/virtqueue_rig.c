/* SPDX-License-Identifier: MIT */
/*
 * See virtqueue_rig.h.
 */
#include "tests/unit/kernel/virtio/virtqueue_rig.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* clang-format off */
#define RING(size_, packed_, event_idx_, indirect_, chain_) { \
	.size = (size_), .packed = (packed_), .event_idx = (event_idx_), \
	.indirect = (indirect_), .max_data_segments = (chain_) }

const struct virtqueue_config rig_configs[] = {
	/*   size  packed event  indirect chain */
	RING(  64, false, false, false,   4),
	RING(  64, false, false, true,    4),
	RING(  64, false, true,  false,   4),
	RING(  64, false, true,  true,    4),
	RING(   4, false, true,  false,   1),
	RING(   4, false, true,  true,    2),
	RING(   8, false, true,  false,   6),
	RING(1024, false, true,  true,   30),
	RING(1024, false, true,  false,   1),
	RING(  64, true,  false, false,   4),
	RING(  64, true,  false, true,    4),
	RING(  64, true,  true,  false,   4),
	RING(  64, true,  true,  true,    4),
	RING(   3, true,  true,  false,   1),
	RING(   3, true,  true,  true,    1),
	RING(   7, true,  true,  false,   1),
	RING( 100, true,  true,  false,   4),
	RING(  37, true,  true,  true,    3),
	RING( 257, true,  true,  false,   2),
	RING(1000, true,  true,  true,   30),
};
/* clang-format on */
const unsigned rig_config_count = ARRAY_COUNT(rig_configs);

const char *rig_name(const struct virtqueue_config *config)
{
	static char name[96];
	snprintf(name, sizeof(name), "%s %s size %u chain %u%s",
		 config->packed ? "packed" : "split", config->indirect ? "indirect" : "direct",
		 config->size, config->max_data_segments, config->event_idx ? " event_idx" : "");
	return name;
}

static void *zeroed(size_t alignment, size_t size)
{
	void *memory;
	if (posix_memalign(&memory, alignment, size))
		abort();
	memset(memory, 0, size);
	return memory;
}

void rig_create(struct rig *rig, const struct virtqueue_config *config)
{
	*rig = (struct rig){
		.config = *config,
		.layout = virtqueue_layout(config),
		.random = 88172645463325252ull,
	};
	uint16_t slots = rig->layout.slot_count;
	assert_always(slots);
	rig->dma = zeroed(PAGE_BYTES, rig->layout.dma_bytes);
	rig->shadow = zeroed(PAGE_BYTES, rig->layout.shadow_bytes);
	rig->vq = zeroed(CACHE_LINE_BYTES, virtqueue_struct_bytes());
	rig->requests = zeroed(CACHE_LINE_BYTES, slots * sizeof(rig->requests[0]));
	rig->segments =
		zeroed(CACHE_LINE_BYTES, config->max_data_segments * sizeof(rig->segments[0]));
	phys_addr phys = phys_make(RIG_DMA_PHYS);
	assert_always(!virtqueue_init(rig->vq, config, rig->dma, phys, rig->shadow));
	for (uint16_t slot = 0; slot < slots; slot++)
		virtqueue_bind(rig->vq, slot, phys_make(RIG_HEAD_PHYS + slot * RIG_HEAD_BYTES),
			       RIG_HEAD_BYTES, phys_make(RIG_TAIL_PHYS + slot * RIG_TAIL_BYTES),
			       RIG_TAIL_BYTES);
	fake_device_create(&rig->device, config, rig->dma, phys.value);
}

void rig_destroy(struct rig *rig)
{
	fake_device_destroy(&rig->device);
	free(rig->dma);
	free(rig->shadow);
	free(rig->vq);
	free(rig->requests);
	free(rig->segments);
}

uint32_t rig_random(struct rig *rig, uint32_t limit)
{
	rig->random ^= rig->random << 13; /* xorshift64 */
	rig->random ^= rig->random >> 7;
	rig->random ^= rig->random << 17;
	return (uint32_t)(rig->random >> 32) % limit;
}

/* No two segments of a run are alike. */
static struct virtqueue_segment segment_of(uint32_t serial, uint16_t index)
{
	return (struct virtqueue_segment){
		.address = phys_make(0x300000000ull + (uint64_t)serial * 0x100000 + index * 4096),
		.length_bytes = 1 + serial % 4096 + index,
	};
}

static void record(struct rig *rig, uint16_t slot, uint16_t count, bool device_writes)
{
	assert_always(slot < rig->layout.slot_count);
	assert_always(!rig->requests[slot].in_flight);
	rig->requests[slot] = (struct rig_request){
		.in_flight = true,
		.device_writes = device_writes,
		.count = count,
		.serial = rig->added++,
	};
}

uint16_t rig_add(struct rig *rig, uint16_t count, bool device_writes)
{
	for (uint16_t i = 0; i < count; i++)
		rig->segments[i] = segment_of(rig->added, i);
	uint16_t free_before = virtqueue_free_slots(rig->vq);
	uint16_t expected = virtqueue_next_slot(rig->vq);
	uint16_t slot = virtqueue_add(rig->vq, rig->segments, count, device_writes);
	assert_always(slot == expected);
	assert_always(virtqueue_free_slots(rig->vq) == free_before - 1);
	record(rig, slot, count, device_writes);
	return slot;
}

/* Until a slot is met that carried another length; returns how many are left. */
static unsigned add_alike(struct rig *rig, unsigned count, bool device_writes)
{
	struct virtqueue_adder adder = { 0 };
	bool packed = rig->config.packed;
	if (!virtqueue_adds_many(rig->vq))
		return count;
	virtqueue_add_begin(rig->vq, packed, &adder);
	for (; count; count--) {
		struct virtqueue_segment segment = segment_of(rig->added, 0);
		const struct virtqueue_chain *chain =
			virtqueue_add_next(&adder, packed, &segment, device_writes);
		if (!chain)
			break;
		record(rig, chain->slot, 1, device_writes);
	}
	virtqueue_add_end(rig->vq, packed, &adder);
	return count;
}

void rig_add_many(struct rig *rig, unsigned count, bool device_writes)
{
	while ((count = add_alike(rig, count, device_writes))) {
		rig_add(rig, 1, device_writes);
		count--;
	}
}

uint64_t rig_writable_bytes(const struct rig *rig, uint16_t slot)
{
	const struct rig_request *request = &rig->requests[slot];
	uint64_t bytes = RIG_TAIL_BYTES;
	for (uint16_t i = 0; request->device_writes && i < request->count; i++)
		bytes += segment_of(request->serial, i).length_bytes;
	return bytes;
}

int rig_take(struct rig *rig)
{
	const struct fake_chain *chain = fake_device_take(&rig->device);
	if (rig->device.fault)
		panic("%s", rig->device.fault);
	if (!chain)
		return RIG_NONE;
	const struct fake_segment *at = chain->segments;
	uint16_t slot = (uint16_t)((at->address - RIG_HEAD_PHYS) / RIG_HEAD_BYTES);
	assert_always(slot < rig->layout.slot_count && rig->requests[slot].in_flight);
	struct rig_request *request = &rig->requests[slot];
	assert_always(chain->segment_count == request->count + 2u);
	assert_always(at->address == RIG_HEAD_PHYS + slot * RIG_HEAD_BYTES);
	assert_always(at->length_bytes == RIG_HEAD_BYTES && !at->device_writes);
	for (uint16_t i = 0; i < request->count; i++) {
		struct virtqueue_segment expected = segment_of(request->serial, i);
		at++;
		assert_always(at->address == expected.address.value);
		assert_always(at->length_bytes == expected.length_bytes);
		assert_always(at->device_writes == request->device_writes);
	}
	at++;
	assert_always(at->address == RIG_TAIL_PHYS + slot * RIG_TAIL_BYTES);
	assert_always(at->length_bytes == RIG_TAIL_BYTES && at->device_writes);
	request->id = chain->id;
	return slot;
}

void rig_complete(struct rig *rig, uint16_t slot)
{
	fake_device_complete(&rig->device, rig->requests[slot].id,
			     (uint32_t)rig_writable_bytes(rig, slot));
	if (rig->device.fault)
		panic("%s", rig->device.fault);
}

static void take_back(struct rig *rig, uint16_t slot, uint64_t written_bytes)
{
	assert_always(slot < rig->layout.slot_count);
	assert_always(rig->requests[slot].in_flight);
	assert_always(written_bytes <= rig_writable_bytes(rig, slot));
	assert_always(!virtqueue_slot_in_flight(rig->vq, slot));
	rig->requests[slot].in_flight = false;
	rig->popped++;
}

int rig_pop(struct rig *rig, uint32_t *written_bytes)
{
	uint16_t slot = 0xdead;
	uint16_t in_flight = virtqueue_in_flight(rig->vq);
	int result = virtqueue_pop(rig->vq, &slot, written_bytes);
	if (result <= 0) {
		assert_always(virtqueue_in_flight(rig->vq) == in_flight);
		assert_always(result == 0 || result == -ERR_DEVICE);
		assert_always(virtqueue_is_broken(rig->vq) == (result < 0));
		return result ? RIG_BROKEN : RIG_NONE;
	}
	assert_always(result == 1);
	assert_always(virtqueue_in_flight(rig->vq) == in_flight - 1);
	take_back(rig, slot, *written_bytes);
	return slot;
}

unsigned rig_pop_many(struct rig *rig, unsigned max)
{
	uint32_t count = 0, length_bytes;
	uint64_t writable_bytes;
	uint16_t in_flight = virtqueue_in_flight(rig->vq);
	int ready = 0;
	while (count < max && (ready || (ready = virtqueue_ready(rig->vq)) > 0)) {
		assert_always((uint32_t)ready <= in_flight - count);
		const struct virtqueue_chain *chain =
			virtqueue_pop_next(rig->vq, &length_bytes, &writable_bytes);
		if (!chain)
			break;
		assert_always(writable_bytes == rig_writable_bytes(rig, chain->slot));
		take_back(rig, chain->slot, MIN(length_bytes, writable_bytes));
		count++;
		ready--;
	}
	assert_always(virtqueue_is_broken(rig->vq) || ready >= 0);
	assert_always(!virtqueue_is_broken(rig->vq) || ready);
	assert_always(virtqueue_in_flight(rig->vq) == in_flight - count);
	return count;
}

void rig_check(const struct rig *rig)
{
	uint32_t in_flight = 0;
	for (uint16_t slot = 0; slot < rig->layout.slot_count; slot++) {
		bool recorded = rig->requests[slot].in_flight;
		assert_always(virtqueue_slot_in_flight(rig->vq, slot) == recorded);
		in_flight += recorded;
	}
	assert_always(virtqueue_in_flight(rig->vq) == in_flight);
	assert_always(rig->added - rig->popped == in_flight);
	assert_always(virtqueue_free_slots(rig->vq) == rig->layout.slot_count - in_flight);
}
