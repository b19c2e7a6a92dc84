// SPDX-License-Identifier: Apache-2.0
//
// Convolutions of two and three dimensions and their gradients. Filters [spatial..., I, O] are
// [O, I, spatial...] views; a depthwise filter [H, W, C, M] is a [C*M, 1, H, W] view of as many
// groups as there are channels.
#include "kernels/pattern.h"
#include "kernels/window.h"

namespace tenon::tensorflow {
namespace {

using runtime::Operation;

View depthwise_filter(const View& w) {
  View merged;
  if (!w.merge(2, 4, &merged)) invalid_argument("depthwise filter " + w.dims.text());
  // [H, W, C*M] as [C*M, 1, H, W].
  return merged.permuted(Dims{2, 0, 1}).with_axis(1);
}

struct Convolution {
  explicit Convolution(const Node& node, bool depthwise)
      : window(Window::parse(node)), depthwise(depthwise) {}

  Window window;
  bool depthwise;

  View filter(const View& w) const {
    if (w.rank() != window.spatial() + 2) invalid_argument("filter of shape " + w.dims.text());
    return depthwise ? depthwise_filter(w) : w.filter_first();
  }
  void check_input(const View& x) const {
    if (x.rank() != window.spatial() + 2) invalid_argument("input of shape " + x.dims.text());
  }
  // From the logical dims of the input and the filter [O, I, spatial...].
  Operation operation(const char* name, const Dims& input, const Dims& filter) const {
    if (filter[1] == 0 || input[1] % filter[1] != 0) {
      invalid_argument("input depth must be evenly divisible by filter depth: " +
                       std::to_string(input[1]) + " vs " + std::to_string(filter[1]));
    }
    return Operation(name, {{"dilations", window.dilations},
                            {"group", input[1] / filter[1]},
                            {"pads", window.pads(input, kernel(filter))},
                            {"strides", window.strides}});
  }
  std::vector<int64_t> kernel(const Dims& filter) const {
    return std::vector<int64_t>(filter.begin() + 2, filter.end());
  }
};

Compute forward(const Node& node, bool depthwise) {
  return [c = Convolution(node, depthwise)](Call& call) {
    const View in = call.input(0);
    c.check_input(in);
    const View x = c.window.logical(in);
    const View w = c.filter(call.input(1));
    const Operation f = c.operation("Conv", x.dims, w.dims);
    const Dims dims = c.window.output_dims(x.dims, w.dims[0], c.kernel(w.dims));
    const View y = call.output(0, x.dtype, c.window.physical(dims));
    call.run(f, {x, w}, {c.window.logical(y)});
  };
}

// (input_sizes, filter, dy) -> dx
Compute input_gradient(const Node& node, bool depthwise) {
  return [c = Convolution(node, depthwise)](Call& call) {
    Dims sizes = call.host_integers(0);
    const View w = c.filter(call.input(1));
    const View dy_in = call.input(2);
    c.check_input(dy_in);
    const View dy = c.window.logical(dy_in);
    if (sizes.size() == c.window.spatial()) {  // Spatial sizes alone are allowed.
      Dims logical{dy.dims[0], w.dims[1]};
      for (int64_t size : sizes) logical.push_back(size);
      sizes = c.window.physical(logical);
    }
    const View dx = call.output(0, dy.dtype, sizes);
    const View logical = c.window.logical(dx);
    const Dims expected = c.window.output_dims(logical.dims, w.dims[0], c.kernel(w.dims));
    if (!(expected == dy.dims)) {
      invalid_argument("out_backprop has shape " + dy.dims.text() + ", expected " +
                       expected.text());
    }
    call.run(c.operation("tenon.ConvGradInput", logical.dims, w.dims), {dy, w}, {logical});
  };
}

// (input, filter_sizes, dy) -> dw
Compute filter_gradient(const Node& node, bool depthwise) {
  return [c = Convolution(node, depthwise)](Call& call) {
    const View in = call.input(0);
    c.check_input(in);
    const View x = c.window.logical(in);
    const Dims sizes = call.host_integers(1);
    const View dy = c.window.logical(call.input(2));
    const View dw = call.output(0, x.dtype, sizes);
    const View w = c.filter(dw);
    const Operation f = c.operation("tenon.ConvGradWeight", x.dims, w.dims);
    if (x.count() == 0 || dy.count() == 0) return call.fill(dw, 0);
    call.run(f, {dy, x}, {w});
  };
}

using Make = Compute (*)(const Node&, bool);

Row row(const char* op, Make make, bool depthwise, std::vector<const char*> host) {
  return {op, {{"T", floats()}}, std::move(host), [make, depthwise](const Node& node) {
            return make(node, depthwise);
          }};
}

}  // namespace

void add_convolutions(Rows& rows) {
  rows.push_back(row("Conv2D", forward, false, {}));
  rows.push_back(row("Conv3D", forward, false, {}));
  rows.push_back(row("DepthwiseConv2dNative", forward, true, {}));

  rows.push_back(row("Conv2DBackpropInput", input_gradient, false, {"input_sizes"}));
  rows.push_back(row("Conv3DBackpropInputV2", input_gradient, false, {"input_sizes"}));
  rows.push_back(row("DepthwiseConv2dNativeBackpropInput", input_gradient, true, {"input_sizes"}));

  rows.push_back(row("Conv2DBackpropFilter", filter_gradient, false, {"filter_sizes"}));
  rows.push_back(row("Conv3DBackpropFilterV2", filter_gradient, false, {"filter_sizes"}));
  rows.push_back(
      row("DepthwiseConv2dNativeBackpropFilter", filter_gradient, true, {"filter_sizes"}));
}

}  // namespace tenon::tensorflow
