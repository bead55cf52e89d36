# SPDX-License-Identifier: MIT
# Ringbolt. One flat file: every source is listed, one per line; append yours.
# `make help` says what the targets do.

MAKEFLAGS += --no-builtin-rules
.SUFFIXES:
.DELETE_ON_ERROR:
.SECONDEXPANSION:
# Objects that are made on the way to something else stay.
.SECONDARY:

CC := gcc
LD := ld
AS := nasm
# DEBUG=1: the build that asserts who owns what, in a folder of its own, also for the tool.
B := build$(if $(DEBUG),/debug)
ifneq ($(DEBUG),)
export RINGBOLT_BUILD := $(CURDIR)/$(B)
endif
JOBS := -j$(shell nproc)

# One short line per file; V=1 shows the commands.
Q := $(if $(V),,@)
say = @$(if $(V),:,printf '  %-7s %s\n' $(1) $(2))

# --- what there is ------------------------------------------------------------

KERNEL_ASM := \
	boot/pvh.asm \
	boot/entry.asm \
	kernel/cpu/vectors.asm \
	kernel/irq/ap_start.asm

KERNEL_C := \
	boot/bootinfo.c \
	boot/enter.c \
	boot/memory_map.c \
	boot/pvh.c \
	kernel/main.c \
	kernel/lib/err.c \
	kernel/lib/fmt.c \
	kernel/lib/log.c \
	kernel/lib/mem.c \
	kernel/lib/settings.c \
	kernel/lib/version.c \
	kernel/cpu/calibrate.c \
	kernel/cpu/clock.c \
	kernel/cpu/clock_sources.c \
	kernel/cpu/cmos.c \
	kernel/cpu/cpu_init.c \
	kernel/cpu/exit.c \
	kernel/cpu/fw_cfg.c \
	kernel/cpu/gdt.c \
	kernel/cpu/hypervisor.c \
	kernel/cpu/idt.c \
	kernel/cpu/panic.c \
	kernel/cpu/percpu.c \
	kernel/cpu/rtc.c \
	kernel/cpu/symbols.c \
	kernel/cpu/trace.c \
	kernel/cpu/uart.c \
	kernel/mm/dma.c \
	kernel/mm/heap.c \
	kernel/mm/page.c \
	kernel/mm/pagetable.c \
	kernel/mm/paging.c \
	kernel/mm/ranges.c \
	kernel/acpi/acpi.c \
	kernel/acpi/acpi_s5.c \
	kernel/irq/irq.c \
	kernel/irq/lapic.c \
	kernel/irq/pic.c \
	kernel/irq/smp.c \
	kernel/irq/timer.c \
	kernel/irq/timer_list.c \
	kernel/irq/vector.c \
	kernel/pci/bar.c \
	kernel/pci/capability.c \
	kernel/pci/config_ecam.c \
	kernel/pci/config_port.c \
	kernel/pci/msix.c \
	kernel/pci/pci.c \
	kernel/virtio/virtio_pci.c \
	kernel/virtio/virtqueue.c \
	kernel/virtio/virtqueue_end.c \
	kernel/virtio/virtqueue_packed.c \
	kernel/virtio/virtqueue_split.c \
	kernel/blk/blk.c \
	kernel/blk/blk_dump.c \
	kernel/blk/blk_issue.c \
	kernel/blk/blk_limits.c \
	kernel/blk/blk_shared.c \
	kernel/blk/blk_general.c \
	kernel/blk/parts.c \
	kernel/blk/parts_cut.c \
	kernel/blk/recorder.c \
	kernel/blk/sched.c \
	kernel/blk/wait.c \
	kernel/blk/drivers/immediate_queue.c \
	kernel/blk/drivers/null_blk.c \
	kernel/blk/drivers/ram_blk.c \
	kernel/blk/drivers/virtio_blk.c \
	kernel/blk/drivers/virtio_blk_config.c \
	kernel/blk/drivers/virtio_blk_floor.c \
	kernel/blk/drivers/virtio_blk_io.c \
	kernel/blk/drivers/virtio_blk_irq.c \
	kernel/blk/drivers/virtio_blk_queue.c \
	kernel/blk/drivers/virtio_blk_request.c \
	kernel/blk/drivers/virtio_blk_ring.c

# BOOTX64.EFI
EFI_C := \
	boot/efi_loader.c \
	boot/efi_firmware.c \
	boot/efi_rsdp.c \
	boot/elf.c \
	boot/memory_map.c

EFI_ASM := \
	boot/efi_handover.asm

