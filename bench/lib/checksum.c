/* SPDX-License-Identifier: MIT */
/*
 * CRCs by tables, which checksum_init() computes from the polynomials.
 *
 * CRC-32C goes eight bytes a step: with the CPU's CRC32 instruction (SDM
 * vol. 2A, SSE4.2), else by eight tables (Kounavis and Berry, "slicing by 8").
 * An emulated CPU may have the instruction and yet be slower with it, so both
 * ways are timed once. The others are there for the sake of other people's
 * images: one table, one byte a step.
 */
#include "bench/lib/checksum.h"

#include "kernel/cpu/clock.h"
#include "kernel/lib/mem.h"

#define CRC32C_POLYNOMIAL 0x82f63b78u
#define CRC32_POLYNOMIAL 0x04c11db7u
#define CRC16_POLYNOMIAL 0xa001u
#define CRC7_POLYNOMIAL (0x09u << 1) /* seven bits at the top of eight */
#define CRC64_POLYNOMIAL 0x95ac9329ac4bc9b5ull

#define STEP_BYTES 128u
#define TRIAL_BYTES 4096u
#define TRIALS 3

static uint32_t crc32c_tables[8][256];
static uint32_t crc32_table[256];
static uint16_t crc16_table[256];
static uint8_t crc7_table[256];
static uint64_t crc64_table[256];
static bool use_instruction;

/* The effect of one byte, least significant bit first. */
static uint64_t reflected_entry(uint64_t byte, uint64_t polynomial)
{
	for (int bit = 0; bit < 8; bit++)
		byte = byte >> 1 ^ (byte & 1 ? polynomial : 0);
	return byte;
}

/* The effect of one byte in the top eight of `bits` bits. */
static uint32_t forward_entry(uint32_t byte, uint32_t polynomial, unsigned bits)
{
	uint32_t crc = byte << (bits - 8);
	for (int bit = 0; bit < 8; bit++)
		crc = crc << 1 ^ (crc & 1u << (bits - 1) ? polynomial : 0);
	return crc;
}

static void make_tables(void)
{
	for (uint32_t byte = 0; byte < 256; byte++) {
		crc32c_tables[0][byte] = (uint32_t)reflected_entry(byte, CRC32C_POLYNOMIAL);
		crc64_table[byte] = reflected_entry(byte, CRC64_POLYNOMIAL);
		crc16_table[byte] = (uint16_t)reflected_entry(byte, CRC16_POLYNOMIAL);
		crc32_table[byte] = forward_entry(byte, CRC32_POLYNOMIAL, 32);
		crc7_table[byte] = (uint8_t)((forward_entry(byte, CRC7_POLYNOMIAL, 8) & 0xff) >> 1);
	}
	for (uint32_t byte = 0; byte < 256; byte++)
		for (int t = 1; t < 8; t++) {
			uint32_t before = crc32c_tables[t - 1][byte];
			crc32c_tables[t][byte] = before >> 8 ^ crc32c_tables[0][before & 0xff];
		}
}

static bool cpu_has_instruction(void)
{
	uint32_t a = 1, b, c = 0, d;
	__asm__ volatile("cpuid" : "+a"(a), "=b"(b), "+c"(c), "=d"(d));
	return c & 1u << 20;
}

static inline uint64_t load64(const uint8_t *bytes)
{
	uint64_t word;
	memcpy(&word, bytes, sizeof(word));
	return word;
}

static inline uint32_t by_tables(uint32_t crc, uint64_t word)
{
	word ^= crc;
	return crc32c_tables[7][word & 0xff] ^ crc32c_tables[6][word >> 8 & 0xff] ^
	       crc32c_tables[5][word >> 16 & 0xff] ^ crc32c_tables[4][word >> 24 & 0xff] ^
	       crc32c_tables[3][word >> 32 & 0xff] ^ crc32c_tables[2][word >> 40 & 0xff] ^
	       crc32c_tables[1][word >> 48 & 0xff] ^ crc32c_tables[0][word >> 56];
}

