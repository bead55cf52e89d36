/* SPDX-License-Identifier: MIT */
/*
 * Every option that fio knows: the table (option_table.c) is walked
 * here. An entry is looked up, its value read by type, checked and stored
 * where its rule says.
 *
 * Four things can become of an option: it works; it is accepted silently
 * because nobody would miss it; it is accepted with a note; it is refused with
 * the reason. A name that fio does not know is refused in fio's own words, and
 * so is an option of an I/O engine that the job does not use.
 *
 * Options are applied by kind: those that change how others are read first,
 * then all others in the order of the file, then file names, then the
 * engine's, whose meaning depends on ioengine=.
 */
#include "bench/job/job_impl.h"

#include "kernel/lib/assert.h"
#include "kernel/lib/fmt.h"
#include "kernel/lib/mem.h"

#define NAME_BYTES_MAX 48u

static bool has_name(const struct job_option_rule *rule, const char *name)
{
	return strcmp(rule->name, name) == 0 || (rule->alias && strcmp(rule->alias, name) == 0);
}

static bool is_of_release(const struct job_option_rule *rule, uint32_t release)
{
	return rule->since <= release && (!rule->before || rule->before > release);
}

static const struct job_option_rule *find_rule_of(uint32_t release, const char *name)
{
	for (const struct job_option_rule *rule = job_option_table; rule->name; rule++)
		if (is_of_release(rule, release) && has_name(rule, name))
			return rule;
	return NULL;
}

static const struct job_option_rule *find_rule(const struct job_parser *p, const char *name)
{
	return find_rule_of(p->environment->fio_version, name);
}

/* Another release that knows the option; NULL: none does. */
static const struct fio_version *other_release(const char *name)
{
	for (uint32_t release = FIO_VERSION_COUNT; release-- > 0;)
		if (find_rule_of(release, name))
			return &fio_versions[release];
	return NULL;
}

static bool is_of_engine(const struct job_option_rule *rule, uint32_t engine_name)
{
	return !rule->engines || (rule->engines & (1u << engine_name));
}

/* --- "Did you mean" --- */

/* Levenshtein distance, one row at a time. */
static unsigned edit_distance(const char *a, const char *b)
{
	unsigned row[NAME_BYTES_MAX + 1];
	size_t length = strlen(b);

	for (size_t j = 0; j <= length; j++)
		row[j] = (unsigned)j;
	for (size_t i = 0; a[i]; i++) {
		unsigned diagonal = row[0];

		row[0] = (unsigned)i + 1;
		for (size_t j = 0; j < length; j++) {
			unsigned replaced = diagonal + (a[i] != b[j]);

			diagonal = row[j + 1];
			row[j + 1] = MIN(replaced, MIN(row[j], diagonal) + 1);
		}
	}
	return row[length];
}

static void consider(const char *candidate, const char *name, const char **best,
		     unsigned *best_distance)
{
	unsigned distance;

	if (!candidate || strlen(candidate) > NAME_BYTES_MAX)
		return;
	distance = edit_distance(name, candidate);
	if (distance < *best_distance) {
		*best_distance = distance;
		*best = candidate;
	}
}

/* The nearest known name, unless more than half of the name would change. */
static const char *suggest(const struct job_parser *p, const char *name)
{
	const char *best = NULL;
	unsigned distance = (unsigned)(strnlen(name, NAME_BYTES_MAX) + 1) / 2 + 1;

	if (strlen(name) > NAME_BYTES_MAX)
		return NULL;
	for (const struct job_option_rule *rule = job_option_table; rule->name; rule++) {
		if (!is_of_engine(rule, p->draft->engine_name) ||
		    !is_of_release(rule, p->environment->fio_version))
			continue;
		consider(rule->name, name, &best, &distance);
		consider(rule->alias, name, &best, &distance);
	}
	return best;
}

static void refuse_unknown(struct job_parser *p, const struct job_option_rule *rule,
			   const struct job_entry *entry)
{
	const struct fio_version *other = rule ? NULL : other_release(entry->name);
	const char *nearest = rule || other ? NULL : suggest(p, entry->name);

	if (rule)
		job_error(p, "not an option of this job's I/O engine");
	else if (other)
		job_error(p, "an option of fio %s; this run follows %s (fio_version=)",
			  other->name, fio_versions[p->environment->fio_version].name);
	else if (nearest)
		job_error(p, "unknown option, did you mean %s?", nearest);
	else
		job_error(p, "unknown option");
	job_fio_error(p, "Bad option <%s%s%s>", entry->name, entry->value ? "=" : "",
		      entry->value ? entry->value : "");
	if (nearest)
		job_fio_error(p, "Did you mean %s?", nearest);
}

