/* SPDX-License-Identifier: MIT */
/*
 * The end of a kernel that found a bug of its own or took an exception: a
 * dump on the console, then exit status 3.
 *
 * It prints past the log, straight to COM1 (the CPU that died may hold
 * the log's lock), after taking the log's sink away so that other CPUs fall
 * silent. The first CPU to arrive dumps; others halt. When the same CPU comes
 * again, the dump itself failed: nothing more is tried.
 *
 * The text is formatted into a static buffer, because the emergency stack is
 * small; only the one CPU that dumps uses it.
 */
#include "kernel/cpu/gdt.h"
#include "kernel/cpu/idt.h"
#include "kernel/cpu/exit.h"
#include "kernel/cpu/percpu.h"
#include "kernel/cpu/symbols.h"
#include "kernel/cpu/trace.h"
#include "kernel/cpu/uart.h"
#include "kernel/cpu/x86.h"
#include "kernel/lib/assert.h"
#include "kernel/lib/fmt.h"
#include "kernel/lib/image.h"
#include "kernel/lib/log.h"

#define TRACE_MAX 24u
#define VECTOR_PAGE_FAULT 14u

static uint32_t owner; /* [a] index + 1 of the CPU that dumps */
static char text[512];

static void dump(const char *format, ...) PRINTF_LIKE(1, 2);

static void dump_list(const char *format, va_list list)
{
	int length = fmt_vprint(text, sizeof(text), format, list);

	uart_write(UART_COM1, text, MIN((size_t)length, sizeof(text) - 1));
}

static void dump(const char *format, ...)
{
	va_list list;

	va_start(list, format);
	dump_list(format, list);
	va_end(list);
}

/* GS may not be set up yet, or not any more: only a pointer into the table
 * is believed. */
static const struct cpu *current_cpu(void)
{
	uint64_t address = x86_rdmsr(MSR_GS_BASE);
	uint64_t table = (uint64_t)(uintptr_t)cpu_table;

	if (address < table || address >= table + sizeof(cpu_table))
		return &cpu_table[0];
	return &cpu_table[(address - table) / sizeof(struct cpu)];
}

/* Returns only on the CPU that is to dump. */
static void enter(const struct cpu *cpu)
{
	uint32_t expected = 0;

	x86_cli();
	if (atomic_replace(&owner, &expected, cpu->index + 1)) {
		log_set_sink(NULL, NULL);
		return;
	}
	if (expected == cpu->index + 1) {
		uart_write(UART_COM1, "\npanic within a panic\n", 22);
		exit_machine(EXIT_CRASH);
	}
	for (;;)
		x86_hlt();
}

static void print_place(const char *label, uint64_t address)
{
	uint64_t offset;
	const char *name = symbol_find(address, &offset);

	if (name && address <= (uint64_t)(uintptr_t)kernel_text_end)
		dump("%s%016lx %s+%#lx\n", label, address, name, offset);
	else
		dump("%s%016lx\n", label, address);
}

/* The part of the stack in use; empty when rsp lies on no known stack. */
static void stack_bounds(const struct cpu *cpu, uint64_t rsp, const uint64_t **from,
			 const uint64_t **to)
{
	uint64_t emergency_top = gdt_emergency_stack_top(cpu->index);
	uint64_t top = (uint64_t)(uintptr_t)cpu->stack_top;

	*from = *to = NULL;
	if (rsp & 7)
		return;
	if (rsp < emergency_top && rsp >= emergency_top - GDT_EMERGENCY_STACK_BYTES)
		top = emergency_top;
	else if (rsp >= top || rsp < top - CPU_STACK_BYTES - PAGE_BYTES)
		return;
	else if (rsp < top - CPU_STACK_BYTES)
		rsp = top - CPU_STACK_BYTES; /* overflown into the guard page */
	*from = (const uint64_t *)(uintptr_t)rsp;
	*to = (const uint64_t *)(uintptr_t)top;
}

static void print_trace(const struct cpu *cpu, uint64_t rsp)
{
	uint64_t places[TRACE_MAX];
	const uint64_t *from, *to;
	unsigned count;

	stack_bounds(cpu, rsp, &from, &to);
	if (from == to) {
		dump("no stack trace: rsp is outside the stacks of this CPU\n");
		return;
	}
	count = trace_scan(from, to, (const uint8_t *)kernel_text_start,
			   (const uint8_t *)kernel_text_end, places, TRACE_MAX);
	dump("possible callers, innermost first:\n");
	for (unsigned i = 0; i < count; i++)
		print_place("  ", places[i]);
}

static void print_control_registers(void)
{
	dump("cr0 %016lx cr2 %016lx cr3 %016lx cr4 %016lx\n", x86_read_cr0(), x86_read_cr2(),
	     x86_read_cr3(), x86_read_cr4());
}

NORETURN void panic(const char *format, ...)
{
	const struct cpu *cpu = current_cpu();
	uint64_t rsp = x86_read_rsp();
	va_list list;

	enter(cpu);
	dump("\npanic on CPU %u: ", cpu->index);
	va_start(list, format);
	dump_list(format, list);
	va_end(list);
	dump("\n");
	print_place("rip ", (uint64_t)(uintptr_t)__builtin_return_address(0));
	dump("rsp %016lx\n", rsp);
	print_control_registers();
	print_trace(cpu, rsp);
	exit_machine(EXIT_CRASH);
}

static const char *exception_name(uint64_t vector)
{
	/* SDM vol. 3A table 6-1 */
	static const char *const names[] = {
		"divide error", "debug", "NMI", "breakpoint", "overflow", "bound range",
		"invalid opcode", "device not available", "double fault", "coprocessor overrun",
		"invalid TSS", "segment not present", "stack fault", "general protection",
		"page fault", "reserved", "x87 error", "alignment check", "machine check",
		"SIMD error", "virtualization", "control protection",
	};

	return vector < ARRAY_COUNT(names) ? names[vector] : "reserved";
}

static void print_page_fault(uint64_t error_code)
{
	dump("%s of %016lx: %s\n",
	     error_code & 16  ? "execution"
	     : error_code & 2 ? "write"
			      : "read",
	     x86_read_cr2(),
	     error_code & 8   ? "reserved bit set"
	     : error_code & 1 ? "not permitted"
			      : "not mapped");
}

NORETURN void exception_dispatch(const struct exception_frame *frame)
{
	const struct cpu *cpu = current_cpu();

	enter(cpu);
	dump("\npanic on CPU %u: exception %lu (%s), error code %#lx\n", cpu->index, frame->vector,
	     exception_name(frame->vector), frame->error_code);
	if (frame->vector == VECTOR_PAGE_FAULT)
		print_page_fault(frame->error_code);
	print_place("rip ", frame->rip);
	dump("rax %016lx rbx %016lx rcx %016lx rdx %016lx\n", frame->rax, frame->rbx, frame->rcx,
	     frame->rdx);
	dump("rsi %016lx rdi %016lx rbp %016lx rsp %016lx\n", frame->rsi, frame->rdi, frame->rbp,
	     frame->rsp);
	dump("r8  %016lx r9  %016lx r10 %016lx r11 %016lx\n", frame->r8, frame->r9, frame->r10,
	     frame->r11);
	dump("r12 %016lx r13 %016lx r14 %016lx r15 %016lx\n", frame->r12, frame->r13, frame->r14,
	     frame->r15);
	dump("rflags %08lx cs %02lx ss %02lx\n", frame->rflags, frame->cs, frame->ss);
	print_control_registers();
	print_trace(cpu, frame->rsp);
	exit_machine(EXIT_CRASH);
}
