/* SPDX-License-Identifier: MIT */
/*
 * fio's random_distribution= with a shape: zipf, pareto and normal, bit for
 * bit. Floating point; not for the fast path.
 */
#ifndef BENCH_SEQUENCE_DISTRIBUTION_H
#define BENCH_SEQUENCE_DISTRIBUTION_H

#include "bench/job/job.h"
#include "bench/lib/random.h"

struct distribution {
	struct random_stream random;
	uint32_t kind; /* [I] enum job_distribution */
	uint32_t seed; /* [I] */
	uint64_t ranges; /* [I] results are below */
	uint64_t rotation; /* [I] added to scattered results */
	double zeta, alpha, eta, second; /* [I] zipf */
	double power; /* [I] pareto */
	uint64_t spread; /* [I] normal */
};

/*
 * For a job's zipf, pareto or normal distribution over `ranges` blocks. zipf
 * costs a power per block, at most 10^7. The seed: distribution_seed().
 */
void distribution_init(struct distribution *d, const struct job *job, uint64_t ranges,
		       uint32_t seed);

/* Back to where distribution_init() left it. */
void distribution_rewind(struct distribution *d, const struct job *job);

/* Depends on the file's name as the job has it. */
uint32_t distribution_seed(const char *file_name, uint32_t thread);

uint64_t distribution_next(struct distribution *d);

#endif
