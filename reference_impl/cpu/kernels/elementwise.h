// SPDX-License-Identifier: Apache-2.0
//
// All elementwise operators are one kernel class around a loop made from a functor.
//
// A functor computes one element in the compute types of its inputs, for example
//
//     struct Add { template <class C> TENON_INLINE C operator()(C a, C b) const { return a + b; }
//     };
//
// and may be constructed from the kernel's numeric attributes (`const double*`). elementwise_loop()
// compiles it for contiguous inputs, for inputs that are a single value, and for any strides.
#pragma once

#include <algorithm>
#include <memory>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "reference_impl/cpu/kernels/kernel.h"
#include "reference_impl/cpu/kernels/simd.h"
#include "tenon/device/operators/elementwise.h"
#include "tenon/device/operators/shape.h"
#include "tenon/device/operators/strided_loop.h"

namespace tenon::cpu {

// Computes `count` elements. pointers[0] is the output; strides are in bytes.
using ElementwiseLoop = void (*)(const double* attributes, std::byte* const* pointers,
                                 const int64_t* strides, int64_t count);

template <class Op, class Out, class... In>
struct ElementwiseBody {
  static constexpr size_t kInputs = sizeof...(In);

  static TENON_INLINE void body(const double* attributes, std::byte* const* pointers,
                                const int64_t* strides, int64_t count) {
    const Op op = make(attributes);
    const auto all = std::index_sequence_for<In...>{};
    switch (shape_of(strides, all)) {
      case 0:
        return contiguous<0>(op, pointers, count, all);
      case 1:
        if constexpr (kInputs == 2) return contiguous<1>(op, pointers, count, all);
        break;
      case 2:
        if constexpr (kInputs == 2 || kInputs == 3) return contiguous<2>(op, pointers, count, all);
        break;
      case 4:
        if constexpr (kInputs == 3) return contiguous<4>(op, pointers, count, all);
        break;
      case 6:
        if constexpr (kInputs == 3) return contiguous<6>(op, pointers, count, all);
        break;
      case 8:
        if constexpr (kInputs == 4) return contiguous<8>(op, pointers, count, all);
        break;
      case 14:  // One value of each input but the first: what a channel has.
        if constexpr (kInputs == 4) return contiguous<14>(op, pointers, count, all);
        break;
      case 60:
        if constexpr (kInputs == 6) return contiguous<60>(op, pointers, count, all);
        break;
      default:
        break;
    }
    strided(op, pointers, strides, count, all);
  }

 private:
  static TENON_INLINE Op make(const double* attributes) {
    if constexpr (std::is_constructible_v<Op, const double*>) {
      return Op(attributes);
    } else {
      return Op();
    }
  }

  // Bit i: input i is one value; -1: something is neither that nor contiguous.
  template <size_t... I>
  static TENON_INLINE int shape_of(const int64_t* strides, std::index_sequence<I...>) {
    bool simple = strides[0] == static_cast<int64_t>(sizeof(Out));
    int single = 0;
    ((strides[I + 1] == 0 ? void(single |= 1 << I)
                          : void(simple &= strides[I + 1] == static_cast<int64_t>(sizeof(In)))),
     ...);
    return simple ? single : -1;
  }

  // The output may be one of the inputs, but only exactly: no iteration reads what another wrote,
  // hence ivdep.
  template <int kSingle, size_t... I>
  static TENON_INLINE void contiguous(const Op& op, std::byte* const* pointers, int64_t count,
                                      std::index_sequence<I...>) {
    Out* out = reinterpret_cast<Out*>(pointers[0]);
    const std::tuple<const In*...> in{reinterpret_cast<const In*>(pointers[I + 1])...};
    const std::tuple<Compute<In>...> first{load(*std::get<I>(in))...};
#pragma GCC ivdep
    for (int64_t i = 0; i < count; ++i)
      out[i] =
          store<Out>(op(((kSingle >> I & 1) ? std::get<I>(first) : load(std::get<I>(in)[i]))...));
  }

