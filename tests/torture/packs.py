# SPDX-License-Identifier: MIT
"""A pack is a job file of many random jobs: one boot and one run of fio are shared by all."""

import re
from dataclasses import dataclass, field

import draw
import sides
import table

# Why an option is not drawn where sequences are compared.
FIOS_FILE = "fio would do something to the file that stands for the disk"
BY_TIME = "what is issued goes by time, or by another job's"
NO_SEQUENCE = {
    "bs_unaligned": "fio takes it at its word, on a file",
    "directory": FIOS_FILE, "filename_format": FIOS_FILE, "unique_filename": FIOS_FILE,
    "file_append": FIOS_FILE, "unlink": FIOS_FILE, "unlink_each_loop": FIOS_FILE,
    "create_on_open": FIOS_FILE, "allow_file_create": FIOS_FILE,
    "time_based": BY_TIME, "runtime": BY_TIME, "ramp_time": BY_TIME, "exitall": BY_TIME,
    "exitall_on_error": BY_TIME, "exit_what": BY_TIME, "flow": BY_TIME, "flow_id": BY_TIME,
    "flow_sleep": BY_TIME, "latency_target": BY_TIME, "latency_window": BY_TIME,
    "latency_run": BY_TIME, "max_latency": BY_TIME, "rate_min": BY_TIME,
    "rate_iops_min": BY_TIME, "steadystate": BY_TIME, "steadystate_duration": BY_TIME,
    "steadystate_ramp_time": BY_TIME, "thinktime_iotime": BY_TIME,
    "thinktime_spin": "fio 3.33 does not always come to its end",
    "fill_device": "what it ends with on a file is not what it ends with on a disk",
    "hipri": "files are not polled",
    "nowait": "fio fails where a file would have to wait",
    "uncached": "fio fails on kernels and file systems that have it not",
    "group_reporting": "fio 3.33 loses entries of groups in which not all jobs have it",
    "block_error_percentiles": "fio 3.33 cannot always report it",
    "sync_file_range": "fio's mix of reads and writes counts its calls",
    "openfiles": "fio goes on with the files that it has open",
    "cmdprio_percentage": "not each kernel takes each command with a priority",
    "cmdprio_bssplit": "not each kernel takes each command with a priority",
    "sqthread_poll_cpu": "the host need not have that CPU",
    "lockfile": "fio's jobs run all at once, and lock files that are the same disk",
    "nrfiles": "fio goes on with the files that it has open",
    "create_serialize": "fio tells the order of its jobs by their set-up",
    "wait_for": "fio's jobs run all at once", "startdelay": "fio's jobs run all at once",
    "write_bw_log": "files", "write_lat_log": "files", "write_iops_log": "files",
    "write_hist_log": "files",
    "do_verify": "nothing is read back", "verify": "nothing is read back",
    "verify_only": "nothing is read back", "verify_pattern": "nothing is read back",
    "stats": "fio leaves an empty entry in the place of a job without",
    "io_submit_mode": "fio 3.33 does not always come to its end",
    "lat_percentiles": "fio wants it alike in all jobs of a group",
    "filename": "the pack's", "ioengine": "the pack's", "description": "the echo is compared",
}
NO_FILE = dict.fromkeys(("pre_read", "fsync_on_close"), "fio has no file open with ioengine=null")
KINDS = {
    "null": draw.Kind(("null",), {**NO_SEQUENCE, **NO_FILE}),
    "disk": draw.Kind(("psync", "sync", "pvsync2", "libaio", "libaio", "io_uring", "posixaio"),
                      {**NO_SEQUENCE, "random_distribution": "a disk's name seeds it"}),
}
DISKS = {"vda": 1 << 20, "vdb": (1 << 20) - 512, "vdc": 655360, "vdd": 1000 * 1024}
SETTINGS = ("completion=irq", "completion=poll", "completion=adaptive", "queues=1", "ring=packed",
            "ring=split", "chain=direct", "chain=indirect", "sched=deadline", "segment_bytes=512",
            "segment_bytes=1536", "event_idx=off", "queue_size=4", "stages=full",
            "trace_events=128", "json_plus=on")
