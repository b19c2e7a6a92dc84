# SPDX-License-Identifier: Apache-2.0
"""Every op on resource variables that TensorFlow has, with the variables on TENON: the same new values
and results as TensorFlow's CPU, eagerly and in a function. Where the device has no kernel, the op runs
on a copy of its variables, which is counted and obeys the fallback policy."""

import numpy as np
import pytest
import tensorflow as tf

from tensorflow.python.framework import kernels

from compare import TOLERANCE

FLOATS = [tf.float32, tf.float64, tf.float16, tf.bfloat16]
INTEGERS = [tf.int64, tf.int32, tf.int8, tf.uint8]
COMPLEX = [tf.complex64, tf.complex128]
ALL = FLOATS + INTEGERS + COMPLEX + [tf.bool]


def registered(op, dtype):
    """Whether TensorFlow has a CPU kernel for it."""
    return any(dtype.as_datatype_enum in c.allowed_values.list.type
               for k in kernels.get_registered_kernels_for_op(op).kernel if k.device_type == "CPU"
               for c in k.constraint)


def pairs(prefix, names, dtypes):
    return [pytest.param(n, d, id=f"{n}-{d.name}")
            for n in names for d in dtypes if registered(prefix + n, d)]


def values(dtype, shape, seed):
    rng = np.random.default_rng(seed)
    if dtype.is_complex:
        z = rng.uniform(1, 3, shape) + 1j * rng.uniform(1, 3, shape)
        return z.astype(dtype.as_numpy_dtype)
    if dtype.is_floating:
        return rng.uniform(0.1, 1, shape).astype(dtype.as_numpy_dtype)
    return rng.integers(1, 5, shape).astype(dtype.as_numpy_dtype)


def outcome(device, op, dtype, variables, arguments, function):
    """New values of the variables, and the op's results."""
    with tf.device(device):
        made = {k: tf.Variable(v) for k, v in variables.items()}
        readers = [v.read_value() for v in made.values()]  # Copy on write, not in place.
        before = [r.numpy().copy() for r in readers]

        def call():
            results = getattr(tf.raw_ops, op)(
                **{k: v.handle for k, v in made.items()},
                **{k: tf.constant(v, dtype) if isinstance(v, (float, np.ndarray)) else v
                   for k, v in arguments.items()})
            return [r for r in tf.nest.flatten(results) if isinstance(r, tf.Tensor)]

        results = [r.numpy() for r in (tf.function(call)() if function else call())]
        for reader, was in zip(readers, before):
            np.testing.assert_array_equal(reader.numpy(), was)
        return [v.numpy() for v in made.values()] + results


def same(op, dtype, variables, arguments):
    limit = TOLERANCE.get(dtype, 1e-6)
    for function in (False, True):
        want = outcome("CPU:0", op, dtype, variables, arguments, function)
        got = outcome("TENON:0", op, dtype, variables, arguments, function)
        assert len(want) == len(got)
        for a, b in zip(want, got):
            assert a.dtype == b.dtype and a.shape == b.shape
            wide = complex if dtype.is_complex else np.float64
            np.testing.assert_allclose(b.astype(wide), a.astype(wide), rtol=limit, atol=limit,
                                       err_msg=f"{op} {dtype.name} function={function}")


# Optimizer -> the names of its variables, and its other arguments; floats take the variables' type.
S = 0.25
DENSE = {
    "AdaMax": ("var m v", dict(beta1_power=0.9, lr=S, beta1=0.9, beta2=0.99, epsilon=1e-3)),
    "Adadelta": ("var accum accum_update", dict(lr=S, rho=0.9, epsilon=1e-2)),
    "Adagrad": ("var accum", dict(lr=S)),
    "AdagradDA": ("var gradient_accumulator gradient_squared_accumulator",
                  dict(lr=S, l1=0.1, l2=0.1)),
    "AdagradV2": ("var accum", dict(lr=S, epsilon=1e-2)),
    "Adam": ("var m v", dict(beta1_power=0.9, beta2_power=0.99, lr=S, beta1=0.9, beta2=0.99,
                             epsilon=1e-2)),
    "AdamWithAmsgrad": ("var m v vhat", dict(beta1_power=0.9, beta2_power=0.99, lr=S, beta1=0.9,
                                             beta2=0.99, epsilon=1e-2)),
    "AddSign": ("var m", dict(lr=S, alpha=0.5, sign_decay=0.5, beta=0.9)),
    "CenteredRMSProp": ("var mg ms mom", dict(lr=S, rho=0.9, momentum=0.5, epsilon=2.0)),
    "Ftrl": ("var accum linear", dict(lr=S, l1=0.1, l2=0.1, lr_power=-0.5)),
    "FtrlV2": ("var accum linear", dict(lr=S, l1=0.1, l2=0.1, l2_shrinkage=0.1, lr_power=-0.5)),
    "GradientDescent": ("var", dict(alpha=S)),
    "KerasMomentum": ("var accum", dict(lr=S, momentum=0.9)),
    "Momentum": ("var accum", dict(lr=S, momentum=0.9)),
    "PowerSign": ("var m", dict(lr=S, logbase=0.5, sign_decay=0.5, beta=0.9)),
    "ProximalAdagrad": ("var accum", dict(lr=S, l1=0.1, l2=0.1)),
    "ProximalGradientDescent": ("var", dict(alpha=S, l1=0.1, l2=0.1)),
    "RMSProp": ("var ms mom", dict(lr=S, rho=0.9, momentum=0.5, epsilon=1e-2)),
}
SPARSE = ["Adadelta", "Adagrad", "AdagradDA", "AdagradV2", "CenteredRMSProp", "Ftrl", "FtrlV2",
          "KerasMomentum", "Momentum", "ProximalAdagrad", "ProximalGradientDescent", "RMSProp"]
