/* SPDX-License-Identifier: MIT */
/* Rules between the options of a job, and between jobs (bench/job/check.c). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/bench/job/job_rig.h"

static void a_job_needs_a_disk(void **state)
{
	(void)state;
	rig_assert_refused("[a]\nrw=randwrite\n",
			   "t.fio:1: filename: job a names no disk; use filename=<device>");
	rig_assert_refused("\n[b]\nrw=read\nsize=1m\n",
			   "t.fio:2: filename: job b names no disk; use filename=<device>");
	rig_assert_refused("[a]\ndirectory=/tmp\nsize=1m\n",
			   "t.fio:1: directory: needs a file system; use filename=<device>");
	/* With a disk a directory does no harm. */
	rig_job_with("directory=/tmp\n");
	assert_string_equal(rig_warnings, "fio: directory=/tmp: no effect on this target (no "
					  "file system), ignored\n");
}

static void the_null_engine_needs_a_size_and_names_its_file(void **state)
{
	(void)state;
	rig_assert_refused("[a]\nioengine=null\n", "a: you need to specify size=");
	rig_assert_refused("[a]\nioengine=null\nio_size=1m\n", "a: you need to specify size=");
	rig_assert_refused("[a]\nioengine=null\nsize=50%\n", "a: you need to specify size=");
	assert_int_equal(rig_only_job("[a]\nioengine=null\nfilesize=1m\n")->file_count, 1);
	assert_int_equal(rig_parse("[a b]\nname=c\nioengine=null\nsize=1m\nnumjobs=3\n"), 0);
	assert_string_equal(rig_set.jobs[0].files[0], "a b.0.0");
	assert_string_equal(rig_set.jobs[1].files[0], "a b.2.0");
	assert_string_equal(rig_set.jobs[2].files[0], "a b.1.0");
	assert_int_equal(rig_set.jobs[2].file_count, 1);
}

static void a_file_size_leaves_the_size_alone(void **state)
{
	(void)state;
	assert_int_equal(rig_job_with("filesize=1m\nsize=4m\n")->size.bytes, 4 << 20);
	assert_int_equal(rig_job_with("filesize=1m\nsize=4m\n")->filesize_bytes, 1 << 20);
	assert_int_equal(rig_job_with("filesize=2m-1m\n")->filesize_bytes, 2 << 20);
	rig_assert_option_refused("filesize=0\n", "t.fio:3: filesize: a file without a byte");
}

static void a_size_holds_a_block(void **state)
{
	(void)state;
	rig_assert_option_refused("bs=4k\nsize=1k\n",
				  "fio: size too small, must not be less than minimum block size: "
				  "1024 < 4096");
	assert_string_equal(rig_errors,
			    "t.fio:1: size: smaller than the smallest block\n"
			    "fio: size too small, must not be less than minimum block size: 1024 "
			    "< 4096\n"
			    "fio: job a dropped\n");
	rig_job_with("bs=4k,16k\nsize=4k\nrw=write\n");
	rig_job_with("bsrange=1k-8k\nsize=1k\n");
	rig_job_with("filename=/dev/vdb\nbs=1k\nsize=2k\n");
	rig_assert_option_refused("filename=/dev/vdb\nbs=1k\nsize=2047\n",
				  "t.fio:1: size: smaller than the smallest block on each disk");
}

static void another_alignment_ends_the_map(void **state)
{
	const char *note = "fio: Any use of blockalign= turns off randommap\n";

	(void)state;
	const struct job *job = rig_job_with("rw=randread\nba=8k\n");
	assert_true(job->norandommap);
	assert_int_equal(job->blockalign[DIR_READ], 8192);
	assert_string_equal(rig_warnings, note);
	job = rig_job_with("rw=randread\nbsrange=4k-64k\nblockalign=4k\n");
	assert_false(job->norandommap);
	assert_string_equal(rig_warnings, "");
	rig_job_with("rw=randread\nba=4k,8k\n");
	assert_string_equal(rig_warnings, note);
	rig_job_with("rw=read\nba=8k\n");
	assert_string_equal(rig_warnings, "");
	rig_job_with("rw=randread\nba=8k\nnorandommap\n");
	assert_string_equal(rig_warnings, "");
}

