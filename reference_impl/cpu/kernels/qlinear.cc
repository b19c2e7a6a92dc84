// SPDX-License-Identifier: Apache-2.0
//
// QLinearAdd, QLinearMul, and what is a table of 256 results: QLinearSigmoid, QLinearLeakyRelu and
// QLinearConcat.
#include <cmath>

#include "reference_impl/cpu/kernels/integer_product.h"
#include "reference_impl/cpu/kernels/quantize.h"
#include "reference_impl/cpu/kernels/quantized.h"
#include "reference_impl/cpu/kernels/strided_copy.h"
#include "tenon/device/operators/built_view.h"
#include "tenon/device/operators/qlinear.h"
#include "tenon/device/operators/shape.h"
#include "tenon/device/operators/strided_loop.h"

namespace tenon::cpu {
namespace {

// How a whole number is read: (q - zero) * scale.
struct Linear {
  Linear(const View& scale_view, const View& zero_view)
      : scale(one_number<float>(scale_view, 1)), zero(one_number<int32_t>(zero_view)) {}
  float scale;
  int32_t zero;
};

// What a binary operator makes of two differences q - zero, before it is rounded.
struct AddLinear {
  static float value(float a, const Linear& of_a, float b, const Linear& of_b, float scale) {
    return (of_a.scale * a + of_b.scale * b) / scale;
  }
};
struct MulLinear {
  static float value(float a, const Linear& of_a, float b, const Linear& of_b, float scale) {
    return a * b * (of_a.scale * of_b.scale / scale);
  }
};

template <class Function>
class QLinearBinary final : public KernelOf<QLinearBinaryOperator> {
 public:
  using KernelOf::KernelOf;

  void run(const Arguments& arguments, const Execution& execution) const override {
    const View x = arguments.input(0), w = arguments.input(3), y = arguments.output(0);
    const Linear of_x(arguments.input(1), arguments.input(2));
    const Linear of_w(arguments.input(4), arguments.input(5));
    const Linear of_y(arguments.input(6), arguments.input(7));
    const View* operands[] = {&y, &x, &w};
    const StridedLoop<3> loop(operands, y.dims, y.rank);
    visit_bytes(operator_.name, y.dtype, [&](auto type) {
      using T = typename decltype(type)::type;
      const IntegerRange range = range_of(DtypeOf<T>::value);
      execution.parallel_for(loop.count(), 8192, [&](int64_t begin, int64_t end) {
        loop.rows(begin, end, [&](std::byte* const* at, const int64_t* step, int64_t count) {
          auto* to = reinterpret_cast<T*>(at[0]);
          const auto* a = reinterpret_cast<const T*>(at[1]);
          const auto* b = reinterpret_cast<const T*>(at[2]);
          for (int64_t i = 0; i < count; ++i) {
            const auto left = static_cast<float>(a[i * step[1]] - of_x.zero);
            const auto right = static_cast<float>(b[i * step[2]] - of_w.zero);
            to[i * step[0]] = static_cast<T>(
                saturated(Function::value(left, of_x, right, of_w, of_y.scale), of_y.zero, range));
          }
        });
      });
    });
  }
};

// Element for element what a function of the quantized number gives; dims are equal.
template <class Function>
void map_bytes(std::string_view op, const View& x, const View& y, const Execution& execution,
               Function&& function) {
  if (y.count() == 0) return;
  visit_bytes(op, x.dtype, [&](auto type) {
    using T = typename decltype(type)::type;
    uint8_t table[256];
    for (int32_t code = 0; code < 256; ++code) {
      const auto byte = static_cast<uint8_t>(code);
      table[code] = static_cast<uint8_t>(function(int32_t{static_cast<T>(byte)}));
    }
    const PairLoop loop(y.shape(), y.strides, x.strides);
    for_each_run(loop, execution,
                 [&](int64_t d, int64_t s, int64_t size, int64_t dst_step, int64_t src_step) {
                   auto* to = y.as<uint8_t>() + d;
                   const auto* from = x.as<const uint8_t>() + s;
                   for (int64_t i = 0; i < size; ++i) to[i * dst_step] = table[from[i * src_step]];
                 });
  });
}

class QLinearSigmoid final : public KernelOf<QLinearSigmoidOperator> {
 public:
  using KernelOf::KernelOf;

  void run(const Arguments& a, const Execution& execution) const override {
    const Linear of_x(a.input(1), a.input(2)), of_y(a.input(3), a.input(4));
    const IntegerRange range = range_of(a.outputs[0].dtype);
    map_bytes(operator_.name, a.inputs[0], a.outputs[0], execution, [&](int32_t q) {
      const double x = static_cast<double>(q - of_x.zero) * static_cast<double>(of_x.scale);
      const double y = 1 / (1 + std::exp(-x));
      return saturated(y / static_cast<double>(of_y.scale), of_y.zero, range);
    });
  }
};

class QLinearLeakyRelu final : public KernelOf<QLinearLeakyReluOperator> {
 public:
  using KernelOf::KernelOf;

  void run(const Arguments& a, const Execution& execution) const override {
    const Linear of_x(a.input(1), a.input(2)), of_y(a.input(3), a.input(4));
    const IntegerRange range = range_of(a.outputs[0].dtype);
    map_bytes(operator_.name, a.inputs[0], a.outputs[0], execution, [&](int32_t q) {
      const float x = static_cast<float>(q - of_x.zero) * of_x.scale;
      return saturated((x < 0 ? operator_.alpha * x : x) / of_y.scale, of_y.zero, range);
    });
  }
};

class QLinearConcat final : public KernelOf<QLinearConcatOperator> {
 public:
  using KernelOf::KernelOf;

  void run(const Arguments& a, const Execution& execution) const override {
    const View y = a.output(0);
    const Linear of_y(a.input(0), a.input(1));
    const IntegerRange range = range_of(y.dtype);
    const int32_t axis = normalize_axis(operator_.name, operator_.axis, y.rank);
    int64_t along = 0;
    for (size_t i = 0; i < operator_.count(a); ++i) {
      const View x = operator_.data(a, i);
      const Linear of_x(operator_.scale(a, i), operator_.zero(a, i));
      BuiltView part(y);
      for (int32_t d = 0; d < y.rank; ++d) part.add(x.dims[d], y.strides[d]);
      part.move(along * y.strides[axis]);
      along += x.dims[axis];
      map_bytes(operator_.name, x, part.view(), execution, [&](int32_t q) {
        const auto difference = static_cast<float>(q - of_x.zero);
        return saturated(difference * (of_x.scale / of_y.scale), of_y.zero, range);
      });
    }
  }
};

}  // namespace

std::unique_ptr<Kernel> create_qlinear_add(const Description& d) {
  return std::make_unique<QLinearBinary<AddLinear>>(d);
}
std::unique_ptr<Kernel> create_qlinear_mul(const Description& d) {
  return std::make_unique<QLinearBinary<MulLinear>>(d);
}
std::unique_ptr<Kernel> create_qlinear_sigmoid(const Description& d) {
  return std::make_unique<QLinearSigmoid>(d);
}
std::unique_ptr<Kernel> create_qlinear_leaky_relu(const Description& d) {
  return std::make_unique<QLinearLeakyRelu>(d);
}
std::unique_ptr<Kernel> create_qlinear_concat(const Description& d) {
  return std::make_unique<QLinearConcat>(d);
}

}  // namespace tenon::cpu
