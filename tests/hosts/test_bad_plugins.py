# SPDX-License-Identifier: Apache-2.0
"""Every host over a folder of all that can be wrong with a plugin or its manifest.

The hosts: one in C on libtenon, one in C++ on the runtime, the commands, the Python package, the frameworks.
Each lists the reference device, uses it, and names the reason for everything else. Hosts run in
processes of their own, in sessions of their own, with a limit on time: what is tested would take
this one down as well.
"""

import json
import os
import pathlib
import re
import socket
import subprocess
import sys

import pytest

BUILD = pathlib.Path(__file__).resolve().parent.parent.parent / "build"
FIXTURES = BUILD / "reference_impl/loader/tests/fixtures"
TENON = BUILD / "bin/tenon"
# Of a child that tries a plugin, in seconds; and of a host, which may try several, one after another.
PROBE_LIMIT = 6
HOST_LIMIT = 240

# Plugins and what is said of them.
PLUGINS = {
    "aborts": "died of signal 6",
    "exits": "exit code 7",
    "hangs": "did not answer within",
    "load_crash": "died of signal 11",
    "load_kill_group": "died of signal 9",
    "entry_abort": "died of signal 6",
    "entry_leave": "exit code 0",
    "entry_hang": "did not answer within",
    "entry_crash": "died of signal 11",
    "create_abort": "died of signal 6",
    "create_leave": "exit code 0",
    "create_hang": "did not answer within",
    "create_spin": "did not answer within",
    "create_crash": "died of signal 11",
    "create_flood": "did not answer within",
    "create_hang_with_child": "did not answer within",
    "create_close_all": "exit code 3",
    "count_abort": "died of signal 6",
    "info_hang": "did not answer within",
    "info_crash": "died of signal 11",
    "open_abort": "died of signal 6",
    "open_hang": "did not answer within",
    "close_crash": "died of signal 11",
    "destroy_abort": "died of signal 6",
    "no_symbol": "does not export tn_plugin_entry",
    "wrong_major": "built for Tenon ABI 7",
    "wrong_hash": "built with another tenon.h",
    "refuses": "needs host 9.9",
    "no_device": "no Acme card in this machine",
    "no_dispatch": "gave no instance that starts with the dispatch pointer",
    "no_table_size": "struct_size = 0",
    "no_create": "has no function instance_create",
    "throws_in_entry": "threw an exception: bad license",
    "throws_in_create": "threw an exception: no firmware",
    "no_instance": "gave no instance",
    "many_devices": "says that it has 18446744073709551615 devices",
    "endless_name": "its name has no terminating zero",
    "odd_alignment": "its alignment is 12",
    "no_device_handle": "without a handle",
    "wild_table": "died of signal 11",
    "wild_function": "died of signal 11",
    "endless_error": "xxxx",
    "odd_status": "answered 0xffffffb3 without a message",
    "odd_bytes": "caf",
    "forged_answer": "wrote into the answer",
    "short_info": "changed struct_size to 8",
}
HANGS = [name for name, reason in PLUGINS.items() if "did not answer" in reason]


def manifest(name, library, **more):
    return json.dumps({"tenon_manifest": 1, "name": name, "library": str(library), **more})