# Linked into the kernel, but with SSE: no interrupt runs this code, but for one handler
# that does without (run/timer.c).
BENCH_C := \
	bench/lib/checksum.c \
	bench/lib/decimal.c \
	bench/lib/hash.c \
	bench/lib/json.c \
	bench/lib/lfsr.c \
	bench/lib/math.c \
	bench/lib/random.c \
	bench/job/check.c \
	bench/job/expand.c \
	bench/job/file.c \
	bench/job/fio_version.c \
	bench/job/handlers.c \
	bench/job/handlers_lists.c \
	bench/job/handlers_pattern.c \
	bench/job/handlers_report.c \
	bench/job/messages.c \
	bench/job/option_table.c \
	bench/job/options.c \
	bench/job/values.c \
	bench/sequence/distribution.c \
	bench/sequence/generator.c \
	bench/sequence/generator_align.c \
	bench/sequence/generator_next.c \
	bench/sequence/generator_way.c \
	bench/sequence/random_map.c \
	bench/measure/iolog.c \
	bench/measure/stats.c \
	bench/measure/steady.c \
	bench/report/group.c \
	bench/report/json.c \
	bench/report/line.c \
	bench/report/text.c \
	bench/report/text_latency.c \
	bench/core/io.c \
	bench/core/stages.c \
	bench/core/state.c \
	bench/pace/latency_search.c \
	bench/pace/pace.c \
	bench/pace/schedule.c \
	bench/pace/target.c \
	bench/verify/classify.c \
	bench/verify/header.c \
	bench/verify/pattern.c \
	bench/verify/readback.c \
	bench/verify/text.c \
	bench/verify/verify.c \
	bench/verify/written.c \
	bench/verify/written_shape.c \
	bench/run/bare.c \
	bench/run/data.c \
	bench/run/done.c \
	bench/run/fast.c \
	bench/run/life.c \
	bench/run/limits.c \
	bench/run/loop.c \
	bench/run/memory.c \
	bench/run/overhead.c \
	bench/run/progress.c \
	bench/run/recording.c \
	bench/run/refill.c \
	bench/run/setup.c \
	bench/run/steady_watch.c \
	bench/run/step.c \
	bench/run/timer.c \
	bench/result/jobs.c \
	bench/result/result.c

# Unit tests: tests/unit/NAME_test.c, and per test the sources it links (it may
# include others itself). Every test also gets tests/unit/host_support.c.
UNIT_TESTS := \
	boot/efi_rsdp \
	boot/elf \
	boot/memory_map \
	kernel/lib/err \
	kernel/lib/fmt \
	kernel/lib/log \
	kernel/lib/mem \
	kernel/cpu/calibrate \
	kernel/cpu/rtc \
	kernel/cpu/symbols \
	kernel/cpu/trace

unit_boot/efi_rsdp := boot/efi_rsdp.c
unit_boot/elf := boot/elf.c
unit_boot/memory_map := boot/memory_map.c
unit_kernel/lib/err := kernel/lib/err.c
unit_kernel/lib/fmt := kernel/lib/fmt.c
unit_kernel/lib/log := kernel/lib/fmt.c
unit_kernel/cpu/calibrate := kernel/cpu/calibrate.c
unit_kernel/cpu/rtc := kernel/cpu/rtc.c
unit_kernel/cpu/symbols := kernel/cpu/symbols.c
unit_kernel/cpu/trace := kernel/cpu/trace.c

PAGE_HOST := kernel/mm/page.c kernel/mm/ranges.c tests/unit/kernel/mm/fake_memory.c
UNIT_TESTS += kernel/mm/ranges kernel/mm/page kernel/mm/pagetable kernel/mm/paging \
	kernel/acpi/acpi kernel/acpi/acpi_s5 kernel/irq/lapic kernel/irq/pic kernel/irq/timer \
	kernel/irq/timer_list kernel/irq/vector
unit_kernel/mm/ranges := kernel/mm/ranges.c tests/unit/kernel/mm/fake_memory.c
unit_kernel/mm/page := $(PAGE_HOST) kernel/mm/dma.c kernel/mm/heap.c
unit_kernel/mm/pagetable := $(PAGE_HOST) kernel/mm/pagetable.c
# Includes paging.c itself.
unit_kernel/mm/paging := $(PAGE_HOST) kernel/mm/pagetable.c
unit_kernel/acpi/acpi := kernel/acpi/acpi.c kernel/acpi/acpi_s5.c
unit_kernel/acpi/acpi_s5 := kernel/acpi/acpi_s5.c
unit_kernel/irq/timer := kernel/irq/timer_list.c
unit_kernel/irq/timer_list := kernel/irq/timer_list.c

PCI_HOST := kernel/pci/bar.c kernel/pci/capability.c kernel/pci/config_ecam.c kernel/pci/msix.c \
	kernel/pci/pci.c kernel/lib/fmt.c tests/unit/kernel/pci/fake_pci.c
UNIT_TESTS += kernel/pci/pci kernel/pci/config_ecam kernel/pci/config_port kernel/pci/bar \
	kernel/pci/capability kernel/pci/msix kernel/virtio/virtio_pci
unit_kernel/pci/pci := $(PCI_HOST)
unit_kernel/pci/config_ecam := $(PCI_HOST)
unit_kernel/pci/bar := $(PCI_HOST)
unit_kernel/pci/capability := $(PCI_HOST)
unit_kernel/pci/msix := $(PCI_HOST)
unit_kernel/virtio/virtio_pci := $(PCI_HOST) kernel/virtio/virtio_pci.c

RING_HOST := kernel/virtio/virtqueue.c kernel/virtio/virtqueue_end.c \
	kernel/virtio/virtqueue_packed.c kernel/virtio/virtqueue_split.c \
	tests/unit/fake_device.c tests/unit/kernel/virtio/virtqueue_rig.c
UNIT_TESTS += kernel/virtio/virtqueue kernel/virtio/virtqueue_hostile \
	kernel/virtio/virtqueue_order kernel/virtio/virtqueue_threads
unit_kernel/virtio/virtqueue := $(RING_HOST)
unit_kernel/virtio/virtqueue_hostile := $(RING_HOST) tests/fuzz/virtqueue_fuzz.c
# Includes the ring's sources itself.
unit_kernel/virtio/virtqueue_order := $(filter tests/%,$(RING_HOST))
unit_kernel/virtio/virtqueue_threads := $(RING_HOST)

