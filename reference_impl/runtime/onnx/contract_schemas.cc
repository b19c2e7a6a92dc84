// SPDX-License-Identifier: Apache-2.0
#include "runtime/onnx/contract_schemas.h"

#include <algorithm>
#include <bit>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "onnx/defs/schema.h"
#include "reference_impl/shapes/table.h"
#include "runtime/attribute_list.h"
#include "runtime/onnx/auto_pad.h"
#include "runtime/onnx/tensor_proto.h"
#include "runtime/registry.h"
#include "tenon/cpp/dtype.hpp"
#include "tenon/cpp/operator_contract.hpp"

namespace tenon::runtime::onnx_import {
namespace {

constexpr std::string_view kMicrosoft = "com.microsoft";

// As ONNX writes the type of a tensor.
std::string type_text(tn_dtype dtype) {
  if (dtype == TN_FLOAT32) return "tensor(float)";
  if (dtype == TN_FLOAT64) return "tensor(double)";
  return std::string("tensor(") + dtype_name(dtype) + ")";
}

std::vector<std::string> type_texts(uint64_t dtypes) {
  std::vector<std::string> texts;
  for (const ElementType& row : kElementTypes)
    if (in_set(row.dtype, dtypes)) texts.push_back(type_text(row.dtype));
  return texts;
}

// The attributes that a node gives, with pads that `auto_pad` stands for.
std::vector<Attribute> given_attributes(const OperatorInfo& info,
                                        const onnx::InferenceContext& context,
                                        const shapes::Query<int64_t>& query) {
  std::vector<Attribute> attributes;
  bool pads = false;
  for (const AttributeFact& fact : info.attributes) {
    const onnx::AttributeProto* given = context.getAttribute(std::string(fact.name));
    std::optional<Attribute> one = given != nullptr ? to_attribute(*given) : std::nullopt;
    if (!one) continue;
    pads = pads || (fact.name == "auto_pad" && std::get<std::string>(one->value) != "NOTSET");
    attributes.push_back(std::move(*one));
  }
  if (!pads) return attributes;
  const size_t filters = window_input(info.full_name, query.inputs());
  return explicit_pads(attributes, query.dims(0), query.dims(filters));
}

const onnx::TypeProto::Tensor* tensor_of(const onnx::InferenceContext& context, size_t input) {
  if (input >= context.getNumInputs()) return nullptr;
  const onnx::TypeProto* type = context.getInputType(input);
  return type != nullptr && type->has_tensor_type() ? &type->tensor_type() : nullptr;
}

// The type of an output: its own, or that of an input of the same constraint.
tn_dtype output_type(const ContractOperator& contract, const onnx::InferenceContext& context,
                     size_t output) {
  const ContractVersion& version = contract.versions[0];
  const ContractParameter& wanted = *version.output(output);
  if (wanted.constraint.empty() || std::has_single_bit(wanted.dtypes))
    return static_cast<tn_dtype>(std::countr_zero(wanted.dtypes));
  for (size_t i = 0; i < version.inputs.size(); ++i) {
    if (version.inputs[i].constraint != wanted.constraint) continue;
    const auto* tensor = tensor_of(context, i);
    if (tensor != nullptr) return static_cast<tn_dtype>(tensor->elem_type());
  }
  // QGemm: of the output's zero point, the last input, and without one of float32.
  const auto* last = tensor_of(context, version.inputs.size() - 1);
  return last != nullptr ? static_cast<tn_dtype>(last->elem_type()) : TN_FLOAT32;
}

// False where a dim is not known yet.
bool read_dims(const onnx::InferenceContext& context, shapes::Query<int64_t>& query) {
  for (size_t i = 0; i < context.getNumInputs(); ++i) {
    shapes::Input<int64_t>& to = query.given.emplace_back();
    const auto* tensor = tensor_of(context, i);
    to.present = tensor != nullptr;
    if (tensor == nullptr) continue;
    if (!tensor->has_shape()) return false;
    for (const auto& dim : tensor->shape().dim()) {
      if (!dim.has_dim_value()) return false;
      to.dims.push_back(dim.dim_value());
    }
  }
  return true;
}

void infer(const OperatorInfo& info, onnx::InferenceContext& context) {
  const ContractOperator& contract = *op::find_contract(info.domain, info.name);
  for (size_t i = 0; i < context.getNumOutputs(); ++i)
    onnx::updateOutputElemType(context, i, output_type(contract, context, i));
  shapes::Query<int64_t> query;
  query.output_count = context.getNumOutputs();
  if (!read_dims(context, query)) return;
  const shapes::OperatorShape* shape = shapes::find_shape(info.domain, info.name);
  if (shape == nullptr || shape->source != shapes::Source::kRule) return;
  std::vector<shapes::Shape<int64_t>> outputs;
  try {
    const std::vector<Attribute> given = given_attributes(info, context, query);
    const AttributeList attributes(given);
    tn_kernel_desc desc{};
    desc.struct_size = sizeof(desc);
    desc.domain = info.domain.data();
    desc.name = info.name.data();
    desc.version = info.version;
    desc.attributes = attributes.data();
    desc.attribute_count = attributes.size();
    outputs = shape->rule.points(device::Description(desc), query);
  } catch (const std::exception& error) {
    fail_shape_inference(std::string(info.full_name), ": ", error.what());
  }
  for (size_t i = 0; i < outputs.size(); ++i) {
    onnx::TensorShapeProto dims;
    for (const int64_t dim : outputs[i]) dims.add_dim()->set_dim_value(dim);
    onnx::updateOutputShape(context, i, dims);
  }
}

onnx::OpSchema::FormalParameterOption option_of(const ContractParameter& parameter) {
  if ((parameter.flags & ContractParameter::kVariadic) != 0) return onnx::OpSchema::Variadic;
  return (parameter.flags & ContractParameter::kOptional) != 0 ? onnx::OpSchema::Optional
                                                               : onnx::OpSchema::Single;
}

void add_attribute(onnx::OpSchema& schema, const AttributeFact& fact) {
  const std::string name(fact.name);
  const auto type = static_cast<onnx::AttributeProto::AttributeType>(
      fact.type == TN_ATTRIBUTE_INT      ? onnx::AttributeProto::INT
      : fact.type == TN_ATTRIBUTE_INTS   ? onnx::AttributeProto::INTS
      : fact.type == TN_ATTRIBUTE_FLOAT  ? onnx::AttributeProto::FLOAT
      : fact.type == TN_ATTRIBUTE_FLOATS ? onnx::AttributeProto::FLOATS
      : fact.type == TN_ATTRIBUTE_STRING ? onnx::AttributeProto::STRING
                                         : onnx::AttributeProto::STRINGS);
  if (fact.is_required || !fact.has_default) {
    schema.Attr(name, "", type, fact.is_required);
  } else if (fact.type == TN_ATTRIBUTE_INT) {
    schema.Attr(name, "", type, fact.integer);
  } else if (fact.type == TN_ATTRIBUTE_FLOAT) {
    schema.Attr(name, "", type, fact.real);
  } else if (fact.type == TN_ATTRIBUTE_STRING) {
    schema.Attr(name, "", type, std::string(fact.text));
  } else {
    schema.Attr(name, "", type, false);
  }
}

onnx::OpSchema schema_for(const OperatorInfo& info) {
  const ContractVersion& version = op::find_contract(info.domain, info.name)->versions[0];
  onnx::OpSchema schema(std::string(info.name), "spec/ops", 0);
  schema.SetDomain(std::string(info.domain)).SinceVersion(info.version);
  std::vector<std::string_view> constraints;
  const auto constraint_of = [&](const ContractParameter& one) {
    if (one.constraint.empty()) return type_texts(one.dtypes)[0];
    if (std::ranges::find(constraints, one.constraint) == constraints.end()) {
      constraints.push_back(one.constraint);
      schema.TypeConstraint(std::string(one.constraint), type_texts(one.dtypes), "");
    }
    return std::string(one.constraint);
  };
  for (size_t i = 0; i < version.inputs.size(); ++i) {
    const ContractParameter& one = version.inputs[i];
    schema.Input(static_cast<int>(i), std::string(one.name), "", constraint_of(one), option_of(one),
                 (one.flags & ContractParameter::kMixed) == 0);
  }
  for (size_t i = 0; i < version.outputs.size(); ++i) {
    const ContractParameter& one = version.outputs[i];
    schema.Output(static_cast<int>(i), std::string(one.name), "", constraint_of(one),
                  option_of(one));
  }
  for (const AttributeFact& fact : info.attributes) add_attribute(schema, fact);
  schema.TypeAndShapeInferenceFunction(
      [&info](onnx::InferenceContext& context) { infer(info, context); });
  return schema;
}

}  // namespace

bool is_contract_domain(std::string_view domain) { return domain == kMicrosoft; }

void register_contract_schemas() {
  static std::once_flag once;
  std::call_once(once, [] {
    onnx::OpSchemaRegistry::DomainToVersionRange::Instance().AddDomainToVersion(
        std::string(kMicrosoft), 1, 1);
    for (const OperatorInfo& info : operators())
      if (is_contract_domain(info.domain)) onnx::RegisterSchema(schema_for(info), 0, true, true);
  });
}

}  // namespace tenon::runtime::onnx_import
