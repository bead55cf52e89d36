/* SPDX-License-Identifier: MIT */
/*
 * The live status line on the console, in fio's shape:
 *
 *   Jobs: 2 (f=2): [r(1),w(1)][50.0%][r=312MiB/s,w=80MiB/s][r=79.9k,w=20.5k IOPS][eta 00m:05s]
 *
 * with the rates that rated jobs keep behind the count, as "0-1000 IOPS".
 *
 * It looks at steady states, too. Boot CPU only. It reads the
 * counters of jobs on other CPUs while they run: a value may be an I/O old,
 * which a person does not see.
 */
#include <stdarg.h>

#include "bench/report/report_impl.h"
#include "bench/run/run_impl.h"
#include "kernel/lib/fmt.h"
#include "kernel/lib/log.h"

static struct {
	uint64_t interval_tsc, print_tsc, steady_tsc, last_tsc;
	uint64_t next_tsc; /* the earlier of the two */
	uint64_t ios[DIR_COUNT], bytes[DIR_COUNT];
	size_t width; /* of the last line; 0: none was printed */
} progress;

struct totals {
	uint64_t ios[DIR_COUNT], bytes[DIR_COUNT];
	uint32_t running, files;
	uint64_t rate_bytes, rate_min_bytes, rate_ios, rate_min_ios; /* of those that run */
	uint64_t done_permille; /* of the whole run */
};

struct text {
	char text[256];
	size_t used;
};

void progress_init(uint32_t interval_ms)
{
	progress.interval_tsc = clock_ns_to_tsc(interval_ms * NS_PER_MS);
	progress.last_tsc = clock_tsc();
	progress.print_tsc = interval_ms ? progress.last_tsc + progress.interval_tsc : UINT64_MAX;
	progress.steady_tsc = runner_steady_update(progress.last_tsc);
	progress.next_tsc = MIN(progress.print_tsc, progress.steady_tsc);
}

uint64_t progress_next_tsc(void)
{
	return progress.next_tsc;
}

/* Share of a job's budget or time that is behind it, in 1/1000. */
static uint64_t job_permille(const struct runner_job *job, uint64_t now)
{
	if (job->phase == PHASE_FINISHED)
		return 1000;
	if (job->phase == PHASE_WAITING)
		return 0;
	uint64_t by_time = 0, by_bytes = 0, by_count = 0;
	uint64_t issued_bytes = job->issued_bytes +
				(runner_job_issued(job) - job->issued_ios) * job->fast_bytes;
	if (job->end_tsc > job->start_tsc)
		by_time = (now - job->start_tsc) * 1000 / (job->end_tsc - job->start_tsc);
	if (!job->options->time_based && job->total_bytes >= 1000)
		by_bytes = issued_bytes / (job->total_bytes / 1000);
	if (job->limit_ios != UINT64_MAX)
		by_count = runner_job_issued(job) * 1000 / job->limit_ios;
	return MIN(1000u, MAX(by_time, MAX(by_bytes, by_count)));
}

static bool is_running(const struct runner_job *job)
{
	return job->phase != PHASE_WAITING && job->phase != PHASE_FINISHED;
}

static void collect_running(struct totals *totals, const struct runner_job *job)
{
	const struct job *options = job->options;
	totals->running++;
	if (job->ramp_end_tsc)
		return;
	totals->files += options->file_count;
	for (int d = 0; d < DIR_COUNT; d++) {
		if (!(options->rw & (1u << d)))
			continue;
		totals->rate_bytes += options->rate_bytes[d];
		totals->rate_min_bytes += options->rate_min_bytes[d];
		totals->rate_ios += options->rate_iops[d];
		totals->rate_min_ios += options->rate_iops_min[d];
	}
}

static struct totals collect(uint64_t now)
{
	struct totals totals = { 0 };
	for (uint32_t i = 0; i < runner.set->job_count; i++) {
		const struct runner_job *job = &runner.jobs[i];
		for (int d = 0; d < DIR_COUNT; d++) {
			totals.ios[d] += runner_job_completed(job, d);
			totals.bytes[d] += runner_job_bytes(job, d);
		}
		if (is_running(job))
			collect_running(&totals, job);
		totals.done_permille += job_permille(job, now);
	}
	totals.done_permille /= runner.set->job_count;
	return totals;
}

static char job_letter(const struct runner_job *job)
{
	uint32_t rw = job->options->rw;
	bool random = rw & JOB_RW_RANDOM;
	if (job->phase == PHASE_WAITING)
		return 'P';
	if (job->phase == PHASE_FINISHED)
		return '_';
	if (job->phase == PHASE_READ_BACK)
		return 'V';
	if (job->ramp_end_tsc)
		return '/';
	if ((rw & JOB_RW_READ) && (rw & JOB_RW_WRITE))
		return random ? 'm' : 'M';
	if (rw & JOB_RW_READ)
		return random ? 'r' : 'R';
	if (rw & JOB_RW_WRITE)
		return random ? 'w' : 'W';
	return random ? 'd' : 'D';
}

