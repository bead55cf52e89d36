/* SPDX-License-Identifier: MIT */
/*
 * What several options decide together: defaults that depend on others, pairs
 * that exclude each other, and what this target demands (a disk for every job
 * that is not ioengine=null). Runs once per job section, before it is cloned;
 * messages point to the section's header.
 */
#include "bench/job/job_impl.h"

#include "kernel/lib/fmt.h"
#include "kernel/lib/mem.h"

#define CHECKSUM_BYTES 20u /* the longest that is common, SHA-1 */

static bool any(const uint64_t values[DIR_COUNT])
{
	return values[DIR_READ] || values[DIR_WRITE] || values[DIR_TRIM];
}

static bool any_32(const uint32_t values[DIR_COUNT])
{
	return values[DIR_READ] || values[DIR_WRITE] || values[DIR_TRIM];
}

static void check_disks(struct job_parser *p, struct job_draft *draft)
{
	struct job *job = &draft->job;

	if (draft->engine_name == NAMED_NULL) {
		if (!job->file_count)
			job->file_count = 1; /* named per clone by job_name_null_file() */
		if (!job->size.bytes && !job->filesize_bytes) {
			job_error(p, "size: ioengine=null needs it");
			job_fio_error(p, "%s: you need to specify size=", job->name);
		}
		return;
	}
	if (job->file_count)
		return;
	if (draft->directory)
		job_error(p, "directory: needs a file system; use filename=<device>");
	else
		job_error(p, "filename: job %s names no disk; use filename=<device>", job->name);
}

void job_name_null_file(struct job_parser *p, struct job *job)
{
	char name[JOB_NAME_BYTES + 16];

	if (job->file_count != 1 || job->files[0])
		return;
	fmt_print(name, sizeof(name), "%s.%u.0", p->section_name, job->subjob);
	job->files[0] = job_copy_text(p, job_text_of(name));
}

static void settle_block_sizes(struct job_parser *p, struct job_draft *draft)
{
	struct job *job = &draft->job;
	bool aligned_otherwise = false;

	for (unsigned d = 0; d < DIR_COUNT; d++) {
		if (!job->max_bs[d]) {
			job->min_bs[d] = draft->bs[d];
			job->max_bs[d] = draft->bs[d];
		}
		if (!job->blockalign[d])
			job->blockalign[d] = job->min_bs[d];
		aligned_otherwise |= job->blockalign[d] != job->min_bs[d];
	}
	if ((job->rw & JOB_RW_RANDOM) && aligned_otherwise && !job->norandommap) {
		job_fio_note(p, "fio: Any use of blockalign= turns off randommap");
		job->norandommap = true;
	}
	if (job->distribution != JOB_UNIFORM)
		job->norandommap = true;
}

static void check_size(struct job_parser *p, const struct job *job)
{
	uint64_t smallest = MIN(job->min_bs[DIR_READ], MIN(job->min_bs[DIR_WRITE],
							   job->min_bs[DIR_TRIM]));
	uint64_t files = MAX(1u, job->file_count);

	if (!job->size.bytes || job->size.bytes / files >= smallest)
		return;
	job_error(p, "size: smaller than the smallest block%s", files > 1 ? " on each disk" : "");
	job_fio_error(p, "fio: size too small, must not be less than minimum block size: "
			 "%llu < %llu", (unsigned long long)(job->size.bytes / files),
		      (unsigned long long)smallest);
}