REFUSED = re.compile(r"^(?:ringbolt: )?job\.fio:(\d+): (.*)$", re.MULTILINE)
# What fio does with a job that we refuse as it is set up.
OFF_SECTOR = "an I/O off the sectors"
NOTHING = "nothing"
DROPPED = re.compile(r"^fio: job (.*) dropped", re.MULTILINE)


@dataclass
class Difference:
    what: str  # "fio refuses", "we refuse", "crash", "hang", or fields that differ
    job: draw.Job
    ours: object = None
    fios: object = None
    together: tuple = ()  # the jobs of a merged entry
    thread: int = 0  # its number, 0: not known

    def __str__(self):
        where = f" of thread {self.thread}" if self.thread else ""
        return f"{self.what}{where}: ours {self.ours}, fio's {self.fios}\n{self.job.text()}"


@dataclass
class Pack:
    kind: str
    seed: str
    number: int
    head: draw.Job
    jobs: list
    disks: list  # names
    words: list  # of our side
    differences: list = field(default_factory=list)

    def text(self, jobs=None):
        head = self.head.text() if self.head.options else ""
        return head + "".join(job.text() for job in (self.jobs if jobs is None else jobs))

    def lines_of(self):
        """The job that each line of the file belongs to."""
        lines = [None] * (len(self.head.text().splitlines()) if self.head.options else 0)
        for job in self.jobs:
            lines += [job] * len(job.text().splitlines())
        return lines


def draw_pack(options, kind, seed, number, count):
    dice = draw.dice_of(f"{seed} {kind}", number)
    names = sorted(DISKS)
    head = draw.draw_global(dice, options, KINDS[kind], min(DISKS.values()))
    jobs = []
    for index in range(count):
        chosen = [dice.choice(names)]
        if dice.random() < 0.1:
            chosen = dice.sample(names, dice.randint(2, 3))
        where = ":".join(name if kind == "null" else f"/dev/{name}" for name in chosen)
        job = draw.draw_job(dice, options, KINDS[kind], f"j{index}", where,
                            min(DISKS[name] for name in chosen), head)
        for option in ("stonewall", "new_group"):
            if dice.random() < 0.05 and not draw.has(job, options[option]):
                job.options[option] = None
        jobs.append(job)
    words = [f"--set={word}" for word in dice.sample(SETTINGS, dice.choice((0, 0, 1, 2)))]
    words.append(f"--smp={dice.choice((1, 1, 2, 3))}")
    return Pack(kind, seed, number, head, jobs, [] if kind == "null" else names, words)


def remove(pack, jobs, what, said):
    for job in jobs:
        pack.jobs.remove(job)
        pack.differences.append(Difference(what, job, *said[job.name]))


def drop_unparsed(pack, program, directory):
    """What our parser refuses, by itself; fio is asked whether it does, too."""
    verdicts = table.accepted(program, sides.release(),
                              [pack.text([job]) for job in pack.jobs], directory)
    refused = {job.name: lines for job, (good, lines) in zip(pack.jobs, verdicts) if not good}
    for job in [job for job in pack.jobs if job.name in refused]:
        if sides.fio_accepts(directory, pack.text([job])):
            remove(pack, [job], "we refuse", {job.name: (refused[job.name][0], "accepted")})
        else:
            pack.jobs.remove(job)


def what_fio_does(pack, job, directory):
    """Alone with this job, on files: they take what a disk would not."""
    theirs = sides.run_fio(directory, pack.text([job]), DISKS)
    if any(thread.off_sector for thread in theirs.threads):
        return OFF_SECTOR
    if not any(thread.ios for thread in theirs.threads):
        return NOTHING
    return f"status {theirs.status}, {theirs.threads}"


