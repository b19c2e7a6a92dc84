// SPDX-License-Identifier: Apache-2.0
#include "types.h"

#include <array>

namespace tenon::pytorch {
namespace {

struct Row {
  ScalarType torch;
  tn_dtype tenon;
  bool computable = true;  // PyTorch's own operators know the others too little to be served.
};

// The one list of types here.
constexpr Row kRows[] = {
    {ScalarType::Float, TN_FLOAT32},
    {ScalarType::Double, TN_FLOAT64},
    {ScalarType::Half, TN_FLOAT16},
    {ScalarType::BFloat16, TN_BFLOAT16},
    {ScalarType::Char, TN_INT8},
    {ScalarType::Short, TN_INT16},
    {ScalarType::Int, TN_INT32},
    {ScalarType::Long, TN_INT64},
    {ScalarType::Byte, TN_UINT8},
    {ScalarType::UInt16, TN_UINT16, false},
    {ScalarType::UInt32, TN_UINT32, false},
    {ScalarType::UInt64, TN_UINT64, false},
    {ScalarType::Bool, TN_BOOL},
};

// By PyTorch's number, as every argument of every call asks.
constexpr auto kByScalarType = [] {
  std::array<Row, static_cast<size_t>(ScalarType::NumOptions)> rows{};
  for (Row& row : rows) row = {ScalarType::Undefined, TN_DTYPE_UNDEFINED, false};
  for (const Row& row : kRows) rows[static_cast<size_t>(row.torch)] = row;
  return rows;
}();

const Row& row_of(ScalarType type) {
  const auto index = static_cast<size_t>(type);
  return kByScalarType[index < kByScalarType.size() ? index
                                                    : static_cast<size_t>(ScalarType::Undefined)];
}

}  // namespace

tn_dtype to_tenon(ScalarType type) { return row_of(type).tenon; }

bool computable(ScalarType type) { return row_of(type).computable; }

Number number_of(const at::Scalar& value) {
  if (value.isBoolean()) return value.toBool();
  if (value.isComplex()) {
    const c10::complex<double> number = value.toComplexDouble();
    return std::complex<double>(number.real(), number.imag());
  }
  if (!value.isIntegral(/*includeBool=*/false)) return value.toDouble();
  if (value.type() == ScalarType::UInt64) return value.toUInt64();
  return value.toLong();
}

}  // namespace tenon::pytorch