static void settle_depth(struct job_parser *p, struct job *job)
{
	if (job->engine == IOENGINE_SYNC && job->iodepth > 1) {
		job_fio_note(p, "note: both iodepth >= 1 and synchronous I/O engine are selected, "
				"queue depth will be capped at 1");
		job->iodepth = 1;
	}
	if (!job->iodepth_low || job->iodepth_low > job->iodepth)
		job->iodepth_low = job->iodepth;
	if (!job->iodepth_batch || job->iodepth_batch > job->iodepth)
		job->iodepth_batch = job->iodepth;
	if (job->iodepth_batch_complete_min > job->iodepth)
		job->iodepth_batch_complete_min = job->iodepth;
	/* Smaller batches than iodepth_batch= would follow from it in fio. */
	if (job->iodepth_batch_complete_max &&
	    job->iodepth_batch_complete_max < job->iodepth_batch)
		job_fio_note(p, "fio: iodepth_batch_complete_max=%u: no effect on this target "
				"(what has completed is always delivered), ignored",
			     job->iodepth_batch_complete_max);
	if (job->iodepth_batch_complete_max < job->iodepth_batch_complete_min)
		job->iodepth_batch_complete_max = job->iodepth_batch_complete_min;
}

/* fio looks at all jobs then. */
static void check_overlap(struct job_parser *p, const struct job *job)
{
	if (!job->serialize_overlap || !job->offload)
		return;
	job_error(p, "serialize_overlap: not together with io_submit_mode=offload");
	job_fio_error(p, "fio: option serialize_overlap: not supported on this target "
			 "(overlap is seen within one job, not between offloading jobs)");
}

static void settle_time(struct job_parser *p, struct job_draft *draft)
{
	struct job *job = &draft->job;

	if (job->time_based && !job->runtime_us) {
		job_fio_note(p, "fio: time_based requires a runtime/timeout setting");
		job->time_based = false;
	}
	if (job->thinktime_spin_us > job->thinktime_us)
		job->thinktime_spin_us = job->thinktime_us;
	/* thinktime_iotime= replaces fio's default of one block. */
	if (!job->thinktime_blocks && !job->thinktime_iotime_us)
		job->thinktime_blocks = 1;
	if (job->latency_target_us && !job->latency_window_us)
		job->latency_window_us = job->runtime_us;
	job->steadystate_duration_s = draft->steadystate_duration_us / (NS_PER_S / NS_PER_US);
	job->steadystate_ramp_s = draft->steadystate_ramp_us / (NS_PER_S / NS_PER_US);
	if (job->steadystate_duration_s &&
	    job->steadystate_duration_s < job_fio(job)->steadystate_seconds_min)
		job_error(p, "steadystate_duration: less than %u seconds",
			  job_fio(job)->steadystate_seconds_min);
	job->exit_what = job->exitall || job->exitall_on_error ? draft->exit_what : 0;
}

static void check_rates(struct job_parser *p, const struct job *job)
{
	if ((any(job->rate_bytes) && any_32(job->rate_iops)) ||
	    (any(job->rate_min_bytes) && any_32(job->rate_iops_min))) {
		job_error(p, "rate: excludes rate_iops, and rate_min rate_iops_min");
		job_fio_error(p, "fio: rate and rate_iops are mutually exclusive");
	}
	for (unsigned d = 0; d < DIR_COUNT; d++) {
		bool above = (job->rate_bytes[d] && job->rate_min_bytes[d] > job->rate_bytes[d]) ||
			     (job->rate_iops[d] && job->rate_iops_min[d] > job->rate_iops[d]);

		if (!above)
			continue;
		job_error(p, "rate_min: above the rate itself");
		job_fio_error(p, "fio: minimum rate exceeds rate, ddir %u", d);
	}
}

static uint64_t greatest_common_divisor(uint64_t a, uint64_t b)
{
	while (b) {
		uint64_t rest = a % b;

		a = b;
		b = rest;
	}
	return a;
}

/*
 * What fio says of runs whose verification will not mean much. Its limits for
 * jobs that go by time, and for random blocks of several sizes, are not ours.
 */
static void note_verify_limits(struct job_parser *p, const struct job_draft *draft)
{
	const struct job *job = &draft->job;

	if ((job->rw & JOB_RW_WRITE) && job->do_verify && draft->numjobs > 1 && job->files[0])
		job_fio_note(p, "fio: multiple writers may overwrite blocks that belong to other "
				"jobs. This can cause verification failures.");
}

