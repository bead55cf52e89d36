/* SPDX-License-Identifier: MIT */
/*
 * printf's integer and string conversions into a bounded buffer.
 *
 * One pass over the format: parse_spec() reads flags, width, precision and
 * length of a conversion; the value is written backwards into a scratch array
 * and emitted with its padding. Everything goes through put_char(), which counts all
 * characters and stores those that fit, so nothing else knows the buffer's end.
 *
 * Deliberately without floats, %n, %o and positional arguments. An unknown
 * conversion is copied as it stands (its argument is not consumed).
 *
 * Pure; any context.
 */
#include "kernel/lib/fmt.h"

#define DIGITS_MAX 20 /* of 2^64 - 1 in decimal */

struct output {
	char *buffer;
	size_t size;
	size_t length; /* that the whole text needs */
};

struct spec {
	bool left, zero, plus, space, alternate;
	bool has_precision;
	int width, precision;
	enum { SIZE_CHAR, SIZE_SHORT, SIZE_INT, SIZE_LONG } size;
};

static void put_char(struct output *out, char character)
{
	if (out->length + 1 < out->size)
		out->buffer[out->length] = character;
	out->length++;
}

static void put_repeated(struct output *out, char character, int count)
{
	for (; count > 0; count--)
		put_char(out, character);
}

/* A decimal number of the format itself; capped, since it is only padding. */
static int parse_count(const char **format)
{
	int value = 0;

	for (; **format >= '0' && **format <= '9'; (*format)++)
		if (value < 10000)
			value = value * 10 + (**format - '0');
	return value;
}

static void parse_flags(const char **format, struct spec *spec)
{
	for (;; (*format)++) {
		switch (**format) {
		case '-':
			spec->left = true;
			break;
		case '0':
			spec->zero = true;
			break;
		case '+':
			spec->plus = true;
			break;
		case ' ':
			spec->space = true;
			break;
		case '#':
			spec->alternate = true;
			break;
		default:
			return;
		}
	}
}

static void parse_size(const char **format, struct spec *spec)
{
	spec->size = SIZE_INT;
	for (;; (*format)++) {
		if (**format == 'h')
			spec->size = spec->size == SIZE_SHORT ? SIZE_CHAR : SIZE_SHORT;
		else if (**format == 'l' || **format == 'z' || **format == 'j' || **format == 't')
			spec->size = SIZE_LONG; /* long and long long are the same here */
		else
			return;
	}
}

/* The arguments travel by address, so that what is read here stays read. */
struct arguments {
	va_list list;
};

static void parse_spec(const char **format, struct spec *spec, struct arguments *arguments)
{
	*spec = (struct spec){ 0 };
	parse_flags(format, spec);
	if (**format == '*') {
		(*format)++;
		spec->width = va_arg(arguments->list, int);
		if (spec->width < 0) {
			spec->left = true;
			spec->width = spec->width < -10000 ? 10000 : -spec->width;
		}
	} else {
		spec->width = parse_count(format);
	}
	if (**format == '.') {
		(*format)++;
		spec->has_precision = true;
		if (**format == '*') {
			(*format)++;
			spec->precision = va_arg(arguments->list, int);
			spec->has_precision = spec->precision >= 0;
		} else {
			spec->precision = parse_count(format);
		}
	}
	parse_size(format, spec);
}

static uint64_t next_unsigned(struct arguments *arguments, const struct spec *spec)
{
	if (spec->size == SIZE_LONG)
		return va_arg(arguments->list, uint64_t);
	unsigned value = va_arg(arguments->list, unsigned);

	if (spec->size == SIZE_CHAR)
		return (unsigned char)value;
	return spec->size == SIZE_SHORT ? (unsigned short)value : value;
}

static int64_t next_signed(struct arguments *arguments, const struct spec *spec)
{
	if (spec->size == SIZE_LONG)
		return va_arg(arguments->list, int64_t);
	int value = va_arg(arguments->list, int);

	if (spec->size == SIZE_CHAR)
		return (signed char)value;
	return spec->size == SIZE_SHORT ? (short)value : value;
}

