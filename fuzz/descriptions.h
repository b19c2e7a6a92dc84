// SPDX-License-Identifier: Apache-2.0
//
// Kernel descriptions of the operator contract, mostly as it allows them, and broken here and
// there: what a host may get wrong in a struct, without lying about memory that the callee has to
// read.
#pragma once

#include <cstddef>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "fuzz/choices.h"
#include "runtime/registry.h"
#include "tenon/tenon.h"

namespace tenon::fuzz {

// Bytes of a dense tensor; -1 where they cannot be counted, or are beyond `most`.
int64_t dense_bytes(tn_dtype dtype, std::span<const int64_t> dims, int64_t most = 1 << 16);

class Description {
 public:
  // `constant`: one of the device's, float32 of dims {3}; may be NULL.
  Description(Choices& choices, tn_constant* constant);
  Description(const Description&) = delete;
  Description& operator=(const Description&) = delete;

  const tn_kernel_desc* get() const { return &desc_; }
  std::span<const tn_argument> inputs() const { return inputs_; }
  std::span<const tn_argument> outputs() const { return outputs_; }

 private:
  void choose_dims();
  std::vector<int64_t> dims_of(int32_t rank);
  void describe(tn_argument* argument, bool output, tn_dtype dtype);
  void break_one(tn_argument* argument);
  void add_attributes(const runtime::OperatorInfo& info);
  void add_attribute(const AttributeFact& fact);
  const int64_t* keep(std::vector<int64_t> values);
  const void* keep_bytes(int64_t size);

  Choices& choices_;
  tn_constant* const constant_;
  int32_t rank_ = 0;
  std::vector<int64_t> dims_;
  tn_kernel_desc desc_{};
  std::vector<tn_argument> inputs_;
  std::vector<tn_argument> outputs_;
  std::vector<const tn_argument*> input_pointers_;
  std::vector<const tn_argument*> output_pointers_;
  std::deque<tn_attribute> attributes_;
  std::vector<const tn_attribute*> attribute_pointers_;
  std::deque<std::vector<int64_t>> lists_;
  std::deque<std::vector<float>> reals_;
  std::deque<std::vector<int32_t>> symbols_;
  std::deque<std::string> texts_;
  std::deque<tn_string> strings_;
  // Of exactly the size, so that a byte more is seen.
  std::vector<std::unique_ptr<unsigned char[]>> bytes_;
};

}  // namespace tenon::fuzz