JOB_C := bench/job/check.c bench/job/expand.c bench/job/file.c bench/job/fio_version.c \
	bench/job/messages.c bench/job/handlers.c bench/job/handlers_pattern.c \
	bench/job/handlers_report.c bench/job/handlers_lists.c bench/job/option_table.c bench/job/options.c \
	bench/job/values.c kernel/lib/fmt.c
JOB_HOST := $(JOB_C) tests/unit/bench/job/job_rig.c
UNIT_TESTS += bench/job/values bench/job/file bench/job/options bench/job/handlers \
	bench/job/check bench/job/examples
unit_bench/job/values := $(JOB_HOST)
unit_bench/job/file := $(JOB_HOST)
unit_bench/job/options := $(JOB_HOST)
unit_bench/job/handlers := $(JOB_HOST)
unit_bench/job/check := $(JOB_HOST)
unit_bench/job/examples := $(JOB_HOST)

GENERATOR_C := bench/sequence/generator.c bench/sequence/generator_align.c \
	bench/sequence/generator_next.c bench/sequence/generator_way.c bench/lib/random.c bench/sequence/random_map.c \
	bench/lib/lfsr.c bench/sequence/distribution.c bench/lib/math.c
REPORT_C := bench/report/group.c bench/report/json.c bench/report/line.c bench/report/text.c \
	bench/report/text_latency.c bench/lib/json.c bench/lib/decimal.c bench/measure/stats.c \
	bench/lib/math.c bench/job/fio_version.c kernel/lib/fmt.c
UNIT_TESTS += bench/pace/schedule bench/pace/latency_search bench/measure/steady \
	bench/measure/iolog
unit_bench/measure/iolog := bench/measure/iolog.c kernel/lib/fmt.c
unit_bench/pace/schedule := bench/pace/schedule.c bench/lib/math.c bench/lib/random.c
unit_bench/pace/latency_search := bench/pace/latency_search.c
unit_bench/measure/steady := bench/measure/steady.c
UNIT_TESTS += bench/lib/random bench/sequence/random_map bench/lib/lfsr \
	bench/sequence/distribution bench/sequence/generator bench/sequence/generator_align \
	bench/core/io bench/measure/stats \
	bench/lib/decimal bench/lib/math bench/lib/json bench/report/report
unit_bench/lib/random := bench/lib/random.c
unit_bench/sequence/random_map := bench/sequence/random_map.c bench/lib/random.c
unit_bench/lib/lfsr := bench/lib/lfsr.c
unit_bench/sequence/distribution := bench/sequence/distribution.c bench/lib/random.c \
	bench/lib/math.c
unit_bench/sequence/generator := $(GENERATOR_C) $(JOB_HOST)
unit_bench/sequence/generator_align := $(GENERATOR_C) $(JOB_HOST)
unit_bench/core/io := bench/core/io.c
unit_bench/measure/stats := bench/measure/stats.c bench/lib/math.c bench/lib/random.c
unit_bench/lib/decimal := bench/lib/decimal.c bench/lib/random.c
unit_bench/lib/math := bench/lib/math.c bench/lib/random.c
unit_bench/lib/json := bench/lib/json.c bench/lib/decimal.c
unit_bench/report/report := $(REPORT_C)

# blk.c, blk_shared.c and wait.c are compiled into the rig, which resets their tables.
BLK_HOST := kernel/blk/blk_dump.c kernel/blk/blk_issue.c kernel/blk/blk_limits.c kernel/blk/blk_general.c \
	kernel/blk/parts.c kernel/blk/parts_cut.c kernel/blk/sched.c \
	tests/unit/kernel/blk/blk_rig.c
UNIT_TESTS += kernel/lib/settings kernel/blk/blk kernel/blk/blk_owner kernel/blk/blk_shared kernel/blk/blk_general \
	kernel/blk/blk_storm kernel/blk/blk_turns kernel/blk/recorder kernel/blk/drivers/ram_blk \
	kernel/blk/sched kernel/blk/parts kernel/blk/wait kernel/blk/drivers/virtio_blk \
	kernel/blk/drivers/virtio_blk_irq kernel/blk/drivers/virtio_blk_queue \
	kernel/blk/drivers/virtio_blk_ring
unit_kernel/lib/settings := kernel/lib/settings.c kernel/lib/fmt.c
unit_kernel/blk/blk := $(BLK_HOST)
unit_kernel/blk/blk_owner := $(BLK_HOST)
unit_kernel/blk/blk_shared := $(BLK_HOST)
unit_kernel/blk/blk_general := $(BLK_HOST)
unit_kernel/blk/blk_storm := $(BLK_HOST)
unit_kernel/blk/blk_turns := $(BLK_HOST)
# Both include kernel/blk/recorder.c themselves.
UNIT_TESTS += bench/run/recording
unit_kernel/blk/recorder := $(BLK_HOST)
unit_bench/run/recording := $(BLK_HOST) bench/run/recording.c kernel/lib/fmt.c
unit_kernel/blk/drivers/ram_blk := $(BLK_HOST) kernel/blk/drivers/immediate_queue.c \
	kernel/blk/drivers/null_blk.c kernel/blk/drivers/ram_blk.c kernel/lib/fmt.c
unit_kernel/blk/sched := $(BLK_HOST)
unit_kernel/blk/parts := $(BLK_HOST)
unit_kernel/blk/wait := $(BLK_HOST)
unit_kernel/blk/drivers/virtio_blk := kernel/blk/drivers/virtio_blk.c \
	kernel/blk/drivers/virtio_blk_config.c kernel/blk/drivers/virtio_blk_ring.c \
	kernel/lib/fmt.c kernel/lib/settings.c kernel/lib/err.c
