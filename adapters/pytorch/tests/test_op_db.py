# SPDX-License-Identifier: Apache-2.0
"""torch's own samples (op_db) for the ops that are claimed here, with fallback forbidden."""

import sys
import types
import unittest

import pytest
import torch

# torch's samples import it for their own tests; nothing of it is used here.
sys.modules.setdefault("expecttest", types.SimpleNamespace(TestCase=unittest.TestCase))

from common import DEVICE, assert_same, to_device  # noqa: E402
from torch.testing._internal.common_methods_invocations import op_db  # noqa: E402

CLAIMED = """
add sub mul div.no_rounding_mode true_divide neg abs sign sqrt rsqrt reciprocal exp log sin cos tanh
tan asin acos atan sinh cosh asinh acosh atanh cumprod
nn.functional.elu nn.functional.selu nn.functional.celu nn.functional.prelu
sigmoid erf erfc ceil floor trunc round maximum minimum eq ne lt le gt ge pow clamp clamp_min
clamp_max addcmul addcdiv lerp where masked_fill isnan isinf logical_and logical_or logical_not
sum mean amax amin argmax argmin all any var std cumsum norm linalg.vector_norm logsumexp
mm bmm addmm baddbmm matmul mv dot addmv
nn.functional.relu nn.functional.gelu nn.functional.silu nn.functional.leaky_relu
nn.functional.hardtanh nn.functional.hardswish nn.functional.hardsigmoid nn.functional.softplus
nn.functional.linear nn.functional.conv1d nn.functional.conv2d nn.functional.conv_transpose2d
nn.functional.layer_norm nn.functional.batch_norm softmax log_softmax
nn.functional.max_pool2d nn.functional.avg_pool2d nn.functional.embedding
nn.functional.mse_loss nn.functional.nll_loss nn.functional.cross_entropy nn.functional.l1_loss
nn.functional.smooth_l1_loss nn.functional.huber_loss
cat stack gather scatter scatter_add index_select index_add tril triu topk sort flip masked_select
nonzero expand permute transpose reshape view squeeze unsqueeze narrow select chunk split
zeros ones full arange zeros_like fill clone contiguous unbind repeat tile
""".split()
CHOSEN = [
    op
    for op in op_db
    if op.name in CLAIMED and torch.float32 in op.dtypes and op.variant_test_name != "nuc"
]
SAMPLES = 8
# Arguments whose effect is left to the fallback.
UNCLAIMED = ("max_norm", "scale_grad_by_freq", "sparse")


# The one refusal that is accepted of an op: windows cut off by ceil_mode with a divisor of one's own,
# output padding beyond the stride.
REFUSED = {
    "nn.functional.avg_pool2d": "aten::avg_pool2d is not available",
    "nn.functional.conv_transpose2d": "aten::convolution is not available",
}


@pytest.mark.parametrize(
    "op", CHOSEN, ids=lambda op: f"{op.name}.{op.variant_test_name}".rstrip(".")
)
def test_samples(op):
    count = 0
    for sample in op.sample_inputs("cpu", torch.float32, requires_grad=False):
        if count == SAMPLES:
            break
        if any(repr(sample.kwargs.get(name)) not in ("None", "False") for name in UNCLAIMED):
            continue
        kwargs = dict(sample.kwargs)
        expected = op(sample.input, *sample.args, **kwargs)
        if "device" in kwargs:
            kwargs["device"] = DEVICE
        try:
            actual = op(to_device(sample.input), *to_device(sample.args), **to_device(kwargs))
        except RuntimeError as error:
            if op.name in REFUSED and REFUSED[op.name] in str(error):
                continue
            raise
        assert_same(actual, expected, rtol=1e-4, atol=1e-4)
        count += 1
    assert count > 0
