// SPDX-License-Identifier: Apache-2.0
//
// The arguments of one call in the ABI's form: addresses resolved, in-place outputs and overlaps
// found. Lives on the stack for the length of the call.
#pragma once

#include <cstdint>
#include <span>

#include "runtime/address_map.h"
#include "runtime/operation.h"
#include "runtime/small_array.h"
#include "tenon/tenon.h"

namespace tenon::runtime {

inline int64_t element_count(const Argument& argument) {
  int64_t count = 1;
  for (int32_t i = 0; i < argument.rank; ++i) count *= argument.dims[i];
  return count;
}

// Bytes that a view touches lie in [begin, end); both 0 for one without elements.
struct ByteRange {
  uint64_t begin = 0;
  uint64_t end = 0;
  bool overlaps(const ByteRange& other) const { return begin < other.end && other.begin < end; }
};
ByteRange byte_range(const Argument& argument, int64_t count);

// Row-major without gaps (dims of 1 may have any stride).
bool is_dense(const Argument& argument);
// The same dims, strides and type, wherever it lies.
bool same_view(const Argument& a, const Argument& b);

class PreparedCall {
 public:
  // What to do with an output.
  enum : int32_t { kDisjoint = 0, kTemporary = -1 };

  // Without a map, addresses are not resolved and may be null: for questions about support.
  PreparedCall(const AddressMap* map, const Operation& operation, std::span<const Argument> inputs,
               std::span<const Argument> outputs);

  std::span<const Argument> inputs() const { return inputs_; }
  std::span<const Argument> outputs() const { return outputs_; }
  // True when no output has elements; only with a map.
  bool empty() const { return empty_; }
  // True when an output overlaps an input other than exactly.
  bool needs_temporary() const { return needs_temporary_; }
  // Of an output: 1 + the input that it replaces exactly, or one of the values above.
  int32_t alias(size_t output) const { return aliases_[output]; }
  bool has_alias() const { return has_alias_; }
  // Of an input: 1 + the earlier one that an output replaces and that this one is too, or 0.
  int32_t same_as(size_t input) const { return has_same_ ? same_as_[input] : 0; }

  tn_tensor& input_tensor(size_t i) { return tensors_[i]; }
  tn_tensor& output_tensor(size_t i) { return tensors_[inputs_.size() + i]; }
  const tn_tensor* const* input_pointers() const { return pointers_.data(); }
  const tn_tensor* const* output_pointers() const { return pointers_.data() + inputs_.size(); }

 private:
  static constexpr size_t kInline = 20;  // AdamW has 15 arguments.

  void prepare(const AddressMap* map, size_t position, const Argument& argument);
  void find_aliases();
  void find_same_inputs(size_t output);
  [[noreturn]] void throw_unknown_address(size_t position) const;

  const Operation& operation_;
  const std::span<const Argument> inputs_;
  const std::span<const Argument> outputs_;
  SmallArray<tn_tensor, kInline> tensors_;
  SmallArray<const tn_tensor*, kInline> pointers_;
  SmallArray<ByteRange, kInline> ranges_;
  SmallArray<int32_t, kInline> aliases_;
  SmallArray<int32_t, kInline> same_as_;  // Written when has_same_.
  bool empty_ = true;
  bool has_alias_ = false;
  bool has_same_ = false;
  bool needs_temporary_ = false;
};

}  // namespace tenon::runtime
