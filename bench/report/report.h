/* SPDX-License-Identifier: MIT */
/*
 * What a run found, as fio's JSON (schema of fio_version=, key for key, in order)
 * plus one top-level object "ringbolt", and as fio's normal text on the
 * console. Floating point lives here.
 */
#ifndef BENCH_REPORT_REPORT_H
#define BENCH_REPORT_REPORT_H

#include "bench/job/job.h"
#include "bench/lib/json.h"
#include "bench/measure/stats.h"

/* What steadystate= found, as fio reports it. One entry per second of the window. */
struct report_steadystate {
	const char *criterion; /* "iops", "iops_slope", "bw" or "bw_slope" */
	double limit;
	bool limit_is_percent;
	bool attained;
	double deviation; /* the measured criterion, in percent when the limit is */
	double max_deviation, slope;
	const uint64_t *iops, *bw_bytes; /* per second, oldest first */
	uint32_t count;
	uint64_t duration_s;
};

/* Counters of one disk over the run, as a block layer would have them. */
struct report_disk {
	const char *name; /* "vda" */
	uint64_t ios[2], sectors[2], merges[2], ticks_ms[2]; /* read, write */
	uint64_t in_queue_ms;
	double utilisation; /* percent */
};

/* One job of the run with what it measured. */
struct report_job {
	const struct job *job;
	struct stats_job *stats; /* read only */
	uint64_t elapsed_s; /* since the run began, rounded up */
	uint64_t start_ms; /* since the epoch, ramp included; 0: it never began */
	const struct report_steadystate *steadystate; /* NULL: not asked for */
	uint32_t latency_depth; /* queue depth that latency_target= found; 0: iodepth */
};

struct report_run {
	const struct job_set *set;
	struct report_job *jobs; /* set->job_count */
	const struct report_disk *disks; /* disk_count of them; none: no disk_util */
	uint32_t disk_count;
	uint64_t timestamp_ms; /* since the epoch; 0 when unknown */
	bool json_plus; /* bins too */
	/* Writes the members of the "ringbolt" object; may be NULL. */
	void (*extra)(struct json_writer *w, void *context);
	void *extra_context;
};

/*
 * The members of the whole document, between the caller's json_begin() and
 * json_end(); merges group_reporting jobs as fio does. Not reentrant.
 */
void report_json(const struct report_run *run, struct json_writer *w);

/*
 * A latency object as fio writes them, in ns. With a job: also the percentiles
 * that it lists, and with bins the histogram.
 */
void report_latency(struct json_writer *w, const char *key, const struct stats_latency *s,
		    const struct job *percentiles_of, bool bins);

struct report_scaled {
	char text[32];
};

/*
 * A number with a prefix, in at most `digits` digits: whole thousands are taken
 * off until it fits, and the last of them come back as decimals where there is
 * room for a point and a digit.
 */
struct report_scaled report_scaled(uint64_t value, unsigned digits, bool binary, const char *unit);

/*
 * fio's "normal" summary; print gets one line with its newline per call. Not
 * reentrant.
 */
void report_text(const struct report_run *run, void (*print)(const char *format, ...));

#endif
