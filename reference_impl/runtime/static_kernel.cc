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

  // Promises the alignment that is asked for, of each argument in order. False where an argument
  // cannot promise it, or something else is asked for.
  bool promise(std::span<const tn_argument_needs> needs) {
    bool promised = false;
    for (size_t i = 0; i < needs.size(); ++i) {
      if (needs[i].requirements == 0) continue;
      const bool possible = needs[i].requirements == TN_REQUIRES_ALIGNED &&
                            needs[i].alignment <= alignments_[i] &&
                            needs[i].alignment > arguments_[i].alignment;
      if (!possible) return false;
      arguments_[i].alignment = needs[i].alignment;
      promised = true;
    }
    return promised;
  }

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
    alignments_.push_back(from.alignment);
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
  std::vector<uint64_t> alignments_;  // That each could promise.
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

// What a device wants of each argument, inputs before outputs.
struct Needs {
  Needs(size_t inputs, size_t outputs) : all(inputs + outputs) {
    support.struct_size = sizeof(support);
    support.inputs = all.data();
    support.outputs = all.data() + inputs;
  }
  std::vector<tn_argument_needs> all;
  tn_kernel_support support{};
};

// A call described, whose arguments promise what the device asks for as far as they can.
class Asked {
 public:
  Asked(tn_device* device, const OperatorInfo& info, StaticDescription& whole, size_t inputs,
        size_t outputs)
      : device_(device), whole_(whole), description_(info, whole.get()), needs_(inputs, outputs) {}

  const std::vector<tn_argument_needs>& needs() const { return needs_.all; }

  tn_status supports(int32_t version, tn_error* error) {
    const tn_status status = ask(version, error);
    return status == TN_NEEDS_STATIC && whole_.promise(needs_.all) ? ask(version, error) : status;
  }
  tn_status create(int32_t version, tn_kernel** kernel, tn_error* error) {
    const tn_status status = tn_kernel_create(device_, description_.get(version), kernel, error);
    if (status != TN_NEEDS_STATIC || supports(version, error) != TN_OK) return status;
    return tn_kernel_create(device_, description_.get(version), kernel, error);
  }

 private:
  tn_status ask(int32_t version, tn_error* error) {
    return tn_kernel_supports(device_, description_.get(version), &needs_.support, error);
  }

  tn_device* device_;
  StaticDescription& whole_;
  VersionedDescription description_;
  Needs needs_;
};

}  // namespace

std::optional<ChosenLayouts> DeviceImpl::choose_layouts(const Operation& operation,
                                                        std::span<const StaticArgument> inputs,
                                                        std::span<const StaticArgument> outputs) {
  if (operators()[operation.index()].runs_as_chain(inputs.size())) return std::nullopt;
  StaticDescription whole(operation, inputs, outputs, maker_.flags());
  Asked asked(device_.get(), operators()[operation.index()], whole, inputs.size(), outputs.size());
  ChosenLayouts chosen{std::vector<tn_layout>(inputs.size()),
                       std::vector<tn_layout>(outputs.size())};
  for (const int32_t version : maker_.versions(operation, whole.get())) {
    ErrorBuffer error;
    if (!accepted(operation, asked.supports(version, &error), error)) continue;
    const auto& needs = asked.needs();
    for (size_t i = 0; i < inputs.size(); ++i) chosen.inputs[i] = needs[i].layout;
    for (size_t i = 0; i < outputs.size(); ++i) {
      chosen.outputs[i] = needs[inputs.size() + i].layout;
    }
    return chosen;
  }
  return std::nullopt;
}

Kernel DeviceImpl::create_kernel(const Operation& operation, std::span<const StaticArgument> inputs,
                                 std::span<const StaticArgument> outputs) {
  if (operators()[operation.index()].runs_as_chain(inputs.size())) return {};
  StaticDescription whole(operation, inputs, outputs, maker_.flags());
  Asked asked(device_.get(), operators()[operation.index()], whole, inputs.size(), outputs.size());
  for (const int32_t version : maker_.versions(operation, whole.get())) {
    tn_kernel* kernel = nullptr;
    ErrorBuffer error;
    const tn_status status = asked.create(version, &kernel, &error);
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
