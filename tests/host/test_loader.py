# SPDX-License-Identifier: MIT
"""What keeps the EFI loader from working is said when it is built, not by a firmware that waits."""

import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LOADER = ROOT / "build" / "loader.so"
IMAGE = ROOT / "build" / "BOOTX64.EFI"
PE = ("--output-target=efi-app-x86_64", "--subsystem=10")


def sections(path):
    """Those that are in the file."""
    lines = subprocess.run(["objdump", "-h", path], capture_output=True, text=True,
                           check=True).stdout.splitlines()
    return [line.split()[1] for line, flags in zip(lines, lines[1:]) if "CONTENTS, ALLOC" in flags]


def check(loader, image):
    done = subprocess.run([ROOT / "boot" / "check_loader", loader, image], capture_output=True,
                          text=True, check=False)
    return done.returncode, done.stderr


def test_the_loader_that_boots_is_let_through():
    assert check(LOADER, IMAGE) == (0, "")
    assert {".text", ".data", ".rela", ".reloc", ".dynamic"} <= set(sections(IMAGE))


def test_a_section_that_was_left_out_is_named(tmp_path):
    image, whole = tmp_path / "BOOTX64.EFI", sections(IMAGE)
    for name in whole:
        kept = [f"--only-section={other}" for other in whole if other != name]
        subprocess.run(["objcopy", *kept, *PE, LOADER, image], check=True)
        said = f"{image}: lacks {name}: name them in the Makefile's EFI_SECTIONS\n"
        assert check(LOADER, image) == (1, said)


def test_a_relocation_that_nobody_applies_is_named(tmp_path):
    """A library's symbol that no library here has: in a loader it would stay zero."""
    source, loader = tmp_path / "loader.c", tmp_path / "loader.so"
    source.write_text("extern int missing; int *found(void) { return &missing; }\n")
    subprocess.run(["gcc", "-shared", "-nostdlib", "-fpic", "-o", loader, source], check=True)
    code, said = check(loader, IMAGE)
    assert code == 1
    assert f"{loader}: nobody applies relocations of type R_X86_64_GLOB_DAT" in said
