# SPDX-License-Identifier: Apache-2.0
"""spec/ops.lock: what each operator meant when its revision was last raised, a line each.

A revision is raised by hand when the meaning changes, since kernels of both may be about: a host takes none of
another revision. Whether it had to be is seen by a hash over all of an entry but prose and tolerances.
"""
import hashlib
import json
import pathlib

LOCK = pathlib.Path(__file__).resolve().parent.parent / "ops.lock"
HEAD = """\
# The meaning of each operator of spec/ops: name, version, revision, and a hash over its record without prose and
# tolerances. spec/generate_operators.py --check fails where a hash changed and the revision did not; --lock
# writes what is new. ONNX's own domain has revision 0: a changed line there is a changed deviation.
"""


def record(o):
    """What the hash is over."""
    def parameter(p):
        return [p.name, p.kind, p.optional, p.variadic, p.name in o.host]
    return {
        "inputs": [parameter(p) for p in o.inputs], "outputs": [parameter(p) for p in o.outputs],
        "types": o.types, "column": o.column,
        "attributes": {name: [str(a), str(o.bounds.get(name, ""))] for name, a in o.attributes.items()},
        "shape": str(o.shape), "view": o.view, "replaces": o.replaces, "determinism": o.determinism,
        "same": sorted(v.version for v in o.same), "body": o.body}


def line(o):
    text = json.dumps(record(o), sort_keys=True)
    return f"{o.full_name} {o.version} revision {o.revision} {hashlib.sha256(text.encode()).hexdigest()[:16]}"


def text(operators):
    return HEAD + "".join(line(o) + "\n" for o in sorted(operators.values(), key=lambda o: (o.domain, o.name)))


def read(text):
    """{(full name, version): (revision, hash)}"""
    rows = [row.split() for row in text.splitlines() if row and not row.startswith("#")]
    return {(name, int(version)): (int(revision), digest) for name, version, _, revision, digest in rows}


def problems(operators, locked):
    """What no run of --lock may pass over."""
    out = []
    for o in operators.values():
        old = locked.get((o.full_name, o.version))
        if old is None or not o.domain:
            continue
        revision, digest = old
        changed = line(o).split()[-1] != digest
        if changed and o.revision == revision:
            out.append(f"{o.full_name}: its record changed: raise `revision` beyond {revision} in its entry, "
                       "then run spec/generate_operators.py --lock")
        if o.revision < revision:
            out.append(f"{o.full_name}: revision {o.revision} is behind the {revision} of spec/ops.lock: "
                       "revisions only rise")
        if not changed and o.revision > revision:
            out.append(f"{o.full_name}: revision {o.revision} says that the meaning changed since {revision}, but "
                       "nothing did")
    return out
