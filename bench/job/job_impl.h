/* SPDX-License-Identifier: MIT */
/*
 * What the parts of the job file parser share: file.c (lines, sections,
 * clones), expand.c (variables), options.c with option_table.c (all
 * options), job_handlers*.c (options with a syntax of their own), values.c
 * (values by type), check.c (rules that span options). Only they and their
 * tests include this.
 */
#ifndef BENCH_JOB_JOB_IMPL_H
#define BENCH_JOB_JOB_IMPL_H

#include "bench/job/job.h"

#define JOB_BS_MAX (1ull << 30) /* a request's length fits into 32 bits */
#define JOB_IODEPTH_MAX 65536u
#define JOB_LINE_BYTES 8191u /* longest line, as in fio */
#define JOB_MESSAGE_BYTES 384u

/* ioengine=, in the order of the bits of job_option.engines. */
enum ioengine_name {
	NAMED_SYNC, NAMED_PSYNC, NAMED_VSYNC, NAMED_PVSYNC, NAMED_PVSYNC2,
	NAMED_NULL, NAMED_LIBAIO, NAMED_IO_URING, NAMED_POSIXAIO,
	NAMED_ABSENT = 15 /* one that fio has and this target has not */
};

/* A piece of text that does not end in NUL. */
struct job_text {
	const char *at;
	size_t length;
};

/*
 * A job before check.c has settled what depends on several options. The
 * defaults that [global] sections change are one of these too. In struct job,
 * zero means "not given" until then where fio's default depends on something.
 */
struct job_draft {
	struct job job;
	uint32_t engine_name; /* enum ioengine_name */
	uint32_t numjobs;
	uint64_t bs[DIR_COUNT]; /* bsrange and bssplit go straight to job.min_bs, max_bs */
	uint32_t random_generator; /* JOB_NOT_GIVEN or enum job_random_generator */
	uint32_t verify; /* JOB_NOT_GIVEN or enum job_verify */
	uint32_t scramble; /* JOB_NOT_GIVEN, 0 or 1 */
	uint32_t exit_what; /* counts when one of the exitall options is set */
	uint32_t unified; /* 0 none, 1 mixed, 2 both */
	uint32_t zonemode; /* enum job_zonemode */
	uint64_t steadystate_duration_us, steadystate_ramp_us;
	bool fsync_on_close;
	const char *directory;
};

#define JOB_NOT_GIVEN UINT32_MAX
enum job_zonemode { ZONEMODE_NONE, ZONEMODE_STRIDED };

/* One option as it stands in a section. */
struct job_entry {
	struct job_entry *next;
	const char *name, *value; /* value NULL: bare key */
	uint32_t line;
};

struct job_parser {
	struct job_set *set;
	const struct job_environment *environment;
	const struct job_messages *messages;
	const char *file; /* where messages point to */
	uint32_t line;
	const char *key;
	bool failed; /* anywhere */
	bool section_failed;
	bool out_of_memory;

	struct job_draft *defaults; /* what [global] sections left */
	struct job_draft *scratch; /* the job being parsed */
	struct job_draft *draft; /* of the section being parsed: one of these */
	bool in_section, section_is_global;
	char section_name[JOB_NAME_BYTES];
	uint32_t section_line;
	struct job_entry *first_entry, **last_entry;
	struct job_expansion *expansion; /* expand.c's; NULL until it is needed */

	uint32_t group_id;
	bool group_has_jobs;
};

/* "FILE:LINE: KEY: ..." (KEY only inside an option); the file is refused. */
void job_error(struct job_parser *p, const char *format, ...) PRINTF_LIKE(2, 3);
/* A line in fio's own words, after a job_error(). */
void job_fio_error(struct job_parser *p, const char *format, ...) PRINTF_LIKE(2, 3);
/* "FILE:LINE: KEY: ..."; parsing goes on. */
void job_warn(struct job_parser *p, const char *format, ...) PRINTF_LIKE(2, 3);
/* A note in fio's own words. */
void job_fio_note(struct job_parser *p, const char *format, ...) PRINTF_LIKE(2, 3);

/* Memory of the arena, aligned for any type; NULL after a job_error(). */
void *job_allocate(struct job_parser *p, size_t bytes);
char *job_copy_text(struct job_parser *p, struct job_text text);

/* --- values.c. All return false after a job_error(). --- */

struct job_text job_text_of(const char *string);
bool job_text_equals(struct job_text text, const char *string);
/*
 * Cuts the piece before the first of `separators` off *rest. *separator is
 * what stood there, 0 at the end; then *rest is empty.
 */
