/* SPDX-License-Identifier: MIT */
/*
 * The JSON writer of the results, in the text form that fio prints: two
 * spaces of indent per level, `"key" : value`, one member per line, floats
 * with six places. The document is streamed to a sink piece by piece, so its
 * size is bounded by nothing here.
 *
 * The writer keeps one bit of state per level (whether a comma is due) and
 * asserts that containers nest, that members of objects have keys and those of
 * arrays have none: a wrong document is a bug of ours. Strings escape `\`, `"`
 * and, unlike fio, control characters, so that every document parses. Loop
 * context; one writer per document.
 */
#include "bench/lib/json.h"

#include "bench/lib/decimal.h"
#include "kernel/lib/assert.h"
#include "kernel/lib/mem.h"

static void put(struct json_writer *w, const char *text)
{
	w->sink(w->context, text, strlen(text));
}

static void put_indent(struct json_writer *w)
{
	static const char spaces[2 * JSON_DEPTH_MAX + 1] = "                                ";

	w->sink(w->context, spaces, 2 * (size_t)w->depth);
}

static void put_quoted(struct json_writer *w, const char *text)
{
	static const char hex[] = "0123456789abcdef";

	put(w, "\"");
	while (*text) {
		size_t plain = 0;

		while ((unsigned char)text[plain] >= 0x20 && text[plain] != '"' &&
		       text[plain] != '\\')
			plain++;
		if (plain)
			w->sink(w->context, text, plain);
		text += plain;
		if (!*text)
			break;
		unsigned char special = (unsigned char)*text++;

		if (special < 0x20) {
			char escape[] = "\\u0000";

			escape[4] = hex[special >> 4];
			escape[5] = hex[special & 15];
			put(w, escape);
		} else {
			char escape[] = "\\?";

			escape[1] = (char)special;
			put(w, escape);
		}
	}
	put(w, "\"");
}

/* The comma after the previous member, the new line, and the key. */
static void begin_member(struct json_writer *w, const char *key)
{
	assert_always(w->depth > 0 && w->is_array[w->depth - 1] == !key);
	if (w->has_members[w->depth - 1])
		put(w, ",\n");
	w->has_members[w->depth - 1] = true;
	put_indent(w);
	if (key) {
		put_quoted(w, key);
		put(w, " : ");
	}
}

static void open_container(struct json_writer *w, bool is_array)
{
	assert_always(w->depth < JSON_DEPTH_MAX);
	put(w, is_array ? "[\n" : "{\n");
	w->has_members[w->depth] = false;
	w->is_array[w->depth] = is_array;
	w->depth++;
}

static void close_container(struct json_writer *w, bool is_array)
{
	assert_always(w->depth > 0 && w->is_array[w->depth - 1] == is_array);
	w->depth--;
	put(w, "\n");
	put_indent(w);
	put(w, is_array ? "]" : "}");
}

void json_begin(struct json_writer *w,
		void (*sink)(void *context, const char *text, size_t length_bytes), void *context)
{
	w->sink = sink;
	w->context = context;
	w->depth = 0;
	open_container(w, false);
}

void json_end(struct json_writer *w)
{
	assert_always(w->depth == 1);
	close_container(w, false);
	put(w, "\n");
}

void json_object_begin(struct json_writer *w, const char *key)
{
	begin_member(w, key);
	open_container(w, false);
}

void json_object_end(struct json_writer *w)
{
	assert_always(w->depth > 1);
	close_container(w, false);
}

void json_array_begin(struct json_writer *w, const char *key)
{
	begin_member(w, key);
	open_container(w, true);
}

void json_array_end(struct json_writer *w)
{
	close_container(w, true);
}

void json_int(struct json_writer *w, const char *key, int64_t value)
{
	char text[DECIMAL_BYTES] = "-";

	begin_member(w, key);
	if (value < 0)
		decimal_format_u64(text + 1, -(uint64_t)value);
	else
		decimal_format_u64(text, (uint64_t)value);
	put(w, text);
}

void json_uint(struct json_writer *w, const char *key, uint64_t value)
{
	char text[DECIMAL_BYTES];

	begin_member(w, key);
	decimal_format_u64(text, value);
	put(w, text);
}

void json_float(struct json_writer *w, const char *key, double value)
{
	char text[DECIMAL_BYTES];

	begin_member(w, key);
	decimal_format(text, value, 6);
	put(w, text);
}

void json_string(struct json_writer *w, const char *key, const char *value)
{
	begin_member(w, key);
	put_quoted(w, value);
}

void json_bool(struct json_writer *w, const char *key, bool value)
{
	begin_member(w, key);
	put(w, value ? "true" : "false");
}
