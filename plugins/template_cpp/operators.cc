// SPDX-License-Identifier: Apache-2.0
//
// The operators: what each is checked for, its work, and its row. Tensors have the dims of their
// descriptions and are dense (plugin.cc says so), or the weight of MatMul, in the form kColumns.
#include "device.h"
#include "tenon/device/operators/attributes.h"
#include "tenon/device/operators/number.h"
#include "tenon/device/operators/products.h"
#include "tenon/device/operators/shape.h"

namespace tenon_template {
namespace {

constexpr uint64_t kConverted = kComputedTypes & ~dtype_bit(TN_UINT64);

class Copy : public Kernel {  // Identity
 public:
  explicit Copy(const Description& d) {
    if (d.input_count() != 1 || d.output_count() != 1 || d.input_dtype(0) != d.output_dtype(0))
      throw_invalid(d.name(), "it has one input and one output, of one type");
  }
  void check(const Arguments& a) const override {
    check_output("Identity", "Y", a, 0, a.input(0).shape());
  }
  void run(const Arguments& a, const Execution& queue) const override {
    const View &x = a.inputs[0], &y = a.outputs[0];
    if (x.data != y.data) queue.copy(y.data, x.data, y.count() * (tn_dtype_bits(y.dtype) / 8));
  }
};

class Fill final : public Copy {
 public:
  using Copy::Copy;
  void check(const Arguments&) const override {}  // The caller alone decides the dims.
  void run(const Arguments& a, const Execution& queue) const override {
    const View& y = a.outputs[0];
    const uint64_t size = tn_dtype_bits(y.dtype) / 8;
    queue.fill(y.data, y.count() * size, a.inputs[0].data, size);
  }
};

class Cast final : public Kernel {
 public:
  explicit Cast(const Description& d) {
    // `saturate` is of float8 types, which are not here.
    if (attributes::Cast(d).to != d.output_dtype(0))
      throw_invalid("Cast", "`to` is not the type of the output");
    visit_dtype<kConverted>("Cast", d.output_dtype(0), [](auto) {});  // Or it throws.
  }
  void check(const Arguments& a) const override {
    check_output("Cast", "Y", a, 0, a.input(0).shape());
  }
  void run(const Arguments& a, const Execution& execution) const override {
    const auto& queue = static_cast<const Queue&>(execution);
    visit_dtype<kConverted>("Cast", a.inputs[0].dtype, [&](auto from) {
      visit_dtype<kConverted>("Cast", a.outputs[0].dtype, [&](auto to) {
        using To = typename decltype(to)::type;
        const auto* x = queue.at<typename decltype(from)::type>(a.inputs[0]);
        To* y = queue.at<To>(a.outputs[0]);
        for (int64_t i = 0; i < a.outputs[0].count(); ++i) {
          const auto value = load(x[i]);
          // Out of range and NaN give any integer, but C++ leaves even the conversion undefined.
          if constexpr (kIsFloat<decltype(+value)> && std::is_integral_v<To> &&
                        !std::is_same_v<To, bool>)
            y[i] = static_cast<To>(value >= -0x1p63 && value < 0x1p63 ? static_cast<int64_t>(value)
                                                                      : 0);
          else
            y[i] = store<To>(value);
        }
      });
    });
  }
};

class MatMul final : public KernelOf<MatMulOperator> {
 public:
  explicit MatMul(const Description& d) : KernelOf(d) {
    if (d.input(0).rank != 2 || d.input(1).rank != 2)
      throw KernelError(TN_UNSUPPORTED, "MatMul: matrices alone: loop over the batch");
  }
  // A weight whose form is left to the device is packed.
  tn_layout input_layout(size_t i, tn_layout described) const override {
    return i == 1 && described != TN_LAYOUT_STRIDED ? kColumns : TN_LAYOUT_STRIDED;
  }
  void run(const Arguments& arguments, const Execution& execution) const override {
    const auto& queue = static_cast<const Queue&>(execution);
    const View &a = arguments.inputs[0], &b = arguments.inputs[1], &y = arguments.outputs[0];
    const int64_t columns = y.dims[1], inner = a.dims[1];
    const auto [down, right] =
        b.layout == kColumns ? std::pair{int64_t{1}, inner} : std::pair{columns, int64_t{1}};
    const float *left = queue.at<float>(a), *weight = queue.at<float>(b);
    float* to = queue.at<float>(y);
    for (int64_t i = 0; i < y.count(); ++i) {
      float sum = 0;
      for (int64_t k = 0; k < inner; ++k)
        sum += left[i / columns * inner + k] * weight[k * down + i % columns * right];
      to[i] = sum;
    }
  }
};

template <class T>
std::unique_ptr<Kernel> create(const Description& description) {
  return std::make_unique<T>(description);
}

}  // namespace

std::span<const OperatorEntry> operators() {
  static constexpr OperatorEntry kRows[] = {
      {tenon::op::kIdentity, kMovedTypes, create<Copy>},
      {tenon::op::kCast, kConverted, create<Cast>},
      {tenon::op::kTenonFill, kMovedTypes, create<Fill>},
      {tenon::op::kMatMul, dtype_bit(TN_FLOAT32), create<MatMul>}};
  return kRows;
}

}  // namespace tenon_template