static void synchronous_engines_have_a_depth_of_1(void **state)
{
	(void)state;
	const struct job *job = rig_job_with("iodepth=16\nioengine=psync\n");
	assert_int_equal(job->iodepth, 1);
	assert_int_equal(job->iodepth_low, 1);
	assert_string_equal(rig_warnings,
			    "note: both iodepth >= 1 and synchronous I/O engine are selected, "
			    "queue depth will be capped at 1\n");
	assert_int_equal(rig_job_with("iodepth=16\nioengine=libaio\n")->iodepth, 16);
	assert_string_equal(rig_warnings, "");
}

static void a_limit_of_reaping_is_noted_if_it_would_limit(void **state)
{
	(void)state;
	rig_job_with("ioengine=libaio\niodepth=16\niodepth_batch=8\n"
		     "iodepth_batch_complete_max=8\n");
	assert_string_equal(rig_warnings, "");
	rig_job_with("ioengine=libaio\niodepth=16\niodepth_batch=16\n"
		     "iodepth_batch_complete_max=8\n");
	assert_string_equal(rig_warnings,
			    "fio: iodepth_batch_complete_max=8: no effect on this target (what "
			    "has completed is always delivered), ignored\n");
}

static void overlap_is_seen_within_one_job(void **state)
{
	(void)state;
	assert_true(rig_job_with("serialize_overlap=1\n")->serialize_overlap);
	assert_true(rig_job_with("io_submit_mode=offload\n")->offload);
	rig_parse("[a]\nfilename=/dev/vda\nserialize_overlap=1\nio_submit_mode=offload\n");
	assert_int_equal(rig_set.job_count, 0);
	assert_non_null(strstr(rig_errors, "serialize_overlap: not together"));
}

static void thinking_by_time_counts_no_blocks(void **state)
{
	(void)state;
	assert_int_equal(rig_job_with("thinktime=1\n")->thinktime_blocks, 1);
	assert_int_equal(rig_job_with("thinktime=1\nthinktime_iotime=1\n")->thinktime_blocks, 0);
	assert_int_equal(rig_job_with("thinktime=1\nthinktime_iotime=1\nthinktime_blocks=4\n")
				 ->thinktime_blocks, 4);
}

static void batches_fit_the_depth(void **state)
{
	static const struct {
		const char *options;
		uint32_t batch, complete_min, complete_max, low;
	} cases[] = {
		{ "", 1, 1, 1, 16 },
		{ "iodepth_batch=0\n", 16, 1, 1, 16 },
		{ "iodepth_batch_submit=8\n", 8, 1, 1, 16 },
		{ "iodepth_batch=99\niodepth_low=99\n", 16, 1, 1, 16 },
		{ "iodepth_low=4\n", 1, 1, 1, 4 },
		{ "iodepth_batch_complete=8\n", 1, 8, 8, 16 },
		{ "iodepth_batch_complete_min=0\n", 1, 0, 0, 16 },
		{ "iodepth_batch_complete_min=2\niodepth_batch_complete_max=8\n", 1, 2, 8, 16 },
		{ "iodepth_batch_complete_min=5\niodepth_batch_complete_max=2\n", 1, 5, 5, 16 },
		{ "iodepth_batch_complete_min=99\n", 1, 16, 16, 16 },
	};
	char options[256];

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		snprintf(options, sizeof(options), "ioengine=libaio\niodepth=16\n%s",
			 cases[i].options);
		const struct job *job = rig_job_with(options);
		assert_int_equal(job->iodepth_batch, cases[i].batch);
		assert_int_equal(job->iodepth_batch_complete_min, cases[i].complete_min);
		assert_int_equal(job->iodepth_batch_complete_max, cases[i].complete_max);
		assert_int_equal(job->iodepth_low, cases[i].low);
	}
}

static void time_based_needs_a_runtime(void **state)
{
	(void)state;
	assert_false(rig_job_with("time_based\n")->time_based);
	assert_string_equal(rig_warnings, "fio: time_based requires a runtime/timeout setting\n");
	assert_true(rig_job_with("time_based\ntimeout=3\n")->time_based);
	assert_string_equal(rig_warnings, "");
}

static void pauses_and_windows_follow_each_other(void **state)
{
	(void)state;
	assert_int_equal(rig_job_with("thinktime=5\nthinktime_spin=9\n")->thinktime_spin_us, 5);
	assert_int_equal(rig_job_with("thinktime=9\nthinktime_spin=5\n")->thinktime_spin_us, 5);
	assert_int_equal(
		rig_job_with("latency_target=10ms\nruntime=3\n")->latency_window_us, 3000000);
	assert_int_equal(rig_job_with("latency_target=10ms\nruntime=3\nlatency_window=1s\n")
				 ->latency_window_us, 1000000);
}

