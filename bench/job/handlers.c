/* SPDX-License-Identifier: MIT */
/*
 * Options whose values have a syntax of their own: file names, rw=, the I/O
 * engine, CPUs and a few more. Block sizes and random distributions are in
 * handlers_lists.c, data patterns in handlers_pattern.c, percentiles,
 * logs and errors in handlers_report.c.
 *
 * A handler reads one value, stores it into the draft, and returns false after
 * a job_error(). What depends on other options waits for check.c.
 */
#include "bench/job/job_impl.h"

#include "kernel/lib/mem.h"

#define CPUS_MAX 64u

bool job_handle_name(struct job_parser *p, const struct job_option_rule *rule, const char *value)
{
	(void)rule;
	if (strlen(value) >= JOB_NAME_BYTES) {
		job_error(p, "longer than %u characters", JOB_NAME_BYTES - 1);
		return false;
	}
	memcpy(p->draft->job.name, value, strlen(value) + 1);
	return true;
}

/* /dev/NAME and nothing below it. */
static bool is_device(struct job_text file)
{
	char separator;

	if (file.length < 6 || memcmp(file.at, "/dev/", 5) != 0)
		return false;
	file.at += 5;
	file.length -= 5;
	job_text_cut(&file, "/ \t", &separator);
	return !separator;
}

static bool is_escaped_colon(struct job_text text, size_t i)
{
	return i + 1 < text.length && text.at[i] == '\\' && text.at[i + 1] == ':';
}

/* Cuts at the first ':' that has no '\' before it, and drops those '\'. */
static char *cut_file(struct job_parser *p, struct job_text *rest)
{
	size_t length = 0, to = 0;

	while (length < rest->length && rest->at[length] != ':')
		length += is_escaped_colon(*rest, length) ? 2 : 1;
	char *file = job_copy_text(p, (struct job_text){ rest->at, length });
	if (!file)
		return NULL;
	for (size_t from = 0; from < length; from++)
		if (!is_escaped_colon(*rest, from))
			file[to++] = rest->at[from];
	file[to] = '\0';
	length += length < rest->length;
	rest->at += length;
	rest->length -= length;
	return file;
}

bool job_handle_filename(struct job_parser *p, const struct job_option_rule *rule,
			 const char *value)
{
	struct job *job = &p->draft->job;
	struct job_text rest = job_text_of(value);
	uint32_t before = job->file_count;

	(void)rule;
	if (before)
		job_warn(p, "adds to the disks named before, as in fio");
	while (rest.length) {
		char *file = cut_file(p, &rest);

		if (!file)
			return false;
		if (!*file)
			continue;
		if (p->draft->engine_name != NAMED_NULL && !is_device(job_text_of(file))) {
			job_error(p, "\"%s\" is not a disk: there are no files, write /dev/NAME",
				  file);
			return false;
		}
		if (job->file_count == JOB_FILES_MAX) {
			job_error(p, "more than %u disks", JOB_FILES_MAX);
			return false;
		}
		job->files[job->file_count++] = file;
	}
	if (job->file_count == before)
		job_error(p, "a disk is missing");
	return job->file_count > before;
}

