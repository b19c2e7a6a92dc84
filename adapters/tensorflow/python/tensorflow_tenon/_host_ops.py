# SPDX-License-Identifier: Apache-2.0
"""Which ops belong on the host on every accelerator: found by the types of what they compute on, and
by name where the types do not say it."""

import tensorflow as tf


def _numbers(*types):
    return frozenset(t.as_datatype_enum for t in types)


# Kept in host memory on every accelerator: shapes and indices, handles, text.
_HOST_TYPES = _numbers(tf.int32, tf.string, tf.resource, tf.variant)
_HOST_RESULTS = _HOST_TYPES | _numbers(tf.bool)  # What comparing them gives.
_TEXT = _numbers(tf.string)
_VARIANT = _numbers(tf.variant)

# Compute nothing: what TensorFlow moves, names, calls and branches with.
_PLUMBING = frozenset((
    "Arg", "_Arg", "Retval", "_Retval", "_DeviceArg", "_DeviceRetval", "NoOp", "Const", "_HostCast",
    "_Send", "_Recv", "_HostSend", "_HostRecv", "Identity", "IdentityN", "Placeholder",
    "PlaceholderWithDefault", "Switch", "Merge", "Enter", "Exit", "NextIteration", "LoopCond",
    "RefSwitch", "_SwitchN", "ControlTrigger", "PartitionedCall", "StatefulPartitionedCall",
    "StatelessIf", "If", "StatelessWhile", "While", "Case", "StatelessCase", "For",
    "RemoteCall", "SymbolicGradient", "Shape", "ShapeN", "Size", "Rank", "Reshape", "Squeeze",
    "ExpandDims", "StopGradient", "PreventGradient", "EnsureShape", "Snapshot", "VarHandleOp",
    "_VarHandlesOp", "VarIsInitializedOp", "ReadVariableOp", "_ReadVariablesOp", "AssignVariableOp",
    "VariableShape", "DestroyResourceOp", "DisableCopyOnRead",
))
# For the host by what they do: data sets, printing, Python.
_HOST_PREFIXES = (
    "Iterator", "OneShotIterator", "MultiDeviceIterator", "AnonymousIterator", "AnonymousMultiDevice",
    "Optional", "PyFunc", "EagerPyFunc", "Print", "Assert", "DebugIdentity", "DebugNumeric",
    "CheckNumericsDebug", "Summary", "StatelessRandomGetKeyCounter", "StatelessRandomGetAlg",
)


def is_host_only(op, inputs, outputs):
    """Whether an op with these element types (numbers of DataType) has no place on a device."""
    if op in _PLUMBING or op.startswith(_HOST_PREFIXES):
        return True
    types = frozenset((*inputs, *outputs))
    if types & _TEXT:
        return True
    if types & _VARIANT and not op.startswith("TensorList"):
        return True  # A data set or its like. Lists of tensors may well lie on a device.
    return _HOST_TYPES.issuperset(inputs) and _HOST_RESULTS.issuperset(outputs)
