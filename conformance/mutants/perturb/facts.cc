// SPDX-License-Identifier: Apache-2.0
#include "conformance/mutants/perturb/facts.h"

#include <algorithm>
#include <cstring>

#include "conformance/mutants/perturb/moved.h"
#include "tenon/cpp/dtype.hpp"

namespace tenon::perturb {
namespace {

std::string numbered(const char* word, size_t i) { return word + std::to_string(i); }

template <class T>
std::string list_text(const T* values, size_t count) {
  std::string text;
  for (size_t i = 0; i < count; ++i) {
    text += (i == 0 ? "" : " ") + std::to_string(values[i]);
  }
  return text;
}

// Values as the contract writes them.
std::string value_text(const tn_attribute& attribute) {
  switch (attribute.type) {
    case TN_ATTRIBUTE_FLOAT:
    case TN_ATTRIBUTE_FLOATS:
      return list_text(attribute.floats, attribute.count);
    case TN_ATTRIBUTE_INT:
    case TN_ATTRIBUTE_INTS:
      return list_text(attribute.ints, attribute.count);
    case TN_ATTRIBUTE_STRING:
    case TN_ATTRIBUTE_STRINGS: {
      std::string text;
      for (size_t i = 0; i < attribute.count; ++i) {
        const tn_string& one = attribute.strings[i];
        text += (i == 0 ? "" : " ") + std::string(one.data, one.size);
      }
      return text;
    }
    default:
      return "given";
  }
}

void add_argument(Facts& facts, const tn_argument& argument, size_t i, bool input) {
  if (argument.kind == TN_ARGUMENT_ABSENT) return;
  if (input) facts.insert(numbered("given_", i));
  if (argument.kind == TN_ARGUMENT_CONSTANT) facts.insert(numbered("constant_", i));
  if (argument.kind == TN_ARGUMENT_HOST) facts.insert("host");
  if (argument.kind != TN_ARGUMENT_DEVICE) return;
  const bool dynamic =
      argument.rank > 0 &&
      (argument.dims == nullptr || std::find(argument.dims, argument.dims + argument.rank,
                                             TN_DYNAMIC) != argument.dims + argument.rank);
  if (dynamic) facts.insert("dynamic");
  if (argument.layout != TN_LAYOUT_STRIDED) facts.insert(input ? "token_in" : "token_out");
  if (!input && argument.alias > 0) {
    facts.insert(numbered("alias_", static_cast<size_t>(argument.alias - 1)));
  }
  if (!dynamic && argument.strides != nullptr && argument.dims != nullptr) {
    tn_tensor tensor{};
    tensor.dims = argument.dims;
    tensor.strides = argument.strides;
    tensor.rank = argument.rank;
    if (!is_dense(tensor)) facts.insert(input ? "strided_in" : "strided_out");
  }
}

void add_tensor(Facts& facts, const tn_tensor& tensor, bool input) {
  if (tensor.rank >= 3) facts.insert("rank_3");
  for (int32_t d = 0; d < tensor.rank; ++d) {
    if (tensor.dims[d] > 4096) facts.insert("dim_4096");
  }
  if (input && count_of(tensor) == 0) facts.insert("empty_in");
  if (tensor.layout != TN_LAYOUT_STRIDED) {
    facts.insert(input ? "token_in" : "token_out");
  } else if (!is_dense(tensor)) {
    facts.insert(input ? "strided_in" : "strided_out");
    for (int32_t d = 0; d < tensor.rank; ++d) {
      if (tensor.dims[d] > 1 && tensor.strides[d] < 0) facts.insert("negative_stride");
      if (tensor.dims[d] > 1 && tensor.strides[d] == 0) facts.insert("zero_stride");
    }
  }
  if (tensor.offset % 64 != 0) facts.insert("offset");
}

}  // namespace

bool is_dense(const tn_tensor& tensor) {
  if (tensor.strides == nullptr || count_of(tensor) == 0) return true;
  int64_t step = 1;
  for (int32_t i = tensor.rank; i-- > 0; step *= tensor.dims[i]) {
    if (tensor.dims[i] != 1 && tensor.strides[i] != step) return false;
  }
  return true;
}

uint64_t count_of(const tn_tensor& tensor) {
  uint64_t count = 1;
  for (int32_t i = 0; i < tensor.rank; ++i) count *= static_cast<uint64_t>(tensor.dims[i]);
  return count;
}

Facts facts_of(const tn_kernel_desc& desc) {
  Facts facts;
  for (size_t i = 0; i < desc.input_count; ++i) add_argument(facts, *desc.inputs[i], i, true);
  for (size_t i = 0; i < desc.output_count; ++i) add_argument(facts, *desc.outputs[i], i, false);
  if (desc.math_mode == TN_MATH_RELAXED) facts.insert("relaxed");
  if (desc.math_mode == TN_MATH_TF32) facts.insert("tf32");
  if (desc.math_mode == TN_MATH_BF16) facts.insert("bf16");
  if ((desc.flags & TN_KERNEL_DETERMINISTIC) != 0) facts.insert("deterministic");
  for (size_t i = 0; i < desc.attribute_count; ++i) {
    const tn_attribute& one = *desc.attributes[i];
    facts.insert("attribute " + std::string(one.name) + "=" + value_text(one));
  }
  return facts;
}

Facts facts_of(KernelRecord& kernel, const tn_launch& launch) {
  Facts facts = kernel.description;
  facts.insert("always");
  uint64_t outputs = 0;
  for (size_t o = 0; o < launch.output_count; ++o) {
    if (launch.outputs[o] == nullptr) continue;
    const tn_tensor& output = *launch.outputs[o];
    add_tensor(facts, output, false);
    outputs = std::max(outputs, count_of(output));
    if (output.rank == 0) facts.insert("zero_d");
  }
  const std::lock_guard guard(kernel.mutex);
  for (size_t i = 0; i < launch.input_count; ++i) {
    if (launch.inputs[i] == nullptr || facts.contains(numbered("constant_", i))) continue;
    const tn_tensor& input = *launch.inputs[i];
    if (count_of(input) < outputs && count_of(input) != 0) facts.insert(numbered("broadcast_", i));
    if (input.host_data == nullptr) {
      add_tensor(facts, input, true);
      continue;
    }
    const std::string now(static_cast<const char*>(input.host_data),
                          dtype_bytes(input.dtype, count_of(input)));
    const auto [before, first] = kernel.host_values.try_emplace(i, now);
    if (!first && before->second != now) facts.insert("host_changed");
    before->second = now;
  }
  if (kernel.launches++ == 0) kernel.first_thread = std::this_thread::get_id();
  if (kernel.launches > 1) facts.insert("second_launch");
  if (std::this_thread::get_id() != kernel.first_thread) facts.insert("second_thread");
  return facts;
}

void add_values(Facts& facts, tn_dtype dtype, const std::vector<unsigned char>& bytes) {
  const size_t size = tn_dtype_bits(dtype) / 8;
  if (size == 0 || size > 8) return;
  for (size_t at = 0; at + size <= bytes.size(); at += size) {
    uint64_t bits = 0;
    std::memcpy(&bits, &bytes[at], size);
    if (const char* kind = kind_of(dtype, bits)) facts.insert(kind);
  }
}

}  // namespace tenon::perturb
