/* SPDX-License-Identifier: MIT */
/*
 * The console log: one line per call, "[ seconds.micros] unit: text", with
 * "error: " or "warning: " before the text of those levels. Loop context, not
 * the I/O path of a queue (counters instead). Lines of several CPUs do not
 * mix. log_raw() prints without prefix or newline (tables, progress line).
 */
#ifndef KERNEL_LIB_LOG_H
#define KERNEL_LIB_LOG_H

#include "kernel/lib/util.h"

enum log_level { LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG };

void log_set_level(enum log_level level);
void log_write(enum log_level level, const char *unit, const char *format, ...)
	PRINTF_LIKE(3, 4);
void log_raw(const char *format, ...) PRINTF_LIKE(1, 2);

#define log_error(unit, ...) log_write(LOG_ERROR, unit, __VA_ARGS__)
#define log_warn(unit, ...) log_write(LOG_WARN, unit, __VA_ARGS__)
#define log_info(unit, ...) log_write(LOG_INFO, unit, __VA_ARGS__)
#define log_debug(unit, ...) log_write(LOG_DEBUG, unit, __VA_ARGS__)

/*
 * Warnings and errors are kept for the result, whatever the level: the first LOG_KEPT_MAX, as the
 * console has them but for the time. NULL: there are no more. `lost`: how many were not kept.
 */
#define LOG_KEPT_MAX 32u
const char *log_kept(unsigned index);
unsigned log_kept_lost(void);

/*
 * Where the text goes and what time it is; set once at start (the UART and
 * the clock lie above this folder). Without a sink the text is dropped.
 */
void log_set_sink(void (*sink)(const char *text, size_t length_bytes),
		  uint64_t (*now_ns)(void));

#endif
