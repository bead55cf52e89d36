# SPDX-License-Identifier: MIT
"""The result document."""

import json

import pytest

from host.base.errors import GuestError
from host.guest.result import (format_result, idle_share, parse_result, queue_counters, write_bytes,
                               write_result)

FIO = '''{
  "fio version" : "fio-3.33",
  "jobs" : [
    {
      "jobname" : "a \\"b\\"",
      "iops" : 12345.678900,
      "bw" : 17,
      "empty" : {

      }
    }
  ],
  "ringbolt" : {
    "devices" : [
      {
        "name" : "vda",
        "queues" : [
          {
            "index" : 0,
            "cpu" : 0,
            "requests" : 5
          },
          {
            "index" : 1,
            "cpu" : 1,
            "requests" : 7
          }
        ]
      },
      {
        "name" : "vdb",
        "queues" : [
          {
            "index" : 0,
            "cpu" : 0,
            "requests" : 100
          }
        ]
      }
    ],
    "cpus" : [
      {
        "index" : 0,
        "idle_share" : 0.500000
      },
      {
        "index" : 1,
        "idle_share" : 1.000000
      }
    ]
  }
}
'''


def test_fios_text_form_survives_reading_and_writing():
    assert format_result(parse_result(FIO.encode())) == FIO


def test_figures_are_summed_per_device_and_over_all():
    document = parse_result(FIO.encode())
    assert queue_counters(document) == {"requests": 112}
    assert queue_counters(document, "vda") == {"requests": 12}
    assert idle_share(document) == 0.75


@pytest.mark.parametrize("text, complaint", [
    ("", "no result"), ("  \n", "no result"), ("{", "not one JSON document"),
    (FIO + "{}", "not one JSON document"), (FIO + "noise", "not one JSON document"),
    ("[]", "no jobs"), ("{}", "no jobs"), ('{"jobs": []}', 'no object "ringbolt"'),
])
def test_anything_but_one_document_is_refused(text, complaint):
    with pytest.raises(GuestError, match=complaint):
        parse_result(text.encode())


def test_a_failed_write_leaves_the_old_file(tmp_path):
    path = tmp_path / "r.json"
    write_result(str(path), "old")
    with pytest.raises(TypeError):
        write_bytes(str(path), None)
    assert path.read_text() == "old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["r.json"]
    write_result("/dev/null", json.dumps({}))
