/* SPDX-License-Identifier: MIT */
/*
 * The rings with an honest device: every request arrives as it was added and
 * returns once; doorbells and interrupts come exactly when they were asked for.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/kernel/virtio/virtqueue_rig.h"

/* Every 16-bit index goes round twice. */
#define LONG_RUN (2u * 65536 + 5000)

static void for_each_config(void (*run)(struct rig *rig))
{
	for (unsigned i = 0; i < rig_config_count; i++) {
		struct rig rig;
		if (getenv("RINGBOLT_TEST_LOG"))
			fprintf(stderr, "%s\n", rig_name(&rig_configs[i]));
		rig_create(&rig, &rig_configs[i]);
		run(&rig);
		rig_check(&rig);
		rig_destroy(&rig);
	}
}

/* Mostly one segment, as in life. */
static uint16_t some_count(struct rig *rig)
{
	return rig_random(rig, 4) ? 1
				  : (uint16_t)rig_random(rig, rig->config.max_data_segments + 1u);
}

static void add_some(struct rig *rig, unsigned batch)
{
	for (unsigned i = 0; i < batch; i++)
		rig_add(rig, some_count(rig), rig_random(rig, 2));
}

static void add_and_publish(struct rig *rig, unsigned batch)
{
	add_some(rig, batch);
	virtqueue_publish(rig->vq);
}

/* Adds, publishes, takes and completes `batch`, in order; the driver pops. */
static void round_trip(struct rig *rig, unsigned batch)
{
	uint32_t written;
	add_and_publish(rig, batch);
	for (unsigned i = 0; i < batch; i++)
		rig_complete(rig, (uint16_t)rig_take(rig));
	fake_device_show(&rig->device);
	fake_device_signal(&rig->device);
	for (unsigned i = 0; i < batch; i++)
		assert_true(rig_pop(rig, &written) >= 0);
}

/* --- layout --- */

static void layout_refuses_rings_that_cannot_be(void **state)
{
	(void)state;
	const struct virtqueue_config refused[] = {
		{ .size = 0, .max_data_segments = 1 },
		{ .size = 2, .max_data_segments = 1 },
		{ .size = 4, .max_data_segments = 0 },
		{ .size = 4, .max_data_segments = 3 },
		{ .size = 4, .max_data_segments = 3, .indirect = true },
		{ .size = 4, .max_data_segments = 65535 },
		{ .size = 100, .max_data_segments = 1 },
		{ .size = 32769, .max_data_segments = 1 },
		{ .size = 65535, .max_data_segments = 1 },
		{ .size = 0, .max_data_segments = 1, .packed = true },
		{ .size = 2, .max_data_segments = 1, .packed = true },
		{ .size = 5, .max_data_segments = 4, .packed = true, .indirect = true },
		{ .size = 32769, .max_data_segments = 1, .packed = true },
	};
	for (unsigned i = 0; i < ARRAY_COUNT(refused); i++) {
		struct virtqueue_layout layout = virtqueue_layout(&refused[i]);
		assert_int_equal(layout.slot_count, 0);
		assert_int_equal(layout.dma_bytes | layout.shadow_bytes, 0);
		struct virtqueue vq;
		assert_int_equal(virtqueue_init(&vq, &refused[i], NULL, phys_make(0), NULL),
				 -ERR_INVALID);
	}
}

static void layout_keeps_areas_apart_and_aligned(void **state)
{
	(void)state;
	for (unsigned i = 0; i < rig_config_count; i++) {
		const struct virtqueue_config *config = &rig_configs[i];
		struct virtqueue_layout at = virtqueue_layout(config);
		uint64_t size = config->size;
		assert_true(at.driver_offset >= 16 * size);
		assert_true(at.tables_offset >=
			    at.driver_offset + (config->packed ? 4 : 6 + 2 * size));
		assert_true(at.device_offset >=
			    at.tables_offset +
				    (config->indirect ? size * 16 * (config->max_data_segments + 2u)
						      : 0));
		assert_true(at.dma_bytes >= at.device_offset + (config->packed ? 4 : 6 + 8 * size));
		assert_int_equal(at.driver_offset % 4, 0);
		assert_int_equal(at.device_offset % PAGE_BYTES, 0);
		assert_int_equal(at.tables_offset % 16, 0);
		assert_int_equal(at.slot_count,
				 config->indirect ? size : size / (config->max_data_segments + 2u));
	}
}