unit_kernel/blk/drivers/virtio_blk_queue := kernel/blk/drivers/virtio_blk_io.c \
	kernel/blk/drivers/virtio_blk_request.c kernel/blk/drivers/virtio_blk_queue.c \
	kernel/virtio/virtqueue.c kernel/virtio/virtqueue_end.c kernel/virtio/virtqueue_packed.c \
	kernel/virtio/virtqueue_split.c tests/unit/fake_device.c
unit_kernel/blk/drivers/virtio_blk_ring := kernel/blk/drivers/virtio_blk_ring.c \
	kernel/blk/sched.c kernel/virtio/virtqueue.c kernel/virtio/virtqueue_end.c \
	kernel/virtio/virtqueue_packed.c kernel/virtio/virtqueue_split.c

VERIFY_HOST := bench/lib/checksum.c bench/lib/hash.c bench/verify/verify.c \
	bench/verify/classify.c bench/verify/header.c bench/verify/pattern.c \
	bench/job/fio_version.c
UNIT_TESTS += bench/lib/checksum bench/verify/header bench/verify/verify bench/verify/written
unit_bench/lib/checksum := bench/lib/checksum.c bench/lib/hash.c
unit_bench/verify/header := $(VERIFY_HOST) bench/verify/text.c kernel/lib/fmt.c
unit_bench/verify/verify := $(VERIFY_HOST) bench/verify/text.c kernel/lib/fmt.c
unit_bench/verify/written := $(VERIFY_HOST) bench/verify/written.c bench/verify/written_shape.c

# Jobs, from the text of a job file to their last I/O, on a disk and a clock of the rig.
RUNNER_HOST := $(JOB_HOST) $(GENERATOR_C) $(VERIFY_HOST) bench/verify/text.c \
	bench/verify/written.c bench/verify/written_shape.c bench/verify/readback.c \
	bench/core/io.c bench/core/stages.c bench/core/state.c \
	bench/measure/iolog.c bench/measure/stats.c bench/measure/steady.c \
	bench/pace/latency_search.c bench/pace/pace.c bench/pace/schedule.c bench/pace/target.c \
	bench/run/data.c bench/run/done.c bench/run/fast.c bench/run/life.c bench/run/limits.c \
	bench/run/memory.c bench/run/overhead.c bench/run/refill.c bench/run/setup.c \
	bench/run/steady_watch.c bench/run/step.c tests/unit/bench/core/runner_rig.c
RUNNER_TESTS := bench/pace/pace bench/pace/target bench/verify/readback bench/run/done \
	bench/run/life bench/run/refill bench/run/steady_watch
UNIT_TESTS += $(RUNNER_TESTS)
$(foreach test,$(RUNNER_TESTS),$(eval unit_$(test) := $(RUNNER_HOST)))

# Those that run threads are built with ThreadSanitizer as well.
THREAD_TESTS := kernel/virtio/virtqueue_threads kernel/blk/blk_shared

# Fuzz targets: tests/fuzz/NAME_fuzz.c, and per target the sources it links.
FUZZ_TARGETS := virtqueue
fuzz_virtqueue := $(RING_HOST)
FUZZ_TARGETS += pci
fuzz_pci := kernel/pci/bar.c kernel/pci/capability.c kernel/pci/config_ecam.c kernel/pci/msix.c \
	kernel/pci/pci.c kernel/virtio/virtio_pci.c kernel/lib/fmt.c
FUZZ_TARGETS += job
fuzz_job := $(JOB_C)
FUZZ_SECONDS ?= 60

# Debian packages that building, running and testing need (fio computes by bc).
PACKAGES := gcc make binutils nasm gnu-efi qemu-system-x86 qemu-utils qemu-system-common ovmf \
	mtools gdisk libcmocka-dev python3 python3-pytest python3-six fio fio-examples clang \
	git gdb chromium blktrace spin python3-yaml bc
# By release: in Debian 12 only a version of its own names clang's runtime, and after it
# nothing holds a Frama-C that can be installed (tests/proof/run).
RELEASE := $(shell . /etc/os-release 2>/dev/null && echo $$VERSION_CODENAME)
PACKAGES_bookworm := libclang-rt-14-dev frama-c-base
PACKAGES += $(or $(PACKAGES_$(RELEASE)),libclang-rt-dev)

# Not on the PATH of Debian's users: sgdisk needs no root to write to a file of ours.
export PATH := $(PATH):/usr/sbin

# --- flags ----------------------------------------------------------------------

# -ffunction-sections is not used: every function is listed here to be linked.
WARNINGS := -Wall -Wextra -Werror -Wstrict-prototypes -Wmissing-prototypes -Wshadow -Wconversion

# No C library below us; includes are written from the root.
COMMON_CFLAGS := -std=gnu17 -O2 -g -I. -MMD -MP $(WARNINGS) -ffreestanding
# A 16-bit constant is stored by one instruction; generic tuning takes two, to
# spare CPUs of 2008 a stall.
COMMON_CFLAGS += -mtune=znver2
# An interrupt on the same stack would overwrite a red zone.
COMMON_CFLAGS += -mno-red-zone
# Linked into the top 2 GiB at a fixed address.
COMMON_CFLAGS += -mcmodel=kernel -fno-pic -fno-pie
# What only the debug build asserts (kernel/lib/assert.h).
COMMON_CFLAGS += $(if $(DEBUG),-DRINGBOLT_DEBUG)
# Nobody unwinds; no thread pointer for a canary; no indirect-branch tracking.
COMMON_CFLAGS += -fno-asynchronous-unwind-tables -fno-stack-protector -fcf-protection=none
# Traces scan the stack (kernel/cpu/trace.c), so the I/O path keeps no frames.
COMMON_CFLAGS += -fomit-frame-pointer

