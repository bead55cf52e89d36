/*
 * Data patterns: verify_pattern= and buffer_pattern=.
 *
 *   pattern = part part ..          repeated to fill a block
 *   part    = "text" | 0x hexdigits | decimal | %o (verify_pattern only)
 *
 * Hexadecimal bytes stand as written; a decimal number is stored little
 * endian in as many bytes as it needs (four when negative); %o is the block's own offset, eight
 * bytes little endian, filled in later. Patterns from files do not exist here.
 */
#include "bench/job/job_impl.h"

#include "kernel/lib/mem.h"

#define OFFSET_BYTES 8u

struct pattern {
	uint8_t bytes[JOB_PATTERN_BYTES];
	bool has_offset[JOB_PATTERN_BYTES];
	uint32_t length;
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

/* An odd digit stands alone in the first byte. */
static bool add_hex(struct job_parser *p, struct pattern *pattern, struct job_text *rest)
{
	size_t digits = 0, i = 0;

	skip(rest, 2);
	while (hex_value(*rest, digits) >= 0)
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

static bool add_decimal(struct job_parser *p, struct pattern *pattern, struct job_text *rest)
{
	struct job_text digits = { rest->at, rest->at[0] == '-' };
	int64_t number;

	while (digits.length < rest->length && rest->at[digits.length] >= '0' &&
	       rest->at[digits.length] <= '9')
		digits.length++;
	if (digits.length == (rest->at[0] == '-')) {
		job_error(p, "\"%.*s\" is not \"text\", 0x.., a number or %%o", (int)rest->length,
			  rest->at);
		return false;
	}
	if (!job_value_signed(p, digits, &number))
		return false;
	if (number < INT32_MIN || number > INT32_MAX) {
		job_error(p, "%.*s does not fit into 32 bits", (int)digits.length, digits.at);
		return false;
	}
	skip(rest, digits.length);
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
		char next = rest.length > 1 ? rest.at[1] : '\0';

		if (rest.at[0] == ' ' || rest.at[0] == '\t')
			skip(&rest, 1);
		else if (rest.at[0] == '"')
			good = add_string(p, pattern, &rest);
		else if (rest.at[0] == '0' && (next == 'x' || next == 'X'))
			good = add_hex(p, pattern, &rest);
		else if (rest.at[0] == '%' && next == 'o' && offset_allowed)
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
	if (job->verify == JOB_VERIFY_NONE)
		job->verify = JOB_VERIFY_PATTERN;
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
	job->scramble_buffers = false;
	return true;
}