def write_files(folder):
    """Files that are no manifests, or say what cannot be. Returns path -> reason."""
    reasons = {}

    def bad(name, reason, content=None):
        path = folder / f"{name}.tenon.json"
        if content is not None:
            path.write_bytes(content if isinstance(content, bytes) else content.encode())
        reasons[path.name] = reason
        return path

    bad("folder", "a folder").mkdir()
    os.mkfifo(bad("pipe", "a pipe"))
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(bad("socket", "a socket")))
    bad("endless", "a device").symlink_to("/dev/zero")
    bad("dangling", "a link to a file that is not there").symlink_to("/nowhere/x")
    loop = bad("loop", "Too many levels of symbolic links")
    loop.symlink_to(loop)
    with open(bad("huge", "larger than a mebibyte"), "wb") as huge:
        huge.truncate(100 << 20)
    bad("empty", "parse error", "")
    bad("bytes", "UTF-8", b'{"tenon_manifest": 1, "name": "\xff\xfe", "library": "x.so"}')
    bad("deep", "nested more than", "[" * 100_000 + "]" * 100_000)
    bad("twice", "stands there twice: \"name\"",
        '{"tenon_manifest": 1, "name": "a", "name": "b", "library": "x.so"}')
    bad("zero", "has a zero within", manifest("zero", "lib\0x.so"))
    bad("zero-name", "has a zero within", manifest("ze\0ro", "x.so"))
    bad("list", "must be a JSON object", "[1, 2]")
    bad("later", "is 99, and this loader knows", manifest("later", "x.so").replace("1,", "99,"))
    bad("nameless", '"name" is missing', '{"tenon_manifest": 1, "library": "x.so"}')
    bad("number", '"library" must be a string', '{"tenon_manifest": 1, "name": "n", "library": 7}')
    bad("elsewhere", "is for windows-x86_64, but this is",
        manifest("elsewhere", FIXTURES / "fixture_good.so", platforms=["windows-x86_64"]))
    bad("of-abi-9", "built for Tenon ABI 9.1", manifest("of-abi-9", FIXTURES / "fixture_good.so", abi="9.1"))
    bad("absent", "no such file", manifest("absent", "/nowhere/libabsent.so"))
    bad("of-a-folder", "a folder", manifest("of-a-folder", folder))
    os.mkfifo(folder / "pipe.so")
    bad("of-a-pipe", "a pipe", manifest("of-a-pipe", "pipe.so"))
    bad("of-a-device", "a device", manifest("of-a-device", "/dev/zero"))
    (folder / "text.so").write_text("version https://git-lfs.github.com/spec/v1\n")
    bad("of-text", "not a shared library", manifest("of-text", "text.so"))
    (folder / "half.so").write_bytes((FIXTURES / "fixture_good.so").read_bytes()[:3000])
    bad("half", "the file is truncated", manifest("half", "half.so"))
    # What cannot load must not shadow what can, not even the reference device.
    bad("aa-cpu", "died of signal 6", manifest("cpu", FIXTURES / "fixture_create_abort.so"))
    odd = os.fsencode(folder) + b"/odd-\xff.tenon.json"
    with open(odd, "w") as file:
        file.write("{")
    reasons["odd-"] = "parse error"
    return reasons


def write_plugin(folder, name):
    path = folder / f"{name}.tenon.json"
    path.write_text(manifest(name.replace("_", "-"), FIXTURES / f"fixture_{name}.so"))
    return path


@pytest.fixture(scope="module")
def bad_folder(tmp_path_factory):
    """All at once: the folder, and what is to be said of each."""
    folder = tmp_path_factory.mktemp("bad")
    reasons = write_files(folder)
    for name, reason in PLUGINS.items():
        reasons[write_plugin(folder, name).name] = reason
    assert len(reasons) >= 25
    return folder, reasons


def run(command, plugin_path, limit=HOST_LIMIT, **environment):
    clean = {k: v for k, v in os.environ.items() if not k.startswith("TENON_")}
    clean |= {"TENON_PLUGIN_PATH": str(plugin_path), "TENON_PROBE_TIMEOUT": str(PROBE_LIMIT),
              "PYTHONPATH": str(BUILD / "python"), "TF_CPP_MIN_LOG_LEVEL": "2", **environment}
    done = subprocess.run(command, env=clean, timeout=limit, start_new_session=True,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8",
                          errors="replace")
    assert done.returncode == 0, f"exit code {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done


def missing(reasons, said):
    """Those of which no line names both the plugin and the reason."""
    lines = said.splitlines()
    out = []
    for file, reason in reasons.items():
        stem = file.removesuffix(".tenon.json")
        names = {file, stem.replace("_", "-"), f"fixture_{stem}.so"}
        if not any(reason in line and any(n in line for n in names) for line in lines):
            out.append(f"{file}: {reason}")
    return out


def test_devices(bad_folder):
    folder, reasons = bad_folder
    done = run([TENON, "devices"], folder)
    assert re.search(r"^cpu:0 ", done.stdout, re.M)
    assert missing(reasons, done.stderr) == []


