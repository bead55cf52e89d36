/* SPDX-License-Identifier: MIT */
/*
 * The rings with a device that lies: no memory error, no lost request, no
 * double completion; the device is marked broken instead, for good.
 */
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/kernel/virtio/virtqueue_rig.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const out_of_range = "used id out of range";
static const char *const not_in_flight = "used id is not in flight";
static const char *const nothing_in_flight = "used entry with nothing in flight";
static const char *const index_beyond = "used index beyond the requests in flight";

/*
 * Runs a lie on every kind of ring, with some history and all but one slot in
 * flight, taken by the device.
 */
static void for_each_config(void (*run)(struct rig *rig))
{
	for (unsigned i = 0; i < rig_config_count; i++) {
		struct rig rig;
		uint32_t written;
		rig_create(&rig, &rig_configs[i]);
		uint16_t slots = rig.layout.slot_count;
		if (slots < 2) {
			rig_destroy(&rig);
			continue;
		}
		for (unsigned round = 0; round < 7; round++) {
			rig_add(&rig, 1, round & 1);
			virtqueue_publish(rig.vq);
			rig_complete(&rig, (uint16_t)rig_take(&rig));
			fake_device_show(&rig.device);
			assert_true(rig_pop(&rig, &written) >= 0);
		}
		for (unsigned n = 0; n < slots - 1u; n++)
			rig_add(&rig, (uint16_t)(n % 2), true);
		virtqueue_publish(rig.vq);
		while (rig_take(&rig) >= 0)
			;
		run(&rig);
		rig_check(&rig);
		rig_destroy(&rig);
	}
}

static uint16_t id_of(const struct rig *rig, uint16_t slot)
{
	return rig->requests[slot].id;
}

static uint16_t first_in_flight(const struct rig *rig)
{
	uint16_t slot = 0;
	while (!rig->requests[slot].in_flight)
		slot++;
	return slot;
}

static uint16_t the_free_slot(const struct rig *rig)
{
	uint16_t slot = 0;
	while (rig->requests[slot].in_flight)
		slot++;
	return slot;
}

/* The next pop finds the lie; nothing is yielded any more; nothing is lost. */
static void expect_broken(struct rig *rig, const char *reason)
{
	uint32_t written;
	uint16_t in_flight = virtqueue_in_flight(rig->vq);
	assert_null(virtqueue_broken_reason(rig->vq));
	assert_true(virtqueue_has_completions(rig->vq));
	for (unsigned i = 0; i < 3; i++) {
		assert_int_equal(rig_pop(rig, &written), RIG_BROKEN);
		assert_string_equal(virtqueue_broken_reason(rig->vq), reason);
		assert_true(virtqueue_is_broken(rig->vq));
		assert_true(virtqueue_has_completions(rig->vq));
		assert_true(virtqueue_arm(rig->vq, 1));
		virtqueue_disarm(rig->vq);
	}
	assert_int_equal(virtqueue_in_flight(rig->vq), in_flight);

	/* Nor does taking the lie back: nobody may sleep for such a queue. */
	if (!rig->config.packed) {
		uint16_t lie = rig->device.used->idx;
		rig->device.used->idx = (uint16_t)rig->vq->popped;
		assert_true(virtqueue_has_completions(rig->vq));
		assert_true(virtqueue_arm(rig->vq, 1));
		assert_int_equal(rig_pop(rig, &written), RIG_BROKEN);
		rig->device.used->idx = lie;
	}

	/* Honest words do not mend it, and using it on does no harm. */
	for (uint16_t slot = 0; slot < rig->layout.slot_count; slot++)
		if (rig->device.flights[id_of(rig, slot)].held)
			fake_device_complete(&rig->device, id_of(rig, slot), 1);
	fake_device_show(&rig->device);
	assert_int_equal(rig_pop(rig, &written), RIG_BROKEN);
	while (virtqueue_free_slots(rig->vq))
		rig_add(rig, 1, true);
	virtqueue_publish(rig->vq);
	assert_int_equal(rig_pop(rig, &written), RIG_BROKEN);
	assert_string_equal(virtqueue_broken_reason(rig->vq), reason);
}

static void lie_and_expect(struct rig *rig, uint32_t id, const char *reason)
{
	fake_device_lie(&rig->device, id, 1, 1);
	fake_device_show(&rig->device);
	expect_broken(rig, reason);
}

/* --- ids --- */

/* In a split ring of direct chains this is a descriptor, but not a head. */
static void run_first_bad_id(struct rig *rig)
{
	lie_and_expect(rig, rig->layout.slot_count, out_of_range);
}

static void run_largest_id(struct rig *rig)
{
	lie_and_expect(rig, UINT32_MAX, out_of_range);
}

