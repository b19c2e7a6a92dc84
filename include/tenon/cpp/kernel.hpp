// SPDX-License-Identifier: Apache-2.0
//
// Kernel, and KernelDescView: the C form of a KernelDesc.
#pragma once

#include <span>
#include <vector>

#include "tenon/cpp/error.hpp"
#include "tenon/cpp/handle.hpp"
#include "tenon/cpp/kernel_desc.hpp"
#include "tenon/cpp/stream.hpp"

namespace tenon {

// The C structs of a description. Borrows from the KernelDesc, which must outlive it unchanged.
class KernelDescView {
 public:
  explicit KernelDescView(const KernelDesc& desc) {
    arguments_.reserve(desc.inputs.size() + desc.outputs.size());
    for (const Argument& argument : desc.inputs) arguments_.push_back(view(argument));
    for (const Argument& argument : desc.outputs) arguments_.push_back(view(argument));
    for (const tn_argument& argument : arguments_) argument_pointers_.push_back(&argument);

    tensors_.reserve(tensor_count(desc));
    tensor_pointers_.reserve(tensor_count(desc));
    strings_.reserve(desc.attributes.size());
    attributes_.reserve(desc.attributes.size());
    for (const Attribute& attribute : desc.attributes) attributes_.push_back(view(attribute));
    for (const tn_attribute& attribute : attributes_) attribute_pointers_.push_back(&attribute);

    desc_.struct_size = sizeof(desc_);
    desc_.domain = desc.domain.c_str();
    desc_.name = desc.name.c_str();
    desc_.version = desc.version;
    desc_.flags = desc.flags;
    desc_.math_mode = desc.math_mode;
    desc_.inputs = argument_pointers_.data();
    desc_.input_count = desc.inputs.size();
    desc_.outputs = argument_pointers_.data() + desc.inputs.size();
    desc_.output_count = desc.outputs.size();
    desc_.attributes = attribute_pointers_.data();
    desc_.attribute_count = desc.attributes.size();
  }
  KernelDescView(const KernelDescView&) = delete;
  KernelDescView& operator=(const KernelDescView&) = delete;

  const tn_kernel_desc* get() const { return &desc_; }

 private:
  static tn_argument view(const Argument& argument) {
    const auto pointer = [](const auto& list) { return list.empty() ? nullptr : list.data(); };
    tn_argument result{};
    result.struct_size = sizeof(result);
    result.kind = argument.kind;
    result.dtype = argument.dtype;
    result.rank = argument.rank;
    result.alias = argument.alias;
    result.flags = argument.flags;
    result.alignment = argument.alignment;
    result.dims = pointer(argument.dims);
    result.min_dims = pointer(argument.min_dims);
    result.max_dims = pointer(argument.max_dims);
    result.symbols = pointer(argument.symbols);
    result.strides = pointer(argument.strides);
    result.layout = argument.layout;
    result.constant = argument.constant.get();
    result.host_data = argument.host_data;
    return result;
  }

  tn_attribute view(const Attribute& attribute) {
    tn_attribute result{};
    result.struct_size = sizeof(result);
    result.name = attribute.name.c_str();
    result.count = 1;
    std::visit([&](const auto& value) { fill(result, value); }, attribute.value);
    return result;
  }
  void fill(tn_attribute& out, const int64_t& value) {
    out.type = TN_ATTRIBUTE_INT;
    out.ints = &value;
  }
  void fill(tn_attribute& out, const float& value) {
    out.type = TN_ATTRIBUTE_FLOAT;
    out.floats = &value;
  }
  void fill(tn_attribute& out, const std::string& value) {
    out.type = TN_ATTRIBUTE_STRING;
    out.strings = strings_.emplace_back(1, tn_string{value.data(), value.size()}).data();
  }
  void fill(tn_attribute& out, const std::vector<int64_t>& value) {
    out.type = TN_ATTRIBUTE_INTS;
    out.count = value.size();
    out.ints = value.data();
  }
  void fill(tn_attribute& out, const std::vector<float>& value) {
    out.type = TN_ATTRIBUTE_FLOATS;
    out.count = value.size();
    out.floats = value.data();
  }
  void fill(tn_attribute& out, const std::vector<std::string>& value) {
    std::vector<tn_string>& list = strings_.emplace_back();
    for (const std::string& item : value) list.push_back({item.data(), item.size()});
    out.type = TN_ATTRIBUTE_STRINGS;
    out.count = value.size();
    out.strings = list.data();
  }
  void fill(tn_attribute& out, const AttributeTensor& value) {
    out.type = TN_ATTRIBUTE_TENSOR;
    out.tensors = add(std::span(&value, 1));
  }
  void fill(tn_attribute& out, const std::vector<AttributeTensor>& value) {
    out.type = TN_ATTRIBUTE_TENSORS;
    out.count = value.size();
    out.tensors = add(value);
  }
  const tn_tensor* const* add(std::span<const AttributeTensor> values) {
    const size_t first = tensors_.size();
    for (const AttributeTensor& value : values) {
      tensors_.push_back(Tensor::host(value.data.data(), value.dtype, value.dims));
      tensor_pointers_.push_back(tensors_.back().get());
    }
    return tensor_pointers_.data() + first;
  }
  static size_t tensor_count(const KernelDesc& desc) {
    size_t count = 0;
    for (const Attribute& attribute : desc.attributes) {
      const auto* list = std::get_if<std::vector<AttributeTensor>>(&attribute.value);
      count += list != nullptr ? list->size() : 1;
    }
    return count;
  }

