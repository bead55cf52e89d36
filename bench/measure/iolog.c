/* SPDX-License-Identifier: MIT */
/*
 * Log files.
 *
 * Without log_avg_msec= every I/O is an entry: its latencies, 1 for iops, and
 * for bw its length over its latency in units of 1000 bytes, as fio has it.
 * With log_avg_msec= a window of time gives one entry per direction: the rate
 * (KiB/s, I/Os per second), and the mean or greatest latency. Windows end with
 * the first completion behind them, so an idle stretch makes one long window.
 *
 * Buffers are bounded; what finds no room is counted, and said by the caller.
 * One writer; loop context.
 */
#include "bench/measure/iolog.h"

#include "kernel/lib/fmt.h"
#include "kernel/lib/mem.h"

#define LINE_BYTES 160u

static const char *const kind_names[IOLOG_KINDS] = { "bw", "iops", "lat", "slat", "clat" };

/* NULL: no such file. */
static const char *prefix_of(const struct job *job, unsigned kind)
{
	const bool disabled[IOLOG_KINDS] = {
		[IOLOG_LAT] = job->disable_lat,
		[IOLOG_SLAT] = job->disable_slat,
		[IOLOG_CLAT] = job->disable_clat,
	};

	if (kind == IOLOG_BW)
		return job->bw_log;
	if (kind == IOLOG_IOPS)
		return job->iops_log;
	return disabled[kind] || job->gtod_reduce ? NULL : job->lat_log;
}

/* What a file may hold; as in fio there are some that stay empty. */
static bool is_logged(const struct job *job, unsigned kind)
{
	if (!prefix_of(job, kind) || job->gtod_reduce)
		return false;
	return !(kind == IOLOG_BW && job->disable_bw) &&
	       !(kind == IOLOG_SLAT && job_is_synchronous(job));
}

static bool wants_histograms(const struct job *job)
{
	return job->hist_log && job->log_hist_msec;
}

bool iolog_is_wanted(const struct job *job)
{
	return job->bw_log || job->iops_log || job->lat_log || wants_histograms(job);
}

static uint64_t histogram_bytes(const struct job *job)
{
	uint64_t lines = DIR_COUNT + IOLOG_HISTOGRAMS;

	return wants_histograms(job) ? lines * sizeof(uint32_t[STATS_BINS]) +
				       IOLOG_HISTOGRAMS * sizeof(struct iolog_histogram) : 0;
}

uint64_t iolog_memory_bytes(const struct job *job)
{
	return IOLOG_RECORDS * sizeof(struct iolog_record) + histogram_bytes(job);
}

void iolog_init(struct iolog *log, const struct job *job, void *memory)
{
	*log = (struct iolog){ .job = job, .records = memory };
	if (!wants_histograms(job))
		return;
	log->bins = (void *)(log->records + IOLOG_RECORDS);
	log->histograms = (void *)(log->bins + DIR_COUNT + IOLOG_HISTOGRAMS);
}

static void keep_record(struct iolog *log, struct iolog_record record)
{
	if (!is_logged(log->job, record.kind))
		return;
	if (log->count == IOLOG_RECORDS)
		log->lost++;
	else
		log->records[log->count++] = record;
}

static void value_of(const struct iolog_io *io, uint64_t values[IOLOG_KINDS])
{
	uint64_t lat_us = (io->slat_ns + io->clat_ns) / NS_PER_US;

	values[IOLOG_BW] = lat_us ? io->length_bytes * 1000ull / lat_us : 0;
	values[IOLOG_IOPS] = 1;
	values[IOLOG_LAT] = io->slat_ns + io->clat_ns;
	values[IOLOG_SLAT] = io->slat_ns;
	values[IOLOG_CLAT] = io->clat_ns;
}

static uint64_t window_value(const struct iolog *log, const struct iolog_window *w, unsigned kind,
			     uint64_t ms)
{
	if (kind == IOLOG_BW)
		return w->sum[kind] * 1000 / 1024 / ms;
	if (kind == IOLOG_IOPS)
		return w->count * 1000 / ms;
	return log->job->log_max_value ? w->max[kind] : (w->sum[kind] + w->count / 2) / w->count;
}

static void close_window(struct iolog *log, uint64_t now_ms)
{
	uint64_t ms = now_ms > log->window_start_ms ? now_ms - log->window_start_ms : 1;

	for (unsigned d = 0; d < DIR_COUNT; d++) {
		struct iolog_window *w = &log->window[d];

		for (unsigned kind = 0; w->count && kind < IOLOG_KINDS; kind++)
			keep_record(log,
				    (struct iolog_record){ .value = window_value(log, w, kind, ms),
							   .time_ms = (uint32_t)now_ms,
							   .kind = (uint8_t)kind,
							   .direction = (uint8_t)d });
		*w = (struct iolog_window){ 0 };
	}
	log->window_start_ms = now_ms;
}

