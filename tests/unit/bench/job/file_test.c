/* SPDX-License-Identifier: MIT */
/* Lines, sections, clones, groups and variables (bench/job/file.c, job/expand.c). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/bench/job/job_rig.h"

static void lines_may_be_indented_commented_and_end_in_crlf(void **state)
{
	(void)state;
	const struct job *job = rig_only_job("; a comment\r\n"
					     "# another\r\n"
					     "\r\n"
					     "  \t[job one]  ; trailing\r\n"
					     "\tfilename=/dev/vda\r\n"
					     "  bs=8k ; half of it\r\n"
					     "iodepth =4# no blank\r\n"
					     "ioengine\t=libaio");
	assert_string_equal(job->name, "job one");
	assert_int_equal(job->min_bs[DIR_READ], 8192);
	assert_int_equal(job->iodepth, 4);
	assert_int_equal(job->engine, IOENGINE_ASYNC);
	assert_int_equal(job->section_line, 4);
	assert_string_equal(rig_warnings, "");
}

static void a_comment_cuts_values_too(void **state)
{
	(void)state;
	assert_string_equal(rig_job_with("description=a;b#c\n")->description, "a");
	rig_assert_option_refused("bs=;4k\n", "t.fio:3: bs: a value is missing");
}

static void the_last_of_repeated_options_wins(void **state)
{
	(void)state;
	assert_int_equal(rig_job_with("iodepth=4\nioengine=libaio\niodepth=8\n")->iodepth, 8);
	assert_int_equal(rig_job_with("bs=4k\nblocksize=8k\n")->min_bs[DIR_READ], 8192);
}

static void an_empty_file_has_no_jobs(void **state)
{
	(void)state;
	rig_assert_refused("", "t.fio:1: there is no job");
	rig_assert_refused("", "No job(s) defined");
	rig_assert_refused("\n\n; nothing\n", "t.fio:4: there is no job");
	rig_assert_refused("[global]\nbs=4k\n", "t.fio:3: there is no job");
}

static void an_option_needs_a_section(void **state)
{
	(void)state;
	rig_assert_refused("rw=read\n[a]\nfilename=/dev/vda\n",
			   "t.fio:1: option outside of a [job] section");
	rig_assert_refused("rw=read\n[a]\nfilename=/dev/vda\n",
			   "fio: option <rw=read> outside of [] job section");
}

static void section_headers_are_whole(void **state)
{
	char text[512] = "[", name[JOB_NAME_BYTES];

	(void)state;
	rig_assert_refused("[a\nfilename=/dev/vda\n", "t.fio:1: section header without ]");
	rig_assert_refused("[a]x\nfilename=/dev/vda\n", "t.fio:1: section header without ]");
	rig_assert_refused("[", "t.fio:1: section header without ]");
	assert_string_equal(rig_only_job("[]\nfilename=/dev/vda\n")->name, "");
	memset(name, 'n', sizeof(name));
	name[sizeof(name) - 1] = '\0';
	strcat(strcat(text, name), "]\nfilename=/dev/vda\n");
	assert_string_equal(rig_only_job(text)->name, name);
	snprintf(text, sizeof(text), "[%sn]\nfilename=/dev/vda\n", name);
	rig_assert_refused(text, "t.fio:1: job name longer than 127 characters");
}

static void lines_have_a_limit(void **state)
{
	static char text[9000] = ONE_JOB "description=";
	size_t start = strlen(ONE_JOB), used = strlen(text);

	(void)state;
	memset(text + used, 'x', start + 8191 - used);
	assert_int_equal(strlen(rig_only_job(text)->description), 8191 - strlen("description="));
	text[strlen(text)] = 'x';
	rig_assert_refused(text, "t.fio:3: line longer than 8191 characters");
}

static void keep_first_line(void *context, const char *line)
{
	char *kept = context;
	if (!kept[0])
		snprintf(kept, 128, "%s", line);
}

static void nul_characters_are_refused(void **state)
{
	static const char text[] = "[a]\nfilename=/dev/vda\nbs=4\0k\n";
	char line[128] = "";
	const struct job_messages messages = { keep_first_line, keep_first_line, line };

	(void)state;
	assert_int_equal(rig_parse(ONE_JOB), 0);
	assert_int_not_equal(job_parse(&rig_set, "t.fio", text, sizeof(text) - 1, &rig_environment,
				       &messages), 0);
	assert_string_equal(line, "t.fio:3: a NUL character");
}

static void messages_hold_no_control_characters(void **state)
{
	(void)state;
	rig_assert_option_refused("bs=\033[2J\n", "t.fio:3: bs: \"?[2J\": not a number");
	rig_assert_option_refused("a\177b\tc\n", "Bad option <a?b?c>");
}

static void globals_change_the_jobs_that_follow(void **state)
{
	(void)state;
	assert_int_equal(rig_parse("[global]\nfilename=/dev/vda\nbs=8k\nioengine=libaio\n"
				   "[one]\n"
				   "[two]\nbs=16k\n"
				   "[globalxyz]\nbs=2k\niodepth=7\n"
				   "[three]\n"),
			 0);
	assert_int_equal(rig_set.job_count, 3);
	assert_int_equal(rig_set.jobs[0].min_bs[0], 8192);
	assert_int_equal(rig_set.jobs[1].min_bs[0], 16384);
	assert_int_equal(rig_set.jobs[2].min_bs[0], 2048);
	assert_int_equal(rig_set.jobs[0].iodepth, 1);
	assert_int_equal(rig_set.jobs[2].iodepth, 7);
	assert_string_equal(rig_set.jobs[2].files[0], "/dev/vda");
	assert_string_equal(rig_set.jobs[2].name, "three");
}

static void a_name_option_wins_over_the_header(void **state)
{
	(void)state;
	assert_string_equal(rig_job_with("name=other name\n")->name, "other name");
	char text[256] = "name=";
	memset(text + 5, 'x', 128);
	text[133] = '\n';
	rig_assert_option_refused(text, "t.fio:3: name: longer than 127 characters");
}

static void clones_are_numbered_backwards(void **state)
{
	static const struct {
		const char *name;
		uint32_t subjob;
	} wanted[] = { { "a", 0 }, { "a", 3 }, { "a", 2 }, { "a", 1 }, { "b", 0 }, { "b", 1 } };

	(void)state;
	assert_int_equal(rig_parse("[global]\nfilename=/dev/vda\n"
				   "[a]\nnumjobs=4\n[b]\nnumjobs=2\n"),
			 0);
	assert_int_equal(rig_set.job_count, ARRAY_COUNT(wanted));
	for (uint32_t i = 0; i < rig_set.job_count; i++) {
		assert_string_equal(rig_set.jobs[i].name, wanted[i].name);
		assert_int_equal(rig_set.jobs[i].subjob, wanted[i].subjob);
		assert_int_equal(rig_set.jobs[i].thread_number, i + 1);
	}
}

static void assert_groups(const char *text, const char *groups, const char *stonewalls)
{
	if (rig_parse(text))
		fail_msg("refused: %s", rig_errors);
	assert_int_equal(rig_set.job_count, strlen(groups));
	for (uint32_t i = 0; i < rig_set.job_count; i++) {
		assert_int_equal(rig_set.jobs[i].group_id, groups[i] - '0');
		assert_int_equal(rig_set.jobs[i].stonewall, stonewalls[i] == '1');
	}
}

#define GLOBAL "[global]\nfilename=/dev/vda\n"

static void stonewalls_and_new_groups_count_groups(void **state)
{
	(void)state;
	assert_groups(GLOBAL "[a]\n[b]\n[c]\nstonewall\n[d]\n[e]\nnew_group\n", "00112", "00100");
	/* The first group is not empty before it has a job. */
	assert_groups(GLOBAL "[a]\nstonewall\n[b]\nnew_group\nstonewall\n", "01", "11");
	/* In [global] it counts for every job, but not for clones. */
	assert_groups(GLOBAL "stonewall\n[a]\nnumjobs=2\n[b]\n[c]\nstonewall=0\n", "0011", "1010");
	assert_groups(GLOBAL "[a]\n[b]\nwait_for_previous\nnumjobs=3\n", "0111", "0100");
}