def test_doctor_names_every_path_and_why(bad_folder):
    folder, reasons = bad_folder
    said = run([TENON, "doctor"], folder).stdout
    assert missing(reasons, said) == []
    assert f"searched TENON_PLUGIN_PATH {folder}: {len(reasons)} manifests" in said
    assert re.search(r"^[1-9]\d* usable device", said, re.M)
    # One that only leaves a child behind is sound.
    assert "plugin cpu" in said


@pytest.mark.parametrize("program", ["tenon_list", "tenon_list_runtime"])
def test_the_lower_levels(bad_folder, program):
    """libtenon as a host in C calls it, each plugin opened for itself; and the runtime."""
    folder, reasons = bad_folder
    said = run([BUILD / "bin" / program], folder, TENON_PROBE_TIMEOUT="2").stdout
    assert missing(reasons, said) == []
    assert said.endswith("cpu works\n")


PYTHON = """
import json, tenon
print(json.dumps([vars(row) for row in tenon.devices()]))
assert tenon.device("cpu").name
"""


def test_python(bad_folder):
    folder, reasons = bad_folder
    rows = json.loads(run([sys.executable, "-c", PYTHON], folder).stdout.splitlines()[-1])
    assert any(row["spec"] == "cpu" and not row["reason"] for row in rows)
    said = "\n".join(f"{row['plugin']}: {row['reason']}" for row in rows if row["reason"])
    assert missing(reasons, said) == []


TORCH = """
import torch, torch_tenon
x = torch.ones(3, device=torch.device("tenon"))
assert (x + x).sum().item() == 6
"""
TENSORFLOW = """
import tensorflow as tf, tensorflow_tenon
assert tf.config.list_physical_devices("TENON")
with tf.device("/device:TENON:0"):
    assert float(tf.reduce_sum(tf.ones(3) + tf.ones(3))) == 6
"""


@pytest.mark.parametrize("package, script",
                         [("torch_tenon", TORCH), ("tensorflow_tenon", TENSORFLOW)])
def test_frameworks(bad_folder, package, script):
    if not (BUILD / "python" / package).is_dir():
        pytest.skip(f"{package} is not built")
    folder, reasons = bad_folder
    done = run([sys.executable, "-c", script], folder)
    # A plugin without hardware is no reason to warn.
    wanted = {file: reason for file, reason in reasons.items() if "no_device" not in file}
    wanted["no_device_handle.tenon.json"] = PLUGINS["no_device_handle"]
    assert missing(wanted, done.stderr) == []


@pytest.mark.parametrize("name", [name for name in PLUGINS if name not in HANGS])
def test_each_alone(tmp_path, name):
    write_plugin(tmp_path, name)
    done = run([TENON, "devices"], tmp_path, limit=60)
    assert re.search(r"^cpu:0 ", done.stdout, re.M)
    assert missing({f"{name}.tenon.json": PLUGINS[name]}, done.stderr) == []


@pytest.mark.parametrize("name", ["aborts", "create_abort", "no_device", "endless_name"])
def test_a_library_without_a_manifest(name):
    """One that must be loaded to learn its name, on the way to another plugin."""
    library = FIXTURES / f"fixture_{name}.so"
    done = run([sys.executable, "-c", "import tenon; print(tenon.device('cpu').name)"], library)
    assert done.stdout.strip()
    done = run([TENON, "devices"], library)
    assert re.search(r"^cpu:0 ", done.stdout, re.M)
    assert PLUGINS[name] in done.stderr


def test_no_child_is_left(tmp_path):
    """A plugin that hangs and has started a child: both go with the time limit."""
    write_plugin(tmp_path, "create_hang_with_child")
    library = os.fsencode(FIXTURES / "fixture_create_hang_with_child.so")
    run([TENON, "devices"], tmp_path, TENON_PROBE_TIMEOUT="1")

    def command_line(process):
        try:
            return (process / "cmdline").read_bytes()
        except OSError:
            return b""

    left = [p.name for p in pathlib.Path("/proc").glob("[0-9]*") if library in command_line(p)]
    assert left == []
