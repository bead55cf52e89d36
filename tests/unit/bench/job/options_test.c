/* SPDX-License-Identifier: MIT */
/* The table of options and what becomes of each (bench/job/options.c, job/option_table.c). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "bench/job/job_impl.h"
#include "tests/unit/bench/job/job_rig.h"

static void names_are_unique(void **state)
{
	(void)state;
	for (const struct job_option_rule *a = job_option_table; a->name; a++)
		for (const struct job_option_rule *b = a + 1; b->name; b++) {
			if ((a->before && a->before <= b->since) ||
			    (b->before && b->before <= a->since))
				continue; /* never both */
			assert_string_not_equal(a->name, b->name);
			if (a->alias)
				assert_string_not_equal(a->alias, b->name);
			if (b->alias)
				assert_string_not_equal(a->name, b->alias);
			if (a->alias && b->alias)
				assert_string_not_equal(a->alias, b->alias);
		}
}

/* A row that disagrees with itself would write past its field. */
static void rows_fit_their_fields(void **state)
{
	(void)state;
	for (const struct job_option_rule *rule = job_option_table; rule->name; rule++) {
		size_t end = (size_t)rule->offset + (size_t)rule->width * rule->count;

		assert_true(rule->count == 1 || rule->count == DIR_COUNT);
		if (rule->offset != JOB_NOT_STORED)
			assert_true(end <= sizeof(struct job_draft));
		if (rule->type == TYPE_SIZE)
			assert_true(rule->width == sizeof(struct job_size));
		else
			assert_true(rule->width == 1 || rule->width == 4 || rule->width == 8);
		if (rule->type == TYPE_TIME || rule->type == TYPE_TEXT)
			assert_int_equal(rule->width, 8);
		if (rule->type == TYPE_BOOL && rule->offset != JOB_NOT_STORED)
			assert_int_equal(rule->width, sizeof(bool));
		if (rule->type == TYPE_NUMBER)
			assert_true(rule->width >= 4);
		assert_int_equal(rule->type == TYPE_CHOICE, rule->choices != NULL);
		assert_int_equal(rule->type == TYPE_HANDLER, rule->handler != NULL);
		assert_int_equal(rule->engines != 0, rule->pass == PASS_ENGINE);
		if (rule->accept == ACCEPT_WARN || rule->accept == ACCEPT_NEVER)
			assert_non_null(rule->reason);
		if (rule->accept != ACCEPT_FULL && rule->offset != JOB_NOT_STORED)
			assert_string_equal(rule->name, "directory");
		if (rule->type == TYPE_TIME)
			assert_true(rule->unit_us >= 1);
	}
}

/* --- every name that fio knows --- */

static const char *outcome(const char *option, const char *value, const char *engine)
{
	char text[512];

	snprintf(text, sizeof(text), ONE_JOB "ioengine=%s\n%s%s%s\n", engine, option,
		 value[0] ? "=" : "", value);
	if (!rig_parse(text))
		return strstr(rig_warnings, "no effect on this target") ? "warn" : "accept";
	return strstr(rig_errors, "unknown option")			 ? "unknown" :
	       strstr(rig_errors, "an option of fio ")			 ? "other" :
	       strstr(rig_errors, "not an option of this job's I/O engine") ? "foreign" :
	       strstr(rig_errors, "not supported on this target")	 ? "refuse" :
									   "error";
}

static uint32_t release_called(const char *name)
{
	uint32_t release = 0;

	while (release < FIO_VERSION_COUNT && strcmp(fio_versions[release].name, name) != 0)
		release++;
	if (release == FIO_VERSION_COUNT)
		fail_msg("fio %s", name);
	return release;
}

/* releases: "3.39-", "-3.39" or "" for all. */
static bool knows(uint32_t release, const char *releases)
{
	char name[16];

	if (!releases[0])
		return true;
	snprintf(name, sizeof(name), "%.*s", (int)strspn(releases + (releases[0] == '-'),
							 "0123456789."),
		 releases + (releases[0] == '-'));
	return releases[0] == '-' ? release < release_called(name) :
				    release >= release_called(name);
}

