/* SPDX-License-Identifier: MIT */
/*
 * What the block layer's tests stand on: CPUs, memory, timers and a clock that
 * the test plays, and a driver whose device does what the test says: takes
 * fewer requests than offered, completes out of order, late or never, breaks.
 *
 * The driver checks what no test should have to repeat: every request that
 * arrives is within the limits, each is completed once, nothing is reaped that
 * was not published.
 */
#ifndef TESTS_UNIT_KERNEL_BLK_BLK_RIG_H
#define TESTS_UNIT_KERNEL_BLK_BLK_RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "kernel/blk/blk_driver.h"
#include "kernel/irq/timer.h"
#include "kernel/lib/settings.h"

#define RIG_DEPTH_MAX 1024u

struct rig_queue {
	uint32_t depth; /* slots in use: what the driver takes at most */
	uint32_t take_most; /* per submit() call */
	struct blk_request *slots[RIG_DEPTH_MAX]; /* in flight, in order of submission */
	uint32_t slot_count;
	uint32_t published; /* of them */
	struct blk_request *completed[RIG_DEPTH_MAX]; /* by the device, not yet reaped */
	uint32_t completed_count;
	bool breaks; /* the next reap() finds the protocol broken */
	uint32_t submit_calls, publish_calls, reap_calls, arms, disarms;
	uint32_t last_ahead;
	bool armed; /* the device owes an interrupt */
	/* Everything the device ever saw, in order. */
	struct {
		uint64_t sector;
		uint32_t sector_count;
		uint8_t op;
		uint16_t segment_count;
	} log[4096];
	uint32_t log_count;
};

struct rig {
	struct blk_device device;
	struct blk_queue queues[8];
	struct rig_queue fakes[8];
	struct settings settings;
};

/* Time: clock_tsc() returns it, and adds the step. 1 TSC = 1 ns. */
extern uint64_t rig_now_tsc, rig_step_tsc;

/* The CPU that the calling thread plays; CPU 0 unless set. */
void rig_be_cpu(uint32_t index);

/* Called when the driver is told to arm, before it does. */
extern void (*rig_on_arm)(struct blk_queue *queue);

/* Called instead of sleeping in cpu_wait(); wake is then cleared. */
extern void (*rig_on_sleep)(void);
extern uint32_t rig_sleeps; /* cpu_wait() with wake not set */
extern uint32_t rig_wakes[CPU_MAX]; /* smp_wake() calls */
extern struct timer *rig_timer; /* the armed one */
extern uint32_t rig_timer_arms;
extern bool rig_no_memory;

/* Limits with nothing unusual: 1 GiB, 512-byte blocks, all operations. */
struct blk_limits rig_limits(void);

/* A device of that many queues on that many CPUs, registered by CPU 0; freed by the teardown. */
struct rig *rig_create(uint32_t cpus, uint16_t queues, const struct blk_limits *limits);
struct rig *rig_create_with(uint32_t cpus, uint16_t queues, const struct blk_limits *limits,
			    const struct settings *settings, const struct blk_driver *driver);

/* cmocka fixtures: a fresh world per test. */
int rig_setup(void **state);
int rig_teardown(void **state);

/* The device completes the nth of the published ones in flight. */
void rig_complete(struct blk_queue *queue, uint32_t nth, enum blk_status status);
void rig_complete_all(struct blk_queue *queue);
struct rig_queue *rig_fake(struct blk_queue *queue);
extern const struct blk_driver rig_driver;

/* --- requests --- */

struct rig_request {
	struct blk_request request;
	blk_segment segments[300];
	uint32_t done_count;
	uint32_t done_order; /* 1 = the first of all */
	uint32_t done_cpu;
};

extern uint32_t rig_done_total;

/* One segment; every private field is filled with rubbish first. */
struct rig_request *rig_request(enum blk_op op, uint64_t sector, uint32_t sector_count);

/* The same with `count` segments of equal length. */
struct rig_request *rig_request_segments(enum blk_op op, uint64_t sector, uint32_t sector_count,
					 uint32_t count);

/* blk_submit_one(). */
bool rig_submit(struct blk_queue *queue, struct rig_request *request);

/* Completes and polls until nothing is left; fails the test if that never happens. */
void rig_drain(struct blk_queue *queue);

/* A small generator for the tests' own choices; same sequence every run. */
uint32_t rig_random(void);
uint32_t rig_random_below(uint32_t bound);

#define rig_test(function) cmocka_unit_test_setup_teardown(function, rig_setup, rig_teardown)

#endif