static void a_name_is_that_of_the_first_clone(void **state)
{
	(void)state;
	assert_int_equal(rig_parse(GLOBAL "[section]\nname=first\nnumjobs=2\n"), 0);
	assert_string_equal(rig_set.jobs[0].name, "first");
	assert_string_equal(rig_set.jobs[1].name, "section");
}

static void too_many_jobs_are_refused(void **state)
{
	(void)state;
	assert_int_equal(rig_parse(GLOBAL "[a]\nnumjobs=511\n[b]\n"), 0);
	assert_int_equal(rig_set.job_count, 512);
	assert_int_equal(rig_set.jobs[511].thread_number, 512);
	rig_assert_refused(GLOBAL "[a]\nnumjobs=511\n[b]\nnumjobs=2\n",
			   "t.fio:5: numjobs: more than 512 jobs");
	rig_assert_refused(GLOBAL "[a]\nnumjobs=513\n",
			   "t.fio:4: numjobs: 513 is not between 1 and 512");
}

static void every_mistake_is_told_and_nothing_runs(void **state)
{
	(void)state;
	assert_int_not_equal(rig_parse("[a]\nfilename=/dev/vda\nbs=x\nfoo\n"
				       "[b]\nfilename=/dev/vda\n"
				       "[c]\nfilename=/dev/vda\niodepth=0\n"),
			     0);
	assert_string_equal(rig_errors,
			    "t.fio:3: bs: \"x\": not a number\n"
			    "fio: failed parsing bs=x\n"
			    "t.fio:4: foo: unknown option, did you mean flow?\n"
			    "Bad option <foo>\n"
			    "Did you mean flow?\n"
			    "fio: job a dropped\n"
			    "t.fio:9: iodepth: 0 is not between 1 and 65536\n"
			    "fio: failed parsing iodepth=0\n"
			    "fio: job c dropped\n");
}

