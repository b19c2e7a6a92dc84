# SPDX-License-Identifier: Apache-2.0
"""The tables of operators that devices give, against ONNX's own schemas (operators, versions and the names of type
constraints) and against the operator contract (element types, revisions). Read through libtenon as a host does
that knows nothing but the header."""
import ctypes
import os
import pathlib
import sys

import onnx
import onnx.defs
import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
LIBRARY = ROOT / "build/lib/libtenon.so"
sys.path.insert(0, str(ROOT / "spec"))
from operators import contract  # noqa: E402

c = ctypes

# As in spec/ops, by number.
NAMES = {number: {"float": "float32", "double": "float64"}.get(name.lower(), name.lower())
         for name, number in onnx.TensorProto.DataType.items()}


class TypeList(c.Structure):
    _fields_ = [("constraint", c.c_char_p), ("dtypes", c.POINTER(c.c_int32)), ("count", c.c_size_t)]


class Entry(c.Structure):
    _fields_ = [("struct_size", c.c_size_t), ("domain", c.c_char_p), ("name", c.c_char_p), ("version", c.c_int32),
                ("revision", c.c_int32), ("types", c.POINTER(TypeList)), ("type_count", c.c_size_t)]


class Table(c.Structure):
    _fields_ = [("struct_size", c.c_size_t), ("first", c.c_void_p), ("count", c.c_size_t), ("stride", c.c_size_t)]


def rows_of(plugin):
    """(domain, name, version, revision, {constraint: element types}) of each row."""
    tenon = c.CDLL(os.environ.get("TENON_LIBRARY", str(LIBRARY)))
    loader, instance, device = c.c_void_p(), c.c_void_p(), c.c_void_p()
    assert tenon.tn_loader_create(None, c.byref(loader), None) == 0
    assert tenon.tn_loader_open(loader, plugin.encode(), None, c.byref(instance), None) == 0
    assert tenon.tn_device_open(instance, c.c_size_t(0), None, c.byref(device), None) == 0
    table = Table(struct_size=c.sizeof(Table))
    assert tenon.tn_device_get_operators(device, c.byref(table), None) == 0
    rows = []
    for i in range(table.count):
        entry = Entry.from_address(table.first + i * table.stride)
        types = {entry.types[t].constraint.decode(): entry.types[t].dtypes[:entry.types[t].count]
                 for t in range(entry.type_count)}
        rows.append((entry.domain.decode(), entry.name.decode(), entry.version, entry.revision, types))
    tenon.tn_device_close(device)
    tenon.tn_loader_destroy(loader)
    return rows


@pytest.mark.parametrize("plugin", ["cpu", "onednn", "opencl"])
def test_rows_name_operators_and_constraints_of_onnx(plugin):
    wrong, seen = [], 0
    for domain, name, version, _, types in rows_of(plugin):
        if domain:
            continue
        seen += 1
        schema = onnx.defs.get_schema(name, version, "")
        if schema.since_version != version:
            wrong.append(f"{name} {version}: is of version {schema.since_version}")
        # Where no input has a constraint, the column is an element type.
        known = ({constraint.type_param_str for constraint in schema.type_constraints} or
                 {one.type_str.removeprefix("tensor(").removesuffix(")").replace("float", "float32")
                  for one in schema.inputs})
        wrong += [f"{name} {version}: has no constraint {own}, but {sorted(known)}" for own in set(types) - known]
    assert seen > 50
    assert not wrong, "\n".join(wrong)


def claims_beyond(operator, version, revision, types):
    """What the contract does not have of a row."""
    out = []
    same = {v.version: v.types for v in operator.same} | {operator.version: operator.element_types()}
    if version not in same:
        return [f"version {version}, the contract has {sorted(same)}"]
    if revision != operator.revision:
        out.append(f"revision {revision}, the contract has {operator.revision}")
    claimed = {NAMES.get(dtype, dtype) for dtypes in types.values() for dtype in dtypes}
    return out + ([f"{version}: claims {sorted(claimed - set(same[version]))}"] if claimed - set(same[version]) else [])


@pytest.mark.parametrize("plugin", ["cpu", "onednn", "opencl"])
def test_rows_claim_no_more_than_the_contract_has(plugin):
    operators, wrong, seen = contract.load(), [], 0
    for domain, name, version, revision, types in rows_of(plugin):
        operator = operators.get(f"{domain}.{name}" if domain else name)
        if operator is None:
            wrong.append(f"{domain} {name}: the contract has no such operator")
            continue
        seen += 1
        wrong += [f"{operator.full_name}: {what}" for what in claims_beyond(operator, version, revision, types)]
    assert seen > 70
    assert not wrong, "\n".join(wrong)


def test_a_claim_beyond_the_contract_is_noticed():
    add = contract.load()["Add"]
    assert not claims_beyond(add, 13, 0, {"T": [1]})
    assert claims_beyond(add, 12, 0, {"T": [1]})
    assert claims_beyond(add, 13, 1, {"T": [1]})
    assert claims_beyond(add, 13, 0, {"T": [9]})
    assert not claims_beyond(add, 14, 0, {"T": [16]}) and claims_beyond(add, 7, 0, {"T": [16]})
