# SPDX-License-Identifier: Apache-2.0
"""Which ops of a computation ran where.

TensorFlow places an op on the CPU when the device has no kernel for it, and says nothing. These
functions read the graphs as TensorFlow partitioned and ran them, and the device of each eager op.

    with tensorflow_tenon.record_placement() as record:
        model.fit(x, y)
    print(record.report())
    record.assert_placed()

    tensorflow_tenon.assert_placed(train_step, batch, allowed_cpu_ops={"ParseExample"})
"""

import collections
import contextlib

import tensorflow as tf
from tensorflow.python.eager import context as _context

# Ops that compute nothing, that feed the device, or that only a host can run: data sets, files,
# printing, strings, what TensorFlow itself puts on the host, and random seeds.
HOST_ONLY_PREFIXES = (
    "Iterator", "OneShotIterator", "MultiDeviceIterator", "AnonymousIterator", "AnonymousSeed",
    "MakeIterator", "DeleteIterator", "DeleteSeed", "Optional", "Summary", "WriteSummary",
    "String", "Regex", "Parse", "Decode", "Read", "Merge", "Save", "Restore", "Print", "Assert",
    "StatelessRandomGet", "Py", "EagerPy",
)
HOST_ONLY_SUFFIXES = ("Dataset", "DatasetV2", "DatasetV3", "DatasetV4")
HOST_ONLY = frozenset((
    "Arg", "_Arg", "Retval", "_Retval", "_DeviceArg", "_DeviceRetval", "NoOp", "Const", "_HostCast",
    "_Send", "_Recv", "_HostSend", "_HostRecv", "Identity", "IdentityN", "Placeholder", "Switch",
    "Merge", "Enter", "Exit", "NextIteration", "LoopCond", "ControlTrigger", "PartitionedCall",
    "StatefulPartitionedCall", "StatelessIf", "If", "StatelessWhile", "While", "Case",
    "StatelessCase", "Shape", "ShapeN", "Size", "Rank", "Reshape", "Squeeze", "ExpandDims",
    "VarHandleOp", "VarIsInitializedOp", "DestroyResourceOp", "StopGradient", "EnsureShape",
))


def is_host_only(op):
    return (
        op in HOST_ONLY
        or op.startswith(HOST_ONLY_PREFIXES)
        or op.endswith(HOST_ONLY_SUFFIXES)
    )


def _kind(device):
    """TENON of "/job:localhost/replica:0/task:0/device:TENON:0"."""
    spec = tf.DeviceSpec.from_string(device) if device else None
    return spec.device_type if spec is not None and spec.device_type else "CPU"


# Types that TensorFlow keeps in host memory on every accelerator: shapes, indices, handles, text.
_HOST_TYPES = frozenset((
    tf.int32.as_datatype_enum, tf.string.as_datatype_enum, tf.resource.as_datatype_enum,
    tf.variant.as_datatype_enum,
))


def _is_host_arithmetic(node):
    """Whether an op only computes on what lives in host memory anyway: int32 shapes and indices."""
    for name in ("T", "dtype", "Tidx", "out_type"):
        if name in node.attr and node.attr[name].type in _HOST_TYPES:
            return True
    return False


class Placement:
    """Ops and where they ran, collected by record_placement()."""

    def __init__(self):
        self.counts = collections.Counter()  # (op, "TENON" or "CPU", host arithmetic) -> nodes
        self.nodes = collections.defaultdict(list)  # op -> names of its nodes on the CPU

    def _add(self, node):
        device = _kind(node.device)
        self.counts[node.op, device, _is_host_arithmetic(node)] += 1
        if device == "CPU":
            self.nodes[node.op].append(node.name)

    def ops(self, device="TENON"):
        """{op: number of nodes} on a device type."""
        result = collections.Counter()
        for (op, where, _), count in self.counts.items():
            if where == device:
                result[op] += count
        return dict(result)

    def misplaced(self, allowed_cpu_ops=()):
        """{op: number of nodes} that ran on the CPU and could have been on the device."""
        result = collections.Counter()
        for (op, where, host), count in self.counts.items():
            if where == "CPU" and not host and not is_host_only(op) and op not in allowed_cpu_ops:
                result[op] += count
        return dict(result)

    def report(self):
        """A table, one line an op."""
        rows = sorted(set(op for op, _, _ in self.counts))
        tenon, cpu, missing = self.ops("TENON"), self.ops("CPU"), self.misplaced()
        lines = [f"{'op':40} {'TENON':>6} {'CPU':>6}"]
        for op in rows:
            note = "  <- no kernel on TENON" if op in missing else ""
            lines.append(f"{op:40} {tenon.get(op, 0):6} {cpu.get(op, 0):6}{note}")
        return "\n".join(lines)

    def assert_placed(self, allowed_cpu_ops=()):
        """Raises AssertionError naming the ops that ran on the CPU."""
        if not self.ops("TENON"):
            raise AssertionError("no op ran on TENON")
        missing = self.misplaced(allowed_cpu_ops)
        if missing:
            listing = "\n".join(
                f"  {op} ({count}): {', '.join(self.nodes[op][:3])}"
                for op, count in sorted(missing.items())
            )
            raise AssertionError(f"ops that ran on the CPU instead of TENON:\n{listing}")


@contextlib.contextmanager
def record_placement():
    """Records the placement of all functions that run inside. Slow: for tests and diagnosis."""
    record = Placement()
    context = _context.context()
    context.ensure_initialized()
    context.enable_graph_collection()
    try:
        yield record
    finally:
        metadata = context.export_run_metadata()
        context.disable_graph_collection()
        if metadata is not None:
            for graphs in metadata.function_graphs:
                for graph in graphs.partition_graphs:
                    for node in graph.node:
                        record._add(node)


def placement_report(function, *arguments, **options):
    """Runs `function` as a tf.function and answers its Placement."""
    function = function if hasattr(function, "get_concrete_function") else tf.function(function)
    with record_placement() as record:
        function(*arguments, **options)
    return record


def assert_placed(function, *arguments, allowed_cpu_ops=(), **options):
    """Runs `function` (or a Keras model) and raises AssertionError when one of its ops ran on the CPU
    that is neither host-only by nature (data sets, strings, shapes) nor in `allowed_cpu_ops`."""
    placement_report(function, *arguments, **options).assert_placed(allowed_cpu_ops)
