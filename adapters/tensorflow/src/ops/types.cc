// SPDX-License-Identifier: Apache-2.0
#include "ops/types.h"

namespace tenon::tensorflow {
namespace {

struct Pair {
  TF_DataType tf;
  tn_dtype tenon;
};

// The one list of types here: all sets are taken from it.
constexpr Pair kPairs[] = {
    {TF_FLOAT, TN_FLOAT32},     {TF_DOUBLE, TN_FLOAT64}, {TF_HALF, TN_FLOAT16},
    {TF_BFLOAT16, TN_BFLOAT16}, {TF_INT32, TN_INT32},    {TF_INT64, TN_INT64},
    {TF_INT16, TN_INT16},       {TF_INT8, TN_INT8},      {TF_UINT8, TN_UINT8},
    {TF_UINT16, TN_UINT16},     {TF_UINT32, TN_UINT32},  {TF_UINT64, TN_UINT64},
    {TF_BOOL, TN_BOOL},
};

// Those of the pairs that a set holds, but for int32 where that stays on the host.
Types of_set(uint64_t set, bool int32 = false) {
  Types types;
  for (const Pair& pair : kPairs) {
    if (in_set(pair.tenon, set) && (int32 || pair.tf != TF_INT32)) types.push_back(pair.tf);
  }
  return types;
}

}  // namespace

tn_dtype to_tenon(TF_DataType type) {
  for (const Pair& pair : kPairs) {
    if (pair.tf == type) return pair.tenon;
  }
  return TN_DTYPE_UNDEFINED;
}

TF_DataType to_tf(tn_dtype type) {
  for (const Pair& pair : kPairs) {
    if (pair.tenon == type) return pair.tf;
  }
  return static_cast<TF_DataType>(0);
}

const Types& floats() {
  static const Types types = of_set(type_set::kFloat);
  return types;
}

const Types& numbers() {
  static const Types types = of_set(type_set::kNumeric);
  return types;
}

const Types& numbers_and_int32() {
  static const Types types = of_set(type_set::kNumeric, true);
  return types;
}

const Types& integers() {
  static const Types types = of_set(type_set::kInteger, true);
  return types;
}

const Types& plain() {
  static const Types types = of_set(type_set::kComputed);
  return types;
}

const Types& movable() {
  static const Types types = of_set(type_set::kComputed, true);
  return types;
}

}  // namespace tenon::tensorflow
