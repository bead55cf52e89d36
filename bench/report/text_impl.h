/* SPDX-License-Identifier: MIT */
/*
 * What the files of the text report share: lines (line.c), and those on
 * latencies (text_latency.c). For the files of bench/report only.
 */
#ifndef BENCH_REPORT_TEXT_IMPL_H
#define BENCH_REPORT_TEXT_IMPL_H

#include "bench/report/report_impl.h"

struct line {
	char text[320];
	size_t used;
	void (*print)(const char *format, ...);
};

void line_add(struct line *line, const char *format, ...) PRINTF_LIKE(2, 3);
void line_add_float(struct line *line, double value, int width, unsigned places); /* %*.*f */

/* Prints it with a newline; it is empty again. */
void line_end(struct line *line);

/* "    clat (usec): min=..."; nothing when there is none. */
void report_text_latency(struct line *line, const char *name, const struct stats_latency *s);

/* "    clat percentiles (usec):" and its rows, of those that the job lists. */
void report_text_percentiles(struct line *line, const char *name, const struct job *job,
			     const struct stats_latency *s);

/* "  lat (usec)   : 4=0.10%, ..." */
void report_text_ranges(struct line *line, const struct stats_job *stats);

#endif
