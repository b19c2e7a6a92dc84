// SPDX-License-Identifier: Apache-2.0
//
// Operator cases: an operator, inputs, and what spec/ops says must come out, computed by the naive
// loops of conformance/cases, exactly or nearly (number.h). They know nothing of devices, and
// nothing of tolerances: those are looked up by the operator's name (compare.h).
#pragma once

#include <string>
#include <vector>

#include "suite/host_tensor.h"

namespace tenon::conformance {

struct CaseInput {
  tn_argument_kind kind = TN_ARGUMENT_DEVICE;
  HostTensor tensor;
  int32_t same = 0;  // 1 + the earlier input that it is the same view as, and an output replaces.
};

struct OperatorCase {
  std::string domain;
  std::string name;
  std::string label;            // What is special about it; part of the test's name.
  tn_dtype dtype = TN_FLOAT32;  // Of the first type constraint: the column of the device's table.
  std::vector<CaseInput> inputs = {};
  std::vector<Expected> outputs = {};
  std::vector<Attribute> attributes = {};
  std::vector<int32_t> aliases = {};  // For each output, 1 + the input that it replaces, or 0.
  // For outputs whose dims depend on data: the dims to allocate. Else empty.
  std::vector<Shape> bounds = {};
  size_t at = 0;  // In the list of all cases of its type.

  OperatorCase& in(HostTensor tensor) {
    // Of what was random some values may have been changed.
    if (special_now() == Special::kRepeated && !tensor.repeats()) tensor.repeated.clear();
    inputs.push_back({TN_ARGUMENT_DEVICE, std::move(tensor), 0});
    return *this;
  }
  OperatorCase& host(HostTensor tensor) {
    inputs.push_back({TN_ARGUMENT_HOST, std::move(tensor), 0});
    return *this;
  }
  OperatorCase& absent() {
    inputs.push_back({TN_ARGUMENT_ABSENT, {}, 0});
    return *this;
  }
  // The input at `index` once more.
  OperatorCase& again(size_t index) {
    inputs.push_back({TN_ARGUMENT_DEVICE, inputs[index].tensor, static_cast<int32_t>(index) + 1});
    return *this;
  }
  OperatorCase& out(Expected tensor, int32_t alias = 0) {
    // Only floats are off by anything.
    const Real imaginary = tensor.imaginary;
    outputs.push_back(is_float(tensor.dtype) ? std::move(tensor) : Expected(tensor.rounded()));
    outputs.back().imaginary = imaginary;
    aliases.push_back(alias);
    // Elements that are written have no room in common.
    if (alias != 0) inputs[static_cast<size_t>(alias) - 1].tensor.repeated.clear();
    return *this;
  }
  // An optional output that is not asked for.
  OperatorCase& no_out() {
    outputs.emplace_back().dtype = TN_DTYPE_UNDEFINED;
    aliases.push_back(0);
    return *this;
  }
  OperatorCase& attribute(std::string attribute_name, AttributeValue value) {
    attributes.push_back({std::move(attribute_name), std::move(value)});
    return *this;
  }
};

using Cases = std::vector<OperatorCase>;

// The families, one file each; add_* appends the cases of operators whose column has a type, as far
// as the contract allows it (takes()). Those that matter most come first: a budget may end
// anywhere.
void add_elementwise_cases(Cases& cases, tn_dtype type);
void add_selection_cases(Cases& cases, tn_dtype type);
void add_bit_cases(Cases& cases, tn_dtype type);
void add_cast_cases(Cases& cases, tn_dtype type);
void add_gradient_cases(Cases& cases, tn_dtype type);
void add_contraction_cases(Cases& cases, tn_dtype type);
void add_recurrent_cases(Cases& cases, tn_dtype type);
void add_fused_cases(Cases& cases, tn_dtype type);
void add_movement_cases(Cases& cases, tn_dtype type);
void add_unique_cases(Cases& cases, tn_dtype type);
void add_index_cases(Cases& cases, tn_dtype type);
void add_normalization_cases(Cases& cases, tn_dtype type);
void add_pooling_cases(Cases& cases, tn_dtype type);
void add_reduction_cases(Cases& cases, tn_dtype type);
void add_signal_cases(Cases& cases, tn_dtype type);
void add_loss_cases(Cases& cases, tn_dtype type);
void add_training_cases(Cases& cases, tn_dtype type);
void add_quantized_cases(Cases& cases, tn_dtype type);
void add_quantized_product_cases(Cases& cases, tn_dtype type);
void add_qlinear_cases(Cases& cases, tn_dtype type);
void add_vision_cases(Cases& cases, tn_dtype type);

// Whether an operator's column may have a type, by the contract.
bool takes(const char* domain, const char* name, tn_dtype type);

// All cases of a type; random values are those of the seed, some of them special, which the first
// cases of each operator alone have inputs and outputs of. Made once: tests keep references.
const Cases& cases_of(tn_dtype type, uint32_t seed = 0, Special special = Special::kNone);

// The same case with the random values of another seed.
const OperatorCase& sibling_of(const OperatorCase& c, uint32_t seed,
                               Special special = Special::kNone);

// Of all types, of seed 0.
const Cases& all_cases();

}  // namespace tenon::conformance