static void rates_exclude_each_other(void **state)
{
	const char *words = "fio: rate and rate_iops are mutually exclusive";

	(void)state;
	rig_assert_option_refused("rate=1m\nrate_iops=100\n", words);
	rig_assert_option_refused("rate=,1m\nrate_iops=10,0\n", words);
	rig_assert_option_refused("rate_min=1m\nrate_iops_min=100\n", words);
	rig_job_with("rate=1m\nrate_iops_min=10\n");
	rig_job_with("rate=0\nrate_iops=5\n");
	rig_assert_option_refused("rate=1k\nrate_min=2k\n",
				  "fio: minimum rate exceeds rate, ddir 0");
	rig_assert_option_refused("rate_iops=10,30\nrate_iops_min=10,31\n",
				  "fio: minimum rate exceeds rate, ddir 2");
	assert_null(strstr(rig_errors, "ddir 0"));
	rig_job_with("rate=2k\nratemin=2k\n");
	rig_job_with("rate_min=2k\n");
}

static void intervals_divide_blocks(void **state)
{
	(void)state;
	assert_int_equal(rig_job_with("verify=crc32c\nrw=write\n")->verify_interval, 0);
	assert_int_equal(
		rig_job_with("verify=crc32c\nrw=write\nbsrange=4k-6k\n")->verify_interval, 2048);
	assert_int_equal(rig_job_with("verify=crc32c\nrw=write\nbs=64k\nverify_interval=4k\n")
				 ->verify_interval, 4096);
	assert_int_equal(rig_job_with("verify=crc32c\nrw=write\nverify_interval=8k\n")
				 ->verify_interval, 0);
	/* Reads are checked by their own size when the job writes none. */
	assert_int_equal(rig_job_with("verify=crc32c\nrw=read\nbs=8k,3k\nverify_interval=4k\n")
				 ->verify_interval, 4096);
	rig_assert_option_refused("verify=crc32c\nrw=write\nverify_interval=3k\n",
				  "t.fio:1: verify_interval: does not divide the block size");
	/* Without verify= nobody looks. */
	rig_job_with("rw=write\nverify_interval=3k\n");
}

static void verification_must_be_possible(void **state)
{
	(void)state;
	rig_assert_option_refused("verify=pattern\n",
				  "t.fio:1: verify: pattern needs verify_pattern=");
	rig_assert_option_refused("verify=md5\nverify_offset=4090\n",
				  "t.fio:1: verify_offset: leaves no room for the header");
	rig_job_with("verify=md5\nverify_offset=4036\n");
	rig_assert_option_refused("verify=md5\nverify_offset=4036\nverify_interval=512\n",
				  "t.fio:1: verify_offset: leaves no room for the header");
	assert_int_equal(rig_job_with("verify=md5\nverify_backlog=7\n")->verify_backlog_batch, 7);
	assert_int_equal(rig_job_with("verify=md5\nverify_backlog=7\nverify_backlog_batch=3\n")
				 ->verify_backlog_batch, 3);
}

static void doubtful_verification_is_noted(void **state)
{
	const char *writers = "fio: multiple writers may overwrite blocks that belong to other "
			      "jobs. This can cause verification failures.\n";

	(void)state;
	rig_parse(ONE_JOB "rw=write\nverify=md5\nnumjobs=2\n");
	assert_string_equal(rig_warnings, writers);
	rig_parse(ONE_JOB "rw=write\nverify=md5\nnumjobs=2\ndo_verify=0\n");
	assert_string_equal(rig_warnings, "");
	rig_job_with("rw=write\nverify=md5\ntime_based\nruntime=1\n");
	assert_string_equal(rig_warnings, "");
	rig_job_with("rw=randwrite\nverify=md5\nbsrange=4k-8k\nnorandommap\n");
	assert_string_equal(rig_warnings, "");
}