/* --- values --- */

static void *field_of(struct job_parser *p, const struct job_option_rule *rule, unsigned index)
{
	return (char *)p->draft + rule->offset + (size_t)rule->width * index;
}

static void store(struct job_parser *p, const struct job_option_rule *rule, unsigned index,
		  uint64_t value)
{
	uint32_t value_32 = (uint32_t)value;
	bool value_bool = value != 0;

	if (rule->offset == JOB_NOT_STORED)
		return;
	switch (rule->width) {
	case sizeof(bool):
		memcpy(field_of(p, rule, index), &value_bool, sizeof(value_bool));
		break;
	case sizeof(value_32):
		memcpy(field_of(p, rule, index), &value_32, sizeof(value_32));
		break;
	default:
		assert_always(rule->width == sizeof(value));
		memcpy(field_of(p, rule, index), &value, sizeof(value));
	}
}

static bool read_flag(struct job_parser *p, const struct job_option_rule *rule,
		      const char *value)
{
	uint64_t number = 1;

	if (value && !job_value_unsigned(p, job_text_of(value), &number))
		return false;
	store(p, rule, 0, number != 0);
	return true;
}

static bool read_bool(struct job_parser *p, const struct job_option_rule *rule,
		      const char *value)
{
	uint64_t number;

	if (!job_value_unsigned(p, job_text_of(value), &number))
		return false;
	if (number > 1) {
		job_error(p, "%s is neither 0 nor 1", value);
		return false;
	}
	store(p, rule, 0, number);
	return true;
}

static bool read_one_number(struct job_parser *p, const struct job_option_rule *rule,
			    struct job_text text, uint64_t *out)
{
	uint64_t maximum = rule->maximum ? rule->maximum :
			   rule->width == sizeof(uint32_t) ? INT32_MAX : INT64_MAX;

	if (rule->type == TYPE_TIME)
		return job_value_time_us(p, text, rule->unit_us, out);
	if (rule->maximum == 100) /* nothing but percentages has this one */
		return job_value_percent(p, text, out);
	if (!job_value_unsigned(p, text, out))
		return false;
	if (*out >= rule->minimum && *out <= maximum)
		return true;
	job_error(p, "%.*s is not between %llu and %llu", (int)text.length, text.at,
		  (unsigned long long)rule->minimum, (unsigned long long)maximum);
	return false;
}

/*
 * One number, or one per direction: a lone one counts for all, two mean read
 * and the rest, an empty place between commas keeps what was there.
 */
static bool read_numbers(struct job_parser *p, const struct job_option_rule *rule,
			 const char *value)
{
	struct job_text rest = job_text_of(value);
	unsigned place = 0, given = 0;
	char separator = ',', before;
	uint64_t number = 0;

	do {
		before = separator;
		struct job_text piece =
			job_text_cut(&rest, rule->count == 1 ? "" : ",:-", &separator);

		if (place >= rule->count && piece.length) {
			job_error(p, "more than %u values", rule->count);
			return false;
		}
		if (piece.length || before != ',' || (separator && separator != ',')) {
			if (!read_one_number(p, rule, piece, &number))
				return false;
			store(p, rule, place, number);
			given++;
		}
		place++;
		if (!separator && piece.length)
			while (place < rule->count)
				store(p, rule, place++, number);
	} while (separator);
	if (!given)
		job_error(p, "a number is missing");
	return given != 0;
}

static bool read_size(struct job_parser *p, const struct job_option_rule *rule,
		      const char *value)
{
	struct job_size size;

	if (!job_value_size(p, job_text_of(value), &size))
		return false;
	if (rule->offset != JOB_NOT_STORED)
		memcpy(field_of(p, rule, 0), &size, sizeof(size));
	return true;
}

static void refuse_choice(struct job_parser *p, const struct job_option_rule *rule,
			  struct job_text text)
{
	char names[256];
	int used = 0;

	for (const struct job_choice *c = rule->choices; c->name; c++)
		if (!c->unsupported && used < (int)sizeof(names))
			used += fmt_print(names + used, sizeof(names) - (size_t)used, "%s%s",
					  used ? ", " : "", c->name);
	job_error(p, "\"%.*s\" is not one of %s", (int)text.length, text.at, names);
}

