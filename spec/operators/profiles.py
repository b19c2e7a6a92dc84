# SPDX-License-Identifier: Apache-2.0
"""Profiles (spec/profiles.yaml) and the sentences of rules, for those who make and read reports."""
import dataclasses
import pathlib
import re

import yaml

from . import element_types
from .cpp import head, quoted

SPEC = pathlib.Path(__file__).resolve().parent.parent
PATH = "conformance/report/generated/profiles.inc"
PAGE = "docs/reference/profiles.md"
KEYS = {"name", "says", "needs", "rules", "may_lack", "in", "operators"}
WORDS = ("T", "claimed")  # Beside element types, in `types`.


@dataclasses.dataclass
class Profile:
    name: str
    says: str
    needs: list
    rules: list      # IDs
    may_lack: dict   # {ID: why}
    types: list      # Earned for each; empty: for the device.
    operators: list  # [(full name, [type or word])]


def read_rules():
    return yaml.safe_load((SPEC / "rules.yaml").read_text())


def owed_by_devices(rule):
    """The rules that base asks for: operators are asked for by name, other profiles' rules by them."""
    return "by" not in rule and not re.match(r"TN-(operator|gradient|random|quantized)-", rule["id"])


def rules_of(word, rules):
    if word is None:
        return []
    found = [r["id"] for r in rules if (owed_by_devices(r) if word == "all" else r["id"].startswith(f"TN-{word}-"))]
    if not found:
        raise ValueError(f"no rule of {word} in spec/rules.yaml")
    return found


def operators_of(rows, known):
    out = []
    for row in rows:
        for name in row["names"]:
            if name not in known or known[name].view:
                raise ValueError(f"{name} is no operator that a device can claim")
            allowed = known[name].element_types()
            wrong = [t for t in row["types"] if t not in WORDS and t not in allowed]
            if wrong:
                raise ValueError(f"{name} is never claimed with {wrong}, but with {allowed}")
            out.append((name, row["types"]))
    return out


def read(operators):
    """(version of the suite, profiles). Raises ValueError for what cannot be."""
    content = yaml.safe_load((SPEC / "profiles.yaml").read_text())
    rules, out = read_rules(), []
    for raw in content["profiles"]:
        try:
            if set(raw) - KEYS:
                raise ValueError(f"unknown keys {sorted(set(raw) - KEYS)}")
            profile = Profile(raw["name"], raw["says"], raw.get("needs", []), rules_of(raw.get("rules"), rules),
                              raw.get("may_lack", {}), raw.get("in", []),
                              operators_of(raw.get("operators", []), operators))
            if set(profile.may_lack) - set(profile.rules):
                raise ValueError(f"may_lack: no rules of its own: {sorted(set(profile.may_lack) - set(profile.rules))}")
            if set(profile.needs) - {p.name for p in out}:
                raise ValueError(f"needs {profile.needs}, which must stand before it")
            element_types.expand(profile.types)
        except ValueError as error:
            raise ValueError(f"spec/profiles.yaml: {raw.get('name')}: {error}") from error
        out.append(profile)
    return content["suite"], out


def strings(items):
    return "{" + ", ".join(quoted(i) for i in items) + "}"


def of_profile(p):
    out = [f"    {{{quoted(p.name)},", f"     {quoted(p.says)},", f"     {strings(p.needs)},", "     {"]
    out += [f"         {quoted(i)}," for i in p.rules]
    out += ["     },", "     {"]
    out += [f"         {{{quoted(i)}, {quoted(why)}}}," for i, why in p.may_lack.items()]
    out += ["     },", f"     {strings(p.types)},", "     {"]
    out += [f"         {{{quoted(name)}, {strings(types)}}}," for name, types in p.operators]
    return out + ["     }},"]


def text(operators):
    suite, profiles = read(operators)
    out = head("The suite's version, profiles, and the rules' sentences. Included by profiles.cc alone.",
               source="spec/profiles.yaml and spec/rules.yaml")
    out += ["// clang-format off", f"constexpr int kSuiteVersion = {suite};", "",
            "const std::vector<Profile> kProfiles = {"]
    for p in profiles:
        out += of_profile(p)
    out += ["};", "", "constexpr RuleRow kRules[] = {"]
    out += [f"    {{{quoted(r['id'])}, {quoted(r['rule'])}}}," for r in read_rules()]
    return "\n".join(out + ["};", "// clang-format on"]) + "\n"


def section(p):
    out = [f"## {p.name}", "", p.says, ""]
    if p.needs:
        out += [f"Needs: {', '.join(p.needs)}.", ""]
    if p.types:
        out += [f"Earned for each of {', '.join(p.types)} by itself: *T* below.", ""]
    if p.rules:
        shown = "every rule that devices owe" if len(p.rules) > 30 else ", ".join(p.rules)
        out += [f"Rules: {shown}." + (" A device may lack:" if p.may_lack else ""), ""]
        by_reason = {}
        for rule, why in p.may_lack.items():
            by_reason.setdefault(why, []).append(rule)
        out += [f"- {', '.join(ids)}: {why}" for why, ids in by_reason.items()] + ([""] if p.may_lack else [])
    by_types = {}
    for name, types in p.operators:
        by_types.setdefault(tuple(types), []).append(name)
    out += ["| operators | element types |", "|---|---|"]
    for types, names in by_types.items():
        words = ["whatever the table claims, and at least one" if t == "claimed" else f"*{t}*" if t == "T" else t
                 for t in types]
        out.append(f"| {', '.join(names)} | {', '.join(words)} |")
    return out + [""]


def page(operators):
    suite, profiles = read(operators)
    out = ["<!-- Generated by spec/generate_operators.py from spec/profiles.yaml; do not edit. -->", "# Profiles", "",
           f"What a device earns in version {suite} of the conformance suite: named sets of rules and operators that a",
           "host can count on. `tenon conform` says which, and what is missing for the next. Nothing that stands here can",
           "be declared away or waived; an operator's claim may be of any since-version that means the same.", ""]
    for p in profiles:
        out += section(p)
    return "\n".join(out)