  template <size_t... I>
  static TENON_INLINE void strided(const Op& op, std::byte* const* pointers, const int64_t* strides,
                                   int64_t count, std::index_sequence<I...>) {
    for (int64_t i = 0; i < count; ++i)
      *reinterpret_cast<Out*>(pointers[0] + i * strides[0]) = store<Out>(
          op(load(*reinterpret_cast<const In*>(pointers[I + 1] + i * strides[I + 1]))...));
  }
};

// The loop of a functor for these types, compiled for this machine. A functor that computes much
// says so with `static constexpr bool kHeavy = true`.
template <class Op, class Out, class... In>
ElementwiseLoop elementwise_loop() {
  constexpr bool kHeavy = requires { Op::kHeavy; };
  return SimdLoop<ElementwiseBody<Op, Out, In...>, kHeavy, const double*, std::byte* const*,
                  const int64_t*, int64_t>::select();
}

// Items for which another thread is worth waking.
inline constexpr int64_t kElementwiseGrain = 32768;

// `kInputs` inputs that broadcast, one output.
template <int kInputs>
class ElementwiseKernel final : public Kernel {
 public:
  ElementwiseKernel(const Description& desc, ElementwiseLoop loop, double first = 0,
                    double second = 0, int64_t grain = kElementwiseGrain)
      : name_(desc.name()), loop_(loop), attributes_{first, second}, grain_(grain) {}

  void check(const Arguments& a) const override {
    check_broadcast(name_, a.inputs.first(kInputs), a);
  }

  void run(const Arguments& arguments, const Execution& execution) const override {
    const View& output = arguments.outputs[0];
    const View* operands[kInputs + 1] = {&output};
    for (int i = 0; i < kInputs; ++i) operands[i + 1] = &arguments.inputs[i];
    const StridedLoop<kInputs + 1> loop(operands, output.dims, output.rank);
    execution.parallel_for(loop.count(), grain_, [&](int64_t begin, int64_t end) {
      loop.rows(begin, end, [this](std::byte* const* pointers, const int64_t* strides, int64_t n) {
        loop_(attributes_, pointers, strides, n);
      });
    });
  }

 private:
  std::string name_;
  ElementwiseLoop loop_;
  double attributes_[2];
  int64_t grain_;
};

// CreateKernel for a functor whose inputs and output all have one of the types in Mask.
template <class Op, int kInputs, uint64_t Mask>
std::unique_ptr<Kernel> make_elementwise(const Description& desc, double first = 0,
                                         double second = 0) {
  require_one_type(desc, kInputs);
  return visit_dtype<Mask>(
      desc.name(), desc.input_dtype(0), [&](auto type) -> std::unique_ptr<Kernel> {
        using T = typename decltype(type)::type;
        constexpr int64_t kGrain = kElementwiseGrain / (requires { Op::kHeavy; } ? 8 : 1);
        ElementwiseLoop loop;
        if constexpr (kInputs == 1) loop = elementwise_loop<Op, T, T>();
        if constexpr (kInputs == 2) loop = elementwise_loop<Op, T, T, T>();
        if constexpr (kInputs == 3) loop = elementwise_loop<Op, T, T, T, T>();
        if constexpr (kInputs == 4) loop = elementwise_loop<Op, T, T, T, T, T>();
        return std::make_unique<ElementwiseKernel<kInputs>>(desc, loop, first, second, kGrain);
      });
}

template <class Op, int kInputs, uint64_t Mask>
std::unique_ptr<Kernel> create_elementwise(const Description& desc) {
  return make_elementwise<Op, kInputs, Mask>(desc);
}

// The parts of the family, by file.
std::span<const OperatorEntry> unary_operators();
std::span<const OperatorEntry> math_operators();
std::span<const OperatorEntry> trigonometry_operators();
std::span<const OperatorEntry> activation_operators();
std::span<const OperatorEntry> bit_operators();
std::span<const OperatorEntry> binary_operators();
std::span<const OperatorEntry> division_operators();
std::span<const OperatorEntry> compare_operators();
std::span<const OperatorEntry> where_clip_operators();
std::span<const OperatorEntry> elementwise_grad_operators();

}  // namespace tenon::cpu
