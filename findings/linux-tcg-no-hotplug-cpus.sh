#!/bin/sh
# SPDX-License-Identifier: MIT
# Linux 6.12.117 under TCG: CPUs that could be plugged in (-smp 1,maxcpus=2) are none.
#
# QEMU lists them in the MADT as not enabled, which before ACPI 6.3 meant that they may come. Newer
# kernels believe that only under a hypervisor that they know by name ("x86/acpi/boot: Correct
# acpi_is_processor_usable() check again", 2025, in stable series too), and TCG is none of those.
# What follows from the number of possible CPUs shrinks with it: virtio_blk has no more queues than
# that, so with one CPU there is none left to poll, and fio's hipri=1 ends in EOPNOTSUPP. possible_cpus=
# on the command line, which helped until 6.8, only lowers the number now. What helps: more CPUs, and
# maxcpus= on the kernel's command line so that they are not started.
#
# Seen: 6.1.176: 2 CPUs, 1 hotplug;  6.12.117: 1 present plus 0 hotplug
set -eu
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

"$here/unpack" "$work/old" bookworm linux-image-6.1.0-50-cloud-amd64=6.1.176-1
"$here/unpack" "$work/new" trixie linux-image-6.12.117+deb13-cloud-amd64=6.12.117-1
"$here/unpack" "$work/qemu" trixie qemu-system-x86=1:10.0.13+ds-0+deb13u1

allowed() { # NAME; Linux ends where it finds no root file system
	cp "$work/$1"/boot/vmlinuz-* "$work/qemu/tmp/kernel"
	"$here/inside" "$work/qemu" /usr/bin/qemu-system-x86_64 -accel tcg -m 512 -cpu max \
		-smp 1,maxcpus=2,sockets=2 -display none -serial stdio -monitor none -no-reboot \
		-kernel /tmp/kernel -append "console=ttyS0 panic=-1" < /dev/null |
		tr -d '\r' | sed -n 's/.*: Allowing //p'
}

old=$(allowed old) new=$(allowed new)
echo "6.1: $old"
echo "6.12: $new"
[ "$old, $new" = "2 CPUs, 1 hotplug CPUs, 1 present CPUs plus 0 hotplug CPUs" ]
