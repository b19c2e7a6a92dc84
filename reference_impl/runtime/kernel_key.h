// SPDX-License-Identifier: Apache-2.0
//
// What makes two calls use the same kernel: the operation, the kinds, types and ranks of the
// arguments, which outputs replace which inputs and which further inputs equal those, and what the
// device insists on knowing.
#pragma once

#include <cstdint>
#include <span>

#include "runtime/hash.h"
#include "runtime/operation.h"
#include "runtime/prepared_call.h"
#include "runtime/small_array.h"

namespace tenon::runtime {

// What the device asked for, as a set of TN_REQUIRES_*: 0 describes every dim and stride as
// dynamic.
using Profile = uint32_t;

class KernelKey {
 public:
  KernelKey(const Operation& operation, const PreparedCall& call, Profile profile)
      : operation_(operation) {
    hash_ = operation.hash();
    push(profile | uint64_t{call.inputs().size()} << 32 | uint64_t{call.outputs().size()} << 48);
    const bool in_place = (profile & TN_REQUIRES_NO_ALIAS) == 0;
    for (size_t i = 0; i < call.inputs().size(); ++i) {
      push_argument(call.inputs()[i], in_place ? static_cast<uint64_t>(call.same_as(i)) : 0,
                    profile);
    }
    for (size_t i = 0; i < call.outputs().size(); ++i) {
      const int32_t alias = in_place ? call.alias(i) : 0;
      push_argument(call.outputs()[i], alias > 0 ? static_cast<uint64_t>(alias) : 0, profile);
    }
  }

  const Operation& operation() const { return operation_; }
  uint64_t hash() const { return hash_; }
  std::span<const uint64_t> words() const { return {words_.data(), words_.size()}; }

 private:
  void push(uint64_t word) {
    words_.push_back(word);
    hash_ = mix(hash_, word);
  }
  void push_argument(const Argument& argument, uint64_t alias, Profile profile) {
    push(static_cast<uint64_t>(argument.kind) | static_cast<uint64_t>(argument.dtype) << 8 |
         static_cast<uint64_t>(argument.rank) << 24 | alias << 32);
    if (profile == 0) [[likely]]
      return;
    if (argument.kind == Argument::Kind::kAbsent) return;
    if ((profile & TN_REQUIRES_STATIC_DIMS) != 0) {
      for (int32_t i = 0; i < argument.rank; ++i) push(static_cast<uint64_t>(argument.dims[i]));
    }
    // Dense strides follow from the dims.
    if ((profile & TN_REQUIRES_STATIC_STRIDES) != 0 && (profile & TN_REQUIRES_DENSE) == 0 &&
        argument.kind == Argument::Kind::kDevice) {
      int64_t dense = 1;
      uint64_t stride[TN_MAX_RANK];
      for (int32_t i = argument.rank; i-- > 0;) {
        stride[i] =
            static_cast<uint64_t>(argument.strides != nullptr ? argument.strides[i] : dense);
        dense *= argument.dims[i];
      }
      for (int32_t i = 0; i < argument.rank; ++i) push(stride[i]);
    }
  }

  const Operation& operation_;
  uint64_t hash_;
  SmallArray<uint64_t, 64> words_;
};

}  // namespace tenon::runtime
