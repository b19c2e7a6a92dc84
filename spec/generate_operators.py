#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the runtime's operator table, a list for the conformance suite, the list of steps and the
reference page from spec/ops/*.yaml and spec/steps.yaml.

    spec/generate_operators.py           # write all
    spec/generate_operators.py --check   # exit 1 when a committed file differs

The contract is checked on the way: a `body` may use known operators and names alone, may assign each
name once, and may write an output only in its last step (so that an output which shares memory with
an input cannot spoil what a later step reads).
"""
import argparse
import pathlib
import re
import sys

import yaml

ROOT = pathlib.Path(__file__).resolve().parent.parent
TABLE = ROOT / "reference_impl/runtime/generated/operators.inc"
CALLER_DIMS = ROOT / "conformance/suite/generated/caller_dims.inc"
PAGE = ROOT / "docs/reference/operators.md"
STEPS = ROOT / "include/tenon/cpp/step_words.hpp"

FLOAT = ["float16", "bfloat16", "float32", "float64"]
INTEGER = ["int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"]
SETS = {
    "float": FLOAT,
    "integer": INTEGER,
    "numeric": FLOAT + INTEGER,
    "bool": ["bool"],
    "all": FLOAT + INTEGER + ["bool", "complex64", "complex128", "float8e4m3fn", "float8e4m3fnuz",
                              "float8e5m2", "float8e5m2fnuz", "uint4", "int4", "float4e2m1"],
}
# Elementwise operators whose result is bool whatever their inputs are.
BOOLEAN = {"Not", "IsNaN", "IsInf", "And", "Or", "Xor", "Equal", "Less", "LessOrEqual", "Greater",
           "GreaterOrEqual", "NotEqual"}
ELEMENTWISE = "elementwise"
# What stands for the operator's attribute `steps` in a body: steps(value so far, operands).
STEPS_CALL = "steps"
MAX_STEP_INPUTS = 4
KEYS = {"domain", "name", "version", "versions", "inputs", "host", "outputs", "attributes", "types",
        "semantics", "tolerance", "body", "view", "dims"}


class Operator:
    def __init__(self, entry, family):
        unknown = set(entry) - KEYS
        if unknown:
            raise ValueError(f"{entry.get('name')}: unknown keys {sorted(unknown)}")
        self.family = family
        self.domain = entry.get("domain", "")
        self.name = entry["name"]
        self.full_name = f"{self.domain}.{self.name}" if self.domain else self.name
        self.identifier = (self.domain.capitalize() + self.name).replace(".", "")
        self.version = entry["version"]
        # Newest first: the order in which the runtime tries them.
        self.older = sorted({v for v in entry.get("versions", []) if v != self.version},
                            reverse=True)
        self.host = entry.get("host", [])
        self.inputs = [self.argument(text) for text in entry["inputs"]]
        self.outputs = [self.argument(text) for text in entry["outputs"]]
        self.attributes = {k: str(v) for k, v in (entry.get("attributes") or {}).items()}
        types = entry["types"]
        self.types = types if isinstance(types, list) else [types]
        self.semantics = " ".join(str(entry.get("semantics", "")).split())
        self.tolerance = entry.get("tolerance", {})
        self.view = entry.get("view", False)
        # Whether the dims of the outputs follow from the inputs, or the caller alone decides them.
        self.dims = entry.get("dims", "inputs")
        if self.dims not in ("inputs", "caller"):
            raise ValueError(f"{self.full_name}: dims are of `inputs` or `caller`, not {self.dims}")
        self.body = [step.strip() for step in re.split(r"[;\n]", entry.get("body", "")) if step.strip()]
        for name in self.host:
            if name not in [a[0] for a in self.inputs]:
                raise ValueError(f"{self.full_name}: host input {name} is not an input")

    @staticmethod
    def argument(text):
        name = text.rstrip("?.")
        return name, text.endswith("?"), text.endswith("...")

    def dtypes(self):
        names = []
        for item in self.types:
            names += SETS.get(item, [item])
        return names

    def check_callee(self, operators, callee, text, last):
        """Elementwise operators alone, so that dims follow from broadcasting; but of an operator with
        steps, what the steps follow is any operator of its family, with its dims."""
        fused = "steps" in self.attributes
        if callee == STEPS_CALL:
            if not fused or not last or not self.inputs[-1][2]:
                raise ValueError(f"{self.full_name}: {text!r} must be the last step, of an operator with "
                                 "the attribute `steps` and any number of operands")
            return
        family = operators[callee].family if callee in operators else ""
        if family != ELEMENTWISE and not (fused and not last and family == self.family):
            raise ValueError(f"{self.full_name}: a body uses elementwise operators, not {callee}")

    def steps(self, operators):
        """The body as (operator, input values, output value); a value is an input's index, then an
        output's, then a temporary's."""
        names = [a[0] for a in self.inputs] + [a[0] for a in self.outputs]
        first_output, end_output = len(self.inputs), len(names)
        known = set(range(first_output))
        steps = []
        for number, text in enumerate(self.body):
            match = re.fullmatch(r"(\w+)\s*=\s*([\w.]+)\(([^)]*)\)", text)
            if not match:
                raise ValueError(f"{self.full_name}: cannot read the step {text!r}")
            result, callee, arguments = match.groups()
            self.check_callee(operators, callee, text, number == len(self.body) - 1)
            inputs = []
            for argument in (a.strip() for a in arguments.split(",")):
                if argument not in names or names.index(argument) not in known:
                    raise ValueError(f"{self.full_name}: {argument} is not known in {text!r}")
                inputs.append(names.index(argument))
            if len(inputs) > MAX_STEP_INPUTS:
                raise ValueError(f"{self.full_name}: too many inputs in {text!r}")
            if result not in names:
                names.append(result)
            value = names.index(result)
            is_output = first_output <= value < end_output
            if value in known or is_output != (number == len(self.body) - 1):
                raise ValueError(f"{self.full_name}: {text!r} must assign "
                                 "a new name, and the output in the last step alone")
            known.add(value)
            steps.append((callee, inputs, value))
        return steps


def load():
    operators = {}
    for path in sorted((ROOT / "spec/ops").glob("*.yaml")):
        for entry in yaml.safe_load(path.read_text()):
            operator = Operator(entry, path.stem)
            if operator.full_name in operators:
                raise ValueError(f"{operator.full_name} is listed twice")
            operators[operator.full_name] = operator
    return operators


class Word:
    """An entry of spec/steps.yaml."""

    KEYS = {"word", "operator", "attributes", "parameters", "operand"}
    MAX_PARAMETERS = 2  # Of a step.

    def __init__(self, entry, operators):
        unknown = set(entry) - self.KEYS
        if unknown:
            raise ValueError(f"step {entry.get('word')}: unknown keys {sorted(unknown)}")
        self.word = entry["word"]
        name = entry.get("operator", self.word)
        if name not in operators or operators[name].family != ELEMENTWISE:
            raise ValueError(f"step {self.word}: {name} is no elementwise operator")
        self.operator = operators[name]
        self.parameters = entry.get("parameters", [])
        self.operand = entry.get("operand", False)
        fixed = list(entry.get("attributes", {}).items())
        if len(fixed) > 1 or len(self.parameters) > self.MAX_PARAMETERS:
            raise ValueError(f"step {self.word}: too many attributes or parameters")
        self.fixed = fixed[0] if fixed else None
        inputs = [a[0] for a in self.operator.inputs]
        self.as_inputs = bool(self.parameters) and self.parameters == inputs[1:]
        for attribute in ([] if self.as_inputs else self.parameters) + [a for a, _ in fixed]:
            if attribute not in self.operator.attributes:
                raise ValueError(f"step {self.word}: {name} has no attribute {attribute}")
        if len(inputs) != 1 + self.operand + (len(self.parameters) if self.as_inputs else 0):
            raise ValueError(f"step {self.word}: {name} takes {inputs}")

    def __str__(self):
        return self.word


def load_words(operators):
    words = [Word(entry, operators) for entry in yaml.safe_load((ROOT / "spec/steps.yaml").read_text())]
    if len({w.word for w in words}) != len(words):
        raise ValueError("spec/steps.yaml: a word is listed twice")
    return words


# ---- The C++ tables ------------------------------------------------------------------------------

def quoted(text):
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def cpp_argument(argument, host):
    name, optional, variadic = argument
    flags = [flag for flag, on in (("kOptional", optional), ("kVariadic", variadic),
                                   ("kHostOnly", name in host)) if on]
    return "{" + quoted(name) + (", " + " | ".join(flags) if flags else "") + "}"


def cpp_attribute(name, declaration):
    kind, _, default = (part.strip() for part in declaration.partition("="))
    if not default:
        return f"attribute({quoted(name)}, TN_ATTRIBUTE_{kind.upper()})"
    if kind in ("ints", "floats", "strings"):
        if default != "empty":
            raise ValueError(f"attribute {name}: a list's default is `empty`")
        return f"list({quoted(name)}, TN_ATTRIBUTE_{kind.upper()})"
    if kind == "float":
        return f"real({quoted(name)}, {float(default)!r}f)"
    if kind == "int":
        return f"integer({quoted(name)}, {int(default)})"
    if kind == "string":
        return f"text({quoted(name)}, {default})"
    raise ValueError(f"attribute {name}: unknown type {kind}")


def cpp_mask(operator):
    parts = []
    for item in operator.types:
        parts.append(f"k{item.capitalize()}" if item in SETS else f"bit(TN_{item.upper()})")
    return " | ".join(parts)


def wrap(head, items, tail):
    """`head` items `tail` on one line, or one item a line where that is too long."""
    line = head + ", ".join(items) + tail
    if len(line) <= 100:
        return [line]
    lines, current = [head.rstrip()], "   "
    for item in items:
        if len(current) + len(item) + 2 > 100:
            lines.append(current)
            current = "   "
        current += " " + item + ","
    return lines + [current, tail]


def write_table(operators):
    out = ["// Generated by spec/generate_operators.py from spec/ops/*.yaml; do not edit.", "//",
           "// Included by registry.cc alone, which declares the types and helpers used here.", ""]
    for family in sorted({o.family for o in operators.values()}):
        out.append(f"// -- {family} --")
        out.append("")
        for o in (o for o in operators.values() if o.family == family):
            k = "k" + o.identifier
            if o.older:
                out += wrap(f"constexpr int32_t {k}Older[] = {{", [str(v) for v in o.older], "};")
            out += wrap(f"constexpr ArgumentInfo {k}Inputs[] = {{",
                        [cpp_argument(a, o.host) for a in o.inputs], "};")
            out += wrap(f"constexpr ArgumentInfo {k}Outputs[] = {{",
                        [cpp_argument(a, []) for a in o.outputs], "};")
            if o.attributes:
                out += wrap(f"constexpr AttributeInfo {k}Attributes[] = {{",
                            [cpp_attribute(n, d) for n, d in sorted(o.attributes.items())], "};")
            if o.body:
                steps = [f"{{{quoted(name)}, {{{', '.join(map(str, ins))}}}, {len(ins)}, {result}}}"
                         for name, ins, result in o.steps(operators)]
                out += wrap(f"constexpr BodyStep {k}Body[] = {{", steps, "};")
        out.append("")
    out.append("constexpr OperatorInfo kOperators[] = {")
    for o in operators.values():
        k = "k" + o.identifier
        flags = [flag for flag, on in (("kView", o.view), ("kElementwise", o.family == ELEMENTWISE),
                                       ("kBoolean", o.name in BOOLEAN and o.family == ELEMENTWISE))
                 if on]
        out.append(f"    {{{quoted(o.full_name)}, {quoted(o.domain)}, {quoted(o.name)}, {o.version}, "
                   f"{' | '.join(flags) or '0'}, {cpp_mask(o)},")
        rest = [k + "Older" if o.older else "{}", k + "Inputs", k + "Outputs",
                k + "Attributes" if o.attributes else "{}", k + "Body" if o.body else "{}"]
        line = "     " + ", ".join(rest) + "},"
        if len(line) > 100:
            out += ["     " + ", ".join(rest[:3]) + ",", "     " + ", ".join(rest[3:]) + "},"]
        else:
            out.append(line)
    out.append("};")
    return "\n".join(out) + "\n"


# ---- What the conformance suite is to know of the contract ---------------------------------------

def write_caller_dims(operators):
    out = ["// Generated by spec/generate_operators.py from spec/ops/*.yaml; do not edit.", "//",
           "// Operators whose outputs have the dims that the caller gives them: {domain, name}.", ""]
    out += [f"{{{quoted(o.domain)}, {quoted(o.name)}}}," for o in operators.values()
            if o.dims == "caller"]
    return "\n".join(out) + "\n"
WORDS_HEAD = """// SPDX-License-Identifier: Apache-2.0
//
// Generated by spec/generate_operators.py from spec/steps.yaml; do not edit.
//
// The words of `steps`, an attribute of tenon.FusedConv and tenon.FusedMatMul; see steps.hpp.
#pragma once

#include <cstddef>
#include <cstdint>

namespace tenon {

enum class StepKind : uint8_t {
%s
};

// A word is this operator on the value so far.
struct StepWord {
  StepKind kind;
  const char* word;
  const char* domain;
  const char* name;
  int32_t version;
  // Numbers that it takes of `step_parameters`: attributes of the operator, or, where
  // `parameters_are_inputs`, its inputs behind the first, 0-d and of the value's type.
  size_t parameter_count = 0;
  const char* parameters[%d] = {};
  bool parameters_are_inputs = false;
  bool operand = false;  // The operator's second input is the next of `operands`.
  // A text attribute that the word fixes; NULL: none.
  const char* attribute = nullptr;
  const char* text = nullptr;
};

inline constexpr StepWord kStepWords[] = {
%s
};

}  // namespace tenon
"""


def write_words(words):
    def row(w):
        """Without the defaults at the end."""
        o = w.operator
        fields = [f"StepKind::k{w.word}", quoted(w.word), quoted(o.domain), quoted(o.name), str(o.version),
                  str(len(w.parameters)), "{" + ", ".join(map(quoted, w.parameters)) + "}",
                  str(w.as_inputs).lower(), str(w.operand).lower(), *map(quoted, w.fixed or ())]
        defaults = ["0", "{}", "false", "false"]
        while len(fields) <= 9 and len(fields) > 5 and fields[-1] == defaults[len(fields) - 6]:
            fields.pop()
        return "    {" + ", ".join(fields) + "},"
    kinds = [f"  k{w.word}," for w in words]
    kinds[-1] = kinds[-1].rstrip(",")
    return WORDS_HEAD % ("\n".join(kinds), Word.MAX_PARAMETERS, "\n".join(map(row, words)))


# ---- The reference page -------------------------------------------------------------------------

def page_names(arguments, host=()):
    texts = []
    for name, optional, variadic in arguments:
        texts.append(name + ("?" if optional else "") + ("..." if variadic else "") +
                     (" (host)" if name in host else ""))
    return ", ".join(texts)


def words_on_page(words):
    out = ["## Steps", "",
           "The words of `steps`, an attribute of tenon.FusedConv and tenon.FusedMatMul: each is an "
           "operator on the value so far.", "",
           "| word | operator | takes of `step_parameters` | an operand |", "|---|---|---|---|"]
    for w in words:
        fixed = f", {w.fixed[0]} = {w.fixed[1]}" if w.fixed else ""
        out.append(f"| {w.word} | {w.operator.full_name}{fixed} | {', '.join(w.parameters) or '-'} | "
                   f"{'yes' if w.operand else '-'} |")
    return out


def write_page(operators, words):
    out = ["<!-- Generated by spec/generate_operators.py from spec/ops/*.yaml; do not edit. -->",
           "# Operators", "",
           "What a host may ask a device for. The rules that hold for all of them stand in "
           "[spec/ops](../../spec/ops/README.md).", "",
           "`name?` is optional, `name...` takes any number, (host) arrives as a host value or a "
           "constant. A *view* is done by hosts with dims and strides. The tolerance is the largest "
           "error relative to the largest exact value; 0 where none is given.", ""]
    for family in sorted({o.family for o in operators.values()}):
        out += [f"## {family.capitalize()}", ""]
        for o in (o for o in operators.values() if o.family == family):
            out += [f"### {o.full_name}", "",
                    f"`{o.name}({page_names(o.inputs, o.host)}) -> {page_names(o.outputs)}`", ""]
            facts = [f"version {o.version}"]
            if o.older:
                facts.append("the same as " + ", ".join(map(str, sorted(o.older))))
            facts.append("types: " + ", ".join(map(str, o.types)))
            if o.view:
                facts.append("a view")
            if o.dims == "caller":
                facts.append("the caller alone decides the dims of the output")
            if o.tolerance:
                facts.append("tolerance " + ", ".join(f"{t} {v:g}" for t, v in o.tolerance.items()))
            out += ["; ".join(facts) + ".", ""]
            if o.attributes:
                out += ["Attributes: " + ", ".join(f"`{n}: {d}`" for n, d in
                                                   sorted(o.attributes.items())) + ".", ""]
            if o.semantics:
                out += [o.semantics, ""]
            if o.body:
                out += ["Without a kernel of its own: `" + "; ".join(o.body) + "`.", ""]
    out += words_on_page(words)
    return "\n".join(out).rstrip() + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="compare instead of writing")
    check = parser.parse_args().check
    operators = load()
    words = load_words(operators)
    stale = []
    for path, text in ((TABLE, write_table(operators)), (CALLER_DIMS, write_caller_dims(operators)),
                       (STEPS, write_words(words)), (PAGE, write_page(operators, words))):
        if check:
            if not path.exists() or path.read_text() != text:
                stale.append(str(path.relative_to(ROOT)))
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
    if stale:
        print(f"stale: {', '.join(stale)}; run spec/generate_operators.py and commit the result")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
