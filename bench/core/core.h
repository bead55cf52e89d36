/* SPDX-License-Identifier: MIT */
/*
 * The contract of all that runs jobs: a job, an I/O, a CPU, and what any part may do to
 * them. What the parts offer each other is in pace/pace.h, verify/readback.h and
 * run/run_impl.h. Letters as in blk.h.
 */
#ifndef BENCH_CORE_CORE_H
#define BENCH_CORE_CORE_H

#include "bench/job/job.h"
#include "bench/measure/stats.h"
#include "bench/sequence/generator.h"
#include "kernel/blk/blk.h"
#include "kernel/cpu/exit.h"
#include "kernel/irq/timer.h"
#include "kernel/lib/settings.h"

struct runner_boot; /* run/run.h */
struct runner_job;
struct runner_pace; /* pace/pace.h */
struct runner_verify; /* verify/readback.c */

/* What a flush is for. */
enum runner_flush {
	FLUSH_OF_PASS, /* before a read-back, or by end_fsync: fio does not tell of it */
	FLUSH_FDATASYNC, /* of which fio tells the latency */
	FLUSH_FSYNC, /* and which it counts, too */
};

/* One I/O that a job may have in flight. */
struct runner_io {
	struct blk_request request;
	struct runner_job *job; /* [I] */
	uint8_t *buffer; /* [I] the job's buffer_bytes */
	blk_segment *segments; /* [I] over the buffer */
	struct stats_direction *stats; /* of its direction; meaningless for a flush */
	uint8_t direction; /* enum job_direction; DIR_COUNT: a flush */
	uint8_t file; /* index into the job's files */
	bool checked_read; /* its data is checked */
	uint8_t flush; /* enum runner_flush, if it is one */
	uint32_t length_bytes;
	uint64_t offset_bytes; /* as request.sector, which alone the fast way fills */
	bool is_out; /* paced jobs: prepared or in flight */
	uint64_t intended_tsc; /* rated jobs: when it should have started; 0: at once */
};

/* bw_ or iops_ samples: one per period with progress. */
struct runner_sampler {
	uint64_t period_tsc, last_tsc;
	uint64_t seen[DIR_COUNT]; /* bytes or I/Os, at last_tsc */
};

/*
 * The stages of a latency, in order. Between them: the doorbell; the signal,
 * which is the interrupt's entry, or that polling found the completion; and the
 * discovery, when the CPU's loop, woken, looked at the ring (polled: the signal).
 */
enum runner_stage {
	STAGE_SUBMIT_TO_DOORBELL, /* fio's slat; all others together: clat */
	STAGE_DOORBELL_TO_SIGNAL,
	STAGE_SIGNAL_TO_DISCOVERY,
	STAGE_DISCOVERY_TO_DELIVERY,
	STAGE_COUNT
};

/* stages=full: of every I/O that has a latency. */
struct runner_stages {
	struct stats_latency stage[STAGE_COUNT];
};

/* What is known without: the last two stages are one. Together: the sum of all lat. */
struct runner_stage_sums {
	uint64_t count;
	uint64_t submit_to_doorbell_ns, doorbell_to_signal_ns, signal_to_delivery_ns;
};

/* What it takes to measure an I/O, and a batch of them. */
struct runner_measuring {
	double io_ns, batch_ns;
};

enum runner_phase {
	PHASE_WAITING, /* for earlier jobs, or its start delay */
	PHASE_RUNNING,
	PHASE_DRAINING, /* nothing more is issued, for now */
	PHASE_READ_BACK, /* what was written is read and checked */
	PHASE_FINISHED,
};

/* What becomes of a buffer before it is written. */
enum runner_data {
	DATA_KEPT,
	DATA_SCRAMBLED, /* a stamp per sector; its I/O began before */
	DATA_FILLED, /* anew */
	DATA_VERIFIED, /* with what proves itself */
};

/* What a job is after a step, and what it wants; of several jobs, or-ed together. */
enum {
	STEP_AGAIN = 1, /* to be stepped again at once */
	STEP_BUSY = 2, /* something is in flight */
};

/* Issues what the job may issue now. */
typedef unsigned runner_step_function(struct runner_job *job, uint64_t now);

/* What the queues of a job counted, for whichever jobs. */
struct runner_counts {
	uint64_t requests, doorbells, interrupts;
};

