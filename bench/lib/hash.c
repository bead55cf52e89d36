/* SPDX-License-Identifier: MIT */
/*
 * MD5 (RFC 1321), SHA-1 and SHA-512 (FIPS 180-4) and XXH32 over one piece of memory.
 *
 * MD5 and SHA-1 share their frame: blocks of 64 bytes, the last one or two
 * made of what is left, 0x80, zeroes and the length in bits. Here they find
 * faults, not forgers. Written for size: the cost of verify= matters with
 * crc32c (checksum.h).
 */
#include "bench/lib/hash.h"

#include "kernel/lib/mem.h"

#define BLOCK_BYTES 64u
#define LENGTH_BYTES 8u

typedef void block_function(uint32_t *state, const uint8_t *block);

static inline uint32_t rotate_left(uint32_t word, unsigned count)
{
	return word << count | word >> (32 - count);
}

static inline uint32_t load32(const uint8_t *bytes)
{
	uint32_t word;
	memcpy(&word, bytes, sizeof(word));
	return word;
}

static void hash_blocks(uint32_t *state, block_function *block, const uint8_t *data,
			size_t length_bytes, bool big_endian)
{
	uint8_t last[2 * BLOCK_BYTES] = { 0 };
	uint64_t bits = (uint64_t)length_bytes * 8;
	size_t left = length_bytes % BLOCK_BYTES;
	for (; length_bytes >= BLOCK_BYTES; data += BLOCK_BYTES, length_bytes -= BLOCK_BYTES)
		block(state, data);
	memcpy(last, data, left);
	last[left] = 0x80;
	size_t total = left + 1 + LENGTH_BYTES <= BLOCK_BYTES ? BLOCK_BYTES : 2 * BLOCK_BYTES;
	if (big_endian)
		bits = __builtin_bswap64(bits);
	memcpy(last + total - LENGTH_BYTES, &bits, sizeof(bits));
	for (size_t at = 0; at < total; at += BLOCK_BYTES)
		block(state, last + at);
}

/* --- MD5 --- */

/* floor(2^32 * |sin(i + 1)|) */
static const uint32_t md5_sines[64] = {
	0xd76aa478, 0xe8c7b756, 0x242070db, 0xc1bdceee, 0xf57c0faf, 0x4787c62a, 0xa8304613,
	0xfd469501, 0x698098d8, 0x8b44f7af, 0xffff5bb1, 0x895cd7be, 0x6b901122, 0xfd987193,
	0xa679438e, 0x49b40821, 0xf61e2562, 0xc040b340, 0x265e5a51, 0xe9b6c7aa, 0xd62f105d,
	0x02441453, 0xd8a1e681, 0xe7d3fbc8, 0x21e1cde6, 0xc33707d6, 0xf4d50d87, 0x455a14ed,
	0xa9e3e905, 0xfcefa3f8, 0x676f02d9, 0x8d2a4c8a, 0xfffa3942, 0x8771f681, 0x6d9d6122,
	0xfde5380c, 0xa4beea44, 0x4bdecfa9, 0xf6bb4b60, 0xbebfbc70, 0x289b7ec6, 0xeaa127fa,
	0xd4ef3085, 0x04881d05, 0xd9d4d039, 0xe6db99e5, 0x1fa27cf8, 0xc4ac5665, 0xf4292244,
	0x432aff97, 0xab9423a7, 0xfc93a039, 0x655b59c3, 0x8f0ccc92, 0xffeff47d, 0x85845dd1,
	0x6fa87e4f, 0xfe2ce6e0, 0xa3014314, 0x4e0811a1, 0xf7537e82, 0xbd3af235, 0x2ad7d2bb,
	0xeb86d391,
};