/* What divides the length of every I/O that is checked; *same: there is but one. */
static uint64_t unit_of_data(const struct job *job, bool *same)
{
	const uint32_t checked = job->rw & JOB_RW_WRITE ? JOB_RW_WRITE : JOB_RW_READ;
	const uint32_t counts = job->bs_is_seq_rand ? job_sizes_that_count(job) : checked;
	uint64_t unit = 0, largest = 0;

	for (unsigned d = 0; d < DIR_COUNT; d++) {
		if (!(counts >> d & 1))
			continue;
		unit = greatest_common_divisor(unit, job->min_bs[d]);
		unit = greatest_common_divisor(unit, job->max_bs[d]);
		largest = MAX(largest, job->max_bs[d]);
	}
	*same = unit == largest;
	return unit;
}

static void settle_verify(struct job_parser *p, struct job *job)
{
	bool same;
	uint64_t unit = unit_of_data(job, &same);

	if (job->verify == JOB_VERIFY_PATTERN_NO_HEADER && !job->verify_pattern_bytes)
		job_error(p, "verify: pattern needs verify_pattern=");
	if (job->verify_interval > unit)
		job->verify_interval = 0;
	if (job->verify_interval && unit % job->verify_interval)
		job_error(p, "verify_interval: does not divide the block size");
	if (!job->verify_interval && (!same || job->bs_is_seq_rand))
		job->verify_interval = (uint32_t)unit;
	uint64_t interval = job->verify_interval ? job->verify_interval : unit;
	uint64_t header = job_fio(job)->header_bytes + CHECKSUM_BYTES;
	if (job->verify_offset && job->verify_offset + header > interval)
		job_error(p, "verify_offset: leaves no room for the header");
	if (job->verify_header_seed == 1 && !(job->rw & JOB_RW_WRITE))
		job_error(p, "verify_header_seed: only a job that writes knows its seeds here");
	if (job->verify_backlog && !job->verify_backlog_batch)
		job->verify_backlog_batch = job->verify_backlog;
}

/* A bare write_*_log is called like the job. */
static void settle_logs(struct job_parser *p, struct job *job)
{
	const char **logs[] = { &job->bw_log, &job->lat_log, &job->iops_log, &job->hist_log };

	for (size_t i = 0; i < ARRAY_COUNT(logs); i++)
		if (*logs[i] && !**logs[i])
			*logs[i] = job_copy_text(p, job_text_of(job->name));
}

static void check_zones(struct job_parser *p, struct job_draft *draft)
{
	struct job *job = &draft->job;

	job->zonemode_strided = draft->zonemode == ZONEMODE_STRIDED;
	if (!job->zonemode_strided && job->zonesize) {
		job_error(p, "zonesize: needs zonemode=strided");
		job_fio_error(p, "fio: --zonemode=none and --zonesize are not compatible.");
	}
	if (!job->zonemode_strided)
		return;
	if (!job->zonesize) {
		job_error(p, "zonesize: zonemode=strided needs it");
		job_fio_error(p, "fio: --zonesize must be specified when using "
				 "--zonemode=strided.");
	}
	if (!job->zonerange)
		job->zonerange = job->zonesize;
}

/* fio's rule: exactly one earlier job has the name. */
static void check_wait_for(struct job_parser *p, const struct job *job)
{
	unsigned found = 0;

	if (!job->wait_for)
		return;
	for (uint32_t i = 0; i < p->set->job_count; i++) {
		const struct job *earlier = &p->set->jobs[i];

		found += !earlier->subjob && strcmp(earlier->name, job->wait_for) == 0;
	}
	if (strcmp(job->name, job->wait_for) == 0) {
		job_error(p, "wait_for: a job cannot wait for itself");
		job_fio_error(p, "%s: a job cannot wait for itself (wait_for=%s).", job->name,
			      job->wait_for);
	} else if (!found) {
		job_error(p, "wait_for: no earlier job is called %s", job->wait_for);
		job_fio_error(p, "%s: waitee job %s unknown.", job->name, job->wait_for);
	} else if (found > 1) {
		job_error(p, "wait_for: %u jobs are called %s", found, job->wait_for);
		job_fio_error(p, "%s: multiple waitees %s found,", job->name, job->wait_for);
		job_fio_error(p, "please avoid duplicates when using wait_for option.");
	}
}

