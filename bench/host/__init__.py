# SPDX-License-Identifier: MIT
"""The host side of Ringbolt: standard library only, one module per matter.

cli       command line -> Options; exit status
options   what a run is made of; disk (SPEC), texts (settings and job)
command   Options -> QEMU's arguments, a pure function
guest     one QEMU from start to result; process, qmp, placement, accel, console, storage, and
images    the files behind disks: looked at, created
facts     what a result says of its host;  load      what others on the host took meanwhile
version   which release and commit this is
revision  the kernel of another commit, built beside this tree's
result    the JSON document: check, read figures out of it, write it in fio's text form
compare   `ringbolt compare` and `ringbolt bench`: sides taking turns; its parts are
sides     who takes part;  points: the job file's;  measure: rounds;  summary: what they say
goals     what is to be reached;  present: the tables (table)
report    as a page, of charts and charts_rows, which draw with svg
insns     `ringbolt insns`, and what the gate counts; instructions: how, also in a comparison
regress   `ringbolt regress` and `baseline`; regress_cases, _baseline, _counted, _timed, _verdict
statistic medians and ratios of noisy rounds, with intervals and tests
"""