static void every_option_of_fio_has_its_outcome(void **state)
{
	char line[256], name[64], value[128], engine[32], wanted[32], releases[32];
	unsigned number = 0, cases = 0;
	FILE *file = fopen("tests/data/fio_options.txt", "r");

	(void)state;
	assert_non_null(file);
	while (fgets(line, sizeof(line), file)) {
		number++;
		if (line[0] == '#' || line[0] == '\n')
			continue;
		releases[0] = '\0';
		assert_in_range(sscanf(line, "%63s %31s %127s %31s %31s", name, wanted, value,
				       engine, releases), 4, 5);
		for (uint32_t release = 0; release < FIO_VERSION_COUNT; release++) {
			rig_environment.fio_version = release;
			const char *found = outcome(name, strcmp(value, "-") ? value : "", engine);
			if (strcmp(found, wanted) != 0 && knows(release, releases))
				fail_msg("line %u, fio %s: %s=%s is \"%s\", not \"%s\"\n%s",
					 number, fio_versions[release].name, name, value, found,
					 wanted, rig_errors);
			cases++;
		}
	}
	fclose(file);
	assert_true(cases > 250 * FIO_VERSION_COUNT);
}

static void an_option_of_another_release_is_refused_with_its_name(void **state)
{
	(void)state;
	rig_environment.fio_version = FIO_3_33;
	rig_assert_option_refused("verify_header_seed=0\n",
				  "t.fio:3: verify_header_seed: an option of fio 3.41; this run "
				  "follows 3.33 (fio_version=)");
	rig_assert_option_refused("verify_header_seed=0\n", "Bad option <verify_header_seed=0>");
	assert_null(strstr(rig_errors, "Did you mean"));
	rig_environment.fio_version = FIO_3_39;
	assert_int_equal(rig_job_with("verify_header_seed=0\n")->verify_header_seed, 0);
	rig_assert_option_refused("filetype=block\n",
				  "t.fio:3: filetype: an option of fio 3.41; this run follows "
				  "3.39 (fio_version=)");
}

/* An alias from 3.39 on: what fio says of both, it says of randrepeat. */
static void allrandrepeat_means_what_its_release_has_it_mean(void **state)
{
	(void)state;
	rig_environment.fio_version = FIO_3_33;
	const struct job *job = rig_job_with("allrandrepeat=0\n");
	assert_true(job->randrepeat);
	rig_environment.fio_version = FIO_3_39;
	job = rig_job_with("allrandrepeat=0\n");
	assert_false(job->randrepeat);
	assert_string_equal(job->options[0].name, "randrepeat");
}

static void rows_without_a_case_are_noticed(void **state)
{
	static char text[65536];
	char name[80];
	FILE *file = fopen("tests/data/fio_options.txt", "r");

	(void)state;
	assert_non_null(file);
	text[0] = '\n';
	text[1 + fread(text + 1, 1, sizeof(text) - 2, file)] = '\0';
	fclose(file);
	for (const struct job_option_rule *rule = job_option_table; rule->name; rule++) {
		snprintf(name, sizeof(name), "\n%s ", rule->name);
		if (!strstr(text, name))
			fail_msg("no case for %s", rule->name);
	}
}

/* --- fields --- */

struct field_case {
	const char *option;
	size_t offset, width;
	uint64_t wanted;
};

#define CASE(option, field, wanted) \
	{ option, offsetof(struct job, field), sizeof(((struct job *)NULL)->field), wanted }

static uint64_t read_field(const struct job *job, const struct field_case *field)
{
	uint64_t value = 0;

	memcpy(&value, (const char *)job + field->offset, field->width);
	return value;
}

