/* SPDX-License-Identifier: MIT */
/*
 * Job files: fio's language, parsed into one struct job per job (clones of
 * numjobs= expanded). Host-testable; memory comes from the caller.
 *
 * Everything a user can get wrong ends in one line "FILE:LINE: KEY: ..." and
 * nothing runs.
 */
#ifndef BENCH_JOB_JOB_H
#define BENCH_JOB_JOB_H

#include "bench/job/fio_version.h"

#define JOB_MAX 512u
#define JOB_FILES_MAX 32u
#define JOB_NAME_BYTES 128u
#define JOB_PERCENTILES_MAX 20u
#define JOB_PERCENTILE_PLACES_MAX 15u
#define JOB_BSSPLIT_MAX 64u
#define JOB_PATTERN_BYTES 512u
#define JOB_OPTIONS_MAX 64u /* echoed options of one section */

#define JOB_AS_KNOWN UINT32_MAX

/* Directions; fio's order. */
enum job_direction { DIR_READ, DIR_WRITE, DIR_TRIM, DIR_COUNT };

enum ioengine { IOENGINE_ASYNC, IOENGINE_SYNC, IOENGINE_NULL };

/* rw=: bits of the directions, and how offsets come about. */
enum job_rw {
	JOB_RW_READ = 1 << DIR_READ,
	JOB_RW_WRITE = 1 << DIR_WRITE,
	JOB_RW_TRIM = 1 << DIR_TRIM,
	JOB_RW_RANDOM = 1 << 3,
	JOB_RW_TRIMWRITE = 1 << 4, /* each block trimmed, then written */
};

enum job_random_generator { JOB_TAUSWORTHE, JOB_TAUSWORTHE64, JOB_LFSR };
enum job_distribution { JOB_UNIFORM, JOB_ZIPF, JOB_PARETO, JOB_NORMAL, JOB_ZONED, JOB_ZONED_ABS };
enum job_rate_process { JOB_RATE_LINEAR, JOB_RATE_POISSON };
enum job_sync { JOB_SYNC_NONE, JOB_SYNC_SYNC, JOB_SYNC_DSYNC };

/* Values of the header's verify_type field (bench/verify/verify_spec.h). */
enum job_verify {
	JOB_VERIFY_NONE = 0,
	JOB_VERIFY_META = 1,
	JOB_VERIFY_MD5 = 2,
	JOB_VERIFY_CRC64 = 3,
	JOB_VERIFY_CRC32 = 4,
	JOB_VERIFY_CRC32C = 5,
	JOB_VERIFY_CRC16 = 7,
	JOB_VERIFY_CRC7 = 8,
	JOB_VERIFY_SHA512 = 10, /* of releases that finish it */
	JOB_VERIFY_XXHASH = 15,
	JOB_VERIFY_SHA1 = 16,
	JOB_VERIFY_PATTERN = 17, /* header and pattern */
	JOB_VERIFY_PATTERN_NO_HEADER = 18,
	JOB_VERIFY_NULL = 19,
};

struct job_bssplit {
	uint64_t bytes;
	uint32_t percent;
};

struct job_zone {
	uint32_t access_percent;
	uint64_t size; /* percent of the region, or bytes (zoned_abs) */
};

/* A size that may be given in percent of the device. */
struct job_size {
	uint64_t bytes;
	uint32_t percent; /* 0: bytes counts */
};

/* An option as typed, under its canonical name, for the result's echo. */
struct job_option {
	const char *name;
	const char *value; /* NULL: bare flag */
};

/*
 * All defaults are settled: a field means what its option says, whether it was
 * given or not. Exceptions say so.
 */
struct job {
	char name[JOB_NAME_BYTES];
	const char *description; /* NULL: not set */
	uint32_t fio_version; /* enum setting_fio_version */
	uint32_t thread_number; /* 1-based, clones counted, file order */
	uint32_t subjob; /* fio's clone numbering for offset_increment */
	uint32_t group_id;
	uint32_t section_line; /* of [name], for messages */
	/* Of the section itself, in fio's order of applying them. */
	struct job_option options[JOB_OPTIONS_MAX];
	uint32_t option_count;

