# SPDX-License-Identifier: MIT
"""The timed part of the gate: this side and the one before, by the clock, in turns.

The host is shared: it drifts by half within a minute and stalls whole rounds. Hence, before a
figure fails:

side by side      both sides run within seconds of each other, and which is first alternates;
                  a round is a pair, and what the host did to it cancels out of the quotient
ranks             Wilcoxon's exact signed-rank test that "now" costs more, p < 0.01
an effect         the estimate of the quotient has to be 5 % or more: smaller ones may be real,
                  but where the linker puts things makes them too
a second time     what is suspected is measured again in twice as many rounds, and fails only if
                  p < 0.001 for all suspects together (Holm): many figures shall be many chances
                  to suspect and not to err

Equal sides are suspected in one gate of six, which costs time, and fail in less than one of
a thousand (tests/host/test_regress_timed.py tries it).
"""

from dataclasses import dataclass
from statistics import median

from host.base.errors import GuestError
from host.base.statistic import paired_p, paired_ratio
from host.compare.insns import DISK, boot
from host.compare.measure import turns
from host.guest.load import busy_count, lost_share
from host.guest.result import member
from host.regress.verdict import BUSY, PASS, SLOWER, Verdict

ROUNDS = 16
AGAIN = 2  # times as many rounds for suspects
SCREEN, ALPHA = 0.01, 0.001
EFFECT = 1.05
RUNTIME_MS = 150
TIMEOUT_S = 60
IOPS = "IOPS"
LOST = "lost to others %"  # of a boot's time; never judged
BUSY_BOOTS = 0.1  # more of them are said
_PERCENTILES = (("p50 ns", "50.000000"), ("p99 ns", "99.000000"))


@dataclass(frozen=True)
class Side:
    name: str
    words: tuple  # of `ringbolt run`: kernel, QEMU, disk


def _job_text(timed):
    return "".join(
        f"[qd{depth}]\nstonewall\nfilename=/dev/{DISK}\nioengine=io_uring\nrw=randread\nbs=4k\n"
        f"norandommap\niodepth={depth}\niodepth_batch={batch}\n"
        f"iodepth_batch_complete_max={batch}\ntime_based\nruntime={RUNTIME_MS}ms\n"
        for depth, batch in timed.depths).encode()


def figures(timed, document):
    """{(case, figure): value} of one boot."""
    found = {}
    for index, (depth, _) in enumerate(timed.depths):
        read = member(document, "jobs", index, "read")
        if not read["total_ios"]:
            raise GuestError(f"{timed.case_name(depth)}: the guest's result has no reads")
        case = timed.case_name(depth)
        found[case, IOPS] = float(read["iops"])
        for name, key in _PERCENTILES:
            found[case, name] = member(read, "clat_ns", "percentile", key)
    return found


def _run(timed, side):
    words = ["--set=status_interval_ms=0", f"--set=completion={timed.mode}",
             f"--placement={timed.placement}", f"--timeout={TIMEOUT_S}", *side.words]
    document = boot(words, f"{side.name}, {timed.mode}", _job_text(timed))
    found = figures(timed, document)
    if lost_share(document) is not None:
        found[timed.mode, LOST] = lost_share(document)
    return found


def measure_rounds(timed_cases, sides, rounds, progress):
    """{(case, figure): (values before, values now)}; `sides`: before, now."""
    samples = {}
    for number in range(rounds):
        for timed in timed_cases:
            progress(f"round {number + 1} of {rounds}, {timed.mode}")
            for side in turns(sides, number):
                for name, value in _run(timed, side).items():
                    samples.setdefault(name, ([], []))[sides.index(side)].append(value)
    return samples


def _costs(name, values):
    """What is better when it is less."""
    return [1 / value for value in values] if name[1] == IOPS else values


def worse_p(name, before, now):
    """The p-value that it did not get worse."""
    return paired_p(_costs(name, now), _costs(name, before))


def slowdown(name, before, now):
    """By what factor it costs more, with its interval."""
    return paired_ratio(_costs(name, now), _costs(name, before))


def holm(p_values, alpha):
    """The names whose hypotheses fall, all of them wrong with a chance of less than alpha."""
    fallen = []
    ordered = sorted(p_values, key=p_values.get)
    for index, name in enumerate(ordered):
        if p_values[name] >= alpha / (len(ordered) - index):
            break
        fallen.append(name)
    return fallen


def _matter(samples, names):
    return [name for name in names if slowdown(name, *samples[name]).estimate >= EFFECT]


def _p_values(samples):
    return {name: worse_p(name, *pair) for name, pair in samples.items()}


def suspected(samples):
    """Figures that seem worse, by enough to matter."""
    return _matter(samples, [name for name, p in _p_values(samples).items() if p < SCREEN])


def proved(samples):
    """Figures that are worse, by enough to matter; one is wrong with a chance below ALPHA."""
    return _matter(samples, holm(_p_values(samples), ALPHA))


def _verdict(name, pair, is_slower, note):
    ratio = slowdown(name, *pair)
    words = (f"costs x{ratio.estimate:.3f}, {100 * ratio.confidence:.0f} % interval "
             f"{ratio.low:.3f} to {ratio.high:.3f}{note}")
    return Verdict("timed", *name, SLOWER if is_slower else PASS, median(pair[0]),
                   median(pair[1]), words)


def _of_the_host(samples):
    """({figure: values}, what is to be told of the host)"""
    verdicts = []
    for (mode, figure), pair in samples.items():
        if figure == LOST:
            busy, boots = busy_count([*pair[0], *pair[1]]), len(pair[0]) + len(pair[1])
            state = BUSY if busy > BUSY_BOOTS * boots else PASS
            verdicts.append(Verdict("timed", mode, LOST, state,
                                    *(100 * median(shares) for shares in pair),
                                    f"the host was busy in {busy} of {boots} boots"))
    return {name: pair for name, pair in samples.items() if name[1] != LOST}, verdicts


def judge_timed(timed_cases, sides, rounds, progress, measure=measure_rounds):
    """Verdicts on all figures; `sides`: before, now."""
    samples, host = _of_the_host(measure(timed_cases, sides, rounds, progress))
    suspects = suspected(samples)
    if not suspects:
        return [_verdict(name, pair, False, "") for name, pair in samples.items()] + host
    modes = {case.partition(" ")[0] for case, _ in suspects}
    again = measure([timed for timed in timed_cases if timed.mode in modes], sides,
                    AGAIN * rounds, lambda words: progress(f"again: {words}"))
    samples.update({name: again[name] for name in suspects})
    slower = proved({name: again[name] for name in suspects})
    return [_verdict(name, pair, name in slower,
                     ", measured again" if name in suspects else "")
            for name, pair in samples.items()] + host
