# SPDX-License-Identifier: MIT
"""The document of a comparison as tables: for the console, and as Markdown."""

from statistics import median

from host.base import table
from host.compare.summary import cell_of, instructions_of, ratio_of
from host.guest.load import busy_count

_PERCENTILES = ("50", "99", "99.9")
_RATIOS = {"floor": "of floor", "linux": "x Linux", "base": "x base"}
_PLACEMENTS = {"one": "all of QEMU on one core", "split": "vCPUs on one core, all else on another",
               "none": "wherever the host puts them"}
_NONE = "-"
_FACTS = {"date": "date", "tool": "Ringbolt", "cpu": "host CPU", "kernel": "host kernel",
          "qemu": "QEMU", "machine": "machine", "firmware": "firmware"}
_WARNINGS_MAX = 3  # of a side


def title(document):
    """Where and how, in one line."""
    host = document["host"]
    rounds = document["rounds"]
    return (f"{host['accel'].upper()}, {host['qemu'].split(' (')[0]}, {host['cores']} host cores; "
            f"{rounds} round{'s' if rounds > 1 else ''} in turns, medians")


def subject(document):
    """What was compared: the sides that are no reference of another."""
    known = {ratio["against"] for ratio in document["ratios"] if ratio["kind"] == "floor"}
    labels = list(dict.fromkeys(side["label"] for side in document["sides"]
                                if side["key"] not in known))
    return (" against " if len(labels) == 2 else " · ").join(labels)


def _load(document):
    """What others on the host took of the guests' time."""
    shares = [share for cell in document["cells"] for share in cell["lost_shares"]
              if share is not None]
    if shares:
        yield "load", (f"others took {table.share(median(shares))} of a guest's time (median), "
                       f"{table.share(max(shares))} at worst")


def facts(document):
    """[(name, words)]: what whoever measures it again has to have alike."""
    found = [(name, document["host"][key]) for key, name in _FACTS.items()
             if key in document["host"]]
    ran = dict.fromkeys(side["software"] for side in document["sides"])
    return [*found, ("measured", "; ".join(ran)), *_load(document)]


def placement_words(name):
    return f"placement {name}: {_PLACEMENTS[name]}"


def _amount(spread, write):
    return write(spread["median"]) if spread else _NONE


def _range(spread):
    return f"{table.count(spread['low'])}-{table.count(spread['high'])}"


def factor(value):
    """Three digits: 0.123, 1.23, 12.3, 123; of less than a hundredth one: 0.0004."""
    if value < 0.01:
        return f"{value:.1g}"
    value = float(f"{value:.3g}")
    digits = 3 if value < 1 else 2 if value < 10 else 1 if value < 100 else 0
    return f"{value:.{digits}f}"


def ratio_words(ratio):
    """`52.1 [49.0, 55.3]`, shares of the floor in percent."""
    write = table.share if ratio["kind"] == "floor" else factor
    low, high = (write(ratio[end]).removesuffix(" %") for end in ("low", "high"))
    return f"{write(ratio['estimate'])} [{low}, {high}]"


def _ratio_or_none(ratio):
    return ratio_words(ratio) if ratio else _NONE


def kinds_of(document):
    """Kinds of reference there are, in the order of the columns."""
    there = {ratio["kind"] for ratio in document["ratios"]}
    return [kind for kind in _RATIOS if kind in there]


def _lost(cell):
    """The median of what others on the host took of the guest's time."""
    shares = [share for share in cell["lost_shares"] if share is not None]
    return table.share(median(shares)) if shares else _NONE


def _row(document, side, point, kinds):
    cell = cell_of(document, side["key"], point["name"])
    percentiles = cell["percentiles_ns"]
    return [side["label"], point["name"], _amount(cell["iops"], table.count),
            _range(cell["iops"]),
            *(_amount(percentiles.get(key), table.microseconds) for key in _PERCENTILES),
            _amount(cell["doorbells_per_io"], "{:.3f}".format),
            _amount(cell["interrupts_per_io"], "{:.3f}".format),
            _amount(cell["idle_share"], table.share), _lost(cell),
            *(_ratio_or_none(ratio_of(document, side["key"], point["name"], kind))
              for kind in kinds)]