	/* "/dev/vda"; engine null: any name, or the one that fio would make up. */
	const char *files[JOB_FILES_MAX];
	uint32_t file_count;
	uint32_t engine; /* enum ioengine */
	bool hipri; /* polled completion asked for */
	uint32_t rw; /* bits of enum job_rw */
	int64_t rw_step; /* the number behind rw=...:N; random: default 1 */
	bool sequencer_identical;
	uint64_t min_bs[DIR_COUNT], max_bs[DIR_COUNT];
	bool bs_is_seq_rand;
	struct job_bssplit bssplit[DIR_COUNT][JOB_BSSPLIT_MAX]; /* sorted by percent */
	uint32_t bssplit_count[DIR_COUNT];
	uint64_t blockalign[DIR_COUNT];
	/* size: shared by all files, 0 = all there is; io_size: 0 = size. */
	struct job_size size, offset, offset_increment, io_size;
	uint64_t filesize_bytes; /* where each file ends; 0: by size */
	uint64_t offset_align;
	uint64_t number_ios, loops; /* number_ios: 0 = no limit */
	bool fill_device;

	uint32_t iodepth, iodepth_batch, iodepth_batch_complete_min;
	uint32_t iodepth_batch_complete_max, iodepth_low;
	bool serialize_overlap, offload;
	bool group_reporting, stonewall, new_group;
	const char *wait_for;
	uint64_t startdelay_us_min, startdelay_us_max;
	bool time_based;
	uint64_t runtime_us, ramp_time_us;
	uint64_t thinktime_us, thinktime_spin_us, thinktime_iotime_us;
	uint32_t thinktime_blocks; /* 0: only thinktime_iotime counts */
	bool thinktime_blocks_issue;
	uint64_t rate_bytes[DIR_COUNT], rate_min_bytes[DIR_COUNT];
	uint32_t rate_iops[DIR_COUNT], rate_iops_min[DIR_COUNT];
	uint32_t rate_process, rate_cycle_ms;
	uint64_t latency_target_us, latency_window_us, max_latency_us[DIR_COUNT];
	uint32_t latency_percentile_micro; /* 99.9 % = 99900000 */
	bool latency_run;

	bool randrepeat, allrandrepeat, norandommap, softrandommap, randseed_set;
	uint64_t randseed;
	uint32_t random_generator, distribution;
	bool random_generator_set;
	double distribution_value, distribution_center; /* zipf theta, pareto h, normal dev% */
	bool distribution_center_set;
	struct job_zone zones[DIR_COUNT][JOB_BSSPLIT_MAX];
	uint32_t zone_count[DIR_COUNT];
	uint32_t percentage_random[DIR_COUNT];
	uint32_t rwmixread; /* percent */

	uint32_t sync;
	uint32_t fsync, fdatasync;
	bool end_fsync;
	uint32_t verify; /* enum job_verify */
	bool do_verify, verify_only, verify_fatal;
	uint8_t verify_pattern[JOB_PATTERN_BYTES];
	uint32_t verify_pattern_bytes;
	bool verify_pattern_has_offset[JOB_PATTERN_BYTES]; /* %o begins here */
	uint32_t verify_interval, verify_offset;
	uint32_t verify_backlog, verify_backlog_batch;
	/* Whether headers are held against them; JOB_AS_KNOWN: where they are known. */
	uint32_t verify_write_sequence, verify_header_seed;
	bool zero_buffers, refill_buffers, scramble_buffers;
	uint8_t buffer_pattern[JOB_PATTERN_BYTES];
	uint32_t buffer_pattern_bytes;

