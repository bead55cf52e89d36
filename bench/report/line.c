/* SPDX-License-Identifier: MIT */
/*
 * Lines of the text report: built in a fixed buffer, printed whole, with
 * numbers scaled as fio scales them. What does not fit is cut.
 */
#include <stdarg.h>

#include "bench/lib/decimal.h"
#include "bench/report/text_impl.h"
#include "kernel/lib/fmt.h"

void line_add(struct line *line, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	int length = fmt_vprint(line->text + line->used, sizeof(line->text) - line->used, format,
				arguments);
	va_end(arguments);
	line->used = MIN(line->used + (size_t)length, sizeof(line->text) - 1);
}

void line_add_float(struct line *line, double value, int width, unsigned places)
{
	char number[DECIMAL_BYTES];

	decimal_format(number, value, places);
	line_add(line, "%*s", width, number);
}

void line_end(struct line *line)
{
	line->print("%s\n", line->text);
	line->used = 0;
	line->text[0] = '\0';
}

struct report_scaled report_scaled(uint64_t value, unsigned digits, bool binary, const char *unit)
{
	static const char *const prefixes[2][7] = {
		{ "", "k", "M", "G", "T", "P", "E" },
		{ "", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei" },
	};
	const unsigned thousand = binary ? 1024 : 1000;
	char number[DECIMAL_BYTES], fraction[DECIMAL_BYTES] = "0";
	unsigned prefix = 0, rest = 0, length;
	struct report_scaled out;

	while ((length = decimal_format_u64(number, value)) > digits && prefix < 6) {
		rest = (unsigned)(value % thousand);
		value /= thousand;
		prefix++;
	}
	if (prefix && length + 2 <= digits) {
		unsigned places = digits - 1 - length;

		decimal_format(fraction, (double)rest / thousand, places);
		if (fraction[0] == '1') /* rounded up to the next whole */
			decimal_format_u64(number, value + 1);
		fmt_print(out.text, sizeof(out.text), "%s%s%s%s", number, fraction + 1,
			  prefixes[binary][prefix], unit);
		return out;
	}
	if (prefix && rest >= thousand / 2)
		decimal_format_u64(number, value + 1);
	fmt_print(out.text, sizeof(out.text), "%s%s%s", number, prefixes[binary][prefix], unit);
	return out;
}
