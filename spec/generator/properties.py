# SPDX-License-Identifier: Apache-2.0
"""The registry's table of properties, for the validation layer and the suite."""
import pathlib

import yaml

FILE = pathlib.Path(__file__).resolve().parent.parent / "properties.yaml"
MOST = 2**63 - 1
ROW = '    {{"{name}", {kind}, "{unit}", {count[0]}, {count[1]}, {least}, {most}}},\n'
HEAD = """\
// SPDX-License-Identifier: Apache-2.0
// {source}

struct KnownProperty {{
  std::string_view name;
  tn_property_type type;
  std::string_view unit;
  uint32_t least_count;
  uint32_t most_count;
  int64_t least;
  int64_t most;
}};

constexpr KnownProperty kKnownProperties[] = {{
"""


def read():
    rows = yaml.safe_load(FILE.read_text())
    defaults = {"type": "integers", "unit": "", "count": [1, 1], "range": [0, MOST]}
    return [defaults | row for row in rows]


def number(value):
    return "INT64_MAX" if value == MOST else str(value)


def problems(rows):
    names = [r["name"] for r in rows]
    found = [f"{r['name']}: type is integers or text" for r in rows if r["type"] not in ("integers", "text")]
    found += [f"{n}: stands twice" for n in set(names) if names.count(n) > 1]
    return found + [f"{n}: a dot is for the names of vendors" for n in names if "." in n]


def include(rows, source):
    text = HEAD.format(source=source.replace("abi.yaml", "properties.yaml"))
    for row in rows:
        text += ROW.format(kind="TN_PROPERTY_TEXT" if row["type"] == "text" else "TN_PROPERTY_INTEGERS",
                           least=number(row["range"][0]), most=number(row["range"][1]),
                           **{k: row[k] for k in ("name", "unit", "count")})
    return text + "};\n"