def run_both(pack, directory):
    """Both sides, of those jobs that both take; others are taken out, one side's word noted."""
    while pack.jobs:
        ours = sides.run_ours(directory, pack.text(),
                              [f"backend=null,size={DISKS[name]}" for name in pack.disks],
                              pack.words)
        refused = {}
        for line, said in REFUSED.findall(ours.said) if ours.status == 2 else ():
            job = pack.lines_of()[int(line) - 1]
            refused.setdefault(job.name, (said, what_fio_does(pack, job, directory)))
        if refused:
            remove(pack, [job for job in pack.jobs if job.name in refused], "set-up", refused)
            continue
        theirs = sides.run_fio(directory, pack.text(), DISKS)
        dropped = set(DROPPED.findall(theirs.said)) if not theirs.entries else set()
        if theirs.stuck:
            owners = job_of_threads(pack)
            stuck = {owners[index].name: index + 1 for index in theirs.stuck}
            remove(pack, [job for job in pack.jobs if job.name in stuck], "fio hangs",
                   {name: (f"thread {at}", theirs.said[-300:]) for name, at in stuck.items()})
            continue
        if not dropped:
            return ours, theirs
        remove(pack, [job for job in pack.jobs if job.name in dropped], "fio refuses",
               {name: ("accepted", theirs.said[-300:]) for name in dropped})
    return None, None


def counts(entry):
    found = {"jobname": entry["jobname"], "groupid": entry["groupid"], "error": entry["error"]}
    for name in (*sides.DIRECTIONS, "mixed"):
        if name in entry:
            found[name] = (entry[name]["total_ios"], entry[name]["io_bytes"])
    found["sync"] = entry.get("sync", {}).get("total_ios")
    found["options"] = {name: value.replace("/dev/", "")
                        for name, value in entry.get("job options", {}).items()
                        if name not in ("stonewall", "wait_for_previous", "new_group")}
    return found


def job_of_threads(pack):
    """The job of each thread, in the order of threads."""
    found = []
    for job in pack.jobs:
        number = job.options.get("numjobs") or pack.head.options.get("numjobs") or "1"
        found += [job] * int(number, 0)
    return found


def compare(pack, ours, theirs):
    by_name = {job.name: job for job in pack.jobs}
    by_name.update({job.options["name"]: job for job in pack.jobs if "name" in job.options})
    our_entries, fios_entries = ([counts(entry) for entry in side.entries]
                                 for side in (ours, theirs))
    if [e["jobname"] for e in our_entries] != [e["jobname"] for e in fios_entries]:
        yield Difference("job list", pack.jobs[0], [e["jobname"] for e in our_entries],
                         [e["jobname"] for e in fios_entries])
        return
    merges = "group_reporting" in pack.head.options
    begins = [pack.jobs.index(by_name[entry["jobname"]]) for entry in our_entries] + [None]
    for at, (our, fio) in enumerate(zip(our_entries, fios_entries)):
        together = tuple(pack.jobs[begins[at]:begins[at + 1]]) if merges else ()
        for key in sorted(set(our) | set(fio)):
            if our.get(key) != fio.get(key):
                yield Difference(key, by_name[our["jobname"]], our.get(key), fio.get(key),
                                 together)
    owners = job_of_threads(pack)
    for at, (job, our, fio) in enumerate(zip(owners, ours.threads, theirs.threads)):
        if our.digest != fio.digest:
            yield Difference("sequence", job, our.digest, fio, thread=at + 1)
    if not len(owners) == len(ours.threads) == len(theirs.threads):
        yield Difference("threads", pack.jobs[0], len(ours.threads), len(theirs.threads))


def torture(pack, program, directory):
    drop_unparsed(pack, program, directory)
    ours, theirs = run_both(pack, directory)
    if ours is None:
        return
    if ours.status not in (0, 1):
        pack.differences.append(Difference(f"status {ours.status}", pack.jobs[0], ours.said))
    elif theirs.status is None:
        pack.differences.append(Difference("fio hangs", pack.jobs[0], "", theirs.said[-500:]))
    else:
        pack.differences += compare(pack, ours, theirs)