static void strided_zones_have_a_size(void **state)
{
	(void)state;
	const struct job *job = rig_job_with("zonemode=strided\nzonesize=8k\nzoneskip=4k\n");
	assert_true(job->zonemode_strided);
	assert_int_equal(job->zonerange, 8192);
	assert_int_equal(job->zoneskip, 4096);
	assert_int_equal(rig_job_with("zonemode=strided\nzonesize=8k\nzonerange=16k\n")->zonerange,
			 16384);
	assert_false(rig_job_with("zonemode=none\n")->zonemode_strided);
	rig_assert_option_refused("zonemode=strided\n",
				  "fio: --zonesize must be specified when using "
				  "--zonemode=strided.");
	rig_assert_option_refused("zonesize=8k\n",
				  "fio: --zonemode=none and --zonesize are not compatible.");
	rig_assert_option_refused("zonemode=zbd\nzonesize=8k\n",
				  "t.fio:3: zonemode: zbd is not supported on this target (no "
				  "zoned devices)");
}

static void exit_what_counts_only_with_exitall(void **state)
{
	(void)state;
	assert_int_equal(rig_job_with("exit_what=all\n")->exit_what, 0);
	assert_int_equal(rig_job_with("exitall\n")->exit_what, 1);
	assert_int_equal(rig_job_with("exitall_on_error\nexit_what=stonewall\n")->exit_what, 2);
	assert_int_equal(rig_job_with("exitall=1\nexit_what=all\n")->exit_what, 3);
}

static void some_options_end_in_two_fields(void **state)
{
	(void)state;
	assert_true(rig_job_with("random_generator=lfsr\n")->random_generator_set);
	assert_int_equal(rig_job_with("random_generator=lfsr\n")->random_generator, JOB_LFSR);
	assert_true(rig_job_with("unified_rw_reporting=1\n")->unified_mixed);
	assert_false(rig_job_with("unified_rw_reporting=1\n")->unified_both);
	assert_true(rig_job_with("unified_rw_reporting=both\n")->unified_both);
	assert_true(rig_job_with("fsync_on_close=1\n")->end_fsync);
	assert_int_equal(rig_job_with("loops=0\n")->loops, 1);
	assert_true(rig_job_with("randseed=5\n")->randseed_set);
	assert_int_equal(rig_job_with("randseed=5\n")->randseed, 5);
}

static void jobs_wait_for_one_earlier_job(void **state)
{
	(void)state;
	assert_int_equal(rig_parse("[global]\nfilename=/dev/vda\n[a]\nnumjobs=3\n[b]\nwait_for=a\n"
				   "[c]\nwait_for=b\n"),
			 0);
	assert_string_equal(rig_set.jobs[3].wait_for, "a");
	rig_assert_refused("[global]\nfilename=/dev/vda\n[a]\nwait_for=b\n[b]\n",
			   "a: waitee job b unknown.");
	rig_assert_refused("[global]\nfilename=/dev/vda\n[a]\nwait_for=a\n",
			   "a: a job cannot wait for itself (wait_for=a).");
	rig_assert_refused("[global]\nfilename=/dev/vda\n[a]\n[a]\n[b]\nwait_for=a\n",
			   "b: multiple waitees a found,");
	assert_string_equal(rig_errors, "t.fio:5: wait_for: 2 jobs are called a\n"
					"b: multiple waitees a found,\n"
					"please avoid duplicates when using wait_for option.\n"
					"fio: job b dropped\n");
	/* name= is the name. */
	assert_int_equal(rig_parse("[global]\nfilename=/dev/vda\n[a]\nname=x\n[b]\nwait_for=x\n"),
			 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RIG_TEST(a_job_needs_a_disk),
		RIG_TEST(the_null_engine_needs_a_size_and_names_its_file),
		RIG_TEST(a_file_size_leaves_the_size_alone),
		RIG_TEST(a_size_holds_a_block),
		RIG_TEST(another_alignment_ends_the_map),
		RIG_TEST(synchronous_engines_have_a_depth_of_1),
		RIG_TEST(batches_fit_the_depth),
		RIG_TEST(a_limit_of_reaping_is_noted_if_it_would_limit),
		RIG_TEST(thinking_by_time_counts_no_blocks),
		RIG_TEST(overlap_is_seen_within_one_job),
		RIG_TEST(time_based_needs_a_runtime),
		RIG_TEST(pauses_and_windows_follow_each_other),
		RIG_TEST(rates_exclude_each_other),
		RIG_TEST(intervals_divide_blocks),
		RIG_TEST(verification_must_be_possible),
		RIG_TEST(doubtful_verification_is_noted),
		RIG_TEST(strided_zones_have_a_size),
		RIG_TEST(exit_what_counts_only_with_exitall),
		RIG_TEST(some_options_end_in_two_fields),
		RIG_TEST(jobs_wait_for_one_earlier_job),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
