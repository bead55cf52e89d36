"""What jobs need of a machine's memory: no more than they use, and no more at once than runs at
once."""

MEMORY_MIB = 64
SMALL = (f"--memory={MEMORY_MIB}", "--disk=backend=null,size=64G")


def job_file(*jobs, common=""):
    text = f"[global]\nfilename=/dev/vda\nioengine=libaio\n{common}\n"
    return text + "".join(f"[job{index}]\n" + job.replace(" ", "\n") + "\n"
                          for index, job in enumerate(jobs))


def test_trims_need_no_buffers(guest):
    run = guest.good(*SMALL, job=job_file("rw=trim bs=1g iodepth=64", "rw=randtrim bs=512m"))
    assert [job["trim"]["io_bytes"] for job in run.result["jobs"]] == [64 << 30] * 2
