/*
 * Which build this is: the release that it leads to, and the commit that it was built from.
 * Constant; any context.
 */
#ifndef KERNEL_LIB_VERSION_H
#define KERNEL_LIB_VERSION_H

extern const char version_release[]; /* "0.9.0", of the file VERSION */
/* "bf338ed1234", "-dirty" after it with changes not committed; "unknown" without a history. */
extern const char version_commit[];

#endif
