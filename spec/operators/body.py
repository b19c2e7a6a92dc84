# SPDX-License-Identifier: Apache-2.0
"""Bodies: other operators that give the same, for a device that lacks one.

    t = Mul(B, alpha)
    C = Add(A, t)

A body uses known operators and names alone, assigns each name once, and writes an output only in its last
step, so that an output which shares memory with an input cannot spoil what a later step reads.
"""
import re

# What stands for the operator's attribute `steps`: steps(value so far, operands).
STEPS_CALL = "steps"
MAX_STEP_INPUTS = 4


def lines(text):
    return [step.strip() for step in re.split(r"[;\n]", text) if step.strip()]


def check_callee(operator, operators, callee, text, last):
    """Elementwise operators alone, so that dims follow from broadcasting; but of an operator with
    steps, what the steps follow is any operator of its family, with its dims."""
    fused = "steps" in operator.attributes
    if callee == STEPS_CALL:
        if not fused or not last or not operator.inputs[-1].variadic:
            raise ValueError(f"{operator.full_name}: {text!r} must be the last step, of an operator with "
                             "the attribute `steps` and any number of operands")
        return
    found = operators.get(callee)
    of_family = found is not None and found.family == operator.family
    if found is None or not (found.elementwise or (fused and not last and of_family)):
        raise ValueError(f"{operator.full_name}: a body uses elementwise operators, not {callee}")


def steps(operator, operators):
    """The body as (operator, input values, output value); a value is an input's index, then an
    output's, then a temporary's."""
    names = operator.input_names + [o.name for o in operator.outputs]
    first_output, end_output = len(operator.inputs), len(names)
    known = set(range(first_output))
    out = []
    for number, text in enumerate(operator.body):
        match = re.fullmatch(r"(\w+)\s*=\s*([\w.]+)\(([^)]*)\)", text)
        if not match:
            raise ValueError(f"{operator.full_name}: cannot read the step {text!r}")
        result, callee, arguments = match.groups()
        last = number == len(operator.body) - 1
        check_callee(operator, operators, callee, text, last)
        inputs = []
        for argument in (a.strip() for a in arguments.split(",")):
            if argument not in names or names.index(argument) not in known:
                raise ValueError(f"{operator.full_name}: {argument} is not known in {text!r}")
            inputs.append(names.index(argument))
        if len(inputs) > MAX_STEP_INPUTS:
            raise ValueError(f"{operator.full_name}: too many inputs in {text!r}")
        if result not in names:
            names.append(result)
        value = names.index(result)
        if value in known or (first_output <= value < end_output) != last:
            raise ValueError(f"{operator.full_name}: {text!r} must assign "
                             "a new name, and the output in the last step alone")
        known.add(value)
        out.append((callee, inputs, value))
    return out
