/* SPDX-License-Identifier: MIT */
/* Each register length against what fio issued; each value once; what cannot start. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "bench/lib/lfsr.h"

#define SEED 0xb1899bedull /* of a first job's blocks */

/*
 * FNV-1a over 64-bit words of the first 100 blocks (or all) that fio read of
 * 2^n - 3, for n from 3 on.
 */
static const uint64_t digests[] = {
	0x5829878d4f0b5147ull,	0x0a778b299972ae0full,	0x07247848c3499569ull,
	0xf9c5e719d8e429a7ull,	0xcaeb131daac48c43ull,	0x9741803df0beb2f1ull,
	0x3171734cfbd6b77eull,	0xe9dcfc6dae7774dcull,	0x83bcec5e9bd4a86aull,
	0xc1dc483e972e9807ull,	0x8bc1efe277743228ull,	0xd216c8e160f538bdull,
	0x835512a6d9e663edull,	0xfe70c04944b9c526ull,	0xc2f21009934ab1f4ull,
	0x053781271246b886ull,	0x55e1f7b7f89fc051ull,	0x8262b426a4b379bdull,
	0x16106e239d2867f0ull,	0xd8fc975ebe4e2787ull,	0xd6780c124b37ca47ull,
	0x056de16e865ebcc5ull,	0x6d6909632f990d2bull,	0x0e299a86e64c82bbull,
	0x073a63624554e7b1ull,	0xd178891cdad50c60ull,	0x241029be62fb91e6ull,
	0xb4f9a13ecf00be56ull,	0xb4ab7ff0b3f119feull,	0xb40d5f2e9460a735ull,
	0x0f40fa63f00ae403ull,	0x225cb00ba07f7ad9ull,	0xd0bd651d123fee97ull,
	0x631c92188d218ee5ull,	0x9472b306ba1deebeull,	0x4deacf7c5672846cull,
	0x70a3e01962e8f963ull,	0x65e6dc5b4225d77cull,	0xf46f368977395b45ull,
	0x321be1d56f3cef35ull,	0x7328739888301016ull,	0x97a61aa293e45ab3ull,
	0xb5fd9c820c9d293bull,	0x4159a23e8f2b69d6ull,	0xf4b9f93dd7805275ull,
	0x552199267a4c7139ull,	0x121b23e633adf5dfull,	0x820d950983aae1c3ull,
	0xb3fafbcee032b59bull,	0x13d5a7b1e2bf4113ull,	0x45c2bf166a952ebaull,
};

static void registers_of_each_length_are_fios(void **state)
{
	(void)state;
	for (unsigned n = 3; n < 3 + ARRAY_COUNT(digests); n++) {
		uint64_t digest = 0xcbf29ce484222325ull, value;
		struct lfsr lfsr;

		assert_true(lfsr_init(&lfsr, (1ull << n) - 3, SEED));
		for (unsigned i = 0; i < 100 && lfsr_next(&lfsr, &value); i++)
			digest = (digest ^ value) * 0x100000001b3ull;
		if (digest != digests[n - 3])
			fail_msg("length %u", n);
	}
}

static void every_value_comes_once_in_every_pass(void **state)
{
	(void)state;
	for (uint64_t limit = 1; limit < 3000000; limit += limit / 3 + 1) {
		uint8_t *seen = calloc(1, limit);
		struct lfsr lfsr;
		uint64_t value;

		assert_true(lfsr_init(&lfsr, limit, SEED));
		for (unsigned pass = 1; pass <= 2; pass++) {
			uint64_t count = 0;

			while (lfsr_next(&lfsr, &value)) {
				count++;
				assert_true(value < limit);
				assert_int_equal(++seen[value], pass);
			}
			assert_int_equal(count, limit);
			assert_false(lfsr_next(&lfsr, &value));
			lfsr_reset(&lfsr, SEED);
		}
		free(seen);
	}
}

static void impossible_registers_are_refused(void **state)
{
	struct lfsr lfsr;

	(void)state;
	assert_false(lfsr_init(&lfsr, 0, SEED));
	assert_false(lfsr_init(&lfsr, UINT64_MAX, SEED));
	assert_false(lfsr_init(&lfsr, 1ull << 53, SEED));
	assert_true(lfsr_init(&lfsr, (1ull << 53) - 1, SEED));
	/* All ones is the state that never changes. */
	assert_false(lfsr_init(&lfsr, 5, 7));
	assert_true(lfsr_init(&lfsr, 5, 6));
	assert_false(lfsr_init(&lfsr, 100, 0x17f)); /* 7 bits */
	assert_true(lfsr_init(&lfsr, 100, 0x7e));
}

/* fio's file is reset before the first I/O where zones are strided. */
static void a_reset_before_the_first_value_changes_nothing(void **state)
{
	struct lfsr once, twice;
	uint64_t a, b;

	(void)state;
	assert_true(lfsr_init(&once, 100, SEED) && lfsr_init(&twice, 100, SEED));
	lfsr_reset(&twice, SEED);
	for (unsigned i = 0; i < 100; i++) {
		assert_true(lfsr_next(&once, &a) && lfsr_next(&twice, &b));
		assert_int_equal(a, b);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(registers_of_each_length_are_fios),
		cmocka_unit_test(every_value_comes_once_in_every_pass),
		cmocka_unit_test(a_reset_before_the_first_value_changes_nothing),
		cmocka_unit_test(impossible_registers_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
