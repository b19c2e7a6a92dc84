# SPDX-License-Identifier: Apache-2.0
"""Owner, thread and failure of a struct's field: those that `is` says, or those that follow from its type."""
import re

from . import layer_code

# How a text says until when something lent may be used.
LIFETIME = re.compile(r"\b(valid|lives?|until|static storage|as long as)\b")


def of(item, field, registry):
    """[owner, thread, failure...]; empty where they must be written."""
    if field.words:
        return field.words
    if field.name == "struct_size":
        return ["value", "own", "grown"]
    if item.raw["use"] == "output" and "*" not in field.type:
        return ["value", "own", "result"]
    known = (field.name == "reserved" or f"{item.name}.{field.name}" in layer_code.flags(registry)
             or field.type in layer_code.enums(registry))
    return ["value", "own", "unknown"] if known else []


def lifetime_is_said(item, field):
    return bool(LIFETIME.search(f"{field.above} {field.note} {item.doc}"))


def data(registry):
    """All fields with a type, each with its struct."""
    return [(item, field) for item in registry.items("struct", "dispatch", "extension")
            for field in item.fields if field.type]
