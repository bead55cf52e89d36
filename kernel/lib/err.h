/* SPDX-License-Identifier: MIT */
/*
 * Results of our own calls: 0, or one of these negated. What a device said of
 * a request is a different thing: enum blk_status in kernel/blk/blk.h.
 */
#ifndef KERNEL_LIB_ERR_H
#define KERNEL_LIB_ERR_H

enum err {
	ERR_INVALID = 1, /* an argument or a text is wrong */
	ERR_NO_MEMORY = 2,
	ERR_NOT_FOUND = 3,
	ERR_UNSUPPORTED = 4, /* the device or CPU lacks it */
	ERR_RANGE = 5, /* a value is outside of what is allowed */
	ERR_DEVICE = 6, /* the device broke its protocol */
	ERR_TIMEOUT = 7,
	ERR_FULL = 8,
	ERR_READ_ONLY = 9,
};

/* "invalid", "no memory", ...; accepts the code with either sign. */
const char *err_name(int code);

#endif
