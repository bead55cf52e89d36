/* SPDX-License-Identifier: MIT */
/*
 * Does a CPU that sleeps always wake up? The whole protocol in one picture:
 *
 *   Cpu     loop: look at the ring and the mail -> arm, fence, look again
 *           -> cpu_wait(): waiting = 1, fence, while (!wake) sti; hlt -> take wake
 *   Device  used.idx, fence, used_event reached? -> interrupt -> wake = 1
 *   Other   mail, wake = 1, fence, waiting? -> interrupt (which does no more
 *           than to end the HLT)
 *
 * The C is in kernel/virtio/virtqueue_split_impl.h (virtqueue_split_arm),
 * kernel/cpu/percpu.c (cpu_wait), kernel/irq/smp.c (smp_wake), and
 * kernel/blk/blk_driver.h (blk_note_interrupt).
 *
 * Memory is x86's: each side's stores wait in a buffer of its own, in order,
 * and its loads overtake them; a fence, an exchange and an interrupt's IRET
 * wait until the buffer is empty. Nobody loads what he has in his own buffer.
 *
 * Spin tries every interleaving. A CPU that sleeps for ever is an end state
 * that is not one. tests/model/run also takes each line marked MUTANT out, or
 * puts its opposite in; every one of them must lose a wake-up.
 */
#define REQUESTS 2
#define PARKED 255 /* an event that no index passes */

/* Places in memory. */
#define USED_IDX 0
#define USED_EVENT 1
#define WAKE 2
#define WAITING 3
#define MAIL 4

byte memory[5];
chan cpu_stores = [4] of { byte, byte };
chan device_stores = [2] of { byte, byte };
chan other_stores = [2] of { byte, byte };

bool interrupts_on = true, halted;
bool queue_interrupt, wake_interrupt; /* pending at the CPU's APIC */

#define fence(stores) empty(stores)

proctype Drain(chan stores)
{
	byte place, value;
end:
	do
	:: atomic { stores ? place, value -> memory[place] = value }
	od
}

/* Handlers run whole: interrupts are off in them, and IRET drains the buffer. */
active proctype Apic()
{
end:
	do
	:: atomic {
		queue_interrupt && interrupts_on && empty(cpu_stores) ->
		queue_interrupt = false;
		memory[WAKE] = 1;
		halted = false
	   }
	:: atomic {
		wake_interrupt && interrupts_on ->
		wake_interrupt = false;
		halted = false
	   }
	od
}

active proctype Device()
{
	byte used;
	do
	:: used < REQUESTS ->
		used++;
		device_stores ! USED_IDX, used;
#ifndef NO_DEVICE_FENCE /* MUTANT */
		fence(device_stores);
#endif
		if
		:: memory[USED_EVENT] == used - 1 -> queue_interrupt = true
		:: else
		fi
	:: else -> break
	od
}

active proctype Other()
{
	other_stores ! MAIL, 1;
	other_stores ! WAKE, 1;
#ifndef NO_WAKE_FENCE /* MUTANT */
	fence(other_stores);
#endif
	if
	:: memory[WAITING] -> wake_interrupt = true
	:: else
	fi
}

inline cpu_wait()
{
	interrupts_on = false;
	cpu_stores ! WAITING, 1;
#ifndef NO_WAIT_FENCE /* MUTANT */
	fence(cpu_stores);
#endif
	do
	:: memory[WAKE] -> break
	:: else ->
#ifndef STI_BEFORE_HLT /* MUTANT: STI holds interrupts back for one instruction */
		atomic { interrupts_on = true; halted = true };
#else
		interrupts_on = true;
		halted = true;
#endif
		!halted;
		interrupts_on = false
	od;
	cpu_stores ! WAITING, 0;
#ifndef TAKE_BY_STORE /* MUTANT: a store that comes late wipes a later wake out */
	atomic { fence(cpu_stores) -> memory[WAKE] = 0 };
#else
	cpu_stores ! WAKE, 0;
#endif
	interrupts_on = true
}

active proctype Cpu()
{
	byte popped;
	bool got_mail;
	do
	:: popped = memory[USED_IDX];
		got_mail = got_mail || memory[MAIL];
		if
		:: popped == REQUESTS && got_mail -> break
		:: else
		fi;
		if
		:: popped < REQUESTS ->
			cpu_stores ! USED_EVENT, popped;
#ifndef NO_ARM_FENCE /* MUTANT */
			fence(cpu_stores);
#endif
			if
#ifndef NO_SECOND_LOOK /* MUTANT */
			:: memory[USED_IDX] != popped -> skip
#endif
			:: else -> cpu_wait()
			fi;
			cpu_stores ! USED_EVENT, PARKED
		:: else -> cpu_wait()
		fi
	od
}

init {
	atomic {
		memory[USED_EVENT] = PARKED;
		run Drain(cpu_stores);
		run Drain(device_stores);
		run Drain(other_stores)
	}
}
