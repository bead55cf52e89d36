#!/bin/sh
# SPDX-License-Identifier: MIT
# `objcopy --target=efi-app-x86_64` makes no UEFI program of an ELF file any more in binutils 2.47.
#
# The option names the format of input and output at once. Up to 2.44 objcopy recognised the ELF
# input all the same, and this is the line that recipes for UEFI programs have. 2.47 takes it at its
# word: "file format not recognized". --output-target, which names one of the two, works with each.
#
# Seen: --target: 2.40 and 2.44 exit 0, 2.47 exit 1; --output-target: exit 0 with each
set -eu
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

"$here/unpack" "$work/2.40" bookworm binutils=2.40-2
"$here/unpack" "$work/2.44" trixie binutils=2.44-3
"$here/unpack" "$work/2.47" sid binutils=2.47.50.20261021-1

echo 'int x = 1;' | gcc -x c -c - -o "$work/x.o"
status=0
for case in "2.40 0" "2.44 0" "2.47 1"; do
	version=${case% *}
	cp "$work/x.o" "$work/$version/tmp/x.o"
	for option in --target --output-target; do
		wanted=${case#* } seen=0
		[ "$option" = --target ] || wanted=0
		"$here/inside" "$work/$version" /usr/bin/objcopy "$option=efi-app-x86_64" /tmp/x.o \
			/tmp/y.o > "$work/log" 2>&1 || seen=$?
		echo "$version: $option: exit $seen $(head -n 1 "$work/log")"
		[ "$seen" = "$wanted" ] || status=1
	done
done
exit "$status"
