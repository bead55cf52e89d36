# SPDX-License-Identifier: MIT
"""A few hundred of the random jobs of `make torture-jobs`, by us and by the real fio."""

import subprocess

import installed_fio
from guests import ROOT


def test_random_jobs_are_what_fio_makes_of_them():
    installed_fio.release()  # says what is wrong if it is none that we follow
    done = subprocess.run([ROOT / "tests" / "torture" / "run", "--count=240", "--seed=1"],
                          capture_output=True, text=True, timeout=900, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
