/* SPDX-License-Identifier: MIT */
/*
 * The table of all options of fio, one row each: type, range, where the value
 * goes and, when it goes nowhere, why. options.c walks it; a name missing here
 * is unknown to fio too. Where releases differ, a row says whose it is, and
 * there may be another of the same name.
 *
 * Rows stand by theme. A row without STORE() is checked by type and forgotten.
 */
#include "bench/job/job_impl.h"

#define FIELD_WIDTH(field) sizeof(((struct job_draft *)NULL)->field)
#define STORE(field) \
	.offset = offsetof(struct job_draft, field), .width = FIELD_WIDTH(field), .count = 1
#define STORE_PER_DIRECTION(field)                                                          \
	.offset = offsetof(struct job_draft, field), .width = FIELD_WIDTH(field[0]),        \
	.count = DIR_COUNT
#define FORGET .offset = JOB_NOT_STORED, .width = 8, .count = 1
#define HANDLE(function) .type = TYPE_HANDLER, .handler = function, FORGET

#define SILENT .accept = ACCEPT_SILENTLY
#define WARN(why) .accept = ACCEPT_WARN, .reason = why
#define NEVER(why) .accept = ACCEPT_NEVER, .reason = why, .type = TYPE_ANY, FORGET
/* Refused unless it is 0. */
#define NEVER_ON(its_type, why) \
	.accept = ACCEPT_NEVER, .reason = why, .type = its_type, FORGET
#define OF_ENGINES(bits) .pass = PASS_ENGINE, .engines = (bits)
#define FOREIGN(its_name) { its_name, .type = TYPE_ANY, FORGET, OF_ENGINES(BIT(NAMED_ABSENT)) }

/* Of releases from this one on, and of those before it. */
#define SINCE(release) .since = (release)
#define BEFORE(release) .before = (release)

#define BIT(engine) (1u << (engine))
#define AIO BIT(NAMED_LIBAIO)
#define URING BIT(NAMED_IO_URING)
#define PVSYNC2 BIT(NAMED_PVSYNC2)
/* io_uring takes them for the sake of io_uring_cmd. */
#define OF_NVME                                                                             \
	.type = TYPE_ANY, FORGET, WARN("of NVMe commands"), OF_ENGINES(URING),           \
	SINCE(FIO_3_39)

#define NO_FILES "no file system"
#define NO_CACHE "no page cache: behaves as direct=1"
#define NO_SYSTEM "no operating system beneath"
#define NO_LOG_FILES "the log format is fixed"
#define NO_REPLAY "no replay of I/O logs"
#define NO_ZONES "no zoned devices"
#define NO_PRIORITY "requests carry no priority"
#define NO_PLACEMENT "the device places no data"
#define NO_TRIM_VERIFY "trims are not mixed into verification"
#define PROFILE "belongs to a profile"

#define SECOND_US 1000000ull

_Static_assert(sizeof(struct job_draft) < JOB_NOT_STORED, "offsets fit into 16 bits");

static const struct job_choice choices_sync[] = {
	{ "none", JOB_SYNC_NONE, NULL }, { "0", JOB_SYNC_NONE, NULL },
	{ "sync", JOB_SYNC_SYNC, NULL }, { "1", JOB_SYNC_SYNC, NULL },
	{ "dsync", JOB_SYNC_DSYNC, NULL }, { NULL, 0, NULL },
};
static const struct job_choice choices_sequencer[] = {
	{ "sequential", false, NULL }, { "identical", true, NULL }, { NULL, 0, NULL },
};
static const struct job_choice choices_submit_mode[] = {
	{ "inline", false, NULL }, { "offload", true, NULL }, { NULL, 0, NULL },
};
static const struct job_choice choices_generator[] = {
	{ "tausworthe", JOB_TAUSWORTHE, NULL }, { "lfsr", JOB_LFSR, NULL },
	{ "tausworthe64", JOB_TAUSWORTHE64, NULL }, { NULL, 0, NULL },
};
static const struct job_choice choices_rate_process[] = {
	{ "linear", JOB_RATE_LINEAR, NULL }, { "poisson", JOB_RATE_POISSON, NULL },
	{ NULL, 0, NULL },
};
static const struct job_choice choices_thinktime_blocks[] = {
	{ "complete", false, NULL }, { "issue", true, NULL }, { NULL, 0, NULL },
};
static const struct job_choice choices_exit_what[] = {
	{ "group", 1, NULL }, { "stonewall", 2, NULL }, { "all", 3, NULL }, { NULL, 0, NULL },
};
static const struct job_choice choices_kb_base[] = {
	{ "1024", 1024, NULL }, { "1000", 1000, NULL }, { NULL, 0, NULL },
};
static const struct job_choice choices_unit_base[] = {
	{ "0", 0, NULL }, { "8", 8, NULL }, { "1", 1, NULL }, { NULL, 0, NULL },
};
static const struct job_choice choices_cpus_policy[] = {
	{ "shared", false, NULL }, { "split", true, NULL }, { NULL, 0, NULL },
};
static const struct job_choice choices_unified[] = {
	{ "none", 0, NULL }, { "0", 0, NULL }, { "mixed", 1, NULL }, { "1", 1, NULL },
	{ "both", 2, NULL }, { "2", 2, NULL }, { NULL, 0, NULL },
};
static const struct job_choice choices_zonemode[] = {
	{ "none", ZONEMODE_NONE, NULL }, { "strided", ZONEMODE_STRIDED, NULL },
	{ "zbd", 0, NO_ZONES }, { NULL, 0, NULL },
};
#define VERIFY_CHOICES                                                             \
	{ "0", JOB_VERIFY_NONE, NULL }, { "md5", JOB_VERIFY_MD5, NULL },             \
	{ "crc64", JOB_VERIFY_CRC64, NULL }, { "crc32", JOB_VERIFY_CRC32, NULL },    \
	{ "crc32c-intel", JOB_VERIFY_CRC32C, NULL },                                 \
	{ "crc32c", JOB_VERIFY_CRC32C, NULL }, { "crc16", JOB_VERIFY_CRC16, NULL },  \
	{ "crc7", JOB_VERIFY_CRC7, NULL }, { "sha1", JOB_VERIFY_SHA1, NULL },        \
	{ "sha256", 0, "fio stores no standard SHA-256" },                           \
	{ "sha3-224", 0, "use crc32c, md5 or sha1" },                                \
	{ "sha3-256", 0, "use crc32c, md5 or sha1" },                                \
	{ "sha3-384", 0, "use crc32c, md5 or sha1" },                                \
	{ "sha3-512", 0, "use crc32c, md5 or sha1" },                                \
	{ "xxhash", JOB_VERIFY_XXHASH, NULL }, { "meta", JOB_VERIFY_META, NULL },    \
	{ "pattern", JOB_VERIFY_PATTERN_NO_HEADER, NULL },                           \
	{ "null", JOB_VERIFY_NULL, NULL }
