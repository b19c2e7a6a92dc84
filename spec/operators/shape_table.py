# SPDX-License-Identifier: Apache-2.0
"""reference_impl/shapes/generated/rules.inc: which operator has which shape rule."""
import re

from .cpp import head, quoted

PATH = "reference_impl/shapes/generated/rules.inc"
# The functions of operators whose rule is `custom`.
CUSTOM = {"tenon.LayerNormGrad": "layer_norm_grad", "tenon.NllLoss": "nll_loss",
          "tenon.SparseSoftmaxCrossEntropy": "cross_entropy", "tenon.SoftmaxCrossEntropy": "cross_entropy"}


def most(o, text):
    """`rank(X)`, `count(X)`"""
    match = re.fullmatch(r"(rank|count)\((\w+)\)", text)
    if not match or match[2] not in o.input_names:
        raise ValueError(f"{o.full_name}: shape: data: cannot read {text!r}")
    return f"{match[1].capitalize()}Of{{{o.input_names.index(match[2])}}}"


def function(o):
    rule = o.shape.rule
    if rule == "like":
        missing = [p.name for p in o.outputs if p.name not in o.shape.like]
        if missing:
            raise ValueError(f"{o.full_name}: shape: like says nothing of {missing}")
        return "Like<" + ", ".join(str(o.input_names.index(o.shape.like[p.name])) for p in o.outputs) + ">{}"
    if rule == "data":
        return "Data<" + ", ".join(most(o, text) for text in o.shape.most) + ">{}"
    if rule == "custom":
        return CUSTOM[o.full_name]
    return "arg_reduce" if rule == "reduce" and "axis" in o.attributes else rule


def row(o):
    source = {"caller": "kCaller", "data": "kData", "unique": "kData"}.get(o.shape.rule, "kRule")
    attributes = f"attributes::{o.identifier}" if o.attributes else "NoAttributes"
    rule = "{}" if o.shape.rule == "caller" else f"TENON_RULE({attributes}, {function(o)})"
    return f"{{{quoted(o.domain)}, {quoted(o.name)}, {quoted(o.shape.rule)}, Source::{source}, {rule}}},"


def text(operators):
    out = head("{domain, name, rule, where dims come from, the rule's function}")
    return "\n".join(out + [row(o) for o in operators.values()]) + "\n"
