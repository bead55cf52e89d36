/* SPDX-License-Identifier: MIT */
/*
 * Options about what is measured, kept and forgiven: percentiles, steady
 * state, logs, errors to go on after. As handlers.c.
 */
#include "bench/job/job_impl.h"

#include "kernel/lib/mem.h"

/* With the sign the number means the same as without, which is what fio takes. */
static bool read_percent(struct job_parser *p, struct job_text text, double *percent)
{
	if (text.length && text.at[text.length - 1] == '%')
		text.length--;
	if (!job_value_double(p, text, percent))
		return false;
	if (*percent > 100)
		job_error(p, "%.*s is more than 100 percent", (int)text.length, text.at);
	return *percent <= 100;
}

static uint32_t places_of(struct job_text text)
{
	char point;

	job_text_cut(&text, ".", &point);
	return (uint32_t)MIN(text.length, JOB_PERCENTILE_PLACES_MAX);
}

static void insert(struct job *job, double percent)
{
	uint32_t i = job->percentile_count++;

	for (; i && job->percentiles[i - 1] > percent; i--)
		job->percentiles[i] = job->percentiles[i - 1];
	job->percentiles[i] = percent;
}

bool job_handle_percentile_list(struct job_parser *p, const struct job_option_rule *rule,
				const char *value)
{
	struct job *job = &p->draft->job;
	struct job_text rest = job_text_of(value);
	unsigned given = 0;
	bool ended = false;
	char separator;

	(void)rule;
	job->percentile_count = job->percentile_places = 0;
	do {
		struct job_text text = job_text_cut(&rest, ":", &separator);
		double percent;

		if (given++ == JOB_PERCENTILES_MAX) {
			job_error(p, "more than %u percentiles", JOB_PERCENTILES_MAX);
			return false;
		}
		if (!read_percent(p, text, &percent))
			return false;
		job->percentile_places = MAX(job->percentile_places, places_of(text));
		ended |= percent == 0; /* a 0 ends fio's list */
		if (!ended)
			insert(job, percent);
	} while (separator);
	return true;
}

bool job_handle_latency_percentile(struct job_parser *p, const struct job_option_rule *rule,
				   const char *value)
{
	double percent;

	(void)rule;
	if (!read_percent(p, job_text_of(value), &percent))
		return false;
	p->draft->job.latency_percentile_micro = (uint32_t)(percent * 1e6 + 0.5);
	return true;
}

bool job_handle_steadystate(struct job_parser *p, const struct job_option_rule *rule,
			    const char *value)
{
	static const char *const criteria[] = { "iops", "iops_slope", "bw", "bw_slope" };
	struct job_text rest = job_text_of(value);
	char separator;
	struct job_text name = job_text_cut(&rest, ":", &separator);
	size_t i = 0;
	uint64_t whole;
	double limit;
	bool good;

	(void)rule;
	while (i < ARRAY_COUNT(criteria) && !job_text_equals(name, criteria[i]))
		i++;
	if (i == ARRAY_COUNT(criteria) || !separator) {
		job_error(p, "\"%s\" is not iops, iops_slope, bw or bw_slope, then :LIMIT or "
			     ":LIMIT%%", value);
		return false;
	}
	if (rest.length && rest.at[rest.length - 1] == '%')
		good = job_value_double(p, (struct job_text){ rest.at, rest.length - 1 }, &limit);
	else if (criteria[i][0] == 'b')
		good = job_value_unsigned(p, rest, &whole);
	else
		good = job_value_double(p, rest, &limit);
	if (good)
		p->draft->job.steadystate = value;
	return good;
}

/* Samples are taken every second, fio's default. */
bool job_handle_steadystate_interval(struct job_parser *p, const struct job_option_rule *rule,
				     const char *value)
{
	const uint64_t second_us = NS_PER_S / NS_PER_US;
	uint64_t interval_us;

	(void)rule;
	if (!job_value_time_us(p, job_text_of(value), second_us, &interval_us))
		return false;
	if (interval_us != second_us)
		job_error(p, "not supported on this target (samples are taken every second)");
	return interval_us == second_us;
}

bool job_handle_continue_on_error(struct job_parser *p, const struct job_option_rule *rule,
				  const char *value)
{
	enum { ON_READ = 1, ON_WRITE = 2, ON_VERIFY = 4 };
	static const struct {
		const char *name;
		uint32_t on;
	} choices[] = {
		{ "none", 0 },		      { "0", 0 },
		{ "read", ON_READ },	      { "write", ON_WRITE },
		{ "io", ON_READ | ON_WRITE }, { "verify", ON_VERIFY },
		{ "all", ON_READ | ON_WRITE | ON_VERIFY },
		{ "1", ON_READ | ON_WRITE | ON_VERIFY },
	};
	struct job *job = &p->draft->job;

	(void)rule;
	for (size_t i = 0; i < ARRAY_COUNT(choices); i++) {
		if (strcmp(value, choices[i].name) != 0)
			continue;
		job->continue_on_error_read = choices[i].on & ON_READ;
		job->continue_on_error_write = choices[i].on & ON_WRITE;
		job->continue_on_error_verify = choices[i].on & ON_VERIFY;
		job->continue_on_error_set = choices[i].on != 0;
		return true;
	}
	job_error(p, "\"%s\" is not one of none, read, write, io, verify, all", value);
	return false;
}

/* A bare option means the job's name, which is settled later. */
bool job_handle_log_prefix(struct job_parser *p, const struct job_option_rule *rule,
			   const char *value)
{
	struct job *job = &p->draft->job;
	const char **prefix = !strcmp(rule->name, "write_bw_log")   ? &job->bw_log :
			      !strcmp(rule->name, "write_lat_log")  ? &job->lat_log :
			      !strcmp(rule->name, "write_iops_log") ? &job->iops_log :
								      &job->hist_log;
	for (const char *c = value; c && *c; c++)
		if (*c == '/') {
			job_error(p, "\"%s\" names a folder; a log lies beside the result", value);
			return false;
		}
	*prefix = value ? value : "";
	return true;
}
