# SPDX-License-Identifier: MIT
"""Values of options: by an option's type, or by its name where most values of the type would mean
nothing, or take minutes.

A value is a text; None is a bare option. `job` has the options that the job has so far, `dice`
is a random.Random.
"""

SECTOR = 512
BLOCKS = (512, 1024, 1536, 2048, 3072, 4096, 4096, 4096, 4608, 5120, 8192, 8192, 12288, 16384,
          20480, 32768, 65536)
DISTRIBUTIONS = ("random", "zipf:1.2", "zipf:0.7", "zipf:1.1:0.3", "pareto:0.3", "pareto:0.1:0.7",
                 "normal:20", "normal:50:0.2", "zoned:60/10:30/20:10/70", "zoned:50/5:50/95",
                 "zoned_abs:60/20k:40/44k")
VERIFIED = ("crc32c", "crc32c-intel", "crc32", "crc16", "crc7", "crc64", "md5", "sha1", "xxhash",
            "meta")
PATTERNS = ("0xab12", "\"abc\"", "305419896", "0xff%o\"x\"", "0x00")


def size(dice, length_bytes):
    """One number, in one of the ways to write it."""
    ways = [str(length_bytes), hex(length_bytes)]
    for unit, suffixes in ((1024, ("k", "K", "ki", "kI")), (1024 ** 2, ("m", "M", "mi"))):
        if length_bytes and length_bytes % unit == 0:
            ways += [f"{length_bytes // unit}{dice.choice(suffixes)}"] * 3
    return dice.choice(ways)


def bytes_of(text, disk_bytes):
    """What such a text stands for; a percentage is of the disk."""
    if text.endswith("%"):
        return disk_bytes * int(text[:-1]) // 100 + 65536
    digits = text.rstrip("kKmMiI")
    unit = {"": 1, "k": 1024, "m": 1024 ** 2}[text[len(digits):].lower().rstrip("i")]
    return int(digits, 0) * unit


def aligned(dice, most, least=SECTOR):
    """Bytes; small ones are as likely as large ones, and one in forty is no whole sector."""
    length = max(least, int(least * (most / least) ** dice.random()))
    if dice.random() < 0.025:
        return length
    return max(least, length - length % dice.choice((SECTOR, SECTOR, 4096)))


def per_direction(dice, draw):
    """One value, or up to three; a place may be left empty."""
    count = dice.choice((1, 1, 1, 2, 3))
    texts = [draw() for _ in range(count)]
    if count > 1 and dice.random() < 0.15:
        texts[dice.randrange(count)] = ""
    return ",".join(texts) if any(texts) else draw()


def block(dice, _job):
    return per_direction(dice, lambda: size(dice, dice.choice(BLOCKS)))


def block_range(dice, _job):
    def pair():
        low, high = dice.choice(BLOCKS[:12]), dice.choice(BLOCKS)
        if dice.random() < 0.8:
            high = max(low, high - high % low)
        return f"{size(dice, low)}-{size(dice, high)}"
    return per_direction(dice, pair)


def block_split(dice, _job):
    """The smallest has a share: fio 3.33 draws for ever where only one without fits."""
    def entries():
        blocks = sorted(dice.choice(BLOCKS) for _ in range(dice.randint(1, 4)))
        left, texts = 100, []
        for number, length in enumerate(blocks):
            percent = left if number == len(blocks) - 1 else dice.randint(number == 0, left)
            left -= percent
            shown = "" if dice.random() < 0.15 and number else str(percent)
            texts.append(f"{size(dice, length)}/{shown}")
        dice.shuffle(texts)
        return ":".join(texts)
    return per_direction(dice, entries)


