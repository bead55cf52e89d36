/* SPDX-License-Identifier: MIT */
/*
 * assert_always(): a bug of ours. Always compiled in; ends the kernel with a
 * register dump and exit status 3 (on the host: abort()). A device's
 * misbehaviour never ends here: it breaks the device.
 */
#ifndef KERNEL_LIB_ASSERT_H
#define KERNEL_LIB_ASSERT_H

#include "kernel/lib/util.h"

/* Filled in above: kernel/cpu/panic.c, or the tests. */
NORETURN void panic(const char *format, ...) PRINTF_LIKE(1, 2);

#define assert_always(condition)                                             \
	do {                                                                 \
		if (UNLIKELY(!(condition)))                                  \
			panic("%s:%d: assertion failed: %s", __FILE__,       \
			      __LINE__, #condition);                         \
	} while (0)

/*
 * The same for what contracts and the letters on fields say of contexts and owners: the
 * debug build (make DEBUG=1) checks it, any other does not even look.
 */
#ifdef RINGBOLT_DEBUG
#define assert_debug(condition) assert_always(condition)
#else
#define assert_debug(condition) ((void)sizeof(!(condition)))
#endif

#endif