/* Only the low half would pass. */
static void run_id_with_high_bits(struct rig *rig)
{
	uint32_t id = id_of(rig, first_in_flight(rig));
	if (!rig->config.packed)
		lie_and_expect(rig, 0x10000 | id, out_of_range);
}

static void an_id_out_of_range_breaks_the_device(void **state)
{
	(void)state;
	for_each_config(run_first_bad_id);
	for_each_config(run_largest_id);
	for_each_config(run_id_with_high_bits);
}

static void run_free_slot(struct rig *rig)
{
	lie_and_expect(rig, the_free_slot(rig), not_in_flight);
}

static void a_slot_that_is_free_breaks_the_device(void **state)
{
	(void)state;
	for_each_config(run_free_slot);
}

static void run_twice(struct rig *rig)
{
	uint32_t written;
	if (rig->layout.slot_count < 3)
		return;
	uint16_t slot = first_in_flight(rig);
	rig_complete(rig, slot);
	fake_device_show(&rig->device);
	assert_int_equal(rig_pop(rig, &written), slot);
	lie_and_expect(rig, id_of(rig, slot), not_in_flight);
}

static void run_twice_at_once(struct rig *rig)
{
	uint32_t written;
	if (rig->layout.slot_count < 3)
		return;
	uint16_t slot = first_in_flight(rig);
	rig_complete(rig, slot);
	fake_device_lie(&rig->device, id_of(rig, slot), 1, 1);
	fake_device_show(&rig->device);
	assert_int_equal(rig_pop(rig, &written), slot);
	expect_broken(rig, not_in_flight);
}

static void a_completion_told_twice_counts_once(void **state)
{
	(void)state;
	for_each_config(run_twice);
	for_each_config(run_twice_at_once);
}

/* --- indices (split) --- */

static void jump(struct rig *rig, uint16_t distance)
{
	rig->device.used->idx = (uint16_t)(rig->device.used->idx + distance);
	expect_broken(rig, index_beyond);
}

static void run_one_too_far(struct rig *rig)
{
	if (!rig->config.packed)
		jump(rig, rig->layout.slot_count); /* one of them is free */
}

static void run_backwards(struct rig *rig)
{
	if (!rig->config.packed)
		jump(rig, UINT16_MAX);
}

static void run_far(struct rig *rig)
{
	if (!rig->config.packed)
		jump(rig, 0x8000);
}

static void run_counts_unpublished(struct rig *rig)
{
	if (rig->config.packed)
		return;
	rig_add(rig, 1, true);
	jump(rig, rig->layout.slot_count);
}

static void run_back_after_look(struct rig *rig)
{
	uint32_t written;
	if (rig->config.packed || rig->layout.slot_count < 4)
		return;
	/* Two are there, one is popped, then the index takes the other back, and then both. */
	uint16_t slot = first_in_flight(rig);
	rig_complete(rig, slot);
	uint16_t other = slot;
	while (!rig->device.flights[id_of(rig, other)].held)
		other++;
	rig_complete(rig, other);
	fake_device_show(&rig->device);
	assert_int_equal(rig_pop(rig, &written), slot);
	rig->device.used->idx--;
	assert_false(virtqueue_has_completions(rig->vq));
	assert_int_equal(rig_pop(rig, &written), RIG_NONE);
	rig->device.used->idx--;
	expect_broken(rig, index_beyond);
}

static void a_used_index_that_jumps_breaks_the_device(void **state)
{
	(void)state;
	for_each_config(run_one_too_far);
	for_each_config(run_backwards);
	for_each_config(run_far);
	for_each_config(run_counts_unpublished);
	for_each_config(run_back_after_look);
}

/* It says what is not so, we look, it takes it back. */
static void run_taken_back(struct rig *rig)
{
	uint32_t written;
	static uint8_t before[1 << 20];
	assert_true(rig->layout.dma_bytes <= sizeof(before));
	memcpy(before, rig->dma, rig->layout.dma_bytes);
	fake_device_lie(&rig->device, the_free_slot(rig), 1, 1);
	fake_device_show(&rig->device);
	if (!rig->config.packed)
		rig->device.used->idx = (uint16_t)(rig->device.used->idx + 0x8000);
	assert_int_equal(rig_pop(rig, &written), RIG_BROKEN);
	memcpy(rig->dma, before, rig->layout.dma_bytes);
	assert_true(virtqueue_has_completions(rig->vq));
	assert_int_equal(rig_pop(rig, &written), RIG_BROKEN);
}

static void a_lie_taken_back_is_still_a_lie(void **state)
{
	(void)state;
	for_each_config(run_taken_back);
}

/* --- packed --- */