  tn_kernel_desc desc_{};
  std::vector<tn_argument> arguments_;
  std::vector<const tn_argument*> argument_pointers_;
  // Reserved up front, like the next two: attributes point into them.
  std::vector<Tensor> tensors_;
  std::vector<const tn_tensor*> tensor_pointers_;
  std::vector<std::vector<tn_string>> strings_;
  std::vector<tn_attribute> attributes_;
  std::vector<const tn_attribute*> attribute_pointers_;
};

// Answer of supports().
struct KernelSupport {
  tn_status status = TN_OK;  // TN_OK, TN_NEEDS_STATIC or of class TN_UNSUPPORTED.
  std::string reason;        // Why not; empty when status is TN_OK.
  std::vector<tn_argument_needs> inputs;
  std::vector<tn_argument_needs> outputs;

  // TN_REQUIRES_* of all arguments together.
  uint32_t requirements() const {
    uint32_t all = 0;
    for (const tn_argument_needs& one : inputs) all |= one.requirements;
    for (const tn_argument_needs& one : outputs) all |= one.requirements;
    return all;
  }
  explicit operator bool() const { return status == TN_OK; }
};

// Whether the device takes a kernel. Throws when the operator itself forbids the description.
inline KernelSupport supports(const Device& device, const KernelDesc& desc) {
  const KernelDescView view(desc);
  KernelSupport answer;
  answer.inputs.resize(desc.inputs.size());
  answer.outputs.resize(desc.outputs.size());
  tn_kernel_support support{};
  support.struct_size = sizeof(support);
  support.inputs = answer.inputs.data();
  support.outputs = answer.outputs.data();
  ErrorBuffer error;
  answer.status = tn_kernel_supports(device.get(), view.get(), &support, &error);
  if (TN_STATUS_CLASS(answer.status) != TN_UNSUPPORTED) check(answer.status, error);
  if (answer.status != TN_OK) answer.reason = error.message;
  return answer;
}

// A launch with these tensors, pointers to which may be NULL for what is absent. The lists and the
// tensors are borrowed until the launch has been made.
inline tn_launch launch_of(std::span<const tn_tensor* const> inputs,
                           std::span<const tn_tensor* const> outputs = {}) {
  tn_launch launch{};
  launch.struct_size = sizeof(launch);
  launch.inputs = inputs.data();
  launch.input_count = inputs.size();
  launch.outputs = outputs.data();
  launch.output_count = outputs.size();
  return launch;
}

// An operator made ready. Immutable: any number of threads may launch it.
class Kernel : public UniqueHandle<tn_kernel, tn_kernel_destroy> {
 public:
  using UniqueHandle::UniqueHandle;

  Kernel(const Device& device, const KernelDesc& desc)
      : Kernel(device, KernelDescView(desc).get()) {}
  Kernel(const Device& device, const tn_kernel_desc* desc) {
    call(tn_kernel_create, device.get(), desc, &handle_);
  }

  // Without the needs of its arguments.
  tn_kernel_info info() const {
    tn_kernel_info info{};
    info.struct_size = sizeof(info);
    call(tn_kernel_get_info, get(), &info);
    return info;
  }
  // Bytes that the kernel itself holds.
  uint64_t resident_bytes() const { return info().resident_bytes; }
  // False when no launch needs a workspace, so that its size need not be asked for.
  bool needs_workspace() const { return (info().flags & TN_KERNEL_NO_WORKSPACE) == 0; }
  // Only dims of the launch are looked at.
  uint64_t workspace_size(const tn_launch& launch) const {
    uint64_t size = 0;
    call(tn_kernel_workspace_size, get(), &launch, &size);
    return size;
  }

  // The dims that the outputs of a launch with these inputs have: where data decides, the most that
  // they can be. `inputs` are as at launch, without their buffers if you like; host values are
  // read. `ranks`: of each output as described; a negative one is not asked for and gives an empty
  // list. Throws Error: TN_INVALID_ARGUMENT when the inputs do not fit together; TN_UNSUPPORTED
  // when the caller alone decides the dims; TN_UNIMPLEMENTED when the plugin leaves the question
  // out.
  std::vector<std::vector<int64_t>> output_dims(std::span<const tn_tensor* const> inputs,
                                                std::span<const int32_t> ranks) const {
    tn_launch launch = launch_of(inputs);
    std::vector<std::vector<int64_t>> dims(ranks.size());
    std::vector<int64_t*> pointers(ranks.size());
    int64_t none = 0;  // Where a scalar's dims go.
    for (size_t i = 0; i < ranks.size(); ++i) {
      if (ranks[i] < 0) continue;
      dims[i].resize(static_cast<size_t>(ranks[i]));
      pointers[i] = dims[i].empty() ? &none : dims[i].data();
    }
    call(tn_kernel_output_dims, get(), &launch, pointers.data());
    return dims;
  }

  void launch(const Stream& stream, const tn_launch& launch) const {
    call(tn_kernel_launch, get(), stream.get(), &launch);
  }
  // Pointers to tensors, NULL for absent ones; read before this returns.
  void launch(const Stream& stream, std::span<const tn_tensor* const> inputs,
              std::span<const tn_tensor* const> outputs, tn_buffer* workspace = nullptr,
              uint64_t workspace_offset = 0) const {
    tn_launch launch = launch_of(inputs, outputs);
    launch.workspace = workspace;
    launch.workspace_offset = workspace_offset;
    call(tn_kernel_launch, get(), stream.get(), &launch);
  }
};

}  // namespace tenon