struct runner_job {
	/* Hot: the I/O path. */
	struct blk_request **free; /* [c] stack */
	struct blk_request **prepared; /* [c] ready, not yet accepted */
	uint32_t free_count, prepared_count; /* [c] */
	uint32_t depth; /* [I] */
	uint32_t batch; /* [I] least number of I/Os behind one submission */
	uint32_t chunk; /* [I] most of them: batch, or all for iodepth_batch=1 */
	uint32_t complete_min; /* [I] */
	uint32_t free_seen; /* [c] free_count after the last step */
	uint64_t issued_ios, issued_bytes; /* [c] of trims before writes, the writes' bytes only */
	uint64_t limit_ios; /* [I] */
	uint64_t limit_bytes; /* [c] issued_bytes at which this pass ends */
	uint64_t control_tsc; /* [c] when runner_job_control() is due; 0: never */
	struct generator *generator; /* [I] */
	struct stats_job *stats; /* [c] */
	struct blk_queue *queues[JOB_FILES_MAX]; /* [I] */
	runner_step_function *step; /* [c] the full way; the fast one with leave */
	runner_step_function *full_step; /* [I] */
	/* Of a fast job: one that goes the fast way (run/fast.c) when it has leave. */
	uint32_t fast_bytes; /* [I] of each I/O */
	uint32_t fast_left, fast_granted; /* [c] to issue without a second thought */
	bool fast; /* [I] */
	runner_step_function *fast_step; /* [I] */
	struct stats_direction *fast_stats; /* [c] */
	uint64_t *fast_batches; /* [c] submissions, by the number in flight before; unsettled */
	uint64_t *fast_reaped; /* [c] steps, by the number completed since the one before */
	uint64_t signal_to_delivery_tsc; /* [c] sum; the signal: blk.h's signal_tsc */
	struct runner_stages *stages; /* [I] NULL: means of what is measured anyway */
	uint32_t phase; /* [a] enum runner_phase; written by its CPU */
	bool special; /* [I] has something beyond plain reads */
	bool asks; /* [I] whether anything else is due before an I/O: see runner_refill() */
	bool done_is_special; /* [I] beyond three latencies: see runner_io_done() */
	uint8_t write_flags; /* [I] of a request */
	uint8_t data; /* [I] enum runner_data */
	bool verifies; /* [I] data is written to be checked, or checked */
	bool reads_are_checked; /* [I] those of the job itself */
	bool measured; /* [I] latencies are recorded */
	bool full_histograms; /* [I] of slat and lat too */
	bool synchronous; /* [I] job_is_synchronous() */
	bool stopping; /* [a] an error, or another job's end, stops it */
	struct runner_pace *pace; /* [I] NULL: nothing paces or watches it */
	/* Cold. */
	const struct job *options; /* [I] */
	struct blk_device *devices[JOB_FILES_MAX]; /* [I] */
	struct cpu *cpu; /* [I] */
	uint64_t start_tsc, finish_tsc; /* [c] measured part */
	bool has_memory; /* [c] runner_memory_prepare() was called */
	uint64_t begin_tsc; /* [c] when it left PHASE_WAITING to run; 0: not so */
	uint64_t ramp_end_tsc, end_tsc; /* [c] until then; 0: no ramp (any more), no end */
	uint64_t eligible_tsc; /* [I] start delay over */
	uint32_t wait_before; /* [I] the stonewall: jobs [0, n) must have finished */
	uint64_t largest_bytes; /* [I] of an I/O */
	uint64_t spare_bytes; /* [I] less than this is no reason for another pass */
	uint64_t buffer_bytes, segment_bytes; /* [I] of one buffer, and of its segments */
	uint64_t writes_issued; /* [c] */
	uint64_t pretrimmed_bytes; /* [c] of trims before writes */
	uint8_t last_direction; /* [c] of the I/O before; DIR_COUNT: a flush */
	bool final_flush_done; /* [c] */
	uint32_t flushes_left; /* [c] disks to be flushed before what comes next */
	uint64_t total_bytes, pass_bytes; /* [I] to issue in all, and in one pass */
	uint64_t pass_ios; /* [c] issued in this pass */
	uint64_t passes_left; /* [c] after this one, by loops= */
	uint64_t repeat_bytes; /* [I] then more, while a block fits below: io_size=; 0: none */
	uint64_t idle_start_tsc; /* [c] the CPU's idle time at the start */
	struct runner_stage_sums stage_sums; /* [c] at the end */
	struct runner_counts counts; /* [c] at the start; at the end, since then */
	struct runner_measuring measuring; /* [I] */
	struct runner_io *ios; /* [I] depth of them */
	/* Verified data (verify/readback.c). */
	struct runner_verify *verify; /* [I] NULL: without verify= */
	bool backlog_reading; /* [c] no writes until a batch of the backlog was read */
	uint64_t write_finish_tsc; /* [c] the end, less the time of read-backs; 0: none */
	uint64_t sample_due_tsc; /* [c] of the first of the two */
	struct runner_sampler bw_sampler, iops_sampler; /* [c] */
};

/* What one CPU runs. */
struct runner_cpu {
	struct cpu *cpu;
	struct runner_job **jobs; /* those of this CPU */
	uint32_t job_count;
	struct blk_queue **queues; /* that those jobs use, each once */
	uint32_t queue_count;
	/* What is stepped and polled: jobs that have begun and are not over. */
	struct runner_job **active_jobs; /* [c] */
	struct blk_queue **active_queues; /* [c] */
	uint32_t active_job_count, active_queue_count; /* [c] */
	uint32_t turns_seen; /* [c] runner.turns when the active ones were chosen */
	uint64_t turn_tsc; /* [c] when the next start delay is over */
	struct runner_job *refused; /* [c] to be stepped first; NULL: leave the order */
	struct timer wake_timer;
	uint64_t wake_timer_tsc; /* [a] 0: not armed */
	bool timer_is_stale; /* [c] what it is armed for may have changed */
	uint64_t next_deadline_check_tsc;
	uint64_t look_tsc; /* [c] the earliest time at which anything is due */
	uint64_t discovery_tsc; /* [c] stages=full: when the loop looked at a ring */
	uint32_t wanted; /* [c] completions below which no job can go on */
	uint64_t start_tsc, finish_tsc; /* of the run */
	uint64_t idle_start_tsc, idle_tsc;
	uint32_t finished; /* [a] */
};