struct job_text job_text_cut(struct job_text *rest, const char *separators, char *separator);

/* Units by draft->job.kb_base. */
bool job_value_unsigned(struct job_parser *p, struct job_text text, uint64_t *out);
bool job_value_signed(struct job_parser *p, struct job_text text, int64_t *out);
/* 0 to 100, with or without the sign. */
bool job_value_percent(struct job_parser *p, struct job_text text, uint64_t *out);
/* In bytes, or in percent ("50%") of the device. */
bool job_value_size(struct job_parser *p, struct job_text text, struct job_size *out);
bool job_value_range(struct job_parser *p, struct job_text text, uint64_t *low, uint64_t *high);
/* unit_us: of a number without a unit. */
bool job_value_time_us(struct job_parser *p, struct job_text text, uint64_t unit_us,
		       uint64_t *out);
bool job_value_double(struct job_parser *p, struct job_text text, double *out);

/* --- options.c --- */

/* What becomes of an option that fio knows. */
enum job_accept {
	ACCEPT_FULL,
	ACCEPT_SILENTLY, /* no effect here, and none expected */
	ACCEPT_WARN, /* no effect here, and the user should know */
	ACCEPT_NEVER, /* refused with a reason */
};

/* fio applies the options of a section in this order. */
enum job_pass { PASS_NORMAL, PASS_FIRST, PASS_LAST, PASS_ENGINE };

enum job_type {
	TYPE_FLAG, /* bare, or a number */
	TYPE_BOOL, /* 0 or 1 */
	TYPE_NUMBER, /* with a unit; one or one per direction */
	TYPE_TIME, /* likewise, in us */
	TYPE_SIZE, /* struct job_size */
	TYPE_CHOICE, /* one of a list */
	TYPE_TEXT,
	TYPE_ANY, /* anything or nothing; never stored */
	TYPE_HANDLER,
};

struct job_choice {
	const char *name;
	uint32_t value;
	const char *unsupported; /* why this one is refused; else NULL */
};

#define JOB_NOT_STORED UINT16_MAX

struct job_option_rule;
typedef bool job_handler(struct job_parser *p, const struct job_option_rule *rule,
			 const char *value);

struct job_option_rule {
	const char *name, *alias;
	uint8_t type, accept, pass;
	uint8_t since, before; /* enum setting_fio_version; before 0: it is still there */
	bool bare; /* the value may be left out */
	uint8_t width; /* bytes of one stored value */
	uint8_t count; /* 1, or DIR_COUNT */
	uint16_t offset; /* in struct job_draft, or JOB_NOT_STORED */
	uint16_t engines; /* bits of enum ioengine_name; 0: every engine */
	uint64_t minimum, maximum; /* TYPE_NUMBER; maximum 0: what the width holds */
	uint64_t unit_us; /* TYPE_TIME: of a number without a unit */
	const struct job_choice *choices; /* ends with a NULL name */
	job_handler *handler;
	const char *reason; /* of a warning or a refusal */
};

extern const struct job_option_rule job_option_table[]; /* ends with a NULL name */

void job_draft_set_defaults(struct job_draft *draft);
/* Applies the entries of a section, and keeps them for the result, in fio's order. */
void job_options_apply(struct job_parser *p, const struct job_entry *entries);

/* --- job_handlers*.c: true, or false after a job_error(). --- */

job_handler job_handle_name, job_handle_filename, job_handle_ioengine, job_handle_rw,
	job_handle_bsrange, job_handle_bssplit, job_handle_filesize, job_handle_startdelay,
	job_handle_random_distribution, job_handle_percentile_list,
	job_handle_latency_percentile, job_handle_verify_pattern, job_handle_buffer_pattern,
	job_handle_scramble_buffers,
	job_handle_cpus_allowed, job_handle_cpumask, job_handle_steadystate,
	job_handle_steadystate_interval,
	job_handle_continue_on_error, job_handle_log_prefix, job_handle_rwmixread,
	job_handle_rwmixwrite, job_handle_randseed, job_handle_direct;

/* --- check.c --- */

/* Settles a job and checks the rules between its options, and with earlier jobs. */
void job_check(struct job_parser *p, struct job_draft *draft);
/* Names the file of a job that has none, as fio does: it seeds distributions. */
void job_name_null_file(struct job_parser *p, struct job *job);

/* --- expand.c --- */

size_t job_expansion_bytes(void);

/* A copy of the value with $ncpus and so on replaced; NULL after a job_error(). */
char *job_expand_value(struct job_parser *p, struct job_text value);

#endif
