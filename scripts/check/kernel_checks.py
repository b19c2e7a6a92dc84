#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Kernels hold loops and launches: what attributes say and which dims fit, the operator's half says.

Fails where a file of a device's kernels reads an attribute, refuses an argument (TN_INVALID_ARGUMENT), or calls
one of the shared half's checks itself, instead of being made of an operator's half
(tenon/device/operators/kernel_of.h). What a device lacks is its kernels' to say, with TN_UNSUPPORTED; a condition on
dims, ranks or attributes that says so is listed here, with the limit that it is. Code is read without comments, text
and line breaks, so that layout hides nothing, and each run tries the spellings
listed at the end first.
"""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
FOLDERS = ["reference_impl/cpu", "plugins/gpu_common", "plugins/onednn", "plugins/opencl", "plugins/cuda"]
HALVES = ROOT / "reference_impl/device/include/tenon/device/operators"

ATTRIBUTE = "integer|real|integers|reals|text|texts|tensor|has_attribute"
# Free functions of the shared half that check dims or refuse. (What counts and types of arguments are, rows of
# elementwise operators say by one require_...() of it.)
CHECK = r"^(?:\[\[[^\]]*\]\] )?(?:inline )?(?:void|bool|View|int32_t) ((?:check|throw|say)_\w+|known_value)\("
OF_DIMS = r"(?:dims|rank|shape|count|axis|axes|extent)"


def checks():
    names = set()
    for path in HALVES.glob("*.h"):
        names |= set(re.findall(CHECK, path.read_text(), re.MULTILINE))
    return "|".join(sorted(names - {"throw_unsupported_dtype", "throw_no_token"}))  # Of the device.


# What a match means. Spaces stand between words alone.
PATTERNS = {
    "reads an attribute": rf"(?:\.|->)(?:{ATTRIBUTE})\((?!\))|\bDescription::(?:{ATTRIBUTE})\b"
                          r"|\btn_attribute\b|(?:\.|->)attributes\[|\battributes::\w|\bread_attributes\b",
    "refuses an argument": r"\bTN_INVALID_ARGUMENT\b|\btn_status[>({]+\d"
                           r"|\bKernelError[({](?!TN_|error\.status\b|const |tn_status )"
                           r"|\bthrow\b(?!;)(?! (?:\w+::)*KernelError[({])",
    "checks for itself": rf"(?<![.>\w])(?:{checks()})\b",
    "has a limit of dims": rf"\bif(?: constexpr)?\([^;{{}}]*\b{OF_DIMS}\b[^;{{}}]*\)\{{?throw KernelError\(",
}
PATTERNS = {meaning: re.compile(pattern) for meaning, pattern in PATTERNS.items()}

DATA = "only the data shows it"
RULE = "one call of the shared rule"
DEVICE = "of the device, not of the operator"

# (file, part of the statement): reason.
ALLOWED: dict[tuple[str, str], str] = {
    # Values of elements, which a loop sees alone.
    ("reference_impl/cpu/kernels/elementwise_division.cc", "an integer divisor is 0"): DATA,
    ("reference_impl/cpu/kernels/loss_cross_entropy.cc", '": label "'): DATA,
    ("reference_impl/cpu/kernels/loss_nll.cc", '": target "'): DATA,
    ("reference_impl/cpu/kernels/matmul_nbits.cc", '": g_idx "'): DATA,
    ("reference_impl/cpu/kernels/nonzero.cc", '"more than "'): DATA,
    ("reference_impl/cpu/kernels/pool_max.cc", '"MaxPoolGrad: index "'): DATA,
    ("plugins/gpu_common/faults.h", "integer division by zero"): DATA,
    ("plugins/gpu_common/faults.h", "an index is out of range"): DATA,
    ("plugins/gpu_common/faults.h", "a value is not allowed"): DATA,
    ("plugins/opencl/queue.cc", "fault.status"): DATA,
    ("plugins/cuda/queue.cc", "fault.status"): DATA,
    # The rule is one call of the shared half, and there is no attribute beside it.
    ("reference_impl/cpu/kernels/elementwise.h", "check_broadcast(name_, a.inputs.first(kInputs), a)"): RULE,
    ("plugins/gpu_common/operators/elementwise.cc", "check_broadcast(name_, std::span"): RULE,
    ("plugins/onednn/binary.cc", "check_broadcast(name_, a.inputs, a)"): RULE,
    ("plugins/onednn/eltwise.cc", 'check_output(name_, "the output"'): RULE,
    # Limits of a device, of its layouts and of its machine.
    ("reference_impl/cpu/layouts.cc", '"the packed layout is for'): DEVICE,
    ("reference_impl/cpu/layouts.cc", '"the layout of packed filters is for'): DEVICE,
    ("reference_impl/cpu/kernels/simd.cc", '"TENON_CPU_ISA is'): DEVICE,
    ("reference_impl/cpu/layouts.cc", '"the tensor has more than 2^63 bytes"'): DEVICE,
    ("plugins/gpu_common/operators/elementwise.cc", '"a host value must be one element'): DEVICE,
    ("plugins/gpu_common/operators/max_pool.cc", '": more than 3 spatial dims"'): DEVICE,
    ("plugins/gpu_common/operators/places.h", '" indices for a place"'): DEVICE,
    ("plugins/gpu_common/operators/reduction.cc", '"a reduction over a dim of more than 2^31'): DEVICE,
    ("plugins/gpu_common/operators/scatter_blocks.cc", '": indices of so many dims that are not dense"'): DEVICE,
    ("plugins/onednn/engine.cc", "status_of(status)"): DEVICE,
    ("plugins/onednn/forms.cc", '"the layout token does not fit the dims"'): DEVICE,
    ("plugins/onednn/forms.cc", '"a tensor in a layout token has no strides"'): DEVICE,
    ("plugins/onednn/layouts.cc", '"oneDNN\'s layouts here are for float32 alone"'): DEVICE,
    ("plugins/onednn/matmul.cc", '"FusedMatMul: products with vectors"'): DEVICE,
    ("plugins/onednn/norm.cc", '": oneDNN broadcasts no Scale and B"'): DEVICE,
    ("plugins/onednn/primitive_kernel.cc", "error.status == TN_INVALID_ARGUMENT) return false"): DEVICE,
    ("plugins/opencl/library.cc", "memory ? TN_OUT_OF_DEVICE_MEMORY : TN_INTERNAL"): DEVICE,
    ("plugins/opencl/memory.cc", "std::bad_alloc()"): DEVICE,
    ("plugins/cuda/compiler.cc", "TN_OUT_OF_MEMORY : TN_INTERNAL"): DEVICE,
    ("plugins/cuda/driver.cc", "status_of(result)"): DEVICE,
}

TOKEN = re.compile(r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|' r"'(?:\\.|[^'\\\n])+'|\s+|\w+|.", re.DOTALL)
WORD = re.compile(r"\w")


def code_of(text):
    """On one line, without comments and needless spaces; the same with the insides of texts blanked; and the line
    that each character was in."""
    full, blank, lines, line, between = [], [], [], 1, False
    for piece in TOKEN.findall(text):
        here = line
        line += piece.count("\n")
        if piece.isspace() or piece.startswith(("//", "/*")):
            between = True
            continue
        if between and blank and WORD.match(blank[-1][-1]) and WORD.match(piece[0]):
            piece = " " + piece
        between = False
        full.append(piece)
        blank.append('"' + "_" * (len(piece) - 2) + '"' if piece[0] == '"' else piece)
        lines += [here] * len(piece)
    return "".join(full), "".join(blank), lines


def findings(text):
    """(line, what it means, the statement) of everything in the text of a file that belongs to a half."""
    full, blank, lines = code_of(text)
    for meaning, pattern in PATTERNS.items():
        for found in pattern.finditer(blank):
            begin = max(blank.rfind(c, 0, found.start()) for c in ";{}") + 1
            end = min((blank.find(c, found.end()) for c in ";{}" if blank.find(c, found.end()) >= 0), default=len(blank))
            yield lines[found.start()], meaning, full[begin:end]


# Spellings of checks, each of which must be found.
SPELLINGS = """
d.integer("axis")
d.integer(kAxis)
d->integers("pads")
d
    .real( /* the name */ "alpha")