static const struct job_choice choices_verify_3_33[] = {
	VERIFY_CHOICES, { "sha512", 0, "fio 3.33 misses corruption with it" }, { NULL, 0, NULL },
};
static const struct job_choice choices_verify_3_39[] = {
	VERIFY_CHOICES, { "sha512", JOB_VERIFY_SHA512, NULL }, { NULL, 0, NULL },
};
static const struct job_choice choices_verify[] = {
	VERIFY_CHOICES, { "sha512", JOB_VERIFY_SHA512, NULL },
	{ "pattern_hdr", JOB_VERIFY_PATTERN, NULL }, { NULL, 0, NULL },
};
static const struct job_choice choices_placement[] = {
	{ "none", 0, NULL }, { "fdp", 0, NO_PLACEMENT }, { "streams", 0, NO_PLACEMENT },
	{ NULL, 0, NULL },
};
static const struct job_choice choices_plid_select[] = {
	{ "random", 0, NULL }, { "roundrobin", 0, NULL }, { "scheme", 0, NULL }, { NULL, 0, NULL },
};
static const struct job_choice choices_log_window[] = {
	{ "avg", false, NULL }, { "max", true, NULL }, { "both", 0, NO_LOG_FILES },
	{ "0", false, NULL }, { "1", true, NULL }, { NULL, 0, NULL },
};
static const struct job_choice choices_filetype[] = {
	{ "none", 0, NULL }, { "file", 0, NULL }, { "block", 0, NULL }, { "char", 0, NULL },
	{ NULL, 0, NULL },
};
static const struct job_choice choices_lockfile[] = {
	{ "none", 0, NULL }, { "exclusive", 0, NULL }, { "readwrite", 0, NULL }, { NULL, 0, NULL },
};
static const struct job_choice choices_file_service[] = {
	{ "roundrobin", 0, NULL }, { "random", 0, "files are served in turn" },
	{ "sequential", 0, "files are served in turn" },
	{ "zipf", 0, "files are served in turn" }, { "pareto", 0, "files are served in turn" },
	{ "normal", 0, "files are served in turn" }, { "gauss", 0, "files are served in turn" },
	{ NULL, 0, NULL },
};
static const struct job_choice choices_fallocate[] = {
	{ "none", 0, NULL }, { "native", 0, NULL }, { "posix", 0, NULL }, { "keep", 0, NULL },
	{ "truncate", 0, NULL }, { "0", 0, NULL }, { "1", 0, NULL }, { NULL, 0, NULL },
};
#define FADVISE_CHOICES                                                        \
	{ "0", 0, NULL }, { "1", 0, NULL }, { "random", 0, NULL },               \
	{ "sequential", 0, NULL }
static const struct job_choice choices_fadvise_3_33[] = {
	FADVISE_CHOICES, { NULL, 0, NULL },
};
static const struct job_choice choices_fadvise[] = {
	FADVISE_CHOICES, { "noreuse", 0, NULL }, { NULL, 0, NULL },
};
static const struct job_choice choices_memory[] = {
	{ "malloc", 0, NULL }, { "shm", 0, NULL }, { "shmhuge", 0, NULL },
	{ "mmap", 0, NULL }, { "mmapshared", 0, NULL }, { "mmaphuge", 0, NULL },
	{ "cudamalloc", 0, "no GPU" }, { NULL, 0, NULL },
};
static const struct job_choice choices_clocksource[] = {
	{ "gettimeofday", 0, NULL }, { "clock_gettime", 0, NULL }, { "cpu", 0, NULL },
	{ NULL, 0, NULL },
};
static const struct job_choice choices_write_hint[] = {
	{ "none", 0, NULL }, { "short", 0, NULL }, { "medium", 0, NULL }, { "long", 0, NULL },
	{ "extreme", 0, NULL }, { NULL, 0, NULL },
};
static const struct job_choice choices_dedupe_mode[] = {
	{ "repeat", 0, NULL }, { "working_set", 0, NULL }, { NULL, 0, NULL },
};

#define SHAPING "the device does not look at the data"