NESTEROV = ["Adam", "KerasMomentum", "Momentum"]


def variables_of(names, dtype, shape=(4, 3)):
    return {n: values(dtype, shape, seed) for seed, n in enumerate(names.split())}


@pytest.mark.parametrize("name,dtype", pairs("ResourceApply", DENSE, FLOATS))
def test_dense_optimizer(name, dtype):
    names, arguments = DENSE[name]
    gradient = "delta" if "GradientDescent" in name else "grad"
    arguments = dict(arguments, **{gradient: values(dtype, (4, 3), 9)})
    if name == "AdagradDA":
        arguments["global_step"] = tf.constant(3, tf.int64)
    same(f"ResourceApply{name}", dtype, variables_of(names, dtype), arguments)
    if name in NESTEROV:
        same(f"ResourceApply{name}", dtype, variables_of(names, dtype),
             dict(arguments, use_nesterov=True))


@pytest.mark.parametrize("name", SPARSE)
def test_sparse_optimizer(name):
    dtype = tf.float32
    names, arguments = DENSE[name]
    arguments = dict(arguments, grad=values(dtype, (2, 3), 9), indices=tf.constant([2, 0]))
    if name == "AdagradDA":
        arguments["global_step"] = tf.constant(3, tf.int64)
    same(f"ResourceSparseApply{name}", dtype, variables_of(names, dtype), arguments)


@pytest.mark.parametrize("dtype", FLOATS + INTEGERS + COMPLEX, ids=lambda d: d.name)
@pytest.mark.parametrize("name", ["Add", "Sub"])
def test_assign(name, dtype):
    same(f"Assign{name}VariableOp", dtype, {"resource": values(dtype, (4, 3), 0)},
         {"value": values(dtype, (4, 3), 1)})


@pytest.mark.parametrize("name,dtype", pairs(
    "ResourceScatter", ["Add", "Sub", "Mul", "Div", "Max", "Min", "Update"], ALL))
def test_scatter(name, dtype):
    for indices in (tf.constant([2, 0]), tf.constant([[3, 1]], tf.int64)):
        shape = (*indices.shape, 3)
        same(f"ResourceScatter{name}", dtype, {"resource": values(dtype, (4, 3), 0)},
             {"updates": values(dtype, shape, 1), "indices": indices})


@pytest.mark.parametrize("name,dtype", pairs(
    "ResourceScatterNd", ["Add", "Sub", "Max", "Min", "Update"], ALL))
def test_scatter_nd(name, dtype):
    for indices, shape in (([[2], [0]], (2, 3)), ([[2, 1], [0, 0]], (2,))):
        same(f"ResourceScatterNd{name}", dtype, {"ref": values(dtype, (4, 3), 0)},
             {"updates": values(dtype, shape, 1), "indices": tf.constant(indices)})


@pytest.mark.parametrize("dtype", ALL, ids=lambda d: d.name)
def test_slices_and_gathers(dtype):
    variable = values(dtype, (4, 3), 0)
    same("ResourceStridedSliceAssign", dtype, {"ref": variable},
         dict(begin=[3, 0], end=[0, 2], strides=[-2, 1], value=values(dtype, (2, 2), 1)))
    same("ResourceStridedSliceAssign", dtype, {"ref": variable},
         dict(begin=[1], end=[2], strides=[1], value=values(dtype, (3,), 1), shrink_axis_mask=1))
    same("ResourceGather", dtype, {"resource": variable}, dict(indices=[3, 0], dtype=dtype))
    same("ResourceGather", dtype, {"resource": variable},
         dict(indices=[[2], [0], [1], [2]], dtype=dtype, batch_dims=1))
    same("ResourceGatherNd", dtype, {"resource": variable},
         dict(indices=[[3, 1], [0, 0]], dtype=dtype))


