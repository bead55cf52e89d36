/* SPDX-License-Identifier: MIT */
/*
 * Stands in for kernel/cpu/barrier.h, included first: a read of what the device may
 * write gives any value, at every read anew, so that a second look at the same place
 * differs from the first. Stores and fences are plain: one thread.
 *
 * Values that can be a slot are tried one by one, the others as one interval.
 */
#ifndef KERNEL_CPU_BARRIER_H
#define KERNEL_CPU_BARRIER_H

#include "tests/proof/proof.h"

/* Since the call began; DEVICE_READS_MAX is the harness's. A loop that waits for the device
 * has more. */
static unsigned device_reads;

/* What is below is tried one by one. */
static uint32_t device_values_apart;

/* The harness's: may the device write this? */
static bool is_the_devices(const volatile void *at, unsigned bytes);

static uint32_t device_value(const volatile void *at, unsigned bytes)
{
	bool is_its = is_the_devices(at, bytes);
	//@ assert looks_at_the_devices: is_its == 1;
	device_reads++;
	//@ assert call_ends: device_reads <= DEVICE_READS_MAX;
	for (uint32_t value = 0; value < device_values_apart; value++)
		if (any_bool())
			return value;
	return any_between(device_values_apart, bytes == 2 ? UINT16_MAX : UINT32_MAX);
}

#define load_once(pointer) ((__typeof__(*(pointer)))device_value((pointer), sizeof(*(pointer))))
#define load_acquire(pointer) load_once(pointer)
#define store_once(pointer, value) (*(pointer) = (value))
#define store_release(pointer, value) (*(pointer) = (value))

static inline void barrier_full(void)
{
}

#endif
