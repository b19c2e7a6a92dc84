// SPDX-License-Identifier: Apache-2.0
//
// Faults of constants and kernels.
#include <deque>
#include <mutex>
#include <utility>
#include <vector>

#include "conformance/accelerator/faulty_calls.h"

namespace tenon::accelerator {
namespace {

// A cache of constants that knows them by where the host has the value, and outlives their release.
tn_status TN_CALL constant_create(tn_device* device, const tn_constant_desc* desc,
                                  tn_constant** constant, tn_error* error) {
  struct Kept {
    tn_device* device = nullptr;
    const void* place = nullptr;
    tn_dtype dtype = 0;
    uint64_t size = 0;
    tn_constant* constant = nullptr;
  };
  static std::mutex mutex;
  static Kept kept;
  const tn_status status = core().constant_create(device, desc, constant, error);
  if (status != TN_OK || !broken(device, Fault::stale_constant)) return status;
  tn_constant_info info{};
  info.struct_size = sizeof(info);
  core().constant_get_info(*constant, &info, nullptr);
  const std::lock_guard lock(mutex);
  const Kept now{device, desc->value->host_data, info.dtype, info.resident_bytes, *constant};
  if (now.place == nullptr) return status;
  if (kept.device == device && kept.place == now.place && kept.dtype == now.dtype &&
      kept.size == now.size) {
    core().constant_release(*constant);
    core().constant_retain(kept.constant);
    *constant = kept.constant;
    return status;
  }
  kept = now;
  core().constant_retain(kept.constant);
  return status;
}

// A device that lies about its alignment asks for 64 bytes, and looks at a multiple of 256.
constexpr uint32_t kSaid = 64, kNeeded = 256;

// A description in which what was promised as asked for is promised as needed.
class Promised {
 public:
  explicit Promised(const tn_kernel_desc& desc) : desc_(desc) {
    desc_.struct_size = sizeof(desc_);  // Of which this is a copy.
    for (auto [list, count] : {std::pair{&desc_.inputs, desc_.input_count},
                               std::pair{&desc_.outputs, desc_.output_count}}) {
      auto& copies = arguments_.emplace_back();
      auto& pointers = pointers_.emplace_back();
      copies.reserve(count);
      for (size_t i = 0; i < count; ++i) {
        tn_argument& copy = copies.emplace_back(*(*list)[i]);
        if (copy.alignment >= kSaid && copy.alignment < kNeeded) copy.alignment = kNeeded;
        pointers.push_back(&copy);
      }
      *list = pointers.data();
    }
  }
  Promised(const Promised&) = delete;
  const tn_kernel_desc* get() const { return &desc_; }

 private:
  tn_kernel_desc desc_;
  std::deque<std::vector<tn_argument>> arguments_;
  std::deque<std::vector<const tn_argument*>> pointers_;
};

// Descriptions that the core would refuse are left to it.
bool lies(tn_device* device, const tn_kernel_desc* desc) {
  if (!broken(device, Fault::alignment_lied_about) || desc == nullptr ||
      desc->struct_size != sizeof(*desc)) {
    return false;
  }
  for (const auto& [list, count] :
       {std::pair{desc->inputs, desc->input_count}, std::pair{desc->outputs, desc->output_count}}) {
    if (list == nullptr && count != 0) return false;
    for (size_t i = 0; i < count; ++i) {
      if (list[i] == nullptr || list[i]->struct_size != sizeof(tn_argument)) return false;
    }
  }
  return true;
}

tn_status TN_CALL supports(tn_device* device, const tn_kernel_desc* desc,
                           tn_kernel_support* support, tn_error* error) {
  if (!lies(device, desc)) return core().kernel_supports(device, desc, support, error);
  const Promised promised(*desc);
  const tn_status status = core().kernel_supports(device, promised.get(), support, error);
  if (status != TN_NEEDS_STATIC || support == nullptr) return status;
  for (size_t i = 0; support->inputs != nullptr && i < desc->input_count; ++i) {
    if (support->inputs[i].alignment == kNeeded) support->inputs[i].alignment = kSaid;
  }
  for (size_t i = 0; support->outputs != nullptr && i < desc->output_count; ++i) {
    if (support->outputs[i].alignment == kNeeded) support->outputs[i].alignment = kSaid;
  }
  return status;
}

// A launch whose tensors are where such a device looks for them.
class Rounded {
 public:
  explicit Rounded(const tn_launch& launch) : launch_(launch) {
    for (auto [list, count] : {std::pair{&launch_.inputs, launch_.input_count},
                               std::pair{&launch_.outputs, launch_.output_count}}) {
      auto& copies = tensors_.emplace_back();
      auto& pointers = pointers_.emplace_back();
      copies.reserve(count);
      for (size_t i = 0; *list != nullptr && i < count; ++i) {
        const tn_tensor* tensor = (*list)[i];
        if (tensor == nullptr) {
          pointers.push_back(nullptr);
          continue;
        }
        copies.push_back(*tensor);
        copies.back().offset -=
            copies.back().offset % kNeeded % kSaid == 0 ? copies.back().offset % kNeeded : 0;
        pointers.push_back(&copies.back());
      }
      if (*list != nullptr) *list = pointers.data();
    }
  }
  Rounded(const Rounded&) = delete;
  const tn_launch* get() const { return &launch_; }

 private:
  tn_launch launch_;
  std::deque<std::vector<tn_tensor>> tensors_;
  std::deque<std::vector<const tn_tensor*>> pointers_;
};

// References that a kernel takes and never gives back.
void leak_constants(const tn_kernel_desc& desc) {
  for (size_t i = 0; i < desc.input_count; ++i) {
    const tn_argument& argument = *desc.inputs[i];
    if (argument.kind == TN_ARGUMENT_CONSTANT && argument.constant != nullptr) {
      core().constant_retain(argument.constant);
    }
  }
}

tn_status TN_CALL launch(tn_kernel* kernel, tn_stream* stream, const tn_launch* given,
                         tn_error* error) {
  if (broken(kernel, Fault::alignment_lied_about) && given != nullptr &&
      given->struct_size == sizeof(*given)) {
    return core().kernel_launch(kernel, stream, Rounded(*given).get(), error);
  }
  const tn_status status = core().kernel_launch(kernel, stream, given, error);
  if (status != TN_OK) return status;
  if (broken(kernel, Fault::leaks_64_bytes_a_launch)) {
    auto* device =
        plugin::handle_of<tn_device>(plugin::object_of<device::DeviceObject>(kernel)->device);
    const tn_buffer_desc desc{sizeof(desc), 64, TN_BUFFER_DEVICE, 0, nullptr};
    tn_buffer* lost = nullptr;
    core().buffer_create(device, &desc, &lost, nullptr);
  }
  return status;
}

}  // namespace

void add_faulty_kernel_calls(tn_dispatch& table) {
  static decltype(table.kernel_create) create = table.kernel_create;
  table.constant_create = constant_create;
  table.kernel_supports = supports;
  table.kernel_launch = launch;
  table.kernel_create = [](tn_device* device, const tn_kernel_desc* desc, tn_kernel** kernel,
                           tn_error* error) {
    if (lies(device, desc)) return create(device, Promised(*desc).get(), kernel, error);
    const tn_status status = create(device, desc, kernel, error);
    if (status == TN_OK && broken(device, Fault::constants_leaked_by_kernels)) {
      leak_constants(*desc);
    }
    return status;
  };
}

}  // namespace tenon::accelerator
