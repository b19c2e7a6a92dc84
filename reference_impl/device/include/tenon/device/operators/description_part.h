// SPDX-License-Identifier: Apache-2.0
//
// Kernels that are made of others describe those: a description made here, with what it points to.
#pragma once

#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "tenon/device/kernel.h"

namespace tenon::device {

// Borrows what it is given until make() has returned.
class DescriptionPart {
 public:
  DescriptionPart(const char* domain, const char* name, int32_t version)
      : domain_(domain), name_(name), version_(version) {}
  explicit DescriptionPart(const OperatorId& id)
      : DescriptionPart(id.domain, id.name, id.version) {}
  void input(const tn_argument* argument) { inputs_.push_back(argument); }
  void attribute(const char* name, const std::vector<int64_t>& values) {
    tn_attribute& a = add(name, TN_ATTRIBUTE_INTS);
    a.count = values.size();
    a.ints = values.data();
  }
  void attribute(const char* name, const int64_t* value) {
    add(name, TN_ATTRIBUTE_INT).ints = value;
  }
  void attribute(const char* name, const float* value) {
    add(name, TN_ATTRIBUTE_FLOAT).floats = value;
  }
  void attribute(const char* name, const char* text) {
    add(name, TN_ATTRIBUTE_STRING).strings =
        &strings_.emplace_back(tn_string{text, std::char_traits<char>::length(text)});
  }

  std::unique_ptr<Kernel> make(CreateKernel create, const Description& whole,
                               const tn_argument* output) {
    std::vector<const tn_attribute*> attributes;
    attributes.reserve(attributes_.size());
    for (const tn_attribute& a : attributes_) attributes.push_back(&a);
    tn_kernel_desc desc{};
    desc.struct_size = sizeof(desc);
    desc.domain = domain_;
    desc.name = name_;
    desc.version = version_;
    desc.flags = whole.deterministic() ? uint32_t{TN_KERNEL_DETERMINISTIC} : 0;
    desc.math_mode = whole.math_mode();
    desc.inputs = inputs_.data();
    desc.input_count = inputs_.size();
    desc.outputs = &output;
    desc.output_count = 1;
    desc.attributes = attributes.data();
    desc.attribute_count = attributes.size();
    return create(Description(desc));
  }

 private:
  tn_attribute& add(const char* name, tn_attribute_type type) {
    tn_attribute& a = attributes_.emplace_back();
    a.struct_size = sizeof(a);
    a.name = name;
    a.type = type;
    a.count = 1;
    return a;
  }

  const char* domain_;
  const char* name_;
  const int32_t version_;
  std::vector<const tn_argument*> inputs_;
  std::vector<tn_attribute> attributes_;
  std::deque<tn_string> strings_;  // Attributes point to them.
};

}  // namespace tenon::device