	uint64_t cpus_allowed; /* bit per CPU; 0 = any */
	bool cpus_split;
	bool gtod_reduce, disable_lat, disable_clat, disable_slat, disable_bw;
	double percentiles[JOB_PERCENTILES_MAX]; /* ascending; percent */
	uint32_t percentile_count;
	uint32_t percentile_places; /* decimals given, at most JOB_PERCENTILE_PLACES_MAX */
	bool clat_percentiles, lat_percentiles, slat_percentiles;
	bool unified_mixed, unified_both;
	uint32_t kb_base;
	const char *bw_log, *lat_log, *iops_log, *hist_log; /* prefixes; NULL: none */
	uint32_t log_avg_msec, log_hist_msec, log_hist_coarseness;
	bool log_max_value, log_offset, per_job_logs;
	uint32_t bwavgtime_ms, iopsavgtime_ms;
	const char *steadystate; /* as typed: "iops:20%"; NULL: none */
	uint64_t steadystate_duration_s, steadystate_ramp_s;
	bool continue_on_error_read, continue_on_error_write, continue_on_error_verify;
	bool continue_on_error_set;
	bool exitall, exitall_on_error;
	uint32_t exit_what; /* 0 none, 1 group, 2 stonewall, 3 all */
	uint32_t flow, flow_id;
	uint64_t flow_sleep_us;
	bool zonemode_strided;
	uint64_t zonesize, zonerange, zoneskip;
};

static inline const struct fio_version *job_fio(const struct job *job)
{
	return &fio_versions[job->fio_version];
}

/* fio's engines that complete an I/O before they begin another: no slat, clat is lat. */
static inline bool job_is_synchronous(const struct job *job)
{
	return job->engine == IOENGINE_SYNC ||
	       (job->engine == IOENGINE_NULL && job->iodepth == 1);
}

/* Whether there is anything to be checked at all: not with verify=null. */
static inline bool job_verify_is_checked(const struct job *job)
{
	return job->verify != JOB_VERIFY_NONE && job->verify != JOB_VERIFY_NULL;
}

/* Whether the job may write a block again before it read it back. */
bool job_overwrites_verified(const struct job *options);

/*
 * A bit for each direction whose block sizes I/Os may have. With bs_is_seq_rand
 * the sizes of reads are those of sequential I/Os and the sizes of writes those
 * of random ones; what finds blocks taken is cut to whole ones of its direction.
 */
static inline uint32_t job_sizes_that_count(const struct job *job)
{
	const uint32_t directions = job->rw & (JOB_RW_READ | JOB_RW_WRITE | JOB_RW_TRIM);
	bool always_random = job->rw_step <= 1;

	if (!job->bs_is_seq_rand)
		return directions;
	if (!(job->rw & JOB_RW_RANDOM))
		return JOB_RW_READ;
	for (unsigned d = 0; d < DIR_COUNT; d++)
		always_random &= job->percentage_random[d] == 100;
	return directions | JOB_RW_WRITE | (always_random ? 0 : JOB_RW_READ);
}

/* The whole file. `global_options` is fio's "global options" echo. */
struct job_set {
	uint32_t fio_version; /* enum setting_fio_version */
	struct job *jobs; /* room for JOB_MAX */
	uint32_t job_count;
	struct job_option global_options[JOB_OPTIONS_MAX];
	uint32_t global_option_count;
	/* Strings that jobs point to; a bump allocator, never freed. */
	char *arena;
	size_t arena_bytes, arena_used;
};

static inline const struct fio_version *job_set_fio(const struct job_set *set)
{
	return &fio_versions[set->fio_version];
}

/* Output of the parser: one line each, no newline. Errors end in a refusal. */
struct job_messages {
	void (*error)(void *context, const char *line);
	void (*warning)(void *context, const char *line);
	void *context;
};

/* What a job file may ask of the machine it runs on. */
struct job_environment {
	uint32_t cpus; /* $ncpus */
	uint64_t memory_mib; /* $mb_memory; $pagesize is PAGE_BYTES */
	uint32_t fio_version; /* enum setting_fio_version */
};

/* Enough of an arena for any file of length_bytes. */
size_t job_arena_bytes(size_t length_bytes);

/*
 * Parses a job file. name is used in messages and must outlive the call; the
 * text need not end in NUL and may go afterwards. set->jobs, arena and
 * arena_bytes are the caller's; everything else in *set is filled. Returns 0,
 * or -ERR_INVALID after at least one error(); set->job_count is then 0.
 * It does not ask whether the named disks exist.
 */
int job_parse(struct job_set *set, const char *name, const char *text, size_t length_bytes,
	      const struct job_environment *environment, const struct job_messages *messages);

#endif
