// SPDX-License-Identifier: Apache-2.0
//
// The part of DeviceImpl that makes and launches kernels for known arguments.
#include "runtime/static_kernel.h"

#include <optional>

#include "runtime/attribute_list.h"
#include "runtime/device_impl.h"
#include "runtime/same_version.h"

namespace tenon::runtime {
namespace {

class StaticDescription {
 public:
  StaticDescription(const Operation& operation, std::span<const StaticArgument> inputs,
                    std::span<const StaticArgument> outputs, uint32_t flags)
      : attributes_(operation.attributes()) {
    arguments_.reserve(inputs.size() + outputs.size());
    for (const StaticArgument& input : inputs) add(input);
    for (const StaticArgument& output : outputs) add(output);
    for (const tn_argument& argument : arguments_) pointers_.push_back(&argument);
    desc_.struct_size = sizeof(desc_);
    desc_.domain = operation.domain().data();
    desc_.name = operation.name().data();
    desc_.version = operation.version();
    desc_.flags = flags;
    desc_.inputs = pointers_.data();
    desc_.input_count = inputs.size();
    desc_.outputs = pointers_.data() + inputs.size();
    desc_.output_count = outputs.size();
    desc_.attributes = attributes_.data();
    desc_.attribute_count = attributes_.size();
  }

  const tn_kernel_desc& get() const { return desc_; }

 private:
  void add(const StaticArgument& from) {
    tn_argument to{};
    to.struct_size = sizeof(to);
    if (from.kind != Argument::Kind::kAbsent) {
      to.kind = from.kind == Argument::Kind::kHost ? TN_ARGUMENT_HOST
                : from.constant != nullptr         ? TN_ARGUMENT_CONSTANT
                                                   : TN_ARGUMENT_DEVICE;
      to.dtype = from.dtype;
      to.rank = static_cast<int32_t>(from.dims.size());
      to.dims = from.dims.data();
      to.constant = from.constant;
      if (to.kind != TN_ARGUMENT_HOST) to.layout = from.layout;
      if (to.kind == TN_ARGUMENT_DEVICE) {
        if (from.layout == TN_LAYOUT_STRIDED) to.strides = strides_of(from);
      }
    }
    arguments_.push_back(to);
  }

  const int64_t* strides_of(const StaticArgument& from) {
    if (!from.strides.empty()) return from.strides.data();
    std::vector<int64_t>& strides = dense_.emplace_back(from.dims.size());
    int64_t stride = 1;
    for (size_t i = strides.size(); i-- > 0;) {
      strides[i] = stride;
      stride *= from.dims[i];
    }
    return strides.data();
  }

  tn_kernel_desc desc_{};
  std::vector<tn_argument> arguments_;
  std::vector<const tn_argument*> pointers_;
  std::vector<std::vector<int64_t>> dense_;  // Moving the outer one keeps the inner ones' memory.
  const AttributeList attributes_;
};

// "No" is an answer here; everything else is an error.
bool accepted(const Operation& operation, tn_status status, const tn_error& error) {
  if (status == TN_OK) return true;
  if (TN_STATUS_CLASS(status) == TN_UNSUPPORTED) return false;
  throw_failure(operation, status, error);
}

}  // namespace

std::optional<ChosenLayouts> DeviceImpl::choose_layouts(const Operation& operation,
                                                        std::span<const StaticArgument> inputs,
                                                        std::span<const StaticArgument> outputs) {
  if (operators()[operation.index()].runs_as_chain(inputs.size())) return std::nullopt;
  const StaticDescription whole(operation, inputs, outputs, maker_.flags());
  VersionedDescription description(operators()[operation.index()], whole.get());
  ChosenLayouts chosen{std::vector<tn_layout>(inputs.size()),
                       std::vector<tn_layout>(outputs.size())};
  for (const int32_t version : maker_.versions(operation, whole.get())) {
    tn_kernel_support support{};
    support.struct_size = sizeof(support);
    std::vector<tn_argument_needs> needs(inputs.size() + outputs.size());
    support.inputs = needs.data();
    support.outputs = needs.data() + inputs.size();
    ErrorBuffer error;
    const tn_status status =
        tn_kernel_supports(device_.get(), description.get(version), &support, &error);
    if (!accepted(operation, status, error)) continue;
    for (size_t i = 0; i < inputs.size(); ++i) chosen.inputs[i] = support.inputs[i].layout;
    for (size_t i = 0; i < outputs.size(); ++i) chosen.outputs[i] = support.outputs[i].layout;
    return chosen;
  }
  return std::nullopt;
}

Kernel DeviceImpl::create_kernel(const Operation& operation, std::span<const StaticArgument> inputs,
                                 std::span<const StaticArgument> outputs) {
  if (operators()[operation.index()].runs_as_chain(inputs.size())) return {};
  const StaticDescription whole(operation, inputs, outputs, maker_.flags());
  VersionedDescription description(operators()[operation.index()], whole.get());
  for (const int32_t version : maker_.versions(operation, whole.get())) {
    tn_kernel* kernel = nullptr;
    ErrorBuffer error;
    const tn_status status =
        tn_kernel_create(device_.get(), description.get(version), &kernel, &error);
    if (accepted(operation, status, error)) return Kernel(kernel);
  }
  return {};
}

void DeviceImpl::launch(const Operation& operation, tn_kernel* kernel, const tn_launch& launch,
                        Stream& stream) {
  auto& queue = static_cast<StreamImpl&>(stream);
  ErrorBuffer error;
  tn_status status;
  {
    std::lock_guard lock(queue.mutex());
    status = tn_kernel_launch(kernel, queue.handle(), &launch, &error);
  }
  if (status != TN_OK) [[unlikely]]
    throw_failure(operation, status, error);
  increment(counters_[operation].device);
}

void DeviceImpl::reorder(const tn_tensor& dst, const tn_tensor& src, Stream& stream) {
  static_cast<StreamImpl&>(stream).enqueue(tn_stream_reorder, &dst, &src);
}

}  // namespace tenon::runtime
