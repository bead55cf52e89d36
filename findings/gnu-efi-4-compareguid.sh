#!/bin/sh
# SPDX-License-Identifier: MIT
# gnu-efi 4's CompareGuid() is TRUE when the GUIDs are equal; that of 3.x is 0 when they are.
#
# A loader that looks for its ACPI table with `if (CompareGuid(a, b) == 0)` compiles against both
# without a word, and with 4.x finds every table but the wanted one. The header of 4.x has a macro that
# brings the old sense back (GNU_EFI_USE_COMPAREGUID_ABI=0); by default it is the new one.
#
# Seen: 3.0.15 and 3.0.18: equal 0, different not 0;  4.0.4: equal 1, different 0
set -eu
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

"$here/unpack" "$work/3.0.15" bookworm gnu-efi=3.0.15-1
"$here/unpack" "$work/3.0.18" trixie gnu-efi=3.0.18-1+deb13u1
"$here/unpack" "$work/4.0.4" sid gnu-efi=4.0.4-1

cat > "$work/main.c" <<'C'
#include <efi.h>
#include <efilib.h>

int printf(const char *format, ...);

int main(void)
{
	EFI_GUID one = { 0x8868e871, 0xe4f1, 0x11d3, { 0xbc, 0x22, 0, 0x80, 0xc7, 0x3c, 0x88, 0x81 } };
	EFI_GUID same = one, other = one;
	other.Data1 ^= 1;
	printf("equal %d, different %s\n", (int)CompareGuid(&one, &same),
	       CompareGuid(&one, &other) ? "not 0" : "0");
	return 0;
}
C
status=0
for case in "3.0.15:equal 0, different not 0" "3.0.18:equal 0, different not 0" \
	"4.0.4:equal 1, different 0"; do
	version=${case%%:*}
	library=$(find "$work/$version/usr/lib" -name libefi.a | grep -v -e ia32 -e aarch -e arm | head -n 1)
	# Of the library's firmware calls none is made here.
	gcc -w -no-pie -fshort-wchar -DGNU_EFI_USE_MS_ABI -I "$work/$version/usr/include/efi" \
		-I "$work/$version/usr/include/efi/x86_64" "$work/main.c" "$library" -Wl,--unresolved-symbols=ignore-all,-z,lazy \
		-o "$work/main" 2> "$work/log" || { cat "$work/log"; exit 1; }
	seen=$("$work/main")
	echo "$version: $seen"
	[ "$seen" = "${case#*:}" ] || status=1
done
exit "$status"
