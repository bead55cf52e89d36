/* SPDX-License-Identifier: MIT */
/*
 * Values of job file options, by type: numbers with units, percentages,
 * ranges, times, decimal fractions.
 *
 * The values are fio's, also where its rules surprise (4kib is 4000 bytes, 2x
 * is 2, 50.49 is 50); then a warning says what was understood. Where fio would
 * lose what follows a number ("1.5k", "4 k", "0x10k") the value is refused: its
 * author did not mean what fio makes of it. Only "70%" means here what it says.
 *
 * Pure functions over the parser's state for messages and kb_base; host and
 * kernel. Range checks belong to the option's rule, not here.
 */
#include "bench/job/job_impl.h"

#include "kernel/lib/mem.h"

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static char to_lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static bool is_letter(char c)
{
	return to_lower(c) >= 'a' && to_lower(c) <= 'z';
}

struct job_text job_text_of(const char *string)
{
	return (struct job_text){ string, strlen(string) };
}

static bool equals_ignoring_case(struct job_text text, const char *lower)
{
	size_t i = 0;

	while (i < text.length && lower[i] && to_lower(text.at[i]) == lower[i])
		i++;
	return i == text.length && !lower[i];
}

bool job_text_equals(struct job_text text, const char *string)
{
	return strlen(string) == text.length && memcmp(text.at, string, text.length) == 0;
}

struct job_text job_text_cut(struct job_text *rest, const char *separators, char *separator)
{
	struct job_text piece = { rest->at, 0 };

	while (piece.length < rest->length &&
	       !(rest->at[piece.length] && strchr(separators, rest->at[piece.length])))
		piece.length++;
	*separator = piece.length < rest->length ? rest->at[piece.length] : '\0';
	size_t used = piece.length + (*separator ? 1 : 0);
	rest->at += used;
	rest->length -= used;
	return piece;
}

static bool refuse_number(struct job_parser *p, struct job_text text, const char *reason)
{
	job_error(p, "\"%.*s\": %s", (int)text.length, text.at, reason);
	return false;
}

