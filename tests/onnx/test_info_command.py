# SPDX-License-Identifier: Apache-2.0
"""`tenon info`: what it prints of a device, for people and for programs."""

import json
import subprocess

import pytest
from test_run_command import COMMAND


def info(*words):
    return subprocess.run([COMMAND, "info", *words], check=True, capture_output=True, text=True).stdout


def test_json_has_properties_options_and_operators():
    told = json.loads(info("cpu?memory=mapped&memory_limit=4096", "--json"))
    assert told["total_memory"] == 4096
    assert told["properties"]["memory_free"] == {"value": [4096], "unit": "bytes"}
    memory = next(row for row in told["options"] if row["name"] == "memory")
    assert (memory["type"], memory["default"]) == ("choice", "unified")
    assert memory["choices"] == "unified|discrete|mapped"
    add = next(row for row in told["operators"] if row["name"] == "Add")
    assert "float32" in add["types"]["T"] and 14 in add["versions"]


def test_the_table_has_a_line_for_each():
    lines = info("cpu", "--layer", "validation").splitlines()
    assert any(line.split()[:1] == ["memory_free"] and line.endswith("bytes") for line in lines)
    assert any(line.split()[:3] == ["memory_limit", "integer", "0"] for line in lines)
    assert any(line.split()[:1] == ["tenon.Fill"] and "T: float32" in line for line in lines)


def test_an_unknown_device_is_an_error():
    with pytest.raises(subprocess.CalledProcessError):
        info("nosuch")