def extent(dice, job):
    if dice.random() < 0.1 and job.engine != "null":
        return f"{dice.randint(5, 100)}%"
    return size(dice, aligned(dice, job.disk_bytes // 2, least=65536))


def budget(dice, job):
    if dice.random() < 0.2:
        return f"{dice.randint(5, 120)}%"
    return size(dice, aligned(dice, job.disk_bytes, least=4096))


def end_of_file(dice, job):
    return size(dice, aligned(dice, job.disk_bytes, least=131072))


def start(dice, job):
    if dice.random() < 0.2 and job.engine != "null":
        return f"{dice.randint(0, 45)}%"
    return size(dice, aligned(dice, job.disk_bytes // 2))


def increment(dice, job):
    if dice.random() < 0.2 and job.engine != "null":
        return f"{dice.randint(0, 15)}%"
    return size(dice, aligned(dice, job.disk_bytes // 8))


def direction(dice, job):
    trims = ("trim", "randtrim", "trimwrite", "randtrimwrite") if job.may_trim else ()
    way = dice.choice(("read", "write", "rw", "readwrite", "randread", "randread", "randwrite",
                       "randrw", "randrw") + trims * 2)
    if dice.random() < 0.75:
        return way
    if way.startswith("rand"):
        return f"{way}:{dice.randint(1, 12)}"
    if way == "trimwrite":
        return way  # fio 3.33 may go round for ever with steps
    step = dice.choice((512, 1024, 4096, 8192, 12288, 65536))
    return f"{way}:{dice.choice(('', '', '-'))}{size(dice, step)}"


def log_prefix(dice, _job):
    return dice.choice((None, "log", "some-log"))


def percents(dice, _job):
    return str(dice.randint(0, 100))


def percents_per_direction(dice, job):
    return per_direction(dice, lambda: percents(dice, job))


def pick(*texts):
    return lambda dice, _job: dice.choice(texts)


def between(low, high):
    return lambda dice, _job: str(dice.randint(low, high))


def sized(low, high):
    return lambda dice, _job: size(dice, aligned(dice, high, low))


def each(low, high):
    return lambda dice, _job: per_direction(dice, lambda: str(dice.randint(low, high)))


BY_NAME = {
    "name": lambda dice, job: f"{dice.choice(('other', 'one of them'))} {job.name}",
    "rw": direction,
    "bs": block,
    "ba": block,
    "bsrange": block_range,
    "bssplit": block_split,
    "size": extent,
    "io_size": budget,
    "offset": start,
    "offset_increment": increment,
    "offset_align": sized(SECTOR, 65536),
    "filesize": end_of_file,
    "number_ios": between(0, 200),
    "loops": between(1, 3),
    "iodepth": between(1, 70),
    "iodepth_batch": between(0, 40),
    "iodepth_batch_complete_min": between(0, 40),
    "iodepth_batch_complete_max": between(0, 40),
    "iodepth_low": between(0, 40),
    "numjobs": between(1, 3),
    "startdelay": pick("0", "10ms", "0-20ms"),
    "continue_on_error": pick("none", "read", "write", "io", "verify", "all", "0", "1"),
    "percentage_random": percents_per_direction,
    "rwmixread": percents,
    "rwmixwrite": percents,
    "randseed": between(0, 1 << 40),
    "random_distribution": pick(*DISTRIBUTIONS),
    "fsync": between(0, 20),
    "fdatasync": between(0, 20),
    "verify": pick(*VERIFIED),
    "verify_pattern": pick(*PATTERNS),
    "buffer_pattern": pick(*PATTERNS[:3]),
    "verify_interval": pick("512", "1k", "4k", "100", "80", "64k"),
    "verify_offset": pick("512", "40", "100", "1k"),
    "verify_backlog": between(0, 30),
    "verify_backlog_batch": between(0, 40),
    "thinktime": pick("0", "1", "20us"),
    "thinktime_spin": pick("0", "1us"),  # longer than thinktime= fio 3.33 never ends
    "thinktime_blocks": between(0, 10),
    "thinktime_iotime": pick("0", "1ms"),
    "cpus_allowed": pick("0"),
    "cpumask": pick("1"),
    "direct": pick("0"),
    "buffered": pick("1", None),
    "percentile_list": pick("50", "1:50:99.9", "99.99:50", "100"),
    "latency_percentile": pick("100", "99.9", "50"),
    "write_bw_log": log_prefix,
    "write_lat_log": log_prefix,
    "write_iops_log": log_prefix,
    "write_hist_log": log_prefix,
    "log_avg_msec": between(0, 100),
    "log_hist_msec": between(0, 100),
    "zonesize": sized(SECTOR, 262144),
    "zonerange": sized(1 << 17, 262144),
    "zoneskip": sized(SECTOR, 131072),
    "max_latency": pick("10m"),
    "rate": each(1 << 30, 1 << 31),
    "rate_iops": each(1000000, 2000000),
    "rate_cycle": between(1000, 5000),
    "steadystate": pick("iops:20%", "bw_slope:0.5%"),
    "mem": pick("malloc", "shm"),
    "scramble_buffers": pick("0", "1"),
    "iomem_align": pick("512", "4k"),
    "sync_file_range": pick("write:8", "wait_before:2"),
    "uid": pick("0"),
    "gid": pick("0"),
    "nice": pick("0", "1"),
    "ioscheduler": pick("none"),
    "prio": between(0, 7),
    "verify_async": between(0, 3),
    "verify_async_cpus": pick("0"),
    "gtod_cpu": pick("0"),
    "numa_cpu_nodes": pick("0"),
    "numa_mem_policy": pick("local"),
    "ignore_error": pick("EIO", "5:28"),
    "cmdprio": pick("0", "3"),
    "cmdprio_class": pick("1", "2"),
    "cmdprio_percentage": pick("0", "50"),
    "cmdprio_bssplit": pick("4k/50"),
    "cmdprio_hint": pick("0", "1"),
    "cmd_type": pick("nvme"),
    "apptag": pick("0x1234"),
    "apptag_mask": pick("0xffff"),
    "deac": pick("0"),
    "md_per_io_size": pick("0"),
    "pi_act": pick("0", "1"),
    "pi_chk": pick("GUARD", "APPTAG,REFTAG"),
    "readfua": pick("0"),
    "writefua": pick("0"),
    "write_mode": pick("write"),
    "verify_mode": pick("read"),
    "steadystate_check_interval": pick("1s"),
    "hipri_percentage": percents,
    "verifysort": pick("1"),
    "verifysort_nr": pick("1"),
    "flow_watermark": pick("1"),
    "openfiles": between(1, 4),
    "nrfiles": between(1, 4),
}


def value(dice, option, job):
    """A value of this option; None: it stands bare. KeyError: nobody said what it takes."""
    if option.name in BY_NAME:
        return BY_NAME[option.name](dice, job)
    if option.type == "flag":
        return dice.choice((None, None, "1", "0"))
    if option.type == "bool":
        return dice.choice("01")
    if option.type == "choice":
        return dice.choice(option.choices)
    if option.type == "time":
        return str(dice.randint(0, 1000))
    if option.type == "text":
        return "text"
    if option.type == "number":
        most = min(option.maximum or 1 << 20, max(option.minimum + 1, 4096))
        return str(dice.randint(option.minimum, most))
    raise KeyError(option.name)
