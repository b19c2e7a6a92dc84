# SPDX-License-Identifier: Apache-2.0
"""Texts as C comments, filled to the line."""
WIDTH = 100


def fill(text, width, last):
    """Lines of at most `width`, the last of at most `last`. Indented and empty lines stay."""
    lines = []
    for paragraph in text.split("\n"):
        if not paragraph.strip() or paragraph.startswith(" "):
            lines.append(paragraph.rstrip())
            continue
        current = ""
        for word in paragraph.split():
            if current and len(current) + 1 + len(word) > width:
                lines.append(current)
                current = word
            else:
                current += (" " if current else "") + word
        lines.append(current)
    if len(lines[-1]) > last:
        head, _, word = lines[-1].rpartition(" ")
        lines[-1:] = [head, word]
    return lines


def block(text, indent=0):
    """A comment of its own, above what it explains."""
    lines = fill(text, WIDTH - 3 - indent, WIDTH - 6 - indent)
    out = [" " * indent + ("/* " if n == 0 else " * ") + line for n, line in enumerate(lines)]
    return [line.rstrip() for line in out[:-1]] + [out[-1] + " */"]


def trailing(rows):
    """Lines of code with comments behind; those of neighbours begin in one column."""
    out, start = [], 0
    while start < len(rows):
        end = start
        while end < len(rows) and rows[end][1]:
            end += 1
        if end == start:
            out.append(rows[start][0])
            start += 1
            continue
        column = max(len(code) for code, _ in rows[start:end]) + 1
        for code, note in rows[start:end]:
            lines = fill(note, WIDTH - 3 - column, WIDTH - 6 - column)
            lines = [code.ljust(column) + "/* " + lines[0]] + [" " * (column + 3) + t
                                                               for t in lines[1:]]
            out += lines[:-1] + [lines[-1] + " */"]
        start = end
    return out