static void the_largest_rings_work(void **state)
{
	(void)state;
	const struct virtqueue_config largest[] = {
		{ .size = 32768, .max_data_segments = 1, .indirect = true, .event_idx = true },
		{ .size = 32768, .max_data_segments = 32766, .event_idx = true },
		{ .size = 32768,
		  .max_data_segments = 1,
		  .indirect = true,
		  .event_idx = true,
		  .packed = true },
		{ .size = 32768, .max_data_segments = 32766, .event_idx = true, .packed = true },
		{ .size = 32767, .max_data_segments = 1, .event_idx = true, .packed = true },
	};
	for (unsigned i = 0; i < ARRAY_COUNT(largest); i++) {
		struct rig rig;
		rig_create(&rig, &largest[i]);
		for (unsigned round = 0; round < 3; round++) {
			fake_device_want_doorbell(&rig.device, 1);
			uint16_t slots = virtqueue_free_slots(rig.vq);
			for (unsigned n = 0; n < slots; n++)
				rig_add(&rig, largest[i].max_data_segments, true);
			assert_true(virtqueue_publish(rig.vq));
			assert_false(virtqueue_arm(rig.vq, slots));
			for (unsigned n = 0; n < slots; n++)
				rig_complete(&rig, (uint16_t)rig_take(&rig));
			fake_device_show(&rig.device);
			assert_true(fake_device_signal(&rig.device));
			uint32_t written;
			for (unsigned n = 0; n < slots; n++)
				assert_true(rig_pop(&rig, &written) >= 0);
			rig_check(&rig);
		}
		rig_destroy(&rig);
	}
}

/* --- need_event --- */

static void need_event_equals_stepping_for_every_event(void **state)
{
	(void)state;
	static const uint16_t starts[] = { 0,      1,      2,      0x00ff, 0x0100, 0x7ffe, 0x7fff,
					   0x8000, 0x8001, 0xff00, 0xfffd, 0xfffe, 0xffff, 0xabcd };
	static const uint16_t steps[] = {
		0, 1, 2, 3, 127, 128, 255, 256, 32767, 32768, 32769, 65535
	};
	static uint8_t passed[65536];
	for (unsigned s = 0; s < ARRAY_COUNT(starts); s++) {
		for (unsigned t = 0; t < ARRAY_COUNT(steps); t++) {
			uint16_t old_index = starts[s];
			uint16_t new_index = (uint16_t)(old_index + steps[t]);
			memset(passed, 0, sizeof(passed));
			for (uint16_t i = old_index; i != new_index; i++)
				passed[i] = 1;
			for (uint32_t event = 0; event < 65536; event++)
				if (virtqueue_need_event((uint16_t)event, new_index, old_index) !=
				    passed[event])
					fail_msg("event %u, %u to %u", event, old_index, new_index);
		}
	}
}

/* --- traffic --- */

/* Completes some of what the device holds, in any order. */
static unsigned complete_some(struct rig *rig, uint16_t *held, unsigned *held_count)
{
	unsigned done = rig_random(rig, *held_count + 1);
	for (unsigned i = 0; i < done; i++) {
		unsigned which = rig_random(rig, *held_count);
		rig_complete(rig, held[which]);
		held[which] = held[--*held_count];
	}
	fake_device_show(&rig->device);
	fake_device_signal(&rig->device);
	return done;
}

static void run_traffic(struct rig *rig)
{
	uint16_t *held = calloc(rig->layout.slot_count, sizeof(held[0]));
	unsigned held_count = 0;
	uint32_t written;
	while (rig->popped < LONG_RUN) {
		unsigned batch = rig_random(rig, virtqueue_free_slots(rig->vq) + 1u);
		if (rig_random(rig, 2))
			rig_add_many(rig, batch, rig_random(rig, 2));
		else
			add_some(rig, batch);
		assert_int_equal(rig_take(rig), RIG_NONE); /* not before it is published */
		virtqueue_publish(rig->vq);
		for (unsigned i = 0; i < batch; i++) {
			int slot = rig_take(rig);
			assert_true(slot >= 0);
			held[held_count++] = (uint16_t)slot;
		}
		assert_int_equal(rig_take(rig), RIG_NONE);
		unsigned done = complete_some(rig, held, &held_count);
		assert_int_equal(virtqueue_has_completions(rig->vq), done > 0);
		if (rig_random(rig, 2)) {
			unsigned some = rig_random(rig, done + 2);
			assert_int_equal(rig_pop_many(rig, some), MIN(some, done));
			done -= MIN(some, done);
		}
		while (done--) {
			assert_true(virtqueue_has_completions(rig->vq));
			int slot = rig_pop(rig, &written);
			assert_true(slot >= 0);
			assert_int_equal(written, rig_writable_bytes(rig, (uint16_t)slot));
		}
		assert_false(virtqueue_has_completions(rig->vq));
		assert_int_equal(rig_pop(rig, &written), RIG_NONE);
	}
	free(held);
}

