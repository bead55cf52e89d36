/* SPDX-License-Identifier: MIT */
/*
 * Cyclic redundancy checks of verified data, in the variants that fio stores.
 * Pure but for their tables: checksum_init() once, on one CPU; then any
 * context.
 */
#ifndef BENCH_LIB_CHECKSUM_H
#define BENCH_LIB_CHECKSUM_H

#include "kernel/lib/util.h"

/* Makes the tables, and finds the faster way to CRC-32C on this machine. */
void checksum_init(void);

/*
 * CRC-32C (Castagnoli, reflected 0x82F63B78), continued from `crc`; without
 * the final inversion, as fio stores it. Start with CHECKSUM_CRC32C_START.
 */
#define CHECKSUM_CRC32C_START 0xffffffffu
uint32_t checksum_crc32c(uint32_t crc, const void *data, size_t length_bytes);

/* 0x04C11DB7, most significant bit first, from 0, without any inversion. */
uint32_t checksum_crc32(const void *data, size_t length_bytes);

/* 0x8005 reflected (0xA001), from 0. */
uint16_t checksum_crc16(const void *data, size_t length_bytes);

/* 0x09, most significant bit first, from 0; seven bits. */
uint8_t checksum_crc7(const void *data, size_t length_bytes);

/* Jones' polynomial reflected (0x95AC9329AC4BC9B5), from 0. */
uint64_t checksum_crc64(const void *data, size_t length_bytes);

#endif
