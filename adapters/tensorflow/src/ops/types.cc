// SPDX-License-Identifier: Apache-2.0
#include "ops/types.h"

namespace tenon::tensorflow {
namespace {

struct Pair {
  TF_DataType tf;
  tn_dtype tenon;
};

constexpr Pair kPairs[] = {
    {TF_FLOAT, TN_FLOAT32},     {TF_DOUBLE, TN_FLOAT64}, {TF_HALF, TN_FLOAT16},
    {TF_BFLOAT16, TN_BFLOAT16}, {TF_INT32, TN_INT32},    {TF_INT64, TN_INT64},
    {TF_INT16, TN_INT16},       {TF_INT8, TN_INT8},      {TF_UINT8, TN_UINT8},
    {TF_UINT16, TN_UINT16},     {TF_UINT32, TN_UINT32},  {TF_UINT64, TN_UINT64},
    {TF_BOOL, TN_BOOL},
};

Types with(Types types, const Types& more) {
  types.insert(types.end(), more.begin(), more.end());
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
  static const Types types{TF_FLOAT, TF_DOUBLE, TF_HALF, TF_BFLOAT16};
  return types;
}

const Types& numbers() {
  static const Types types =
      with(floats(), {TF_INT64, TF_INT16, TF_INT8, TF_UINT8, TF_UINT16, TF_UINT32, TF_UINT64});
  return types;
}

const Types& numbers_and_int32() {
  static const Types types = with(numbers(), {TF_INT32});
  return types;
}

const Types& plain() {
  static const Types types = with(numbers(), {TF_BOOL});
  return types;
}

const Types& movable() {
  static const Types types = with(plain(), {TF_INT32});
  return types;
}

}  // namespace tenon::tensorflow