void job_check(struct job_parser *p, struct job_draft *draft)
{
	struct job *job = &draft->job;

	if (draft->random_generator != JOB_NOT_GIVEN) {
		job->random_generator = draft->random_generator;
		job->random_generator_set = true;
	}
	if (draft->verify != JOB_NOT_GIVEN)
		job->verify = draft->verify;
	else if (job->verify_pattern_bytes)
		job->verify = JOB_VERIFY_PATTERN;
	/* Unless it is asked for, zeroes stay zeroes. */
	job->scramble_buffers = draft->scramble == JOB_NOT_GIVEN ? !job->zero_buffers :
								   draft->scramble;
	job->unified_mixed = draft->unified == 1;
	job->unified_both = draft->unified == 2;
	job->end_fsync |= draft->fsync_on_close;
	job->loops = MAX(1u, job->loops);
	settle_block_sizes(p, draft);
	check_size(p, job);
	check_disks(p, draft);
	settle_depth(p, job);
	check_overlap(p, job);
	settle_time(p, draft);
	check_rates(p, job);
	if (job->verify != JOB_VERIFY_NONE) {
		settle_verify(p, job);
		note_verify_limits(p, draft);
	}
	check_zones(p, draft);
	check_wait_for(p, job);
	settle_logs(p, job);
}

void job_draft_set_defaults(struct job_draft *draft)
{
	static const double percentiles[] = {
		1, 5, 10, 20, 30, 40, 50, 60, 70, 80, 90, 95, 99, 99.5, 99.9, 99.95, 99.99,
	};
	struct job *job = &draft->job;

	_Static_assert(sizeof(percentiles) <= sizeof(job->percentiles), "all fit");
	memset(draft, 0, sizeof(*draft));
	draft->engine_name = NAMED_PSYNC;
	draft->numjobs = 1;
	draft->random_generator = JOB_NOT_GIVEN;
	draft->verify = JOB_NOT_GIVEN;
	draft->scramble = JOB_NOT_GIVEN;
	draft->exit_what = 1;
	job->engine = IOENGINE_SYNC;
	job->rw = JOB_RW_READ;
	job->loops = 1;
	job->iodepth = 1;
	job->iodepth_batch = 1;
	job->iodepth_batch_complete_min = 1;
	job->rate_cycle_ms = 1000;
	job->latency_percentile_micro = 100000000;
	job->randrepeat = true;
	job->randseed = 0x89;
	job->rwmixread = 50;
	job->do_verify = true;
	job->verify_write_sequence = job->verify_header_seed = JOB_AS_KNOWN;
	job->clat_percentiles = true;
	job->kb_base = 1024;
	job->per_job_logs = true;
	job->bwavgtime_ms = 500;
	job->iopsavgtime_ms = 500;
	for (unsigned d = 0; d < DIR_COUNT; d++) {
		draft->bs[d] = 4096;
		job->percentage_random[d] = 100;
	}
	memcpy(job->percentiles, percentiles, sizeof(percentiles));
	job->percentile_count = ARRAY_COUNT(percentiles);
	job->percentile_places = 2;
}

bool job_overwrites_verified(const struct job *options)
{
	if (!(options->rw & JOB_RW_WRITE) || !job_verify_is_checked(options) ||
	    !options->do_verify || options->verify_only)
		return false;
	if (options->time_based || options->zonemode_strided)
		return true;
	if (!(options->rw & JOB_RW_RANDOM))
		return options->rw_step != 0;
	return options->norandommap || options->rw_step > 1 ||
	       options->percentage_random[DIR_WRITE] != 100;
}
