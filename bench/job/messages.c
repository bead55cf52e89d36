/* SPDX-License-Identifier: MIT */
/*
 * What the parser says to people, and the memory of what it keeps: used by all
 * of its files, uses none of them.
 *
 *   ours    "FILE:LINE: KEY: ..."; KEY is that of the option at hand
 *   fio's   in fio's own words, for comparison
 *
 * Memory is the caller's arena, which is never given back in parts.
 */
#include "bench/job/job_impl.h"

#include "kernel/lib/fmt.h"
#include "kernel/lib/mem.h"

static void print(void (*output)(void *context, const char *line), struct job_parser *p,
		  bool located, const char *format, va_list arguments)
{
	char line[JOB_MESSAGE_BYTES];
	int used = 0;

	if (located) {
		used = fmt_print(line, sizeof(line), p->key ? "%s:%u: %s: " : "%s:%u: ", p->file,
				 p->line, p->key);
		used = MIN(used, (int)sizeof(line) - 1);
	}
	fmt_vprint(line + used, sizeof(line) - (size_t)used, format, arguments);
	/* What a file holds must not steer the terminal. */
	for (char *c = line; *c; c++)
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			*c = '?';
	output(p->messages->context, line);
}

void job_error(struct job_parser *p, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	print(p->messages->error, p, true, format, arguments);
	va_end(arguments);
	p->failed = true;
	p->section_failed = true;
}

void job_fio_error(struct job_parser *p, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	print(p->messages->error, p, false, format, arguments);
	va_end(arguments);
}

void job_warn(struct job_parser *p, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	print(p->messages->warning, p, true, format, arguments);
	va_end(arguments);
}

void job_fio_note(struct job_parser *p, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	print(p->messages->warning, p, false, format, arguments);
	va_end(arguments);
}

void *job_allocate(struct job_parser *p, size_t bytes)
{
	struct job_set *set = p->set;
	size_t start = set->arena_used;

	start += -(uintptr_t)(set->arena + start) % _Alignof(max_align_t);
	if (start > set->arena_bytes || set->arena_bytes - start < bytes) {
		if (!p->out_of_memory)
			job_error(p, "too large: no memory for it");
		p->out_of_memory = true;
		return NULL;
	}
	set->arena_used = start + bytes;
	return set->arena + start;
}

char *job_copy_text(struct job_parser *p, struct job_text text)
{
	char *copy = job_allocate(p, text.length + 1);

	if (copy) {
		memcpy(copy, text.at, text.length);
		copy[text.length] = '\0';
	}
	return copy;
}