static const struct field_case field_cases[] = {
	CASE("rw_sequencer=identical", sequencer_identical, true),
	CASE("bs_is_seq_rand=1", bs_is_seq_rand, true),
	CASE("offset_align=81", offset_align, 81),
	CASE("fill_device=1", fill_device, true),
	CASE("number_ios=81", number_ios, 81),
	CASE("loops=81", loops, 81),
	CASE("serialize_overlap=1", serialize_overlap, true),
	CASE("io_submit_mode=offload", offload, true),
	CASE("group_reporting=1", group_reporting, true),
	CASE("new_group=1", new_group, true),
	CASE("stonewall=1", stonewall, true),
	CASE("runtime=3ms", runtime_us, 3000),
	CASE("ramp_time=3ms", ramp_time_us, 3000),
	CASE("exitall=1", exitall, true),
	CASE("exitall_on_error=1", exitall_on_error, true),
	CASE("flow=81", flow, 81),
	CASE("flow_id=81", flow_id, 81),
	CASE("flow_sleep=81", flow_sleep_us, 81),
	CASE("thinktime=3ms", thinktime_us, 3000),
	CASE("thinktime_iotime=3ms", thinktime_iotime_us, 3000),
	CASE("thinktime_blocks=81", thinktime_blocks, 81),
	CASE("thinktime_blocks_type=issue", thinktime_blocks_issue, true),
	CASE("rate_process=poisson", rate_process, JOB_RATE_POISSON),
	CASE("rate_cycle=81", rate_cycle_ms, 81),
	CASE("latency_target=3ms", latency_target_us, 3000),
	CASE("latency_window=3ms", latency_window_us, 3000),
	CASE("latency_run=1", latency_run, true),
	CASE("max_latency=3ms", max_latency_us[DIR_TRIM], 3000),
	CASE("randrepeat=0", randrepeat, false),
	CASE("allrandrepeat=1", allrandrepeat, true),
	CASE("norandommap=1", norandommap, true),
	CASE("percentage_random=81", percentage_random[DIR_TRIM], 81),
	CASE("sync=dsync", sync, JOB_SYNC_DSYNC),
	CASE("fsync=81", fsync, 81),
	CASE("fdatasync=81", fdatasync, 81),
	CASE("end_fsync=1", end_fsync, true),
	CASE("verify=meta", verify, JOB_VERIFY_META),
	CASE("do_verify=0", do_verify, false),
	CASE("verify_only=1", verify_only, true),
	CASE("verify_fatal=1", verify_fatal, true),
	CASE("verify_interval=81", verify_interval, 81),
	CASE("verify_offset=81", verify_offset, 81),
	CASE("verify_backlog=81", verify_backlog, 81),
	CASE("verify_backlog_batch=81", verify_backlog_batch, 81),
	CASE("zero_buffers=1", zero_buffers, true),
	CASE("refill_buffers=1", refill_buffers, true),
	CASE("scramble_buffers=0", scramble_buffers, false),
	CASE("cpus_allowed_policy=split", cpus_split, true),
	CASE("gtod_reduce=1", gtod_reduce, true),
	CASE("disable_lat=1", disable_lat, true),
	CASE("disable_clat=1", disable_clat, true),
	CASE("disable_slat=1", disable_slat, true),
	CASE("disable_bw_measurement=1", disable_bw, true),
	CASE("clat_percentiles=0", clat_percentiles, false),
	CASE("lat_percentiles=1", lat_percentiles, true),
	CASE("slat_percentiles=1", slat_percentiles, true),
	CASE("kb_base=1000", kb_base, 1000),
	CASE("per_job_logs=0", per_job_logs, false),
	CASE("log_avg_msec=81", log_avg_msec, 81),
	CASE("log_hist_msec=81", log_hist_msec, 81),
	CASE("log_max_value=1", log_max_value, true),
	CASE("log_offset=1", log_offset, true),
	CASE("bwavgtime=81", bwavgtime_ms, 81),
	CASE("iopsavgtime=81", iopsavgtime_ms, 81),
	CASE("zoneskip=81", zoneskip, 81),
	CASE("hipri=1", hipri, true),
	CASE("log_hist_coarseness=5", log_hist_coarseness, 5),
	CASE("rate=81", rate_bytes[DIR_TRIM], 81),
	CASE("rate_min=81", rate_min_bytes[DIR_TRIM], 81),
	CASE("rate_iops=81", rate_iops[DIR_TRIM], 81),
	CASE("rate_iops_min=81", rate_iops_min[DIR_TRIM], 81),
};