bool job_handle_ioengine(struct job_parser *p, const struct job_option_rule *rule,
			 const char *value)
{
	static const struct {
		const char *name;
		uint32_t engine_name, engine;
	} engines[] = {
		{ "sync", NAMED_SYNC, IOENGINE_SYNC },
		{ "psync", NAMED_PSYNC, IOENGINE_SYNC },
		{ "vsync", NAMED_VSYNC, IOENGINE_SYNC },
		{ "pvsync", NAMED_PVSYNC, IOENGINE_SYNC },
		{ "pvsync2", NAMED_PVSYNC2, IOENGINE_SYNC },
		{ "null", NAMED_NULL, IOENGINE_NULL },
		{ "libaio", NAMED_LIBAIO, IOENGINE_ASYNC },
		{ "io_uring", NAMED_IO_URING, IOENGINE_ASYNC },
		{ "posixaio", NAMED_POSIXAIO, IOENGINE_ASYNC },
	};
	struct job_text rest = job_text_of(value);
	char separator;
	struct job_text name = job_text_cut(&rest, ",:", &separator);

	(void)rule;
	for (size_t i = 0; i < ARRAY_COUNT(engines); i++) {
		if (!job_text_equals(name, engines[i].name))
			continue;
		p->draft->engine_name = engines[i].engine_name;
		p->draft->job.engine = engines[i].engine;
		return true;
	}
	p->draft->engine_name = NAMED_ABSENT;
	job_error(p, "engine %s does not exist on this target; for disks: libaio, io_uring, "
		     "posixaio, sync, psync, vsync, pvsync, pvsync2; without: null", value);
	job_fio_error(p, "fio: engine %s not loadable", value);
	return false;
}

static const struct {
	const char *name;
	uint32_t rw;
} rw_names[] = {
	{ "read", JOB_RW_READ },
	{ "write", JOB_RW_WRITE },
	{ "trim", JOB_RW_TRIM },
	{ "randread", JOB_RW_READ | JOB_RW_RANDOM },
	{ "randwrite", JOB_RW_WRITE | JOB_RW_RANDOM },
	{ "randtrim", JOB_RW_TRIM | JOB_RW_RANDOM },
	{ "rw", JOB_RW_READ | JOB_RW_WRITE },
	{ "readwrite", JOB_RW_READ | JOB_RW_WRITE },
	{ "randrw", JOB_RW_READ | JOB_RW_WRITE | JOB_RW_RANDOM },
	{ "trimwrite", JOB_RW_TRIM | JOB_RW_WRITE | JOB_RW_TRIMWRITE },
	{ "randtrimwrite", JOB_RW_TRIM | JOB_RW_WRITE | JOB_RW_TRIMWRITE | JOB_RW_RANDOM },
};

bool job_handle_rw(struct job_parser *p, const struct job_option_rule *rule, const char *value)
{
	struct job *job = &p->draft->job;
	struct job_text rest = job_text_of(value);
	char separator;
	struct job_text name = job_text_cut(&rest, ":", &separator);
	size_t i = 0;

	(void)rule;
	while (i < ARRAY_COUNT(rw_names) && !job_text_equals(name, rw_names[i].name))
		i++;
	if (i == ARRAY_COUNT(rw_names)) {
		job_error(p, "\"%.*s\" is not one of read, write, trim, randread, randwrite, "
			     "randtrim, rw, readwrite, randrw, trimwrite, randtrimwrite",
			  (int)name.length, name.at);
		return false;
	}
	job->rw = rw_names[i].rw;
	job->rw_step = (job->rw & JOB_RW_RANDOM) ? 1 : 0;
	if (!separator)
		return true;
	if (!job_value_signed(p, rest, &job->rw_step))
		return false;
	if (!(job->rw & JOB_RW_RANDOM))
		return true;
	char last = rest.at[rest.length - 1];
	bool has_unit = last < '0' || last > '9';
	if (job->rw_step < 1 || job->rw_step > INT32_MAX ||
	    (has_unit && job_fio(job)->cuts_units_of_steps)) {
		job_error(p, "a random offset every %.*s I/Os makes no sense", (int)rest.length,
			  rest.at);
		return false;
	}
	return true;
}

bool job_handle_filesize(struct job_parser *p, const struct job_option_rule *rule,
			 const char *value)
{
	struct job_text text = job_text_of(value);
	uint64_t low, high;
	bool range = strchr(value, '-') || strchr(value, ':');

	(void)rule;
	if (!(range ? job_value_range(p, text, &low, &high) : job_value_unsigned(p, text, &high)))
		return false;
	if (!high)
		job_error(p, "a file without a byte");
	p->draft->job.filesize_bytes = high;
	return high != 0;
}

