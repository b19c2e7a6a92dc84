# SPDX-License-Identifier: Apache-2.0
"""Every test runs once in each memory mode of the reference device.

A process has one set of devices, so that pytest starts itself again for each mode; TENON_DEVICES
given from outside makes one run with exactly those devices.
"""

import os
import subprocess
import sys

import pytest

MODES = ("cpu", "cpu?memory=discrete", "cpu?memory=mapped")


def pytest_configure(config):
    os.environ.setdefault("TENON_FALLBACK", "error")


def pytest_collection_modifyitems(config, items):
    if "TENON_DEVICES" in os.environ or not items:
        return
    # The outer run: its items are the modes.
    files = sorted({str(item.path) for item in items})
    names = [item.nodeid for item in items]
    narrowed = config.args if any("::" in arg for arg in config.args) else files
    selection = narrowed + (["-k", config.option.keyword] if config.option.keyword else [])
    root = items[0].listchain()[0]
    items[:] = [
        Mode.from_parent(root, name=mode, selection=selection, count=len(names))
        for mode in MODES
    ]


class Mode(pytest.Item):
    """One memory mode: the whole selection in a process of its own."""

    def __init__(self, *, selection, count, **kwargs):
        super().__init__(**kwargs)
        self.selection = selection
        self.count = count
        self.add_marker(pytest.mark.timeout(1200))

    def runtest(self):
        environment = dict(os.environ, TENON_DEVICES=self.name)
        result = subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *self.selection],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        if result.returncode != 0:
            raise AssertionError(f"TENON_DEVICES={self.name}:\n{result.stdout[-12000:]}")

    def repr_failure(self, excinfo):
        return str(excinfo.value)

    def reportinfo(self):
        return self.path, 0, f"{self.count} tests with TENON_DEVICES={self.name}"


def pytest_runtest_setup(item):
    if isinstance(item, Mode):
        return
    import torch
    import torch_tenon

    torch.manual_seed(0)
    torch_tenon.set_fallback_policy("error")
    torch_tenon.reset_counts()


def pytest_runtest_teardown(item):
    if isinstance(item, Mode):
        return
    import torch

    torch.tenon.synchronize()
