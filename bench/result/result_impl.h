/* SPDX-License-Identifier: MIT */
/*
 * Between result.c, which writes the document, and jobs.c, which writes the part of
 * each job. Only these two include it.
 */
#ifndef BENCH_RESULT_RESULT_IMPL_H
#define BENCH_RESULT_RESULT_IMPL_H

#include "bench/report/report.h"
#include "bench/result/result.h"

/* jobs.c: the array "jobs" of the "ringbolt" object. */
void result_write_jobs(struct json_writer *w, const struct result *result);

/* Stages and the cost of measuring, for people: two lines a job. */
void result_print_jobs(const struct result *result);

#endif
