# SPDX-License-Identifier: MIT
"""What a device is told to do wrong: one line each, `at REQUEST[-LAST] [queue N]: ACTION`.

Requests are numbered from 1, over all queues as they are taken or, with `queue N`, of that queue.
`#` begins a comment. ACTIONS has all of them.
"""

import re
from dataclasses import dataclass

LINE = re.compile(r"at (\d+)(?:-(\d+))?(?: queue (\d+))?: *(.+)")
# What each does, and what it takes: a number, of which unit.
ACTIONS = {
    "status": "N: the request is not done, and answered with this status byte (5.2.6)",
    "hold": "N ms: answered so much later",
    "hold until reset": "answered when its queue has been stopped, in the ring of before",
    "swallow": "never answered",
    "lose interrupt": "answered without a signal, whatever the driver asked for",
    "extra interrupt": "one signal more than is due",
    "lose doorbell": "after it the device looks at no ring of this queue until it is called again",
    "twice": "answered twice",
    "wrong id": "N: answered as another one: N is added to its id",
    "jump": "N: the used index (packed: the place) goes so much further",
    "length": "N: so many bytes are said to be written",
    "write after reset": "its data is written again when its queue has been stopped",
    "reverse": "N: it and the next N - 1 are answered in reverse order",
    "die": "the device ends at once, without a word",
}
TAKES_NUMBER = {"status", "hold", "wrong id", "jump", "length", "reverse"}


class ScriptError(Exception):
    """A line that nobody understands: FILE:LINE: what is wrong."""


@dataclass(frozen=True)
class Rule:
    first: int
    last: int
    queue: int  # None: all
    action: str
    number: int  # None where the action takes none

    def is_met(self, queue, of_all, of_queue):
        if self.queue not in (None, queue):
            return False
        return self.first <= (of_all if self.queue is None else of_queue) <= self.last


def _action(text):
    """(action, number) or ValueError"""
    words = re.fullmatch(r"([a-z ]+?)(?: (-?\d+)(?: ms)?)?", text)
    if not words or words[1] not in ACTIONS:
        raise ValueError(f'"{text}" is none of: {", ".join(ACTIONS)}')
    if (words[2] is not None) != (words[1] in TAKES_NUMBER):
        raise ValueError(f'"{words[1]}" takes {"a" if words[1] in TAKES_NUMBER else "no"} number')
    return words[1], None if words[2] is None else int(words[2])


def parse(text, name):
    """[Rule]"""
    rules = []
    for number, line in enumerate(text.splitlines(), 1):
        line = line.partition("#")[0].strip()
        if not line:
            continue
        match = LINE.fullmatch(line)
        if not match:
            raise ScriptError(f'{name}:{number}: not "at REQUEST[-LAST] [queue N]: ACTION"')
        try:
            action, value = _action(match[4])
        except ValueError as error:
            raise ScriptError(f"{name}:{number}: {error}") from None
        first = int(match[1])
        rules.append(Rule(first, int(match[2] or first),
                          None if match[3] is None else int(match[3]), action, value))
    return rules
