/* SPDX-License-Identifier: MIT */
/*
 * The result document on its way out: COM2, or framed on COM1, and the
 * "ringbolt" object in it: disks, queues' counters, CPUs, boot phases,
 * settings.
 */
#ifndef BENCH_RESULT_RESULT_H
#define BENCH_RESULT_RESULT_H

#include "bench/run/run.h"

struct result {
	const struct job_set *set;
	const struct settings *settings;
	const struct runner_boot *boot;
	const char *firmware; /* "pvh", "uefi" */
	enum exit_status status;
};

/* Writes the document and prints the summary. Boot CPU, after the run. */
void result_write(const struct result *result);

#endif
