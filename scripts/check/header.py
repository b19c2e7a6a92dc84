#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""tenon.h (and dtype.h beside it) is short, and clean in every language and compiler that plugins and hosts use.

Under 1,500 lines; C11, C17, C++17 and C++20, each with gcc and clang, without a single warning of
-Wall -Wextra -Wpedantic.
"""
import pathlib
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
HEADER = ROOT / "include/tenon/tenon.h"
MOST_LINES = 1500
COMPILERS = {"c": [("gcc",), ("clang-19", "clang")], "c++": [("g++",), ("clang++-19", "clang++")]}
STANDARDS = {"c": ["c11", "c17"], "c++": ["c++17", "c++20"]}
WARNINGS = ["-Wall", "-Wextra", "-Wpedantic", "-Werror"]
# Included twice, as it will be, and with the macros used as a plugin uses them.
USE = """#include "tenon/tenon.h"
#include "tenon/tenon.h"
#include "tenon/dtype.h"
static tn_error error = TN_ERROR_INIT;
int main(void) { return (int)error.code + (int)tn_dtype_bits(TN_FLOAT32) - 32 + TN_STATUS_CLASS(TN_OK); }
"""


def compile_with(compiler, language, standard, header, folder):
    """What the compiler says; empty when it is content."""
    source = folder / "use.txt"
    source.write_text(USE)
    result = subprocess.run([compiler, "-x", language, f"-std={standard}", *WARNINGS, "-I",
                             str(header.parent.parent), "-c", str(source), "-o", "/dev/null"],
                            capture_output=True, text=True)
    return "" if result.returncode == 0 else f"{compiler} -std={standard}: {result.stderr.strip()}"


def problems(header):
    found = []
    lines = len(header.read_text().splitlines())
    if lines >= MOST_LINES:
        found.append(f"{header.name} has {lines} lines; it is to stay below {MOST_LINES}")
    with tempfile.TemporaryDirectory() as folder:
        for language, compilers in COMPILERS.items():
            for names in compilers:
                compiler = next(filter(None, map(shutil.which, names)), None)
                if compiler is None:
                    found.append(f"no {names[0]}: requirements/apt-lint.txt installs it")
                    continue
                for standard in STANDARDS[language]:
                    found.append(compile_with(compiler, language, standard, header,
                                              pathlib.Path(folder)))
    return [problem for problem in found if problem]


def catches_what_it_should():
    """A header with a C++ keyword, and one that only newer C knows, must both be found."""
    with tempfile.TemporaryDirectory() as folder:
        header = pathlib.Path(folder) / "tenon/tenon.h"
        header.parent.mkdir()
        shutil.copy(HEADER.parent / "dtype.h", header.parent)
        for line in ("static int template;", "extern int x; typeof(x) y;"):
            header.write_text(HEADER.read_text().replace("#endif /* TENON_TENON_H_ */",
                                                         f"{line}\n#endif"))
            if not problems(header):
                return [f"this check found nothing wrong with '{line}'"]
    return []


if __name__ == "__main__":
    wrong = problems(HEADER) + catches_what_it_should()
    print("\n".join(wrong), file=sys.stderr, end="\n" if wrong else "")
    sys.exit(1 if wrong else 0)