static void complete_all(struct rig *rig)
{
	uint32_t written;
	for (uint16_t slot = 0; slot < rig->layout.slot_count; slot++)
		if (rig->requests[slot].in_flight)
			rig_complete(rig, slot);
	fake_device_show(&rig->device);
	while (rig_pop(rig, &written) >= 0)
		;
	assert_int_equal(virtqueue_in_flight(rig->vq), 0);
}

static void run_nothing_in_flight(struct rig *rig)
{
	complete_all(rig);
	lie_and_expect(rig, 0, rig->config.packed ? nothing_in_flight : index_beyond);
}

static void run_nothing_published(struct rig *rig)
{
	complete_all(rig);
	uint16_t slot = rig_add(rig, 1, true);
	lie_and_expect(rig, slot, rig->config.packed ? nothing_in_flight : index_beyond);
}

static void a_completion_of_nothing_breaks_the_device(void **state)
{
	(void)state;
	for_each_config(run_nothing_in_flight);
	for_each_config(run_nothing_published);
}

/* The device claims other chain lengths than it was given: ours count. */
static void run_wrong_skip(struct rig *rig)
{
	uint32_t written;
	if (!rig->config.packed || rig->layout.slot_count < 3)
		return;
	uint16_t slot = first_in_flight(rig);
	uint16_t entries = fake_device_forget(&rig->device, id_of(rig, slot));
	fake_device_lie(&rig->device, id_of(rig, slot), 1, (uint16_t)(entries % 3 + 1));
	fake_device_show(&rig->device);
	assert_int_equal(rig_pop(rig, &written), slot);
	struct virtqueue_state now;
	virtqueue_get_state(rig->vq, &now);
	uint16_t ours =
		(uint16_t)((rig->device.next_used + rig->config.size - entries % 3 - 1 + entries) %
			   rig->config.size);
	assert_int_equal(now.last_used, ours);
}

static void the_device_has_no_say_in_how_far_to_skip(void **state)
{
	(void)state;
	for_each_config(run_wrong_skip);
}

/* --- lengths --- */

static void run_lengths(struct rig *rig)
{
	static const uint32_t lies[] = { UINT32_MAX, 0x80000000u, 65536, 1, 0 };
	for (unsigned i = 0; i < ARRAY_COUNT(lies); i++) {
		uint32_t written;
		uint16_t slot = first_in_flight(rig);
		uint64_t writable = rig_writable_bytes(rig, slot);
		fake_device_complete(&rig->device, id_of(rig, slot), lies[i]);
		fake_device_show(&rig->device);
		assert_int_equal(rig_pop(rig, &written), slot);
		assert_int_equal(written, MIN(lies[i], writable));
		slot = rig_add(rig, (uint16_t)(i % 2), i & 2);
		virtqueue_publish(rig->vq);
		while (rig_take(rig) >= 0)
			;
	}
}

static void a_length_beyond_the_chain_is_clamped(void **state)
{
	(void)state;
	for_each_config(run_lengths);
}

/* --- what the device should only read --- */

static void run_scribbled(struct rig *rig)
{
	uint32_t written;
	uint64_t keep = rig->layout.device_offset;
	uint16_t in_flight = virtqueue_in_flight(rig->vq);
	if (rig->config.packed) /* the ring is the device's to write */
		return;
	memset(rig->dma, 0xa5, keep);
	for (uint16_t slot = 0; slot < rig->layout.slot_count; slot++)
		if (rig->requests[slot].in_flight)
			fake_device_lie(&rig->device, id_of(rig, slot), 1, 1);
	fake_device_show(&rig->device);
	while (in_flight--)
		assert_true(rig_pop(rig, &written) >= 0);
	assert_int_equal(rig_pop(rig, &written), RIG_NONE);
}

static void descriptors_are_never_read_back(void **state)
{
	(void)state;
	for_each_config(run_scribbled);
}

static void run_early_completion(struct rig *rig)
{
	uint32_t written;
	if (rig->config.packed)
		return;
	/* Completed between add and publish, in place of one that is due. */
	uint16_t slot = rig_add(rig, 1, true);
	fake_device_lie(&rig->device, slot, 1, 1);
	fake_device_show(&rig->device);
	assert_int_equal(rig_pop(rig, &written), slot);
	rig_check(rig);
	virtqueue_publish(rig->vq);
	rig_check(rig);
}

static void a_completion_before_publish_leaves_the_counts_sound(void **state)
{
	(void)state;
	for_each_config(run_early_completion);
}

/* --- a device that changes its mind while we read --- */

struct flipper {
	struct rig *rig;
	uint32_t running, stop;
	uint32_t position; /* of the used entry that keeps changing */
	uint16_t ids[2];
};

static void write_used(struct flipper *flipper, uint16_t id, uint32_t length_bytes)
{
	struct fake_device *device = &flipper->rig->device;
	if (device->config.packed) {
		store_once(&device->ring[flipper->position].id, id);
		store_once(&device->ring[flipper->position].len, length_bytes);
	} else {
		store_once(&device->used->ring[flipper->position].id, id);
		store_once(&device->used->ring[flipper->position].len, length_bytes);
	}
}