static int hex_digit(char c)
{
	if (is_digit(c))
		return c - '0';
	c = to_lower(c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool is_hexadecimal(struct job_text text)
{
	return text.length >= 2 && text.at[0] == '0' && to_lower(text.at[1]) == 'x';
}

/* The digits at the start of text; *unit is what follows them. */
static bool parse_digits(struct job_parser *p, struct job_text text, uint64_t *out,
			 struct job_text *unit)
{
	bool hex = is_hexadecimal(text);
	size_t i = hex ? 2 : 0, first = i;
	uint64_t value = 0;

	for (; i < text.length; i++) {
		int digit = hex_digit(text.at[i]);
		if (digit < 0 || (!hex && digit > 9))
			break;
		if (__builtin_mul_overflow(value, hex ? 16u : 10u, &value) ||
		    __builtin_add_overflow(value, (uint64_t)digit, &value))
			return refuse_number(p, text, "number too large");
	}
	if (i == first)
		return refuse_number(p, text, "not a number");
	if (to_lower(text.at[text.length - 1]) == 'z')
		return refuse_number(p, text, "zones are not supported on this target");
	if (hex && i < text.length)
		return refuse_number(p, text, "nothing may follow a hexadecimal number");
	*out = value;
	*unit = (struct job_text){ text.at + i, text.length - i };
	return true;
}

static bool unit_is_letters(struct job_parser *p, struct job_text text, struct job_text unit)
{
	for (size_t i = 0; i < unit.length; i++)
		if (!is_letter(unit.at[i]))
			return refuse_number(p, text, "not a whole number with a unit");
	return true;
}

/* "50.49", of which fio reads what stands before the point. With a unit it would lose that. */
static void drop_fraction(struct job_parser *p, struct job_text text, struct job_text *unit,
			  uint64_t value)
{
	size_t i = 1;

	if (!unit->length || unit->at[0] != '.')
		return;
	while (i < unit->length && is_digit(unit->at[i]))
		i++;
	if (i < unit->length)
		return;
	unit->length = 0;
	job_warn(p, "\"%.*s\" read as %llu: a whole number, as in fio", (int)text.length, text.at,
		 (unsigned long long)value);
}

/* fio's rule: k is kb_base, kib is the other base; by powers for m, g, t, p. */
static uint64_t unit_base_of(const struct job_parser *p, struct job_text unit)
{
	uint64_t base = p->draft->job.kb_base;
	bool other = unit.length >= 3 && to_lower(unit.at[1]) == 'i' && to_lower(unit.at[2]) == 'b';

	return other ? (base == 1024 ? 1000 : 1024) : base;
}

/* Is the unit one of k, kb, ki, kib, ...: spelled as one would expect? */
static bool unit_is_plain(struct job_text unit)
{
	struct job_text tail = { unit.at + 1, unit.length - 1 };

	return !tail.length || equals_ignoring_case(tail, "b") || equals_ignoring_case(tail, "i") ||
	       equals_ignoring_case(tail, "ib");
}

static bool apply_unit(struct job_parser *p, struct job_text text, struct job_text unit,
		       uint64_t *value)
{
	static const char powers[] = "kmgtp";
	const char *power = unit.length ? strchr(powers, to_lower(unit.at[0])) : NULL;
	uint64_t base;

	if (!unit.length)
		return true;
	if (!unit_is_letters(p, text, unit))
		return false;
	if (!power) {
		if (!equals_ignoring_case(unit, "b"))
			job_warn(p, "\"%.*s\" read as %llu: unknown unit, ignored as in fio",
				 (int)text.length, text.at, (unsigned long long)*value);
		return true;
	}
	base = unit_base_of(p, unit);
	for (long i = power - powers; i >= 0; i--)
		if (__builtin_mul_overflow(*value, base, value))
			return refuse_number(p, text, "number too large");
	if (!unit_is_plain(unit) || (base == 1000 && p->draft->job.kb_base == 1024))
		job_warn(p, "\"%.*s\" read as %llu, as fio does with kb_base=%u", (int)text.length,
			 text.at, (unsigned long long)*value, p->draft->job.kb_base);
	return true;
}

bool job_value_unsigned(struct job_parser *p, struct job_text text, uint64_t *out)
{
	struct job_text unit;
	uint64_t value;

	if (!text.length)
		return refuse_number(p, text, "a number is missing");
	if (text.at[0] == '-')
		return refuse_number(p, text, "must not be negative");
	if (!parse_digits(p, text, &value, &unit))
		return false;
	drop_fraction(p, text, &unit, value);
	if (!apply_unit(p, text, unit, &value))
		return false;
	if (value > INT64_MAX)
		return refuse_number(p, text, "number too large");
	*out = value;
	return true;
}

bool job_value_signed(struct job_parser *p, struct job_text text, int64_t *out)
{
	bool negative = text.length && text.at[0] == '-';
	struct job_text digits = { text.at + negative, text.length - negative };
	uint64_t magnitude;

	if (!job_value_unsigned(p, digits, &magnitude))
		return false;
	*out = negative ? -(int64_t)magnitude : (int64_t)magnitude;
	return true;
}

bool job_value_percent(struct job_parser *p, struct job_text text, uint64_t *out)
{
	struct job_text number = text;

	if (text.length && text.at[text.length - 1] == '%')
		number.length--;
	if (!job_value_unsigned(p, number, out))
		return false;
	if (*out > 100) {
		job_error(p, "%.*s is more than 100 percent", (int)text.length, text.at);
		return false;
	}
	if (number.length != text.length)
		job_warn(p, "%.*s read as %llu percent, as fio does not everywhere",
			 (int)text.length, text.at, (unsigned long long)*out);
	return true;
}

bool job_value_size(struct job_parser *p, struct job_text text, struct job_size *out)
{
	uint64_t value;

	if (text.length && text.at[text.length - 1] == '%') {
		struct job_text number = { text.at, text.length - 1 };

		if (!job_value_unsigned(p, number, &value))
			return false;
		if (value > 100)
			return refuse_number(p, text, "more than 100 percent");
		*out = (struct job_size){ .percent = (uint32_t)value };
		return true;
	}
	if (!job_value_unsigned(p, text, &value))
		return false;
	*out = (struct job_size){ .bytes = value };
	return true;
}

bool job_value_range(struct job_parser *p, struct job_text text, uint64_t *low, uint64_t *high)
{
	struct job_text rest = text;
	char separator;
	struct job_text first = job_text_cut(&rest, "-:", &separator);

	if (!separator)
		return refuse_number(p, text, "not a range like 1k-4k");
	if (!job_value_unsigned(p, first, low) || !job_value_unsigned(p, rest, high))
		return false;
	if (*low > *high) {
		uint64_t swap = *low;

		*low = *high;
		*high = swap;
	}
	return true;
}

static const struct {
	const char *name;
	uint64_t us;
} time_units[] = {
	{ "us", 1 },
	{ "usec", 1 },
	{ "ms", 1000 },
	{ "msec", 1000 },
	{ "s", 1000000 },
	{ "m", 60 * 1000000ull },
	{ "h", 3600 * 1000000ull },
	{ "d", 86400 * 1000000ull },
};

bool job_value_time_us(struct job_parser *p, struct job_text text, uint64_t unit_us,
		       uint64_t *out)
{
	struct job_text unit;
	uint64_t value;

	if (!text.length)
		return refuse_number(p, text, "a time is missing");
	if (text.at[0] == '-')
		return refuse_number(p, text, "must not be negative");
	if (is_hexadecimal(text))
		return refuse_number(p, text, "times are decimal");
	if (!parse_digits(p, text, &value, &unit))
		return false;
	drop_fraction(p, text, &unit, value);
	if (!unit_is_letters(p, text, unit))
		return false;
	if (unit.length) {
		size_t i = 0;

		while (i < ARRAY_COUNT(time_units) &&
		       !equals_ignoring_case(unit, time_units[i].name))
			i++;
		unit_us = i < ARRAY_COUNT(time_units) ? time_units[i].us : 1;
		if (i == ARRAY_COUNT(time_units))
			job_warn(p, "\"%.*s\" read as %llu us: unknown unit, as in fio",
				 (int)text.length, text.at, (unsigned long long)value);
	}
	if (__builtin_mul_overflow(value, unit_us, &value) || value > INT64_MAX / NS_PER_US)
		return refuse_number(p, text, "time too long");
	*out = value;
	return true;
}

#define MANTISSA_MAX 1000000000000000ull /* 10^15: exact as a double, */
#define DECIMALS_MAX 22u /* and so is 10^22 */

/* Digits with at most one point: *mantissa / 10^*decimals; what is too small is dropped. */
static bool parse_decimal(struct job_parser *p, struct job_text text, uint64_t *mantissa,
			  unsigned *decimals)
{
	bool point = false, digits = false;

	*mantissa = 0;
	*decimals = 0;
	for (size_t i = 0; i < text.length; i++) {
		if (text.at[i] == '.' && !point) {
			point = true;
			continue;
		}
		if (!is_digit(text.at[i]))
			return refuse_number(p, text, "not a decimal number");
		digits = true;
		if (*mantissa >= MANTISSA_MAX / 10 || *decimals == DECIMALS_MAX) {
			if (!point)
				return refuse_number(p, text, "too many digits");
			continue;
		}
		*mantissa = *mantissa * 10 + (uint64_t)(text.at[i] - '0');
		*decimals += point;
	}
	return digits || refuse_number(p, text, "not a decimal number");
}

/* Exact: both parts are below 2^53, so one division rounds as strtod() does. */
bool job_value_double(struct job_parser *p, struct job_text text, double *out)
{
	uint64_t mantissa;
	unsigned decimals;
	double scale = 1;

	if (!parse_decimal(p, text, &mantissa, &decimals))
		return false;
	while (decimals--)
		scale *= 10;
	*out = (double)mantissa / scale;
	return true;
}
