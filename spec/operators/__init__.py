# SPDX-License-Identifier: Apache-2.0
"""The operator contract (spec/ops and spec/onnx.lock) as objects, and the files that are made from it."""
