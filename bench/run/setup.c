/* SPDX-License-Identifier: MIT */
/*
 * From a job file to jobs that can run: finds the disks, works out regions and
 * budgets, allocates everything that a job will need. Every mistake in a job
 * file is reported here, in one line each, before any I/O. It also decides which jobs
 * may go the fast way (fast.c).
 *
 * Boot CPU, once.
 */
#include "bench/pace/pace.h"
#include "bench/run/recording.h"
#include "bench/run/run_impl.h"
#include "bench/verify/readback.h"
#include "bench/verify/verify.h"
#include "kernel/lib/err.h"
#include "kernel/lib/fmt.h"
#include "kernel/lib/log.h"
#include "kernel/mm/heap.h"

#define NULL_DEVICE "/dev/null0" /* of ioengine=null, whatever its file is called */

static void list_disks(char *text, size_t size)
{
	size_t used = 0;
	fmt_print(text, size, "none");
	for (unsigned i = 0; i < blk_device_count() && used < size; i++) {
		bool fits = size - used > sizeof(", /dev/, ...") + sizeof(blk_device_at(i)->name);
		used += (size_t)fmt_print(text + used, size - used, "%s%s%s", i ? ", " : "",
					  fits ? "/dev/" : "...",
					  fits ? blk_device_at(i)->name : "");
		if (!fits)
			break;
	}
}

static int check_disk(const struct job *job, const struct blk_device *device, const char *file)
{
	if ((job->rw & (JOB_RW_WRITE | JOB_RW_TRIM)) && device->limits.read_only &&
	    !job->verify_only)
		return runner_complain(job, "rw", "%s is read-only", file);
	if ((job->rw & JOB_RW_TRIM) && !device->limits.discard)
		return runner_complain(job, "rw", "%s cannot discard", file);
	uint64_t bytes = device->limits.capacity_sectors * SECTOR_BYTES;
	uint64_t wanted = job->size.percent ? 0 : job->size.bytes / job->file_count;
	uint64_t offset = job->offset.percent ? 0 : job->offset.bytes;
	if (job->filesize_bytes > bytes)
		return runner_complain(job, "filesize", "%lu bytes do not fit on %s (%lu bytes)",
				       job->filesize_bytes, file, bytes);
	if (job->filesize_bytes)
		return 0;
	if (wanted > bytes || offset > bytes - wanted)
		return runner_complain(job, "size",
				       "%lu bytes from %lu do not fit on %s (%lu bytes)", wanted,
				       offset, file, bytes);
	return 0;
}

static int find_region(const struct job *job, const struct blk_device *device, const char *file,
		       struct generator_region *region)
{
	struct generator_misaligned found = { .block_bytes = device->limits.block_bytes };
	const char *reason = "not possible";
	uint64_t bytes = device->limits.capacity_sectors * SECTOR_BYTES;
	if (generator_region_resolve(job, bytes, region, &reason))
		return runner_complain(job, "size", "%s: %s", file, reason);
	if (generator_is_misaligned(job, region, &found))
		return runner_complain(job, found.key,
				       "%ld is not a multiple of %s's %u-byte blocks", found.bytes,
				       file, found.block_bytes);
	/* As in fio: with size= a file of this engine ends where it is used, else nowhere. */
	if (job->engine == IOENGINE_NULL && job->size.bytes)
		region->device_bytes = MAX(region->offset_bytes + region->length_bytes,
					   job->size.bytes / job->file_count);
	return 0;
}

static int find_disks(struct runner_job *job, struct generator_region *regions)
{
	const struct job *options = job->options;
	unsigned nth = runner.cpus[job->cpu->index].job_count; /* of this CPU's jobs */
	for (uint32_t i = 0; i < options->file_count; i++) {
		const char *file = options->files[i];
		struct blk_device *device =
			blk_find(options->engine == IOENGINE_NULL ? NULL_DEVICE : file);
		if (!device) {
			char there[160];
			list_disks(there, sizeof(there));
			return runner_complain(options, "filename",
					       "no disk %s here (there: %s)", file, there);
		}
		int error = check_disk(options, device, file);
		if (!error)
			error = find_region(options, device, file, &regions[i]);
		if (error)
			return error;
		job->devices[i] = device;
		job->queues[i] = blk_queue_for(device, job->cpu, nth);
	}
	return 0;
}

