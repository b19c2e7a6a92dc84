#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Whether a wheel of this tree is whole: what it is for lies in it, and it works in an environment where
nothing else of this tree is.

    check_wheel.py WHEEL        one of scripts/wheel; an adapter's needs that of tenon-ml beside it

The environment borrows frameworks, and NumPy, from the one that runs this.
"""

from __future__ import annotations

import fnmatch
import os
import pathlib
import subprocess
import sys
import sysconfig
import tempfile
import venv
import zipfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
# The standard as text, and the reference pages that it leads to.
PAGES = [f"tenon/share/tenon/docs/{folder}/{page.name}" for folder in ("spec", "reference")
         for page in sorted((ROOT / "docs" / folder).glob("*.md"))]  # fmt: skip

# By distribution: files that must be there (patterns), and a program that must run.
CONTENTS = {
    "tenon_ml": [
        "tenon/__init__.py", "tenon/_native*.so", "tenon/bin/tenon", "tenon/bin/tenon-probe",
        "tenon/bin/tenon_conformance", "tenon/include/tenon/tenon.h", "tenon/lib/libtenon.so",
        "tenon/lib/libtenon_cpu.so", "tenon/lib/libtenon_onnx.so", "tenon/lib/libtenon_runtime.so",
        "tenon/share/tenon/plugins/cpu.tenon.json", "tenon/share/tenon/template/device.c",
        "tenon/share/tenon/template_cpp/plugin.cc", "tenon/lib/cmake/tenon/tenonConfig.cmake",
        "tenon/lib/libtenon_device.a", "tenon/include/tenon/device/platform.h",
        "tenon_command/__init__.py", *PAGES,
    ],
    "tenon_ml_torch": ["torch_tenon/__init__.py", "torch_tenon/_C*.so"],
    "tenon_ml_tensorflow": [
        "tensorflow_tenon/__init__.py", "tensorflow_tenon/libtenon_tensorflow.so",
        "tensorflow_tenon/libtenon_tensorflow_*.*.so",
    ],
}  # fmt: skip
PROGRAMS = {
    "tenon_ml": """
import subprocess, sys, tenon
assert tenon.__file__.startswith(sys.prefix), tenon.__file__
names = [device.name for device in tenon.devices() if not device.reason]
assert names, f"none of these works: {tenon.devices()}"
tool = f"{sys.prefix}/bin/tenon"
subprocess.run([tool, "devices"], check=True, stdout=subprocess.DEVNULL)
told = subprocess.run([tool, "path", "spec"], check=True, capture_output=True, text=True).stdout.strip()
assert tenon.spec_path().samefile(told), (tenon.spec_path(), told)
for page in ("README.md", "08-kernels.md", "../reference/abi.md", "../reference/operators.md"):
    assert (tenon.spec_path() / page).is_file(), page
subprocess.run([tool, "conform", "cpu", "--filter", "InstanceTest.*"], check=True, stdout=subprocess.DEVNULL)
print(f"devices: {', '.join(names)}")
""",
    "tenon_ml_torch": """
import sys, torch  # Without an import of torch_tenon: the entry point does it.
y = torch.ones(3, device="tenon:0") + 1
import torch_tenon
assert torch_tenon.__file__.startswith(sys.prefix), torch_tenon.__file__
assert y.cpu().tolist() == [2, 2, 2], y
print(f"1 + 1 = 2 on {torch.tenon.get_device_name(0)}")
""",
    "tenon_ml_tensorflow": """
import sys, tensorflow_tenon, tensorflow as tf
assert tensorflow_tenon.__file__.startswith(sys.prefix), tensorflow_tenon.__file__
with tf.device("/device:TENON:0"):
    y = tf.ones(3) + 1
assert y.numpy().tolist() == [2, 2, 2], y
print(f"1 + 1 = 2 on {tensorflow_tenon.device_name(0)}")
""",
}


def check_contents(wheel: pathlib.Path, distribution: str) -> None:
    with zipfile.ZipFile(wheel) as archive:
        files = archive.namelist()
        metadata = archive.read(next(name for name in files if name.endswith(".dist-info/METADATA"))).decode()
    missing = [pattern for pattern in CONTENTS[distribution] if not fnmatch.filter(files, pattern)]
    if missing:
        sys.exit(f"{wheel} lacks {', '.join(missing)}")
    named = next(line for line in metadata.splitlines() if line.startswith("Name: "))[6:]
    if named.replace("-", "_") != distribution:
        sys.exit(f"{wheel} says that its name is {named}")


def check_use(wheels: list[pathlib.Path], distribution: str) -> None:
    with tempfile.TemporaryDirectory(prefix="check-wheel-") as name:
        venv.create(name, with_pip=False)
        site = next(pathlib.Path(name).glob("lib/python3*/site-packages"))
        subprocess.run(
            [sys.executable, "-m", "pip", "--python", f"{name}/bin/python", "install", "--quiet",
             "--disable-pip-version-check", "--no-deps", "--no-index", *wheels],
            check=True,
        )  # fmt: skip
        # A folder named in a .pth comes last on the path, and its own .pth files are not read: what
        # the build put into the environment that runs this is not found.
        (site / "frameworks.pth").write_text(sysconfig.get_path("purelib") + "\n")
        environment = {key: value for key, value in os.environ.items() if not key.startswith(("PYTHON", "TENON"))}
        environment |= {"TENON_DEVICES": "cpu", "TF_CPP_MIN_LOG_LEVEL": "2", "HOME": name}
        program = PROGRAMS[distribution]
        done = subprocess.run([f"{name}/bin/python", "-c", program], env=environment, cwd=name)
        if done.returncode != 0:
            sys.exit(f"{wheels[0]} does not work in an environment of its own")


def main() -> None:
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    wheel = pathlib.Path(sys.argv[1]).resolve()
    distribution = wheel.name.split("-")[0]
    if distribution not in CONTENTS:
        sys.exit(f"{wheel.name} is none of {', '.join(CONTENTS)}")
    check_contents(wheel, distribution)
    wheels = [wheel]
    if distribution != "tenon_ml":
        wheels += sorted(wheel.parent.glob("tenon_ml-*.whl"))
        if len(wheels) != 2:
            sys.exit(f"one wheel tenon_ml-*.whl is needed in {wheel.parent}: scripts/wheel tenon")
    check_use(wheels, distribution)
    print(f"{wheel.name}: whole, and works by itself")


if __name__ == "__main__":
    main()