bool job_handle_startdelay(struct job_parser *p, const struct job_option_rule *rule,
			   const char *value)
{
	struct job *job = &p->draft->job;
	struct job_text rest = job_text_of(value);
	char separator;
	struct job_text first = job_text_cut(&rest, "-:,", &separator);
	uint64_t low, high;

	(void)rule;
	if (!job_value_time_us(p, first, NS_PER_S / NS_PER_US, &low))
		return false;
	high = low;
	if (separator && !job_value_time_us(p, rest, NS_PER_S / NS_PER_US, &high))
		return false;
	job->startdelay_us_min = MIN(low, high);
	job->startdelay_us_max = MAX(low, high);
	return true;
}

static bool check_cpu(struct job_parser *p, uint64_t cpu)
{
	uint32_t cpus = p->environment && p->environment->cpus ? p->environment->cpus : CPUS_MAX;

	if (cpu < MIN(cpus, CPUS_MAX))
		return true;
	job_error(p, "there is no CPU %llu", (unsigned long long)cpu);
	return false;
}

static bool set_cpus(struct job_parser *p, uint64_t mask)
{
	if (!mask)
		job_error(p, "no CPU is left");
	p->draft->job.cpus_allowed = mask;
	return mask != 0;
}

bool job_handle_cpus_allowed(struct job_parser *p, const struct job_option_rule *rule,
			     const char *value)
{
	struct job_text rest = job_text_of(value);
	uint64_t mask = 0;
	char separator, range;

	(void)rule;
	do {
		struct job_text last = job_text_cut(&rest, ",", &separator);
		struct job_text first = job_text_cut(&last, "-", &range);
		uint64_t low, high;

		if (!job_value_unsigned(p, first, &low) || !check_cpu(p, low))
			return false;
		high = low;
		if (range && (!job_value_unsigned(p, last, &high) || !check_cpu(p, high)))
			return false;
		for (uint64_t cpu = low; cpu <= high; cpu++)
			mask |= 1ull << cpu;
	} while (separator);
	return set_cpus(p, mask);
}

bool job_handle_cpumask(struct job_parser *p, const struct job_option_rule *rule,
			const char *value)
{
	uint64_t mask;

	(void)rule;
	if (!job_value_unsigned(p, job_text_of(value), &mask))
		return false;
	if (mask && !check_cpu(p, 63u - (unsigned)__builtin_clzll(mask)))
		return false;
	return set_cpus(p, mask);
}

bool job_handle_rwmixread(struct job_parser *p, const struct job_option_rule *rule,
			  const char *value)
{
	uint64_t percent;

	(void)rule;
	if (!job_value_percent(p, job_text_of(value), &percent))
		return false;
	p->draft->job.rwmixread = (uint32_t)percent;
	return true;
}

bool job_handle_rwmixwrite(struct job_parser *p, const struct job_option_rule *rule,
			   const char *value)
{
	uint64_t percent;

	(void)rule;
	if (!job_value_percent(p, job_text_of(value), &percent))
		return false;
	p->draft->job.rwmixread = 100 - (uint32_t)percent;
	return true;
}

bool job_handle_randseed(struct job_parser *p, const struct job_option_rule *rule,
			 const char *value)
{
	(void)rule;
	p->draft->job.randseed_set = true;
	return job_value_unsigned(p, job_text_of(value), &p->draft->job.randseed);
}

bool job_handle_direct(struct job_parser *p, const struct job_option_rule *rule,
		       const char *value)
{
	bool on = strcmp(value, "1") == 0, wants_cache = strcmp(rule->name, "direct") ? on : !on;

	if (!on && strcmp(value, "0") != 0) {
		job_error(p, "%s is neither 0 nor 1", value);
		return false;
	}
	if (wants_cache)
		job_fio_note(p, "fio: %s=%s: no effect on this target (%s), ignored", rule->name,
			     value, rule->reason);
	return true;
}
