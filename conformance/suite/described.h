// SPDX-License-Identifier: Apache-2.0
//
// A case as a kernel is described, and described again as the device asks: one of known dims, of
// dense or aligned tensors, of constants answers TN_NEEDS_STATIC to all else, and conforms.
#pragma once

#include <string>
#include <vector>

#include "suite/case.h"
#include "suite/form.h"
#include "suite/keeper.h"

namespace tenon::conformance {

// What is tried of a case. Each is a description of its own; data, offsets and threads are not.
struct Variant {
  Form form = Form::kDense;
  tn_math_mode mode = TN_MATH_STRICT;
  uint32_t flags = 0;
  int constant = -1;     // The input that is given as a constant.
  int replaced = -1;     // The input that output 0 replaces, besides what the case says.
  bool layouts = false;  // Everything in the layouts that the device chooses for TN_LAYOUT_ANY.
};

class Described {
 public:
  // `version`: of the row that claims the operator.
  Described(const OperatorCase& c, int32_t version, const Variant& variant);

  // Follows what the device asks until it says TN_OK; else the last answer. A test failure where it
  // asks for nothing, or for what it has got.
  KernelSupport settle(const Device& device);

  const OperatorCase& operator_case() const { return case_; }
  const KernelDesc& desc() const { return desc_; }
  // Strides of an argument's memory.
  const Shape& input_strides(size_t i) const { return input_strides_[i]; }
  const Shape& output_strides(size_t i) const { return output_strides_[i]; }
  // 1 + the input whose memory an output has.
  int32_t alias(size_t output) const { return desc_.outputs[output].alias; }
  // Whether a value is part of it.
  bool has_constants() const;
  // What two equal descriptions share; empty where a constant is part of it.
  std::string key() const;
  // Takes the values of constants from a case of the same description.
  void set_constants(const OperatorCase& from);

 private:
  void pack_constant(const Device& device);
  Argument describe(tn_dtype dtype, const Shape& dims, const Shape& strides) const;
  bool follow(const tn_argument_needs& needs, Argument& argument, Shape& strides, size_t i,
              bool is_output);

  const OperatorCase& case_;
  Variant variant_;
  KernelDesc desc_;
  std::vector<Shape> input_strides_, output_strides_;
  std::vector<Bytes> constants_;
};

// The dims that an output's memory has.
const Shape& memory_dims(const OperatorCase& c, size_t output);

}  // namespace tenon::conformance
