/* SPDX-License-Identifier: MIT */
/*
 * The 8259 pair: lines 0 to 7 at the first, 8 to 15 at the second, which hangs
 * on line 2 of the first. PCI functions share lines, so lines are set to level
 * triggered (ELCR) and each has a list of handlers, all of which are called.
 *
 * A line whose request went away before it was acknowledged reads as 7 or 15
 * without being in service: spurious, and must not be ended at its own 8259.
 *
 * Context: pic_interrupt() in interrupt context on the boot CPU, the rest on
 * the boot CPU at start. Handlers are never removed.
 */
#include "kernel/irq/pic.h"

#include "kernel/cpu/barrier.h"
#include "kernel/cpu/x86.h"
#include "kernel/lib/err.h"

#define PIC1_COMMAND 0x20u
#define PIC1_DATA 0x21u
#define PIC2_COMMAND 0xa0u
#define PIC2_DATA 0xa1u
#define ICW1_INIT_ICW4 0x11u
#define ICW4_8086 0x01u
#define OCW2_END 0x20u /* non-specific end of interrupt */
#define OCW3_READ_ISR 0x0bu
#define CASCADE_LINE 2u
#define ELCR_PORT 0x4d0u /* two ports, a bit per line: level triggered */
#define ELCR_NEVER_LEVEL 0x2107u /* lines 0, 1, 2, 8, 13 are edge triggered */

#define HANDLERS_MAX 64u

struct line_handler {
	irq_handler handler;
	void *context;
	struct line_handler *next;
};

static struct line_handler handlers[HANDLERS_MAX];
static uint32_t handler_count;
static struct line_handler *lines[PIC_LINES];
static uint16_t mask;

static void write_mask(void)
{
	x86_out8(PIC1_DATA, (uint8_t)mask);
	x86_out8(PIC2_DATA, (uint8_t)(mask >> 8));
}

void pic_init(uint8_t first_vector)
{
	x86_out8(PIC1_COMMAND, ICW1_INIT_ICW4);
	x86_out8(PIC2_COMMAND, ICW1_INIT_ICW4);
	x86_out8(PIC1_DATA, first_vector);
	x86_out8(PIC2_DATA, (uint8_t)(first_vector + 8));
	x86_out8(PIC1_DATA, 1u << CASCADE_LINE);
	x86_out8(PIC2_DATA, CASCADE_LINE);
	x86_out8(PIC1_DATA, ICW4_8086);
	x86_out8(PIC2_DATA, ICW4_8086);
	mask = 0xffffu;
	write_mask();
}

int pic_connect(uint8_t line, irq_handler handler, void *context)
{
	struct line_handler *added;
	uint16_t elcr_port;

	if (line >= PIC_LINES || ELCR_NEVER_LEVEL >> line & 1)
		return -ERR_UNSUPPORTED;
	if (handler_count == HANDLERS_MAX)
		return -ERR_FULL;
	added = &handlers[handler_count++];
	*added = (struct line_handler){ handler, context, lines[line] };
	store_release(&lines[line], added); /* partner: pic_interrupt() */

	elcr_port = (uint16_t)(ELCR_PORT + line / 8);
	x86_out8(elcr_port, (uint8_t)(x86_in8(elcr_port) | 1u << line % 8));
	mask = (uint16_t)(mask & ~(1u << line | 1u << CASCADE_LINE));
	write_mask();
	return 0;
}

static bool is_in_service(uint16_t command_port, unsigned bit)
{
	x86_out8(command_port, OCW3_READ_ISR);
	return x86_in8(command_port) >> bit & 1;
}

bool pic_interrupt(uint8_t line)
{
	bool is_second = line >= 8;
	uint16_t command_port = is_second ? PIC2_COMMAND : PIC1_COMMAND;

	if (line % 8 == 7 && !is_in_service(command_port, 7)) {
		if (is_second)
			x86_out8(PIC1_COMMAND, OCW2_END);
		return false;
	}
	for (struct line_handler *h = load_acquire(&lines[line]); h; h = h->next)
		h->handler(h->context);
	if (is_second)
		x86_out8(PIC2_COMMAND, OCW2_END);
	x86_out8(PIC1_COMMAND, OCW2_END);
	return true;
}
