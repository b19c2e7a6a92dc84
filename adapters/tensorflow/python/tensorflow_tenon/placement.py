# SPDX-License-Identifier: Apache-2.0
"""Which ops of a computation ran where.

TensorFlow places an op on the CPU when the device has no kernel for it, and says nothing. These
functions read the graphs as TensorFlow partitioned and ran them, the device of each eager op, and
the adapter's own count of ops that it ran on the host.

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
from tensorflow.python.framework import op_callbacks as _op_callbacks
from tensorflow.python.framework import op_def_registry as _op_defs

from . import _library
from ._host_ops import is_host_only


def _kind(device):
    """TENON of "/job:localhost/replica:0/task:0/device:TENON:0"."""
    spec = tf.DeviceSpec.from_string(device) if device else None
    return spec.device_type if spec is not None and spec.device_type else "CPU"


def _node_types(arguments, attributes):
    """The element types of a node's arguments, as numbers; `attributes` is a NodeDef's map."""
    types = []
    for argument in arguments:
        if argument.type_list_attr:
            types += attributes[argument.type_list_attr].list.type
        elif argument.type_attr:
            types.append(attributes[argument.type_attr].type)
        else:
            types.append(argument.type)
    return types


class Placement:
    """Ops and where they ran, collected by record_placement()."""

    def __init__(self):
        self.counts = collections.Counter()  # (op, "TENON" or "CPU", host only) -> nodes
        self.nodes = collections.defaultdict(list)  # op -> names of its nodes on the CPU

    def _add(self, op, device, host_only, name, count=1):
        self.counts[op, device, host_only] += count
        if device == "CPU":
            self.nodes[op].append(name)

    def _add_node(self, node):
        definition = _op_defs.get(node.op)
        if definition is None:
            return  # The call of a function: its ops are recorded themselves.
        inputs = _node_types(definition.input_arg, node.attr)
        outputs = _node_types(definition.output_arg, node.attr)
        host_only = is_host_only(node.op, inputs, outputs)
        self._add(node.op, _kind(node.device), host_only, node.name)

    def _add_eager(self, op, inputs, _attributes, outputs, op_name=None, graph=None):
        del op_name
        op = op.decode() if isinstance(op, bytes) else op
        if graph is not None or _op_defs.get(op) is None:
            return  # Being traced, or the call of a function.
        tensors = [t for t in (*outputs, *inputs) if hasattr(t, "device")]
        host_only = is_host_only(
            op, [t.dtype.as_datatype_enum for t in inputs if hasattr(t, "dtype")],
            [t.dtype.as_datatype_enum for t in outputs if hasattr(t, "dtype")])
        device = _kind(tensors[0].device) if tensors else "CPU"
        self._add(op, device, host_only, "(eager)")

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
        for (op, where, host_only), count in self.counts.items():
            if where == "CPU" and not host_only and op not in allowed_cpu_ops:
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


def _host_op_calls():
    """{op: calls} that kernels of ours handed to TensorFlow's CPU kernels, on all devices."""
    calls = collections.Counter()
    for device in range(len(tf.config.list_physical_devices(_library.DEVICE_TYPE))):
        for name, count in _library.describe(device)["operators"].items():
            if name.startswith("tf."):
                calls[name[3:]] += count["fallback"]
    return calls


@contextlib.contextmanager
def record_placement():
    """Records the placement of all that runs inside, functions and eager ops. Slow: for tests and
    diagnosis."""
    record = Placement()
    context = _context.context()
    context.ensure_initialized()
    before = _host_op_calls()
    context.enable_graph_collection()
    callback = record._add_eager  # One object: it is found again by identity.
    _op_callbacks.add_op_callback(callback)
    try:
        yield record
    finally:
        _op_callbacks.remove_op_callback(callback)
        metadata = context.export_run_metadata()
        context.disable_graph_collection()
        if metadata is not None:
            for graphs in metadata.function_graphs:
                for graph in graphs.partition_graphs:
                    for node in graph.node:
                        record._add_node(node)
        for op, calls in (_host_op_calls() - before).items():
            record._add(op, "CPU", False, "(on a copy of its variables)", calls)


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
