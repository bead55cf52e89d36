/* SPDX-License-Identifier: MIT */
/*
 * What data is like: verify_pattern=, buffer_pattern= and scramble_buffers=.
 *
 *   pattern = part part ..          repeated to fill a block
 *   part    = "text" | 0x hexdigits | decimal | %o (verify_pattern only)
 *
 * Hexadecimal bytes stand as written; a decimal number, which may have blanks
 * before it, is stored little endian in as many bytes as it needs (four when
 * negative); %o is the block's own offset, eight bytes little endian, filled in
 * later. A part ends where it must: 120xab is 12 and 0xab. Patterns from files do
 * not exist here.
 */
#include "bench/job/job_impl.h"

#include "kernel/lib/mem.h"

#define OFFSET_BYTES 8u
#define OFFSETS_MAX 8u /* fio's */

struct pattern {
	uint8_t bytes[JOB_PATTERN_BYTES];
	bool has_offset[JOB_PATTERN_BYTES];
	uint32_t length, offsets;
};

static bool add_byte(struct job_parser *p, struct pattern *pattern, uint8_t byte)
{
	if (pattern->length == JOB_PATTERN_BYTES) {
		job_error(p, "pattern longer than %u bytes", JOB_PATTERN_BYTES);
		return false;
	}
	pattern->bytes[pattern->length++] = byte;
	return true;
}

static void skip(struct job_text *text, size_t length)
{
	text->at += length;
	text->length -= length;
}

static bool add_string(struct job_parser *p, struct pattern *pattern, struct job_text *rest)
{
	char separator;

	skip(rest, 1);
	struct job_text string = job_text_cut(rest, "\"", &separator);
	if (!separator) {
		job_error(p, "closing quote is missing");
		return false;
	}
	for (size_t i = 0; i < string.length; i++)
		if (!add_byte(p, pattern, (uint8_t)string.at[i]))
			return false;
	return true;
}

static int hex_value(struct job_text text, size_t i)
{
	static const char digits[] = "0123456789abcdef0123456789ABCDEF";
	const char *found = i < text.length ? strchr(digits, text.at[i]) : NULL;

	return found && *found ? (int)(found - digits) % 16 : -1;
}

static bool begins_hex(struct job_text text, size_t at)
{
	return at + 1 < text.length && text.at[at] == '0' &&
	       (text.at[at + 1] == 'x' || text.at[at + 1] == 'X');
}

/* An odd digit stands alone in the first byte. */
static bool add_hex(struct job_parser *p, struct pattern *pattern, struct job_text *rest)
{
	size_t digits = 0, i = 0;

	skip(rest, 2);
	while (hex_value(*rest, digits) >= 0 && !begins_hex(*rest, digits))
		digits++;
	if (!digits) {
		job_error(p, "hexadecimal digits are missing");
		return false;
	}
	while (i < digits) {
		int byte = hex_value(*rest, i++);

		if ((digits - i) % 2)
			byte = byte * 16 + hex_value(*rest, i++);
		if (!add_byte(p, pattern, (uint8_t)byte))
			return false;
	}
	skip(rest, digits);
	return true;
}

/* Blanks, a sign and digits at the start of text; 0: it is no number. */
static size_t decimal_length(struct job_text text, size_t *blanks)
{
	size_t length = 0, first;

	while (length < text.length && (text.at[length] == ' ' || text.at[length] == '\t'))
		length++;
	*blanks = length;
	if (length < text.length && (text.at[length] == '-' || text.at[length] == '+'))
		length++;
	first = length;
	while (length < text.length && text.at[length] >= '0' && text.at[length] <= '9' &&
	       !begins_hex(text, length))
		length++;
	return length > first ? length : 0;
}

static bool add_decimal(struct job_parser *p, struct pattern *pattern, struct job_text *rest)
{
	size_t blanks, length = decimal_length(*rest, &blanks);
	struct job_text digits = { rest->at + blanks, length - blanks };
	int64_t number;

	if (!length) {
		job_error(p, "\"%.*s\" is not \"text\", 0x.., a number or %%o", (int)rest->length,
			  rest->at);
		return false;
	}
	if (digits.at[0] == '+')
		skip(&digits, 1);
	if (!job_value_signed(p, digits, &number))
		return false;
	if (number < INT32_MIN || number > INT32_MAX) {
		job_error(p, "%.*s does not fit into 32 bits", (int)digits.length, digits.at);
		return false;
	}
	skip(rest, length);
	uint32_t value = (uint32_t)number;
	do {
		if (!add_byte(p, pattern, (uint8_t)value))
			return false;
		value >>= 8;
	} while (value);
	return true;
}

static bool add_offset(struct job_parser *p, struct pattern *pattern, struct job_text *rest)
{
	uint32_t start = pattern->length;

	if (pattern->offsets++ == OFFSETS_MAX) {
		job_error(p, "more than %u times %%o", OFFSETS_MAX);
		return false;
	}
	skip(rest, 2);
	for (unsigned i = 0; i < OFFSET_BYTES; i++)
		if (!add_byte(p, pattern, 0))
			return false;
	pattern->has_offset[start] = true;
	return true;
}

static bool read_pattern(struct job_parser *p, const char *value, bool offset_allowed,
			 struct pattern *pattern)
{
	struct job_text rest = job_text_of(value);
	bool good = true;

	memset(pattern, 0, sizeof(*pattern));
	while (good && rest.length) {
		if (rest.at[0] == '"')
			good = add_string(p, pattern, &rest);
		else if (begins_hex(rest, 0))
			good = add_hex(p, pattern, &rest);
		else if (rest.at[0] == '%' && rest.length > 1 && rest.at[1] == 'o' &&
			 offset_allowed)
			good = add_offset(p, pattern, &rest);
		else
			good = add_decimal(p, pattern, &rest);
	}
	if (good && !pattern->length)
		job_error(p, "the pattern is empty");
	return good && pattern->length;
}

bool job_handle_verify_pattern(struct job_parser *p, const struct job_option_rule *rule,
			       const char *value)
{
	struct job *job = &p->draft->job;
	struct pattern pattern;

	(void)rule;
	if (!read_pattern(p, value, true, &pattern))
		return false;
	memcpy(job->verify_pattern, pattern.bytes, sizeof(job->verify_pattern));
	memcpy(job->verify_pattern_has_offset, pattern.has_offset, sizeof(pattern.has_offset));
	job->verify_pattern_bytes = pattern.length;
	return true;
}

bool job_handle_buffer_pattern(struct job_parser *p, const struct job_option_rule *rule,
			       const char *value)
{
	struct job *job = &p->draft->job;
	struct pattern pattern;

	(void)rule;
	if (!read_pattern(p, value, false, &pattern))
		return false;
	memcpy(job->buffer_pattern, pattern.bytes, sizeof(job->buffer_pattern));
	job->buffer_pattern_bytes = pattern.length;
	/* As in fio: reads overwrite it; what comes later in the section has the last word. */
	job->refill_buffers = job->rw & JOB_RW_READ;
	job->zero_buffers = false;
	p->draft->scramble = false;
	return true;
}

/* Whether it is given counts, too: beside zero_buffers. */
bool job_handle_scramble_buffers(struct job_parser *p, const struct job_option_rule *rule,
				 const char *value)
{
	uint64_t on;

	(void)rule;
	if (!job_value_unsigned(p, job_text_of(value), &on))
		return false;
	if (on > 1)
		job_error(p, "%s is neither 0 nor 1", value);
	p->draft->scramble = on != 0;
	return on <= 1;
}
