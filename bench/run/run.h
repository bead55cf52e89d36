/* SPDX-License-Identifier: MIT */
/*
 * The runner: runs the jobs of a job file on the disks.
 *
 * Every job is a state machine on one CPU, driven by completions; any number
 * of jobs share a CPU. The runner uses blk.h and the clock, never a driver.
 *
 *   start -> (delay) -> run <-> wait -> drain -> read-back -> finished
 */
#ifndef BENCH_RUN_RUN_H
#define BENCH_RUN_RUN_H

#include "bench/job/job.h"
#include "bench/measure/stats.h"
#include "kernel/cpu/exit.h"
#include "kernel/lib/settings.h"

/* Moments of the start, TSC; for the result's boot phases. */
struct runner_boot {
	uint64_t entry_tsc, kernel_tsc, memory_tsc, cpus_tsc, pci_tsc, disks_tsc;
	uint64_t first_read_tsc; /* first completed read of a job */
};

/*
 * Runs everything and returns the exit status. job_file: its name, for
 * messages. Boot CPU; all CPUs take part. Complaints go to the console, one
 * line each, before any I/O; the status is then EXIT_USAGE.
 */
enum exit_status runner_run(const struct job_set *set, const char *job_file,
			    const struct settings *settings, struct runner_boot *boot);

/* Seconds since the run began, rounded up. */
uint64_t runner_elapsed_s(void);

/* Milliseconds since a job's turn began, ramp included; UINT64_MAX: it never did. */
uint64_t runner_job_age_ms(uint32_t job);

/* What a job measured; valid after runner_run(). */
struct stats_job *runner_job_stats(uint32_t job);

/* The depth that latency_target= found; 0: it was not looked for. */
uint32_t runner_job_latency_depth(uint32_t job);

/* The share of the job's time that measuring took, from 0 to 1. */
struct runner_job;
double runner_measuring_share(const struct runner_job *job);

/* What steadystate= found for a job, or for the group that it leads; NULL: nothing. */
struct report_steadystate;
const struct report_steadystate *runner_job_steadystate(uint32_t job);

/* The log files of all jobs, as iolog_write() frames them. */
void runner_write_logs(void (*emit)(const char *text, size_t length));

#endif
