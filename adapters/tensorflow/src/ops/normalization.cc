// SPDX-License-Identifier: Apache-2.0
//
// Softmax, and batch normalization in TensorFlow's "fused" form.
//
// FusedBatchNorm hands the batch's mean and variance from the forward op to the gradient through
// reserve_space_1 and _2. The content is the one of TensorFlow's CPU kernels (a variance, no
// inverse deviation), so that one of the two ops may run on the CPU.
#include <cmath>

#include "ops/pattern.h"
#include "ops/shape.h"

namespace tenon::tensorflow {
namespace {

using runtime::Operation;

Compute softmax(const char* operation) {
  return [f = Operation(operation, {{"axis", int64_t{-1}}})](NodeCall& call) {
    const View x = call.input(0);
    if (x.rank() < 1) invalid_argument("logits must have >= 1 dimension, got " + x.dims.text());
    call.run(f, {x}, {call.output(0, x.dtype, x.dims)});
  };
}

struct BatchNorm {
  explicit BatchNorm(const Node& node)
      : epsilon(node.real("epsilon", 1e-4)),
        factor(node.real("exponential_avg_factor", 1)),
        training(node.flag("is_training", true)),
        channels_first(node.text("data_format", "NHWC").substr(0, 2) == "NC"),
        infer("BatchNormalization", {{"epsilon", static_cast<float>(epsilon)}}),
        train("tenon.BatchNormTraining"),
        grad("tenon.BatchNormGrad", {{"training", int64_t{training}}}),
        add("Add"),
        subtract("Sub"),
        multiply("Mul"),
        reciprocal("Reciprocal"),
        rsqrt("tenon.Rsqrt"),
        add_scaled("tenon.AddScaled") {}

  double epsilon, factor;
  bool training, channels_first;
  Operation infer, train, grad, add, subtract, multiply, reciprocal, rsqrt, add_scaled;

  View logical(const View& x) const { return channels_first ? x : x.channels_first(); }

