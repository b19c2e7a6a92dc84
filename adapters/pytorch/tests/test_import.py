# SPDX-License-Identifier: Apache-2.0
"""Importing: a build for another torch or Python is an error before its library is loaded, and what
waits for another module runs once that is imported."""

import os
import pathlib
import shutil
import subprocess
import sys

import pytest
import torch_tenon
from torch_tenon import _imports

PACKAGE = pathlib.Path(torch_tenon.__file__).parent
ENTRY_POINT = "[torch.backends]\ntorch_tenon = torch_tenon:_autoload\n"


@pytest.fixture
def installed(tmp_path):
    """A folder with a torch_tenon whose library cannot be loaded and whose `_build.py` is `build`;
    returns run(build, program)."""
    package = tmp_path / "torch_tenon"
    shutil.copytree(PACKAGE, package, ignore=shutil.ignore_patterns("*.so", "__pycache__"))
    (package / "_C.py").write_text("raise SystemExit('the library was loaded')")
    metadata = tmp_path / "torch_tenon-0.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: torch-tenon\nVersion: 0.0\n")
    (metadata / "entry_points.txt").write_text(ENTRY_POINT)

    def run(build, program):
        (package / "_build.py").write_text(build)
        return subprocess.run(
            [sys.executable, "-c", program],
            env=dict(os.environ, PYTHONPATH=str(tmp_path)),
            capture_output=True,
            text=True,
            timeout=120,
        )

    return run


OTHER_TORCH = 'TORCH_VERSION = "2.9.1"\nEXTENSION_SUFFIX = ".so"\n'
OTHER_PYTHON = (PACKAGE / "_build.py").read_text() + 'EXTENSION_SUFFIX = ".cpython-27.so"\n'


@pytest.mark.parametrize(
    "build, message",
    [(OTHER_TORCH, "built for torch 2.9, you have torch 2."), (OTHER_PYTHON, "cpython-27")],
)
def test_a_build_that_does_not_fit(installed, build, message):
    # Asked for by name: an error.
    for program in ("import torch_tenon", "import torch, torch_tenon"):
        result = installed(build, program)
        assert result.returncode == 1 and "ImportError: torch_tenon was built" in result.stderr
        assert message in result.stderr and "the library was loaded" not in result.stderr
    # Found by torch on its own: a warning, and torch works.
    result = installed(build, "import torch; print(torch.ones(2).sum().item())")
    assert result.returncode == 0, result.stderr
    assert result.stdout == "2.0\n" and f"No tenon devices: torch_tenon was built" in result.stderr
    assert message in result.stderr


@pytest.mark.parametrize("first", ["torch", "torch_tenon", "torch, torch_tenon"])
def test_autoload_works_in_any_order(tmp_path, first):
    metadata = tmp_path / "torch_tenon-0.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: torch-tenon\nVersion: 0.0\n")
    (metadata / "entry_points.txt").write_text(ENTRY_POINT)
    path = os.pathsep.join([str(tmp_path), str(PACKAGE.parent)])
    program = f"import {first}; import torch; assert torch.ones(2, device='tenon').sum().item() == 2"
    subprocess.run(
        [sys.executable, "-c", program],
        env=dict(os.environ, PYTHONPATH=path),
        check=True,
        timeout=120,
    )


def test_what_waits_for_a_module(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "waited_for.py").write_text("value = 1\n")
    (tmp_path / "broken_once.py").write_text("raise RuntimeError('broken')\n")
    seen = []
    _imports.when_imported("waited_for", lambda module: seen.append(module.value))
    _imports.when_imported("broken_once", lambda module: seen.append(module.value))
    assert not seen
    import waited_for

    assert seen == [1] and waited_for.__loader__ is waited_for.__spec__.loader
    _imports.when_imported("waited_for", lambda module: seen.append(module.value + 1))
    assert seen == [1, 2]
    with pytest.raises(RuntimeError, match="broken"):
        import broken_once  # noqa: F401
    (tmp_path / "broken_once.py").write_text("value = 'mended'\n")
    import importlib

    importlib.invalidate_caches()
    importlib.import_module("broken_once")
    assert seen == [1, 2, "mended"]