static void every_request_arrives_as_added_and_returns_once(void **state)
{
	(void)state;
	for_each_config(run_traffic);
}

static void run_count_wrap(struct rig *rig)
{
	struct virtqueue *vq = rig->vq;
	if (rig->config.packed)
		return;
	/* As after so many requests; the low half is that of a new device. */
	vq->added = vq->published = vq->popped = 0xffff0000;
	while (rig->popped < LONG_RUN) {
		round_trip(rig, rig->layout.slot_count);
		rig_check(rig);
	}
}

static void the_count_of_requests_wraps_at_2_to_32(void **state)
{
	(void)state;
	for_each_config(run_count_wrap);
}

static void run_full_ring(struct rig *rig)
{
	for (unsigned round = 0; round < 5; round++) {
		assert_int_equal(virtqueue_free_slots(rig->vq), rig->layout.slot_count);
		round_trip(rig, rig->layout.slot_count);
	}
}

static void a_full_ring_is_one_batch(void **state)
{
	(void)state;
	for_each_config(run_full_ring);
}

static void chain_as_long_as_the_ring(void **state)
{
	(void)state;
	for (unsigned bits = 0; bits < 4; bits++) {
		struct rig rig;
		const struct virtqueue_config config = {
			.size = 128,
			.packed = bits & 1,
			.indirect = bits & 2,
			.event_idx = true,
			.max_data_segments = 126,
		};
		static const uint16_t counts[] = { 126, 0, 1, 126, 125, 2, 126, 126, 1, 0, 1 };
		rig_create(&rig, &config);
		for (unsigned i = 0; i < ARRAY_COUNT(counts); i++) {
			uint32_t written;
			uint16_t slot = rig_add(&rig, counts[i], i & 1);
			virtqueue_publish(rig.vq);
			assert_int_equal(rig_take(&rig), slot);
			rig_complete(&rig, slot);
			fake_device_show(&rig.device);
			assert_int_equal(rig_pop(&rig, &written), slot);
			rig_check(&rig);
		}
		rig_destroy(&rig);
	}
}

static void run_restart(struct rig *rig)
{
	round_trip(rig, rig->layout.slot_count);
	add_and_publish(rig, 1); /* in flight when the queue is reset */
	struct virtqueue_config config = rig->config;
	memset(rig->dma, 0, rig->layout.dma_bytes);
	memset(rig->shadow, 0, rig->layout.shadow_bytes);
	assert_int_equal(
		virtqueue_init(rig->vq, &config, rig->dma, phys_make(RIG_DMA_PHYS), rig->shadow),
		0);
	for (uint16_t slot = 0; slot < rig->layout.slot_count; slot++) {
		rig->requests[slot].in_flight = false;
		virtqueue_bind(rig->vq, slot, phys_make(RIG_HEAD_PHYS + slot * RIG_HEAD_BYTES),
			       RIG_HEAD_BYTES, phys_make(RIG_TAIL_PHYS + slot * RIG_TAIL_BYTES),
			       RIG_TAIL_BYTES);
	}
	rig->added--;
	fake_device_destroy(&rig->device);
	fake_device_create(&rig->device, &config, rig->dma, RIG_DMA_PHYS);
	rig_check(rig);
	round_trip(rig, rig->layout.slot_count);
}

static void a_ring_starts_anew_on_zeroed_memory(void **state)
{
	(void)state;
	for_each_config(run_restart);
}

/* --- doorbells --- */

/* Steps through the indices or ring entries of a batch: was the event there? */
static bool batch_passes(const struct rig *rig, uint32_t position, bool wrap, uint32_t entries,
			 uint16_t event)
{
	while (entries--) {
		if (!rig->config.packed && (uint16_t)position == event)
			return true;
		if (rig->config.packed && position == (event & 0x7fffu) && wrap == event >> 15)
			return true;
		position++;
		if (rig->config.packed && position == rig->config.size) {
			position = 0;
			wrap = !wrap;
		}
	}
	return false;
}