def rows(document, placement):
    """(head, rows) of the sides of one placement, point by point."""
    kinds = kinds_of(document)
    head = ["mode", "point", "IOPS", "range", "p50 us", "p99 us", "p99.9 us", "doorbells/IO",
            "interrupts/IO", "CPU idle", "lost to others", *(_RATIOS[kind] for kind in kinds)]
    return head, [_row(document, side, point, kinds) for point in document["points"]
                  for side in document["sides"] if side["placement"] == placement]


def placements(document):
    return list(dict.fromkeys(side["placement"] for side in document["sides"]))


def _bases(document):
    labels = {side["key"]: side["label"] for side in document["sides"]}
    pairs = {ratio["side"]: ratio["against"] for ratio in document["ratios"]
             if ratio["kind"] == "base"}
    return [f"x base: {labels[side]} / {labels[base]}" for side, base in pairs.items()]


def _disks(document):
    return [f"{side['label']}: every disk with {','.join(side['disks_with'])}"
            for side in document["sides"] if side["disks_with"]]


def _warnings(document):
    for side in document["sides"]:
        texts = side["warnings"]
        for text in texts[:_WARNINGS_MAX]:
            yield f"{side['label']}: {text}"
        if texts[_WARNINGS_MAX:]:
            yield f"{side['label']}: and {len(texts) - _WARNINGS_MAX} warnings more"


def _busy(document):
    """What others on the host took, where they took much."""
    shares = [share for cell in document["cells"] for share in cell["lost_shares"]]
    if busy_count(shares):
        yield (f"the host was busy in {busy_count(shares)} of {len(shares)} measurements: others "
               f"took {100 * max(filter(None, shares)):.0f} % of a guest's time at worst")


def _confidence(document):
    """What the intervals are worth, said once."""
    levels = {round(100 * ratio["confidence"], 1) for ratio in document["ratios"]}
    if not levels:
        return []
    return [f"in brackets: {min(levels):g} % confidence intervals of the ratios of paired rounds"]


def submitting(document):
    """{side: {point: (mean latency, that part of it which is submitting)}}, in microseconds, of
    each side that is held against Linux and of Linux: percentiles leave the part out."""
    labels = {side["key"]: side["label"] for side in document["sides"]}
    found = {}
    for ratio in document["ratios"]:
        if (ratio["kind"], ratio["metric"]) == ("linux", "lat_ns"):
            for key in (ratio["side"], ratio["against"]):
                cell = cell_of(document, key, ratio["point"])
                found.setdefault(labels[key], {})[ratio["point"]] = tuple(
                    table.microseconds(cell[kind]["median"]) for kind in ("lat_ns", "slat_ns"))
    return found


def submitting_rows(document):
    """(head, rows)"""
    return ["side", "point", "mean latency us", "of which submitting us"], [
        [label, point, *means] for label, found in submitting(document).items()
        for point, means in found.items()]


def _submitting_lines(document):
    for label, found in submitting(document).items():
        means = (f"{point} {whole} us, of which {part}" for point, (whole, part) in found.items())
        yield f"mean latency, of which submitting: {label}: {'; '.join(means)}"


def _percentiles(document):
    if submitting(document):
        yield ("percentiles are of fio's clat, which begins when submitting (slat) is over: that "
               "favours Linux; mean latency is whole")


def short_notes(document):
    """Without what submitting_rows() has."""
    return [*dict.fromkeys(_bases(document)), *_disks(document), *_warnings(document),
            *_busy(document), *_confidence(document), *_percentiles(document),
            *document["notes"]]


