// SPDX-License-Identifier: Apache-2.0
//
// Convolutions of two and three dimensions and their gradients. Filters [spatial..., I, O] are
// [O, I, spatial...] views; a depthwise filter [H, W, C, M] is a [C*M, 1, H, W] view of as many
// groups as there are channels.
#include "ops/pattern.h"
#include "ops/window.h"

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

  View filter(const View& w) const { return depthwise ? depthwise_filter(w) : w.filter_first(); }
  // An input of the op, of the node's rank.
  View tensor(NodeCall& call, int index, const char* name) const {
    const View x = call.input(index);
    window.check_dims(name, x.dims);
    return x;
  }
  std::vector<int64_t> kernel(const Dims& filter) const {
    return std::vector<int64_t>(filter.begin() + 2, filter.end());
  }
  // Of filters [O, I, spatial...]: groups that the input's channels make.
  int64_t groups(const Dims& input, const Dims& filter) const {
    return filter[1] == 0 ? 1 : input[1] / filter[1];
  }
  // What an input gives under a filter `w` as the node has it; the dims are logical. Fails when
  // the two do not fit.
  Dims output_dims(const Dims& input, const Dims& w, const Dims& filter) const {
    const int64_t depth = depthwise ? w[2] : filter[1];
    if (depthwise ? input[1] != depth : depth == 0 || input[1] % depth != 0) {
      invalid_argument("input depth must be evenly divisible by filter depth: " +
                       std::to_string(input[1]) + " vs " + std::to_string(depth));
    }
    const int64_t parts = groups(input, filter);
    if (!depthwise && (parts == 0 || filter[0] % parts != 0)) {
      invalid_argument("output depth must be evenly divisible by the number of groups: " +
                       std::to_string(filter[0]) + " vs " + std::to_string(parts));
    }
    for (int64_t size : kernel(filter)) {
      if (size == 0) invalid_argument("filter must not have zero elements: " + w.text());
    }
    return window.output_dims(input, filter[0], kernel(filter));
  }
  void check_gradient(const Dims& dy, const Dims& expected) const {
    if (dy == expected) return;
    invalid_argument("out_backprop has shape " + window.physical(dy).text() + ", expected " +
                     window.physical(expected).text());
  }
  Operation operation(const char* name, const Dims& input, const Dims& filter) const {
    return Operation(name, {{"dilations", window.dilations},
                            {"group", groups(input, filter)},
                            {"pads", window.pads(input, kernel(filter))},
                            {"strides", window.strides}});
  }
};

Compute forward(const Node& node, bool depthwise) {
  return [c = Convolution(node, depthwise)](NodeCall& call) {
    const View x = c.window.logical(c.tensor(call, 0, "input"));
    const View filter = c.tensor(call, 1, "filter");
    const View w = c.filter(filter);
    const Dims dims = c.output_dims(x.dims, filter.dims, w.dims);
    const View y = call.output(0, x.dtype, c.window.physical(dims));
    call.run(c.operation("Conv", x.dims, w.dims), {x, w}, {c.window.logical(y)});
  };
}

// (input_sizes, filter, dy) -> dx
Compute input_gradient(const Node& node, bool depthwise) {
  return [c = Convolution(node, depthwise)](NodeCall& call) {
    Dims sizes = call.host_integers(0);
    const View filter = c.tensor(call, 1, "filter");
    const View w = c.filter(filter);
    const View dy = c.window.logical(c.tensor(call, 2, "out_backprop"));
    if (sizes.size() == c.window.spatial()) {  // Spatial sizes alone are allowed.
      Dims logical{dy.dims[0], w.dims[1]};
      for (int64_t size : sizes) logical.push_back(size);
      sizes = c.window.physical(logical);
    }
    c.window.check_dims("input_sizes", sizes);
    const Dims dims = c.window.logical_dims(sizes);
    c.check_gradient(dy.dims, c.output_dims(dims, filter.dims, w.dims));
    const View dx = call.output(0, dy.dtype, sizes);
    if (dy.count() == 0) return call.fill(dx, 0);
    call.run(c.operation("tenon.ConvGradInput", dims, w.dims), {dy, w}, {c.window.logical(dx)});
  };
}

// (input, filter_sizes, dy) -> dw
Compute filter_gradient(const Node& node, bool depthwise) {
  return [c = Convolution(node, depthwise)](NodeCall& call) {
    const View x = c.window.logical(c.tensor(call, 0, "input"));
    const Dims sizes = call.host_integers(1);
    c.window.check_dims("filter_sizes", sizes);
    const View dy = c.window.logical(c.tensor(call, 2, "out_backprop"));
    const Dims dims = c.filter(View(nullptr, x.dtype, sizes)).dims;
    c.check_gradient(dy.dims, c.output_dims(x.dims, sizes, dims));
    const View dw = call.output(0, x.dtype, sizes);
    if (x.count() == 0 || dy.count() == 0) return call.fill(dw, 0);
    call.run(c.operation("tenon.ConvGradWeight", x.dims, dims), {dy, x}, {c.filter(dw)});
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
