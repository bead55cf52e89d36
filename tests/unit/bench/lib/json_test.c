/* SPDX-License-Identifier: MIT */
/* The writer's text form, and that wrong nesting is caught. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "bench/lib/json.h"

static char text[4096];
static size_t used;
static struct json_writer w;

static void sink(void *context, const char *piece, size_t length_bytes)
{
	assert_ptr_equal(context, &used);
	assert_true(used + length_bytes < sizeof(text));
	memcpy(text + used, piece, length_bytes);
	used += length_bytes;
	text[used] = '\0';
}

static void begin(void)
{
	used = 0;
	json_begin(&w, sink, &used);
}

static void documents_have_fios_form(void **state)
{
	(void)state;
	begin();
	json_string(&w, "name", "a");
	json_int(&w, "negative", -5);
	json_int(&w, "least", INT64_MIN);
	json_uint(&w, "most", UINT64_MAX);
	json_float(&w, "float", 0.1);
	json_bool(&w, "yes", true);
	json_array_begin(&w, "list");
	json_uint(&w, NULL, 1);
	json_object_begin(&w, NULL);
	json_bool(&w, "no", false);
	json_object_end(&w);
	json_array_end(&w);
	json_object_begin(&w, "empty");
	json_object_end(&w);
	json_end(&w);
	assert_string_equal(text, "{\n"
				  "  \"name\" : \"a\",\n"
				  "  \"negative\" : -5,\n"
				  "  \"least\" : -9223372036854775808,\n"
				  "  \"most\" : 18446744073709551615,\n"
				  "  \"float\" : 0.100000,\n"
				  "  \"yes\" : true,\n"
				  "  \"list\" : [\n"
				  "    1,\n"
				  "    {\n"
				  "      \"no\" : false\n"
				  "    }\n"
				  "  ],\n"
				  "  \"empty\" : {\n"
				  "\n"
				  "  }\n"
				  "}\n");
}

static void strings_escape_what_json_demands(void **state)
{
	(void)state;
	begin();
	json_string(&w, "a\"b", "back\\slash \x01\n\x1f / \x7f \xc3\xa4");
	json_end(&w);
	assert_string_equal(text, "{\n  \"a\\\"b\" : "
				  "\"back\\\\slash \\u0001\\u000a\\u001f / \x7f \xc3\xa4\"\n}\n");
}

static void wrong_nesting_is_a_bug(void **state)
{
	(void)state;
	begin();
	expect_assert_failure(json_array_end(&w));
	expect_assert_failure(json_object_end(&w)); /* the document's own */
	expect_assert_failure(json_uint(&w, NULL, 1)); /* no key in an object */
	json_array_begin(&w, "list");
	expect_assert_failure(json_uint(&w, "key", 1)); /* a key in an array */
	expect_assert_failure(json_object_end(&w));
	expect_assert_failure(json_end(&w));
	for (unsigned i = 2; i < JSON_DEPTH_MAX; i++)
		json_array_begin(&w, NULL);
	expect_assert_failure(json_array_begin(&w, NULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(documents_have_fios_form),
		cmocka_unit_test(strings_escape_what_json_demands),
		cmocka_unit_test(wrong_nesting_is_a_bug),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
