// SPDX-License-Identifier: Apache-2.0
//
// Matrix products, convolutions and pools.
#include <algorithm>

#include "shapes/shape_rules.h"

namespace tenon::shapes {

std::vector<Dims> matmul(const Call& call) {
  Dims a = call.dims(0), b = call.dims(1);
  if (a.empty() || b.empty()) throw ShapeError("a matrix product of scalars");
  const bool row = a.size() == 1, column = b.size() == 1;
  if (row) a.insert(a.begin(), 1);
  if (column) b.push_back(1);
  if (a.back() != b[b.size() - 2])
    throw ShapeError("dims " + text_of(call.dims(0)) + " and " + text_of(call.dims(1)) +
                     " do not multiply");
  Dims dims = broadcast_dims(Dims(a.begin(), a.end() - 2), Dims(b.begin(), b.end() - 2));
  if (!row) dims.push_back(a[a.size() - 2]);
  if (!column) dims.push_back(b.back());
  return {dims};
}

std::vector<Dims> gemm(const Call& call) {
  const Dims &a = call.dims(0), &b = call.dims(1);
  if (a.size() != 2 || b.size() != 2)
    throw ShapeError("dims " + text_of(a) + " and " + text_of(b) + " are no matrices");
  const bool over_a = call.integer("transA") != 0, over_b = call.integer("transB") != 0;
  if (a[over_a ? 0 : 1] != b[over_b ? 1 : 0])
    throw ShapeError("dims " + text_of(a) + " and " + text_of(b) + " do not multiply");
  return {Dims{a[over_a ? 1 : 0], b[over_b ? 0 : 1]}};
}

namespace {

int64_t at_or(const Dims& list, size_t i, int64_t otherwise) {
  return i < list.size() ? list[i] : otherwise;
}

// Positions of a window along one axis; with `ceil` as ONNX counts them: none begins in the padding
// behind the data.
int64_t positions(int64_t size, int64_t begin, int64_t end, int64_t taps, int64_t dilation,
                  int64_t stride, bool ceil) {
  const int64_t room = size + begin + end - ((taps - 1) * dilation + 1);
  if (room < 0) return 0;
  int64_t count = room / stride + 1;
  if (ceil && room % stride != 0 && count * stride < size + begin) ++count;
  return count;
}

Dims windows(const Call& call, const Dims& x, const Dims& taps, bool ceil) {
  const Dims strides = call.integers("strides"), dilations = call.integers("dilations"),
             pads = call.integers("pads");
  Dims dims;
  for (size_t i = 0; i < taps.size(); ++i) {
    dims.push_back(positions(x[i + 2], at_or(pads, i, 0), at_or(pads, i + taps.size(), 0), taps[i],
                             at_or(dilations, i, 1), at_or(strides, i, 1), ceil));
  }
  return dims;
}

std::vector<Dims> over(const Dims& x, int64_t channel_count, const Dims& spatial, size_t outputs) {
  Dims dims{x[0], channel_count};
  dims.insert(dims.end(), spatial.begin(), spatial.end());
  return {outputs, dims};
}

void require_image(const Dims& x, size_t spatial) {
  if (x.size() != spatial + 2 || spatial == 0)
    throw ShapeError("dims " + text_of(x) + " for a window of " + std::to_string(spatial) +
                     " dims");
}

}  // namespace

std::vector<Dims> conv(const Call& call) {
  const Dims &x = call.dims(0), &w = call.dims(1);
  if (w.size() < 3) throw ShapeError("W has dims " + text_of(w));
  const Dims taps(w.begin() + 2, w.end());
  require_image(x, taps.size());
  return over(x, w[0], windows(call, x, taps, false), call.outputs);
}

std::vector<Dims> pool(const Call& call) {
  const Dims& x = call.dims(0);
  const Dims taps = call.integers("kernel_shape");
  require_image(x, taps.size());
  return over(x, x[1], windows(call, x, taps, call.integer("ceil_mode") != 0), call.outputs);
}

std::vector<Dims> global_pool(const Call& call) {
  const Dims& x = call.dims(0);
  if (x.size() < 2) throw ShapeError("X has dims " + text_of(x) + ", expected [N, C, ...]");
  return over(x, x[1], Dims(x.size() - 2, 1), call.outputs);
}

}  // namespace tenon::shapes