static void a_bad_global_section_refuses_the_file(void **state)
{
	(void)state;
	rig_assert_refused("[global]\nfoo=1\n[a]\nfilename=/dev/vda\n",
			   "fio: job global dropped");
}

static void the_result_repeats_options_in_the_order_of_their_use(void **state)
{
	static const struct job_option wanted[] = {
		{ "kb_base", "1000" }, { "description", "hey you" }, { "bs", "4k" },
		{ "bs", "2k" },	       { "group_reporting", NULL },  { "nrfiles", "1" },
		{ "ioengine", "io_uring" }, { "filename", "/dev/vda" }, { "hipri", "1" },
	};

	(void)state;
	const struct job *job = rig_only_job("[global]\niodepth=2\n[g]\nhipri=1\n"
					     "description=hey you\nfilename=/dev/vda\n"
					     "blocksize=4k\nbs=2k\nkb_base=1000\n"
					     "group_reporting\nnr_files=1\nioengine=io_uring\n");
	assert_int_equal(job->option_count, ARRAY_COUNT(wanted));
	for (uint32_t i = 0; i < job->option_count; i++) {
		assert_string_equal(job->options[i].name, wanted[i].name);
		if (wanted[i].value)
			assert_string_equal(job->options[i].value, wanted[i].value);
		else
			assert_null(job->options[i].value);
	}
	assert_int_equal(rig_set.global_option_count, 1);
	assert_string_equal(rig_set.global_options[0].name, "iodepth");
	assert_string_equal(rig_set.global_options[0].value, "2");
}

static void a_section_holds_64_options(void **state)
{
	char text[2048] = ONE_JOB;

	(void)state;
	for (unsigned i = 1; i < JOB_OPTIONS_MAX; i++)
		strcat(text, "bs=4k\n");
	assert_int_equal(rig_only_job(text)->option_count, JOB_OPTIONS_MAX);
	strcat(text, "bs=4k\n");
	/* The file name is applied last, hence it is the one too many. */
	rig_assert_refused(text, "t.fio:2: filename: more than 64 options in one section");
	memmove(text + 8, text + 3, strlen(text + 3) + 1);
	memcpy(text, "[global]", 8);
	rig_assert_refused(text,
			   "t.fio:2: filename: more than 64 options in all [global] sections");
}

/* --- variables --- */

static void what_needs_a_system_is_refused(void **state)
{
	(void)state;
	rig_assert_option_refused("\ninclude x.inc\n",
				  "t.fio:4: include: there is no file system to read a file from");
	rig_assert_option_refused("include=x.inc\n",
				  "t.fio:3: include: there is no file system to read a file from");
	rig_assert_refused("include\n" ONE_JOB,
			   "t.fio:1: include: there is no file system to read a file from");
	rig_assert_option_refused("includes\n", "Bad option <includes>");
	rig_assert_option_refused("size=1${SIZE}m\n", "t.fio:3: size: variable SIZE is not set");
	rig_assert_option_refused("size=${SIZE\n", "t.fio:3: size: ${ without a name and }");
	rig_assert_option_refused("size=${}\n", "t.fio:3: size: ${ without a name and }");
	assert_string_equal(rig_job_with("description=a$b$c$\n")->description, "a$b$c$");
}

