/* SPDX-License-Identifier: MIT */
/* See job_rig.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/bench/job/job_rig.h"

#define LOG_BYTES 65536

struct job_set rig_set;
struct job_environment rig_environment;
char rig_errors[LOG_BYTES], rig_warnings[LOG_BYTES];

static void release(void)
{
	free(rig_set.jobs);
	free(rig_set.arena);
	memset(&rig_set, 0, sizeof(rig_set));
}

int rig_setup(void **state)
{
	(void)state;
	rig_environment = (struct job_environment){ .cpus = 4, .memory_mib = 1000 };
	return 0;
}

int rig_teardown(void **state)
{
	(void)state;
	release();
	return 0;
}

static void append(char *log, const char *line)
{
	size_t used = strlen(log);
	assert_null(strchr(line, '\n'));
	assert_true(snprintf(log + used, LOG_BYTES - used, "%s\n", line) < (int)(LOG_BYTES - used));
}

static void keep_error(void *context, const char *line)
{
	assert_ptr_equal(context, &rig_set);
	append(rig_errors, line);
}

static void keep_warning(void *context, const char *line)
{
	assert_ptr_equal(context, &rig_set);
	append(rig_warnings, line);
}

int rig_parse_with_arena(const char *text, size_t arena_bytes)
{
	const struct job_messages messages = { keep_error, keep_warning, &rig_set };
	size_t length = strlen(text);
	char *copy = malloc(length ? length : 1);

	release();
	rig_errors[0] = rig_warnings[0] = '\0';
	memcpy(copy, text, length);
	rig_set.jobs = malloc(JOB_MAX * sizeof(rig_set.jobs[0]));
	memset(rig_set.jobs, 0xa5, JOB_MAX * sizeof(rig_set.jobs[0]));
	rig_set.arena_bytes = arena_bytes;
	rig_set.arena = malloc(arena_bytes ? arena_bytes : 1);
	memset(rig_set.arena, 0xa5, arena_bytes);
	int result = job_parse(&rig_set, "t.fio", copy, length, &rig_environment, &messages);
	free(copy);
	if (result) {
		assert_int_equal(rig_set.job_count, 0);
		assert_int_not_equal(rig_errors[0], 0);
	} else {
		assert_string_equal(rig_errors, "");
		assert_true(rig_set.job_count > 0);
	}
	assert_true(rig_set.arena_used <= rig_set.arena_bytes);
	return result;
}

int rig_parse(const char *text)
{
	return rig_parse_with_arena(text, job_arena_bytes(strlen(text)));
}

const struct job *rig_only_job(const char *text)
{
	if (rig_parse(text))
		fail_msg("refused: %s%s", rig_errors, text);
	assert_int_equal(rig_set.job_count, 1);
	return &rig_set.jobs[0];
}

static const char *with_one_job(const char *options)
{
	static char text[16384];
	assert_true(snprintf(text, sizeof(text), ONE_JOB "%s", options) < (int)sizeof(text));
	return text;
}

const struct job *rig_job_with(const char *options)
{
	return rig_only_job(with_one_job(options));
}

void rig_assert_refused(const char *text, const char *line)
{
	char wanted[1024];

	if (!rig_parse(text))
		fail_msg("accepted: %s", text);
	/* Whole lines only. */
	assert_true(snprintf(wanted, sizeof(wanted), "\n%s\n", line) < (int)sizeof(wanted));
	memmove(rig_errors + 1, rig_errors, strlen(rig_errors) + 1);
	rig_errors[0] = '\n';
	bool found = strstr(rig_errors, wanted) != NULL;
	memmove(rig_errors, rig_errors + 1, strlen(rig_errors));
	if (!found)
		fail_msg("\"%s\" is missing in:\n%s", line, rig_errors);
}

void rig_assert_option_refused(const char *options, const char *line)
{
	rig_assert_refused(with_one_job(options), line);
}
