; SPDX-License-Identifier: MIT
; PVH start: from the 32-bit protected mode that a VMM leaves us in to 64-bit
; C code (Xen's "x86/HVM direct boot ABI").
;
; On entry: EBX = physical address of struct hvm_start_info, flat segments,
; paging and interrupts off, nothing else known. The image lies at the physical
; addresses that it was linked for, so here (and only here)
; physical = virtual - KERNEL_VIRT_BASE.
;
; Temporary tables, all in .bss, 2 MiB pages:
;
;   PML4[0]   -> low PDPT [0..3] -> 4 directories: physical 0 .. 4 GiB, 1:1
;   PML4[256] -> low PDPT          the same at DIRECT_MAP_BASE
;   PML4[511] -> high PDPT [510] -> the first directory: KERNEL_VIRT_BASE

KERNEL_VIRT_BASE equ 0xffffffff80000000
%define PHYS(address) ((address) - KERNEL_VIRT_BASE)

XEN_ELFNOTE_PHYS32_ENTRY equ 18

PAGE_PRESENT_WRITE equ 0x003
PAGE_LARGE equ 0x080
CR0_PG equ 1 << 31
CR4_PAE equ 1 << 5
MSR_EFER equ 0xc0000080
EFER_LME equ 1 << 8

CODE64 equ 0x08
DATA equ 0x10

extern kernel_bss_start, kernel_bss_end, boot_stack_top
extern pvh_main

section .note.Xen note alloc noexec nowrite align=4
	dd .name_end - .name
	dd .descriptor_end - .descriptor
	dd XEN_ELFNOTE_PHYS32_ENTRY
.name:
	db "Xen", 0
.name_end:
	align 4
.descriptor:
	dq PHYS(pvh_entry)	; 8 bytes: the ELF file is a 64-bit one
.descriptor_end:

section .text
bits 32
global pvh_entry
pvh_entry:
	rdtsc
	mov [PHYS(pvh_entry_tsc)], eax
	mov [PHYS(pvh_entry_tsc) + 4], edx
	cli
	cld

	xor eax, eax
	mov edi, PHYS(kernel_bss_start)
	mov ecx, PHYS(kernel_bss_end)
	sub ecx, edi
	shr ecx, 2
	rep stosd

	mov dword [PHYS(pml4)], PHYS(low_pdpt) + PAGE_PRESENT_WRITE
	mov dword [PHYS(pml4) + 256 * 8], PHYS(low_pdpt) + PAGE_PRESENT_WRITE
	mov dword [PHYS(pml4) + 511 * 8], PHYS(high_pdpt) + PAGE_PRESENT_WRITE
	mov dword [PHYS(low_pdpt)], PHYS(directories) + PAGE_PRESENT_WRITE
	mov dword [PHYS(low_pdpt) + 8], PHYS(directories) + 0x1000 + PAGE_PRESENT_WRITE
	mov dword [PHYS(low_pdpt) + 16], PHYS(directories) + 0x2000 + PAGE_PRESENT_WRITE
	mov dword [PHYS(low_pdpt) + 24], PHYS(directories) + 0x3000 + PAGE_PRESENT_WRITE
	mov dword [PHYS(high_pdpt) + 510 * 8], PHYS(directories) + PAGE_PRESENT_WRITE

	mov edi, PHYS(directories)
	mov eax, PAGE_LARGE + PAGE_PRESENT_WRITE
	mov ecx, 4 * 512
.fill:
	mov [edi], eax
	add eax, 0x200000
	add edi, 8
	loop .fill

	mov eax, cr4
	or eax, CR4_PAE
	mov cr4, eax
	mov eax, PHYS(pml4)
	mov cr3, eax
	mov ecx, MSR_EFER
	rdmsr
	or eax, EFER_LME
	wrmsr
	mov eax, cr0
	or eax, CR0_PG
	mov cr0, eax

	lgdt [PHYS(gdt_pointer)]
	jmp CODE64:PHYS(long_mode)

bits 64
long_mode:
	mov eax, DATA
	mov ds, eax
	mov es, eax
	mov ss, eax
	mov rax, upper_half
	jmp rax
upper_half:
	mov rsp, boot_stack_top
	mov edi, ebx
	call pvh_main		; does not return
	ud2

section .rodata
align 8
gdt:
	dq 0
	dq 0x00af9b000000ffff	; 64-bit code
	dq 0x00cf93000000ffff	; data
gdt_pointer:
	dw gdt_pointer - gdt - 1
	dd PHYS(gdt)

; Not in .bss: it is written before that is cleared.
section .data
align 8
global pvh_entry_tsc
pvh_entry_tsc:
	dq 0

section .bss nobits alloc write align=4096
pml4:
	resb 4096
low_pdpt:
	resb 4096
high_pdpt:
	resb 4096
directories:
	resb 4 * 4096