# Interrupt stubs save no vector registers, so handlers must not use them.
KERNEL_CFLAGS := $(COMMON_CFLAGS) -mgeneral-regs-only
# Floats for reports; AVX state is not enabled.
BENCH_CFLAGS := $(COMMON_CFLAGS) -msse2 -mno-avx
# memcpy() must not be compiled into a call of memcpy().
MEM_CFLAGS := -fno-tree-loop-distribute-patterns

# Sections are page aligned by the script; without the limit ld would pad the
# file to 2 MiB. The image has no PT_GNU_STACK, hence no warning about it.
KERNEL_LDFLAGS := -nostdlib -static -z max-page-size=4096 --no-warn-rwx-segments \
	-z noexecstack -T kernel/kernel.ld

# GNU-EFI's headers; its libraries moved in Debian after 13.
EFI_INCLUDES := -isystem /usr/include/efi -isystem /usr/include/efi/x86_64
EFI_LIB := $(patsubst %/crt0-efi-x86_64.o,%,$(firstword $(wildcard \
	/usr/lib/x86_64-linux-gnu/crt0-efi-x86_64.o /usr/lib/crt0-efi-x86_64.o)))
# What the linker script makes of the loader, by any release of it.
EFI_SECTIONS := .text .data .rodata .dynamic .dynsym .rela .reloc

# The loader lives by the firmware's rules: position independent, 16-bit wide
# characters, calls in the firmware's convention made by the compiler itself.
EFI_CFLAGS := -std=gnu17 -O2 -I. -MMD -MP -Wall -Wextra -Werror -Wshadow -ffreestanding \
	$(EFI_INCLUDES) -DGNU_EFI_USE_MS_ABI \
	-DEFI_FUNCTION_WRAPPER -fpic -fshort-wchar -mno-red-zone -mno-avx \
	-fno-stack-protector -fno-asynchronous-unwind-tables -fcf-protection=none
# GNU-EFI has no memmove(), which gcc would otherwise call for a plain loop.
EFI_CFLAGS += -fno-tree-loop-distribute-patterns
EFI_LDFLAGS := -nostdlib -shared -Bsymbolic -znocombreloc -z noexecstack --no-undefined \
	--no-warn-rwx-segments -T $(EFI_LIB)/elf_x86_64_efi.lds

# cmocka 2 deprecates names beside which cmocka 1 has no others.
HOST_CFLAGS := -std=gnu17 -O1 -g -I. -MMD -MP -DRINGBOLT_HOST -Wall -Wextra -Werror -Wshadow \
	-Wno-deprecated-declarations
UNIT_CFLAGS := $(HOST_CFLAGS) -fsanitize=address,undefined -fno-sanitize-recover=all
# It does not know fences, and says so: those are virtqueue_order_test's matter. What
# it adds keeps gcc from seeing that a union's halves go together.
THREAD_CFLAGS := $(HOST_CFLAGS) -fsanitize=thread -Wno-tsan -Wno-maybe-uninitialized
FUZZ_CFLAGS := -std=gnu17 -O1 -g -I. -DRINGBOLT_HOST -DRINGBOLT_FUZZ \
	-fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all -Wall -Wextra -Werror

# --- all --------------------------------------------------------------------------

.PHONY: all docs install uninstall release image run bench compare insns regress baseline peer test test-releases unit model proof fuzz torture-jobs debug fmt \
	check clean help deps

all: image

help:
	@echo "make bench   compare polled, interrupt-driven and adaptive (sets itself up)"
	@echo "make compare the same beside Linux, in rounds, with $(B)/report.html"
	@echo "make insns   guest instructions per I/O, counted by QEMU"
	@echo "make regress fails when I/O got slower since the baseline; make baseline renews it"
	@echo "make peer    Debian's Linux and fio as a guest, for bench/ringbolt run --guest linux"
	@echo "make test    all tests: unit, fuzz, QEMU (sets itself up)"
	@echo "make test-releases  both on bare Debian 12, 13 and sid; RELEASES=trixie: on that alone"
	@echo "make run     one run with the default job; more: bench/ringbolt run --help"
	@echo "make DEBUG=1 image   the same in build/debug, asserting who owns what; so with run, test"
	@echo "make image   $(B)/ringbolt.img, a GPT disk that any UEFI machine boots"
	@echo "make unit    unit tests only"
	@echo "make model   models of the protocols only, by Spin"
	@echo "make proof   proofs about the sources only, by Frama-C"
	@echo "make fuzz    fuzz targets only, FUZZ_SECONDS=$(FUZZ_SECONDS) each"
	@echo "make torture-jobs  COUNT=$(COUNT) random jobs, SEED=$(SEED), by us and by the real fio"
	@echo "make debug   QEMU stopped, gdb attached, symbols loaded"
	@echo "make check   include order, line and function lengths"
	@echo "make install into PREFIX=$(PREFIX), below DESTDIR if that is given; make uninstall"
	@echo "make release $(OUT)/$(NAME).tar.gz: kernel, image, tool and manuals, with checksums"
	@echo "make docs    settings.md and jobs.md of docs/, from the tables in the sources"
	@echo "make fmt     clang-format on what changed since the last commit"
	@echo "make clean   remove $(B)/"
	@echo "make deps    install missing Debian packages (as root)"

# --- kernel -----------------------------------------------------------------------

