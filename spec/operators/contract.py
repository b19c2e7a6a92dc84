# SPDX-License-Identifier: Apache-2.0
"""Reads spec/ops: a family of operators a file, each file `defaults` and `operators`."""
import pathlib

import yaml

from .entry import Operator

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent


def load(folder=ROOT / "spec/ops"):
    """{full name: Operator}, families by name, in the order of the files."""
    operators = {}
    for path in sorted(folder.glob("*.yaml")):
        content = yaml.safe_load(path.read_text())
        if set(content) - {"defaults", "operators"}:
            raise ValueError(f"{path.name}: has `defaults` and `operators`, not {sorted(content)}")
        for entry in content["operators"]:
            operator = Operator({**content.get("defaults", {}), **entry}, path.stem)
            if operator.full_name in operators:
                raise ValueError(f"{operator.full_name} is listed twice")
            operators[operator.full_name] = operator
    return operators


def families(operators):
    """[(family, its operators)], by name."""
    names = sorted({o.family for o in operators.values()})
    return [(name, [o for o in operators.values() if o.family == name]) for name in names]
