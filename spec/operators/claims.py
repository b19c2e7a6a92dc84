# SPDX-License-Identifier: Apache-2.0
"""What the conformance suite is to know of the contract; never what comes out: that is its oracles' own."""
from .cpp import head, quoted

PATH = "conformance/suite/generated/caller_dims.inc"


def caller_dims(operators):
    out = head("Operators whose outputs have the dims that the caller gives them: {domain, name}.")
    out += [f"{{{quoted(o.domain)}, {quoted(o.name)}}}," for o in operators.values() if o.shape.rule == "caller"]
    return "\n".join(out) + "\n"
