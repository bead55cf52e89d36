/* SPDX-License-Identifier: MIT */
/*
 * No wake-up is lost, whatever the interleaving: the ring's own sources run on
 * a model of the CPU's memory order (x86-TSO: stores wait in a buffer, in
 * order; a load may overtake them; a full fence drains it), against a device
 * that takes its steps at any point. Every interleaving is tried.
 *
 * kernel/cpu/barrier.h is replaced by the model. Only accesses through it are
 * points where something may happen; plain stores are seen at once. So this
 * file judges fences and events, not releases (on x86 those hold back nothing
 * but the compiler).
 *
 * The model is tested too: with its fence switched off, wake-ups must be lost.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define KERNEL_CPU_BARRIER_H
#define load_acquire(pointer) ((__typeof__(*(pointer)))model_load((pointer), sizeof(*(pointer))))
#define load_once(pointer) load_acquire(pointer)
#define store_release(pointer, value) model_store((pointer), sizeof(*(pointer)), (value))
#define store_once(pointer, value) store_release(pointer, value)

static uint32_t model_load(const void *at, size_t size);
static void model_store(void *at, size_t size, uint32_t value);
static void barrier_full(void);

#include "kernel/virtio/virtqueue.c"
#include "kernel/virtio/virtqueue_end.c"
#include "kernel/virtio/virtqueue_packed.c"
#include "kernel/virtio/virtqueue_split.c"
#include "tests/unit/kernel/virtio/virtqueue_rig.h"

/* --- every path through a tree of choices --- */

#define DEPTH_MAX 64

static struct {
	unsigned depth, used;
	uint8_t taken[DEPTH_MAX], width[DEPTH_MAX];
} path;

static unsigned choose(unsigned width)
{
	assert_true(path.depth < DEPTH_MAX);
	if (path.depth == path.used) {
		path.taken[path.used] = 0;
		path.width[path.used++] = (uint8_t)width;
	}
	assert_int_equal(path.width[path.depth], width);
	return path.taken[path.depth++];
}

/* The next path, in order; false after the last one. */
static bool next_path(void)
{
	path.depth = 0;
	while (path.used) {
		if (++path.taken[path.used - 1] < path.width[path.used - 1])
			return true;
		path.used--;
	}
	return false;
}

/* --- the CPU --- */

#define BUFFER_MAX 16

static struct {
	bool running; /* else every access goes straight to memory */
	bool fence_works;
	unsigned first, last; /* stores not yet in memory */
	struct {
		void *at;
		size_t size;
		uint32_t value;
	} buffer[BUFFER_MAX];
	unsigned steps_left; /* of the device */
	void (*device_step)(void);
} model;

static void drain_one(void)
{
	unsigned i = model.first++;
	memcpy(model.buffer[i].at, &model.buffer[i].value, model.buffer[i].size);
}

static void drain(void)
{
	while (model.first != model.last)
		drain_one();
}

/* Anything may happen here: the buffer drains, the device moves. */
static void point(void)
{
	while (model.running) {
		bool can_drain = model.first != model.last;
		bool can_step = model.steps_left;
		unsigned choice = choose(1u + can_drain + can_step);
		if (choice == 0)
			return;
		if (choice == 1 && can_drain) {
			drain_one();
		} else {
			model.steps_left--;
			model.device_step();
		}
	}
}

static uint32_t model_load(const void *at, size_t size)
{
	uint32_t value = 0;
	point();
	memcpy(&value, at, size);
	for (unsigned i = model.first; i != model.last; i++)
		if (model.buffer[i].at == at)
			value = model.buffer[i].value;
	return value;
}

static void model_store(void *at, size_t size, uint32_t value)
{
	if (!model.running) {
		memcpy(at, &value, size);
		return;
	}
	point();
	assert_true(model.last < BUFFER_MAX);
	model.buffer[model.last].at = at;
	model.buffer[model.last].size = size;
	model.buffer[model.last++].value = value;
}

static void barrier_full(void)
{
	point();
	if (model.fence_works)
		drain();
}

static void start(unsigned steps, void (*device_step)(void))
{
	model.first = model.last = 0;
	model.steps_left = steps;
	model.device_step = device_step;
	model.running = true;
}

/* What was on its way arrives; the device does what it had left. */
static void finish(void)
{
	point();
	model.running = false;
	drain();
	while (model.steps_left) {
		model.steps_left--;
		model.device_step();
	}
}

/* --- the two races --- */

static struct rig rig;
static unsigned device_at; /* its next step */
static bool device_sleeps, interrupted;

