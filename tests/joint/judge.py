# SPDX-License-Identifier: Apache-2.0
"""How a row of the joint is judged and reported."""

from __future__ import annotations

import json
import os
import sys

import numpy as np

# Training: the loss must fall by this share.
LOSS_FALL = 0.30
# Training: allowed deviation from float64, as a multiple of the framework's own float32 run.
DEVIATION_FACTOR = 2.0
DEVIATION_FLOOR = 1e-5
# ONNX: against ONNX Runtime.
ONNX_MAX_ERROR = 1e-4
ONNX_RELATIVE_L2 = 1e-5


class Report:
    """Checks of one row. Prints each as it is made; `finish` ends the process."""

    def __init__(self, row: str):
        self.row = row
        self.failed = 0
        self.passed = 0

    def check(self, what: str, ok: bool, detail: str) -> None:
        ok = bool(ok)
        self.passed += ok
        self.failed += not ok
        print(f"  {'ok   ' if ok else 'WRONG'} {what}: {detail}", flush=True)

    def launches(self, device: str, counts: dict[str, dict[str, int]]) -> None:
        """Prints launches by operator, and judges fallback against the declaration."""
        ran = {name: row["device"] for name, row in counts.items() if row["device"]}
        print(f"  launches on {device}: " + ", ".join(f"{k} {v}" for k, v in sorted(ran.items())))
        self.check("launches on the device", sum(ran.values()) > 0, f"{sum(ran.values())}")
        fallback = {name: row["fallback"] for name, row in counts.items() if row.get("fallback")}
        allowed = set(json.loads(os.environ.get("TENON_JOINT_FALLBACK", "[]")))
        undeclared = sorted(set(fallback) - allowed)
        self.check(
            "fallback only where declared",
            not undeclared,
            f"undeclared {undeclared}" if undeclared else f"declared {fallback}" if fallback else "none",
        )

    def finish(self) -> None:
        print(f"  {self.row}: {self.passed} passed, {self.failed} failed")
        sys.stdout.flush()
        sys.stderr.flush()
        sys.exit(1 if self.failed or not self.passed else 0)


def max_error(value: np.ndarray, reference: np.ndarray) -> float:
    """Largest error relative to the largest reference value."""
    if value.shape != reference.shape or not np.isfinite(value).all():
        return float("inf")
    scale = np.abs(reference).max()
    return float(np.abs(value.astype(np.float64) - reference).max() / (scale if scale else 1.0))


def relative_l2(value: np.ndarray, reference: np.ndarray) -> float:
    if value.shape != reference.shape or not np.isfinite(value).all():
        return float("inf")
    norm = np.linalg.norm(reference.astype(np.float64).ravel())
    error = np.linalg.norm((value.astype(np.float64) - reference).ravel())
    return float(error / (norm if norm else 1.0))


def judge_deviation(report: Report, what: str, device, single, double) -> None:
    """`device` and `single` are float32 results of the same thing, `double` the float64 one: lists of
    arrays. Deviation is the relative L2 distance from float64, over all of them together."""

    def distance(values) -> float:
        error = sum(
            float(np.square(np.asarray(v, np.float64) - np.asarray(d, np.float64)).sum())
            for v, d in zip(values, double, strict=True)
        )
        norm = sum(float(np.square(np.asarray(d, np.float64)).sum()) for d in double)
        return float(np.sqrt(error / norm)) if norm else float("nan")

    ours, theirs = distance(device), distance(single)
    limit = DEVIATION_FACTOR * theirs + DEVIATION_FLOOR
    report.check(
        what, ours <= limit, f"{ours:.2e} from float64 (CPU float32 {theirs:.2e}, allowed {limit:.2e})"
    )
