#!/bin/sh
# SPDX-License-Identifier: MIT
# fio: a second [global] section adds its filename= to the first one's, even where it is the same.
#
# All other options of a [global] section are defaults until a later one says otherwise: bs= there
# takes the place of the earlier one. filename= is added to the list, so that a job behind it has the
# file twice, opens it twice, and goes over it in turns: a sequential read of 64 KiB reads the first
# half twice. Who joins job files that each
# have a [global] section of their own gets another job than any of them, and nothing is said.
#
# Seen: 3.33 and 3.39: one section 0 4096 8192 12288, two sections 0 0 4096 4096
set -eu
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

"$here/unpack" "$work/3.33" bookworm fio=3.33-3
"$here/unpack" "$work/3.39" trixie fio=3.39-1

offsets() { # VERSION SECTIONS
	global=$(printf '[global]\nfilename=/tmp/file\nioengine=null\nrw=read\nbs=4k\nsize=16k')
	{
		for _ in $(seq "$2"); do echo "$global"; done
		printf '[a]\nthread\nwrite_iolog=/tmp/log\n'
	} > "$work/$1/tmp/job"
	rm -f "$work/$1/tmp/log"
	"$here/inside" "$work/$1" /usr/bin/fio /tmp/job > /dev/null
	awk '$(NF - 2) == "read" { print $(NF - 1) }' "$work/$1/tmp/log" | head -4 | xargs
}

status=0
for version in 3.33 3.39; do
	one=$(offsets "$version" 1) two=$(offsets "$version" 2)
	echo "$version: one section $one, two sections $two"
	[ "$one, $two" = "0 4096 8192 12288, 0 0 4096 4096" ] || status=1
done
exit "$status"
