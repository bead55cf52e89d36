/*
 * Options about what is measured, kept and forgiven: percentiles, steady
 * state, logs, errors to go on after. As handlers.c.
 */
#include "bench/job/job_impl.h"

#include "kernel/lib/mem.h"

static bool read_percent(struct job_parser *p, struct job_text text, uint32_t *micro)
{
	uint64_t value;

	if (!job_value_micro(p, text, &value))
		return false;
	if (value > 100000000u) {
		job_error(p, "%.*s is more than 100 percent", (int)text.length, text.at);
		return false;
	}
	*micro = (uint32_t)value;
	return true;
}

bool job_handle_percentile_list(struct job_parser *p, const struct job_option_rule *rule,
				const char *value)
{
	struct job *job = &p->draft->job;
	struct job_text rest = job_text_of(value);
	char separator;

	(void)rule;
	job->percentile_count = 0;
	do {
		uint32_t micro, i;

		if (job->percentile_count == JOB_PERCENTILES_MAX) {
			job_error(p, "more than %u percentiles", JOB_PERCENTILES_MAX);
			return false;
		}
		if (!read_percent(p, job_text_cut(&rest, ":", &separator), &micro))
			return false;
		for (i = job->percentile_count; i && job->percentiles_micro[i - 1] > micro; i--)
			job->percentiles_micro[i] = job->percentiles_micro[i - 1];
		job->percentiles_micro[i] = micro;
		job->percentile_count++;
	} while (separator);
	return true;
}

bool job_handle_latency_percentile(struct job_parser *p, const struct job_option_rule *rule,
				   const char *value)
{
	(void)rule;
	return read_percent(p, job_text_of(value), &p->draft->job.latency_percentile_micro);
}

bool job_handle_steadystate(struct job_parser *p, const struct job_option_rule *rule,
			    const char *value)
{
	static const char *const criteria[] = { "iops", "iops_slope", "bw", "bw_slope" };
	struct job_text rest = job_text_of(value);
	char separator;
	struct job_text name = job_text_cut(&rest, ":", &separator);
	size_t i = 0;
	uint64_t limit;
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
		good = job_value_micro(p, (struct job_text){ rest.at, rest.length - 1 }, &limit);
	else if (criteria[i][0] == 'b')
		good = job_value_unsigned(p, rest, &limit);
	else
		good = job_value_micro(p, rest, &limit);
	if (good)
		p->draft->job.steadystate = value;
	return good;
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
	*prefix = value ? value : "";
	return true;
}
