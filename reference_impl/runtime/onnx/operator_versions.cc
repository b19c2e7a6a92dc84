// SPDX-License-Identifier: Apache-2.0
#include "runtime/onnx/operator_versions.h"

#include <algorithm>
#include <set>

#include "runtime/onnx/contract_schemas.h"
#include "runtime/onnx/newest.h"

namespace tenon::runtime::onnx_import {

int opset_of(const onnx::ModelProto& model, const std::string& domain) {
  for (const auto& import : model.opset_import())
    if (import.domain() == domain || (domain.empty() && import.domain() == "ai.onnx"))
      return static_cast<int>(import.version());
  return 0;
}

std::string normal_domain(const std::string& domain) {
  return domain == "ai.onnx" || domain == kNewestDomain ? "" : domain;
}

const onnx::OpSchema* schema_of(const onnx::NodeProto& node, int opset) {
  return onnx::OpSchemaRegistry::Schema(node.op_type(),
                                        node.domain() == kNewestDomain ? registry_opset() : opset,
                                        normal_domain(node.domain()));
}

const OperatorInfo* find_onnx_operator(const onnx::NodeProto& node) {
  const std::string domain = normal_domain(node.domain());
  if (domain.empty()) return find_operator(node.op_type());
  return is_contract_domain(domain) ? find_operator(domain + "." + node.op_type()) : nullptr;
}

// The registry's operator that means what this node says, or null.
const OperatorInfo* operator_of(const onnx::NodeProto& node, int opset) {
  const OperatorInfo* info = find_onnx_operator(node);
  const onnx::OpSchema* schema = schema_of(node, opset);
  if (info == nullptr || schema == nullptr) return nullptr;
  const int32_t version = schema->SinceVersion();
  const bool same =
      version == info->version ||
      std::ranges::any_of(info->same, [=](const SameVersion& s) { return s.version == version; });
  return same ? info : nullptr;
}

int registry_opset() {
  return onnx::OpSchemaRegistry::DomainToVersionRange::Instance().Map().at("").second;
}

bool is_cast_like(const onnx::NodeProto& node) {
  return normal_domain(node.domain()).empty() && node.op_type() == "CastLike";
}

bool is_of_sequences(const onnx::NodeProto& node) {
  static const std::set<std::string> names{
      "SequenceConstruct", "SequenceEmpty",      "SequenceAt",        "SequenceInsert",
      "SequenceErase",     "SequenceLength",     "SplitToSequence",   "ConcatFromSequence",
      "Optional",          "OptionalGetElement", "OptionalHasElement"};
  return normal_domain(node.domain()).empty() && names.contains(node.op_type());
}

bool is_of_strings(const onnx::NodeProto& node) {
  static const std::set<std::string> names{"StringConcat", "StringNormalizer", "StringSplit",
                                           "RegexFullMatch", "TfIdfVectorizer"};
  return normal_domain(node.domain()).empty() && names.contains(node.op_type());
}

bool is_random(const onnx::NodeProto& node) {
  static const std::set<std::string> names{"RandomUniform", "RandomUniformLike", "RandomNormal",
                                           "RandomNormalLike"};
  return normal_domain(node.domain()).empty() && names.contains(node.op_type());
}

bool is_function(const onnx::NodeProto& node, int opset) {
  const onnx::OpSchema* schema = schema_of(node, opset);
  return schema != nullptr && (schema->HasFunction() || schema->HasContextDependentFunction());
}

}  // namespace tenon::runtime::onnx_import
