# SPDX-License-Identifier: MIT
"""The checker of the QEMU tests finds what it is there to find."""

import sys

import pytest
from fakes import ROOT

sys.path.insert(0, str(ROOT / "tests" / "qemu" / "lib"))

import pattern  # noqa: E402  (needs the path above)


def test_crc32c_is_castagnolis_without_the_final_inversion():
    assert pattern.crc32c(b"123456789") ^ 0xFFFFFFFF == 0xE3069283


def test_an_image_is_without_fault_and_every_flipped_byte_is_one():
    data = bytearray(pattern.image(2048, 512, 3))
    assert pattern.faults(bytes(data), 512) == []
    for at in range(512, 1024):
        data[at] ^= 1
        assert len(pattern.faults(bytes(data), 512)) == 1, at
        data[at] ^= 1


@pytest.mark.parametrize("length", [512, 4096])
def test_a_block_in_another_place_is_a_fault(length):
    data = pattern.block(0, 0, length)
    assert pattern.faults(data, length) == []
    assert pattern.faults(data, length, start=length) == [
        f"block at {length}: belongs to 0"]