static bool should_ring(struct rig *rig, uint32_t position, bool wrap, uint32_t entries)
{
	bool near = rig_random(rig, 8);
	uint32_t distance = rig_random(rig, near ? 2u * rig->config.size : 65536);
	if (!rig->config.packed) {
		uint16_t flags = (uint16_t)rig_random(rig, 2);
		uint16_t event = (uint16_t)(position + distance - rig->config.size / 2);
		*rig->device.avail_event = event;
		rig->device.used->flags = flags;
		return rig->config.event_idx ? batch_passes(rig, position, wrap, entries, event)
					     : !flags;
	}
	uint16_t event = (uint16_t)(distance % rig->config.size | rig_random(rig, 2) << 15);
	uint16_t flags = (uint16_t)rig_random(rig, 4); /* 3 is reserved */
	if (flags != RING_EVENT_FLAGS_DISABLE && near)
		flags = RING_EVENT_FLAGS_DESC;
	rig->device.device_event->desc = event;
	rig->device.device_event->flags = flags;
	if (flags == RING_EVENT_FLAGS_DESC && rig->config.event_idx)
		return batch_passes(rig, position, wrap, entries, event);
	return flags != RING_EVENT_FLAGS_DISABLE; /* rather one too many */
}

static void run_doorbells(struct rig *rig)
{
	uint32_t written;
	for (unsigned round = 0; round < 20000; round++) {
		uint32_t position = rig->device.next_avail;
		bool wrap = rig->device.avail_wrap;
		uint32_t entries = 0;
		unsigned batch = 1 + rig_random(rig, MIN(rig->layout.slot_count, 40));
		for (unsigned i = 0; i < batch; i++) {
			uint16_t count = some_count(rig);
			rig_add(rig, count, true);
			entries += rig->config.packed && !rig->config.indirect ? count + 2u : 1;
		}
		bool expected = should_ring(rig, position, wrap, entries);
		assert_int_equal(virtqueue_publish(rig->vq), expected);
		assert_false(virtqueue_publish(rig->vq)); /* nothing new */
		for (unsigned i = 0; i < batch; i++)
			rig_complete(rig, (uint16_t)rig_take(rig));
		fake_device_show(&rig->device);
		for (unsigned i = 0; i < batch; i++)
			assert_true(rig_pop(rig, &written) >= 0);
	}
}

static void publish_rings_exactly_when_the_device_asked(void **state)
{
	(void)state;
	for_each_config(run_doorbells);
}

static void run_one_kick(struct rig *rig)
{
	uint32_t written;
	unsigned batch = MIN(rig->layout.slot_count, 20);
	while (rig->popped < 2 * 65536) {
		assert_false(fake_device_want_doorbell(&rig->device, 1));
		unsigned doorbells = 0;
		unsigned first = batch / 2;
		for (unsigned i = 0; i < batch; i++) {
			rig_add(rig, 1, true);
			if (i == first)
				doorbells += virtqueue_publish(rig->vq);
		}
		doorbells += virtqueue_publish(rig->vq);
		assert_int_equal(doorbells, rig->config.event_idx || batch == 1 ? 1 : 2);
		for (unsigned i = 0; i < batch; i++)
			rig_complete(rig, (uint16_t)rig_take(rig));
		fake_device_show(&rig->device);
		while (rig_pop(rig, &written) >= 0)
			;
	}
}

/* And across every other place where indices, positions or laps wrap. */
static void publish_across_65535_kicks_once(void **state)
{
	(void)state;
	for_each_config(run_one_kick);
}

/* --- interrupts --- */

static bool positions_are_exact(const struct rig *rig)
{
	return !rig->config.packed || rig->config.indirect;
}

/*
 * `early` completions are there, unread, when `ahead` are asked for; then the
 * rest arrive one by one. Returns how many were there at the first interrupt,
 * 0 when arm said that no interrupt need come.
 */