std::invoke(&device::Description::integer, d, kAxis)
const tn_attribute* a = desc.attributes[0]
const device::attributes::Conv attributes(d)
read_attributes(d, op::kConvAttributes, group)
throw KernelError(TN_INVALID_ARGUMENT, "rank")
constexpr tn_status kRefused = TN_INVALID_ARGUMENT
throw KernelError(kRefused, "rank")
throw device::KernelError{status, "rank"}
throw KernelError(static_cast<tn_status>(2), "rank")
throw std::invalid_argument("rank")
throw Refusal(name)
throw_invalid(name_, "dims do not fit")
const auto fail = device::throw_dims
device::check_output(name_, "Y", a, 0, dims)
using device::check_same_dims
check_broadcast (name_, a.inputs, a)
known_value(name_, "pads", a.inputs[1])
if (a.rank != b.rank) throw KernelError(TN_UNSUPPORTED, "ranks differ")
if (x.dims[0]
    != y.dims[0]) { throw KernelError(TN_UNSUPPORTED, "batch") }
"""
HARMLESS = """
operator_.check_output(a)
parameter.text()
throw
throw KernelError(TN_UNSUPPORTED, "more than oneDNN takes")
// throw_invalid() is of the half
const char* text = "TN_INVALID_ARGUMENT"
"""


def self_test():
    statements = lambda text: re.split(r"\n(?=\S)", text.strip())
    missed = [s for s in statements(SPELLINGS) if not list(findings(s + ";"))]
    wrong = [s for s in statements(HARMLESS) if list(findings(s + ";"))]
    for statement in missed:
        print(f"not found: {statement}")
    for statement in wrong:
        print(f"found, and harmless: {statement}")
    return bool(missed or wrong)


def main() -> int:
    allowed = {(file, code_of(part)[0]) for file, part in ALLOWED}
    unused = set(allowed)
    bad = self_test()
    for folder in FOLDERS:
        for path in sorted((ROOT / folder).rglob("*")):
            name = str(path.relative_to(ROOT))
            if path.suffix not in {".cc", ".h", ".inc", ".cpp", ".hpp"} or "/tests/" in name:
                continue
            for line, meaning, statement in findings(path.read_text()):
                known = {key for key in allowed if key[0] == name and key[1] in statement}
                unused -= known
                if not known:
                    bad = True
                    print(f"{name}:{line}: {meaning}: {statement}\n"
                          "  belongs to the operator's half, in reference_impl/device/operators")
    for name, part in sorted(unused):
        print(f"{name}: {part!r} is gone: take it off the exceptions in {pathlib.Path(__file__).name}")
    return 1 if bad or unused else 0


if __name__ == "__main__":
    sys.exit(main())
