"""The host side of Ringbolt: standard library only, one module per matter.

cli       command line -> Options; exit status
options   what a run is made of; disk (SPEC), texts (settings and job)
command   Options -> QEMU's arguments, a pure function
guest     one QEMU from start to result; process, qmp, placement, accel, console, storage
revision  the kernel of another commit, built beside this tree's
result    the JSON document: check, read figures out of it, write it in fio's text form
compare   `ringbolt bench`;  insns: `ringbolt insns`;  table: how both print
statistic medians and ratios of noisy rounds, with intervals and tests
"""
