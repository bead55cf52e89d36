; SPDX-License-Identifier: MIT
; Interrupt stubs, at fixed strides so that idt.c computes their addresses.
;
; The CPU aligns RSP to 16 and pushes (SDM vol. 3A 6.14.2), downwards:
;
;   SS
;   RSP
;   RFLAGS
;   CS
;   RIP
;   error code      exceptions that have one
;
; All code runs in ring 0 with one GS base, so there is no SWAPGS, and nothing
; sets the direction flag, so the device stubs need no CLD.

bits 64
section .text

extern exception_dispatch, irq_dispatch, irq_dispatch_other

%macro push_all 1-*
%rep %0
	push %1
%rotate 1
%endrep
%endmacro

; What push_all pushed, by the same list.
%macro pop_all 1-*
%rep %0
%rotate -1
	pop %1
%endrep
%endmacro

; --- exceptions 0..31: never return ---------------------------------------
;
; The rest of struct exception_frame (idt.h), downwards from the error code
; (0 where the CPU pushes none): vector, RAX RCX RDX RBX RBP RSI RDI R8 .. R15.
; 22 words in all keep RSP a multiple of 16 for the call.

EXCEPTION_STUB_BYTES equ 16
; #DF, #TS, #NP, #SS, #GP, #PF, #AC, #CP, #VC, #SX
WITH_ERROR_CODE equ 1 << 8 | 0x1f << 10 | 1 << 17 | 1 << 21 | 3 << 29

align 64
global exception_stubs
exception_stubs:
%assign vector 0
%rep 32
	align EXCEPTION_STUB_BYTES
%if (WITH_ERROR_CODE >> vector & 1) == 0
	push 0
%endif
	push vector
	jmp exception_common
%assign vector vector + 1
%endrep

exception_common:
	push_all rax, rcx, rdx, rbx, rbp, rsi, rdi, r8, r9, r10, r11, r12, r13, r14, r15
	cld
	mov rdi, rsp
	call exception_dispatch
	ud2

; --- device vectors 32..255: the hot path ----------------------------------
;
;   SS RSP RFLAGS CS RIP              5 words, by the CPU
;   RAX RCX RDX RSI RDI R8 R9 R10 R11 9 words: what a C function may clobber
;                                     14 words: RSP is a multiple of 16
;
; SSE registers stay as they are: no handler uses them (-mgeneral-regs-only).
; Each stub is whole, without a common tail: 14 KiB buy one jump less. What is
; known of a vector is decided here and not at each interrupt: the 8259's and
; the APIC's spurious one, which are not ended as the others are, go their own
; way; the others bring their place in the CPU's table (vector.h).

DEVICE_STUB_BYTES equ 64
VECTOR_ENTRY_BYTES equ 16

align 64
global device_stubs
device_stubs:
%assign vector 32
%rep 224
	align DEVICE_STUB_BYTES
	push_all rax, rcx, rdx, rsi, rdi, r8, r9, r10, r11
%if vector < 0x30 || vector == 0xff
	mov edi, vector
	call irq_dispatch_other
%else
	mov edi, vector * VECTOR_ENTRY_BYTES
	call irq_dispatch
%endif
	pop_all rax, rcx, rdx, rsi, rdi, r8, r9, r10, r11
	iretq
%assign vector vector + 1
%endrep