static inline uint64_t by_instruction(uint64_t crc, uint64_t word)
{
	__asm__("crc32q %1, %0" : "+r"(crc) : "rm"(word));
	return crc;
}

/* length_bytes: a multiple of 8. */
static uint32_t words_by_instruction(uint32_t start, const uint8_t *bytes, size_t length_bytes)
{
	uint64_t crc = start;
	const uint8_t *end = bytes + length_bytes;
	const uint8_t *end_of_steps = bytes + length_bytes / STEP_BYTES * STEP_BYTES;
	for (; bytes != end_of_steps; bytes += STEP_BYTES) {
#pragma GCC unroll 16
		for (unsigned at = 0; at < STEP_BYTES; at += 8)
			crc = by_instruction(crc, load64(bytes + at));
	}
	for (; bytes != end; bytes += 8)
		crc = by_instruction(crc, load64(bytes));
	return (uint32_t)crc;
}

static uint32_t words_by_tables(uint32_t crc, const uint8_t *bytes, size_t length_bytes)
{
	for (const uint8_t *end = bytes + length_bytes; bytes != end; bytes += 8)
		crc = by_tables(crc, load64(bytes));
	return crc;
}

typedef uint32_t words_function(uint32_t crc, const uint8_t *bytes, size_t length_bytes);

static uint64_t trial_tsc(words_function *words)
{
	static const uint8_t zeroes[TRIAL_BYTES];
	uint64_t best = UINT64_MAX;
	for (int i = 0; i < TRIALS; i++) {
		const uint8_t *data = zeroes;
		uint64_t start = clock_tsc();
		__asm__ volatile("" : "+r"(data)); /* not before */
		uint32_t crc = words(0, data, sizeof(zeroes));
		__asm__ volatile("" : : "r"(crc)); /* not after */
		best = MIN(best, clock_tsc() - start);
	}
	return best;
}

void checksum_init(void)
{
	make_tables();
	use_instruction = cpu_has_instruction() &&
			  trial_tsc(words_by_instruction) <= trial_tsc(words_by_tables);
}

uint32_t checksum_crc32c(uint32_t crc, const void *data, size_t length_bytes)
{
	const uint8_t *bytes = data, *end = bytes + length_bytes;
	size_t in_words = length_bytes / 8 * 8;
	crc = use_instruction ? words_by_instruction(crc, bytes, in_words) :
				words_by_tables(crc, bytes, in_words);
	for (bytes += in_words; bytes != end; bytes++)
		crc = crc >> 8 ^ crc32c_tables[0][(crc ^ *bytes) & 0xff];
	return crc;
}

uint32_t checksum_crc32(const void *data, size_t length_bytes)
{
	uint32_t crc = 0;
	for (const uint8_t *byte = data; length_bytes--; byte++)
		crc = crc << 8 ^ crc32_table[crc >> 24 ^ *byte];
	return crc;
}

uint16_t checksum_crc16(const void *data, size_t length_bytes)
{
	uint16_t crc = 0;
	for (const uint8_t *byte = data; length_bytes--; byte++)
		crc = (uint16_t)(crc >> 8 ^ crc16_table[(crc ^ *byte) & 0xff]);
	return crc;
}

uint8_t checksum_crc7(const void *data, size_t length_bytes)
{
	uint8_t crc = 0;
	for (const uint8_t *byte = data; length_bytes--; byte++)
		crc = crc7_table[(uint8_t)(crc << 1) ^ *byte];
	return crc;
}

uint64_t checksum_crc64(const void *data, size_t length_bytes)
{
	uint64_t crc = 0;
	for (const uint8_t *byte = data; length_bytes--; byte++)
		crc = crc >> 8 ^ crc64_table[(crc ^ *byte) & 0xff];
	return crc;
}