static void end_histograms(struct iolog *log, uint64_t now_ms)
{
	for (unsigned d = 0; d < DIR_COUNT; d++) {
		uint64_t any = 0;

		for (unsigned i = 0; i < STATS_BINS; i++)
			any |= log->bins[d][i];
		if (any && log->histogram_count == IOLOG_HISTOGRAMS) {
			log->lost++;
		} else if (any) {
			log->histograms[log->histogram_count] = (struct iolog_histogram){
				.time_ms = (uint32_t)now_ms, .direction = (uint8_t)d
			};
			memcpy(log->bins[DIR_COUNT + log->histogram_count++], log->bins[d],
			       sizeof(log->bins[d]));
		}
		memset(log->bins[d], 0, sizeof(log->bins[d]));
	}
	log->histogram_start_ms = now_ms;
}

static void add_to_window(struct iolog *log, const struct iolog_io *io,
			  const uint64_t values[IOLOG_KINDS])
{
	struct iolog_window *w = &log->window[io->direction];

	w->count++;
	w->sum[IOLOG_BW] += io->length_bytes;
	for (unsigned kind = IOLOG_LAT; kind < IOLOG_KINDS; kind++) {
		w->sum[kind] += values[kind];
		w->max[kind] = MAX(w->max[kind], values[kind]);
	}
}

void iolog_add(struct iolog *log, const struct iolog_io *io, uint64_t now_ms)
{
	const struct job *job = log->job;
	uint64_t values[IOLOG_KINDS];

	value_of(io, values);
	if (job->log_avg_msec) {
		if (now_ms >= log->window_start_ms + job->log_avg_msec)
			close_window(log, now_ms);
		add_to_window(log, io, values);
	}
	for (unsigned kind = 0; !job->log_avg_msec && kind < IOLOG_KINDS; kind++)
		keep_record(log, (struct iolog_record){ .value = values[kind],
							.offset_bytes = io->offset_bytes,
							.time_ms = (uint32_t)now_ms,
							.bs = io->length_bytes,
							.kind = (uint8_t)kind,
							.direction = io->direction });
	if (!log->bins || job->disable_clat || job->gtod_reduce)
		return;
	if (now_ms >= log->histogram_start_ms + job->log_hist_msec)
		end_histograms(log, now_ms);
	log->bins[io->direction][stats_bin(io->clat_ns)]++;
}

void iolog_end(struct iolog *log, uint64_t now_ms)
{
	if (log->job->log_avg_msec)
		close_window(log, now_ms);
	if (log->bins)
		end_histograms(log, now_ms);
}

/* --- text --- */

static void emit_string(void (*emit)(const char *text, size_t length), const char *text)
{
	emit(text, strlen(text));
}

static void begin_file(const struct job *job, const char *prefix, const char *kind,
		       void (*emit)(const char *text, size_t length))
{
	char number[16] = "";

	if (job->per_job_logs)
		fmt_print(number, sizeof(number), ".%u", job->thread_number);
	emit_string(emit, "-----BEGIN RINGBOLT LOG ");
	emit_string(emit, prefix);
	emit_string(emit, "_");
	emit_string(emit, kind);
	emit_string(emit, number);
	emit_string(emit, ".log-----\n");
}

static void write_records(const struct iolog *log, unsigned kind,
			  void (*emit)(const char *text, size_t length))
{
	for (uint32_t i = 0; i < log->count; i++) {
		const struct iolog_record *r = &log->records[i];
		char line[LINE_BYTES], offset[32] = "";

		if (r->kind != kind)
			continue;
		if (log->job->log_offset)
			fmt_print(offset, sizeof(offset), " %llu,",
				  (unsigned long long)r->offset_bytes);
		fmt_print(line, sizeof(line), "%u, %llu, %u, %u,%s 0\n", r->time_ms,
			  (unsigned long long)r->value, r->direction, r->bs, offset);
		emit_string(emit, line);
	}
}

static void write_histogram(const struct iolog *log, uint32_t index,
			    void (*emit)(const char *text, size_t length))
{
	const struct iolog_histogram *h = &log->histograms[index];
	const uint32_t *bins = log->bins[DIR_COUNT + index];
	uint32_t step = 1u << log->job->log_hist_coarseness;
	char field[LINE_BYTES];

	fmt_print(field, sizeof(field), "%u, %u, %llu", h->time_ms, h->direction,
		  (unsigned long long)log->job->max_bs[h->direction]);
	emit_string(emit, field);
	for (uint32_t i = 0; i < STATS_BINS; i += step) {
		uint64_t sum = 0;

		for (uint32_t k = i; k < i + step && k < STATS_BINS; k++)
			sum += bins[k];
		fmt_print(field, sizeof(field), ", %llu", (unsigned long long)sum);
		emit_string(emit, field);
	}
	emit_string(emit, "\n");
}

void iolog_write(const struct iolog *log, void (*emit)(const char *text, size_t length))
{
	static const char end[] = "-----END RINGBOLT LOG-----\n";

	for (unsigned kind = 0; kind < IOLOG_KINDS; kind++) {
		if (!prefix_of(log->job, kind))
			continue;
		begin_file(log->job, prefix_of(log->job, kind), kind_names[kind], emit);
		write_records(log, kind, emit);
		emit_string(emit, end);
	}
	if (!log->bins)
		return;
	begin_file(log->job, log->job->hist_log, "clat_hist", emit);
	for (uint32_t i = 0; i < log->histogram_count; i++)
		write_histogram(log, i, emit);
	emit_string(emit, end);
}
