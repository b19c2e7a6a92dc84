# SPDX-License-Identifier: Apache-2.0
"""Sizes and offsets of structs on processors with 64-bit pointers (LP64 and LLP64)."""

SIZES = {"size_t": 8, "uint64_t": 8, "int64_t": 8, "uint32_t": 4, "int32_t": 4, "uint8_t": 1,
         "char": 1}
POINTER = 8


def size_of(kind, registry):
    if kind.endswith("*") or kind in {i.name for i in registry.items("callback")}:
        return POINTER
    named = {i.name: i.raw["as"] for i in registry.items("type")}
    kind = named.get(kind, kind)
    if kind not in SIZES:
        raise ValueError(f"a struct holds a {kind}, whose size is not known")
    return SIZES[kind]


def count_of(array, registry):
    return int(registry.macros.get(array[1:-1], array[1:-1])) if array else 1


def members(item):
    """(name, type, array); functions are pointers."""
    for f in item.fields:
        if f.name:
            yield f.name, "*" if f.function else f.type, f.array
    for f in item.slots:
        yield f.name, "*", ""


def of(item, registry):
    """(size of the struct, [(field, offset)])."""
    at, widest, offsets = 0, 1, []
    for name, kind, array in members(item):
        size = size_of(kind, registry)
        at = -(-at // size) * size
        offsets.append((name, at))
        at += size * count_of(array, registry)
        widest = max(widest, size)
    return -(-at // widest) * widest, offsets
