// SPDX-License-Identifier: Apache-2.0
//
// Pooling of two and three dimensions and its gradients. TensorFlow's gradients get no indices:
// they come from pooling once more.
#include "kernels/pattern.h"
#include "kernels/window.h"

namespace tenon::tensorflow {
namespace {

using runtime::Operation;

Operation pool_operation(const char* name, const Window& w, const Dims& input) {
  return Operation(
      name, {{"kernel_shape", w.size}, {"pads", w.pads(input, w.size)}, {"strides", w.strides}});
}

View pooled_input(Call& call, const Window& w, int index) {
  const View x = call.input(index);
  if (x.rank() != w.spatial() + 2) invalid_argument("input of shape " + x.dims.text());
  return w.logical(x);
}

Compute pool(const char* name, const Node& node) {
  return [name, w = Window::parse(node)](Call& call) {
    const View x = pooled_input(call, w, 0);
    const Dims dims = w.output_dims(x.dims, x.dims[1], w.size);
    const View y = call.output(0, x.dtype, w.physical(dims));
    call.run(pool_operation(name, w, x.dims), {x}, {w.logical(y)});
  };
}

// (input, output, dy) -> dx
Compute max_pool_grad(const Node& node) {
  return [w = Window::parse(node), scatter = Operation("tenon.MaxPoolGrad")](Call& call) {
    const View x = pooled_input(call, w, 0);
    const View dy = pooled_input(call, w, 2);
    const View dx = call.output(0, x.dtype, w.physical(x.dims));
    const View y = call.temporary(x.dtype, w.physical(dy.dims));
    const View indices = call.temporary(TN_INT64, w.physical(dy.dims));
    call.run(pool_operation("tenon.MaxPool", w, x.dims), {x}, {w.logical(y), w.logical(indices)});
    call.run(scatter, {dy, w.logical(indices)}, {w.logical(dx)});
  };
}

// (input shape, dy) -> dx
Compute average_pool_grad(const Node& node) {
  return [w = Window::parse(node)](Call& call) {
    const Dims shape = call.host_integers(0);
    const View dy = pooled_input(call, w, 1);
    const View dx = w.logical(call.output(0, dy.dtype, shape));
    call.run(pool_operation("tenon.AveragePoolGrad", w, dx.dims), {dy}, {dx});
  };
}

Row pool_row(const char* op, const char* operation) {
  return {
      op, {{"T", floats()}}, {}, [operation](const Node& node) { return pool(operation, node); }};
}

}  // namespace

void add_pooling(Rows& rows) {
  rows.push_back(pool_row("MaxPool", "tenon.MaxPool"));
  rows.push_back(pool_row("MaxPool3D", "tenon.MaxPool"));
  rows.push_back(pool_row("AvgPool", "AveragePool"));
  rows.push_back(pool_row("AvgPool3D", "AveragePool"));
  rows.push_back({"MaxPoolGrad", {{"T", floats()}}, {}, max_pool_grad});
  rows.push_back({"MaxPool3DGrad", {{"T", floats()}}, {}, max_pool_grad});
  rows.push_back({"AvgPoolGrad", {{"T", floats()}}, {"orig_input_shape"}, average_pool_grad});
  rows.push_back({"AvgPool3DGrad", {{"T", floats()}}, {"orig_input_shape"}, average_pool_grad});
}

}  // namespace tenon::tensorflow
