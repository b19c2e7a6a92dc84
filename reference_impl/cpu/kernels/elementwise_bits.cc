// SPDX-License-Identifier: Apache-2.0
//
// Elementwise operators on the bits of integers.
#include "reference_impl/cpu/kernels/elementwise.h"
#include "tenon/device/operators/elementwise.h"

namespace tenon::cpu {
namespace {

#define TENON_BITS(NAME, PARAMETERS, EXPRESSION) \
  struct NAME {                                  \
    template <class C>                           \
    TENON_INLINE C operator() PARAMETERS const { \
      return static_cast<C>(EXPRESSION);         \
    }                                            \
  };

TENON_BITS(BitwiseNot, (C x), ~x)
TENON_BITS(BitwiseAnd, (C a, C b), a& b)
TENON_BITS(BitwiseOr, (C a, C b), a | b)
TENON_BITS(BitwiseXor, (C a, C b), a ^ b)
#undef TENON_BITS

// By fewer bits than there are, and not by a negative number.
template <class C>
TENON_INLINE bool is_within(C bits) {
  return bits >= 0 && bits < static_cast<C>(8 * sizeof(C));
}

struct LeftShift {
  template <class C>
  TENON_INLINE C operator()(C x, C bits) const {
    using W = std::conditional_t<sizeof(C) == 8, uint64_t, uint32_t>;
    const C by = is_within(bits) ? bits : C(0);
    return is_within(bits) ? static_cast<C>(static_cast<W>(x) << by) : C(0);
  }
};

struct RightShift {
  template <class C>
  TENON_INLINE C operator()(C x, C bits) const {
    // As far as it goes leaves the sign alone; of an unsigned number one step more leaves nothing.
    constexpr C kMost = 8 * sizeof(C) - 1;
    const C by = is_within(bits) ? bits : kMost;
    const bool none = std::is_unsigned_v<C> && !is_within(bits);
    return none ? C(0) : static_cast<C>(x >> by);
  }
};

std::unique_ptr<Kernel> create_bit_shift(const Description& desc) {
  return is_right_shift(desc) ? make_elementwise<RightShift, 2, kIntegerTypes>(desc)
                              : make_elementwise<LeftShift, 2, kIntegerTypes>(desc);
}

}  // namespace

std::span<const OperatorEntry> bit_operators() {
  static const OperatorEntry kEntries[] = {
      {op::kBitwiseNot, kIntegerTypes, create_elementwise<BitwiseNot, 1, kIntegerTypes>},
      {op::kBitwiseAnd, kIntegerTypes, create_elementwise<BitwiseAnd, 2, kIntegerTypes>},
      {op::kBitwiseOr, kIntegerTypes, create_elementwise<BitwiseOr, 2, kIntegerTypes>},
      {op::kBitwiseXor, kIntegerTypes, create_elementwise<BitwiseXor, 2, kIntegerTypes>},
      {op::kBitShift, kIntegerTypes, create_bit_shift},
  };
  return kEntries;
}

}  // namespace tenon::cpu
