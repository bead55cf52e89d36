/* SPDX-License-Identifier: MIT */
/*
 * 16550 serial ports. COM1 is the console, COM2 carries the result document.
 * Polled output with a bounded wait per byte; any context, no lock. COM1 is
 * for people: a newline is sent as CR LF there; COM2 sends what it is given.
 */
#ifndef KERNEL_CPU_UART_H
#define KERNEL_CPU_UART_H

#include "kernel/lib/util.h"

enum uart_port { UART_COM1 = 0x3f8, UART_COM2 = 0x2f8 };

/* True when a UART answers there (scratch register test). */
bool uart_init(enum uart_port port);
void uart_write(enum uart_port port, const char *text, size_t length_bytes);

#endif