/* prefix: sign or "0x", part of the number but before its zeros. */
static void put_number(struct output *out, const struct spec *spec, uint64_t value,
		       unsigned base, bool upper, const char *prefix)
{
	const char *digits = upper ? "0123456789ABCDEF" : "0123456789abcdef";
	char scratch[DIGITS_MAX];
	int count = 0, prefix_length = 0, zeros, padding;

	for (; value; value /= base)
		scratch[count++] = digits[value % base];
	if (!count && !(spec->has_precision && spec->precision == 0))
		scratch[count++] = '0';
	while (prefix[prefix_length])
		prefix_length++;
	zeros = spec->has_precision && spec->precision > count ? spec->precision - count : 0;
	padding = spec->width - prefix_length - zeros - count;
	/* A precision switches the zero flag off (C17 7.21.6.1). */
	if (spec->zero && !spec->left && !spec->has_precision && padding > 0) {
		zeros = padding;
		padding = 0;
	}
	if (!spec->left)
		put_repeated(out, ' ', padding);
	for (int i = 0; i < prefix_length; i++)
		put_char(out, prefix[i]);
	put_repeated(out, '0', zeros);
	while (count)
		put_char(out, scratch[--count]);
	if (spec->left)
		put_repeated(out, ' ', padding);
}

static void put_signed(struct output *out, const struct spec *spec, int64_t value)
{
	const char *sign = value < 0 ? "-" : spec->plus ? "+" : spec->space ? " " : "";

	put_number(out, spec, value < 0 ? 0 - (uint64_t)value : (uint64_t)value, 10, false,
		   sign);
}

static void put_string(struct output *out, const struct spec *spec, const char *text)
{
	int length = 0;

	if (!text)
		text = "(null)";
	/* With a precision the text need not end in NUL. */
	while ((!spec->has_precision || length < spec->precision) && text[length])
		length++;
	if (!spec->left)
		put_repeated(out, ' ', spec->width - length);
	for (int i = 0; i < length; i++)
		put_char(out, text[i]);
	if (spec->left)
		put_repeated(out, ' ', spec->width - length);
}

static void put_character(struct output *out, const struct spec *spec, char character)
{
	if (!spec->left)
		put_repeated(out, ' ', spec->width - 1);
	put_char(out, character);
	if (spec->left)
		put_repeated(out, ' ', spec->width - 1);
}

/* False when the conversion is not known. */
static bool convert(struct output *out, const struct spec *spec, char conversion,
		    struct arguments *arguments)
{
	uint64_t value;

	switch (conversion) {
	case 'd':
	case 'i':
		put_signed(out, spec, next_signed(arguments, spec));
		return true;
	case 'u':
		put_number(out, spec, next_unsigned(arguments, spec), 10, false, "");
		return true;
	case 'x':
	case 'X':
		value = next_unsigned(arguments, spec);
		put_number(out, spec, value, 16, conversion == 'X',
			   !spec->alternate || !value ? "" :
			   conversion == 'X'	      ? "0X" :
							"0x");
		return true;
	case 'p':
		value = (uint64_t)(uintptr_t)va_arg(arguments->list, void *);
		put_number(out, spec, value, 16, false, "0x");
		return true;
	case 'c':
		put_character(out, spec, (char)va_arg(arguments->list, int));
		return true;
	case 's':
		put_string(out, spec, va_arg(arguments->list, const char *));
		return true;
	case '%':
		put_char(out, '%');
		return true;
	default:
		return false;
	}
}

int fmt_vprint(char *buffer, size_t size, const char *format, va_list list)
{
	struct output out = { buffer, size, 0 };
	struct arguments arguments;
	struct spec spec;

	va_copy(arguments.list, list);
	while (*format) {
		const char *start = format;

		if (*format++ != '%') {
			put_char(&out, *start);
			continue;
		}
		parse_spec(&format, &spec, &arguments);
		if (convert(&out, &spec, *format, &arguments)) {
			format++;
			continue;
		}
		while (start < format)
			put_char(&out, *start++);
	}
	va_end(arguments.list);
	if (size)
		buffer[MIN(out.length, size - 1)] = '\0';
	return out.length > INT32_MAX ? INT32_MAX : (int)out.length;
}

int fmt_print(char *buffer, size_t size, const char *format, ...)
{
	va_list list;
	int length;

	va_start(list, format);
	length = fmt_vprint(buffer, size, format, list);
	va_end(list);
	return length;
}