static void md5_block(uint32_t *state, const uint8_t *block)
{
	static const uint8_t rotations[4][4] = {
		{ 7, 12, 17, 22 }, { 5, 9, 14, 20 }, { 4, 11, 16, 23 }, { 6, 10, 15, 21 }
	};
	static const uint8_t factors[4] = { 1, 5, 3, 7 }, addends[4] = { 0, 1, 5, 0 };
	uint32_t a = state[0], b = state[1], c = state[2], d = state[3];
	for (unsigned i = 0; i < 64; i++) {
		unsigned round = i / 16, word = (factors[round] * i + addends[round]) % 16;
		const uint32_t mixed[4] = { (b & c) | (~b & d), (b & d) | (c & ~d), b ^ c ^ d,
					    c ^ (b | ~d) };
		uint32_t sum = a + mixed[round] + load32(block + word * 4) + md5_sines[i];
		a = d;
		d = c;
		c = b;
		b += rotate_left(sum, rotations[round][i % 4]);
	}
	state[0] += a;
	state[1] += b;
	state[2] += c;
	state[3] += d;
}

void hash_md5(const void *data, size_t length_bytes, uint8_t result[HASH_MD5_BYTES])
{
	uint32_t state[4] = { 0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476 };
	hash_blocks(state, md5_block, data, length_bytes, false);
	memcpy(result, state, HASH_MD5_BYTES);
}

/* --- SHA-1 --- */

static void sha1_block(uint32_t *state, const uint8_t *block)
{
	static const uint32_t constants[4] = { 0x5a827999, 0x6ed9eba1, 0x8f1bbcdc, 0xca62c1d6 };
	uint32_t words[80], a = state[0], b = state[1], c = state[2], d = state[3], e = state[4];
	for (unsigned i = 0; i < 16; i++)
		words[i] = __builtin_bswap32(load32(block + i * 4));
	for (unsigned i = 16; i < 80; i++)
		words[i] = rotate_left(words[i - 3] ^ words[i - 8] ^ words[i - 14] ^ words[i - 16],
				       1);
	for (unsigned i = 0; i < 80; i++) {
		uint32_t mixed = i / 20 % 2 ? b ^ c ^ d : (b & c) | (~b & d);
		if (i / 20 == 2)
			mixed = (b & c) | (b & d) | (c & d);
		uint32_t sum = rotate_left(a, 5) + mixed + e + constants[i / 20] + words[i];
		e = d;
		d = c;
		c = rotate_left(b, 30);
		b = a;
		a = sum;
	}
	state[0] += a;
	state[1] += b;
	state[2] += c;
	state[3] += d;
	state[4] += e;
}

void hash_sha1(const void *data, size_t length_bytes, uint8_t result[HASH_SHA1_BYTES])
{
	uint32_t state[5] = { 0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0 };
	hash_blocks(state, sha1_block, data, length_bytes, true);
	memcpy(result, state, HASH_SHA1_BYTES);
}

/* --- SHA-512: as SHA-1, but for words of twice the size --- */

#define WIDE_BLOCK_BYTES 128u
#define WIDE_LENGTH_BYTES 16u

