// SPDX-License-Identifier: Apache-2.0
#include "runtime/onnx/fuse_match.h"

#include <cmath>
#include <cstring>
#include <limits>
#include <string>

#include "runtime/onnx/attribute_default.h"
#include "runtime/onnx/steps.h"
#include "tenon/cpp/number.hpp"

namespace tenon::runtime::onnx_import {
namespace {

const OperatorInfo& info_of(const Operation& operation) { return operators()[operation.index()]; }

// What the operation gives the attribute, or its default.
template <class T>
T value_of(const Operation& operation, std::string_view name,
           T (*otherwise)(const AttributeFact&)) {
  for (const Attribute& attribute : operation.attributes()) {
    if (attribute.name == name) return std::get<T>(attribute.value);
  }
  return otherwise(attribute_of(info_of(operation), name));
}

std::string text_of(const Operation& operation, std::string_view name) {
  return value_of<std::string>(operation, name,
                               [](const AttributeFact& a) { return std::string(a.text); });
}

float real_of(const Operation& operation, std::string_view name) {
  return value_of<float>(operation, name, [](const AttributeFact& a) { return a.real; });
}

// A float type's value as float32; nothing where that has it not.
std::optional<float> decode(const std::byte* bytes, tn_dtype dtype) {
  if (!in_set(dtype, type_set::kFloat)) return std::nullopt;
  const double wide = read_element(dtype, bytes)->to_double();
  const auto narrow = static_cast<float>(wide);
  if (static_cast<double>(narrow) != wide && !std::isnan(wide)) return std::nullopt;
  return narrow;
}

}  // namespace

std::optional<float> constant_of(ManagedDevice& device, const Recording& recording,
                                 const RecordedArgument& argument) {
  if (argument.count() != 1) return std::nullopt;
  if (argument.kind == Argument::Kind::kHost) return decode(argument.host.data(), argument.dtype);
  if (argument.value == kNotRecorded) return std::nullopt;
  const Recording::Value& value = recording.values()[static_cast<size_t>(argument.value)];
  if (!value.is_constant()) return std::nullopt;
  alignas(double) std::byte bytes[sizeof(double)];
  if (value.bytes > sizeof(bytes)) return std::nullopt;
  // It may just be on its way to the device, on another stream.
  device.synchronize();
  Stream& stream = device.default_stream();
  device.copy_to_host(bytes, value.address, value.bytes, stream);
  stream.synchronize();
  return decode(bytes, argument.dtype);
}

bool supported(ManagedDevice& device, const Recording& recording, const RecordedCall& call) {
  const auto describe = [&](const std::vector<RecordedArgument>& arguments) {
    std::vector<StaticArgument> list;
    for (const RecordedArgument& a : arguments) {
      const bool whole = recording.is_whole(a);
      list.push_back({a.kind, a.dtype, a.dims, whole ? std::vector<int64_t>{} : a.strides,
                      whole ? TN_LAYOUT_ANY : TN_LAYOUT_STRIDED, nullptr,
                      alignment_of(device, recording, a)});
    }
    return list;
  };
  return device.choose_layouts(call.operation, describe(call.inputs), describe(call.outputs))
      .has_value();
}

namespace {

// Clip's bounds; a missing one is infinite.
std::optional<std::vector<float>> bounds_of(ManagedDevice& device, const Recording& recording,
                                            const RecordedCall& call) {
  std::vector<float> bounds{-std::numeric_limits<float>::infinity(),
                            std::numeric_limits<float>::infinity()};
  for (size_t i = 1; i < call.inputs.size(); ++i) {
    if (call.inputs[i].kind == Argument::Kind::kAbsent) continue;
    const auto bound = constant_of(device, recording, call.inputs[i]);
    if (!bound) return std::nullopt;
    bounds[i - 1] = *bound;
  }
  return bounds;
}

bool is_of(const StepWord& word, const Operation& operation) {
  return operation.name() == word.name && operation.domain() == word.domain &&
         (word.attribute == nullptr || text_of(operation, word.attribute) == word.text);
}

const StepWord* word_of(StepKind kind) {
  for (const StepWord& word : kStepWords) {
    if (word.kind == kind) return &word;
  }
  return nullptr;
}

}  // namespace

std::optional<MatchedWord> match_word(ManagedDevice& device, const Recording& recording,
                                      const RecordedCall& call) {
  for (const StepWord& word : kStepWords) {
    if (!is_of(word, call.operation)) continue;
    MatchedWord match{&word, {}};
    if (word.parameters_are_inputs) {
      auto bounds = bounds_of(device, recording, call);
      if (!bounds) return std::nullopt;
      match.parameters = std::move(*bounds);
    } else {
      for (size_t i = 0; i < word.parameter_count; ++i)
        match.parameters.push_back(real_of(call.operation, word.parameters[i]));
    }
    return match;
  }
  return std::nullopt;
}

std::optional<MatchedWord> match_gate(const RecordedCall& gate) {
  const Operation& operation = gate.operation;
  const tn_dtype dtype = gate.outputs[0].dtype;
  // 16 bits would be rounded between the two, and not in one step.
  if (!operation.domain().empty() || (dtype != TN_FLOAT32 && dtype != TN_FLOAT64))
    return std::nullopt;
  if (operation.name() == "Sigmoid") return MatchedWord{word_of(StepKind::kSilu), {}};
  if (operation.name() == "HardSigmoid" && dtype == TN_FLOAT32 &&
      real_of(operation, "alpha") == 1.0f / 6 && real_of(operation, "beta") == 0.5f)
    return MatchedWord{word_of(StepKind::kHardSwish), {}};
  return std::nullopt;
}

}  // namespace tenon::runtime::onnx_import