KERNEL_OBJECTS := $(KERNEL_C:%.c=$(B)/kernel/%.o) $(BENCH_C:%.c=$(B)/kernel/%.o) \
	$(KERNEL_ASM:%.asm=$(B)/kernel/%.asm.o)

$(B)/kernel/%.o: %.c Makefile
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(Q)$(CC) $(KERNEL_CFLAGS) $(FILE_CFLAGS) -c $< -o $@

$(B)/kernel/bench/%.o: bench/%.c Makefile
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(Q)$(CC) $(BENCH_CFLAGS) -c $< -o $@

$(B)/kernel/kernel/lib/mem.o: FILE_CFLAGS := $(MEM_CFLAGS)

# The commit of this very tree's history, else the one that an archive was made of.
RELEASE_WORDS := $(shell cat VERSION)
VERSION := $(firstword $(RELEASE_WORDS))
COMMIT := $(or $(if $(wildcard .git),$(shell git describe --always --dirty --abbrev=12 \
	--exclude='*' 2>/dev/null)),$(filter-out $$Format%,$(word 2,$(RELEASE_WORDS))),unknown)
$(B)/kernel/kernel/lib/version.o: FILE_CFLAGS := -DVERSION_RELEASE='"$(VERSION)"' \
	-DVERSION_COMMIT='"$(COMMIT)"'
$(B)/kernel/kernel/lib/version.o: $(B)/version

# Here and not by a rule, which make -q would hold to be work that is left.
$(shell mkdir -p $(B); echo "$(VERSION) $(COMMIT)" | cmp -s - $(B)/version || \
	echo "$(VERSION) $(COMMIT)" > $(B)/version)

$(B)/kernel/%.asm.o: %.asm Makefile
	@mkdir -p $(@D)
	$(call say,AS,$<)
	$(Q)$(AS) -f elf64 -g -F dwarf -Werror -MD $(@:.o=.d) $< -o $@

# The kernel carries the names of its functions for stack traces: the first
# link, without them, tells the addresses; the second must not change any.
$(B)/symbols_none.asm: kernel/cpu/symbols.awk
	@mkdir -p $(@D)
	$(Q)awk -f $< /dev/null > $@

$(B)/symbols.asm: $(B)/kernel.first.elf kernel/cpu/symbols.awk
	$(Q)nm -n $< | awk -f kernel/cpu/symbols.awk > $@

$(B)/symbols_none.o $(B)/symbols.o: %.o: %.asm
	$(Q)$(AS) -f elf64 $< -o $@

$(B)/kernel.first.elf: $(KERNEL_OBJECTS) $(B)/symbols_none.o kernel/kernel.ld
	$(Q)$(LD) $(KERNEL_LDFLAGS) -o $@ $(KERNEL_OBJECTS) $(B)/symbols_none.o

$(B)/kernel.debug.elf: $(KERNEL_OBJECTS) $(B)/symbols.o kernel/kernel.ld
	$(call say,LD,$@)
	$(Q)$(LD) $(KERNEL_LDFLAGS) -o $@ $(KERNEL_OBJECTS) $(B)/symbols.o
	@nm -n $@ | awk -f kernel/cpu/symbols.awk | cmp -s - $(B)/symbols.asm || \
		{ echo "the symbol table moved a function"; exit 1; }

$(B)/kernel.elf: $(B)/kernel.debug.elf
	$(call say,STRIP,$@)
	$(Q)objcopy --strip-all $< $@

-include $(KERNEL_OBJECTS:.o=.d)

# What is linked, for tests/check_circles; the last line names it.
.PHONY: objects
objects: $(KERNEL_OBJECTS)
	@echo $(filter-out %.asm.o,$^)

# --- EFI loader and disk image --------------------------------------------------------

EFI_OBJECTS := $(EFI_C:%.c=$(B)/efi/%.o) $(EFI_ASM:%.asm=$(B)/efi/%.asm.o)

$(B)/efi/%.o: %.c Makefile
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(Q)$(CC) $(EFI_CFLAGS) -c $< -o $@

$(B)/efi/%.asm.o: %.asm Makefile
	@mkdir -p $(@D)
	$(call say,AS,$<)
	$(Q)$(AS) -f elf64 -Werror -MD $(@:.o=.d) $< -o $@

$(B)/loader.so: $(EFI_OBJECTS)
	$(Q)$(LD) $(EFI_LDFLAGS) -o $@ $(EFI_LIB)/crt0-efi-x86_64.o $(EFI_OBJECTS) \
		-L$(EFI_LIB) -lefi -lgnuefi

$(B)/BOOTX64.EFI: $(B)/loader.so boot/check_loader
	$(call say,EFI,$@)
	$(Q)objcopy $(EFI_SECTIONS:%=-j %) --output-target=efi-app-x86_64 --subsystem=10 $< $@
	$(Q)boot/check_loader $< $@

-include $(EFI_OBJECTS:.o=.d)

# A GPT disk with one FAT32 system partition from 1 MiB on, made without root:
# sgdisk and mtools work on the file. 64 MiB with one sector per cluster is
# enough for a FAT32 that firmwares accept as such; the file is sparse.
IMAGE_CONFIG := $(wildcard configs/irq.conf)
IMAGE_JOB := $(wildcard configs/jobs/bench.fio)

image: deps
	@$(MAKE) --no-print-directory $(JOBS) $(B)/ringbolt.img

