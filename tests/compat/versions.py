# SPDX-License-Identifier: Apache-2.0
"""Versions of Tenon that do not exist: this tree as ABI 1.0, 1.1 and 2.0.

1.1 has what a minor version may bring: a field at the end of a struct that hosts fill and of a host's
services, one at the end of a struct that plugins fill and of a row that they lend, a function at the end of the table, a
value of an enum, an element type (and its plugin a newer version of an operator). The registry is changed and everything is generated from it, as a real version would be made.
"""
import os
import pathlib
import re
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
# What a loader and a plugin of a version consist of.
PARTS = ["CMakeLists.txt", "cmake", "include", "spec", "scripts/abi_hash.py", "docs/reference",
         "reference_impl/platform", "reference_impl/loader", "reference_impl/layers", "plugins/template"]
VERSIONS = {"1.0": (1, 0, False), "1.1": (1, 1, True), "2.0": (2, 0, True)}

LATER_VALUE = "TN_DEVICE_ACCELERATOR = 3"
LATER_TYPE = "- {{name: later, number: {number}, short: later, bits: 8, kind: unsigned, use: named}}\n"
LATER_SLOT = """\
      - slot: {slot}
        name: device_later
        doc: Writes 11.
        params:
        - *device
        - "uint64_t* value": [filled, own, needed, result]
        - *error

"""


def replaced(text, old, new):
    if text.count(old) < 1:
        raise ValueError(f"the tree no longer has what this test changes: {old!r}")
    return text.replace(old, new, 1)


def with_field(text, struct, field):
    """`field` at the end of `struct`."""
    start = text.index(f"  - struct: {struct}\n")
    end = re.compile(r"\n  - |\n\n- section").search(text, start + 1).start()
    return text[:end] + "\n    - " + field + text[end:]


def registry_of(text, major, minor, later):
    text = replaced(text, "  - define: TN_ABI_MAJOR\n    value: 0", f"  - define: TN_ABI_MAJOR\n    value: {major}")
    text = re.sub(r"(  - define: TN_ABI_MINOR\n    value: )\d+", rf"\g<1>{minor}", text)
    if not later:
        return text
    text = with_field(text, "tn_device_desc", "uint64_t later:\n      is: [value, own, unknown]")
    text = with_field(text, "tn_host", "uint64_t later:\n      is: [value, any, any]")
    text = with_field(text, "tn_device_info", "uint64_t later")
    text = with_field(text, "tn_operator_entry", "uint64_t later")
    text = replaced(text, LATER_VALUE, LATER_VALUE + ", TN_DEVICE_LATER = 4")
    slots = len(re.findall(r"^      - slot: ", text.split("  - dispatch: ")[1].split("  - struct: tn_handle")[0], re.M))
    return replaced(text, "  - struct: tn_handle\n", LATER_SLOT.format(slot=slots) + "  - struct: tn_handle\n")


def types_of(text):
    """With one more element type, behind the last."""
    numbers = re.findall(r"^- \{name: \w+, number: (\d+)", text, re.M)
    end = text.rindex("- {name: ", 0, text.index("\n\n", text.rindex(f"number: {numbers[-1]},")))
    end = text.index("\n", end) + 1
    return text[:end] + LATER_TYPE.format(number=int(numbers[-1]) + 1) + text[end:]


def make(version, folder):
    """Lays out the sources of a version and generates what is generated."""
    shutil.rmtree(folder, ignore_errors=True)
    for part in PARTS:
        source, target = ROOT / part, folder / part
        target.parent.mkdir(parents=True, exist_ok=True)
        (shutil.copytree if source.is_dir() else shutil.copy2)(source, target)
    registry = folder / "spec/abi.yaml"
    registry.write_text(registry_of(registry.read_text(), *VERSIONS[version]))
    types = folder / "spec/element_types.yaml"
    if VERSIONS[version][2]:
        types.write_text(types_of(types.read_text()))
    # A function that only asks needs no hand-written half in the validation layer.
    checks = folder / "spec/generator/validation_files.py"
    checks.write_text(replaced(checks.read_text(), "PLAIN = [", 'PLAIN = ["device_later", '))
    (folder / "spec/abi.lock").unlink()
    subprocess.run([sys.executable, folder / "spec/generate_abi.py", "--lock"], check=True)


def build(folder, cmake, c_compiler, cxx_compiler, jobs):
    """Its libtenon and template, unoptimized: only their answers matter."""
    environment = os.environ | {"CCACHE_BASEDIR": str(folder), "CCACHE_NOHASHDIR": "1"}
    switches = ["TESTS", "ONNX", "PYTHON", "PYTORCH", "TENSORFLOW", "FUZZ"]
    subprocess.run([cmake, "-G", "Ninja", "-S", folder, "-B", folder / "build", "-DCMAKE_BUILD_TYPE=Debug",
                    "-DCMAKE_C_FLAGS_DEBUG=-O0", "-DCMAKE_CXX_FLAGS_DEBUG=-O0",
                    f"-DCMAKE_C_COMPILER={c_compiler}", f"-DCMAKE_CXX_COMPILER={cxx_compiler}"] +
                   [f"-DTENON_BUILD_{s}=OFF" for s in switches], check=True, stdout=subprocess.DEVNULL)
    done = subprocess.run([cmake, "--build", folder / "build", "-j", str(jobs), "--target", "tenon", "tenon_template"],
                          env=environment, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"{folder} does not build:\n{done.stdout[-4000:]}{done.stderr[-4000:]}")
