/* SPDX-License-Identifier: MIT */
/* Hashes of verified data. Pure; any context. */
#ifndef BENCH_LIB_HASH_H
#define BENCH_LIB_HASH_H

#include "kernel/lib/util.h"

#define HASH_MD5_BYTES 16u
#define HASH_SHA1_BYTES 20u
#define HASH_SHA512_BYTES 128u

/* RFC 1321 */
void hash_md5(const void *data, size_t length_bytes, uint8_t result[HASH_MD5_BYTES]);

/* FIPS 180-4, but its five words little endian, as fio stores them. */
void hash_sha1(const void *data, size_t length_bytes, uint8_t result[HASH_SHA1_BYTES]);

/*
 * FIPS 180-4, and behind the 64 bytes of the digest the second half of the last
 * block, padding included, as fio stores it.
 */
void hash_sha512(const void *data, size_t length_bytes, uint8_t result[HASH_SHA512_BYTES]);

/* XXH32 */
uint32_t hash_xxh32(const void *data, size_t length_bytes, uint32_t seed);

#endif
