/* SPDX-License-Identifier: MIT */
/*
 * The C library's memory and string functions that a freestanding compiler
 * may call and that we use. On the host the C library's own are used.
 */
#ifndef KERNEL_LIB_MEM_H
#define KERNEL_LIB_MEM_H

#include <stddef.h>

void *memcpy(void *destination, const void *source, size_t length);
void *memmove(void *destination, const void *source, size_t length);
void *memset(void *destination, int value, size_t length);
int memcmp(const void *a, const void *b, size_t length);
size_t strlen(const char *text);
size_t strnlen(const char *text, size_t limit);
int strcmp(const char *a, const char *b);
int strncmp(const char *a, const char *b, size_t limit);
char *strchr(const char *text, int character);

#ifndef RINGBOLT_HOST
/*
 * A freestanding compiler calls these by name even for a constant length of
 * four bytes; its built-ins expand such cases in place.
 */
#define memcpy __builtin_memcpy
#define memmove __builtin_memmove
#define memset __builtin_memset
#define memcmp __builtin_memcmp
#define strlen __builtin_strlen
#endif

#endif
