/* SPDX-License-Identifier: MIT */
/*
 * 16550 UARTs, output only, 115200 8N1 (National Semiconductor PC16550D).
 *
 * Bytes go out in bursts of the transmit FIFO's depth each time the holding
 * register is empty. The wait for that is bounded in TSC ticks, because it
 * must work before the clock is calibrated; a port that ran into the bound
 * once is not waited for again until it takes a byte, or a dead port would
 * cost the bound per byte.
 *
 * No lock: the log has one, the result document has a single writer, and a
 * panic prints alone.
 */
#include "kernel/cpu/uart.h"

#include "kernel/cpu/x86.h"

/* PC16550D table II: register offsets and bits */
#define UART_THR 0
#define UART_DLL 0
#define UART_IER 1
#define UART_DLM 1
#define UART_IIR 2
#define UART_FCR 2
#define UART_LCR 3
#define UART_MCR 4
#define UART_LSR 5
#define UART_SCR 7
#define UART_FCR_ENABLE_CLEAR 0x07
#define UART_IIR_FIFO 0xc0
#define UART_LCR_8N1 0x03
#define UART_LCR_DLAB 0x80
#define UART_MCR_DTR_RTS 0x03
#define UART_LSR_THRE 0x20

#define FIFO_BYTES 16u
/* 10 ms at 10 GHz; a byte takes 87 us, a full FIFO 1.4 ms. */
#define WAIT_TSC 100000000ull

struct port {
	uint16_t base;
	uint8_t burst; /* 0: absent */
	bool stuck;
};

static struct port com1 = { .base = UART_COM1 }, com2 = { .base = UART_COM2 };

static struct port *port_of(enum uart_port which)
{
	return which == UART_COM1 ? &com1 : &com2;
}

bool uart_init(enum uart_port which)
{
	struct port *port = port_of(which);
	uint16_t base = port->base;

	port->burst = 0;
	for (unsigned pattern = 0x55; pattern <= 0xaa; pattern += 0x55) {
		x86_out8(base + UART_SCR, (uint8_t)pattern);
		if (x86_in8(base + UART_SCR) != pattern)
			return false;
	}
	x86_out8(base + UART_IER, 0);
	x86_out8(base + UART_LCR, UART_LCR_DLAB);
	x86_out8(base + UART_DLL, 1);
	x86_out8(base + UART_DLM, 0);
	x86_out8(base + UART_LCR, UART_LCR_8N1);
	x86_out8(base + UART_FCR, UART_FCR_ENABLE_CLEAR);
	x86_out8(base + UART_MCR, UART_MCR_DTR_RTS);
	port->burst = (x86_in8(base + UART_IIR) & UART_IIR_FIFO) == UART_IIR_FIFO ? FIFO_BYTES : 1;
	port->stuck = false;
	return true;
}

static bool wait_ready(struct port *port)
{
	uint64_t start_tsc = x86_rdtsc();

	while (!(x86_in8(port->base + UART_LSR) & UART_LSR_THRE)) {
		if (port->stuck || x86_rdtsc() - start_tsc > WAIT_TSC) {
			port->stuck = true;
			return false;
		}
		x86_pause();
	}
	port->stuck = false;
	return true;
}

/* One byte; `room` is what is left of the burst. A byte not taken is lost. */
static void put_byte(struct port *port, unsigned *room, char byte)
{
	if (!*room) {
		if (!wait_ready(port))
			return;
		*room = port->burst;
	}
	x86_out8(port->base + UART_THR, (uint8_t)byte);
	--*room;
}

void uart_write(enum uart_port which, const char *text, size_t length_bytes)
{
	struct port *port = port_of(which);
	unsigned room = 0;

	if (!port->burst)
		return;
	for (size_t i = 0; i < length_bytes; i++) {
		if (text[i] == '\n' && which == UART_COM1)
			put_byte(port, &room, '\r');
		put_byte(port, &room, text[i]);
	}
}
