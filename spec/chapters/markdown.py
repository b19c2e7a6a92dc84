# SPDX-License-Identifier: Apache-2.0
"""What Markdown pages link to: headings, anchors, sections. As GitHub makes anchors of headings."""
import re

HEADING = re.compile(r"^(#{1,6})\s+(.+?)\s*#*$")
ANCHOR = re.compile(r'<a id="([^"]+)"></a>')
LINK = re.compile(r"\[(?:[^\[\]]|\[[^\]]*\])*\]\(\s*<?([^()\s<>]+)>?(?:\s+\"[^\"]*\")?\s*\)")
REFERENCE = re.compile(r"^\[[^\]]+\]:\s+(\S+)", re.M)


def without_code(text):
    """The same lines with those of fenced and indented code empty, and code within lines blanked."""
    out, fence, before = [], "", ""
    for line in text.split("\n"):
        mark = re.match(r"\s*(```+|~~~+)", line)
        indented = re.match(r"(    |\t)\S", line) and not fence and (not before.strip() or out[-1] == "")
        if mark and (not fence or mark[1].startswith(fence)):
            fence = "" if fence else mark[1]
            out.append("")
        else:
            out.append("" if fence or (indented and not re.match(r"\s+([-*]|\d+\.)\s", line)) else line)
        before = line
    return re.sub(r"(`+)(?:(?!\1).|\n(?!\n))+?\1", lambda m: re.sub(r"[^\n]", " ", m[0]), "\n".join(out))


def slug(title):
    title = re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r"\1", re.sub(r"<[^>]+>", "", title))
    return re.sub(r"[^\w\- ]", "", title.replace("`", "").lower()).strip().replace(" ", "-")


def headings(text):
    """(number of the line, level, title, anchor) of each."""
    seen, out = {}, []
    raw = text.split("\n")
    for n, line in enumerate(without_code(text).split("\n")):
        match = HEADING.match(raw[n]) if line.startswith("#") else None
        if not match:
            continue
        base = slug(match[2])
        anchor = f"{base}-{seen[base]}" if base in seen else base
        seen[base] = seen.get(base, 0) + 1
        out.append((n, len(match[1]), match[2], anchor))
    return out


def anchors(text):
    return {anchor for _, _, _, anchor in headings(text)} | set(ANCHOR.findall(text))


def section(text, anchor):
    """From that heading to the next one of its level; of an anchor within a list, its item. None: no such."""
    lines, found = text.split("\n"), headings(text)
    for at, (n, level, _, name) in enumerate(found):
        if name == anchor:
            end = next((m for m, other, _, _ in found[at + 1:] if other <= level), len(lines))
            return "\n".join(lines[n:end])
    for n, line in enumerate(lines):
        if f'<a id="{anchor}"></a>' in line:
            end = next((m for m in range(n + 1, len(lines)) if not lines[m].startswith("  ")), len(lines))
            return "\n".join(lines[n:end])
    return None


def links(text):
    """(number of the line, target) of each."""
    plain = without_code(text)
    found = [*LINK.finditer(plain), *REFERENCE.finditer(plain)]
    return sorted((plain.count("\n", 0, match.start(1)) + 1, match[1]) for match in found)
