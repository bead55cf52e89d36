# SPDX-License-Identifier: MIT
"""The vhost-user protocol as a back end speaks it, as far as a block device needs it.

Source: QEMU, docs/interop/vhost-user.rst. A message: request, flags, size, then so many bytes.
"""

import array
import os
import socket
import struct

from memory import Memory, Region

(GET_FEATURES, SET_FEATURES, SET_OWNER, RESET_OWNER, SET_MEM_TABLE) = range(1, 6)
(SET_VRING_NUM, SET_VRING_ADDR, SET_VRING_BASE, GET_VRING_BASE, SET_VRING_KICK, SET_VRING_CALL,
 SET_VRING_ERR, GET_PROTOCOL_FEATURES, SET_PROTOCOL_FEATURES, GET_QUEUE_NUM,
 SET_VRING_ENABLE) = range(8, 19)
GET_CONFIG, SET_CONFIG = 24, 25
SET_STATUS, GET_STATUS = 39, 40
HEADER = struct.Struct("<III")
VERSION, REPLY, NEED_REPLY = 1, 4, 8
FDS_MOST = 8
NO_FD = 0x100
F_PROTOCOL_FEATURES = 1 << 30
# MQ, REPLY_ACK, CONFIG, STATUS
PROTOCOL_FEATURES = 1 << 0 | 1 << 3 | 1 << 9 | 1 << 16


def receive(connection):
    """(request, flags, payload, fds), or None at the other side's end."""
    fds = array.array("i")
    head, ancillary, _, _ = connection.recvmsg(HEADER.size, socket.CMSG_SPACE(FDS_MOST * 4))
    if len(head) < HEADER.size:
        return None
    for level, kind, data in ancillary:
        if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
            fds.frombytes(data[:len(data) // 4 * 4])
    request, flags, size = HEADER.unpack(head)
    payload = b""
    while len(payload) < size:
        more = connection.recv(size - len(payload))
        if not more:
            return None
        payload += more
    return request, flags, payload, list(fds)


def reply(connection, request, payload):
    connection.sendall(HEADER.pack(request, VERSION | REPLY, len(payload)) + payload)


def regions_of(payload, fds):
    count = struct.unpack_from("<I", payload)[0]
    return [Region(guest, size, user, offset, fd) for (guest, size, user, offset), fd
            in zip(struct.iter_unpack("<QQQQ", payload[8:8 + 32 * count]), fds)]


class BackEnd:
    """Answers messages; what concerns the queues goes to `device`, which has vring_*() for it."""

    def __init__(self, connection, device):
        self.connection, self.device = connection, device
        self.memory = Memory()
        self.features = self.status = 0

    def message(self):
        """One message; False at the other side's end."""
        got = receive(self.connection)
        if got is None:
            return False
        request, flags, payload, fds = got
        answer = self._answer(request, payload, fds)
        if answer is not None:
            reply(self.connection, request, answer)
        elif flags & NEED_REPLY:
            reply(self.connection, request, struct.pack("<Q", 0))
        return True

    def _answer(self, request, payload, fds):
        """What is sent back, or None."""
        if request in (SET_VRING_KICK, SET_VRING_CALL, SET_VRING_ERR):
            return self._descriptor(request, payload, fds)
        number = struct.unpack_from("<Q", payload)[0] if len(payload) >= 8 else 0
        index, value = number & 0xffffffff, number >> 32
        if request == GET_FEATURES:
            return struct.pack("<Q", self.device.features | F_PROTOCOL_FEATURES)
        if request == GET_PROTOCOL_FEATURES:
            return struct.pack("<Q", PROTOCOL_FEATURES)
        if request == GET_QUEUE_NUM:
            return struct.pack("<Q", self.device.queue_count)
        if request == GET_CONFIG:
            offset, size, config_flags = struct.unpack_from("<III", payload)
            config = self.device.config().ljust(offset + size, b"\0")[offset:offset + size]
            return struct.pack("<III", offset, size, config_flags) + config
        if request == GET_VRING_BASE:
            return struct.pack("<II", index, self.device.vring_stop(index))
        if request == GET_STATUS:
            return struct.pack("<Q", self.status)
        if request == SET_FEATURES:
            self.features = number
        elif request == SET_MEM_TABLE:
            self.memory.set_regions(regions_of(payload, fds))
        elif request == SET_VRING_NUM:
            self.device.vrings[index].size = value
        elif request == SET_VRING_BASE:
            self.device.vrings[index].base = value
        elif request == SET_VRING_ADDR:
            index, _, descriptors, used, available, _ = struct.unpack_from("<IIQQQQ", payload)
            self.device.vrings[index].user = (descriptors, available, used)
        elif request == SET_VRING_ENABLE:
            self.device.vring_enable(index, value)
        elif request == SET_STATUS:
            self.status = number
            self.device.status(number)
        return None

    def _descriptor(self, request, payload, fds):
        number = struct.unpack_from("<Q", payload)[0]
        fd = None if number & NO_FD or not fds else fds[0]
        vring = self.device.vrings[number & 0xff]
        if request == SET_VRING_KICK:
            self.device.vring_start(vring, fd)
        elif request == SET_VRING_CALL:
            vring.replace_call(fd)
        elif fd is not None:
            os.close(fd)