def notes(document):
    own = document["notes"]
    found = short_notes(document)
    return [*found[:len(found) - len(own)], *_submitting_lines(document), *own]


def goal_rows(document):
    """(head, rows); no rows where nothing that has a goal took part."""
    labels = {side["key"]: side["label"] for side in document["sides"]}
    head = ["goal", "side", "point", "limit", "measured", "verdict"]
    found = []
    for goal in document["goals"]:
        write = table.share if goal["kind"] == "floor" else factor
        low, high = (write(goal[end]).removesuffix(" %") for end in ("low", "high"))
        found.append([goal["goal"], labels[goal["side"]], goal["point"], write(goal["limit"]),
                      f"{write(goal['estimate'])} [{low}, {high}]",
                      ": ".join(filter(None, (goal["verdict"], goal["why"])))])
    return head, found


def goal_sum(document):
    verdicts = [goal["verdict"] for goal in document["goals"]]
    return (f"{verdicts.count('met')} of {len(verdicts)} goals met, {verdicts.count('missed')} "
            f"missed, {verdicts.count('not decided')} not decided")


def verdicts(document):
    """What the comparison comes to, a line each."""
    labels = {side["key"]: side["label"] for side in document["sides"]}
    places = {side["key"]: side["placement"] for side in document["sides"]}
    lines = [goal_sum(document)] if document["goals"] else []
    for found in document["verdicts"]:
        words = ": ".join(filter(None, (found["verdict"], found["why"])))
        lines.append(f"{labels[found['side']]} against {labels[found['against']]}, "
                     f"{found['point']}, placement {places[found['side']]}: {words}")
    return lines


def console(document):
    parts = [title(document)]
    for placement in placements(document):
        parts.append(f"{placement_words(placement)}\n"
                     + table.plain(*rows(document, placement), left=2).rstrip("\n"))
    if notes(document):
        parts.append("\n".join(notes(document)))
    head, goals = goal_rows(document)
    if goals:
        parts.append(table.plain(head, goals, left=3).rstrip("\n"))
    if verdicts(document):
        parts.append("\n".join(verdicts(document)))
    return "\n\n".join(parts) + "\n"


def _headline_rows(document, side):
    """A row of IOPS, and below it one of each kind of ratio that this side has."""
    names = [point["name"] for point in document["points"]]
    cells = [cell_of(document, side["key"], name) for name in names]
    yield [side["label"], side["placement"], *(_amount(cell["iops"], table.count)
                                               for cell in cells)]
    for kind, metric, what in (("floor", "iops", "of floor"), ("linux", "iops", "x Linux"),
                               ("linux", "lat_ns", "mean latency / Linux's"),
                               ("linux", "p99_ns", "p99 / Linux's"), ("base", "iops", "x base")):
        found = [ratio_of(document, side["key"], name, kind, metric) for name in names]
        if any(found):
            yield [f"- {what}", "", *map(_ratio_or_none, found)]
    counts = [instructions_of(document, side["key"], name) for name in names]
    if any(counts):
        yield ["- guest instructions/IO", "",
               *(table.count(count) if count else _NONE for count in counts)]


def headline(document):
    """(head, rows): modes by points, ratios below their figures."""
    head = ["IOPS", "placement", *(point["name"] for point in document["points"])]
    return head, [row for side in document["sides"] for row in _headline_rows(document, side)]


def markdown(document):
    parts = [table.marked(title(document)), table.markdown(*headline(document), left=2)]
    parts += [f"- {table.marked(note)}" for note in [*verdicts(document), *notes(document)]]
    parts.append(table.markdown(["", "of the host"], facts(document), left=2))
    for placement in placements(document):
        parts.append(f"{placement_words(placement)}\n\n"
                     + table.markdown(*rows(document, placement), left=2))
    head, goals = goal_rows(document)
    if goals:
        parts.append(table.markdown(head, goals, left=3))
    return "\n\n".join(part.rstrip("\n") for part in parts) + "\n"