const struct job_option_rule job_option_table[] = {
	/* What, on which disk, by which engine. */
	{ "description", .type = TYPE_TEXT, STORE(job.description) },
	{ "name", HANDLE(job_handle_name) },
	{ "filename", .pass = PASS_LAST, HANDLE(job_handle_filename) },
	{ "ioengine", HANDLE(job_handle_ioengine) },
	{ "rw", "readwrite", HANDLE(job_handle_rw) },
	{ "rw_sequencer", .type = TYPE_CHOICE, .choices = choices_sequencer,
	  STORE(job.sequencer_identical) },

	/* Sizes. */
	{ "bs", "blocksize", .type = TYPE_NUMBER, .minimum = 1, .maximum = JOB_BS_MAX,
	  STORE_PER_DIRECTION(bs) },
	{ "ba", "blockalign", .type = TYPE_NUMBER, .minimum = 1,
	  STORE_PER_DIRECTION(job.blockalign) },
	{ "bsrange", "blocksize_range", HANDLE(job_handle_bsrange) },
	{ "bssplit", HANDLE(job_handle_bssplit) },
	{ "bs_unaligned", "blocksize_unaligned", .type = TYPE_FLAG, FORGET,
	  WARN("a disk transfers whole sectors") },
	{ "bs_is_seq_rand", .type = TYPE_BOOL, STORE(job.bs_is_seq_rand) },
	{ "size", .type = TYPE_SIZE, STORE(job.size) },
	{ "io_size", "io_limit", .type = TYPE_SIZE, STORE(job.io_size) },
	{ "offset", "fileoffset", .type = TYPE_SIZE, STORE(job.offset) },
	{ "offset_increment", .type = TYPE_SIZE, STORE(job.offset_increment) },
	{ "offset_align", .type = TYPE_NUMBER, STORE(job.offset_align) },
	{ "filesize", HANDLE(job_handle_filesize) },
	/* What a job without size= does to a disk anyway, and one with size= in fio, too. */
	{ "fill_device", "fill_fs", .type = TYPE_BOOL, STORE(job.fill_device) },
	{ "number_ios", .type = TYPE_NUMBER, STORE(job.number_ios) },
	/* More than one is for engines that this target has not, in fio too. */
	{ "num_range", .type = TYPE_NUMBER, .maximum = 1, FORGET, SILENT, SINCE(FIO_3_39) },
	{ "loops", .type = TYPE_NUMBER, STORE(job.loops) },

	/* Depth and batches. */
	{ "iodepth", .type = TYPE_NUMBER, .minimum = 1, .maximum = JOB_IODEPTH_MAX,
	  STORE(job.iodepth) },
	{ "iodepth_batch", "iodepth_batch_submit", .type = TYPE_NUMBER,
	  STORE(job.iodepth_batch) },
	{ "iodepth_batch_complete_min", "iodepth_batch_complete", .type = TYPE_NUMBER,
	  STORE(job.iodepth_batch_complete_min) },
	{ "iodepth_batch_complete_max", .type = TYPE_NUMBER,
	  STORE(job.iodepth_batch_complete_max) },
	{ "iodepth_low", .type = TYPE_NUMBER, STORE(job.iodepth_low) },
	{ "serialize_overlap", .type = TYPE_BOOL, STORE(job.serialize_overlap) },
	{ "io_submit_mode", .type = TYPE_CHOICE, .choices = choices_submit_mode,
	  STORE(job.offload) },

	/* Jobs and their order. */
	{ "numjobs", .type = TYPE_NUMBER, .minimum = 1, .maximum = JOB_MAX, STORE(numjobs) },
	{ "thread", .type = TYPE_FLAG, FORGET, SILENT },
	{ "group_reporting", .type = TYPE_FLAG, STORE(job.group_reporting) },
	{ "new_group", .type = TYPE_FLAG, STORE(job.new_group) },
	{ "stonewall", "wait_for_previous", .type = TYPE_FLAG, STORE(job.stonewall) },
	{ "wait_for", .type = TYPE_TEXT, STORE(job.wait_for) },
	{ "startdelay", HANDLE(job_handle_startdelay) },
	{ "time_based", .type = TYPE_FLAG, STORE(job.time_based) },
	{ "runtime", "timeout", .type = TYPE_TIME, .unit_us = SECOND_US, STORE(job.runtime_us) },
	{ "ramp_time", .type = TYPE_TIME, .unit_us = SECOND_US, STORE(job.ramp_time_us) },
	{ "exitall", .type = TYPE_FLAG, STORE(job.exitall) },
	{ "exit_what", .type = TYPE_CHOICE, .choices = choices_exit_what, STORE(exit_what) },
	{ "exitall_on_error", .type = TYPE_FLAG, STORE(job.exitall_on_error) },
	{ "continue_on_error", HANDLE(job_handle_continue_on_error) },
	{ "flow", .type = TYPE_NUMBER, .maximum = 1000, STORE(job.flow) },
	{ "flow_id", .type = TYPE_NUMBER, STORE(job.flow_id) },
	{ "flow_sleep", .type = TYPE_NUMBER, STORE(job.flow_sleep_us) },

	/* Rates and pauses. */
	{ "thinktime", .type = TYPE_TIME, .unit_us = 1, STORE(job.thinktime_us) },
	{ "thinktime_spin", .type = TYPE_TIME, .unit_us = 1, STORE(job.thinktime_spin_us) },
	{ "thinktime_iotime", .type = TYPE_TIME, .unit_us = SECOND_US,
	  STORE(job.thinktime_iotime_us) },
	{ "thinktime_blocks", .type = TYPE_NUMBER, STORE(job.thinktime_blocks) },
	{ "thinktime_blocks_type", .type = TYPE_CHOICE, .choices = choices_thinktime_blocks,
	  STORE(job.thinktime_blocks_issue) },
	{ "thinkcycles", .type = TYPE_NUMBER, FORGET, WARN("use thinktime= and thinktime_spin="),
	  SINCE(FIO_3_39) },
	{ "rate", .type = TYPE_NUMBER, STORE_PER_DIRECTION(job.rate_bytes) },
	{ "rate_min", "ratemin", .type = TYPE_NUMBER, STORE_PER_DIRECTION(job.rate_min_bytes) },
	{ "rate_iops", .type = TYPE_NUMBER, STORE_PER_DIRECTION(job.rate_iops) },
	{ "rate_iops_min", .type = TYPE_NUMBER, STORE_PER_DIRECTION(job.rate_iops_min) },
	{ "rate_process", .type = TYPE_CHOICE, .choices = choices_rate_process,
	  STORE(job.rate_process) },
	{ "rate_cycle", "ratecycle", .type = TYPE_NUMBER, STORE(job.rate_cycle_ms) },
	{ "rate_ignore_thinktime", .type = TYPE_BOOL, FORGET,
	  WARN("rates always keep to their schedule") },
	{ "latency_target", .type = TYPE_TIME, .unit_us = 1, STORE(job.latency_target_us) },
	{ "latency_window", .type = TYPE_TIME, .unit_us = 1, STORE(job.latency_window_us) },
	{ "latency_percentile", HANDLE(job_handle_latency_percentile) },
	{ "latency_run", .type = TYPE_BOOL, STORE(job.latency_run) },
	{ "max_latency", .type = TYPE_TIME, .unit_us = 1,
	  STORE_PER_DIRECTION(job.max_latency_us) },

	/* Randomness. */
	{ "randrepeat", .type = TYPE_BOOL, STORE(job.randrepeat), BEFORE(FIO_3_39) },
	{ "randrepeat", "allrandrepeat", .type = TYPE_BOOL, STORE(job.randrepeat),
	  SINCE(FIO_3_39) },
	{ "allrandrepeat", .type = TYPE_BOOL, STORE(job.allrandrepeat), BEFORE(FIO_3_39) },
	{ "randseed", HANDLE(job_handle_randseed) },
	{ "norandommap", .type = TYPE_FLAG, STORE(job.norandommap) },
	{ "softrandommap", .type = TYPE_BOOL, STORE(job.softrandommap) },
	{ "random_generator", .type = TYPE_CHOICE, .choices = choices_generator,
	  STORE(random_generator) },
	{ "random_distribution", HANDLE(job_handle_random_distribution) },
	{ "sprandom", NEVER_ON(TYPE_BOOL, "use random_generator=lfsr"), SINCE(FIO_3_41) },
	{ "spr_num_regions", .type = TYPE_NUMBER, FORGET, SILENT, SINCE(FIO_3_41) },
	{ "spr_op", .type = TYPE_TEXT, FORGET, SILENT, SINCE(FIO_3_41) },
	{ "percentage_random", .type = TYPE_NUMBER, .maximum = 100,
	  STORE_PER_DIRECTION(job.percentage_random) },
	{ "rwmixread", HANDLE(job_handle_rwmixread) },
	{ "rwmixwrite", HANDLE(job_handle_rwmixwrite) },

	/* Durability and verification. */
	{ "direct", HANDLE(job_handle_direct), .reason = NO_CACHE },
	{ "buffered", HANDLE(job_handle_direct), .reason = NO_CACHE },
	{ "sync", .type = TYPE_CHOICE, .choices = choices_sync, STORE(job.sync) },
	{ "fsync", .type = TYPE_NUMBER, STORE(job.fsync) },
	{ "fdatasync", .type = TYPE_NUMBER, STORE(job.fdatasync) },
	{ "end_fsync", .type = TYPE_BOOL, STORE(job.end_fsync) },
	{ "fsync_on_close", .type = TYPE_BOOL, STORE(fsync_on_close) },
	{ "verify", .type = TYPE_CHOICE, .choices = choices_verify_3_33, STORE(verify),
	  BEFORE(FIO_3_39) },
	{ "verify", .type = TYPE_CHOICE, .choices = choices_verify_3_39, STORE(verify),
	  SINCE(FIO_3_39), BEFORE(FIO_3_41) },
	{ "verify", .type = TYPE_CHOICE, .choices = choices_verify, STORE(verify),
	  SINCE(FIO_3_41) },
	{ "do_verify", .type = TYPE_BOOL, STORE(job.do_verify) },
	{ "verify_only", .type = TYPE_FLAG, STORE(job.verify_only) },
	{ "verify_fatal", .type = TYPE_BOOL, STORE(job.verify_fatal) },
	{ "verify_pattern", HANDLE(job_handle_verify_pattern) },
	/* At least fio's header twice, and once. */
	{ "verify_interval", .type = TYPE_NUMBER, .minimum = 80, STORE(job.verify_interval),
	  BEFORE(FIO_3_41) },
	{ "verify_interval", .type = TYPE_NUMBER, .minimum = 96, STORE(job.verify_interval),
	  SINCE(FIO_3_41) },
	{ "verify_offset", .type = TYPE_NUMBER, .minimum = 40, STORE(job.verify_offset),
	  BEFORE(FIO_3_41) },
	{ "verify_offset", .type = TYPE_NUMBER, .minimum = 48, STORE(job.verify_offset),
	  SINCE(FIO_3_41) },
	{ "verify_pattern_interval", NEVER_ON(TYPE_NUMBER, "a pattern fills the whole I/O"),
	  SINCE(FIO_3_41) },
	{ "verify_write_sequence", .type = TYPE_NUMBER, .maximum = 1,
	  STORE(job.verify_write_sequence), SINCE(FIO_3_39) },
	{ "verify_header_seed", .type = TYPE_NUMBER, .maximum = 1, STORE(job.verify_header_seed),
	  SINCE(FIO_3_39) },
	{ "verify_backlog", .type = TYPE_NUMBER, STORE(job.verify_backlog) },
	{ "verify_backlog_batch", .type = TYPE_NUMBER, STORE(job.verify_backlog_batch) },
	{ "zero_buffers", .type = TYPE_FLAG, STORE(job.zero_buffers) },
	{ "refill_buffers", .type = TYPE_FLAG, STORE(job.refill_buffers) },
	{ "scramble_buffers", HANDLE(job_handle_scramble_buffers) },
	{ "buffer_pattern", HANDLE(job_handle_buffer_pattern) },

	/* CPUs. */
	{ "cpus_allowed", HANDLE(job_handle_cpus_allowed) },
	{ "cpumask", HANDLE(job_handle_cpumask) },
	{ "cpus_allowed_policy", .pass = PASS_FIRST, .type = TYPE_CHOICE,
	  .choices = choices_cpus_policy, STORE(job.cpus_split) },

	/* Measuring and reporting. */
	{ "gtod_reduce", .type = TYPE_BOOL, STORE(job.gtod_reduce) },
	{ "disable_lat", .type = TYPE_BOOL, STORE(job.disable_lat) },
	{ "disable_clat", .type = TYPE_BOOL, STORE(job.disable_clat) },
	{ "disable_slat", .type = TYPE_BOOL, STORE(job.disable_slat) },
	{ "disable_bw_measurement", "disable_bw", .type = TYPE_BOOL, STORE(job.disable_bw) },
	{ "percentile_list", HANDLE(job_handle_percentile_list) },
	{ "clat_percentiles", .type = TYPE_BOOL, STORE(job.clat_percentiles) },
	{ "lat_percentiles", .type = TYPE_BOOL, STORE(job.lat_percentiles) },
	{ "slat_percentiles", .type = TYPE_BOOL, STORE(job.slat_percentiles) },
	{ "unified_rw_reporting", .type = TYPE_CHOICE, .choices = choices_unified,
	  STORE(unified) },
	{ "kb_base", .pass = PASS_FIRST, .type = TYPE_CHOICE, .choices = choices_kb_base,
	  STORE(job.kb_base) },
	{ "unit_base", .pass = PASS_FIRST, .type = TYPE_CHOICE, .choices = choices_unit_base,
	  FORGET, SILENT },
	{ "write_bw_log", .bare = true, HANDLE(job_handle_log_prefix) },
	{ "write_lat_log", .bare = true, HANDLE(job_handle_log_prefix) },
	{ "write_iops_log", .bare = true, HANDLE(job_handle_log_prefix) },
	{ "write_hist_log", .bare = true, HANDLE(job_handle_log_prefix) },
	{ "per_job_logs", .type = TYPE_BOOL, STORE(job.per_job_logs) },
	{ "log_avg_msec", .type = TYPE_NUMBER, STORE(job.log_avg_msec) },
	{ "log_hist_msec", .type = TYPE_NUMBER, STORE(job.log_hist_msec) },
	{ "log_hist_coarseness", .type = TYPE_NUMBER, .maximum = 6,
	  STORE(job.log_hist_coarseness) },
	{ "log_max_value", .type = TYPE_BOOL, STORE(job.log_max_value), BEFORE(FIO_3_39) },
	{ "log_window_value", "log_max_value", .type = TYPE_CHOICE, .choices = choices_log_window,
	  STORE(job.log_max_value), SINCE(FIO_3_39) },
	{ "log_issue_time", NEVER_ON(TYPE_BOOL, NO_LOG_FILES), SINCE(FIO_3_39) },
	{ "log_offset", .type = TYPE_BOOL, STORE(job.log_offset) },
	{ "bwavgtime", .type = TYPE_NUMBER, .minimum = 1, STORE(job.bwavgtime_ms) },
	{ "iopsavgtime", .type = TYPE_NUMBER, .minimum = 1, STORE(job.iopsavgtime_ms) },
	{ "steadystate", "ss", HANDLE(job_handle_steadystate) },
	{ "steadystate_duration", "ss_dur", .type = TYPE_TIME, .unit_us = SECOND_US,
	  STORE(steadystate_duration_us) },
	{ "steadystate_ramp_time", "ss_ramp", .type = TYPE_TIME, .unit_us = SECOND_US,
	  STORE(steadystate_ramp_us) },
	{ "steadystate_check_interval", "ss_interval", HANDLE(job_handle_steadystate_interval),
	  SINCE(FIO_3_39) },
	{ "log_prio", .type = TYPE_BOOL, FORGET, WARN(NO_PRIORITY) },
	{ "log_entries", .type = TYPE_NUMBER, .minimum = 1024, .maximum = 1048576, FORGET, SILENT },
	{ "log_unix_epoch", .type = TYPE_BOOL, FORGET, WARN(NO_LOG_FILES), BEFORE(FIO_3_39) },
	{ "log_alternate_epoch", .type = TYPE_BOOL, FORGET, WARN(NO_LOG_FILES),
	  BEFORE(FIO_3_39) },
	{ "log_alternate_epoch", "log_unix_epoch", .type = TYPE_BOOL, FORGET, WARN(NO_LOG_FILES),
	  SINCE(FIO_3_39) },
	{ "log_alternate_epoch_clock_id", .type = TYPE_NUMBER, FORGET, WARN(NO_LOG_FILES) },
	{ "log_compression", NEVER_ON(TYPE_NUMBER, NO_LOG_FILES) },
	{ "log_compression_cpus", NEVER(NO_LOG_FILES) },
	{ "log_store_compressed", NEVER_ON(TYPE_BOOL, NO_LOG_FILES) },
	{ "block_error_percentiles", .type = TYPE_BOOL, FORGET, WARN("no bad-block statistics") },
	{ "stats", .type = TYPE_BOOL, FORGET, WARN("results are always reported") },
	{ "disk_util", .type = TYPE_BOOL, FORGET, SILENT },
	{ "significant_figures", .type = TYPE_NUMBER, .minimum = 1, .maximum = 10, FORGET, SILENT },
	{ "job_start_clock_id", .type = TYPE_NUMBER, FORGET,
	  WARN("the machine's clock is the only one"), SINCE(FIO_3_39) },
	{ "clocksource", .type = TYPE_CHOICE, .choices = choices_clocksource, FORGET,
	  WARN("the time stamp counter is the only clock") },
	{ "gtod_cpu", .type = TYPE_NUMBER, FORGET,
	  WARN("the time stamp counter is the only clock") },

	/* Strided zones. */
	{ "zonemode", .type = TYPE_CHOICE, .choices = choices_zonemode, STORE(zonemode) },
	{ "zonesize", .type = TYPE_NUMBER, STORE(job.zonesize) },
	{ "zonerange", .type = TYPE_NUMBER, STORE(job.zonerange) },
	{ "zoneskip", .type = TYPE_NUMBER, STORE(job.zoneskip) },
	{ "zonecapacity", NEVER_ON(TYPE_NUMBER, NO_ZONES) },
	{ "read_beyond_wp", NEVER_ON(TYPE_BOOL, NO_ZONES) },
	{ "max_open_zones", NEVER_ON(TYPE_NUMBER, NO_ZONES) },
	{ "job_max_open_zones", NEVER_ON(TYPE_NUMBER, NO_ZONES) },
	{ "ignore_zone_limits", NEVER_ON(TYPE_BOOL, NO_ZONES) },
	{ "zone_reset_threshold", NEVER(NO_ZONES) },
	{ "zone_reset_frequency", NEVER(NO_ZONES) },
	{ "recover_zbd_write_error", NEVER_ON(TYPE_BOOL, NO_ZONES), SINCE(FIO_3_41) },

	/* Files. */
	{ "directory", .type = TYPE_TEXT, STORE(directory), WARN(NO_FILES) },
	{ "filename_format", .pass = PASS_LAST, .type = TYPE_TEXT, FORGET, WARN(NO_FILES) },
	{ "unique_filename", .type = TYPE_BOOL, FORGET, WARN(NO_FILES) },
	{ "opendir", NEVER(NO_FILES) },
	{ "lockfile", .pass = PASS_FIRST, .type = TYPE_CHOICE, .choices = choices_lockfile,
	  FORGET, WARN(NO_FILES) },
	{ "nrfiles", "nr_files", .type = TYPE_NUMBER, FORGET, WARN(NO_FILES) },
	{ "openfiles", .type = TYPE_NUMBER, FORGET, WARN(NO_FILES) },
	{ "file_service_type", .type = TYPE_CHOICE, .choices = choices_file_service, FORGET,
	  SILENT },
	{ "fallocate", .type = TYPE_CHOICE, .choices = choices_fallocate, FORGET,
	  WARN(NO_FILES) },
	{ "fadvise_hint", .type = TYPE_CHOICE, .choices = choices_fadvise_3_33, FORGET,
	  WARN(NO_CACHE), BEFORE(FIO_3_39) },
	{ "fadvise_hint", .type = TYPE_CHOICE, .choices = choices_fadvise, FORGET,
	  WARN(NO_CACHE), SINCE(FIO_3_39) },
	{ "filetype", .type = TYPE_CHOICE, .choices = choices_filetype, FORGET, WARN(NO_FILES),
	  SINCE(FIO_3_41) },
	{ "file_append", .type = TYPE_BOOL, FORGET, WARN(NO_FILES) },
	{ "overwrite", .type = TYPE_BOOL, FORGET, WARN(NO_FILES) },
	{ "create_serialize", .type = TYPE_BOOL, FORGET, WARN(NO_FILES) },
	{ "create_fsync", .type = TYPE_BOOL, FORGET, WARN(NO_FILES) },
	{ "create_on_open", .type = TYPE_BOOL, FORGET, WARN(NO_FILES) },
	{ "create_only", NEVER_ON(TYPE_BOOL, NO_FILES) },
	{ "allow_file_create", .type = TYPE_BOOL, FORGET, WARN(NO_FILES) },
	{ "allow_mounted_write", .type = TYPE_BOOL, FORGET, WARN(NO_FILES) },
	{ "pre_read", .type = TYPE_BOOL, FORGET, WARN(NO_CACHE) },
	{ "unlink", .type = TYPE_BOOL, FORGET, WARN(NO_FILES) },
	{ "unlink_each_loop", .type = TYPE_BOOL, FORGET, WARN(NO_FILES) },
	{ "invalidate", .type = TYPE_BOOL, FORGET, SILENT },
	{ "write_hint", .type = TYPE_CHOICE, .choices = choices_write_hint, FORGET,
	  WARN("the device takes no hints") },
	{ "sync_file_range", .type = TYPE_TEXT, FORGET, WARN(NO_CACHE) },
	{ "write_barrier", NEVER_ON(TYPE_NUMBER, "use fsync=") },
	{ "fdp", NEVER_ON(TYPE_BOOL, NO_PLACEMENT), SINCE(FIO_3_39) },
	{ "dataplacement", "data_placement", .type = TYPE_CHOICE, .choices = choices_placement,
	  FORGET, SILENT, SINCE(FIO_3_39) },
	{ "plid_select", "fdp_pli_select", .type = TYPE_CHOICE, .choices = choices_plid_select,
	  FORGET, WARN(NO_PLACEMENT), SINCE(FIO_3_39) },
	{ "plids", "fdp_pli", .type = TYPE_TEXT, FORGET, WARN(NO_PLACEMENT), SINCE(FIO_3_39) },
	{ "dp_scheme", NEVER(NO_FILES), SINCE(FIO_3_39) },
	{ "atomic", NEVER_ON(TYPE_BOOL, "the device has no atomic writes") },

	/* Data. */
	{ "buffer_compress_percentage", .type = TYPE_NUMBER, .maximum = 100, FORGET,
	  WARN(SHAPING) },
	{ "buffer_compress_chunk", .type = TYPE_NUMBER, FORGET, WARN(SHAPING) },
	{ "dedupe_percentage", .type = TYPE_NUMBER, .maximum = 100, FORGET, WARN(SHAPING) },
	{ "dedupe_mode", .type = TYPE_CHOICE, .choices = choices_dedupe_mode, FORGET,
	  WARN(SHAPING) },
	{ "dedupe_working_set_percentage", .type = TYPE_NUMBER, .maximum = 100, FORGET,
	  WARN(SHAPING) },
	{ "dedupe_global", .type = TYPE_BOOL, FORGET, WARN(SHAPING) },
	{ "mem", "iomem", .type = TYPE_CHOICE, .choices = choices_memory, FORGET, SILENT },
	{ "iomem_align", "mem_align", .type = TYPE_NUMBER, FORGET, SILENT },
	{ "hugepage-size", .type = TYPE_NUMBER, FORGET, SILENT },
	{ "lockmem", .type = TYPE_NUMBER, FORGET, SILENT },

	/* Verification that is done elsewhere or not at all. */
	{ "verify_dump", .type = TYPE_BOOL, FORGET, WARN(NO_FILES) },
	{ "verify_async", .type = TYPE_NUMBER, FORGET, WARN("the job's CPU verifies") },
	{ "verify_async_cpus", .type = TYPE_ANY, FORGET, WARN("the job's CPU verifies") },
	{ "verify_state_save", .type = TYPE_BOOL, FORGET, WARN(NO_FILES) },
	{ "verify_state_load", NEVER_ON(TYPE_BOOL, NO_FILES) },
	{ "experimental_verify", NEVER_ON(TYPE_BOOL, "blocks to verify are always recorded") },
	{ "verifysort", .type = TYPE_ANY, FORGET, WARN("deprecated in fio") },
	{ "verifysort_nr", .type = TYPE_ANY, FORGET, WARN("deprecated in fio") },
	{ "trim_percentage", NEVER_ON(TYPE_NUMBER, NO_TRIM_VERIFY) },
	{ "trim_verify_zero", .type = TYPE_BOOL, FORGET, WARN(NO_TRIM_VERIFY) },
	{ "trim_backlog", NEVER_ON(TYPE_NUMBER, NO_TRIM_VERIFY) },
	{ "trim_backlog_batch", NEVER_ON(TYPE_NUMBER, NO_TRIM_VERIFY) },
	{ "ignore_error", .type = TYPE_TEXT, FORGET, WARN("see continue_on_error=") },
	{ "error_dump", .type = TYPE_BOOL, FORGET, WARN("errors are always reported") },

	/* Replay. */
	{ "write_iolog", NEVER(NO_FILES) },
	{ "read_iolog", NEVER(NO_REPLAY) },
	{ "read_iolog_chunked", NEVER_ON(TYPE_BOOL, NO_REPLAY) },
	{ "replay_no_stall", NEVER_ON(TYPE_BOOL, NO_REPLAY) },
	{ "replay_redirect", NEVER(NO_REPLAY) },
	{ "replay_scale", NEVER(NO_REPLAY) },
	{ "replay_align", NEVER(NO_REPLAY) },
	{ "replay_time_scale", NEVER(NO_REPLAY) },
	{ "replay_skip", NEVER(NO_REPLAY) },
	{ "merge_blktrace_file", NEVER(NO_REPLAY) },
	{ "merge_blktrace_scalars", NEVER(NO_REPLAY) },
	{ "merge_blktrace_iters", NEVER(NO_REPLAY) },

	/* The operating system's. */
	{ "exec_prerun", NEVER(NO_SYSTEM) },
	{ "exec_postrun", NEVER(NO_SYSTEM) },
	{ "cgroup", NEVER(NO_SYSTEM) },
	{ "cgroup_weight", NEVER(NO_SYSTEM) },
	{ "cgroup_nodelete", NEVER_ON(TYPE_BOOL, NO_SYSTEM) },
	{ "uid", .type = TYPE_NUMBER, FORGET, WARN(NO_SYSTEM) },
	{ "gid", .type = TYPE_NUMBER, FORGET, WARN(NO_SYSTEM) },
	{ "nice", .type = TYPE_TEXT, FORGET, WARN(NO_SYSTEM) },
	{ "prio", .type = TYPE_NUMBER, .maximum = 7, FORGET, WARN(NO_PRIORITY) },
	{ "prioclass", .type = TYPE_NUMBER, .maximum = 3, FORGET, WARN(NO_PRIORITY) },
	{ "priohint", .type = TYPE_NUMBER, .maximum = 1023, FORGET, WARN(NO_PRIORITY),
	  SINCE(FIO_3_39) },
	{ "ioscheduler", .type = TYPE_TEXT, FORGET, WARN(NO_SYSTEM) },
	{ "numa_cpu_nodes", .type = TYPE_TEXT, FORGET, WARN("one NUMA node") },
	{ "numa_mem_policy", .type = TYPE_TEXT, FORGET, WARN("one NUMA node") },

	/* Profiles; fio takes their options without the profile, without effect. */
	{ "profile", NEVER("no profiles") },
	{ "threads", .type = TYPE_NUMBER, FORGET, SILENT },
	{ "block", .type = TYPE_NUMBER, FORGET, WARN(PROFILE) },
	{ "numruns", .type = TYPE_NUMBER, FORGET, WARN(PROFILE) },
	{ "dir", .type = TYPE_TEXT, FORGET, WARN(PROFILE) },
	{ "device-names", .type = TYPE_TEXT, FORGET, WARN(PROFILE) },
	{ "load", .type = TYPE_NUMBER, FORGET, WARN(PROFILE) },
	{ "prep", .type = TYPE_FLAG, FORGET, WARN(PROFILE) },
	{ "test-duration", .type = TYPE_TIME, .unit_us = SECOND_US, FORGET, WARN(PROFILE) },
	{ "threads-per-queue", .type = TYPE_NUMBER, FORGET, WARN(PROFILE) },
	{ "read-req-num-512-blocks", .type = TYPE_NUMBER, FORGET, WARN(PROFILE) },
	{ "large-block-op-kbytes", .type = TYPE_NUMBER, FORGET, WARN(PROFILE) },

	/* Gone from fio. */
	{ "flow_watermark", .type = TYPE_ANY, FORGET, WARN("deprecated in fio") },
	{ "rwmixcycle", NEVER("deprecated in fio") },
	{ "percentage_sequential", NEVER("deprecated in fio, use percentage_random=") },

	/* Of the engines that we play. */
	{ "hipri", .type = TYPE_FLAG, STORE(job.hipri), OF_ENGINES(URING | PVSYNC2) },
	{ "hipri_percentage", .type = TYPE_NUMBER, .maximum = 100, FORGET, OF_ENGINES(PVSYNC2),
	  WARN("hipri applies to all I/O") },
	{ "libaio_vectored", .type = TYPE_BOOL, FORGET, SILENT, OF_ENGINES(AIO), SINCE(FIO_3_39) },
	{ "userspace_reap", .type = TYPE_FLAG, FORGET, SILENT, OF_ENGINES(AIO) },
	{ "nowait", .type = TYPE_BOOL, FORGET, SILENT, OF_ENGINES(AIO | URING | PVSYNC2) },
	{ "fixedbufs", .type = TYPE_FLAG, FORGET, SILENT, OF_ENGINES(URING) },
	{ "registerfiles", .type = TYPE_FLAG, FORGET, SILENT, OF_ENGINES(URING) },
	{ "sqthread_poll", .type = TYPE_FLAG, FORGET, SILENT, OF_ENGINES(URING) },
	{ "sqthread_poll_cpu", .type = TYPE_NUMBER, FORGET, SILENT, OF_ENGINES(URING) },
	{ "nonvectored", .type = TYPE_NUMBER, FORGET, SILENT, OF_ENGINES(URING) },
	{ "uncached", .type = TYPE_NUMBER, FORGET, SILENT, OF_ENGINES(URING | PVSYNC2) },
	{ "force_async", .type = TYPE_NUMBER, FORGET, SILENT, OF_ENGINES(URING) },
	{ "cmd_type", .type = TYPE_TEXT, FORGET, SILENT, OF_ENGINES(URING) },
	{ "readfua", OF_NVME }, { "writefua", OF_NVME }, { "write_mode", OF_NVME },
	{ "verify_mode", OF_NVME }, { "deac", OF_NVME }, { "md_per_io_size", OF_NVME },
	{ "pi_act", OF_NVME }, { "pi_chk", OF_NVME }, { "apptag", OF_NVME },
	{ "apptag_mask", OF_NVME },
	{ "cmdprio", .type = TYPE_ANY, FORGET, WARN(NO_PRIORITY), OF_ENGINES(AIO | URING) },
	{ "cmdprio_class", .type = TYPE_ANY, FORGET, WARN(NO_PRIORITY), OF_ENGINES(AIO | URING) },
	{ "cmdprio_hint", .type = TYPE_ANY, FORGET, WARN(NO_PRIORITY), OF_ENGINES(AIO | URING),
	  SINCE(FIO_3_39) },
	{ "cmdprio_percentage", .type = TYPE_ANY, FORGET, WARN(NO_PRIORITY),
	  OF_ENGINES(AIO | URING) },
	{ "cmdprio_bssplit", .type = TYPE_ANY, FORGET, WARN(NO_PRIORITY),
	  OF_ENGINES(AIO | URING) },

	/* Of engines that do not exist here; without their engine fio knows none of them. */
	FOREIGN("arguments"),
	FOREIGN("bindname"),
	FOREIGN("brick"),
	FOREIGN("busy_poll"),
	FOREIGN("busy_wait_polling"),
	FOREIGN("chunk_size"),
	FOREIGN("clientname"),
	FOREIGN("clustername"),
	FOREIGN("conf"),
	FOREIGN("cont"),
	FOREIGN("cpuchunks"),
	FOREIGN("cpuload"),
	FOREIGN("cpumode"),
	FOREIGN("cuda_io"),
	FOREIGN("direct_write_to_pmem"),
	FOREIGN("donorname"),
	FOREIGN("exit_on_io_done"),
	FOREIGN("gpu_dev_id"),
	FOREIGN("gpu_dev_ids"),
	FOREIGN("grace_time"),
	FOREIGN("hostname"),
	FOREIGN("http_host"),
	FOREIGN("http_mode"),
	FOREIGN("http_pass"),
	FOREIGN("http_s3_key"),
	FOREIGN("http_s3_keyid"),
	FOREIGN("http_s3_region"),
	FOREIGN("http_s3_security_token"),
	FOREIGN("http_s3_sse_customer_algorithm"),
	FOREIGN("http_s3_sse_customer_key"),
	FOREIGN("http_s3_storage_class"),
	FOREIGN("http_swift_auth_token"),
	FOREIGN("http_user"),
	FOREIGN("http_verbose"),
	FOREIGN("https"),
	FOREIGN("initiator"),
	FOREIGN("inplace"),
	FOREIGN("interface"),
	FOREIGN("listen"),
	FOREIGN("mss"),
	FOREIGN("namenode"),
	FOREIGN("nfs_url"),
	FOREIGN("nodelay"),
	FOREIGN("object_class"),
	FOREIGN("pingpong"),
	FOREIGN("pool"),
	FOREIGN("port"),
	FOREIGN("program"),
	FOREIGN("protocol"),
	FOREIGN("rbdname"),
	{ "readfua", .type = TYPE_ANY, FORGET, OF_ENGINES(BIT(NAMED_ABSENT)), BEFORE(FIO_3_39) },
	FOREIGN("serverip"),
	FOREIGN("sg_write_mode"),
	FOREIGN("single-instance"),
	FOREIGN("skip_bad"),
	FOREIGN("stat_type"),
	FOREIGN("std_redirect"),
	FOREIGN("stream_id"),
	FOREIGN("svcl"),
	FOREIGN("thp"),
	FOREIGN("touch_objects"),
	FOREIGN("ttl"),
	FOREIGN("uri"),
	FOREIGN("verb"),
	FOREIGN("volume"),
	FOREIGN("window_size"),
	{ "writefua", .type = TYPE_ANY, FORGET, OF_ENGINES(BIT(NAMED_ABSENT)), BEFORE(FIO_3_39) },
	FOREIGN("xnvme_async"),
	FOREIGN("xnvme_be"),
	FOREIGN("xnvme_dev_nsid"),
	FOREIGN("xnvme_iovec"),
	FOREIGN("xnvme_sync"),
	FOREIGN("xnvme_admin"),

	{ .name = NULL },
};