static void keywords_are_numbers_to_calculate_with(void **state)
{
	static const struct {
		const char *value;
		uint64_t result;
	} cases[] = {
		{ "$ncpus", 4 },
		{ "$pagesize", 4096 },
		{ "$mb_memory", 1000 },
		{ "$ncpus*2", 8 },
		{ "2*$ncpus+3*$ncpus-1", 19 },
		{ "100/$ncpus/2", 12 },
		{ "1+$ncpus*$ncpus/2", 9 },
		{ "$ncpusk", 4096 },
	};
	char options[128];

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		snprintf(options, sizeof(options), "number_ios=%s\n", cases[i].value);
		assert_int_equal(rig_job_with(options)->number_ios, cases[i].result);
	}
	/* Without a keyword a sign is no operator. */
	assert_string_equal(rig_job_with("description=1+2\n")->description, "1+2");
	rig_assert_option_refused("number_ios=2*2\n",
				  "t.fio:3: number_ios: \"2*2\": not a whole number with a unit");
}

static void impossible_calculations_are_refused(void **state)
{
	(void)state;
	rig_assert_option_refused("number_ios=$ncpus/0\n",
				  "t.fio:3: number_ios: cannot be calculated");
	rig_assert_option_refused("number_ios=$ncpus*9223372036854775807\n",
				  "t.fio:3: number_ios: cannot be calculated");
	rig_assert_option_refused("number_ios=$ncpus+\n",
				  "t.fio:3: number_ios: \"\": a number is missing");
	rig_assert_option_refused("number_ios=1-$ncpus\n",
				  "t.fio:3: number_ios: \"-3\": must not be negative");
	rig_environment.cpus = 0;
	rig_assert_option_refused("number_ios=$ncpus\n",
				  "t.fio:3: number_ios: $ncpus is not known here");
}

/* --- memory --- */

static void too_little_memory_is_an_error(void **state)
{
	const char *text = GLOBAL "[a]\nioengine=null\nsize=1m\nnumjobs=3\nwrite_bw_log\n"
				  "description=$ncpus cpus\n";
	size_t enough;

	(void)state;
	assert_int_equal(rig_parse(text), 0);
	enough = rig_set.arena_used;
	if (rig_parse_with_arena(text, enough + 16))
		fail_msg("%s", rig_errors);
	for (size_t bytes = 0; bytes + 64 < enough; bytes += bytes < enough - 2000 ? 500 : 7) {
		assert_int_not_equal(rig_parse_with_arena(text, bytes), 0);
		assert_non_null(strstr(rig_errors, "too large: no memory for it"));
	}
}

static void the_demanded_arena_is_enough(void **state)
{
	static char text[40000];
	char *end = text + sprintf(text, GLOBAL);

	(void)state;
	/* The dearest texts: short lines, and clones with names of their own. */
	for (int section = 0; section < 100; section++) {
		end += sprintf(end, "[]\n");
		for (int line = 0; line < 60; line++)
			end += sprintf(end, "ba=1\n");
	}
	assert_int_equal(rig_parse(text), 0);
	assert_int_equal(rig_parse("[a]\nioengine=null\nsize=1m\nnumjobs=512\n"
				   "write_bw_log\nwrite_lat_log\n"),
			 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RIG_TEST(lines_may_be_indented_commented_and_end_in_crlf),
		RIG_TEST(a_comment_cuts_values_too),
		RIG_TEST(the_last_of_repeated_options_wins),
		RIG_TEST(an_empty_file_has_no_jobs),
		RIG_TEST(an_option_needs_a_section),
		RIG_TEST(section_headers_are_whole),
		RIG_TEST(lines_have_a_limit),
		RIG_TEST(nul_characters_are_refused),
		RIG_TEST(messages_hold_no_control_characters),
		RIG_TEST(globals_change_the_jobs_that_follow),
		RIG_TEST(a_name_option_wins_over_the_header),
		RIG_TEST(clones_are_numbered_backwards),
		RIG_TEST(stonewalls_and_new_groups_count_groups),
		RIG_TEST(a_name_is_that_of_the_first_clone),
		RIG_TEST(too_many_jobs_are_refused),
		RIG_TEST(every_mistake_is_told_and_nothing_runs),
		RIG_TEST(a_bad_global_section_refuses_the_file),
		RIG_TEST(the_result_repeats_options_in_the_order_of_their_use),
		RIG_TEST(a_section_holds_64_options),
		RIG_TEST(what_needs_a_system_is_refused),
		RIG_TEST(keywords_are_numbers_to_calculate_with),
		RIG_TEST(impossible_calculations_are_refused),
		RIG_TEST(too_little_memory_is_an_error),
		RIG_TEST(the_demanded_arena_is_enough),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