static void every_option_reaches_its_field(void **state)
{
	char options[128];

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(field_cases); i++) {
		const struct field_case *field = &field_cases[i];
		const struct job *job = rig_job_with("ioengine=io_uring\n");

		if (read_field(job, field) == field->wanted)
			fail_msg("%s is the default", field->option);
		snprintf(options, sizeof(options), "ioengine=io_uring\n%s\n", field->option);
		job = rig_job_with(options);
		if (read_field(job, field) != field->wanted)
			fail_msg("%s does not reach its field", field->option);
	}
}

/* --- words --- */

static void a_warning_names_option_value_and_reason(void **state)
{
	(void)state;
	rig_job_with("nrfiles=4\nunlink=1\n");
	assert_string_equal(rig_warnings,
			    "fio: nrfiles=4: no effect on this target (no file system), ignored\n"
			    "fio: unlink=1: no effect on this target (no file system), ignored\n");
	rig_job_with("thread\ninvalidate=0\nthreads=4\n");
	assert_string_equal(rig_warnings, "");
	/* A value that fio would refuse is still an error. */
	rig_assert_option_refused("nrfiles=x\n", "t.fio:3: nrfiles: \"x\": not a number");
	rig_assert_option_refused("fallocate=x\n",
				  "t.fio:3: fallocate: \"x\" is not one of none, native, posix, "
				  "keep, truncate, 0, 1");
}

static void a_refusal_names_the_reason(void **state)
{
	(void)state;
	rig_assert_option_refused("read_iolog=x\n",
				  "t.fio:3: read_iolog: not supported on this target (no replay of "
				  "I/O logs)");
	assert_string_equal(rig_errors,
			    "t.fio:3: read_iolog: not supported on this target (no replay of I/O "
			    "logs)\n"
			    "fio: option read_iolog: not supported on this target (no replay of "
			    "I/O logs)\n"
			    "fio: job a dropped\n");
	rig_assert_option_refused("experimental_verify=1\n",
				  "t.fio:3: experimental_verify: not supported on this target "
				  "(blocks to verify are always recorded)");
	rig_job_with("experimental_verify=0\n");
	rig_assert_option_refused("verify=sha512\n",
				  "t.fio:3: verify: sha512 is not supported on this target (fio "
				  "3.33 misses corruption with it)");
}

static void unknown_names_get_fios_words(void **state)
{
	static const char *const cases[][2] = {
		/* As fio answers them. */
		{ "iodepht=3", "Did you mean iodepth?" },
		{ "bsize=4k", "Did you mean size?" },
		{ "foo", "Did you mean flow?" },
		{ "bar=2", "Did you mean ba?" },
		{ "stonewal", "Did you mean stonewall?" },
	};
	char option[64], line[128];

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		snprintf(option, sizeof(option), "%s\n", cases[i][0]);
		snprintf(line, sizeof(line), "Bad option <%s>", cases[i][0]);
		rig_assert_option_refused(option, line);
		rig_assert_option_refused(option, cases[i][1]);
	}
	rig_assert_option_refused("qqqqqqqqqqqqqq\n", "t.fio:3: qqqqqqqqqqqqqq: unknown option");
	assert_null(strstr(rig_errors, "Did you mean"));
}

static void names_are_exact(void **state)
{
	char long_name[600];

	(void)state;
	rig_assert_option_refused("BS=4k\n", "Bad option <BS=4k>");
	rig_assert_option_refused("iodep=4\n", "Bad option <iodep=4>");
	rig_assert_option_refused("=4\n", "Bad option <=4>");
	memset(long_name, 'x', sizeof(long_name));
	memcpy(long_name + sizeof(long_name) - 4, "=1\n", 4);
	rig_assert_option_refused(long_name, "fio: job a dropped");
	assert_null(strstr(rig_errors, "Did you mean"));
}

