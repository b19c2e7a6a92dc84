# SPDX-License-Identifier: Apache-2.0
"""The tables of operators that devices give, against ONNX's own schemas: operators, versions and the names
of type constraints. Read through libtenon as a host does that knows nothing but the header."""
import ctypes
import os
import pathlib

import onnx.defs
import pytest

LIBRARY = pathlib.Path(__file__).resolve().parents[2] / "build/lib/libtenon.so"
c = ctypes


class TypeList(c.Structure):
    _fields_ = [("constraint", c.c_char_p), ("dtypes", c.POINTER(c.c_int32)), ("count", c.c_size_t)]


class Entry(c.Structure):
    _fields_ = [("struct_size", c.c_size_t), ("domain", c.c_char_p), ("name", c.c_char_p), ("version", c.c_int32),
                ("revision", c.c_int32), ("types", c.POINTER(TypeList)), ("type_count", c.c_size_t)]


class Table(c.Structure):
    _fields_ = [("struct_size", c.c_size_t), ("first", c.c_void_p), ("count", c.c_size_t), ("stride", c.c_size_t)]


def rows_of(plugin):
    """(domain, name, version, {constraint: element types}) of each row."""
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
        rows.append((entry.domain.decode(), entry.name.decode(), entry.version, types))
    tenon.tn_device_close(device)
    tenon.tn_loader_destroy(loader)
    return rows


@pytest.mark.parametrize("plugin", ["cpu", "onednn", "opencl"])
def test_rows_name_operators_and_constraints_of_onnx(plugin):
    wrong, seen = [], 0
    for domain, name, version, types in rows_of(plugin):
        if domain:
            continue
        seen += 1
        schema = onnx.defs.get_schema(name, version, "")
        if schema.since_version != version:
            wrong.append(f"{name} {version}: is of version {schema.since_version}")
        known = {constraint.type_param_str for constraint in schema.type_constraints}
        wrong += [f"{name} {version}: has no constraint {own}, but {sorted(known)}" for own in set(types) - known]
    assert seen > 50
    assert not wrong, "\n".join(wrong)