/* Of the cube roots of the first 80 primes, what is behind the point. */
static const uint64_t sha512_roots[80] = {
	0x428a2f98d728ae22, 0x7137449123ef65cd, 0xb5c0fbcfec4d3b2f, 0xe9b5dba58189dbbc,
	0x3956c25bf348b538, 0x59f111f1b605d019, 0x923f82a4af194f9b, 0xab1c5ed5da6d8118,
	0xd807aa98a3030242, 0x12835b0145706fbe, 0x243185be4ee4b28c, 0x550c7dc3d5ffb4e2,
	0x72be5d74f27b896f, 0x80deb1fe3b1696b1, 0x9bdc06a725c71235, 0xc19bf174cf692694,
	0xe49b69c19ef14ad2, 0xefbe4786384f25e3, 0x0fc19dc68b8cd5b5, 0x240ca1cc77ac9c65,
	0x2de92c6f592b0275, 0x4a7484aa6ea6e483, 0x5cb0a9dcbd41fbd4, 0x76f988da831153b5,
	0x983e5152ee66dfab, 0xa831c66d2db43210, 0xb00327c898fb213f, 0xbf597fc7beef0ee4,
	0xc6e00bf33da88fc2, 0xd5a79147930aa725, 0x06ca6351e003826f, 0x142929670a0e6e70,
	0x27b70a8546d22ffc, 0x2e1b21385c26c926, 0x4d2c6dfc5ac42aed, 0x53380d139d95b3df,
	0x650a73548baf63de, 0x766a0abb3c77b2a8, 0x81c2c92e47edaee6, 0x92722c851482353b,
	0xa2bfe8a14cf10364, 0xa81a664bbc423001, 0xc24b8b70d0f89791, 0xc76c51a30654be30,
	0xd192e819d6ef5218, 0xd69906245565a910, 0xf40e35855771202a, 0x106aa07032bbd1b8,
	0x19a4c116b8d2d0c8, 0x1e376c085141ab53, 0x2748774cdf8eeb99, 0x34b0bcb5e19b48a8,
	0x391c0cb3c5c95a63, 0x4ed8aa4ae3418acb, 0x5b9cca4f7763e373, 0x682e6ff3d6b2b8a3,
	0x748f82ee5defb2fc, 0x78a5636f43172f60, 0x84c87814a1f0ab72, 0x8cc702081a6439ec,
	0x90befffa23631e28, 0xa4506cebde82bde9, 0xbef9a3f7b2c67915, 0xc67178f2e372532b,
	0xca273eceea26619c, 0xd186b8c721c0c207, 0xeada7dd6cde0eb1e, 0xf57d4f7fee6ed178,
	0x06f067aa72176fba, 0x0a637dc5a2c898a6, 0x113f9804bef90dae, 0x1b710b35131c471b,
	0x28db77f523047d84, 0x32caab7b40c72493, 0x3c9ebe0a15c9bebc, 0x431d67c49c100d4c,
	0x4cc5d4becb3e42b6, 0x597f299cfc657e2a, 0x5fcb6fab3ad6faec, 0x6c44198c4a475817,
};

static inline uint64_t rotate_right_64(uint64_t word, unsigned count)
{
	return word >> count | word << (64 - count);
}

static inline uint64_t load_big_endian_64(const uint8_t *bytes)
{
	uint64_t word;
	memcpy(&word, bytes, sizeof(word));
	return __builtin_bswap64(word);
}

static void sha512_expand(uint64_t words[80], const uint8_t *block)
{
	for (unsigned i = 0; i < 16; i++)
		words[i] = load_big_endian_64(block + i * 8);
	for (unsigned i = 16; i < 80; i++) {
		uint64_t far = words[i - 15], near = words[i - 2];
		far = rotate_right_64(far, 1) ^ rotate_right_64(far, 8) ^ far >> 7;
		near = rotate_right_64(near, 19) ^ rotate_right_64(near, 61) ^ near >> 6;
		words[i] = words[i - 16] + far + words[i - 7] + near;
	}
}

static void sha512_block(uint64_t state[8], const uint8_t *block)
{
	uint64_t words[80], s[8];
	sha512_expand(words, block);
	memcpy(s, state, sizeof(s));
	for (unsigned i = 0; i < 80; i++) {
		uint64_t a = s[0], e = s[4], choice = (e & s[5]) | (~e & s[6]);
		uint64_t majority = (a & s[1]) | (a & s[2]) | (s[1] & s[2]);
		uint64_t of_e = rotate_right_64(e, 14) ^ rotate_right_64(e, 18) ^
				rotate_right_64(e, 41);
		uint64_t of_a = rotate_right_64(a, 28) ^ rotate_right_64(a, 34) ^
				rotate_right_64(a, 39);
		uint64_t sum = s[7] + of_e + choice + sha512_roots[i] + words[i];
		memmove(s + 1, s, 7 * sizeof(s[0]));
		s[4] += sum;
		s[0] = sum + of_a + majority;
	}
	for (unsigned i = 0; i < 8; i++)
		state[i] += s[i];
}

