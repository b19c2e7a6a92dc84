// SPDX-License-Identifier: Apache-2.0
//
// How a reduction walks its input: which dims are reduced and which kept, as few as possible.
#pragma once

#include "tenon/device/kernel.h"

namespace tenon::device {

// The dims of a reduction, innermost first, sorted and joined. Strides are in bytes.
struct ReducePlan {
  struct Dim {
    int64_t extent;
    int64_t in[2];   // Of the inputs.
    int64_t out[2];  // Of the results; 0 in reduced dims.
  };
  Dim kept[TN_MAX_RANK], reduced[TN_MAX_RANK];
  int32_t kept_rank = 0, reduced_rank = 0;
  int64_t results = 1, elements = 1;

  // `axes`: bit d says that dim d is reduced. The strides of the inputs and of the results are per
  // dim of the input, in bytes; null for what is not there.
  ReducePlan(const View& shape, uint32_t axes, const int64_t* in0, const int64_t* in1,
             const int64_t* out0, const int64_t* out1);
  bool by_columns() const;

 private:
  static void arrange(Dim* dims, int32_t& rank);
};

}  // namespace tenon::device
