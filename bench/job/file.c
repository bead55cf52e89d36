/* SPDX-License-Identifier: MIT */
/*
 * The job file's outer shape: lines, sections, clones.
 *
 *   line -> comment cut, trimmed -> [section] | key[=value]
 *   section complete -> options applied to a copy of the defaults, or to the
 *   defaults themselves in [global] -> checked -> one struct job per clone
 *
 * A section is collected first and applied at its end, because fio applies
 * options by kind and not in their order (kb_base first, filename last, those
 * of the I/O engine after that).
 *
 * All memory is the caller's: jobs go to set->jobs, strings and the parser's
 * own state to the arena. After an error parsing goes on, so that a user sees
 * every mistake at once; the set is emptied in the end. Single threaded,
 * touches nothing but its arguments, runs on the host too.
 *
 * Does not look whether a disk exists: the benchmark does that (bench/run/setup.c).
 */
#include "bench/job/job_impl.h"

#include "kernel/lib/err.h"
#include "kernel/lib/mem.h"

static bool is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

static struct job_text trim(struct job_text text)
{
	while (text.length && is_space(text.at[0])) {
		text.at++;
		text.length--;
	}
	while (text.length && is_space(text.at[text.length - 1]))
		text.length--;
	return text;
}

/* --- sections --- */

/* Clone number k of n (0, 1, ..) is fio's subjob 0, n-1, .., 1. */
static void add_clones(struct job_parser *p, const struct job_draft *draft)
{
	struct job_set *set = p->set;

	if (draft->numjobs > JOB_MAX - set->job_count) {
		p->key = "numjobs";
		job_error(p, "more than %u jobs", JOB_MAX);
		return;
	}
	if ((draft->job.stonewall || draft->job.new_group) && p->group_has_jobs) {
		p->group_id++;
		p->group_has_jobs = false;
	}
	for (uint32_t k = 0; k < draft->numjobs; k++) {
		struct job *job = &set->jobs[set->job_count++];

		*job = draft->job;
		job->thread_number = set->job_count;
		job->group_id = p->group_id;
		job->subjob = k ? draft->numjobs - k : 0;
		if (k) {
			/* As in fio, whatever name= says. */
			memcpy(job->name, p->section_name, sizeof(job->name));
			job->stonewall = false;
			job->new_group = false;
		}
		job_name_null_file(p, job);
	}
	p->group_has_jobs = true;
}

static void finish_section(struct job_parser *p)
{
	uint32_t line = p->line;

	if (!p->in_section)
		return;
	job_options_apply(p, p->first_entry);
	p->line = p->section_line;
	p->key = NULL;
	if (!p->section_failed && !p->section_is_global)
		job_check(p, p->draft);
	if (!p->section_failed && !p->section_is_global)
		add_clones(p, p->draft);
	if (p->section_failed)
		job_fio_error(p, "fio: job %s dropped", p->section_name);
	p->line = line;
	p->key = NULL;
	p->in_section = false;
}

static void begin_section(struct job_parser *p, struct job_text header)
{
	struct job_text name = { header.at + 1, header.length - 2 };

	finish_section(p);
	if (header.length < 2 || header.at[header.length - 1] != ']') {
		job_error(p, "section header without ]");
		name.length = 0;
	} else if (name.length >= JOB_NAME_BYTES) {
		job_error(p, "job name longer than %u characters", JOB_NAME_BYTES - 1);
		name.length = 0;
	}
	p->in_section = true;
	p->section_failed = false;
	p->section_is_global = name.length >= 6 && memcmp(name.at, "global", 6) == 0;
	p->section_line = p->line;
	memcpy(p->section_name, name.at, name.length);
	p->section_name[name.length] = '\0';
	p->first_entry = NULL;
	p->last_entry = &p->first_entry;
	p->draft = p->section_is_global ? p->defaults : p->scratch;
	if (p->section_is_global)
		return;
	*p->draft = *p->defaults;
	memcpy(p->draft->job.name, p->section_name, name.length + 1);
	p->draft->job.section_line = p->line;
}

static void add_option(struct job_parser *p, struct job_text text)
{
	struct job_text value = text;
	char separator;
	struct job_text name = trim(job_text_cut(&value, "=", &separator));

	if (!p->in_section) {
		job_error(p, "option outside of a [job] section");
		job_fio_error(p, "fio: option <%.*s> outside of [] job section", (int)text.length,
			      text.at);
		return;
	}
	struct job_entry *entry = job_allocate(p, sizeof(*entry));
	char *name_copy = job_copy_text(p, name);
	if (!entry || !name_copy)
		return;
	*entry = (struct job_entry){ .name = name_copy, .line = p->line };
	if (separator) {
		p->key = name_copy;
		entry->value = job_expand_value(p, value);
		p->key = NULL;
		if (!entry->value)
			return;
	}
	*p->last_entry = entry;
	p->last_entry = &entry->next;
}

/* --- lines --- */

static bool is_include(struct job_text line)
{
	return line.length >= 7 && memcmp(line.at, "include", 7) == 0 &&
	       (line.length == 7 || is_space(line.at[7]) || line.at[7] == '=');
}

static void parse_line(struct job_parser *p, struct job_text line)
{
	char separator;

	if (line.length > JOB_LINE_BYTES) {
		job_error(p, "line longer than %u characters", JOB_LINE_BYTES);
		return;
	}
	line = trim(line);
	line = trim(job_text_cut(&line, ";#", &separator));
	if (!line.length)
		return;
	for (size_t i = 0; i < line.length; i++)
		if (!line.at[i]) {
			job_error(p, "a NUL character");
			return;
		}
	if (line.at[0] == '[')
		begin_section(p, line);
	else if (is_include(line))
		job_error(p, "include: there is no file system to read a file from");
	else
		add_option(p, line);
}

static void parse_lines(struct job_parser *p, struct job_text rest)
{
	char separator = '\n';

	for (p->line = 1; separator && !p->out_of_memory; p->line++)
		parse_line(p, job_text_cut(&rest, "\n", &separator));
	p->line--;
}

size_t job_arena_bytes(size_t length_bytes)
{
	/* A line of two characters costs an entry, its name and its value. */
	size_t per_character = (sizeof(struct job_entry) + 3 * sizeof(max_align_t)) / 2;

	return 2 * sizeof(struct job_draft) + job_expansion_bytes() +
	       (size_t)JOB_MAX * (JOB_NAME_BYTES + 2 * sizeof(max_align_t)) +
	       length_bytes * per_character + PAGE_BYTES;
}

int job_parse(struct job_set *set, const char *name, const char *text, size_t length_bytes,
	      const struct job_environment *environment, const struct job_messages *messages)
{
	struct job_parser start = {
		.set = set, .environment = environment, .messages = messages, .file = name,
		.line = 1,
	};

	set->job_count = 0;
	set->global_option_count = 0;
	set->arena_used = 0;
	set->fio_version = environment->fio_version;
	struct job_parser *p = &start;
	p->defaults = job_allocate(p, sizeof(*p->defaults));
	p->scratch = job_allocate(p, sizeof(*p->scratch));
	if (p->defaults && p->scratch) {
		job_draft_set_defaults(p->defaults);
		p->defaults->job.fio_version = environment->fio_version;
		parse_lines(p, (struct job_text){ text, length_bytes });
		finish_section(p);
	}
	if (!p->failed && !set->job_count) {
		job_error(p, "there is no job");
		job_fio_error(p, "No job(s) defined");
	}
	if (p->failed)
		set->job_count = 0;
	return p->failed ? -ERR_INVALID : 0;
}
