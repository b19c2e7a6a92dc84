// SPDX-License-Identifier: Apache-2.0
#include "reference_impl/cpu/kernels/small_float.h"

#include <array>
#include <iterator>

#include "tenon/cpp/dtype.hpp"
#include "tenon/cpp/float_form.hpp"

namespace tenon::cpu {
namespace {

using Table = std::array<float, 256>;  // By bits; those above the element's do not count.

const Table& table_of(tn_dtype dtype) {
  static const auto tables = [] {
    std::array<Table, std::size(kElementTypes)> all{};
    for (size_t i = 0; i < all.size(); ++i) {
      const ElementType& type = kElementTypes[i];
      if (!is_small_float(type.dtype)) continue;
      for (unsigned bits = 0; bits < 256; ++bits) {
        const unsigned own = bits & ((1u << type.bits) - 1);
        all[i][bits] = static_cast<float>(decode_float(type.form, own));
      }
    }
    return all;
  }();
  return tables[static_cast<size_t>(dtype)];
}

}  // namespace

bool is_small_float(tn_dtype dtype) {
  const ElementType& type = element_type(dtype);
  return type.kind == ElementKind::kFloat && type.bits <= 8;
}

float decode_small(tn_dtype dtype, uint8_t bits) { return table_of(dtype)[bits]; }

uint8_t encode_small(tn_dtype dtype, float value, bool saturate) {
  const double wide = static_cast<double>(value);  // Exact.
  return static_cast<uint8_t>(encode_float(element_type(dtype).form, wide, saturate));
}

}  // namespace tenon::cpu
