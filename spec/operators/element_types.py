# SPDX-License-Identifier: Apache-2.0
"""Names of sets of element types, as entries of spec/ops use them."""

FLOAT = ["float16", "bfloat16", "float32", "float64"]
INTEGER = ["int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"]
COMPLEX = ["complex64", "complex128"]
FLOAT8 = ["float8e4m3fn", "float8e4m3fnuz", "float8e5m2", "float8e5m2fnuz"]
SUB_BYTE = ["uint4", "int4", "float4e2m1"]
SETS = {
    "float": FLOAT,
    "integer": INTEGER,
    "numeric": FLOAT + INTEGER,
    "complex": COMPLEX,
    "float8": FLOAT8,
    "sub_byte": SUB_BYTE,
    "all": FLOAT + INTEGER + ["bool"] + COMPLEX + FLOAT8 + SUB_BYTE,
}
# In this order everywhere.
KNOWN = SETS["all"]


def expand(items):
    """The element types of a list of names and names of sets, each once and in the order of KNOWN."""
    items = [items] if isinstance(items, str) else items
    named = {name for item in items for name in SETS.get(item, [item])}
    unknown = named - set(KNOWN)
    if unknown:
        raise ValueError(f"no element types of the contract: {sorted(unknown)}")
    return [name for name in KNOWN if name in named]


def shortest(names, sets=tuple(SETS)):
    """Names of sets where they say the same."""
    left, found = set(names), []
    for item in sorted(sets, key=lambda s: -len(SETS[s])):
        if set(SETS[item]) <= left:
            found.append(item)
            left -= set(SETS[item])
    return found + [name for name in KNOWN if name in left]