def test_count_up_to():
    same("ResourceCountUpTo", tf.int64, {"resource": np.int64(3)}, dict(limit=5, T=tf.int64))
    with tf.device("TENON:0"), pytest.raises(tf.errors.OutOfRangeError):
        tf.raw_ops.ResourceCountUpTo(resource=tf.Variable(5, dtype=tf.int64).handle, limit=5,
                                     T=tf.int64)


# Philox's state; the numbers are TensorFlow's own on every device.
RANDOM = {
    "StatefulUniform": dict(dtype=tf.float32), "StatefulStandardNormalV2": dict(dtype=tf.float32),
    "StatefulTruncatedNormal": dict(dtype=tf.float32), "StatefulUniformFullInt": dict(
        dtype=tf.int64), "StatefulUniformInt": dict(minval=np.array(2), maxval=np.array(9)),
}


@pytest.mark.parametrize("op", RANDOM)
def test_stateful_random(op):
    arguments = dict(RANDOM[op], algorithm=tf.constant(1, tf.int64), shape=tf.constant([5]))
    same(op, tf.int64, {"resource": np.array([3, 5, 7], np.int64)}, arguments)


def test_generator():
    def draw(device):
        with tf.device(device):
            g = tf.random.Generator.from_seed(1)
            g.skip(2)
            f = tf.function(lambda: g.binomial([3], 5.0, 0.5))
            results = [g.normal([3]), g.uniform([2, 2]), g.truncated_normal([3]),
                       g.uniform([4], maxval=9, dtype=tf.int32), f(), *[
                           s.uniform([2]) for s in g.split(2)]]
            return [r.numpy() for r in results] + [g.make_seeds(2).numpy(), g.state.numpy()]

    for want, got in zip(draw("CPU:0"), draw("TENON:0")):
        np.testing.assert_array_equal(got, want)


def test_same_variable_twice():
    """An op may get one variable in two places; its lock is taken once."""
    with tf.device("TENON:0"):
        v = tf.Variable([1.0, 2.0])
        tf.raw_ops.ResourceApplyMomentum(var=v.handle, accum=v.handle, lr=0.5, grad=[1.0, 1.0],
                                         momentum=0.5)
        tf.raw_ops.ResourceApplyFtrl(var=v.handle, accum=v.handle, linear=v.handle, grad=[1.0, 1.0],
                                     lr=0.5, l1=0.0, l2=0.0, lr_power=-0.5)
        assert np.isfinite(v.numpy()).all()


def test_policy_and_counts(tenon):
    with tf.device("TENON:0"):
        v = tf.Variable([4.0, 6.0])
        tenon.reset_counts()
        v.scatter_div(tf.IndexedSlices([2.0], [1]))
        assert tenon.fallback_counts() == {"tf.ResourceScatterDiv": 1}
        assert tenon.operator_counts()["tf.ResourceScatterDiv"]["copies"] == 2
        tenon.set_fallback_policy("error")
        try:
            with pytest.raises(tf.errors.UnimplementedError, match="ResourceScatterDiv.*fallback"):
                v.scatter_div(tf.IndexedSlices([2.0], [1]))
        finally:
            tenon.set_fallback_policy("allow")
        np.testing.assert_array_equal(v.numpy(), [4, 3])
        tenon.reset_counts()
        assert tenon.fallback_counts() == {}


def test_bad_shapes_leave_the_variable():
    with tf.device("TENON:0"):
        v = tf.Variable([[1.0, 2.0], [3.0, 4.0]])
        for op, arguments in (
                ("ResourceApplyGradientDescent", dict(var=v.handle, alpha=1.0, delta=[1.0])),
                ("ResourceApplyGradientDescent", dict(var=v.handle, alpha=[1.0], delta=v)),
                ("ResourceScatterNdUpdate", dict(ref=v.handle, indices=[[0, 0, 0]], updates=[1.0])),
                ("ResourceScatterNdAdd", dict(ref=v.handle, indices=[[0]], updates=[1.0])),
                ("ResourceScatterDiv", dict(resource=v.handle, indices=[0], updates=[1.0, 2, 3])),
        ):
            with pytest.raises((tf.errors.InvalidArgumentError, ValueError)):
                getattr(tf.raw_ops, op)(**arguments)
        np.testing.assert_array_equal(v.numpy(), [[1, 2], [3, 4]])