static bool read_choice(struct job_parser *p, const struct job_option_rule *rule,
			const char *value)
{
	struct job_text rest = job_text_of(value);
	char separator;
	struct job_text text = job_text_cut(&rest, ",:", &separator);
	const struct job_choice *choice = rule->choices;

	while (choice->name && !job_text_equals(text, choice->name))
		choice++;
	if (!choice->name) {
		refuse_choice(p, rule, text);
		return false;
	}
	if (choice->unsupported) {
		job_error(p, "%s is not supported on this target (%s)", choice->name,
			  choice->unsupported);
		return false;
	}
	if (separator)
		job_warn(p, "what follows %s is ignored", choice->name);
	store(p, rule, 0, choice->value);
	return true;
}

static bool read_text(struct job_parser *p, const struct job_option_rule *rule,
		      const char *value)
{
	if (rule->offset != JOB_NOT_STORED)
		memcpy(field_of(p, rule, 0), &value, sizeof(value));
	return true;
}

static bool read_value(struct job_parser *p, const struct job_option_rule *rule,
		       const char *value)
{
	if (rule->type == TYPE_ANY)
		return true;
	if (value ? !value[0] : rule->type != TYPE_FLAG && !rule->bare) {
		job_error(p, "a value is missing");
		return false;
	}
	if (value && (value[0] == ' ' || value[0] == '\t') && rule->type != TYPE_TEXT) {
		job_error(p, "white space after '='");
		return false;
	}
	switch ((enum job_type)rule->type) {
	case TYPE_FLAG:
		return read_flag(p, rule, value);
	case TYPE_BOOL:
		return read_bool(p, rule, value);
	case TYPE_NUMBER:
	case TYPE_TIME:
		return read_numbers(p, rule, value);
	case TYPE_SIZE:
		return read_size(p, rule, value);
	case TYPE_CHOICE:
		return read_choice(p, rule, value);
	case TYPE_TEXT:
		return read_text(p, rule, value);
	case TYPE_ANY:
	case TYPE_HANDLER:
		break;
	}
	return rule->handler(p, rule, value);
}

/* --- one entry --- */

/* Does the value only switch off what is refused? */
static bool switches_off(const struct job_option_rule *rule, const char *value)
{
	return rule->type != TYPE_ANY && value && strcmp(value, "0") == 0;
}

/* What the result repeats of the section, under the name that fio's JSON has. */
static void keep_value(struct job_parser *p, const struct job_option_rule *rule,
		       const struct job_entry *entry)
{
	struct job *job = &p->draft->job;
	struct job_set *set = p->set;
	struct job_option *list = p->section_is_global ? set->global_options : job->options;
	uint32_t *count = p->section_is_global ? &set->global_option_count : &job->option_count;

	if (*count < JOB_OPTIONS_MAX)
		list[(*count)++] = (struct job_option){ rule->name, entry->value };
	else
		job_error(p, "more than %u options in %s", JOB_OPTIONS_MAX,
			  p->section_is_global ? "all [global] sections" : "one section");
}

static void apply(struct job_parser *p, const struct job_option_rule *rule,
		  const struct job_entry *entry)
{
	const char *equals = entry->value ? "=" : "", *value = entry->value ? entry->value : "";

	if (rule->accept == ACCEPT_NEVER && !switches_off(rule, entry->value)) {
		job_error(p, "not supported on this target (%s)", rule->reason);
		job_fio_error(p, "fio: option %s: not supported on this target (%s)", entry->name,
			      rule->reason);
		return;
	}
	if (!read_value(p, rule, entry->value)) {
		job_fio_error(p, "fio: failed parsing %s%s%s", entry->name, equals, value);
		return;
	}
	keep_value(p, rule, entry);
	if (rule->accept == ACCEPT_WARN)
		job_fio_note(p, "fio: %s%s%s: no effect on this target (%s), ignored", entry->name,
			     equals, value, rule->reason);
}

static unsigned pass_of(const struct job_option_rule *rule)
{
	return rule ? rule->pass : PASS_ENGINE;
}

static void apply_pass(struct job_parser *p, const struct job_entry *entries, unsigned pass)
{
	for (const struct job_entry *entry = entries; entry; entry = entry->next) {
		const struct job_option_rule *rule = find_rule(p, entry->name);

		if (pass_of(rule) != pass)
			continue;
		p->line = entry->line;
		p->key = entry->name;
		if (rule && is_of_engine(rule, p->draft->engine_name))
			apply(p, rule, entry);
		else if (!rule || p->draft->engine_name != NAMED_ABSENT)
			refuse_unknown(p, rule, entry);
	}
}

void job_options_apply(struct job_parser *p, const struct job_entry *entries)
{
	static const uint8_t order[] = { PASS_FIRST, PASS_NORMAL, PASS_LAST, PASS_ENGINE };

	for (unsigned i = 0; i < ARRAY_COUNT(order); i++)
		apply_pass(p, entries, order[i]);
	p->key = NULL;
}
