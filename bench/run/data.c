/* SPDX-License-Identifier: MIT */
/*
 * What jobs write.
 *
 * Buffers are filled once, before the first I/O, in fio's order and with its numbers; a
 * write then sends what its buffer holds. Options fill it anew: refill_buffers
 * for each write, scramble_buffers with an offset and a time per sector, and
 * verify= with data that proves itself (verify/readback.c). As with fio a read
 * overwrites what its buffer held, and a write of a mixed job may send it on.
 *
 * Boot CPU at set-up; else the job's CPU, loop context.
 */
#include "bench/run/run_impl.h"
#include "bench/verify/readback.h"
#include "bench/verify/verify.h"
#include "kernel/lib/mem.h"

static void fill_write_pattern(const struct job *options, uint8_t *buffer, uint64_t length_bytes)
{
	uint64_t done = MIN(options->buffer_pattern_bytes, length_bytes);
	memcpy(buffer, options->buffer_pattern, done);
	for (; done < length_bytes; done += MIN(done, length_bytes - done))
		memcpy(buffer + done, buffer, MIN(done, length_bytes - done));
}

static void fill_buffer(struct runner_job *job, uint8_t *buffer, uint64_t length_bytes)
{
	const struct job *options = job->options;
	if (options->buffer_pattern_bytes)
		fill_write_pattern(options, buffer, length_bytes);
	else if (options->zero_buffers)
		memset(buffer, 0, length_bytes);
	else
		verify_fill_random(generator_buffer_seed(job->generator), buffer,
				   (uint32_t)length_bytes);
}

static enum runner_data data_of(const struct job *options, bool verifies)
{
	if (verifies)
		return DATA_VERIFIED;
	if (options->refill_buffers)
		return DATA_FILLED;
	return options->scramble_buffers ? DATA_SCRAMBLED : DATA_KEPT;
}

void runner_data_init(struct runner_job *job)
{
	job->data = (uint8_t)data_of(job->options, job->verifies);
}

void runner_data_begin(struct runner_job *job)
{
	const struct verify_io whole = { .length_bytes = (uint32_t)job->buffer_bytes };
	for (uint32_t i = 0; i < job->depth; i++) {
		fill_buffer(job, job->ios[i].buffer, job->buffer_bytes);
		if (job->options->verify_pattern_bytes) /* with verify=0 it stays */
			verify_fill(job->options, &whole, 0, job->ios[i].buffer);
	}
}

/* Every sector gets its offset and the time: a device cannot find two that are equal. */
static void scramble(const struct runner_io *io)
{
	uint64_t stamp[2] = { io->offset_bytes, io->request.submit_tsc };
	uint8_t *at = io->buffer, *end = at + io->length_bytes;
	for (; at < end; at += SECTOR_BYTES, stamp[0] += SECTOR_BYTES)
		memcpy(at, stamp, sizeof(stamp));
}

/* What takes its time is no part of the I/O's latency. */
static NOINLINE void fill_anew(struct runner_job *job, struct runner_io *io, uint64_t number)
{
	if (job->data == DATA_FILLED ||
	    (!runner_verify_fill(job, io, number) && job->options->refill_buffers))
		fill_buffer(job, io->buffer, io->length_bytes);
	io->request.submit_tsc = clock_tsc();
}

void runner_data_fill(struct runner_job *job, struct runner_io *io, uint64_t number)
{
	if (job->data == DATA_SCRAMBLED)
		scramble(io);
	else
		fill_anew(job, io, number);
}
