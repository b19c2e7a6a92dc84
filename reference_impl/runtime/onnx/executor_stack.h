// SPDX-License-Identifier: Apache-2.0
//
// What a loop puts out in each iteration, one behind the other along a new axis.
#pragma once

#include <vector>

#include "runtime/onnx/executor.h"

namespace tenon::runtime::onnx_import {

class Executor::Stack {
 public:
  struct Form {
    int64_t place = 0;       // Of the new axis.
    int64_t length = -1;     // Room for items; -1: as many as come, along axis 0.
    bool backwards = false;  // The first item comes last. `length` items come then.
  };
  Stack(Executor& executor, Form form, bool fold) : executor_(executor), form_(form), fold_(fold) {}

  // Copies the item, or writes down that it is one. Throws Error where its dims are not those of
  // the items before.
  void push(Tensor item);
  // The whole; what is left of `length` is zero. Without items, `declared` says what they would be.
  Tensor finish(const ModelValue& declared);

 private:
  // Where `count_` is no place of the buffer yet.
  void make_room();
  Tensor place(const Tensor& buffer, int64_t at) const;
  std::vector<int64_t> dims_of(int64_t length) const;
  Tensor joined();
  Tensor zeros(tn_dtype dtype, std::vector<int64_t> dims);
  void settle_axis(size_t item_rank);

  Executor& executor_;
  Form form_;
  const bool fold_;
  tn_dtype dtype_ = TN_DTYPE_UNDEFINED;
  std::vector<int64_t> item_dims_;
  int64_t count_ = 0;
  Tensor buffer_;
  std::vector<Tensor> items_;  // Instead of the buffer, in a recording and on the host.
};

// The part at `index` of an axis, without that axis.
Tensor part_of(const Tensor& tensor, size_t axis, int64_t index);

}  // namespace tenon::runtime::onnx_import
