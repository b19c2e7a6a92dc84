# SPDX-License-Identifier: Apache-2.0
"""Sets of element types as bits, for tables in C++."""
from . import element_types
from .cpp import WIDTH


class Masks:
    """Sets that are more than a word or two have a name of their own, defined by lines()."""

    def __init__(self, sets=(), declare="constexpr"):
        self.sets = sets  # Those for which the includer has a constant: kFloat.
        self.declare = declare
        self.named = {}

    def __call__(self, names):
        words = [f"k{item.capitalize()}" if item in self.sets else f"bit(TN_{item.upper()})"
                 for item in element_types.shortest(names, self.sets)]
        text = " | ".join(words) or "0"
        return text if len(words) <= 2 else self.named.setdefault(text, f"kTypes{len(self.named)}")

    def lines(self):
        out = []
        for words, name in self.named.items():
            line = f"{self.declare} uint64_t {name} ="
            for word in words.split(" | "):
                joined = f"{line} {word}" if line.endswith("=") or line.endswith("|") else f"{line} | {word}"
                if len(joined) + len(" |") > WIDTH:
                    out.append(line + " |")
                    joined = f"    {word}"
                line = joined
            out.append(line + ";")
        return out
