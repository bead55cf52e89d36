# SPDX-License-Identifier: MIT
"""Images whose every block says what it is: fio's verify header over a known payload.

Written from the format alone, so that it checks both the kernel and fio. A block is

    magic u16 | type u16 | length u32 | seed u64 | offset u64 | sec u32 | nsec u32 |
    thread u16 | number u16 | header crc u32      (40 bytes)
    payload crc u32 | payload

and the payload repeats (sector number u64, pass u64). Both checksums are CRC-32C without
the final inversion; the header's covers the 36 bytes before it. From fio 3.41 on the header is

    magic u16 | version u8 | type u8 | length u32 | seed u64 | offset u64 | sec u32 | nsec u32 |
    number u64 | thread u16 | anything u16 | header crc u32      (48 bytes)

which is checked as well, but not made.
"""

import struct

MAGIC = 0xACCA
TYPE_CRC32C = 5
HEADER = struct.Struct("<HHIQQIIHHI")
VERSIONED = struct.Struct("<HBBIQQIIQHHI")
VERSION = 0x81
PAYLOAD_AT = HEADER.size + 4

assert (HEADER.size, VERSIONED.size) == (40, 48)


def _table():
    table = []
    for value in range(256):
        for _ in range(8):
            value = (value >> 1) ^ (0x82F63B78 if value & 1 else 0)
        table.append(value)
    return table


_TABLE = _table()


def crc32c(data):
    crc = 0xFFFFFFFF
    table = _TABLE
    for byte in data:
        crc = table[(crc ^ byte) & 0xFF] ^ (crc >> 8)
    return crc


def payload(offset, number, length):
    unit = struct.pack("<QQ", offset // 512, number)
    return (unit * (length // len(unit) + 1))[:length]


def block(offset, number, length):
    """One block as it has to lie at `offset`; `number` is the pass, or the write's number."""
    data = payload(offset, number, length - PAYLOAD_AT)
    seed = offset * 0x9E3779B97F4A7C15 % (1 << 64)
    head = HEADER.pack(MAGIC, TYPE_CRC32C, length, seed, offset, 0, 0, 1, number % 65536, 0)[:36]
    return head + struct.pack("<II", crc32c(head), crc32c(data)) + data


def image(size, length=4096, number=0):
    return b"".join(block(offset, number, length) for offset in range(0, size, length))


def faults(data, length=4096, start=0):
    """What is wrong with an image, one string per bad block."""
    found = []
    for at in range(0, len(data), length):
        wrong = _fault(data[at:at + length], start + at, length)
        if wrong:
            found.append(f"block at {start + at}: {wrong}")
    return found


def _fault(data, offset, length):
    if data[2] == VERSION:
        header = VERSIONED
        magic, _, kind, covers, _, where, *_, crc = header.unpack_from(data)
    else:
        header = HEADER
        magic, kind, covers, _, where, *_, crc = header.unpack_from(data)
    if magic != MAGIC:
        return f"magic {magic:#x}"
    if kind != TYPE_CRC32C:
        return f"type {kind}"
    if covers != length:
        return f"length {covers}"
    if where != offset:
        return f"belongs to {where}"
    if crc != crc32c(data[:header.size - 4]):
        return "header checksum"
    if struct.unpack_from("<I", data, header.size)[0] != crc32c(data[header.size + 4:]):
        return "payload checksum"
    return None
