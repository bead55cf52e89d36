; SPDX-License-Identifier: MIT
; The image's ELF entry, 64-bit, taken by the EFI loader, and the stack that
; both ways of starting use.
;
; On entry: RDI = struct bootinfo *, valid under the loader's tables (the state
; that boot/bootinfo.h describes, except for the stack). Interrupts off.

STACK_BYTES equ 32768		; CPU_STACK_BYTES of kernel/cpu/percpu.h

extern bootinfo_enter

section .text
bits 64
global kernel_entry
kernel_entry:
	cld
	mov rsp, boot_stack_top
	xor ebp, ebp
	call bootinfo_enter	; does not return
	ud2

section .bss nobits alloc write align=4096
global boot_stack_guard, boot_stack_top
boot_stack_guard:
	resb 4096
	resb STACK_BYTES
boot_stack_top:
