/* SPDX-License-Identifier: MIT */
/*
 * The few functions of a C library's <math.h> that the bench needs. Pure; any
 * context that may use SSE.
 */
#ifndef BENCH_LIB_MATH_H
#define BENCH_LIB_MATH_H

/* Correctly rounded; 0 for negative arguments. */
double math_sqrt(double x);

/* Natural logarithm of a positive normal x; within 0.51 ulp. */
double math_log(double x);

/*
 * x^y of a positive normal x; within 0.51 + |y| / 500 ulp. Results below the
 * normal range are 0, those above infinity.
 */
double math_pow(double x, double y);

#endif