static unsigned first_interrupt(struct rig *rig, unsigned batch, unsigned early, uint16_t ahead)
{
	unsigned at = 0;
	for (unsigned i = 0; i < batch; i++) {
		if (i == early && virtqueue_arm(rig->vq, ahead))
			return 0;
		rig_complete(rig, (uint16_t)rig_take(rig));
		fake_device_show(&rig->device);
		if (!fake_device_signal(&rig->device) || i < early)
			continue;
		if (at && rig->config.event_idx)
			fail_msg("interrupted twice");
		if (!at)
			at = i + 1;
	}
	assert_int_not_equal(at, 0); /* never: a lost wake-up */
	return at;
}

static void run_interrupts(struct rig *rig)
{
	uint32_t written;
	for (unsigned round = 0; round < 20000; round++) {
		unsigned batch = 1 + rig_random(rig, MIN(rig->layout.slot_count, 30));
		unsigned early = rig_random(rig, 2) ? 0 : rig_random(rig, batch);
		uint16_t ahead =
			(uint16_t)(rig_random(rig, 20) ? rig_random(rig, batch + 4) : 65535);
		unsigned wanted = rig->config.event_idx ? MAX(MIN(ahead, batch), 1u) : 1;
		virtqueue_disarm(rig->vq);
		add_and_publish(rig, batch);
		unsigned at = first_interrupt(rig, batch, early, ahead);
		if (positions_are_exact(rig))
			assert_int_equal(at, early >= wanted ? 0 : wanted);
		else if (at)
			assert_true(at <= wanted && !early);
		while (rig_take(rig) >= 0)
			;
		for (uint16_t slot = 0; slot < rig->layout.slot_count; slot++)
			if (rig->requests[slot].in_flight &&
			    rig->device.flights[rig->requests[slot].id].held)
				rig_complete(rig, slot);
		fake_device_show(&rig->device);
		fake_device_signal(&rig->device);
		while (rig_pop(rig, &written) >= 0)
			;
		assert_int_equal(virtqueue_in_flight(rig->vq), 0);
	}
}

static void arm_interrupts_once_and_exactly_when_asked(void **state)
{
	(void)state;
	for_each_config(run_interrupts);
}

static void run_arm_unpublished(struct rig *rig)
{
	if (rig->layout.slot_count < 2)
		return;
	uint32_t written;
	rig_add(rig, 1, true);
	virtqueue_publish(rig->vq);
	rig_add(rig, 1, true); /* the device cannot complete this one */
	assert_false(virtqueue_arm(rig->vq, 2));
	rig_complete(rig, (uint16_t)rig_take(rig));
	fake_device_show(&rig->device);
	assert_true(fake_device_signal(&rig->device));
	assert_true(rig_pop(rig, &written) >= 0);
}

static void arm_waits_for_nothing_unpublished(void **state)
{
	(void)state;
	for_each_config(run_arm_unpublished);
}

static void run_disarmed(struct rig *rig)
{
	round_trip(rig, rig->layout.slot_count);
	assert_false(virtqueue_arm(rig->vq, 1));
	virtqueue_disarm(rig->vq);
	uint32_t parked_for = 65536u - rig->config.size - 1;
	for (uint32_t done = 0; done < parked_for; done++) {
		uint32_t written;
		add_and_publish(rig, 1);
		rig_complete(rig, (uint16_t)rig_take(rig));
		fake_device_show(&rig->device);
		assert_false(fake_device_signal(&rig->device));
		assert_true(rig_pop(rig, &written) >= 0);
	}
}

static void disarm_keeps_interrupts_away(void **state)
{
	(void)state;
	for_each_config(run_disarmed);
}

static void run_late_signal(struct rig *rig)
{
	uint32_t written;
	for (unsigned round = 0; round < 300; round++) {
		unsigned batch = rig->layout.slot_count;
		add_and_publish(rig, batch);
		for (unsigned i = 0; i < batch; i++)
			rig_complete(rig, (uint16_t)rig_take(rig));
		fake_device_show(&rig->device);
		while (rig_pop(rig, &written) >= 0)
			;
		virtqueue_disarm(rig->vq);
		assert_false(fake_device_signal(&rig->device));
	}
}

static void disarm_silences_a_device_that_looks_late(void **state)
{
	(void)state;
	for_each_config(run_late_signal);
}

static void run_fresh(struct rig *rig)
{
	add_and_publish(rig, 1);
	rig_complete(rig, (uint16_t)rig_take(rig));
	fake_device_show(&rig->device);
	assert_false(fake_device_signal(&rig->device));
	uint32_t written;
	assert_true(rig_pop(rig, &written) >= 0);
}