$(B)/ringbolt.img: $(B)/kernel.elf $(B)/BOOTX64.EFI $(IMAGE_CONFIG) $(IMAGE_JOB)
	$(call say,IMAGE,$@)
	$(Q)rm -f $@
	$(Q)truncate -s 64M $@
	$(Q)sgdisk --clear --new=1:2048:0 --typecode=1:ef00 --change-name=1:ringbolt $@ >/dev/null
	$(Q)mformat -i $@@@1M -F -c 1 -T 128960 -h 64 -s 32 -v RINGBOLT ::
	$(Q)mmd -i $@@@1M ::/EFI ::/EFI/BOOT ::/ringbolt
	$(Q)mcopy -i $@@@1M $(B)/BOOTX64.EFI ::/EFI/BOOT/BOOTX64.EFI
	$(Q)mcopy -i $@@@1M $(B)/kernel.elf ::/ringbolt/kernel.elf
	$(Q)$(if $(IMAGE_CONFIG),mcopy -i $@@@1M $(IMAGE_CONFIG) ::/ringbolt/ringbolt.conf)
	$(Q)$(if $(IMAGE_JOB),mcopy -i $@@@1M $(IMAGE_JOB) ::/ringbolt/job.fio)

# --- the peer -------------------------------------------------------------------------

PEER_SOURCES := tests/peer/build tests/peer/init tests/peer/snapshot

peer: deps
	@$(MAKE) --no-print-directory $(B)/peer/initramfs

# dpkg touches the list when it installs another fio.
$(B)/peer/initramfs: $(PEER_SOURCES) $(wildcard /var/lib/dpkg/info/fio.list)
	$(call say,PEER,$@)
	$(Q)tests/peer/build $(@D)

# --- unit tests, fuzzing ------------------------------------------------------------

UNIT_EXECUTABLES := $(UNIT_TESTS:%=$(B)/unit/%_test)

$(B)/unit/obj/%.o: %.c Makefile
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(Q)$(CC) $(UNIT_CFLAGS) -c $< -o $@

# The block layer's tests assert who owns what, too.
$(B)/unit/obj/kernel/%.o $(B)/unit/obj/tests/unit/kernel/%.o: UNIT_CFLAGS += -DRINGBOLT_DEBUG

$(B)/unit/obj/boot/efi_rsdp.o $(B)/unit/obj/tests/unit/boot/efi_rsdp_test.o: \
	UNIT_CFLAGS += $(EFI_INCLUDES)

$(UNIT_EXECUTABLES): $(B)/unit/%_test: $(B)/unit/obj/tests/unit/%_test.o \
		$(B)/unit/obj/tests/unit/host_support.o \
		$$(addprefix $(B)/unit/obj/,$$(unit_$$*:.c=.o))
	@mkdir -p $(@D)
	$(Q)$(CC) -fsanitize=address,undefined $^ -lcmocka -lm -o $@

THREAD_EXECUTABLES := $(THREAD_TESTS:%=$(B)/thread/%_test)

$(B)/thread/obj/%.o: %.c Makefile
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(Q)$(CC) $(THREAD_CFLAGS) -c $< -o $@

$(THREAD_EXECUTABLES): $(B)/thread/%_test: $(B)/thread/obj/tests/unit/%_test.o \
		$(B)/thread/obj/tests/unit/host_support.o \
		$$(addprefix $(B)/thread/obj/,$$(unit_$$*:.c=.o))
	@mkdir -p $(@D)
	$(Q)$(CC) -fsanitize=thread $^ -lcmocka -lm -o $@

.PHONY: unit_build fuzz_build
unit_build: $(UNIT_EXECUTABLES) $(THREAD_EXECUTABLES)

unit:
	@$(MAKE) --no-print-directory $(JOBS) unit_build
	@tests/unit/run $(UNIT_EXECUTABLES) $(THREAD_EXECUTABLES)

FUZZ_EXECUTABLES := $(FUZZ_TARGETS:%=$(B)/fuzz/%_fuzz)

$(FUZZ_EXECUTABLES): $(B)/fuzz/%_fuzz: tests/fuzz/%_fuzz.c tests/unit/host_support.c \
		$$(fuzz_$$*) Makefile
	@mkdir -p $(@D)
	$(call say,FUZZ,$@)
	$(Q)clang $(FUZZ_CFLAGS) $(filter %.c,$^) -lm -o $@

fuzz_build: $(FUZZ_EXECUTABLES)

