/* SPDX-License-Identifier: MIT */
/*
 * Is what a CPU leaves at a shared queue always done? Nobody waits for the one at
 * work, so somebody has to see what was left there meanwhile:
 *
 *   who wants something            who is at work
 *     leaves it                      does what was left
 *     takes the lock, or not         lets the lock go, looks again
 *
 * The C is kernel/blk/blk_shared.c (post(), try_begin(), blk_end_work()). What
 * is left stands for the inbox and for queue->asking; each CPU leaves something
 * several times, and ends at last, whatever the others do then.
 *
 * Memory is x86's, as in wake.pml: the lock is let go by a store that may come
 * late; exchanges wait until one's own stores are there. A lock that is still taken
 * at the end, or something left, is a state that is not an end.
 */
#define CPUS 3
#define TIMES 2

/* Places in memory. */
#define LOCK 0
#define LEFT 1

byte memory[2];
byte done;
byte at_work; /* how many; never two */
chan stores[CPUS] = [2] of { byte, byte };

#define fence(cpu) empty(stores[cpu])

proctype Drain(byte cpu)
{
	byte place, value;
end:
	do
	:: atomic { stores[cpu] ? place, value -> memory[place] = value }
	od
}

inline leave()
{
	atomic { fence(cpu) -> memory[LEFT] = memory[LEFT] + 1 }
}

inline try_begin()
{
	atomic {
		fence(cpu);
		got = memory[LOCK] == 0;
		memory[LOCK] = 1;
		at_work = at_work + got;
		assert(at_work <= 1)
	}
}

/* One exchange takes it all. */
inline do_what_was_left()
{
	atomic { fence(cpu) -> done = done + memory[LEFT]; memory[LEFT] = 0 }
}

inline let_go()
{
	at_work--;
	stores[cpu] ! LOCK, 0;
#ifndef NO_RELEASE_FENCE /* MUTANT: a store that only releases */
	fence(cpu)
#else
	skip
#endif
}

proctype Cpu(byte cpu)
{
	byte times;
	bool got;
	do
	:: times < TIMES ->
		times++;
#ifndef LEAVE_LATE /* MUTANT: who was not let in cannot leave anything any more */
		leave();
		try_begin();
#else
		try_begin();
		leave();
#endif
		do
		:: got ->
			do_what_was_left();
			let_go();
#ifndef NO_SECOND_LOOK /* MUTANT */
			if
			:: memory[LEFT] -> try_begin()
			:: else -> got = false
			fi
#else
			got = false
#endif
		:: else -> break
		od
	:: else -> break
	od
}

init {
	byte i;
	atomic {
		for (i : 0 .. CPUS - 1) {
			run Drain(i);
			run Cpu(i)
		}
	}
	(done == CPUS * TIMES && !memory[LOCK])
}