static void engine_options_need_their_engine(void **state)
{
	(void)state;
	assert_true(rig_job_with("hipri\nioengine=io_uring\n")->hipri);
	assert_true(rig_job_with("ioengine=pvsync2\nhipri\n")->hipri);
	rig_assert_option_refused("hipri\n", "Bad option <hipri>");
	rig_assert_option_refused("ioengine=libaio\nhipri\n",
				  "t.fio:4: hipri: not an option of this job's I/O engine");
	rig_assert_option_refused("ioengine=io_uring\nuserspace_reap\n",
				  "Bad option <userspace_reap>");
	rig_assert_option_refused("hostname=x\n",
				  "t.fio:3: hostname: not an option of this job's I/O engine");
	/* [global] knows only its own engine. */
	assert_int_equal(rig_parse("[global]\nioengine=io_uring\nhipri\n" ONE_JOB), 0);
	assert_true(rig_set.jobs[0].hipri);
	rig_assert_refused("[global]\nhipri\n" ONE_JOB "ioengine=io_uring\n",
			   "t.fio:2: hipri: not an option of this job's I/O engine");
	/* No chatter after an engine that is not there. */
	rig_assert_option_refused("ioengine=rdma\nhostname=x\nhipri\n",
				  "fio: engine rdma not loadable");
	assert_null(strstr(rig_errors, "hostname"));
}

static void defaults_are_fios(void **state)
{
	static const uint32_t percentiles[] = { 1, 5, 10, 20, 30, 40, 50, 60, 70, 80, 90, 95 };

	(void)state;
	const struct job *job = rig_job_with("");
	assert_int_equal(job->engine, IOENGINE_SYNC);
	assert_int_equal(job->rw, JOB_RW_READ);
	assert_int_equal(job->min_bs[DIR_TRIM], 4096);
	assert_int_equal(job->blockalign[DIR_WRITE], 4096);
	assert_int_equal(job->iodepth, 1);
	assert_int_equal(job->iodepth_batch, 1);
	assert_int_equal(job->iodepth_batch_complete_min, 1);
	assert_int_equal(job->iodepth_batch_complete_max, 1);
	assert_int_equal(job->iodepth_low, 1);
	assert_int_equal(job->loops, 1);
	assert_int_equal(job->size.bytes, 0);
	assert_int_equal(job->thinktime_blocks, 1);
	assert_int_equal(job->rate_cycle_ms, 1000);
	assert_int_equal(job->latency_percentile_micro, 100000000);
	assert_true(job->randrepeat);
	assert_false(job->allrandrepeat);
	assert_int_equal(job->randseed, 0x89);
	assert_false(job->randseed_set);
	assert_false(job->random_generator_set);
	assert_int_equal(job->random_generator, JOB_TAUSWORTHE);
	assert_int_equal(job->distribution, JOB_UNIFORM);
	assert_false(job->norandommap);
	assert_int_equal(job->percentage_random[DIR_WRITE], 100);
	assert_int_equal(job->rwmixread, 50);
	assert_int_equal(job->verify, JOB_VERIFY_NONE);
	assert_true(job->do_verify);
	assert_true(job->scramble_buffers);
	assert_int_equal(job->cpus_allowed, 0);
	assert_true(job->clat_percentiles);
	assert_false(job->lat_percentiles || job->slat_percentiles);
	assert_int_equal(job->percentile_count, 17);
	for (uint32_t i = 0; i < ARRAY_COUNT(percentiles); i++)
		assert_true(job->percentiles[i] == percentiles[i]);
	assert_true(job->percentiles[16] == 99.99);
	assert_int_equal(job->percentile_places, 2);
	assert_int_equal(job->kb_base, 1024);
	assert_true(job->per_job_logs);
	assert_int_equal(job->bwavgtime_ms, 500);
	assert_int_equal(job->iopsavgtime_ms, 500);
	assert_int_equal(job->exit_what, 0);
	assert_null(job->bw_log);
	assert_null(job->steadystate);
	assert_null(job->wait_for);
	assert_null(job->description);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RIG_TEST(names_are_unique),
		RIG_TEST(rows_fit_their_fields),
		RIG_TEST(every_option_of_fio_has_its_outcome),
		RIG_TEST(an_option_of_another_release_is_refused_with_its_name),
		RIG_TEST(allrandrepeat_means_what_its_release_has_it_mean),
		RIG_TEST(rows_without_a_case_are_noticed),
		RIG_TEST(every_option_reaches_its_field),
		RIG_TEST(a_warning_names_option_value_and_reason),
		RIG_TEST(a_refusal_names_the_reason),
		RIG_TEST(unknown_names_get_fios_words),
		RIG_TEST(names_are_exact),
		RIG_TEST(engine_options_need_their_engine),
		RIG_TEST(defaults_are_fios),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
