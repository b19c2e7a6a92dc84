// SPDX-License-Identifier: Apache-2.0
//
// Pooling of two and three dimensions and its gradients. TensorFlow's gradients get no indices:
// they come from pooling once more.
#include "ops/pattern.h"
#include "ops/window.h"

namespace tenon::tensorflow {
namespace {

using runtime::Operation;

Operation pool_operation(const char* name, const Window& w, const Dims& input) {
  return Operation(
      name, {{"kernel_shape", w.size}, {"pads", w.pads(input, w.size)}, {"strides", w.strides}});
}

View pooled_input(NodeCall& call, const Window& w, int index) {
  const View x = call.input(index);
  w.check_dims("input", x.dims);
  return w.logical(x);
}

// Fails unless pooling an input gives a result like `pooled`.
void check_pooled(const Window& w, const char* name, const Dims& input, const Dims& pooled) {
  const Dims expected = w.output_dims(input, input[1], w.size);
  if (pooled == expected) return;
  invalid_argument(std::string(name) + " has shape " + w.physical(pooled).text() + ", expected " +
                   w.physical(expected).text());
}

// The window of a node, which has to reach beyond its paddings.
Window pool_window(const Node& node) {
  Window w = Window::parse(node);
  for (size_t i = 0; i < w.explicit_pads.size(); ++i) {
    const int64_t size = w.size[i % w.size.size()];
    if (w.explicit_pads[i] >= size) {
      invalid_argument("explicit_paddings: " + std::to_string(w.explicit_pads[i]) +
                       " needs to be smaller than the window size " + std::to_string(size));
    }
  }
  return w;
}

Compute pool(const char* name, const Node& node) {
  return [name, w = pool_window(node)](NodeCall& call) {
    const View x = pooled_input(call, w, 0);
    const Dims dims = w.output_dims(x.dims, x.dims[1], w.size);
    const View y = call.output(0, x.dtype, w.physical(dims));
    call.run(pool_operation(name, w, x.dims), {x}, {w.logical(y)});
  };
}

// (input, output, dy) -> dx
Compute max_pool_grad(const Node& node) {
  return [w = pool_window(node), scatter = Operation("tenon.MaxPoolGrad")](NodeCall& call) {
    const View x = pooled_input(call, w, 0);
    check_pooled(w, "orig_output", x.dims, pooled_input(call, w, 1).dims);
    const View dy = pooled_input(call, w, 2);
    check_pooled(w, "grad", x.dims, dy.dims);
    const View dx = call.output(0, x.dtype, w.physical(x.dims));
    if (dy.count() == 0) return call.fill(w.logical(dx), 0);
    const View y = call.temporary(x.dtype, w.physical(dy.dims));
    const View indices = call.temporary(TN_INT64, w.physical(dy.dims));
    call.run(pool_operation("tenon.MaxPool", w, x.dims), {x}, {w.logical(y), w.logical(indices)});
    call.run(scatter, {dy, w.logical(indices)}, {w.logical(dx)});
  };
}

// (input shape, dy) -> dx
Compute average_pool_grad(const Node& node) {
  return [w = pool_window(node)](NodeCall& call) {
    const Dims shape = call.host_integers(0);
    w.check_dims("orig_input_shape", shape);
    const View dy = pooled_input(call, w, 1);
    check_pooled(w, "grad", w.logical_dims(shape), dy.dims);
    const View dx = w.logical(call.output(0, dy.dtype, shape));
    if (dy.count() == 0) return call.fill(dx, 0);
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
