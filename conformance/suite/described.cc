// SPDX-License-Identifier: Apache-2.0
#include "suite/described.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>

#include "suite/target.h"

namespace tenon::conformance {
namespace {

void write(std::ostream& out, const Shape& values) {
  out << '[';
  for (const int64_t value : values) out << value << ',';
  out << ']';
}

void write(std::ostream& out, const Argument& a) {
  out << a.kind << ' ' << a.dtype << ' ' << a.rank << ' ' << a.alias << ' ' << a.flags << ' '
      << a.alignment << ' ' << a.layout;
  write(out, a.dims);
  write(out, a.strides);
  out << ';';
}

struct AttributeText {
  std::ostream& out;
  template <class T>
  void operator()(const T& value) const {
    out << value;
  }
  template <class T>
  void operator()(const std::vector<T>& values) const {
    for (const T& value : values) (*this)(value), out << ',';
  }
  void operator()(const AttributeTensor& tensor) const {
    out << tensor.dtype;
    write(out, tensor.dims);
    for (const unsigned char byte : tensor.data) out << int{byte} << ',';
  }
};

}  // namespace

const Shape& memory_dims(const OperatorCase& c, size_t output) {
  return c.bounds.empty() ? c.outputs[output].dims : c.bounds[output];
}

Argument Described::describe(tn_dtype dtype, const Shape& dims, const Shape& strides) const {
  if (variant_.form == Form::kDynamic) {
    return Argument::dynamic(dtype, static_cast<int32_t>(dims.size()));
  }
  Argument argument = Argument::device(dtype, dims).with_strides(strides);
  if (variant_.layouts) argument.with_layout(TN_LAYOUT_ANY);
  return argument;
}

Described::Described(const OperatorCase& c, int32_t version, const Variant& variant)
    : case_(c), variant_(variant), constants_(c.inputs.size()) {
  desc_.domain = c.domain;
  desc_.name = c.name;
  desc_.version = version;
  desc_.flags = variant.flags;
  desc_.math_mode = variant.mode;
  desc_.attributes = c.attributes;
  for (size_t i = 0; i < c.inputs.size(); ++i) {
    const CaseInput& input = c.inputs[i];
    const HostTensor& tensor = input.tensor;
    input_strides_.push_back(strides_of(tensor.dtype, tensor.dims, tensor.repeated, variant.form));
    Argument argument;
    if (static_cast<int>(i) == variant.constant && !variant.layouts) {
      argument = Argument::of_constant(nullptr, tensor.dtype, tensor.dims);
    } else if (input.kind == TN_ARGUMENT_HOST) {
      argument = Argument::host(tensor.dtype, tensor.dims);
    } else if (input.kind == TN_ARGUMENT_DEVICE) {
      argument = describe(tensor.dtype, tensor.dims, input_strides_[i]);
    }
    argument.alias = input.same;
    desc_.input(std::move(argument));
  }
  for (size_t i = 0; i < c.outputs.size(); ++i) {
    const Shape& dims = memory_dims(c, i);
    output_strides_.push_back(strides_of(c.outputs[i].dtype, dims, {}, variant.form));
    Argument argument;
    if (c.outputs[i].dtype != TN_DTYPE_UNDEFINED) {
      argument = describe(c.outputs[i].dtype, dims, output_strides_[i]);
    }
    argument.alias = c.aliases[i];
    if (i == 0 && variant.replaced >= 0) argument.alias = variant.replaced + 1;
    desc_.output(std::move(argument));
  }
}

void Described::set_constants(const OperatorCase& from) {
  for (size_t i = 0; i < desc_.inputs.size(); ++i) {
    Argument& argument = desc_.inputs[i];
    if (argument.kind != TN_ARGUMENT_CONSTANT || argument.constant) continue;
    constants_[i] = from.inputs[i].tensor.bytes();
    if (constants_[i].empty()) constants_[i].resize(16);  // Never a NULL pointer.
    argument.host_data = constants_[i].data();
  }
}

bool Described::has_constants() const {
  return std::ranges::any_of(desc_.inputs,
                             [](const Argument& one) { return one.kind == TN_ARGUMENT_CONSTANT; });
}

bool Described::follow(const tn_argument_needs& needs, Argument& argument, Shape& strides, size_t i,
                       bool is_output) {
  constexpr uint32_t kKnown = TN_REQUIRES_STATIC_DIMS | TN_REQUIRES_STATIC_STRIDES |
                              TN_REQUIRES_DENSE | TN_REQUIRES_NO_ALIAS | TN_REQUIRES_CONSTANT |
                              TN_REQUIRES_ALIGNED;
  const Argument before = argument;
  const auto asks = [&](uint32_t bits) { return (needs.requirements & bits) != 0; };
  EXPECT_EQ(needs.requirements & ~kKnown, 0u) << "TN_REQUIRES_* that tenon.h does not have";
  if (asks(TN_REQUIRES_CONSTANT)) {
    EXPECT_FALSE(is_output) << "an output cannot be constant";
    const HostTensor& tensor = case_.inputs[i].tensor;
    argument = Argument::of_constant(nullptr, tensor.dtype, tensor.dims);
    set_constants(case_);
    return true;
  }
  const Shape& dims = is_output ? memory_dims(case_, i) : case_.inputs[i].tensor.dims;
  if (asks(TN_REQUIRES_NO_ALIAS)) argument.alias = 0;
  if (asks(TN_REQUIRES_ALIGNED)) argument.alignment = needs.alignment;
  if (asks(TN_REQUIRES_DENSE)) strides = Argument::dense_strides(dims);
  if (asks(TN_REQUIRES_STATIC_DIMS | TN_REQUIRES_STATIC_STRIDES) ||
      (asks(TN_REQUIRES_DENSE) && !argument.dims.empty())) {
    argument.dims = dims;
    argument.strides = strides;
  } else if (asks(TN_REQUIRES_DENSE)) {
    argument.dense();
  }
  return argument.alias != before.alias || argument.alignment != before.alignment ||
         argument.dims != before.dims || argument.strides != before.strides ||
         argument.flags != before.flags;
}

// In the layout that the device has chosen for the tensor, where it has chosen one.
void Described::pack_constant(const Device& device) {
  if (variant_.constant < 0) return;
  const auto i = static_cast<size_t>(variant_.constant);
  Argument& argument = desc_.inputs[i];
  if (argument.kind != TN_ARGUMENT_DEVICE) return;
  const HostTensor& value = case_.inputs[i].tensor;
  const Bytes bytes = value.bytes();
  if (argument.layout == TN_LAYOUT_STRIDED) {
    argument = Argument::of_constant(nullptr, value.dtype, value.dims);
    return set_constants(case_);
  }
  const tn_layout layout = argument.layout;
  try {
    const Tensor host = Tensor::host(bytes.data(), value.dtype, Dims(value.dims));
    argument =
        Argument::of_constant(Constant(device, host, layout), value.dtype, value.dims, layout);
  } catch (const Error& error) {
    // A device may have no constants; then it is a tensor in that layout.
    if (TN_STATUS_CLASS(error.status()) != TN_UNSUPPORTED) throw;
  }
}

KernelSupport Described::settle(const Device& device) {
  constexpr uint32_t kAtLaunch = TN_REQUIRES_STATIC_DIMS | TN_REQUIRES_STATIC_STRIDES;
  set_constants(case_);
  // A device may ask for one thing after the other, but there are only so many.
  for (int round = 0; round < 8; ++round) {
    KernelSupport support = supports(device, desc_);
    if (support.status == TN_OK && variant_.layouts) {
      for (size_t i = 0; i < desc_.inputs.size(); ++i) {
        Argument& one = desc_.inputs[i];
        if (one.layout == TN_LAYOUT_ANY) one.layout = support.inputs[i].layout;
        if (one.layout == TN_LAYOUT_STRIDED && one.kind == TN_ARGUMENT_DEVICE) {
          one.strides = input_strides_[i];
        }
      }
      for (size_t i = 0; i < desc_.outputs.size(); ++i) {
        Argument& one = desc_.outputs[i];
        if (one.layout == TN_LAYOUT_ANY) one.layout = support.outputs[i].layout;
        if (one.layout == TN_LAYOUT_STRIDED && one.kind == TN_ARGUMENT_DEVICE) {
          one.strides = output_strides_[i];
        }
      }
      pack_constant(device);
      support = supports(device, desc_);
    }
    if (support.status != TN_NEEDS_STATIC) return support;
    EXPECT_NE(support.requirements(), 0u) << "TN_NEEDS_STATIC does not say what it needs";
    if (variant_.form == Form::kDynamic && (support.requirements() & kAtLaunch) != 0) {
      EXPECT_EQ(Target::get().info().flags & TN_DEVICE_DYNAMIC_DIMS, 0u)
          << "TN_DEVICE_DYNAMIC_DIMS is claimed, but for " << support.reason;
    }
    bool changed = false;
    for (size_t i = 0; i < desc_.inputs.size(); ++i) {
      if (follow(support.inputs[i], desc_.inputs[i], input_strides_[i], i, false)) changed = true;
    }
    for (size_t i = 0; i < desc_.outputs.size(); ++i) {
      if (follow(support.outputs[i], desc_.outputs[i], output_strides_[i], i, true)) changed = true;
    }
    if (!changed) {
      ADD_FAILURE() << "TN_NEEDS_STATIC asks for what has been described: " << support.reason;
      return support;
    }
  }
  ADD_FAILURE() << "TN_NEEDS_STATIC without end";
  return supports(device, desc_);
}

std::string Described::key() const {
  std::ostringstream out;
  out.precision(9);
  out << desc_.domain << '.' << desc_.name << '-' << desc_.version << ' ' << desc_.flags << ' '
      << desc_.math_mode << ' ';
  for (const auto* list : {&desc_.inputs, &desc_.outputs}) {
    for (const Argument& argument : *list) {
      if (argument.kind == TN_ARGUMENT_CONSTANT) return "";
      write(out, argument);
    }
    out << '|';
  }
  for (const Attribute& attribute : desc_.attributes) {
    out << attribute.name << '=';
    std::visit(AttributeText{out}, attribute.value);
    out << ';';
  }
  return out.str();
}

}  // namespace tenon::conformance