static void *flip(void *argument)
{
	struct flipper *flipper = argument;
	store_release(&flipper->running, 1);
	while (!load_acquire(&flipper->stop)) {
		write_used(flipper, flipper->ids[0], 1);
		write_used(flipper, flipper->ids[1], UINT32_MAX);
	}
	return NULL;
}

/* Pops while the used entry of ids[0] keeps changing. */
static int pop_flipping(struct rig *rig, struct flipper *flipper)
{
	uint32_t written;
	pthread_t thread;
	flipper->position = rig->device.next_used;
	if (!rig->config.packed)
		flipper->position &= rig->config.size - 1u;
	rig_complete(rig, flipper->ids[0]);
	assert_int_equal(pthread_create(&thread, NULL, flip, flipper), 0);
	while (!load_acquire(&flipper->running))
		sched_yield();
	fake_device_show(&rig->device);
	int slot = rig_pop(rig, &written);
	store_release(&flipper->stop, 1);
	pthread_join(thread, NULL);
	rig_check(rig);
	return slot;
}

static uint16_t one_in_flight(struct rig *rig, bool device_writes)
{
	rig_add(rig, 1, device_writes);
	virtqueue_publish(rig->vq);
	return (uint16_t)rig_take(rig);
}

/* Between two that are in flight: it is the one or the other. */
static void flip_sound_ids(const struct virtqueue_config *config)
{
	uint32_t written;
	struct rig rig;
	rig_create(&rig, config);
	for (unsigned round = 0; round < 100; round++) {
		struct flipper flipper = { .rig = &rig };
		flipper.ids[0] = one_in_flight(&rig, false);
		flipper.ids[1] = one_in_flight(&rig, true);
		int slot = pop_flipping(&rig, &flipper);
		assert_true(slot == flipper.ids[0] || slot == flipper.ids[1]);
		uint16_t other = flipper.ids[slot == flipper.ids[0]];
		uint16_t entries = fake_device_forget(&rig.device, flipper.ids[1]);
		fake_device_lie(&rig.device, other, 1, entries);
		fake_device_show(&rig.device);
		assert_int_equal(rig_pop(&rig, &written), other);
	}
	rig_destroy(&rig);
}

/* Between one in flight and one far outside: it is the one, or broken. */
static void flip_wild_ids(const struct virtqueue_config *config)
{
	for (unsigned round = 0; round < 100; round++) {
		struct rig rig;
		rig_create(&rig, config);
		struct flipper flipper = { .rig = &rig };
		flipper.ids[0] = one_in_flight(&rig, true);
		flipper.ids[1] = 0xffff;
		int slot = pop_flipping(&rig, &flipper);
		assert_true(slot == flipper.ids[0] || slot == RIG_BROKEN);
		rig_destroy(&rig);
	}
}

static void what_the_device_wrote_is_read_once(void **state)
{
	(void)state;
	for (unsigned i = 0; i < rig_config_count; i += 5) { /* one of each kind */
		flip_sound_ids(&rig_configs[i]);
		flip_wild_ids(&rig_configs[i]);
	}
}

/* --- anything --- */

/* The fuzz target's invariants, here with the same inputs in every run. */
static void random_abuse_keeps_the_invariants(void **state)
{
	(void)state;
	uint64_t random = 0x9e3779b97f4a7c15ull;
	static uint8_t input[600];
	for (unsigned run = 0; run < 20000; run++) {
		for (unsigned i = 0; i < sizeof(input); i++) {
			random = random * 6364136223846793005ull + 1442695040888963407ull;
			input[i] = (uint8_t)(random >> 56);
		}
		LLVMFuzzerTestOneInput(input, sizeof(input));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_id_out_of_range_breaks_the_device),
		cmocka_unit_test(a_slot_that_is_free_breaks_the_device),
		cmocka_unit_test(a_completion_told_twice_counts_once),
		cmocka_unit_test(a_used_index_that_jumps_breaks_the_device),
		cmocka_unit_test(a_lie_taken_back_is_still_a_lie),
		cmocka_unit_test(a_completion_of_nothing_breaks_the_device),
		cmocka_unit_test(the_device_has_no_say_in_how_far_to_skip),
		cmocka_unit_test(a_length_beyond_the_chain_is_clamped),
		cmocka_unit_test(descriptors_are_never_read_back),
		cmocka_unit_test(a_completion_before_publish_leaves_the_counts_sound),
		cmocka_unit_test(what_the_device_wrote_is_read_once),
		cmocka_unit_test(random_abuse_keeps_the_invariants),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