void hash_sha512(const void *data, size_t length_bytes, uint8_t result[HASH_SHA512_BYTES])
{
	/* Of the square roots of the first 8 primes, what is behind the point. */
	uint64_t state[8] = {
		0x6a09e667f3bcc908, 0xbb67ae8584caa73b, 0x3c6ef372fe94f82b, 0xa54ff53a5f1d36f1,
		0x510e527fade682d1, 0x9b05688c2b3e6c1f, 0x1f83d9abfb41bd6b, 0x5be0cd19137e2179,
	};
	uint8_t last[2 * WIDE_BLOCK_BYTES] = { 0 };
	const uint8_t *bytes = data;
	size_t left = length_bytes % WIDE_BLOCK_BYTES;
	uint64_t bits = __builtin_bswap64((uint64_t)length_bytes * 8);
	for (; length_bytes >= WIDE_BLOCK_BYTES; length_bytes -= WIDE_BLOCK_BYTES) {
		sha512_block(state, bytes);
		bytes += WIDE_BLOCK_BYTES;
	}
	memcpy(last, bytes, left);
	last[left] = 0x80;
	size_t total = left + 1 + WIDE_LENGTH_BYTES <= WIDE_BLOCK_BYTES ? WIDE_BLOCK_BYTES :
									  2 * WIDE_BLOCK_BYTES;
	memcpy(last + total - sizeof(bits), &bits, sizeof(bits));
	for (size_t at = 0; at < total; at += WIDE_BLOCK_BYTES)
		sha512_block(state, last + at);
	for (unsigned i = 0; i < 8; i++)
		state[i] = __builtin_bswap64(state[i]);
	memcpy(result, state, sizeof(state));
	memcpy(result + sizeof(state), last + total - sizeof(state), sizeof(state));
}

/* --- XXH32 --- */

#define XXH_PRIME_1 0x9e3779b1u
#define XXH_PRIME_2 0x85ebca77u
#define XXH_PRIME_3 0xc2b2ae3du
#define XXH_PRIME_4 0x27d4eb2fu
#define XXH_PRIME_5 0x165667b1u
#define XXH_STRIPE_BYTES 16u

static uint32_t xxh32_stripes(const uint8_t *data, size_t length_bytes, uint32_t seed)
{
	uint32_t lanes[4] = { seed + XXH_PRIME_1 + XXH_PRIME_2, seed + XXH_PRIME_2, seed,
			      seed - XXH_PRIME_1 };
	for (size_t at = 0; at + XXH_STRIPE_BYTES <= length_bytes; at += XXH_STRIPE_BYTES)
		for (unsigned i = 0; i < 4; i++)
			lanes[i] = rotate_left(lanes[i] + load32(data + at + 4 * i) * XXH_PRIME_2,
					       13) * XXH_PRIME_1;
	return rotate_left(lanes[0], 1) + rotate_left(lanes[1], 7) + rotate_left(lanes[2], 12) +
	       rotate_left(lanes[3], 18);
}

uint32_t hash_xxh32(const void *data, size_t length_bytes, uint32_t seed)
{
	const uint8_t *bytes = data;
	uint32_t hash = length_bytes < XXH_STRIPE_BYTES ? seed + XXH_PRIME_5 :
							  xxh32_stripes(bytes, length_bytes, seed);
	hash += (uint32_t)length_bytes;
	size_t at = length_bytes / XXH_STRIPE_BYTES * XXH_STRIPE_BYTES;
	for (; at + 4 <= length_bytes; at += 4)
		hash = rotate_left(hash + load32(bytes + at) * XXH_PRIME_3, 17) * XXH_PRIME_4;
	for (; at < length_bytes; at++)
		hash = rotate_left(hash + bytes[at] * XXH_PRIME_5, 11) * XXH_PRIME_1;
	hash = (hash ^ hash >> 15) * XXH_PRIME_2;
	hash = (hash ^ hash >> 13) * XXH_PRIME_3;
	return hash ^ hash >> 16;
}