struct runner {
	const struct job_set *set;
	const char *job_file; /* its name, for messages */
	const struct settings *settings;
	struct runner_boot *boot;
	struct runner_job *jobs; /* set->job_count */
	struct runner_cpu cpus[CPU_MAX];
	uint64_t start_tsc, finish_tsc;
	uint32_t failed; /* [a] a job reported an error */
	uint32_t turns; /* [a] counts what may begin or end a turn: runner_turn_announce() */
	uint64_t timeout_tsc; /* a request's deadline; 0: none */
	const struct blk_queue *late; /* [a] missed a deadline, which ends all jobs; NULL: none */
};

/* --- core/state.c: what any part may do to a job --- */

extern struct runner runner;

/* "FILE:LINE: KEY: [JOB] text", where LINE is that of the job's section; -ERR_INVALID. */
int runner_complain(const struct job *job, const char *key, const char *format, ...)
	PRINTF_LIKE(3, 4);

/* What is measured counts from now. */
void runner_job_begin_measuring(struct runner_job *job, uint64_t now);

/* What job->queues counted from the first of the two on is in job->counts after the second. */
void runner_counts_begin(struct runner_job *job);
void runner_counts_end(struct runner_job *job);

/* exitall: stops the jobs that exit_what= names; CPUs that sleep notice when this one ends. */
void runner_job_end_others(const struct runner_job *job);

/* A job is over, or stopped: those that wait, on any CPU, look for their turn. */
void runner_turn_announce(void);

/* Linux' errno numbers, by which fio reports errors. */
enum {
	EIO_LINUX = 5,
	EINVAL_LINUX = 22,
	EROFS_LINUX = 30,
	EILSEQ_LINUX = 84, /* a failed verification */
	EOPNOTSUPP_LINUX = 95,
	ETIMEDOUT_LINUX = 110,
};

/* An error by Linux' number; not `tolerated`: the job issues nothing more. */
void runner_job_fail(struct runner_job *job, int number, bool tolerated);

/* An I/O failed, whichever way it went. */
void runner_job_note_error(struct runner_job *job, const struct runner_io *io);

/* --- what a job has done so far --- */

/* Completed I/Os and bytes of a direction; a fast job counts latencies only. */
static inline uint64_t runner_job_completed(const struct runner_job *job, int direction)
{
	const struct stats_direction *stats = &job->stats->direction[direction];
	return job->fast ? stats->clat.count : stats->completed;
}

static inline uint64_t runner_job_bytes(const struct runner_job *job, int direction)
{
	const struct stats_direction *stats = &job->stats->direction[direction];
	return job->fast ? stats->clat.count * job->fast_bytes : stats->io_bytes;
}

/* Issued so far, settled or not. */
static inline uint64_t runner_job_issued(const struct runner_job *job)
{
	return job->issued_ios + job->fast_granted - job->fast_left;
}

static inline uint32_t runner_job_in_flight(const struct runner_job *job)
{
	return job->depth - job->free_count - job->prepared_count;
}

/* --- core/io.c: taking and preparing I/Os; the job's CPU, loop context --- */

/*
 * Fits an I/O's segments and sector count to a length, which its buffer must hold.
 * The operation is set: a trim has no segments.
 */
void runner_io_set_length(struct runner_io *io, uint32_t length_bytes);

/* free_count > 0 */
static inline struct runner_io *runner_io_take(struct runner_job *job)
{
	return CONTAINER_OF(job->free[--job->free_count], struct runner_io, request);
}

static inline void runner_io_prepare(struct runner_job *job, struct runner_io *io)
{
	job->prepared[job->prepared_count++] = &io->request;
}

void runner_io_prepare_flush(struct runner_job *job, uint32_t file, enum runner_flush flush);

/* A read that is checked, beside those of the generator. */
void runner_io_prepare_read(struct runner_job *job, uint8_t file, uint64_t offset_bytes,
			    uint32_t length_bytes);

/* --- core/stages.c: what a latency consists of; the job's CPU --- */

/* At set-up. -ERR_NO_MEMORY. */
int runner_stages_init(struct runner_job *job);

/* An I/O was delivered; jobs with stages only. */
void runner_stages_add(struct runner_job *job, const struct blk_request *request, uint64_t now);

/* Starts over, at the end of a ramp. */
void runner_stages_forget(struct runner_job *job);

/* The job is over, and its latencies are still there: fills stage_sums. */
void runner_stages_end(struct runner_job *job);

#endif
