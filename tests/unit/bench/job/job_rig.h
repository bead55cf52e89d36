/* SPDX-License-Identifier: MIT */
/*
 * A job file parser to try texts on: parses a copy without a final NUL in
 * memory of exactly its size, with the arena that job_arena_bytes() demands,
 * and keeps what was said.
 */
#ifndef TESTS_UNIT_BENCH_JOB_RIG_H
#define TESTS_UNIT_BENCH_JOB_RIG_H

#include "bench/job/job.h"

/* Line 2 names a disk, so that options begin in line 3. */
#define ONE_JOB "[a]\nfilename=/dev/vda\n"

/* 0 or -ERR_INVALID. Messages of the file are called "t.fio". */
int rig_parse(const char *text);
/* The same, with an arena of so many bytes. */
int rig_parse_with_arena(const char *text, size_t arena_bytes);

/* Parses it, fails the test unless it is good, and returns the only job. */
const struct job *rig_only_job(const char *text);
/* The same, with ONE_JOB before the options. */
const struct job *rig_job_with(const char *options);

/* Fails the test unless the text is refused with this line among its errors. */
void rig_assert_refused(const char *text, const char *line);
/* Fails the test unless ONE_JOB and the options are refused so. */
void rig_assert_option_refused(const char *options, const char *line);

extern struct job_set rig_set;
/* All lines since the last rig_parse(), each with a newline. */
extern char rig_errors[], rig_warnings[];
/* What the environment holds; set back by rig_setup(). */
extern struct job_environment rig_environment;

int rig_setup(void **state);
int rig_teardown(void **state);
#define RIG_TEST(test) cmocka_unit_test_setup_teardown(test, rig_setup, rig_teardown)

#endif
