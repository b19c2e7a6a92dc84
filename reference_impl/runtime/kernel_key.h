// SPDX-License-Identifier: Apache-2.0
//
// What makes two calls use the same kernel: the operation, the kinds, types and ranks of the
// arguments, which outputs replace which inputs and which further inputs equal those, and what the
// device insists on knowing of each argument.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <vector>

#include "runtime/hash.h"
#include "runtime/operation.h"
#include "runtime/prepared_call.h"
#include "runtime/small_array.h"

namespace tenon::runtime {

// What the device asked for of each argument of a call, inputs first. Empty: nothing yet, so every
// dim and stride is described as dynamic.
class Profile {
 public:
  bool empty() const { return needs_.empty(); }
  // TN_REQUIRES_* of an argument, and what goes with TN_REQUIRES_ALIGNED.
  uint32_t requirements(size_t position) const {
    return needs_.empty() ? 0 : needs_[position].requirements;
  }
  uint32_t alignment(size_t position) const {
    return needs_.empty() ? 0 : needs_[position].alignment;
  }

  // Asks for more of one argument of `count`. A copy that is made for the sake of alignment is
  // dense, so what must be aligned is described as dense, too.
  void add(size_t position, size_t count, uint32_t requirements, uint32_t alignment) {
    if (requirements == 0) return;
    needs_.resize(count);
    if ((requirements & TN_REQUIRES_ALIGNED) != 0) requirements |= TN_REQUIRES_DENSE;
    needs_[position].requirements |= requirements;
    needs_[position].alignment = std::max(needs_[position].alignment, alignment);
  }
  void add(const Profile& other) {
    for (size_t i = 0; i < other.needs_.size(); ++i) {
      add(i, other.needs_.size(), other.needs_[i].requirements, other.needs_[i].alignment);
    }
  }

 private:
  struct Needs {
    uint32_t requirements = 0;
    uint32_t alignment = 0;
  };
  std::vector<Needs> needs_;
};

// 1 + the input that output `output` of the call is described to replace, or 0.
inline int32_t described_alias(const PreparedCall& call, const Profile& profile, size_t output) {
  const size_t position = call.inputs().size() + output;
  const bool apart = (profile.requirements(position) & TN_REQUIRES_NO_ALIAS) != 0;
  return apart ? 0 : std::max(0, call.alias(output));
}

// 1 + the replaced input that input `input` is described to be the same view as, or 0.
inline int32_t described_same(const PreparedCall& call, const Profile& profile, size_t input) {
  const int32_t same = call.same_as(input);
  if (same == 0 || profile.empty()) return same;
  for (size_t i = 0; i < call.outputs().size(); ++i) {
    if (described_alias(call, profile, i) == same) return same;
  }
  return 0;
}

class KernelKey {
 public:
  // For a device that was asked nothing yet. Every call makes this key, so it is short: no more
  // than the hash and one word for each argument.
  [[gnu::always_inline]] KernelKey(const Operation& operation, const PreparedCall& call)
      : operation_(operation), hash_(operation.hash()) {
    const size_t inputs = call.inputs().size();
    const size_t outputs = call.outputs().size();
    words_.resize(1 + inputs + outputs);
    uint64_t* word = words_.data();
    set(word++, counts(inputs, outputs));
    for (size_t i = 0; i < inputs; ++i) set(word++, described(call.inputs()[i], call.same_as(i)));
    for (size_t i = 0; i < outputs; ++i) {
      set(word++, described(call.outputs()[i], std::max(0, call.alias(i))));
    }
  }
  // The same words as those above where `profile` is empty.
  KernelKey(const Operation& operation, const PreparedCall& call, const Profile& profile);

  const Operation& operation() const { return operation_; }
  uint64_t hash() const { return hash_; }
  std::span<const uint64_t> words() const { return {words_.data(), words_.size()}; }

 private:
  static uint64_t counts(size_t inputs, size_t outputs) {
    return uint64_t{inputs} << 32 | uint64_t{outputs} << 48;
  }
  static uint64_t described(const Argument& argument, int32_t alias) {
    return static_cast<uint64_t>(argument.kind) | static_cast<uint64_t>(argument.dtype) << 8 |
           static_cast<uint64_t>(argument.rank) << 24 | static_cast<uint64_t>(alias) << 32;
  }

  void set(uint64_t* at, uint64_t word) {
    *at = word;
    hash_ = mix(hash_, word);
  }
  void push(uint64_t word) {
    words_.push_back(word);
    hash_ = mix(hash_, word);
  }
  void push_needed(const Argument& argument, const Profile& profile, size_t position);

  const Operation& operation_;
  uint64_t hash_;
  SmallArray<uint64_t, 64> words_;
};

}  // namespace tenon::runtime
