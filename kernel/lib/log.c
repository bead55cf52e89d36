/* SPDX-License-Identifier: MIT */
/*
 * The console log.
 *
 * A line is formatted whole into a buffer on the caller's stack and goes to
 * the sink in one call, under a spin lock, so that the lines of several CPUs
 * do not mix. A text longer than the buffer is cut and ends in "...".
 *
 * The lock does not switch interrupts off (there is no CPU instruction in this
 * folder). Handlers do not log; should one do so while its own CPU holds the
 * lock, or should a CPU die inside the sink, the wait ends after LOCK_WAIT_NS
 * and the text is printed nevertheless: mixed lines, but no deadlock.
 *
 * Deliberately without a ring buffer: the console is slow but lossless.
 */
#include "kernel/lib/log.h"

#include "kernel/lib/fmt.h"
#include "kernel/lib/mem.h"

#define LINE_BYTES 512
#define LOCK_WAIT_NS NS_PER_S
#define KEPT_BYTES 160

static enum log_level threshold = LOG_INFO;
static void (*sink_write)(const char *text, size_t length_bytes);
static uint64_t (*sink_now_ns)(void);
static uint32_t sink_lock; /* [a] */
static char kept[LOG_KEPT_MAX][KEPT_BYTES]; /* each written by the CPU that counted it */
static uint32_t kept_count; /* [a] may exceed what there is room for */

void log_set_level(enum log_level level)
{
	threshold = level;
}

void log_set_sink(void (*sink)(const char *text, size_t length_bytes),
		  uint64_t (*now_ns)(void))
{
	sink_write = sink;
	sink_now_ns = now_ns;
}

static uint64_t now_ns(void)
{
	uint64_t (*now)(void) = sink_now_ns;

	return now ? now() : 0;
}

/* Returns whether the lock was taken. Without a clock there is one CPU only. */
static bool lock(void)
{
	uint64_t start_ns = now_ns();

	while (__atomic_exchange_n(&sink_lock, 1, __ATOMIC_ACQUIRE))
		if (!sink_now_ns || now_ns() - start_ns > LOCK_WAIT_NS)
			return false;
	return true;
}

static void emit(const char *text, size_t length_bytes)
{
	void (*sink)(const char *, size_t) = sink_write;
	bool locked;

	if (!sink)
		return;
	locked = lock();
	sink(text, length_bytes);
	if (locked)
		__atomic_store_n(&sink_lock, 0, __ATOMIC_RELEASE);
}

/* Length of what is in the buffer after a formatting that needed `needed`. */
static size_t clip(char *buffer, size_t size, size_t needed)
{
	if (needed < size)
		return needed;
	if (size > 3)
		memcpy(buffer + size - 4, "...", 3);
	return size ? size - 1 : 0;
}

static void keep_line(const char *text, size_t length_bytes)
{
	uint32_t index = __atomic_fetch_add(&kept_count, 1, __ATOMIC_RELAXED);

	if (index < LOG_KEPT_MAX)
		clip(kept[index], KEPT_BYTES,
		     (size_t)fmt_print(kept[index], KEPT_BYTES, "%.*s", (int)length_bytes, text));
}

const char *log_kept(unsigned index)
{
	return index < MIN(kept_count, LOG_KEPT_MAX) ? kept[index] : NULL;
}

unsigned log_kept_lost(void)
{
	return kept_count - MIN(kept_count, LOG_KEPT_MAX);
}

void log_write(enum log_level level, const char *unit, const char *format, ...)
{
	char line[LINE_BYTES];
	uint64_t us;
	size_t length, time_length;
	va_list list;

	if ((level > threshold && level > LOG_WARN) || !sink_write)
		return;
	us = now_ns() / NS_PER_US;
	time_length = (size_t)fmt_print(line, sizeof(line), "[%5u.%06u] ",
					(unsigned)(us / 1000000), (unsigned)(us % 1000000));
	length = time_length + (size_t)fmt_print(line + time_length, sizeof(line) - time_length,
						 "%s: %s", unit,
						 level == LOG_ERROR ? "error: " :
						 level == LOG_WARN  ? "warning: " :
								      "");
	length = MIN(length, sizeof(line) - 2);
	va_start(list, format);
	/* One byte is kept back for the newline. */
	length += clip(line + length, sizeof(line) - 1 - length,
		       (size_t)fmt_vprint(line + length, sizeof(line) - 1 - length, format, list));
	va_end(list);
	if (level <= LOG_WARN)
		keep_line(line + time_length, length - time_length);
	line[length++] = '\n';
	if (level <= threshold)
		emit(line, length);
}

void log_raw(const char *format, ...)
{
	char text[LINE_BYTES];
	size_t length;
	va_list list;

	if (!sink_write)
		return;
	va_start(list, format);
	length = (size_t)fmt_vprint(text, sizeof(text), format, list);
	va_end(list);
	emit(text, clip(text, sizeof(text), length));
}
