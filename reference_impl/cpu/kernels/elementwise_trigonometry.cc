// SPDX-License-Identifier: Apache-2.0
//
// Trigonometric and hyperbolic functions, and their inverses: the C library's, one at a time, since
// their arguments' reductions need branches.
#include <cmath>

#include "reference_impl/cpu/kernels/elementwise.h"
#include "reference_impl/cpu/kernels/vector_math.h"

namespace tenon::cpu {
namespace {

#define TENON_OF_LIBRARY(NAME, FUNCTION)   \
  struct NAME {                            \
    static constexpr bool kHeavy = true;   \
    template <class C>                     \
    TENON_INLINE C operator()(C x) const { \
      return FUNCTION(vm::arithmetic(x));  \
    }                                      \
  };

TENON_OF_LIBRARY(Sin, std::sin)
TENON_OF_LIBRARY(Cos, std::cos)
TENON_OF_LIBRARY(Tan, std::tan)
TENON_OF_LIBRARY(Asin, std::asin)
TENON_OF_LIBRARY(Acos, std::acos)
TENON_OF_LIBRARY(Atan, std::atan)
TENON_OF_LIBRARY(Sinh, std::sinh)
TENON_OF_LIBRARY(Cosh, std::cosh)
TENON_OF_LIBRARY(Asinh, std::asinh)
TENON_OF_LIBRARY(Acosh, std::acosh)
TENON_OF_LIBRARY(Atanh, std::atanh)
#undef TENON_OF_LIBRARY

template <class Op>
constexpr CreateKernel kOfLibrary = create_elementwise<Op, 1, kFloatTypes>;

}  // namespace

std::span<const OperatorEntry> trigonometry_operators() {
  static const OperatorEntry kEntries[] = {
      {op::kSin, kFloatTypes, kOfLibrary<Sin>},     {op::kCos, kFloatTypes, kOfLibrary<Cos>},
      {op::kTan, kFloatTypes, kOfLibrary<Tan>},     {op::kAsin, kFloatTypes, kOfLibrary<Asin>},
      {op::kAcos, kFloatTypes, kOfLibrary<Acos>},   {op::kAtan, kFloatTypes, kOfLibrary<Atan>},
      {op::kSinh, kFloatTypes, kOfLibrary<Sinh>},   {op::kCosh, kFloatTypes, kOfLibrary<Cosh>},
      {op::kAsinh, kFloatTypes, kOfLibrary<Asinh>}, {op::kAcosh, kFloatTypes, kOfLibrary<Acosh>},
      {op::kAtanh, kFloatTypes, kOfLibrary<Atanh>},
  };
  return kEntries;
}

}  // namespace tenon::cpu
