# SPDX-License-Identifier: MIT
"""Options -> QEMU's command line. Pure: looks at no file and starts nothing.

The n-th disk is /dev/vd(a+n) in the guest because the kernel names disks in the order of
its walk, bus by bus and slot by slot: every disk, or the bridge it lies behind, gets an
explicit slot, and firmware numbers the buses behind bridges in the order of their slots.
The boot image of a UEFI run is a SATA or IDE disk, so that it takes none of those names.
"""

import os
from dataclasses import dataclass, field
from typing import Optional
from urllib.parse import parse_qs, unquote, urlsplit

from host.base.errors import UsageError
from host.guest.disk import DEFAULT_SIZE
from host.guest.options import image_path
from host.guest.peer import peer_arguments, processors

FIRST_SLOT = 3  # pc keeps 0 and 1 for its own; q35 has 31
NBD_PORT = 10809


@dataclass
class Files:
    """The run's private files and descriptors, made by guest.py."""

    qmp_fd: int
    config: str
    result: str
    job: Optional[str] = None
    firmware: Optional[str] = None  # OVMF code
    variables: Optional[str] = None  # private copy of OVMF's variables
    vhost_sockets: dict = field(default_factory=dict)  # disk index -> path


def escape(value):
    """QEMU's option syntax doubles commas."""
    return str(value).replace(",", ",,")


def _counts_instructions(options):
    return "-icount" in options.qemu_args


def _onoff(flag):
    return "on" if flag else "off"


def is_boot_image(disk):
    """True when the disk under test is the image that UEFI boots from."""
    image = str(image_path())
    if disk.backend != "file" or not os.path.exists(image) or not os.path.exists(disk.path):
        return False
    return os.path.samefile(image, disk.path)


def _nbd_server(disk):
    """server.* and export= words of an NBD URL, or of a plain socket's path."""
    if "://" not in disk.path:
        return [f"file.server.type=unix,file.server.path={escape(disk.path)}"]
    try:
        url = urlsplit(disk.path)
        port = url.port or NBD_PORT
    except ValueError as error:
        raise UsageError(f"--disk {disk.spec}: path={disk.path}: {error}") from None
    export = unquote(url.path.lstrip("/"))
    words = [f"file.export={escape(export)}"] if export else []
    if url.scheme == "nbd" and url.hostname:
        return words + [f"file.server.type=inet,file.server.host={escape(url.hostname)},"
                        f"file.server.port={port}"]
    sockets = parse_qs(url.query).get("socket")
    if url.scheme == "nbd+unix" and sockets:
        return words + [f"file.server.type=unix,file.server.path={escape(sockets[0])}"]
    raise UsageError(f"--disk {disk.spec}: path={disk.path}: not nbd://HOST[:PORT]/EXPORT, "
                     "nbd+unix:///EXPORT?socket=PATH or a socket's path")


def _backend(index, disk):
    name = f"disk{index}"
    if disk.backend == "null":
        latency = f",latency-ns={disk.latency_ns}" if disk.latency_ns else ""
        return ["-blockdev", f"driver=null-co,node-name={name},read-zeroes=off,"
                f"size={disk.size or DEFAULT_SIZE}{latency}"]
    # discard=unmap: what the guest discards reaches the backend.
    common = (f"node-name={name},driver={disk.format or 'raw'},read-only={_onoff(disk.read_only)},"
              f"discard={'unmap' if disk.discard else 'ignore'}")
    if disk.backend == "file":
        return ["-blockdev", f"{common},file.driver=file,file.aio={disk.aio},"
                f"file.filename={escape(disk.path)}"]
    return ["-blockdev", ",".join([common, "file.driver=nbd", *_nbd_server(disk)])]


def _bus(index, disk):
    """Bridge arguments, and where the disk itself goes."""
    slot = f"0x{FIRST_SLOT + index:x}"
    bridge = f"bridge{index}"
    if disk.bus == "pcie-root-port":
        return (["-device", f"pcie-root-port,id={bridge},chassis={index + 1},slot={index + 1},"
                 f"addr={slot}"], f"bus={bridge},addr=0x0")
    if disk.bus == "pci-bridge":
        return (["-device", f"pci-bridge,id={bridge},chassis_nr={index + 1},addr={slot}"],
                f"bus={bridge},addr=0x1")
    return [], f"addr={slot}"


def _ring_words(disk, options):
    words = [f"num-queues={options.queues(disk)}", f"packed={_onoff(disk.packed)}",
             f"event_idx={_onoff(disk.event_idx)}", f"indirect_desc={_onoff(disk.indirect)}"]
    if disk.queue_size:
        words.append(f"queue-size={disk.queue_size}")
    if disk.vectors is not None:
        words.append(f"vectors={disk.vectors}")
    return words


def _vhost_device(index, disk, socket, place, options):
    chardev = ["-chardev", f"socket,id=vhost{index},path={escape(socket)}"]
    words = [f"vhost-user-blk-pci,id=vd{index},chardev=vhost{index}", place]
    return chardev + ["-device", ",".join(words + _ring_words(disk, options))]


def _blk_device(index, disk, place, options, iothread):
    words = [f"virtio-blk-pci,id=vd{index},drive=disk{index}", place]
    words += _ring_words(disk, options)
    words += [f"discard={_onoff(disk.discard)}", f"write-zeroes={_onoff(disk.write_zeroes)}"]
    if disk.logical != 512:
        words.append(f"logical_block_size={disk.logical},physical_block_size={disk.logical}")
    if disk.serial:
        words.append(f"serial={escape(disk.serial)}")
    if options.boot == "uefi" and is_boot_image(disk):
        words.append("bootindex=0")
    before = []
    if iothread:
        # A thread that polls the ring tells the guest so: now and then a doorbell less.
        polls = ",poll-max-ns=0" if _counts_instructions(options) else ""
        before = ["-object", f"iothread,id=iothread{index}{polls}"]
        words.append(f"iothread=iothread{index}")
    return before + ["-device", ",".join(words)]


def _disk_arguments(index, disk, options, files, iothread_default):
    bridge, place = _bus(index, disk)
    if disk.backend == "vhost-user":
        return bridge + _vhost_device(index, disk, files.vhost_sockets[index], place, options)
    iothread = iothread_default if disk.iothread is None else disk.iothread
    return _backend(index, disk) + bridge + _blk_device(index, disk, place, options, iothread)


def _boot_arguments(options, files):
    if options.is_peer():
        return peer_arguments(options)
    if options.boot == "pvh":
        return ["-kernel", str(options.kernel_path())]
    arguments = [
        "-drive", f"if=pflash,unit=0,format=raw,readonly=on,file={escape(files.firmware)}",
        "-drive", f"if=pflash,unit=1,format=raw,file={escape(files.variables)}"]
    if not any(is_boot_image(disk) for disk in options.disks):
        # snapshot=on: the image is never written, and many runs may share it.
        arguments += ["-drive", "if=none,id=boot,format=raw,snapshot=on,"
                      f"file={escape(image_path())}",
                      "-device", "ide-hd,drive=boot,bus=ide.0,bootindex=0"]
    return arguments


def _memory_arguments(options):
    arguments = ["-m", f"{options.memory_mib}M"]
    if any(disk.backend == "vhost-user" for disk in options.disks):
        # The storage daemon maps the guest's memory.
        arguments += ["-object", f"memory-backend-memfd,id=ram,size={options.memory_mib}M,share=on",
                      "-machine", "memory-backend=ram"]
    return arguments


def _cpu(options):
    """All that QEMU has; but from 9 on it offers x2APIC, whose registers its own counting of
    instructions cannot do with ("Bad icount read")."""
    return "max,-x2apic" if _counts_instructions(options) else "max"


def guest_command(options, files, accel, iothread_default):
    """QEMU's arguments. The guest starts stopped; QMP listens on files.qmp_fd."""
    command = [options.qemu, "-no-user-config", "-nodefaults", "-display", "none",
               "-no-reboot", "-S", "-machine", options.machine, "-accel", accel,
               "-cpu", _cpu(options), "-smp", str(processors(options))]
    command += _memory_arguments(options)
    command += ["-chardev", f"socket,id=qmp,fd={files.qmp_fd}", "-mon", "chardev=qmp,mode=control",
                "-chardev", "stdio,id=console,signal=off", "-serial", "chardev:console",
                "-chardev", f"file,id=result,path={escape(files.result)}",
                "-serial", "chardev:result",
                "-fw_cfg", f"name=opt/ringbolt/config,file={escape(files.config)}"]
    if files.job:
        command += ["-fw_cfg", f"name=opt/ringbolt/job,file={escape(files.job)}"]
    if not any(disk.is_image() for disk in options.disks):
        # Ends QEMU at once. Without it the guest powers off, or guest.py ends QEMU.
        command += ["-device", "isa-debug-exit,iobase=0xf4,iosize=0x04"]
    command += _boot_arguments(options, files)
    for index, disk in enumerate(options.disks):
        command += _disk_arguments(index, disk, options, files, iothread_default)
    return command + list(options.qemu_args)