static struct cpu *choose_cpu(const struct job *job)
{
	uint64_t there = cpu_count >= 64 ? UINT64_MAX : (1ull << cpu_count) - 1;
	uint64_t allowed = job->cpus_allowed ? job->cpus_allowed & there : there;
	if (!allowed)
		return NULL;
	unsigned count = 0;
	for (uint64_t left = allowed; left; left &= left - 1)
		count++;
	for (unsigned nth = (job->thread_number - 1) % count; nth; nth--)
		allowed &= allowed - 1;
	return &cpu_table[__builtin_ctzll(allowed)];
}

static uint64_t largest_bs(const struct job *job)
{
	const uint32_t counts = job_sizes_that_count(job);
	uint64_t largest = 0;
	for (int d = 0; d < DIR_COUNT; d++)
		if (counts & (1u << d))
			largest = MAX(largest, job->max_bs[d]);
	return largest;
}

/* As in fio, of the directions that the job has not, too. */
static uint64_t smallest_bs(const struct job *job)
{
	return MIN(job->min_bs[DIR_READ], MIN(job->min_bs[DIR_WRITE], job->min_bs[DIR_TRIM]));
}

/* Segments over buffers of buffer_bytes, which come later; one at least. */
static int allocate_ios(struct runner_job *job)
{
	bool has_data = job->options->rw & (JOB_RW_READ | JOB_RW_WRITE);
	uint64_t bytes = has_data ? largest_bs(job->options) : 0;
	uint32_t wanted = runner.settings->segment_bytes;
	job->buffer_bytes = bytes;
	job->largest_bytes = largest_bs(job->options);
	for (int d = 0; d < DIR_COUNT; d++) /* as in fio: used or not */
		job->spare_bytes = MAX(job->spare_bytes, job->options->max_bs[d]);
	job->segment_bytes = wanted && wanted < bytes ? wanted : job->largest_bytes;
	uint64_t segments = MAX(1u, (bytes + job->segment_bytes - 1) / job->segment_bytes);
	if (segments > UINT16_MAX)
		return runner_complain(job->options, "bs", "too many segments of %u bytes", wanted);
	blk_segment *all = heap_allocate(job->depth * segments * sizeof(all[0]));
	job->ios = heap_allocate(job->depth * sizeof(job->ios[0]));
	job->free = heap_allocate(job->depth * sizeof(job->free[0]));
	job->prepared = heap_allocate(job->depth * sizeof(job->prepared[0]));
	if (!all || !job->ios || !job->free || !job->prepared)
		return runner_complain(job->options, "iodepth", "not enough memory for %u I/Os",
				       job->depth);
	for (uint32_t i = 0; i < job->depth; i++) {
		struct runner_io *io = &job->ios[i];
		io->job = job;
		io->segments = all + i * segments;
		io->request.segments = io->segments;
		io->request.done = runner_io_done;
		job->free[job->free_count++] = &io->request;
	}
	return 0;
}

/* Whether a pass goes on in the region until the budget is used up. */
static bool wraps_writes(const struct job *options)
{
	if (!(options->rw & JOB_RW_WRITE))
		return false;
	if (options->rw & JOB_RW_RANDOM)
		return options->norandommap;
	return job_fio(options)->wraps_mixed_jobs && options->rw & JOB_RW_READ &&
	       options->verify == JOB_VERIFY_NONE;
}

/*
 * What ends a pass before its generator does, which without a map of the
 * blocks only wraps. As in fio it is the region's size, but only of engines
 * that queue: of I/Os complete at once, which trims of disks are, fio loses
 * count. Before writes trims count half.
 */
static uint64_t bytes_of_pass(const struct job *options, uint64_t region_bytes, uint64_t budget)
{
	bool queues_all = options->engine == IOENGINE_NULL && options->iodepth > 1;
	bool queues = options->engine == IOENGINE_ASYNC && !(options->rw & JOB_RW_TRIM);
	if (!queues && !queues_all)
		return UINT64_MAX;
	if (wraps_writes(options))
		region_bytes = MAX(region_bytes, budget);
	if (options->rw & JOB_RW_TRIMWRITE)
		return (region_bytes + budget * options->loops + 1) / 2;
	return region_bytes;
}