static void a_new_ring_asks_for_no_interrupt(void **state)
{
	(void)state;
	for_each_config(run_fresh);
}

/* --- our own errors, and the dump --- */

static void run_misuse(struct rig *rig)
{
	struct virtqueue *vq = rig->vq;
	uint16_t chain = rig->config.max_data_segments;
	phys_addr phys = phys_make(1);
	struct virtqueue_segment *segments = calloc(chain + 1u, sizeof(segments[0]));
	for (unsigned i = 0; i <= chain; i++)
		segments[i].length_bytes = 1;
	expect_assert_failure(virtqueue_bind(vq, 0, phys, 1, phys, 1)); /* bound already */
	expect_assert_failure(virtqueue_bind(vq, rig->layout.slot_count, phys, 1, phys, 1));
	expect_assert_failure(virtqueue_slot_in_flight(vq, rig->layout.slot_count));
	expect_assert_failure(virtqueue_add(vq, segments, (uint16_t)(chain + 1), true));
	segments[chain - 1].length_bytes = 0;
	expect_assert_failure(virtqueue_add(vq, segments, chain, true));
	segments[chain - 1].length_bytes = 1;
	while (virtqueue_free_slots(vq))
		rig_add(rig, 1, true);
	expect_assert_failure(virtqueue_next_slot(vq));
	expect_assert_failure(virtqueue_add(vq, segments, 1, true));
	expect_assert_failure(virtqueue_add(vq, segments, 0, true));
	free(segments);
}

static void misuse_is_asserted(void **state)
{
	(void)state;
	for (unsigned i = 0; i < rig_config_count; i += 5) { /* one of each kind */
		struct rig rig;
		rig_create(&rig, &rig_configs[i]);
		run_misuse(&rig);
		rig_destroy(&rig);
	}
}

static void run_state(struct rig *rig)
{
	struct virtqueue_state now;
	round_trip(rig, 1);
	rig_add(rig, 1, true);
	virtqueue_get_state(rig->vq, &now);
	assert_int_equal(now.size, rig->config.size);
	assert_int_equal(now.slot_count, rig->layout.slot_count);
	assert_int_equal(now.in_flight, 1);
	assert_int_equal(now.packed, rig->config.packed);
	assert_int_equal(now.event_idx, rig->config.event_idx);
	assert_int_equal(now.last_published, rig->device.next_avail);
	assert_int_not_equal(now.avail_index, now.last_published);
	assert_int_equal(now.used_index, rig->device.next_used);
	assert_int_equal(now.last_used, rig->device.next_used);
	assert_int_equal(now.used_wrap, rig->config.packed && rig->device.used_wrap);
	assert_null(virtqueue_broken_reason(rig->vq));
}

static void the_dump_shows_the_indices(void **state)
{
	(void)state;
	for (unsigned i = 0; i < rig_config_count; i++) {
		struct rig rig;
		if (rig_configs[i].size < 64) /* they come round to the same position */
			continue;
		rig_create(&rig, &rig_configs[i]);
		run_state(&rig);
		rig_destroy(&rig);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(layout_refuses_rings_that_cannot_be),
		cmocka_unit_test(layout_keeps_areas_apart_and_aligned),
		cmocka_unit_test(the_largest_rings_work),
		cmocka_unit_test(need_event_equals_stepping_for_every_event),
		cmocka_unit_test(every_request_arrives_as_added_and_returns_once),
		cmocka_unit_test(the_count_of_requests_wraps_at_2_to_32),
		cmocka_unit_test(a_full_ring_is_one_batch),
		cmocka_unit_test(chain_as_long_as_the_ring),
		cmocka_unit_test(a_ring_starts_anew_on_zeroed_memory),
		cmocka_unit_test(publish_rings_exactly_when_the_device_asked),
		cmocka_unit_test(publish_across_65535_kicks_once),
		cmocka_unit_test(arm_interrupts_once_and_exactly_when_asked),
		cmocka_unit_test(arm_waits_for_nothing_unpublished),
		cmocka_unit_test(disarm_keeps_interrupts_away),
		cmocka_unit_test(disarm_silences_a_device_that_looks_late),
		cmocka_unit_test(a_new_ring_asks_for_no_interrupt),
		cmocka_unit_test(misuse_is_asserted),
		cmocka_unit_test(the_dump_shows_the_indices),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