static void add(struct text *text, const char *format, ...) PRINTF_LIKE(2, 3);
static void add(struct text *text, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	int length = fmt_vprint(text->text + text->used, sizeof(text->text) - text->used, format,
				arguments);
	va_end(arguments);
	text->used = MIN(text->used + (size_t)length, sizeof(text->text) - 1);
}

static void add_limits(struct text *text, const struct totals *totals)
{
	if (totals->rate_bytes || totals->rate_min_bytes)
		add(text, ", %s-%s", report_scaled(totals->rate_min_bytes, 4, true, "B/s").text,
		    report_scaled(totals->rate_bytes, 4, true, "B/s").text);
	else if (totals->rate_ios || totals->rate_min_ios)
		add(text, ", %lu-%lu IOPS", totals->rate_min_ios, totals->rate_ios);
}

/* "r(3),_(1)": runs of equal states, as many as leave room for the rest. */
static void add_states(struct text *text)
{
	uint32_t i = 0;
	while (i < runner.set->job_count && text->used < sizeof(text->text) / 2) {
		char letter = job_letter(&runner.jobs[i]);
		uint32_t run = 0;
		while (i < runner.set->job_count && job_letter(&runner.jobs[i]) == letter)
			i++, run++;
		add(text, "%s%c(%u)", i > run ? "," : "", letter, run);
	}
}

/* Per second since the last line; what stands still is not told. */
static void add_rates(struct text *text, const uint64_t now[DIR_COUNT],
		      const uint64_t before[DIR_COUNT], uint64_t elapsed_ns, bool bytes)
{
	static const char letters[DIR_COUNT] = { 'r', 'w', 't' };
	const char *separator = "[";
	for (int d = 0; d < DIR_COUNT; d++) {
		uint64_t ms = MAX(1u, elapsed_ns / NS_PER_MS);
		uint64_t rate = now[d] < before[d] ? 0 : report_rate(now[d] - before[d], ms);
		if (!rate)
			continue;
		add(text, "%s%c=%s", separator, letters[d],
		    report_scaled(rate, 4, bytes, bytes ? "B/s" : "").text);
		separator = ",";
	}
	if (separator[0] == ',')
		add(text, bytes ? "]" : " IOPS]");
}

static void add_eta(struct text *text, const struct totals *totals, uint64_t now)
{
	uint64_t elapsed_ns = clock_tsc_to_ns(now - runner.start_tsc);
	if (!totals->done_permille) {
		add(text, "[eta --]");
		return;
	}
	uint64_t left_ns = elapsed_ns / totals->done_permille * (1000 - totals->done_permille);
	uint64_t left_s = left_ns / NS_PER_S, days = left_s / 86400, hours = left_s / 3600 % 24;
	add(text, "[eta ");
	if (days)
		add(text, "%02lud:", days);
	if (days || hours)
		add(text, "%02luh:", hours);
	add(text, "%02lum:%02lus]", left_s / 60 % 60, left_s % 60);
}

static void print_line(uint64_t now)
{
	struct totals totals = collect(now);
	uint64_t elapsed_ns = clock_tsc_to_ns(now - progress.last_tsc);
	struct text text = { .used = 0 };
	add(&text, "Jobs: %u (f=%u)", totals.running, totals.files);
	add_limits(&text, &totals);
	add(&text, ": [");
	add_states(&text);
	add(&text, "][%lu.%lu%%]", totals.done_permille / 10, totals.done_permille % 10);
	add_rates(&text, totals.bytes, progress.bytes, elapsed_ns, true);
	add_rates(&text, totals.ios, progress.ios, elapsed_ns, false);
	add_eta(&text, &totals, now);
	/* Over what is left of a longer one. */
	log_raw("%s%*s\r", text.text, (int)(progress.width - MIN(progress.width, text.used)), "");
	for (int d = 0; d < DIR_COUNT; d++) {
		progress.ios[d] = totals.ios[d];
		progress.bytes[d] = totals.bytes[d];
	}
	progress.width = text.used;
	progress.last_tsc = now;
	progress.print_tsc = now + progress.interval_tsc;
}

void progress_update(uint64_t now)
{
	if (LIKELY(now < progress.next_tsc))
		return;
	if (now >= progress.print_tsc)
		print_line(now);
	if (now >= progress.steady_tsc)
		progress.steady_tsc = runner_steady_update(now);
	progress.next_tsc = MIN(progress.print_tsc, progress.steady_tsc);
	runner.cpus[0].timer_is_stale = true;
}

void progress_end(void)
{
	if (progress.width)
		log_raw("\n");
}
