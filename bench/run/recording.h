/* SPDX-License-Identifier: MIT */
/*
 * trace_events=: the queues that jobs use are recorded (kernel/blk/recorder.h),
 * and what was recorded goes out beside the log files.
 */
#ifndef BENCH_RUN_RECORDING_H
#define BENCH_RUN_RECORDING_H

#include "bench/core/core.h"

/* At the end of set-up. -ERR_NO_MEMORY, or -ERR_INVALID: nothing to record; said. */
int recording_setup(void);

/*
 * One frame per queue, as log files have them:
 *
 *	-----BEGIN RINGBOLT LOG vda.0.lifecycle-----
 *	lifecycle 1 disk=vda queue=0 cpu=0 recorded=5 kept=5 requests=1 ...
 *	B 0 5120 310 990 1 1
 *	-----END RINGBOLT LOG-----
 *
 * A line is an event: its letter, the CPU, the first stamp in ns since the run
 * began, each further one as the distance to the one before, marks, count; of
 * requests then op, flags, status, submitter (the job's index), sector.
 */
void recording_write(void (*emit)(const char *text, size_t length));

#endif
