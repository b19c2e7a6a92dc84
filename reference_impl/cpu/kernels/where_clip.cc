// SPDX-License-Identifier: Apache-2.0
//
// Where and Clip.
#include <array>

#include "reference_impl/cpu/kernels/elementwise.h"
#include "tenon/device/operators/elementwise.h"

namespace tenon::cpu {
namespace {

struct Where {
  template <class C>
  TENON_INLINE C operator()(uint8_t condition, C x, C y) const {
    return condition ? x : y;
  }
};

struct Bits128 {
  uint64_t halves[2];
};

template <class Bits>
ElementwiseLoop where_loop() {
  return elementwise_loop<Where, Bits, uint8_t, Bits, Bits>();
}

// Elements are only moved: their size alone matters.
std::unique_ptr<Kernel> create_where(const Description& desc) {
  require_where(desc);
  ElementwiseLoop loop = nullptr;
  switch (tn_dtype_bits(desc.input_dtype(1))) {
    case 8:
      loop = where_loop<uint8_t>();
      break;
    case 16:
      loop = where_loop<uint16_t>();
      break;
    case 32:
      loop = where_loop<uint32_t>();
      break;
    case 64:
      loop = where_loop<uint64_t>();
      break;
    case 128:
      loop = where_loop<Bits128>();
      break;
    default:
      throw_unsupported_dtype(desc.name(), desc.input_dtype(1));
  }
  return std::make_unique<ElementwiseKernel<3>>(desc, loop);
}

// min(max(x, low), high), NaN in x staying NaN. A missing bound is one that x cannot pass.
struct Clip {
  template <class C>
  TENON_INLINE C operator()(C x, C low, C high) const {
    x = x < low ? low : x;
    return x > high ? high : x;
  }
};

template <class T>
class ClipKernel final : public Kernel {
 public:
  explicit ClipKernel(const Description& desc)
      : inner_(desc, elementwise_loop<Clip, T, T, T, T>()) {}

  void check(const Arguments& arguments) const override {
    inner_.check(complete(arguments, operands(arguments)));
  }
  void run(const Arguments& arguments, const Execution& execution) const override {
    inner_.run(complete(arguments, operands(arguments)), execution);
  }

 private:
  static View scalar(const T& value, tn_dtype dtype) {
    View view;
    view.data = reinterpret_cast<std::byte*>(const_cast<T*>(&value));
    view.dtype = dtype;
    return view;
  }

  static std::array<View, 3> operands(const Arguments& arguments) {
    static constexpr T kLow = lowest<T>(), kHigh = highest<T>();
    const View input = arguments.inputs[0], low = arguments.input(1), high = arguments.input(2);
    return {input, low.present() ? low : scalar(kLow, input.dtype),
            high.present() ? high : scalar(kHigh, input.dtype)};
  }

  static Arguments complete(const Arguments& arguments, const std::array<View, 3>& operands) {
    Arguments all = arguments;
    all.inputs = operands;
    return all;
  }

  ElementwiseKernel<3> inner_;
};

std::unique_ptr<Kernel> create_clip(const Description& desc) {
  require_clip(desc);
  return visit_dtype<kNumericTypes>(desc.name(), desc.input_dtype(0),
                                    [&](auto type) -> std::unique_ptr<Kernel> {
                                      using T = typename decltype(type)::type;
                                      return std::make_unique<ClipKernel<T>>(desc);
                                    });
}

}  // namespace

std::span<const OperatorEntry> where_clip_operators() {
  static const OperatorEntry kEntries[] = {
      {op::kWhere, kMovedTypes, create_where},
      {op::kClip, kNumericTypes, create_clip},
  };
  return kEntries;
}

}  // namespace tenon::cpu
