# SPDX-License-Identifier: Apache-2.0
"""spec/abi.lock: what a binary depends on, a line each. Lines are added, never changed."""
from . import layout

HEAD = """\
# What is permanent in spec/abi.yaml. spec/generate_abi.py fails where a line no longer holds;
# --lock adds what is new. Before 1.0 the ABI may still be broken on purpose: delete the lines that
# no longer hold, then run --lock.
"""


def lines(registry):
    """What stands in the registry now."""
    out = [f"slot {f.slot} {f.signature}" for f in registry.dispatch.slots]
    out += [f"slot {f.slot} of {e.raw['extension']} {e.raw['version']}: {f.signature}"
            for e in registry.extensions for f in e.slots]
    for item in registry.items("struct", "dispatch"):
        size, offsets = layout.of(item, registry)
        data = {f.name: f for f in item.fields if f.name}
        for name, at in offsets:
            if name in data:
                f = data[name]
                kind = f.function.signature if f.function else f.type + f.array
                out.append(f"field {item.name}.{name} at {at}: {kind}")
        if item.raw["growth"] == "frozen":
            out.append(f"frozen {item.name} {size}")
    for item in registry.items("type"):
        out.append(f"type {item.name} {item.raw['as']}")
    for name, value in registry.constants.items():
        out.append(f"constant {name} {value:#x}")
    for item in registry.items("callback", "function"):
        out.append(f"{item.kind} {item.function.signature}")
    return out


def locked(text):
    return [line for line in text.splitlines() if line and not line.startswith("#")]


def broken(registry, text):
    now = set(lines(registry))
    return [f"spec/abi.lock: no longer holds: {line}" for line in locked(text) if line not in now]


def added(registry, text):
    known = set(locked(text))
    return [line for line in lines(registry) if line not in known]


def write(registry, text):
    return HEAD + "".join(line + "\n" for line in locked(text) + added(registry, text))