/* How much a job issues: as in fio budget * loops in all, or number_ios. */
static void set_budget(struct runner_job *job, const struct generator_region *regions)
{
	const struct job *options = job->options;
	uint64_t region_bytes = 0;
	for (uint32_t i = 0; i < options->file_count; i++)
		region_bytes += regions[i].length_bytes;
	if (options->io_size.percent) /* As in fio, what a pass is, and no more follows it. */
		region_bytes = region_bytes / 100 * options->io_size.percent +
			       region_bytes % 100 * options->io_size.percent / 100;
	if (options->size.bytes) /* filesize= may leave room for more. */
		region_bytes = MIN(region_bytes, options->size.bytes);
	uint64_t budget = options->io_size.bytes ? options->io_size.bytes : region_bytes;
	job->repeat_bytes = options->io_size.bytes;
	job->total_bytes = budget * options->loops;
	/* A job that goes by time wraps instead. */
	job->pass_bytes = options->time_based ? MIN(budget, region_bytes) :
				MIN(bytes_of_pass(options, region_bytes, budget), job->total_bytes);
	job->limit_bytes = options->time_based && !options->verify_only ? UINT64_MAX :
									  job->pass_bytes;
	job->passes_left = options->loops - 1;
	job->limit_ios = UINT64_MAX;
	if (options->number_ios && !options->time_based)
		job->limit_ios = options->number_ios * options->loops
				 << ((options->rw & JOB_RW_TRIMWRITE) != 0);
}

static void set_depth(struct runner_job *job)
{
	const struct job *options = job->options;
	job->depth = options->iodepth;
	job->batch = MIN(options->iodepth_batch ? options->iodepth_batch : job->depth, job->depth);
	job->chunk = job->batch > 1 ? job->batch : job->depth;
	/* As many as one reaping call may have brought. */
	if (job->batch == 1 && options->iodepth_batch_complete_max > 1)
		job->chunk = options->iodepth_batch_complete_max;
	job->complete_min = MAX(1u, options->iodepth_batch_complete_min);
}

static void set_kind(struct runner_job *job)
{
	const struct job *options = job->options;
	job->verifies = options->verify != JOB_VERIFY_NONE;
	job->reads_are_checked = job->verifies && !(options->rw & JOB_RW_WRITE);
	job->special = job->verifies || (options->rw & (JOB_RW_WRITE | JOB_RW_TRIM));
	job->measured = !options->gtod_reduce;
	job->synchronous = job_is_synchronous(options);
	job->full_histograms = options->slat_percentiles || options->lat_percentiles;
	job->write_flags = options->sync != JOB_SYNC_NONE ? BLK_FUA : 0;
	runner_data_init(job);
}

/* In fio's words. */
static void note_coarse(const struct runner_job *job)
{
	if (!generator_outgrows_32_bits(job->generator))
		return;
	log_raw("fio: file %s exceeds 32-bit tausworthe random generator.\n",
		job->options->files[0]);
	if (job->options->random_generator_set)
		log_raw("fio: Use the random_generator= option to switch to lfsr or "
			"tausworthe64.\n");
	else
		log_raw("fio: Switching to tausworthe64. Use the random_generator= option to get "
			"rid of this warning.\n");
}

/* All but what only a running job needs. */
static int setup_job(struct runner_job *job, const struct job *options)
{
	struct generator_region regions[JOB_FILES_MAX];
	job->options = options;
	job->cpu = choose_cpu(options);
	if (!job->cpu)
		return runner_complain(options, "cpus_allowed",
				       "none of these CPUs is here (there are %u)", cpu_count);
	int error = find_disks(job, regions);
	if (error)
		return error;
	set_depth(job);
	set_kind(job);
	set_budget(job, regions);
	if (options->io_size.percent && job->total_bytes / options->loops < smallest_bs(options))
		return runner_complain(options, "io_size", "%u%% is less than the smallest block",
				       options->io_size.percent);

	void *memory = heap_allocate(generator_memory_bytes(options));
	if (!memory)
		return runner_complain(options, "name", "not enough memory for the job");
	job->generator = generator_init(memory, options, regions);
	note_coarse(job);
	const char *refusal = verify_refusal(options);
	if (refusal)
		return runner_complain(options, "verify", "%s", refusal);
	if (options->latency_target_us && !options->latency_window_us)
		return runner_complain(options, "latency_window", "latency_target needs it");
	if (runner_pace_init(job))
		return runner_complain(options, "rate", "not enough memory");
	if (runner_stages_init(job))
		return runner_complain(options, "name", "not enough memory for stages=full");
	job->asks = job->pace || options->fsync || options->fdatasync || options->verify_backlog;
	job->done_is_special =
		job->pace || job->verifies || job->stages || !job->measured || job->full_histograms;
	error = allocate_ios(job);
	if (!error && job->verifies && runner_verify_init(job, regions))
		return runner_complain(options, "verify",
				       "not enough memory to note what is written: "
				       "a smaller size= or a larger verify_interval= needs less, "
				       "do_verify=0 none, --memory gives more");
	job->free_seen = job->free_count;
	job->step = job->full_step = runner_job_step;
	return error;
}