/* Says that it wants a doorbell, then looks once more, then sleeps. */
static void step_to_sleep(void)
{
	struct fake_device *device = &rig.device;
	bool last = model.steps_left == 0;
	if (last) {
		device_sleeps = !fake_device_take(device);
	} else if (!rig.config.packed) {
		if (rig.config.event_idx)
			*device->avail_event = device->next_avail;
		else
			device->used->flags = 0;
	} else if (!rig.config.event_idx) {
		device->device_event->flags = RING_EVENT_FLAGS_ENABLE;
	} else if (device_at == 0) {
		device->device_event->desc =
			(uint16_t)(device->next_avail | device->avail_wrap << 15);
	} else {
		device->device_event->flags = RING_EVENT_FLAGS_DESC;
	}
	device_at++;
}

/* Completes one, then asks whether to interrupt, alternately. */
static void step_to_complete(void)
{
	if (device_at++ % 2 == 0) {
		for (uint16_t id = 0; id < rig.layout.slot_count; id++) {
			if (!rig.device.flights[id].held)
				continue;
			fake_device_complete(&rig.device, id, 1);
			fake_device_show(&rig.device);
			break;
		}
	} else if (fake_device_signal(&rig.device)) {
		interrupted = true;
	}
}

static void some_history(unsigned count)
{
	uint32_t written;
	while (count--) {
		rig_add(&rig, 1, true);
		virtqueue_publish(rig.vq);
		rig_complete(&rig, (uint16_t)rig_take(&rig));
		fake_device_show(&rig.device);
		fake_device_signal(&rig.device);
		assert_true(rig_pop(&rig, &written) >= 0);
	}
}

static void begin(const struct virtqueue_config *config, unsigned history)
{
	rig_create(&rig, config);
	some_history(history);
	device_at = 0;
	device_sleeps = interrupted = false;
}

/* Of all interleavings, in how many both sides wait for the other for ever. */
static unsigned lost_doorbells(const struct virtqueue_config *config, unsigned history)
{
	unsigned lost = 0;
	do {
		begin(config, history);
		fake_device_refuse_doorbell(&rig.device);
		rig_add(&rig, 1, true);
		start(config->packed && config->event_idx ? 3 : 2, step_to_sleep);
		bool rings = virtqueue_publish(rig.vq);
		finish();
		lost += device_sleeps && !rings;
		rig_destroy(&rig);
	} while (next_path());
	return lost;
}

static unsigned lost_interrupts(const struct virtqueue_config *config, unsigned history,
				uint16_t ahead)
{
	unsigned lost = 0;
	do {
		begin(config, history);
		virtqueue_disarm(rig.vq);
		for (unsigned i = 0; i < ahead; i++)
			rig_add(&rig, 1, true);
		virtqueue_publish(rig.vq);
		while (rig_take(&rig) >= 0)
			;
		start(2u * ahead, step_to_complete);
		bool sleeps = !virtqueue_arm(rig.vq, ahead);
		finish();
		lost += sleeps && !interrupted;
		rig_destroy(&rig);
	} while (next_path());
	return lost;
}

static const struct virtqueue_config configs[] = {
	{ .size = 8, .max_data_segments = 2 },
	{ .size = 8, .max_data_segments = 2, .event_idx = true },
	{ .size = 8, .max_data_segments = 2, .event_idx = true, .indirect = true },
	{ .size = 7, .max_data_segments = 1, .packed = true },
	{ .size = 7, .max_data_segments = 1, .packed = true, .event_idx = true },
	{ .size = 7, .max_data_segments = 1, .packed = true, .event_idx = true, .indirect = true },
};

static void no_doorbell_is_lost(void **state)
{
	(void)state;
	model.fence_works = true;
	for (unsigned i = 0; i < ARRAY_COUNT(configs); i++)
		for (unsigned history = 0; history < 2u * configs[i].size; history++)
			assert_int_equal(lost_doorbells(&configs[i], history), 0);
}

static void no_interrupt_is_lost(void **state)
{
	(void)state;
	model.fence_works = true;
	for (unsigned i = 0; i < ARRAY_COUNT(configs); i++)
		for (unsigned history = 0; history < 2u * configs[i].size; history++)
			for (uint16_t ahead = 1; ahead <= 2; ahead++)
				assert_int_equal(lost_interrupts(&configs[i], history, ahead), 0);
}

static void the_model_sees_a_missing_fence(void **state)
{
	(void)state;
	model.fence_works = false;
	for (unsigned i = 0; i < ARRAY_COUNT(configs); i++) {
		assert_int_not_equal(lost_doorbells(&configs[i], 3), 0);
		assert_int_not_equal(lost_interrupts(&configs[i], 3, 1), 0);
		assert_int_not_equal(lost_interrupts(&configs[i], 3, 2), 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_doorbell_is_lost),
		cmocka_unit_test(no_interrupt_is_lost),
		cmocka_unit_test(the_model_sees_a_missing_fence),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
