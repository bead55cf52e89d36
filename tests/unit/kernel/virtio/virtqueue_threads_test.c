/* SPDX-License-Identifier: MIT */
/*
 * A ring and an honest device on two threads, so on two real CPUs: each sleeps
 * whenever it has nothing to do, and nobody but the other wakes it. What the
 * model of virtqueue_order_test.c proves step by step is run here by the
 * million accesses, with everything around it. Built with ThreadSanitizer, which
 * judges by the language's memory order and not by this CPU's, it also finds
 * a missing acquire or release.
 */
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

#include "tests/unit/kernel/virtio/virtqueue_rig.h"

#define REQUESTS 30000u
#define PATIENCE_S 20

struct exchange {
	struct rig *rig;
	uint32_t doorbell, interrupt; /* set by the one, cleared by the other */
	uint32_t stop; /* the driver is done, or has given up */
};

/* Sleeps until the flag is set; false: nobody woke us. */
static bool sleep_until(uint32_t *flag, const uint32_t *stop)
{
	time_t end = time(NULL) + PATIENCE_S;
	while (!__atomic_exchange_n(flag, 0, __ATOMIC_ACQ_REL)) {
		if (time(NULL) > end || load_acquire(stop))
			return false;
		sched_yield();
	}
	return true;
}

/* Takes a few, completes them the other way round. False: there were none. */
static bool serve(struct exchange *exchange)
{
	struct fake_device *device = &exchange->rig->device;
	const struct fake_chain *chain;
	uint16_t ids[3];
	unsigned count = 0;
	while (count < ARRAY_COUNT(ids) && (chain = fake_device_take(device)))
		ids[count++] = chain->id;
	if (!count)
		return false;
	while (count--)
		fake_device_complete(device, ids[count], 1);
	fake_device_show(device);
	if (fake_device_signal(device))
		store_release(&exchange->interrupt, 1);
	return true;
}

static void *run_device(void *argument)
{
	struct exchange *exchange = argument;
	struct fake_device *device = &exchange->rig->device;
	while (!device->fault) {
		if (serve(exchange))
			continue;
		if (fake_device_want_doorbell(device, 1))
			continue;
		if (!sleep_until(&exchange->doorbell, &exchange->stop))
			break;
		fake_device_refuse_doorbell(device);
	}
	return NULL;
}

static unsigned pop_all(struct rig *rig)
{
	uint32_t written;
	unsigned count = 0;
	while (rig_pop(rig, &written) >= 0)
		count++;
	return count;
}

/* False when an interrupt was lost. */
static bool run_driver(struct exchange *exchange)
{
	struct rig *rig = exchange->rig;
	while (rig->popped < REQUESTS) {
		unsigned batch = rig_random(rig, virtqueue_free_slots(rig->vq) + 1u);
		for (unsigned i = 0; i < batch; i++)
			rig_add(rig, (uint16_t)rig_random(rig, 2), rig_random(rig, 2));
		if (virtqueue_publish(rig->vq))
			store_release(&exchange->doorbell, 1);
		if (pop_all(rig) || !virtqueue_in_flight(rig->vq))
			continue;
		/* Without an event index a late interrupt may still be about. */
		store_release(&exchange->interrupt, 0);
		uint16_t ahead = (uint16_t)(1 + rig_random(rig, 3));
		if (!virtqueue_arm(rig->vq, ahead) &&
		    !sleep_until(&exchange->interrupt, &exchange->stop))
			return false;
		virtqueue_disarm(rig->vq);
	}
	return true;
}

static void run_exchange(const struct virtqueue_config *config)
{
	struct rig rig;
	rig_create(&rig, config);
	struct exchange exchange = { .rig = &rig };
	pthread_t device;
	assert_int_equal(pthread_create(&device, NULL, run_device, &exchange), 0);
	bool all_done = run_driver(&exchange);
	store_release(&exchange.stop, 1);
	pthread_join(device, NULL);
	assert_null(rig.device.fault);
	if (!all_done)
		fail_msg("lost wake-up on %s", rig_name(config));
	rig_check(&rig);
	rig_destroy(&rig);
}

static void two_threads_never_wait_for_each_other(void **state)
{
	(void)state;
	for (unsigned i = 0; i < rig_config_count; i++)
		run_exchange(&rig_configs[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(two_threads_never_wait_for_each_other),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