  // Fails unless x is of four or five dimensions and the vectors have a number for each channel.
  void check(const View& x, std::initializer_list<const View*> vectors) const {
    if (x.rank() != 4 && x.rank() != 5) {
      invalid_argument("input must be 4 or 5-dimensional: " + x.dims.text());
    }
    const Dims channels{x.dims[channels_first ? 1 : x.rank() - 1]};
    for (const View* vector : vectors) {
      if (vector->dims == channels) continue;
      invalid_argument("scale, offset, mean and variance must be vectors of " +
                       std::to_string(channels[0]) + " elements, got shape " + vector->dims.text());
    }
  }
};

// (x, scale, offset, mean, variance) -> (y, mean, variance, reserves...)
Compute batch_norm(const Node& node) {
  return [b = BatchNorm(node)](NodeCall& call) {
    const View in = call.input(0);
    const View scale = call.input(1);
    const View offset = call.input(2);
    const View mean = call.input(3);
    const View variance = call.input(4);
    // Training that starts afresh reads no earlier statistics.
    const bool fresh = b.training && b.factor == 1;
    b.check(in, {&scale, &offset, fresh ? &scale : &mean, fresh ? &scale : &variance});
    const View x = call.as(in, TN_FLOAT32);
    const View out = call.output(0, in.dtype, in.dims);
    const View y = in.dtype == TN_FLOAT32 ? out : call.temporary(TN_FLOAT32, in.dims);
    const View batch_mean = call.output(1, TN_FLOAT32, scale.dims);
    const View batch_variance = call.output(2, TN_FLOAT32, scale.dims);
    const View saved_mean = call.output(3, TN_FLOAT32, scale.dims);
    const View saved_variance = call.output(4, TN_FLOAT32, scale.dims);
    if (TF_NumOutputs(call.context()) > 5) call.output(5, TN_FLOAT32, {0});

    if (in.count() == 0) {  // Statistics of nothing.
      for (const View* none : {&batch_mean, &batch_variance}) call.fill(*none, NAN);
      for (const View* none : {&saved_mean, &saved_variance}) call.fill(*none, 0);
      return;
    }
    if (b.training) {
      const View invstd = call.temporary(TN_FLOAT32, scale.dims);
      const View unbiased = call.temporary(TN_FLOAT32, scale.dims);
      const View fresh_mean = call.temporary(TN_FLOAT32, scale.dims);
      // Momentum 1 gives the batch's own statistics; blending follows TensorFlow's rule below.
      call.fill(unbiased, 1);
      call.fill(fresh_mean, 0);
      call.run(b.train,
               {b.logical(x), scale, offset, fresh_mean, unbiased, Scalar::of(1.0),
                Scalar::of(b.epsilon)},
               {b.logical(y), saved_mean, invstd, fresh_mean, unbiased});
      // variance = 1 / invstd^2 - epsilon
      call.run(b.multiply, {invstd, invstd}, {saved_variance});
      call.run(b.reciprocal, {saved_variance}, {saved_variance});
      call.run(b.subtract, {saved_variance, Scalar(b.epsilon, TN_FLOAT32)}, {saved_variance});
      if (b.factor == 1) {
        call.copy(saved_mean, batch_mean);
        call.copy(unbiased, batch_variance);
      } else {  // (1 - factor) * old + factor * new
        const View old = call.temporary(TN_FLOAT32, scale.dims);
        call.run(b.multiply, {mean, Scalar(1 - b.factor, TN_FLOAT32)}, {old});
        call.run(b.add_scaled, {old, saved_mean, Scalar(b.factor, TN_FLOAT32)}, {batch_mean});
        call.run(b.multiply, {variance, Scalar(1 - b.factor, TN_FLOAT32)}, {old});
        call.run(b.add_scaled, {old, unbiased, Scalar(b.factor, TN_FLOAT32)}, {batch_variance});
      }
    } else {
      call.run(b.infer, {b.logical(x), scale, offset, mean, variance}, {b.logical(y)});
      call.copy(mean, batch_mean);
      call.copy(variance, batch_variance);
      call.copy(mean, saved_mean);
      call.copy(variance, saved_variance);
    }
    if (in.dtype != TN_FLOAT32) call.cast(y, out);
  };
}

// (dy, x, scale, saved mean, saved variance, ...) -> (dx, dscale, doffset, 0, 0)
Compute batch_norm_grad(const Node& node) {
  return [b = BatchNorm(node)](NodeCall& call) {
    const View in = call.input(1);
    const View scale = call.input(2);
    const View mean = call.input(3);
    const View variance = call.input(4);
    require_same_shape(call.input(0), in);
    b.check(in, {&scale, &mean, &variance});
    const View dy = call.as(call.input(0), TN_FLOAT32);
    const View x = call.as(in, TN_FLOAT32);
    const View invstd = call.temporary(TN_FLOAT32, scale.dims);
    call.run(b.add, {variance, Scalar(b.epsilon, TN_FLOAT32)}, {invstd});
    call.run(b.rsqrt, {invstd}, {invstd});
    const View out = call.output(0, in.dtype, in.dims);
    const View dx = in.dtype == TN_FLOAT32 ? out : call.temporary(TN_FLOAT32, in.dims);
    const View dscale = call.output(1, TN_FLOAT32, scale.dims);
    const View doffset = call.output(2, TN_FLOAT32, scale.dims);
    // Placeholders that are never read.
    call.fill(call.output(3, TN_FLOAT32, {}), 0);
    call.fill(call.output(4, TN_FLOAT32, {}), 0);
    if (in.count() == 0) {
      call.fill(dscale, 0);
      return call.fill(doffset, 0);
    }
    call.run(b.grad, {b.logical(dy), b.logical(x), scale, mean, invstd},
             {b.logical(dx), dscale, doffset});
    if (in.dtype != TN_FLOAT32) call.cast(dx, out);
  };
}

}  // namespace

void add_normalization(Rows& rows) {
  rows.push_back(plain_row("Softmax", floats(), softmax("Softmax")));
  rows.push_back(plain_row("LogSoftmax", floats(), softmax("LogSoftmax")));

  const Types inputs{TF_FLOAT, TF_HALF, TF_BFLOAT16};
  const Types statistics{TF_FLOAT};
  for (const char* op : {"FusedBatchNormV2", "FusedBatchNormV3"}) {
    rows.push_back({op, {{"T", inputs}, {"U", statistics}}, {}, batch_norm});
  }
  for (const char* op : {"FusedBatchNormGradV2", "FusedBatchNormGradV3"}) {
    rows.push_back({op, {{"T", inputs}, {"U", statistics}}, {}, batch_norm_grad});
  }
}

}  // namespace tenon::tensorflow
