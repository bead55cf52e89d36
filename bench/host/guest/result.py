# SPDX-License-Identifier: MIT
"""The result document: one JSON object in fio's schema plus the member "ringbolt"."""

import json
import os
import tempfile

from host.base.errors import GuestError, OutputError


class _Literal(float):
    """A float that is written as it was read: fio's tools see fio's digits."""

    def __new__(cls, text):
        value = super().__new__(cls, text)
        value.text = text
        return value


def parse_document(data):
    """fio's JSON as the guest sent it, or GuestError when it is not exactly one document."""
    if not data.strip():
        raise GuestError("the guest wrote no result")
    try:
        document = json.loads(data, parse_float=_Literal)
    except (ValueError, RecursionError) as error:
        raise GuestError(f"the guest's result is not one JSON document: {error}") from None
    if not isinstance(document, dict) or not isinstance(document.get("jobs"), list):
        raise GuestError("the guest's result has no jobs")
    return document


def parse_result(data):
    """What our kernel sent: fio's document and what the kernel adds to it."""
    document = parse_document(data)
    if not isinstance(document.get("ringbolt"), dict):
        raise GuestError('the guest\'s result has no object "ringbolt"')
    return document


def _format(value, indent):
    inner = indent + "  "
    if isinstance(value, dict):
        rows = [f"{inner}{json.dumps(key)} : {_format(item, inner)}"
                for key, item in value.items()]
        return "{\n" + ",\n".join(rows) + "\n" + indent + "}"
    if isinstance(value, list):
        rows = [inner + _format(item, inner) for item in value]
        return "[\n" + ",\n".join(rows) + "\n" + indent + "]"
    if isinstance(value, _Literal):
        return value.text
    if isinstance(value, float):
        return f"{value:f}"
    return json.dumps(value)


def format_result(document):
    """fio's text form: two spaces per level, `"key" : value`, floats as %f."""
    return _format(document, "") + "\n"


def _write(path, data):
    path = os.path.realpath(path)  # a link stays one
    if os.path.exists(path) and not os.path.isfile(path):
        with open(path, "wb") as file:
            file.write(data)
        return
    directory = os.path.dirname(path) or "."
    handle, temporary = tempfile.mkstemp(dir=directory, prefix=".ringbolt-")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise


def write_bytes(path, data):
    """The whole file or none: a result is never half written. Devices are just written."""
    try:
        _write(path, data)
    except OSError as error:
        raise OutputError(f"{path}: {error.strerror}") from None


def write_result(path, text):
    write_bytes(path, text.encode())


def member(document, *path):
    """document[a][b]..., or GuestError naming what the guest left out."""
    found = document
    for key in path:
        try:
            found = found[key]
        except (KeyError, IndexError, TypeError):
            words = "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in path)
            raise GuestError(f"the guest's result has no {words[1:]}") from None
    return found


def queue_counters(document, device=None):
    """Counters summed over the queues of one device, or of all."""
    total = {}
    for entry in document["ringbolt"].get("devices", []):
        if device is not None and entry.get("name") != device:
            continue
        for queue in entry.get("queues", []):
            for key, value in queue.items():
                if key not in ("index", "cpu") and isinstance(value, int):
                    total[key] = total.get(key, 0) + value
    return total


def idle_share(document):
    """Mean over the CPUs; 0 when the guest says nothing."""
    shares = [cpu.get("idle_share", 0.0) for cpu in document["ringbolt"].get("cpus", [])]
    return sum(shares) / len(shares) if shares else 0.0
