/* SPDX-License-Identifier: MIT */
/*
 * Options whose value is a list for each direction: bsrange=, bssplit= and
 * random_distribution=. All take up to three lists, for reads, writes and
 * trims: a lone one counts for all, two mean read and the rest, an empty one
 * leaves what was there.
 */
#include "bench/job/job_impl.h"

#include "kernel/lib/mem.h"

typedef bool list_reader(struct job_parser *p, struct job_text list, unsigned direction);
typedef void list_copier(struct job *job, unsigned to, unsigned from);

static bool read_lists(struct job_parser *p, struct job_text rest, list_reader *read,
		       list_copier *copy)
{
	unsigned direction = 0, given = 0;
	char separator;

	do {
		struct job_text list = job_text_cut(&rest, ",", &separator);

		if (direction >= DIR_COUNT && list.length) {
			job_error(p, "more than %u lists", (unsigned)DIR_COUNT);
			return false;
		}
		if (list.length) {
			if (!read(p, list, direction))
				return false;
			given++;
		}
		direction++;
		if (!separator && list.length)
			for (unsigned to = direction; to < DIR_COUNT; to++)
				copy(&p->draft->job, to, direction - 1);
	} while (separator);
	if (!given)
		job_error(p, "a value is missing");
	return given != 0;
}

static bool check_block_size(struct job_parser *p, uint64_t bytes)
{
	if (bytes < 1 || bytes > JOB_BS_MAX)
		job_error(p, "a block size is not between 1 and %llu", JOB_BS_MAX);
	return bytes >= 1 && bytes <= JOB_BS_MAX;
}

static bool read_range(struct job_parser *p, struct job_text list, unsigned direction)
{
	uint64_t low, high;

	if (!job_value_range(p, list, &low, &high) || !check_block_size(p, low) ||
	    !check_block_size(p, high))
		return false;
	p->draft->job.min_bs[direction] = low;
	p->draft->job.max_bs[direction] = high;
	return true;
}

static void copy_range(struct job *job, unsigned to, unsigned from)
{
	job->min_bs[to] = job->min_bs[from];
	job->max_bs[to] = job->max_bs[from];
}

bool job_handle_bsrange(struct job_parser *p, const struct job_option_rule *rule,
			const char *value)
{
	(void)rule;
	return read_lists(p, job_text_of(value), read_range, copy_range);
}

/* "50" of "4k/50"; missing and 0 are the same. */
static bool read_share(struct job_parser *p, struct job_text text, uint32_t *percent)
{
	uint64_t value = 0;

	if (text.length && !job_value_percent(p, text, &value))
		return false;
	*percent = (uint32_t)value;
	return true;
}

/* Shares that were left out get equal parts of what the others leave. */
static bool settle_shares(struct job_parser *p, struct job_bssplit *split, uint32_t count)
{
	uint32_t sum = 0, missing = 0;

	for (uint32_t i = 0; i < count; i++) {
		sum += split[i].percent;
		missing += !split[i].percent;
	}
	if (sum > 100 && missing) {
		job_error(p, "percentages add up to more than 100");
		job_fio_error(p, "fio: bssplit percentages add to more than 100%%");
		return false;
	}
	if (sum > 100)
		job_warn(p, "percentages add up to %u", sum);
	for (uint32_t i = 0; i < count; i++)
		if (!split[i].percent)
			split[i].percent = (100 - sum) / missing;
	return true;
}

/* fio's order: by percent, equal ones as they were written. */
static void sort_shares(struct job_bssplit *split, uint32_t count)
{
	for (uint32_t i = 1; i < count; i++) {
		struct job_bssplit entry = split[i];
		uint32_t j = i;

		for (; j && split[j - 1].percent > entry.percent; j--)
			split[j] = split[j - 1];
		split[j] = entry;
	}
}

static bool read_split(struct job_parser *p, struct job_text rest, unsigned direction)
{
	struct job *job = &p->draft->job;
	struct job_bssplit *split = job->bssplit[direction];
	uint32_t count = 0;
	char separator, slash;
	uint64_t low = UINT64_MAX, high = 0;

	do {
		struct job_text share = job_text_cut(&rest, ":", &separator);
		struct job_text size = job_text_cut(&share, "/", &slash);

		if (count == JOB_BSSPLIT_MAX) {
			job_error(p, "more than %u block sizes", JOB_BSSPLIT_MAX);
			return false;
		}
		if (!job_value_unsigned(p, size, &split[count].bytes) ||
		    !check_block_size(p, split[count].bytes) ||
		    !read_share(p, share, &split[count].percent))
			return false;
		low = MIN(low, split[count].bytes);
		high = MAX(high, split[count].bytes);
		count++;
	} while (separator);
	if (!settle_shares(p, split, count))
		return false;
	sort_shares(split, count);
	job->bssplit_count[direction] = count;
	job->min_bs[direction] = low;
	job->max_bs[direction] = high;
	return true;
}

static void copy_split(struct job *job, unsigned to, unsigned from)
{
	memcpy(job->bssplit[to], job->bssplit[from], sizeof(job->bssplit[to]));
	job->bssplit_count[to] = job->bssplit_count[from];
	copy_range(job, to, from);
}

