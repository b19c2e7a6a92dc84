#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Kernels hold loops and launches: what attributes say and which dims fit, the operator's half says.

Fails where a file of a kernel folder reads an attribute, throws TN_INVALID_ARGUMENT or compares dims itself,
instead of in reference_impl/device/operators (tenon/device/operators/kernel_of.h). What a device lacks
(TN_UNSUPPORTED) is its kernels' to say. The exceptions below name each line, with its reason.
"""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
FOLDERS = ["reference_impl/cpu/kernels", "plugins/gpu_common/operators", "plugins/onednn"]
PATTERN = re.compile(
    r'[.>](integer|real|integers|reals|text|texts|tensor|has_attribute)\("'
    r"|\bthrow_(invalid|dims)\(|TN_INVALID_ARGUMENT"
    r"|(?<![.\w])check_(output|same_dims|broadcast|single_output|affine|channels|row_statistic)\(")

DATA = "only the data shows it"
RULE = "one call of the shared rule"
DEVICE = "of the device, not of the operator"
FUSED = "of a product and the steps behind it"

# (file, part of the line): reason.
ALLOWED: dict[tuple[str, str], str] = {
    # Values of elements, which a loop sees alone.
    ("reference_impl/cpu/kernels/elementwise_division.cc", "an integer divisor is 0"): DATA,
    ("reference_impl/cpu/kernels/loss_cross_entropy.cc", "throw KernelError(TN_INVALID_ARGUMENT,"): DATA,
    ("reference_impl/cpu/kernels/loss_nll.cc", '": target "'): DATA,
    ("reference_impl/cpu/kernels/nonzero.cc", '"more than "'): DATA,
    ("reference_impl/cpu/kernels/pool_max.cc", '"MaxPoolGrad: index "'): DATA,
    # The rule is one call of the shared half, and there is no attribute beside it.
    ("reference_impl/cpu/kernels/elementwise.h", "check_broadcast(name_, a.inputs.first(kInputs), a)"): RULE,
    ("plugins/gpu_common/operators/elementwise.cc", "check_broadcast(name_, std::span"): RULE,
    ("plugins/onednn/binary.cc", "check_broadcast(name_, a.inputs, a)"): RULE,
    ("plugins/onednn/eltwise.cc", 'check_output(name_, "the output"'): RULE,
    # What is known to the device alone.
    ("plugins/gpu_common/operators/elementwise.cc", '"a host value must be one element'): DEVICE,
    ("plugins/gpu_common/operators/gemm.cc", '"a matrix of the product is missing"'): DEVICE,
    ("plugins/onednn/forms.cc", '"the layout token does not fit the dims"'): DEVICE,
    ("plugins/onednn/layouts.cc", '"oneDNN\'s layouts here are for float32 alone"'): DEVICE,
    ("plugins/onednn/primitive_kernel.cc", "error.status == TN_INVALID_ARGUMENT) return false"): DEVICE,
    # Fused operators: still to be moved, with a half for the product and its steps together.
    ("reference_impl/cpu/kernels/fused.cc", 'd.integers("dilations"), d.integers("kernel_shape")'): FUSED,
    ("reference_impl/cpu/kernels/fused.cc", 'd.integers("pads"), d.integers("strides")'): FUSED,
    ("reference_impl/cpu/kernels/fused.cc", 'd.integer("group")'): FUSED,
    ("plugins/onednn/conv.cc", '"an operand has more dims than Y"'): FUSED,
    ("plugins/onednn/post_steps.cc", '"the operand", operand.shape()'): FUSED,
    # MatMul, Gemm and FusedMatMul are one kernel there, which plans in oneDNN's forms.
    ("plugins/onednn/matmul.cc", '"A and B must not be scalars"'): FUSED,
    ("plugins/onednn/matmul.cc", '"dims do not fit: A "'): FUSED,
    ("plugins/onednn/matmul.cc", 'check_output(name_, "Y", arguments, 0, {dims, rank})'): FUSED,
    ("plugins/onednn/matmul.cc", 'throw_dims(name_, "C", c.shape(), y.shape())'): FUSED,
}


def main() -> int:
    unused = set(ALLOWED)
    bad = []
    for folder in FOLDERS:
        for path in sorted((ROOT / folder).glob("*")):
            if path.suffix not in {".cc", ".h", ".inc"}:
                continue
            name = f"{folder}/{path.name}"
            for number, line in enumerate(path.read_text().splitlines(), 1):
                code = line.split("//")[0]
                if not PATTERN.search(code):
                    continue
                known = [key for key in ALLOWED if key[0] == name and key[1] in code]
                if not known:
                    bad.append(f"{name}:{number}: {code.strip()}")
                unused -= set(known)
    for place in bad:
        print(f"{place}\n  belongs to the operator's half, in reference_impl/device/operators")
    for name, part in sorted(unused):
        print(f"{name}: {part!r} is gone: take it off the exceptions in {pathlib.Path(__file__).name}")
    return 1 if bad or unused else 0


if __name__ == "__main__":
    sys.exit(main())