# The job fuzzer starts from fio's examples and ours, behind the byte that chooses its arena.
.PHONY: fuzz_seeds
fuzz_seeds:
	@mkdir -p $(B)/fuzz/job_fuzz.corpus
	@for file in /usr/share/doc/fio/examples/*.fio configs/jobs/*.fio; do \
		{ printf 0; cat $$file; } > $(B)/fuzz/job_fuzz.corpus/$$(basename $$file) || exit 1; \
	done

# As many at a time as there are processors.
FUZZ_RUNS := $(FUZZ_TARGETS:%=fuzz_run_%)

.PHONY: $(FUZZ_RUNS)
$(FUZZ_RUNS): fuzz_run_%: $(B)/fuzz/%_fuzz
	@echo "fuzz: $<, $(FUZZ_SECONDS) s"
	@mkdir -p $<.corpus
	@$< -max_total_time=$(FUZZ_SECONDS) -print_final_stats=1 -verbosity=0 \
		-artifact_prefix=$<. $<.corpus

fuzz: fuzz_seeds
	@$(MAKE) --no-print-directory $(JOBS) fuzz_build
	@$(MAKE) --no-print-directory $(JOBS) $(FUZZ_RUNS)

model:
	@tests/model/run

proof:
	@tests/proof/run

# Random jobs beside the real fio: COUNT of them, another SEED draws others.
COUNT ?= 100000
SEED ?= 1

torture-jobs: image
	@tests/torture/run --count $(COUNT) --seed $(SEED)

-include $(shell find $(B)/unit/obj $(B)/thread/obj -name '*.d' 2>/dev/null)

# --- running ------------------------------------------------------------------------

# `image` brings everything that these need, built by all processors.
run: image
	bench/ringbolt run

bench: image
	bench/ringbolt bench

compare: image peer
	bench/ringbolt compare

insns: image
	bench/ringbolt insns

regress: image
	bench/ringbolt regress

baseline: image
	bench/ringbolt baseline

test: image peer
	tests/run

test-releases:
	tests/releases $(RELEASES)

# One window: gdb in front, QEMU behind it, stopped before its first instruction;
# setsid, so that Ctrl-C reaches gdb alone. A hardware breakpoint, because the
# kernel is not in memory yet. The console goes to a file.
debug: image
	@setsid qemu-system-x86_64 -accel tcg -machine q35 -cpu max -m 256 \
		-kernel $(B)/kernel.elf -initrd $(IMAGE_JOB) \
		-blockdev null-co,node-name=disk,size=8589934592,read-zeroes=off \
		-device virtio-blk-pci,drive=disk -device isa-debug-exit,iobase=0xf4,iosize=4 \
		-display none -serial file:$(B)/debug.console -no-reboot -s -S & \
	qemu=$$!; \
	gdb -q -ex 'target remote :1234' -ex 'hbreak kernel_main' -ex continue \
		$(B)/kernel.debug.elf; \
	kill $$qemu 2>/dev/null || true

# --- installing ---------------------------------------------------------------------

PREFIX ?= /usr/local
OUT ?= $(B)
SHARED = $(DESTDIR)$(PREFIX)/share/ringbolt
NAME = ringbolt-$(VERSION)
# Beside kernel and image: the tool, and what it reads.
INSTALLED = CHANGELOG.md LICENSE README.md SECURITY.md CONTRIBUTING.md bench/ringbolt \
	$(shell find bench/host configs docs -type f ! -name '*.pyc')

# A folder that the tool runs from, wherever it stands: VERSION names the commit there.
define lay_out
	$(Q)mkdir -p $(1)/build
	$(Q)cp --parents $(INSTALLED) $(1)
	$(Q)cp $(B)/kernel.elf $(B)/ringbolt.img $(B)/version $(1)/build
	$(Q)cp $(B)/version $(1)/VERSION
	$(Q)chmod -R u+rwX,go+rX $(1)
endef

install: $(B)/ringbolt.img
	$(call lay_out,$(SHARED))
	$(Q)mkdir -p $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/share/man/man1
	$(Q)ln -sf ../share/ringbolt/bench/ringbolt $(DESTDIR)$(PREFIX)/bin/ringbolt
	$(Q)cp docs/ringbolt.1 $(DESTDIR)$(PREFIX)/share/man/man1

uninstall:
	rm -rf $(SHARED)
	rm -f $(DESTDIR)$(PREFIX)/bin/ringbolt $(DESTDIR)$(PREFIX)/share/man/man1/ringbolt.1

# Of equal sources equal bytes: the files are as old as their commit.
release: $(B)/ringbolt.img
	$(Q)rm -rf $(OUT)/$(NAME)
	$(call lay_out,$(OUT)/$(NAME))
	$(Q)cd $(OUT)/$(NAME) && find . -type f ! -name SHA256SUMS | LC_ALL=C sort | \
		xargs sha256sum > SHA256SUMS
	$(Q)tar -C $(OUT) --sort=name --owner=0 --group=0 --numeric-owner --format=gnu --sparse \
		--mtime=@$(or $(shell git log -1 --format=%ct 2>/dev/null),0) -cf - $(NAME) | \
		gzip -9n > $(OUT)/$(NAME).tar.gz
	$(Q)rm -rf $(OUT)/$(NAME)
	$(Q)cd $(OUT) && sha256sum $(NAME).tar.gz > $(NAME).tar.gz.sha256
	$(call say,RELEASE,$(OUT)/$(NAME).tar.gz)

# --- housekeeping ---------------------------------------------------------------------

# Formats what changed since the last commit, not the tree: tables are laid out
# by hand, and the formatter would put one word on a line there.
fmt:
	git clang-format HEAD || true

# The pages of docs/ that are made of tables in the sources.
docs:
	docs/generate

check: image
	tests/check_includes
	tests/check_circles
	tests/check_style

clean:
	rm -rf $(B)

# Quick when nothing is missing. Installs only as root, else says what to type.
deps:
	@command -v dpkg-query >/dev/null || { \
		echo "not Debian: provide what these packages hold: $(PACKAGES)"; exit 0; }; \
	installed=" $$(dpkg-query -W -f '$${Package} $${db:Status-Status}\n' $(PACKAGES) \
		2>/dev/null | sed -n 's/ installed$$//p' | tr '\n' ' ')"; \
	missing=; \
	for package in $(PACKAGES); do \
		case "$$installed" in \
		*" $$package "*) ;; \
		*) missing="$$missing $$package" ;; \
		esac; \
	done; \
	[ -z "$$missing" ] && exit 0; \
	if [ "$$(id -u)" = 0 ]; then \
		echo "installing:$$missing"; \
		apt-get update -q && DEBIAN_FRONTEND=noninteractive \
			apt-get install -q -y --no-install-recommends $$missing; \
	else \
		echo "missing packages; type: sudo apt-get install -y --no-install-recommends$$missing"; \
		exit 2; \
	fi
