# SPDX-License-Identifier: Apache-2.0
"""See README.md."""

from __future__ import annotations

import collections
import json
import os
import pathlib
import re
import sys

import pytest
import tenon
from cases import Unsupported, all_cases, run_case

LIST = pathlib.Path(__file__).with_name("unsupported.json")
CASES = {case.name: case for case in all_cases()}
UNSUPPORTED = (
    {name: reason for reason, names in json.loads(LIST.read_text()).items() for name in names}
    if LIST.exists()
    else {}
)


@pytest.fixture(scope="session")
def device():
    return _device()


def _device() -> str:
    spec = os.environ.get("TENON_TEST_DEVICE", "cpu")
    tenon.device(spec).set_fallback("error")
    return spec


@pytest.mark.parametrize("name", CASES)
def test_case(name, device):
    if name not in UNSUPPORTED:
        run_case(CASES[name], device)
        return
    with pytest.raises(Unsupported) as refusal:
        run_case(CASES[name], device)
    assert ".cc:" not in str(refusal.value), "a path of the machine that built the library"


def test_every_listed_case_exists():
    assert not set(UNSUPPORTED) - set(CASES)


def test_reasons_name_no_file():
    """A path would be one of the machine that made the list."""
    assert not [reason for reason in UNSUPPORTED.values() if "/" in reason]


def _reason(error: Unsupported) -> str:
    """Short and the same for the same cause, so that the list is by cause."""
    text = str(error)
    text = re.sub(r"^TN_\w+: ", "", text)
    text = re.sub(r"node '[^']*' ", "node ", text)
    text = re.sub(r"(tensor|'[^']*') '[^']*'", r"\1", text)
    text = re.sub(r"'[^']*' (has element type|is not a tensor)", r"a value \1", text)
    return re.sub(r" \(\d+\)", "", re.sub(r"; opset \d+", "", text))[:110]


def update() -> int:
    device = _device()
    reasons, wrong, passed = collections.defaultdict(list), [], 0
    for name, case in CASES.items():
        try:
            run_case(case, device)
            passed += 1
        except Unsupported as error:
            reasons[_reason(error)].append(name)
        except Exception as error:  # noqa: BLE001  (each is printed)
            wrong.append((name, f"{type(error).__name__}: {error}"))
    listed = {reason: sorted(names) for reason, names in sorted(reasons.items())}
    LIST.write_text(json.dumps(listed, indent=1) + "\n")
    for name, what in wrong:
        print(f"WRONG {name}: {what[:300]}")
    count = sum(map(len, listed.values()))
    print(f"{passed} passed, {count} unsupported, {len(wrong)} wrong, of {len(CASES)}")
    return 1 if wrong else 0


if __name__ == "__main__":
    if sys.argv[1:] != ["--update"]:
        sys.exit("usage: test_backend.py --update   (to test, use pytest)")
    sys.exit(update())