bool job_handle_bssplit(struct job_parser *p, const struct job_option_rule *rule,
			const char *value)
{
	(void)rule;
	return read_lists(p, job_text_of(value), read_split, copy_split);
}

/* --- random_distribution --- */

static bool read_zone(struct job_parser *p, struct job_text zone, bool absolute,
		      struct job_zone *out)
{
	char slash;
	struct job_text access = job_text_cut(&zone, "/", &slash);

	out->size = 0;
	if (!read_share(p, access, &out->access_percent))
		return false;
	if (zone.length && !job_value_unsigned(p, zone, &out->size))
		return false;
	if (!absolute && out->size > 100) {
		job_error(p, "a zone larger than 100 percent");
		return false;
	}
	return true;
}

/* Zones without a size share what the others leave; fio knows that for percents only. */
static bool settle_zones(struct job_parser *p, struct job_zone *zones, uint32_t count,
			 bool absolute)
{
	uint64_t access = 0, size = 0, missing = 0;

	for (uint32_t i = 0; i < count; i++) {
		access += zones[i].access_percent;
		size += zones[i].size;
		missing += !zones[i].size;
	}
	if (access != 100) {
		job_error(p, "access percentages add up to %llu, not 100",
			  (unsigned long long)access);
		return false;
	}
	if (missing && (absolute || size >= 100)) {
		job_error(p, "a zone has no size");
		return false;
	}
	if (!absolute && size > 100) {
		job_error(p, "zones add up to more than 100 percent");
		return false;
	}
	for (uint32_t i = 0; i < count; i++)
		if (!zones[i].size)
			zones[i].size = (100 - size) / missing;
	return true;
}

static bool read_zones(struct job_parser *p, struct job_text rest, unsigned direction)
{
	struct job *job = &p->draft->job;
	bool absolute = job->distribution == JOB_ZONED_ABS;
	uint32_t count = 0;
	char separator;

	do {
		struct job_text zone = job_text_cut(&rest, ":", &separator);

		if (count == JOB_BSSPLIT_MAX) {
			job_error(p, "more than %u zones", JOB_BSSPLIT_MAX);
			return false;
		}
		if (!read_zone(p, zone, absolute, &job->zones[direction][count]))
			return false;
		count++;
	} while (separator);
	job->zone_count[direction] = count;
	return settle_zones(p, job->zones[direction], count, absolute);
}

static void copy_zones(struct job *job, unsigned to, unsigned from)
{
	memcpy(job->zones[to], job->zones[from], sizeof(job->zones[to]));
	job->zone_count[to] = job->zone_count[from];
}

static const struct distribution_kind {
	const char *name;
	uint32_t distribution;
	double fallback, low, high; /* both ends excluded */
	const char *limits;
} distribution_kinds[] = {
	{ "random", JOB_UNIFORM, 0, 0, 0, NULL },
	{ "zipf", JOB_ZIPF, 1.1, -1, 1000, "theta must be below 1000 and not 1" },
	{ "pareto", JOB_PARETO, 0.2, 0, 1, "h must lie between 0 and 1" },
	{ "normal", JOB_NORMAL, 0, -1, 100, "the deviation must be below 100 percent" },
	{ "zoned", JOB_ZONED, 0, 0, 0, NULL },
	{ "zoned_abs", JOB_ZONED_ABS, 0, 0, 0, NULL },
};

static bool read_parameters(struct job_parser *p, const struct distribution_kind *kind,
			    struct job_text rest)
{
	struct job *job = &p->draft->job;
	char separator;
	struct job_text first = job_text_cut(&rest, ":", &separator);
	double value = kind->fallback;

	if (first.length && !job_value_double(p, first, &value))
		return false;
	if (value <= kind->low || value >= kind->high ||
	    (kind->distribution == JOB_ZIPF && value == 1.0)) {
		job_error(p, "%s", kind->limits);
		return false;
	}
	job->distribution_value = value;
	job->distribution_center_set = separator != 0;
	if (separator && !job_value_double(p, rest, &job->distribution_center))
		return false;
	if (separator && job->distribution_center > 1) {
		job_error(p, "the center must lie between 0 and 1");
		return false;
	}
	return true;
}

bool job_handle_random_distribution(struct job_parser *p, const struct job_option_rule *rule,
				    const char *value)
{
	struct job_text rest = job_text_of(value);
	char separator;
	struct job_text name = job_text_cut(&rest, ":", &separator);
	size_t i = 0;

	(void)rule;
	while (i < ARRAY_COUNT(distribution_kinds) &&
	       !job_text_equals(name, distribution_kinds[i].name))
		i++;
	if (i == ARRAY_COUNT(distribution_kinds)) {
		job_error(p, "\"%.*s\" is not one of random, zipf, pareto, normal, zoned, "
			     "zoned_abs", (int)name.length, name.at);
		return false;
	}
	p->draft->job.distribution = distribution_kinds[i].distribution;
	switch (p->draft->job.distribution) {
	case JOB_UNIFORM:
		return true;
	case JOB_ZONED:
	case JOB_ZONED_ABS:
		return read_lists(p, rest, read_zones, copy_zones);
	default:
		return read_parameters(p, &distribution_kinds[i], rest);
	}
}
