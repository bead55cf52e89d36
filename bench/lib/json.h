/* SPDX-License-Identifier: MIT */
/*
 * A JSON writer in fio's text form: two-space indent, "key" : value, one pair
 * per line, floats %f. Streams to a sink; no allocation. Asserts on wrong
 * nesting.
 */
#ifndef BENCH_LIB_JSON_H
#define BENCH_LIB_JSON_H

#include "kernel/lib/util.h"

#define JSON_DEPTH_MAX 16u

struct json_writer {
	void (*sink)(void *context, const char *text, size_t length_bytes);
	void *context;
	unsigned depth;
	bool has_members[JSON_DEPTH_MAX];
	bool is_array[JSON_DEPTH_MAX];
};

/* Opens the document's object. */
void json_begin(struct json_writer *w,
		void (*sink)(void *context, const char *text, size_t length_bytes), void *context);
void json_end(struct json_writer *w); /* closes the document, writes the newline */

/* key is NULL inside arrays. */
void json_object_begin(struct json_writer *w, const char *key);
void json_object_end(struct json_writer *w);
void json_array_begin(struct json_writer *w, const char *key);
void json_array_end(struct json_writer *w);
void json_int(struct json_writer *w, const char *key, int64_t value);
void json_uint(struct json_writer *w, const char *key, uint64_t value);
void json_float(struct json_writer *w, const char *key, double value);
void json_string(struct json_writer *w, const char *key, const char *value);
void json_bool(struct json_writer *w, const char *key, bool value);

#endif
