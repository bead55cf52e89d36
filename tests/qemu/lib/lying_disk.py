# SPDX-License-Identifier: MIT
"""A disk behind NBD that can lie: just enough of the protocol for QEMU's client.

Fixed newstyle negotiation, simple replies, one connection; the data is in memory. QEMU
merges neighbours, so I/Os are taken apart into blocks.
"""

import socket
import struct
import threading

FIXED_NEWSTYLE_NO_ZEROES = 3
OPTION_MAGIC, REPLY_MAGIC = 0x49484156454F5054, 0x3E889045565A9
OPTION_ABORT, OPTION_INFO, OPTION_GO = 2, 6, 7
ACK, INFO, UNSUPPORTED = 1, 3, 0x80000001
HAS_FLAGS_FLUSH_AND_TRIM = 1 | 4 | 32
BLOCK = 4096
REQUEST_MAGIC, SIMPLE_REPLY_MAGIC = 0x25609513, 0x67446698
READ, WRITE, DISCONNECT, FLUSH, TRIM = range(5)
TRIM_S = 0.002  # a trim takes its time; others overtake it


class LyingDisk:
    """An honest disk; subclasses override store() or fetch(), which see a block at a time."""

    def __init__(self, path, size):
        self.path = path
        self.data = bytearray(size)
        self.writes = {}  # of a block: how many
        self.trims = set()  # (offset, length) under way
        self.touched_trims = 0  # I/Os that came where a trim was under way
        self.sending = threading.Lock()
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(str(path))
        self.listener.listen()
        threading.Thread(target=self._serve, daemon=True).start()

    def store(self, offset, data, nth):
        """The nth write (from 1 on) of this block. Returns an errno, or None."""
        self.data[offset:offset + len(data)] = data

    def fetch(self, offset, length):
        return bytes(self.data[offset:offset + length])

    def close(self):
        self.listener.close()

    def _serve(self):
        try:
            while True:
                connection, _ = self.listener.accept()
                with connection, connection.makefile("rb") as requests:
                    if self._negotiate(connection, requests):
                        self._transmit(connection, requests)
        except (OSError, struct.error):
            pass  # closed, or the guest is gone

    def _negotiate(self, connection, requests):
        connection.sendall(b"NBDMAGIC" + struct.pack(">QH", OPTION_MAGIC,
                                                     FIXED_NEWSTYLE_NO_ZEROES))
        requests.read(4)
        while True:
            _, option, length = struct.unpack(">QII", requests.read(16))
            requests.read(length)

            def reply(kind, payload=b"", option=option):
                connection.sendall(struct.pack(">QIII", REPLY_MAGIC, option, kind, len(payload))
                                   + payload)

            if option in (OPTION_INFO, OPTION_GO):
                reply(INFO, struct.pack(">HQH", 0, len(self.data), HAS_FLAGS_FLUSH_AND_TRIM))
            reply(ACK if option in (OPTION_ABORT, OPTION_INFO, OPTION_GO) else UNSUPPORTED)
            if option in (OPTION_GO, OPTION_ABORT):
                return option == OPTION_GO

    def _reply(self, connection, cookie, error, payload=b""):
        with self.sending:
            connection.sendall(struct.pack(">IIQ", SIMPLE_REPLY_MAGIC, error, cookie) + payload)

    def _end_trim(self, connection, cookie, offset, length):
        self.data[offset:offset + length] = bytes(length)
        self.trims.remove((offset, length))
        self._reply(connection, cookie, 0)

    def _transmit(self, connection, requests):
        while True:
            _, _, kind, cookie, offset, length = struct.unpack(">IHHQQI", requests.read(28))
            payload, error = b"", 0
            if kind == DISCONNECT:
                return
            self.touched_trims += any(offset < at + span and at < offset + length
                                      for at, span in list(self.trims))
            if kind == TRIM:
                self.trims.add((offset, length))
                threading.Timer(TRIM_S, self._end_trim,
                                (connection, cookie, offset, length)).start()
                continue
            if kind == READ:
                payload = b"".join(self.fetch(at, min(BLOCK, offset + length - at))
                                   for at in range(offset, offset + length, BLOCK))
            elif kind == WRITE:
                data = requests.read(length)
                for at in range(0, length, BLOCK):
                    nth = self.writes[offset + at] = self.writes.get(offset + at, 0) + 1
                    error = self.store(offset + at, data[at:at + BLOCK], nth) or error
            self._reply(connection, cookie, error, payload)
