# SPDX-License-Identifier: Apache-2.0
"""Names of sets of element types, as entries of spec/ops use them: those of spec/element_types.yaml."""
from generator import element_types as table

TABLE = table.read()
# What makes up "all", in the order in which types are listed everywhere: within each by width.
PARTS = ("float", "signed", "unsigned", "bool", "complex", "float8", "sub_byte")


def ordered(name):
    parts = [sorted((TABLE.named(n) for n in TABLE.sets[part]), key=lambda t: (t.bits, t.number)) for part in PARTS]
    return [t.name for part in parts for t in part if t.name in TABLE.sets[name]]


SETS = {name: ordered(name) for name in ("float", "integer", "numeric", "complex", "float8", "sub_byte", "all")}
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