/* With its memory, it is known which way the job goes. */
static int finish_job(struct runner_job *job)
{
	if (runner_fast_is_possible(job) && runner_fast_init(job))
		return runner_complain(job->options, "iodepth", "not enough memory");
	runner_measuring_calibrate(job);
	if (!job->wait_before)
		runner_memory_prepare(job);
	return 0;
}

static int add_to_cpu(struct runner_job *job)
{
	struct runner_cpu *cpu = &runner.cpus[job->cpu->index];
	uint32_t most_queues = blk_device_count() * BLK_QUEUES_MAX;
	if (!cpu->jobs) {
		cpu->cpu = job->cpu;
		cpu->jobs = heap_allocate(runner.set->job_count * sizeof(cpu->jobs[0]));
		cpu->queues = heap_allocate(most_queues * sizeof(cpu->queues[0]));
		cpu->active_jobs = heap_allocate(runner.set->job_count * sizeof(cpu->jobs[0]));
		cpu->active_queues = heap_allocate(most_queues * sizeof(cpu->queues[0]));
		if (!cpu->jobs || !cpu->queues || !cpu->active_jobs || !cpu->active_queues)
			return -ERR_NO_MEMORY;
	}
	cpu->jobs[cpu->job_count++] = job;
	for (uint32_t f = 0; f < job->options->file_count; f++) {
		uint32_t known = 0;
		while (known < cpu->queue_count && cpu->queues[known] != job->queues[f])
			known++;
		if (known == cpu->queue_count)
			cpu->queues[cpu->queue_count++] = job->queues[f];
	}
	return 0;
}

/*
 * hipri: a queue is polled if all jobs of its CPU want that; a CPU that waits
 * for one queue by polling polls all that it waits for.
 */
static void set_polled_queues(void)
{
	for (uint32_t c = 0; c < cpu_count; c++) {
		const struct runner_cpu *cpu = &runner.cpus[c];
		uint32_t wanted = 0;
		for (uint32_t i = 0; i < cpu->job_count; i++)
			wanted += cpu->jobs[i]->options->hipri;
		for (uint32_t q = 0; wanted == cpu->job_count && q < cpu->queue_count; q++)
			blk_set_queue_completion(cpu->queues[q], COMPLETION_POLL);
		for (uint32_t i = 0; wanted != cpu->job_count && i < cpu->job_count; i++)
			if (cpu->jobs[i]->options->hipri)
				log_raw("fio: hipri: no effect on this target (other jobs of CPU "
					"%u wait for interrupts), ignored\n", c);
	}
}

/* Each tells what is wrong with it. */
static int setup_jobs(struct stats_job *stats)
{
	int failed = 0;
	uint32_t wall = 0;
	for (uint32_t i = 0; i < runner.set->job_count; i++) {
		if (runner.set->jobs[i].stonewall)
			wall = i;
		runner.jobs[i].wait_before = wall;
		runner.jobs[i].stats = &stats[i];
		int error = setup_job(&runner.jobs[i], &runner.set->jobs[i]);
		if (!error)
			error = add_to_cpu(&runner.jobs[i]);
		if (error)
			failed = error;
	}
	return failed;
}

int runner_setup(void)
{
	uint32_t count = runner.set->job_count;
	if (!count) {
		log_raw("%s:1: no job is defined\n", runner.job_file);
		return -ERR_INVALID;
	}
	runner.jobs = heap_allocate(count * sizeof(runner.jobs[0]));
	struct stats_job *stats = heap_allocate(count * sizeof(stats[0]));
	if (!runner.jobs || !stats) {
		log_raw("%s:1: not enough memory for %u jobs\n", runner.job_file, count);
		return -ERR_NO_MEMORY;
	}
	int failed = setup_jobs(stats);
	if (!failed)
		failed = runner_memory_allot();
	for (uint32_t i = 0; i < count && !failed; i++)
		failed = finish_job(&runner.jobs[i]);
	if (!failed && runner_steady_init()) {
		log_raw("%s:1: not enough memory for steadystate=\n", runner.job_file);
		return -ERR_NO_MEMORY;
	}
	if (!failed)
		set_polled_queues();
	return failed ? failed : recording_setup();
}
