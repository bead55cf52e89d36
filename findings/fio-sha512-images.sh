#!/bin/sh
# SPDX-License-Identifier: MIT
# What fio 3.33 writes with verify=sha512, fio 3.39 calls corrupt; the other way round as well.
#
# The header's shape and checksum type are the same in both, and nothing says which release wrote an
# image. With crc32c images pass both ways, with sha512 none does, though each reads its own.
#
# Seen: each reads its own; crc32c passes from 3.33 to 3.39 and back; sha512 fails both ways, exit
# status 1
set -eu
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

"$here/unpack" "$work/3.33" bookworm fio=3.33-3
"$here/unpack" "$work/3.39" trixie fio=3.39-1

run() { # VERSION VERIFY MORE...
	version=$1 verify=$2
	shift 2
	"$here/inside" "$work/$version" /usr/bin/fio --name=a --filename=/tmp/image --size=64k \
		--bs=4k --rw=write --ioengine=sync --thread --verify="$verify" "$@" \
		> "$work/out" 2>&1
}

status=0
check() { # WRITER READER VERIFY WANTED
	run "$1" "$3" --do_verify=0
	[ "$1" = "$2" ] || cp "$work/$1/tmp/image" "$work/$2/tmp/image"
	if run "$2" "$3" --verify_only; then seen=passes; else seen=fails; fi
	echo "$3 written by $1, read by $2: $seen"
	[ "$seen" = "$4" ] || status=1
}
for verify in crc32c sha512; do
	check 3.33 3.33 "$verify" passes
	check 3.39 3.39 "$verify" passes
done
check 3.33 3.39 crc32c passes
check 3.39 3.33 crc32c passes
check 3.33 3.39 sha512 fails
check 3.39 3.33 sha512 fails
exit "$status"
