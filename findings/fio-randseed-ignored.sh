#!/bin/sh
# SPDX-License-Identifier: MIT
# fio 3.33 ignores randseed= for offsets unless randrepeat=0 is said too; fio 3.39 honours it.
#
# randrepeat is on by default, and its documentation tells to set a seed by randseed=. In 3.33 two
# runs with different randseed= have the very same offsets; in 3.39 they differ. So a job that
# varies its seed to look at other places of a disk looks at the same ones on Debian 12, and figures
# of both releases with one job file are of different sequences.
#
# Seen: 3.33 same offsets, 3.39 other offsets, for randseed=1 and randseed=2
set -eu
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

"$here/unpack" "$work/3.33" bookworm fio=3.33-3
"$here/unpack" "$work/3.39" trixie fio=3.39-1

offsets() { # VERSION SEED
	rm -f "$work/$1/tmp/log"
	"$here/inside" "$work/$1" /usr/bin/fio --name=a --ioengine=null --rw=randread --bs=4k \
		--size=64m --number_ios=16 --randseed="$2" --thread --write_iolog=/tmp/log \
		> /dev/null
	awk '$3 == "read" || $2 == "read" { print $(NF - 1) }' "$work/$1/tmp/log"
}

status=0
for case in "3.33 same" "3.39 other"; do
	version=${case% *} wanted=${case#* }
	one=$(offsets "$version" 1) two=$(offsets "$version" 2)
	[ "$(echo "$one" | wc -l)" = 16 ] || { echo "$version: no offsets"; exit 1; }
	if [ "$one" = "$two" ]; then seen=same; else seen=other; fi
	echo "$version: $seen offsets"
	[ "$seen" = "$wanted" ] || status=1
done
exit "$status"
