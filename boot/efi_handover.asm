; SPDX-License-Identifier: MIT
; The last step of the EFI loader, copied to a page below 4 GiB before it runs:
; the loader itself may lie where the new tables do not reach.
;
;   RDI = struct bootinfo *      stays, for the kernel
;   RSI = physical address of the page tables
;   RDX = the kernel's entry, which sets its own stack
;
; No stack is touched: the firmware's may be out of reach as well.

bits 64
section .text
global efi_handover, efi_handover_end
efi_handover:
	mov cr3, rsi
	jmp rdx
efi_handover_end:
