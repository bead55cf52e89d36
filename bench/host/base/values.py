# SPDX-License-Identifier: MIT
"""Readers of option values: each turns a word into a value or raises ValueError.

The ValueError's text completes the sentence "KEY=WORD: ..."; the caller knows the option.
"""

import difflib
import re

_SIZE = re.compile(r"(\d+)([KMGT]?)", re.IGNORECASE)
_SHIFT = {"": 0, "K": 10, "M": 20, "G": 30, "T": 40}


def _meant(word):
    """How a size that is nearly one is written; "" where nobody can tell."""
    match = re.fullmatch(r"(\d+)(?:\.(\d{1,6}))?([KMGT]?)(i?B)?", word, re.IGNORECASE)
    if not match:
        return ""
    shift, places = _SHIFT[match[3].upper()], len(match[2] or "")
    value, rest = divmod(int(match[1] + (match[2] or "")) << shift, 10 ** places)
    while shift and value % (1 << shift):
        shift -= 10
    unit = next(name for name, bits in _SHIFT.items() if bits == shift)
    return f"; write {value >> shift}{unit}" if value and not rest else ""


def size(word):
    """Bytes: digits and one of K, M, G, T (powers of 1024)."""
    match = _SIZE.fullmatch(word)
    if not match:
        raise ValueError(f"not a size such as 512M or 8G{_meant(word)}")
    value = int(match[1]) << _SHIFT[match[2].upper()]
    if value == 0 or value % 512:
        raise ValueError("must be a positive multiple of 512 bytes")
    if value >= 1 << 63:
        raise ValueError("too large")
    return value


def duration(word):
    """A time in fio's way, kept as it is written."""
    if not re.fullmatch(r"0*[1-9]\d{0,8}(us|ms|s|m|h)?", word):
        raise ValueError("not a time such as 400ms or 2s")
    return word


def switch(word):
    if word not in ("on", "off"):
        raise ValueError("must be on or off")
    return word == "on"


def integer(low, high, of=""):
    def read(word):
        if not re.fullmatch(r"\d{1,18}", word) or not low <= int(word) <= high:
            raise ValueError(f"must be a whole number{of} from {low} to {high}")
        return int(word)

    return read


def power_of_two(low, high):
    def read(word):
        value = integer(low, high)(word)
        if value & (value - 1):
            raise ValueError(f"must be a power of two from {low} to {high}")
        return value

    return read


def choice(*words):
    def read(word):
        if word not in words:
            raise ValueError(f"must be one of {', '.join(words)}")
        return word

    return read


def text(word):
    if not word:
        raise ValueError("must not be empty")
    return word


def suggestion(word, known):
    """' (did you mean "x"?)' or the list of what there is."""
    close = difflib.get_close_matches(word, known, 1)
    if close:
        return f' (did you mean "{close[0]}"?)'
    return f" (known: {', '.join(known)})"
