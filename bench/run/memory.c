/* SPDX-License-Identifier: MIT */
/*
 * Memory that a job needs only while it runs: its buffers and random maps.
 *
 *   jobs | stonewall | jobs | stonewall | jobs
 *   \--/             \--/             \--/      the same pages (kernel/mm/page.h, overlays)
 *
 * Jobs behind a wall begin when all before it are over and have nothing in flight.
 * So the largest group decides how much there has to be, and not the sum of all. It
 * is allotted at set-up: a lack of it is reported before any I/O. Its contents are
 * made when the wall has come down; those of the first group at the end of set-up.
 *
 * Boot CPU; but for runner_memory_prepare() behind a wall: the job's CPU.
 */
#include "bench/run/run_impl.h"
#include "kernel/lib/err.h"
#include "kernel/lib/log.h"
#include "kernel/lib/mem.h"
#include "kernel/mm/dma.h"
#include "kernel/mm/page.h"

#define MIB_BYTES (1ul << 20)

static int allot_buffers(struct runner_job *job)
{
	struct dma_buffer buffer;
	for (uint32_t i = 0; i < job->depth && job->buffer_bytes; i++) {
		struct runner_io *io = &job->ios[i];
		if (dma_take(job->buffer_bytes, &buffer))
			return runner_complain(job->options, "iodepth",
					       "not enough memory for %u buffers of %lu bytes: "
					       "--memory gives more",
					       job->depth, job->buffer_bytes);
		io->buffer = buffer.virt;
		for (uint64_t at = 0, n = 0; at < job->buffer_bytes; at += job->segment_bytes)
			io->segments[n++].address = phys_add(buffer.phys, at);
	}
	return 0;
}

static int allot_maps(struct runner_job *job)
{
	const struct job *options = job->options;
	uint64_t bytes = generator_map_bytes(job->generator);
	struct dma_buffer memory;
	if (!bytes)
		return 0;
	if (!dma_take(bytes, &memory)) {
		generator_set_maps(job->generator, memory.virt);
		return 0;
	}
	if (!options->softrandommap)
		return runner_complain(options, "size",
				       "not enough memory for a random map of %lu MiB: "
				       "norandommap or softrandommap=1 do without, "
				       "a smaller size= needs less, --memory gives more",
				       bytes / MIB_BYTES + 1);
	log_raw("fio: file %s failed allocating random map. Running job without.\n",
		options->files[0]);
	return 0;
}

static int allot_all(void)
{
	int error = 0;
	for (uint32_t i = 0; i < runner.set->job_count && !error; i++) {
		struct runner_job *job = &runner.jobs[i];
		if (i && job->wait_before == i)
			page_overlay_next();
		error = allot_buffers(job);
		if (!error)
			error = allot_maps(job);
	}
	return error;
}

int runner_memory_allot(void)
{
	if (page_overlay_begin()) {
		log_raw("%s:1: not enough memory: --memory gives more\n", runner.job_file);
		return -ERR_NO_MEMORY;
	}
	int error = allot_all();
	page_overlay_end();
	return error;
}

void runner_memory_prepare(struct runner_job *job)
{
	generator_rewind(job->generator);
	if (job->options->rw & JOB_RW_WRITE)
		runner_data_begin(job);
	/* What it is to read must not be there from a job before. */
	for (uint32_t i = 0; i < job->depth && job->reads_are_checked; i++)
		memset(job->ios[i].buffer, 0, job->buffer_bytes);
	job->has_memory = true;
}
