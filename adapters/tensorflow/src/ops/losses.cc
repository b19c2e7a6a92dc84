// SPDX-License-Identifier: Apache-2.0
//
// Cross entropies: loss and its gradient in one operator.
#include "ops/pattern.h"

namespace tenon::tensorflow {
namespace {

using runtime::Operation;

Compute sparse_cross_entropy() {
  return [f = Operation("tenon.SparseSoftmaxCrossEntropy")](NodeCall& call) {
    const View logits = call.input(0);
    const View labels = call.input(1);
    if (logits.rank() != 2 || labels.rank() != 1 || labels.dims[0] != logits.dims[0]) {
      invalid_argument("logits and labels must have the same first dimension, got logits shape " +
                       logits.dims.text() + " and labels shape " + labels.dims.text());
    }
    if (logits.dims[1] == 0) {
      invalid_argument("Must have at least one class, but got logits shape " + logits.dims.text());
    }
    const View loss = call.output(0, logits.dtype, labels.dims);
    const View backprop = call.output(1, logits.dtype, logits.dims);
    call.run(f, {logits, labels}, {loss, backprop});
  };
}

Compute cross_entropy() {
  return [f = Operation("tenon.SoftmaxCrossEntropy"), softmax = Operation("Softmax"),
          subtract = Operation("Sub")](NodeCall& call) {
    const View logits = call.input(0);
    const View labels = call.input(1);
    const Dims dims = broadcast_dims(logits.dims, labels.dims);
    if (dims.size() != 2) {
      invalid_argument("logits and labels must be 2-dimensional, got " + dims.text());
    }
    const View loss = call.output(0, logits.dtype, {dims[0]});
    const View backprop = call.output(1, logits.dtype, dims);
    call.run(f, {logits.broadcast_to(dims), labels.broadcast_to(dims)}, {loss, backprop});
    // TensorFlow's gradient is softmax - labels also where labels do not add up to 1; the
    // operator's is softmax * sum(labels) - labels.
    call.run(softmax, {logits.broadcast_to(dims)}, {backprop});
    call.run(subtract, {backprop, labels}, {backprop});
  };
}

}  // namespace

void add_losses(Rows& rows) {
  rows.push_back(
      plain_row("SparseSoftmaxCrossEntropyWithLogits", floats(), sparse_cross_entropy()));
  rows.push_back(plain_row("SoftmaxCrossEntropyWithLogits", floats(), cross_entropy()));
}

}  // namespace tenon::tensorflow
