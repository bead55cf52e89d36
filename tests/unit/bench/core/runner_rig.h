/* SPDX-License-Identifier: MIT */
/*
 * Jobs on the host: set up from the text of a job file as in the kernel, and stepped
 * against a clock that the test plays, on two CPUs and one disk in memory. A tick of
 * the clock is a microsecond; in each the disk delivers what is due, and every active
 * job is stepped as by run/loop.c.
 *
 * The disk takes up to `room` I/Os per CPU, and each takes its time.
 */
#ifndef TESTS_UNIT_BENCH_CORE_RUNNER_RIG_H
#define TESTS_UNIT_BENCH_CORE_RUNNER_RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bench/pace/pace.h"

#define RIG_CPUS 2u
#define RIG_DISK_BYTES (1u << 20)
#define RIG_TICK_NS 1000u

struct rig_disk {
	uint64_t latency_ns; /* of each I/O */
	uint64_t share_ns; /* and for each that is in flight with it */
	uint32_t room; /* I/Os per CPU */
	uint64_t fails_at; /* the I/O with this number, from 1, fails; 0: none */
	uint8_t memory[RIG_DISK_BYTES];
};

/* An I/O that the disk took. */
struct rig_io {
	uint32_t job; /* its index */
	uint8_t op; /* enum blk_op */
	uint64_t offset_bytes, length_bytes;
	uint64_t taken_ns, done_ns; /* since the run began; done_ns 0: not yet */
};

extern struct rig_disk rig_disk;
extern struct rig_io rig_ios[8192];
extern uint32_t rig_io_count;

/* Sets the jobs up; fails the test if they are refused. */
void rig_begin(const char *text);

/* For so long, or until all jobs are over. */
void rig_run_ns(uint64_t ns);

/* Until all jobs are over; fails the test if they are not after a minute. */
void rig_run_to_end(void);

uint64_t rig_ns(void); /* since the run began */

int rig_begin_test(void **state);
int rig_end_test(void **state);
#define RUNNER_TEST(test) cmocka_unit_test_setup_teardown(test, rig_begin_test, rig_end_test)

#endif
