/* SPDX-License-Identifier: MIT */
/*
 * fio's log files (write_bw_log= and so on) of one job: kept in memory while it
 * runs, written out as text afterwards. Host-testable; memory and time come
 * from the caller.
 */
#ifndef BENCH_MEASURE_IOLOG_H
#define BENCH_MEASURE_IOLOG_H

#include "bench/measure/stats.h"

enum iolog_kind { IOLOG_BW, IOLOG_IOPS, IOLOG_LAT, IOLOG_SLAT, IOLOG_CLAT, IOLOG_KINDS };

#define IOLOG_RECORDS 131072u /* per job */
#define IOLOG_HISTOGRAMS 1024u /* lines per job */

struct iolog_record {
	uint64_t value;
	uint64_t offset_bytes;
	uint32_t time_ms;
	uint32_t bs;
	uint8_t kind, direction;
};

/* What one I/O adds. */
struct iolog_io {
	uint64_t offset_bytes;
	uint64_t slat_ns, clat_ns;
	uint32_t length_bytes;
	uint8_t direction;
};

struct iolog_window {
	uint64_t count, sum[IOLOG_KINDS], max[IOLOG_KINDS]; /* bw: bytes */
};

struct iolog {
	const struct job *job; /* [I] */
	struct iolog_record *records; /* [I] */
	uint32_t count, histogram_count;
	uint64_t lost; /* entries that found no room */
	uint64_t window_start_ms, histogram_start_ms;
	struct iolog_window window[DIR_COUNT];
	uint32_t (*bins)[STATS_BINS]; /* [I] since the last line; then the kept lines */
	struct iolog_histogram {
		uint32_t time_ms;
		uint8_t direction;
	} *histograms; /* [I] */
};

bool iolog_is_wanted(const struct job *job);
uint64_t iolog_memory_bytes(const struct job *job);

/* memory: zeroed, iolog_memory_bytes(). */
void iolog_init(struct iolog *log, const struct job *job, void *memory);

/* An I/O completed now_ms after the job's start. */
void iolog_add(struct iolog *log, const struct iolog_io *io, uint64_t now_ms);

/* The job is over: what its last window holds counts, too. */
void iolog_end(struct iolog *log, uint64_t now_ms);

/*
 * All files of the job, each between two marker lines:
 *
 *	-----BEGIN RINGBOLT LOG name_bw.1.log-----
 *	-----END RINGBOLT LOG-----
 */
void iolog_write(const struct iolog *log, void (*emit)(const char *text, size_t length));

#endif
