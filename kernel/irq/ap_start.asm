; SPDX-License-Identifier: MIT
; The first instructions of an application processor: real mode, protected
; mode, long mode, then smp.c. Copied to a page below 1 MiB (`page`), where the
; start-up IPI sends every such CPU, all at once.
;
;   page + 0      code, entered with CS = page / 16, IP = 0
;   ap_start_data what smp.c fills in: struct ap_start_data there
;
; Each CPU draws a ticket, which picks its stack. Tickets past the limit, and
; so every CPU that comes after smp.c closed the door, end in a halt without
; leaving the page.
;
; Everything is addressed relative to the page: EBX holds its address.

GDT_CODE32 equ 0x08
GDT_CODE64 equ 0x10
GDT_DATA equ 0x18

CR0_PE equ 1 << 0
CR0_PROTECTED equ CR0_PE | 1 << 4 | 1 << 5	; PE, ET, NE; caches on
CR0_PAGED equ CR0_PROTECTED | 1 << 16 | 1 << 31	; and WP, PG
CR4_PAE equ 1 << 5
MSR_EFER equ 0xc0000080

; An offset in the page as a constant, not as a relocation.
%define IN_PAGE(label) (label - ap_start_begin)

section .rodata

align 16
global ap_start_begin, ap_start_end, ap_start_data
global ap_start_protected, ap_start_long
ap_start_begin:
bits 16
	cli
	cld
	mov ax, cs
	mov ds, ax
	movzx ebx, ax
	shl ebx, 4

	mov esi, 1
	lock xadd [IN_PAGE(ap_start_data.ticket)], esi
	cmp esi, [IN_PAGE(ap_start_data.ticket_limit)]
	jae .closed

	o32 lgdt [IN_PAGE(ap_start_data.gdt_pointer)]
	mov eax, CR0_PROTECTED
	mov cr0, eax
	jmp far dword [IN_PAGE(ap_start_data.protected_pointer)]
.closed:
	hlt
	jmp .closed

bits 32
ap_start_protected:
	mov ax, GDT_DATA
	mov ds, ax
	mov ss, ax
	mov eax, CR4_PAE
	mov cr4, eax
	mov eax, [ebx + IN_PAGE(ap_start_data.cr3)]
	mov cr3, eax
	mov ecx, MSR_EFER
	xor edx, edx
	mov eax, [ebx + IN_PAGE(ap_start_data.efer)]
	wrmsr
	mov eax, CR0_PAGED
	mov cr0, eax
	jmp far dword [ebx + IN_PAGE(ap_start_data.long_pointer)]

bits 64
ap_start_long:
	mov ebx, ebx			; the upper halves are undefined here
	mov esi, esi
	mov rsp, [rbx + IN_PAGE(ap_start_data.stacks) + rsi * 8]
	mov edi, esi
	xor ebp, ebp
	push rbp			; where a return address would be
	jmp [rbx + IN_PAGE(ap_start_data.entry)]

align 8
ap_start_data:
.gdt:
	dq 0
	dq 0x00cf9b000000ffff		; GDT_CODE32: flat, accessed
	dq 0x00af9b000000ffff		; GDT_CODE64
	dq 0x00cf93000000ffff		; GDT_DATA: flat, accessed
.entry:
	dq 0
.stacks:
	times 64 dq 0
.ticket:
	dd 0
.ticket_limit:
	dd 0
.cr3:
	dd 0
.efer:
	dd 0
.protected_pointer:
	dd 0
	dw GDT_CODE32
.long_pointer:
	dd 0
	dw GDT_CODE64
.gdt_pointer:
	dw 4 * 8 - 1
	dd 0
ap_start_end:
