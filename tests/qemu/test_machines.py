# SPDX-License-Identifier: MIT
"""Where disks lie and what they are made of; how little a machine may have."""

import re

import pattern
import pytest
from guests import BUILD, PATTERN_BYTES, ROOT, nbd_server, vhost_user_server
from qemu_facts import facts
from test_data import READ_JOB, WRITE_JOB

QUICK = "rw=randread\nioengine=io_uring\nbs=4k\niodepth=8\nnumber_ios=200\n"


def jobs_on(*disks):
    return "".join(f"[{disk}]\nfilename=/dev/{disk}\n{QUICK}" for disk in disks)


def test_disks_behind_bridges_are_found_in_order(guest):
    run = guest.good(f"@{ROOT}/configs/machines/bridges.conf", job=jobs_on("vda", "vdb", "vdc"))
    assert [run.device(name)["id"] for name in ("vda", "vdb", "vdc")] == \
        ["on-root", "root-port", "bridge"]


def test_bridges_on_pc(guest):
    run = guest.good("--machine=pc", "--disk=backend=null,serial=first",
                     "--disk=backend=null,serial=second,bus=pci-bridge",
                     "--disk=backend=null,serial=third,bus=pci-bridge",
                     job=jobs_on("vda", "vdb", "vdc"))
    assert [run.device(name)["id"] for name in ("vda", "vdb", "vdc")] == \
        ["first", "second", "third"]


def test_26_disks_keep_their_order(guest):
    run = guest.good(*(f"--disk=backend=null,queues=1,serial=disk{i}" for i in range(26)),
                     job=jobs_on("vda", "vdk", "vdz"))
    assert [run.device(name)["id"] for name in ("vda", "vdk", "vdz")] == \
        ["disk0", "disk10", "disk25"]


def disks_of_functions(count):
    """More disks than there are slots: eight to each."""
    for i in range(count):
        yield "--qemu-arg=-blockdev"
        yield f"--qemu-arg=driver=null-co,node-name=x{i},read-zeroes=off,size=1048576"
        yield "--qemu-arg=-device"
        yield (f"--qemu-arg=virtio-blk-pci,drive=x{i},num-queues=1,multifunction=on,"
               f"addr={4 + i // 8}.{i % 8}")


def test_disks_that_are_too_many_are_not_used_and_said(guest):
    run = guest.good(*disks_of_functions(40), job=jobs_on("vda", "vdaf"))
    said = "41 disks are here, of which only the first 32 are used"
    assert said in run.out
    assert any(said in warning for warning in run.result["ringbolt"]["warnings"])
    run = guest.run(*disks_of_functions(40), job=jobs_on("vdag"))
    assert run.status == 2
    assert re.fullmatch(r"ringbolt: job\.fio:1: filename: \[vdag\] no disk /dev/vdag here "
                        r"\(there: (/dev/vd[a-z]+, )+\.\.\.\)\n", run.err), run.err


def test_cpus_that_are_too_many_are_not_used_and_said(guest):
    run = guest.good("--smp=66", "--memory=512", "--disk=backend=null,queues=1",
                     job=jobs_on("vda"))
    assert len(run.result["ringbolt"]["cpus"]) == 64
    assert any("CPU with APIC ID 64 and all after it left out: 64 is the limit" in warning
               for warning in run.result["ringbolt"]["warnings"])


@pytest.mark.parametrize("name, smp", [("everyday", 2), ("small", 1), ("many-cpus", 4),
                                       ("intx", 1)])
def test_machines_kept_as_files_boot(guest, name, smp):
    run = guest.good(f"@{ROOT}/configs/machines/{name}.conf", f"--smp={smp}", job=jobs_on("vda"))
    assert len(run.result["ringbolt"]["cpus"]) == smp


@pytest.mark.parametrize("machine", ["q35", "pc"])
def test_64_mib_are_enough(guest, machine):
    guest.good(f"--machine={machine}", "--memory=64", "--disk=backend=null,queues=4",
               job=jobs_on("vda"))


def test_more_memory_than_fits_below_4_gib(guest):
    guest.good("--memory=5120", "--disk=backend=null", job=jobs_on("vda"))


def apic_of(cpu):
    """What our kernel uses on QEMU's -cpu."""
    return "x2APIC" if cpu == "max" and facts().x2apic else "xAPIC"


@pytest.mark.parametrize("cpu", ["max", "max,-x2apic"])
@pytest.mark.parametrize("smp", [16, 64])
def test_many_cpus_share_few_queues(guest, smp, cpu):
    run = guest.good(f"--smp={smp}", "--disk=backend=null,queues=2", "--qemu-arg=-cpu",
                     f"--qemu-arg={cpu}",
                     job=f"[all]\nfilename=/dev/vda\nnumjobs={smp}\n{QUICK}")
    assert f"irq: {apic_of(cpu)}, timer" in run.out
    assert len(run.result["ringbolt"]["cpus"]) == smp
    assert run.total("requests") >= 200 * smp
    assert len(run.queues()) == 2


def test_a_cpu_that_no_message_reaches_gets_its_interrupts(guest):
    """Its APIC id is beyond the 8 bits of an MSI; only x2APIC can name it."""
    words = ("--smp=2", "--disk=backend=null,queues=2,latency-ns=5000000",
             *(f"--qemu-arg={word}" for word in
               ("-smp", "1,maxcpus=288,sockets=288", "-device",
                "max-x86_64-cpu,socket-id=280,core-id=0,thread-id=0")))
    job = "[both]\nfilename=/dev/vda\nnumjobs=2\nrw=randread\nnumber_ios=16\n"
    if not facts().x2apic:
        run = guest.run(*words, job=job)
        assert run.status == 2 and "requires kernel irqchip and X2APIC" in run.err
        return
    run = guest.good(*words, job=job)
    assert [cpu["apic_id"] for cpu in run.result["ringbolt"]["cpus"]] == [0, 280]
    assert run.device()["interrupts"] == "msix"
    for queue in run.queues():
        assert queue["completion"] == "irq" and queue["interrupts"] > 8


@pytest.mark.parametrize("sched", ["none", "deadline"])
@pytest.mark.parametrize("smp", [1, 2])
def test_a_job_gets_its_turn_on_a_queue_that_another_keeps_full(guest, smp, sched):
    run = guest.good(f"--smp={smp}", "--disk=backend=null,queues=1,queue-size=64",
                     f"--set=sched={sched}", job="""
[global]
filename=/dev/vda
ioengine=io_uring
bs=4k
exitall
[crowd]
rw=randread
iodepth=256
time_based
runtime=10
[few]
startdelay=500ms
rw=randwrite
fsync=1
number_ios=50
""")
    few = run.result["jobs"][1]
    assert (few["write"]["total_ios"], few["sync"]["total_ios"]) == (50, 49)


def test_more_queues_than_cpus_may_be_used(guest):
    run = guest.good("--smp=2", "--set=queues=8", "--disk=backend=null,queues=8",
                     job=f"[all]\nfilename=/dev/vda\nnumjobs=8\n{QUICK}")
    assert len(run.queues()) == 8
    assert all(queue["requests"] >= 200 for queue in run.queues())


@pytest.mark.parametrize("chain", ["direct", "indirect"])
@pytest.mark.parametrize("packed", ["on", "off"])
def test_chains_by_setting(guest, pattern_image, chain, packed):
    image = guest.file("disk.img", pattern_image)
    run = guest.good(f"--set=chain={chain}", f"--disk=backend=file,path={image},packed={packed}",
                     job=READ_JOB)
    assert run.device()["chain"] == chain


@pytest.mark.parametrize("interrupts, mode", [("msix", "msix"), ("intx", "intx"),
                                              ("none", "none"), ("auto", "msix")])
def test_interrupts_by_setting(guest, pattern_image, interrupts, mode):
    image = guest.file("disk.img", pattern_image)
    run = guest.good(f"--set=interrupts={interrupts}", f"--disk=backend=file,path={image}",
                     job=READ_JOB)
    assert run.device()["interrupts"] == mode
    assert (run.total("interrupts") > 0) == (mode != "none")
    told = {queue["completion"] for queue in run.queues()}
    assert told == {"poll" if mode == "none" else "irq"}
    assert {queue["completion"] for queue in run.queues("null0")} == {"poll"}


@pytest.mark.parametrize("engine", ["floor", "layer", "blk"])
@pytest.mark.parametrize("completion", ["irq", "adaptive"])
def test_without_interrupts_every_loop_polls_whatever_is_asked_for(guest, engine, completion):
    run = guest.good(f"--set=engine={engine}", f"--set=completion={completion}",
                     "--set=interrupts=none", "--disk=backend=null", job=jobs_on("vda"))
    assert run.total("completions") == 200
    assert {queue["completion"] for queue in run.queues()} == {"poll"}
    assert run.total("arms") == 0, "nothing sleeps for what does not come"


@pytest.mark.parametrize("packed", ["on", "off"])
@pytest.mark.parametrize("setting, ring", [("split", "split"), ("packed", "packed")])
def test_ring_by_setting_or_what_there_is(guest, setting, ring, packed):
    run = guest.good(f"--set=ring={setting}", f"--disk=backend=null,packed={packed}",
                     job=jobs_on("vda"))
    assert run.device()["ring"] == (ring if packed == "on" else "split")


@pytest.mark.parametrize("completion", ["irq", "poll", "adaptive"])
@pytest.mark.parametrize("depth, batch", [(1, 1), (128, 32)])
@pytest.mark.parametrize("engine", ["floor", "layer"])
def test_bare_loops_run_in_every_mode(guest, engine, completion, depth, batch):
    run = guest.good(f"--set=engine={engine}", f"--set=completion={completion}",
                     "--disk=backend=null,size=1G",
                     job=f"[bare]\nfilename=/dev/vda\nioengine=io_uring\nrw=randread\nbs=4k\n"
                         f"number_ios=5000\niodepth={depth}\niodepth_batch={batch}\n")
    read = run.result["jobs"][0]["read"]
    assert read["total_ios"] == 5000 and read["io_bytes"] == 5000 * 4096
    assert read["runtime"] > 0 and read["iops"] > 0
    assert run.total("requests") == run.total("completions") == 5000


def test_vhost_user_disk_holds_data(guest):
    image = guest.zeroes("disk.img", PATTERN_BYTES)
    run = guest.good(f"--disk=backend=vhost-user,path={image},queues=2", "--smp=2",
                     job=WRITE_JOB)
    assert pattern.faults(image.read_bytes()) == []
    assert len(run.queues()) == 2


def test_a_vhost_user_daemon_of_others_serves_guest_after_guest(guest):
    image, socket = guest.zeroes("disk.img", PATTERN_BYTES), guest.directory / "socket"
    with vhost_user_server(f"driver=file,filename={image}", socket):
        for _ in range(2):
            guest.good(f"--disk=backend=vhost-user,socket={socket}", job=WRITE_JOB)
    assert pattern.faults(image.read_bytes()) == []


def test_vhost_user_null_disk(guest):
    guest.good("--disk=backend=vhost-user,size=1G,packed=on", job=jobs_on("vda"))


@pytest.mark.parametrize("url", ["{}", "nbd+unix:///?socket={}"])
def test_nbd_disk_holds_data(guest, url):
    image = guest.zeroes("disk.img", PATTERN_BYTES)
    socket = guest.directory / "nbd"
    with nbd_server(image, socket):
        guest.good(f"--disk=backend=nbd,path={url.format(socket)}", job=WRITE_JOB)
    assert pattern.faults(image.read_bytes()) == []


def test_access_platform_with_an_iommu_in_the_machine(guest, pattern_image):
    image = guest.file("disk.img", pattern_image)
    run = guest.good("--qemu-arg=-device", "--qemu-arg=intel-iommu", "--qemu-arg=-global",
                     "--qemu-arg=virtio-blk-pci.iommu_platform=on", "--qemu-arg=-global",
                     "--qemu-arg=virtio-blk-pci.disable-legacy=on",
                     f"--disk=backend=file,path={image}", job=READ_JOB)
    assert "ACCESS_PLATFORM" in run.device()["features"].split()


def test_first_read_within_half_a_second_of_pvh_start(guest):
    run = guest.good("--disk=backend=null", job=jobs_on("vda"))
    assert 0 < run.result["ringbolt"]["boot_ns"]["entry_to_first_read"] < 500_000_000


def test_kernel_and_loader_fit_in_a_mebibyte():
    files = [BUILD / "kernel.elf", *BUILD.glob("BOOTX64.EFI")]
    assert sum(path.stat().st_size for path in files) <= 1 << 20


def test_isr_is_never_read_with_msix(guest):
    events = guest.directory / "events"
    events.write_text("memory_region_ops_read\nvirtio_set_status\n")
    run = guest.good("--set=completion=irq", "--disk=backend=null,iothread=off",
                     "--qemu-arg=-trace",
                     f"--qemu-arg=events={events},file={guest.directory / 'trace'}",
                     job=jobs_on("vda"))
    assert run.device()["interrupts"] == "msix"
    lines = (guest.directory / "trace").read_text().splitlines()
    # Firmware drove the disk before us, and reads what it likes.
    ours = max(index for index, line in enumerate(lines)
               if "virtio_set_status" in line and line.endswith("val 15"))
    assert any("virtio-pci" in line for line in lines[:ours]), "the trace sees the device"
    assert not any("virtio-pci-isr" in line for line in lines[ours:])
