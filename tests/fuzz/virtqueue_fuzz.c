/* SPDX-License-Identifier: MIT */
/*
 * The ring against a device that does anything: the input decides the ring's
 * shape, then plays driver and device in turn. The device may write any byte
 * of all the memory that it shares, at any time between our calls.
 *
 * What must hold whatever it writes (the rig checks it at every pop): no
 * access outside of the ring's memory; each popped slot was in flight and is
 * popped once per add; the length fits the chain; counts agree; a broken ring
 * stays broken and yields nothing more.
 */
#include "tests/unit/kernel/virtio/virtqueue_rig.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct input {
	const uint8_t *at, *end;
};

static uint32_t take_u8(struct input *input)
{
	return input->at < input->end ? *input->at++ : 0;
}

static uint32_t take_u16(struct input *input)
{
	uint32_t low = take_u8(input);
	return low | take_u8(input) << 8;
}

static struct virtqueue_config some_config(struct input *input)
{
	static const uint16_t sizes[] = { 4, 8, 64, 3, 7, 37 };
	uint32_t bits = take_u8(input);
	struct virtqueue_config config = {
		.packed = bits & 1,
		.event_idx = bits & 2,
		.indirect = bits & 4,
	};
	uint32_t choice = bits >> 3;
	config.size = sizes[choice % (config.packed ? ARRAY_COUNT(sizes) : 3)];
	config.max_data_segments = (uint16_t)(1 + take_u8(input) % (config.size - 2u));
	return config;
}

/* Where a device would lie first, then anywhere. */
static void write_shared_memory(struct rig *rig, struct input *input)
{
	struct fake_device *device = &rig->device;
	uint32_t where = take_u8(input);
	uint16_t value = (uint16_t)take_u16(input);
	uint16_t *control[] = {
		rig->config.packed ? &device->device_event->desc : &device->used->idx,
		rig->config.packed ? &device->device_event->flags : &device->used->flags,
		rig->config.packed ? &device->ring[value % rig->config.size].flags
				   : device->avail_event,
	};
	if (where < ARRAY_COUNT(control)) {
		*control[where] =
			where == 2 && rig->config.packed ? (uint16_t)take_u16(input) : value;
		return;
	}
	uint64_t offset = ((uint64_t)where << 16 | value) % rig->layout.dma_bytes;
	device->dma[offset] = (uint8_t)take_u8(input);
}

static void lie(struct rig *rig, struct input *input)
{
	uint32_t id = take_u8(input);
	uint32_t length_bytes = take_u16(input);
	uint32_t entries = 1 + take_u8(input) % rig->config.size;
	if (id & 0x80) /* plausible ones most of the time */
		id = id << 24 | length_bytes;
	fake_device_lie(&rig->device, id, length_bytes << 4, (uint16_t)entries);
}

static void pop_all(struct rig *rig, unsigned at_once)
{
	uint32_t written;
	bool was_broken = virtqueue_is_broken(rig->vq);
	if (at_once)
		assert_always(rig_pop_many(rig, at_once) == 0 || !was_broken);
	was_broken = virtqueue_is_broken(rig->vq);
	for (uint32_t i = 0; i <= rig->layout.slot_count; i++) {
		int slot = rig_pop(rig, &written);
		assert_always(!was_broken || slot == RIG_BROKEN);
		if (slot < 0)
			return;
	}
	panic("more completions than requests");
}

static void device_takes(struct rig *rig)
{
	const struct fake_chain *chain = fake_device_take(&rig->device);
	rig->device.fault = NULL; /* we have broken the chains ourselves */
	if (chain && rig->device.in_flight)
		fake_device_complete(&rig->device, chain->id, (uint32_t)chain->writable_bytes);
	rig->device.fault = NULL;
}

static void step(struct rig *rig, struct input *input)
{
	uint32_t code = take_u8(input);
	switch (code % 12) {
	case 0:
	case 1:
	case 2:
		if (virtqueue_free_slots(rig->vq))
			rig_add(rig, (uint16_t)(code / 12 % (rig->config.max_data_segments + 1u)),
				code & 0x80);
		break;
	case 3:
		virtqueue_publish(rig->vq);
		break;
	case 4:
		pop_all(rig, code / 12 % 4);
		break;
	case 5:
		virtqueue_arm(rig->vq, (uint16_t)take_u16(input));
		break;
	case 6:
		virtqueue_disarm(rig->vq);
		virtqueue_has_completions(rig->vq);
		break;
	case 7:
		device_takes(rig);
		break;
	case 8:
		fake_device_show(&rig->device);
		fake_device_signal(&rig->device);
		break;
	case 9:
		lie(rig, input);
		break;
	default:
		write_shared_memory(rig, input);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input input = { .at = data, .end = data + size };
	struct virtqueue_config config = some_config(&input);
	struct rig rig;
	rig_create(&rig, &config);
	while (input.at < input.end)
		step(&rig, &input);
	rig_check(&rig);
	rig_destroy(&rig);
	return 0;
}
