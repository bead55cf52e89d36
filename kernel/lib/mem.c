/* SPDX-License-Identifier: MIT */
/*
 * The C library's memory and string functions, for a kernel without one.
 *
 * Blocks move in 8-byte words of any alignment: x86 allows it, and under
 * emulation a word costs the same few instructions that a byte does, while
 * REP MOVSB is a loop over bytes there. The compiler is told (Makefile) not to
 * recognise these loops, or memcpy() would become a call of itself.
 *
 * The direction flag is never set in this kernel; nothing here may set it,
 * since the interrupt stubs rely on that.
 *
 * Pure; any context. General registers only.
 */
#include "kernel/lib/mem.h"

#include <stdint.h>

#ifndef RINGBOLT_HOST
/* mem.h maps calls to the compiler's built-ins, which end up here. */
#undef memcpy
#undef memmove
#undef memset
#undef memcmp
#undef strlen
#endif

/* Any alignment, may alias anything. */
typedef uint64_t __attribute__((may_alias, aligned(1))) word;

void *memcpy(void *destination, const void *source, size_t length)
{
	unsigned char *to = destination;
	const unsigned char *from = source;

	for (; length >= 4 * sizeof(word); length -= 4 * sizeof(word)) {
		word a = ((const word *)from)[0], b = ((const word *)from)[1];
		word c = ((const word *)from)[2], d = ((const word *)from)[3];

		((word *)to)[0] = a;
		((word *)to)[1] = b;
		((word *)to)[2] = c;
		((word *)to)[3] = d;
		from += 4 * sizeof(word);
		to += 4 * sizeof(word);
	}
	for (; length >= sizeof(word); length -= sizeof(word)) {
		*(word *)to = *(const word *)from;
		from += sizeof(word);
		to += sizeof(word);
	}
	while (length--)
		*to++ = *from++;
	return destination;
}

void *memmove(void *destination, const void *source, size_t length)
{
	unsigned char *to = destination;
	const unsigned char *from = source;

	/*
	 * Forward is right unless the destination begins inside the source (the
	 * difference wraps when it lies below): each step of memcpy() reads
	 * before it writes, and what it overwrites was read already.
	 */
	if ((uintptr_t)to - (uintptr_t)from >= length)
		return memcpy(destination, source, length);
	for (; length >= sizeof(word); length -= sizeof(word)) {
		word last = *(const word *)(from + length - sizeof(word));

		*(word *)(to + length - sizeof(word)) = last;
	}
	while (length--)
		to[length] = from[length];
	return destination;
}

void *memset(void *destination, int value, size_t length)
{
	unsigned char *to = destination;
	word pattern = (unsigned char)value * 0x0101010101010101ull;

	for (; length >= 4 * sizeof(word); length -= 4 * sizeof(word)) {
		((word *)to)[0] = pattern;
		((word *)to)[1] = pattern;
		((word *)to)[2] = pattern;
		((word *)to)[3] = pattern;
		to += 4 * sizeof(word);
	}
	for (; length >= sizeof(word); length -= sizeof(word)) {
		*(word *)to = pattern;
		to += sizeof(word);
	}
	while (length--)
		*to++ = (unsigned char)value;
	return destination;
}

int memcmp(const void *a, const void *b, size_t length)
{
	const unsigned char *left = a, *right = b;

	while (length >= sizeof(word) && *(const word *)left == *(const word *)right) {
		left += sizeof(word);
		right += sizeof(word);
		length -= sizeof(word);
	}
	for (; length; length--, left++, right++)
		if (*left != *right)
			return *left < *right ? -1 : 1;
	return 0;
}

size_t strlen(const char *text)
{
	size_t length = 0;

	while (text[length])
		length++;
	return length;
}

size_t strnlen(const char *text, size_t limit)
{
	size_t length = 0;

	while (length < limit && text[length])
		length++;
	return length;
}

int strcmp(const char *a, const char *b)
{
	while (*a && *a == *b) {
		a++;
		b++;
	}
	return (unsigned char)*a - (unsigned char)*b;
}

int strncmp(const char *a, const char *b, size_t limit)
{
	for (; limit; limit--, a++, b++) {
		if (*a != *b)
			return (unsigned char)*a - (unsigned char)*b;
		if (!*a)
			break;
	}
	return 0;
}

char *strchr(const char *text, int character)
{
	for (;; text++) {
		if (*text == (char)character)
			return (char *)(uintptr_t)text;
		if (!*text)
			return NULL;
	}
}
