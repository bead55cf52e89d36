/* SPDX-License-Identifier: MIT */
/*
 * What the JSON and the text report share: reporting groups and the figures
 * derived from raw statistics. For the files of bench/report only.
 */
#ifndef BENCH_REPORT_REPORT_IMPL_H
#define BENCH_REPORT_REPORT_IMPL_H

#include "bench/report/report.h"

/* One element of the report: a job, or several merged by group_reporting. */
struct report_entry {
	const struct report_job *first; /* gives name, description and steady state, as in fio */
	const struct report_job *last; /* gives its options and how it was measured */
	const struct stats_job *stats; /* valid until the next report_entry_next() */
	const struct stats_direction *mixed; /* all directions as one; unified reporting */
	uint32_t members;
	uint32_t next; /* index of the job after the entry */
};

/* Steps to the next entry; start with *entry zeroed. False at the end. */
bool report_entry_next(const struct report_run *run, struct report_entry *entry);

/* Totals over all jobs with one group id, of one direction (DIR_COUNT: mixed). */
struct report_group {
	uint64_t io_bytes, min_run_ms, max_run_ms;
	uint64_t min_bw, max_bw; /* bytes/s, of entries */
	uint64_t bw; /* io_bytes / max_run */
};
void report_group_totals(const struct report_run *run, uint32_t group_id, unsigned direction,
			 struct report_group *out);

/* 1000 * amount / ms without overflow; 0 when ms is 0. */
uint64_t report_rate(uint64_t amount, uint64_t ms);

/* Integer mean of a series. */
uint64_t report_series_mean(const uint64_t *values, uint32_t count);

/* Sample deviation of the samples. */
double report_samples_stddev(const struct stats_samples *s);

/* Share in percent; what is not zero is at least `floor`. */
double report_share(double part, double total, double floor);

/* fio's latency ranges: 10 below 1 us, 10 below 1 ms, 12 above, in percent of all I/Os. */
#define REPORT_RANGES_NS 10u
#define REPORT_RANGES_US 10u
#define REPORT_RANGES_MS 12u
#define REPORT_RANGES (REPORT_RANGES_NS + REPORT_RANGES_US + REPORT_RANGES_MS)
void report_latency_ranges(const struct stats_job *stats, double percent[REPORT_RANGES]);
extern const char *const report_range_names[REPORT_RANGES_MS]; /* "2" .. ">=2000" */
extern const char *const report_depth_names[STATS_DEPTH_LEVELS];
extern const char *const report_batch_names[STATS_DEPTH_LEVELS];

/* "Sat Nov 21 02:21:58 2026" (UTC) into text[32]. */
void report_time_format(char *text, uint64_t seconds);

#endif
