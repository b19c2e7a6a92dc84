// SPDX-License-Identifier: Apache-2.0
//
// Operators of two inputs that are one oneDNN binary primitive, with broadcasting.
#include "operators.h"
#include "primitive_kernel.h"
#include "reference_impl/cpu/kernels/shape.h"

namespace tenon::onednn {
namespace {

using dnnl::algorithm;

// Dims of the output with the strides of all three; neighbours that all three step through alike
// are one dim, so that oneDNN sees few.
struct Joined {
  Strided x, y, z;
};

int64_t stride_at(const View& view, int32_t dims_behind) {
  const int32_t at = view.rank - 1 - dims_behind;
  return at < 0 || view.dims[at] == 1 ? 0 : view.strides[at];
}

Joined join(const View& x, const View& y, const View& z) {
  Joined j;
  const auto push = [](Strided& s, int64_t dim, int64_t stride) {
    s.dims.push_back(dim);
    s.strides.push_back(stride);
  };
  for (int32_t i = 0; i < z.rank; ++i) {
    const int64_t dim = z.dims[i];
    if (dim == 1) continue;
    const int64_t sx = stride_at(x, z.rank - 1 - i), sy = stride_at(y, z.rank - 1 - i);
    const int64_t sz = z.strides[i];
    const bool joins = !j.z.dims.empty() && j.x.strides.back() == sx * dim &&
                       j.y.strides.back() == sy * dim && j.z.strides.back() == sz * dim;
    if (joins) {
      for (Strided* s : {&j.x, &j.y, &j.z}) s->dims.back() *= dim;
      j.x.strides.back() = sx;
      j.y.strides.back() = sy;
      j.z.strides.back() = sz;
    } else {
      push(j.x, dim, sx);
      push(j.y, dim, sy);
      push(j.z, dim, sz);
    }
  }
  if (j.z.dims.empty()) {
    for (Strided* s : {&j.x, &j.y, &j.z}) push(*s, 1, 1);
  }
  for (Strided* s : {&j.x, &j.y}) {
    // A dim that is stepped over by 0 is broadcast: oneDNN says that with a dim of 1. One of the
    // two has to have the output's dim, so where both are stepped over, x keeps its 0, for which it
    // is copied.
    for (size_t i = s->dims.size(); i-- > 0;) {
      if (s->strides[i] != 0 || (s == &j.x && j.y.strides[i] == 0)) continue;
      s->dims[i] = 1;
      s->strides[i] = i + 1 < s->dims.size() ? s->dims[i + 1] * s->strides[i + 1] : 1;
    }
  }
  return j;
}

class Binary final : public PrimitiveKernel {
 public:
  Binary(const Description& d, algorithm algorithm) : algorithm_(algorithm), name_(d.name()) {
    require_float32(d, 2);
    if (d.input_count() != 2) cpu::throw_invalid(name_, "takes two inputs");
    for (const size_t i : {size_t{0}, size_t{1}}) {
      if (form_of(d.input(i).layout)) layout_ = d.input(i).layout;
    }
  }

  void check(const Arguments& a) const override {
    cpu::check_broadcast(name_, a.inputs, a.outputs[0]);
    if (layout_ == TN_LAYOUT_STRIDED) return;
    for (const View& input : a.inputs) {
      if (input.layout != layout_ || !cpu::same_dims(input, a.outputs[0])) {
        throw KernelError(TN_UNSUPPORTED, name_ +
                                              ": both inputs must be in one layout and of one "
                                              "size when one is in a token");
      }
    }
    if (a.outputs[0].layout != layout_) {
      throw KernelError(TN_UNSUPPORTED, name_ + ": the output must be in the inputs' layout");
    }
  }
  tn_layout input_layout(size_t, tn_layout) const override { return layout_; }
  tn_layout output_layout(size_t, tn_layout) const override { return layout_; }

 protected:
  void build(const Arguments& a, Program& p) const override {
    Program::Operand x, y, z;
    if (layout_ != TN_LAYOUT_STRIDED) {
      x = p.input(0, a.inputs[0]);
      y = p.input(1, a.inputs[1]);
      z = p.output(0, a.outputs[0]);
    } else {
      const Joined j = join(a.inputs[0], a.inputs[1], a.outputs[0]);
      x = p.input(0, j.x);
      y = p.input(1, j.y);
      z = p.output(0, j.z);
    }
    const dnnl::binary::primitive_desc pd(engine(), algorithm_, p.md(x), p.md(y), p.md(z),
                                          attributes_of());
    p.execute<dnnl::binary>(pd, {{DNNL_ARG_SRC_0, x}, {DNNL_ARG_SRC_1, y}, {DNNL_ARG_DST, z}});
  }

 private:
  const algorithm algorithm_;
  const std::string name_;
  tn_layout layout_ = TN_LAYOUT_STRIDED;
};

template <algorithm kAlgorithm>
std::unique_ptr<Kernel> create_binary(const Description& d) {
  auto kernel = std::make_unique<Binary>(d, kAlgorithm);
  kernel->prepare(d);
  return kernel;
}

}  // namespace

std::span<const cpu::OperatorEntry> binary_operators() {
  static const cpu::OperatorEntry kEntries[] = {
      {"", "Add", 14, kFloat32, create_binary<algorithm::binary_add>},
      {"", "Sub", 14, kFloat32, create_binary<algorithm::binary_sub>},
      {"", "Mul", 14, kFloat32, create_binary<algorithm::binary_mul>},
      {"", "Div", 14, kFloat32, create_binary<algorithm::binary_div>},
  };
  return kEntries;
}

}  // namespace tenon::onednn
