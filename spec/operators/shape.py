# SPDX-License-Identifier: Apache-2.0
"""The named rules by which dims of outputs follow from inputs; an entry names one.

Every rule but `caller` and `custom` is a C++ function; no expressions beside two forms with a table:

    shape: {like: {dX: X, dScale: scale}}        outputs have the dims of inputs
    shape: {data: [rank(X), count(X)]}           data decides; these are the most
"""

RULES = {
    "same": "every output has the dims of the first input",
    "broadcast": "inputs broadcast (ONNX multidirectional broadcasting)",
    "like": "an output has the dims of the input named beside it",
    "reduce": "axes (an attribute, or the second input) become 1, or go without keepdims",
    "matmul": "NumPy's matmul, batch dims broadcast",
    "gemm": "matrices, transposed as transA and transB say",
    "conv": "the window formula over spatial dims; channels are those of W",
    "pool": "the window formula over spatial dims; channels stay",
    "global_pool": "spatial dims become 1",
    "channels": "the first output has the dims of the first input, others its dim 1",
    "layer_norm": "the first output has the dims of the first input; in others, dims from axis on are 1",
    "concat": "dims of the inputs, that of axis added up",
    "gather": "dims of the data with those of the indices in the place of axis",
    "gather_nd": "dims of the indices but the last, then the data's that are left",
    "pad": "dims plus pads",
    "tile": "dims times repeats",
    "one_hot": "dims of the indices with depth at axis",
    "range": "as many as from start to limit by delta",
    "top_k": "dims of the first input with K at axis",
    "data": "data decides; the most that each dim can be is beside it",
    "unique": "data decides how many there are; the most are the first input's",
    "dft": "the bins along axis, then 1 or 2 for real and complex numbers",
    "matrix_value": "dims without the last two, which are equal",
    "caller": "the caller alone decides the dims of the output",
    "values": "the values of the first input",
    "scalar": "no dims",
    "reshape": "the values of shape, 0 and -1 resolved",
    "transpose": "dims in the order of perm",
    "slice": "how many steps from starts to ends",
    "split": "parts along axis",
    "squeeze": "without the axes, which are 1",
    "unsqueeze": "with 1 at the axes",
    "flatten": "dims before axis, and those behind, multiplied",
    "expand": "dims broadcast with the values of shape",
    "shape": "how many dims there are from start to end",
    "custom": "a rule of its own; see the semantics",
}


class Shape:
    def __init__(self, value, operator):
        self.like, self.most = {}, []
        if isinstance(value, dict) and len(value) == 1:
            (self.rule, table), = value.items()
            if self.rule == "like":
                self.like = dict(table)
                wrong = (set(table) - {o.name for o in operator.outputs}) | (
                    set(table.values()) - set(operator.input_names))
                if wrong:
                    raise ValueError(f"shape: like: {sorted(wrong)} are no outputs and inputs")
            elif self.rule == "data":
                self.most = [str(item) for item in table]
            else:
                raise ValueError(f"shape: {self.rule} takes no table")
        else:
            self.rule = value
        if self.rule not in RULES:
            raise ValueError(f"shape: {value!r} is no rule; there are {', '.join(RULES)}")

    def __str__(self):
        if self.like:
            return "like(" + ", ".join(f"{o}: {i}" for o, i in self.like.items()) + ")"
        return f"data({', '.join(self.most)})" if self.most else self.rule
