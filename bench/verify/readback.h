/* SPDX-License-Identifier: MIT */
/*
 * Jobs with verify=: what they write proves itself, and is read back and checked. For
 * bench/run. At set-up the boot CPU, else the job's CPU.
 */
#ifndef BENCH_VERIFY_READBACK_H
#define BENCH_VERIFY_READBACK_H

#include "bench/core/core.h"

/* At set-up. -ERR_NO_MEMORY: for the note of what was written. */
int runner_verify_init(struct runner_job *job, const struct generator_region *regions);

/* The write with this number in its job; false: its data is not to be proven. */
bool runner_verify_fill(struct runner_job *job, struct runner_io *io, uint64_t number);

/* Anything completed: notes writes, checks and reports reads. */
void runner_verify_done(struct runner_job *job, const struct runner_io *io);

/* verify_backlog: must the job stop writing until what is out was checked? */
bool runner_verify_backlog_is_due(const struct runner_job *job);

/* Prepares the next read of the backlog; false when all of it is prepared. */
bool runner_verify_backlog_next(struct runner_job *job);

/* At the end of a pass: is there something to read back? Prepares for it. */
bool runner_verify_begin(struct runner_job *job, uint64_t now);

/* Prepares the next read of the read-back; false when there is none. */
bool runner_verify_next(struct runner_job *job);

/* After that: lets the job begin another pass, if it has to. */
bool runner_verify_wants_pass(struct runner_job *job);

/* verify_only: notes the writes of a pass without making them. */
void runner_verify_dry_run(struct runner_job *job);

#endif
