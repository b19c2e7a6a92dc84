// SPDX-License-Identifier: Apache-2.0
//
// Descriptions of kernels: what is accepted and refused, and what is told of a kernel.
#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <thread>
#include <vector>

#include "conformance/mutants/liar.h"
#include "tenon/cpp/operator_ids.hpp"
#include "tenon/device/subnormals.h"

namespace tenon::liar {
namespace {

bool is(const tn_kernel_desc* desc, const char* name) {
  return whole(desc) && desc->name != nullptr && std::strcmp(desc->name, name) == 0;
}

template <class Handle>
tn_status refuse(Handle** made, tn_error* error) {
  if (made != nullptr) *made = nullptr;
  return plugin::set_error(error, TN_UNSUPPORTED, nullptr, "not here");
}

// Both questions about a description, which is changed first.
template <auto edit>
void describe_otherwise(tn_dispatch& table) {
  table.kernel_supports = [](tn_device* device, const tn_kernel_desc* desc,
                             tn_kernel_support* support, tn_error* error) {
    if (!whole(desc)) return sound().kernel_supports(device, desc, support, error);
    tn_kernel_desc changed = *desc;
    edit(changed);
    return sound().kernel_supports(device, &changed, support, error);
  };
  table.kernel_create = [](tn_device* device, const tn_kernel_desc* desc, tn_kernel** kernel,
                           tn_error* error) {
    if (!whole(desc)) return sound().kernel_create(device, desc, kernel, error);
    tn_kernel_desc changed = *desc;
    edit(changed);
    return sound().kernel_create(device, &changed, kernel, error);
  };
}

// What a claim of the table is worth: these and no others have kernels.
bool served(const tn_kernel_desc* desc) {
  static constexpr std::array kNames = {"Identity", "Cast", "Fill", "Add", "Mul", "Relu", "MatMul"};
  return !whole(desc) || desc->name == nullptr ||
         std::ranges::any_of(kNames,
                             [&](const char* name) { return std::strcmp(desc->name, name) == 0; });
}

}  // namespace

TN_LIAR(claims_and_refuses) {
  table.kernel_supports = [](tn_device* device, const tn_kernel_desc* desc,
                             tn_kernel_support* support, tn_error* error) {
    const tn_status status = sound().kernel_supports(device, desc, support, error);
    if (status != TN_OK || served(desc)) return status;
    return plugin::set_error(error, TN_UNSUPPORTED, nullptr, "not in this release");
  };
  table.kernel_create = [](tn_device* device, const tn_kernel_desc* desc, tn_kernel** kernel,
                           tn_error* error) {
    const tn_status status = sound().kernel_create(device, desc, kernel, error);
    if (status != TN_OK || served(desc)) return status;
    sound().kernel_destroy(*kernel);
    return refuse(kernel, error);
  };
}

TN_LIAR(flush_subnormals_refused) {
  table.kernel_create = [](tn_device* device, const tn_kernel_desc* desc, tn_kernel** kernel,
                           tn_error* error) {
    if (!whole(desc) || (desc->flags & TN_KERNEL_FLUSH_SUBNORMALS) == 0) {
      return sound().kernel_create(device, desc, kernel, error);
    }
    return refuse(kernel, error);
  };
}

TN_LIAR(refuses_the_second_create) {
  table.kernel_create = [](tn_device* device, const tn_kernel_desc* desc, tn_kernel** kernel,
                           tn_error* error) {
    static Kept<std::string, int> created;
    const tn_status status = sound().kernel_create(device, desc, kernel, error);
    if (status != TN_OK || !is(desc, "Identity")) return status;
    const int32_t flags = static_cast<int32_t>(desc->flags);
    if (created.first(desc->name + std::to_string(flags), 1) == 1) {
      created.put(desc->name + std::to_string(flags), 2);
      return status;
    }
    sound().kernel_destroy(*kernel);
    return refuse(kernel, error);
  };
}

TN_LIAR(supports_and_does_not_create) {
  table.kernel_create = [](tn_device* device, const tn_kernel_desc* desc, tn_kernel** kernel,
                           tn_error* error) {
    if (!is(desc, "Mul")) return sound().kernel_create(device, desc, kernel, error);
    return refuse(kernel, error);
  };
}

TN_LIAR(creates_and_does_not_support) {
  table.kernel_supports = [](tn_device* device, const tn_kernel_desc* desc,
                             tn_kernel_support* support, tn_error* error) {
    const tn_status status = sound().kernel_supports(device, desc, support, error);
    if (!is(desc, "Relu") || status != TN_OK) return status;
    return plugin::set_error(error, TN_UNSUPPORTED, nullptr, "not here");
  };
}

TN_LIAR(unknown_version_accepted) {
  describe_otherwise<[](tn_kernel_desc& desc) {
    if (desc.version == INT32_MAX && is(&desc, "Identity"))
      desc.version = tenon::op::kIdentity.version;
  }>(table);
}

TN_LIAR(unknown_domain_accepted) {
  describe_otherwise<[](tn_kernel_desc& desc) {
    if (desc.domain != nullptr && std::strcmp(desc.domain, "tenon") != 0) desc.domain = "";
  }>(table);
}

TN_LIAR(unknown_attribute_accepted) {
  describe_otherwise<[](tn_kernel_desc& desc) {
    if (is(&desc, "Identity")) desc.attribute_count = 0;
  }>(table);
}

TN_LIAR(extra_inputs_accepted) {
  describe_otherwise<[](tn_kernel_desc& desc) {
    if (is(&desc, "Identity")) desc.input_count = std::min<size_t>(desc.input_count, 1);
  }>(table);
}

TN_LIAR(math_mode_refused) {
  table.kernel_supports = [](tn_device* device, const tn_kernel_desc* desc,
                             tn_kernel_support* support, tn_error* error) {
    const tn_status status = sound().kernel_supports(device, desc, support, error);
    if (status != TN_OK || desc->math_mode != TN_MATH_TF32) return status;
    return plugin::set_error(error, TN_UNSUPPORTED, nullptr, "there is no TF32 here");
  };
}

TN_LIAR(needs_static_without_saying_what) {
  table.kernel_supports = [](tn_device* device, const tn_kernel_desc* desc,
                             tn_kernel_support* support, tn_error* error) {
    const tn_status status = sound().kernel_supports(device, desc, support, error);
    const bool dynamic = status == TN_OK && desc->input_count > 0 && desc->inputs[0]->rank > 0 &&
                         desc->inputs[0]->dims == nullptr;
    if (!dynamic) return status;
    return plugin::set_error(error, TN_NEEDS_STATIC, nullptr, "describe it another way");
  };
}

TN_LIAR(flags_of_kernels_are_made_up) {
  table.kernel_get_info = [](tn_kernel* kernel, tn_kernel_info* info, tn_error* error) {
    const tn_status status = sound().kernel_get_info(kernel, info, error);
    if (status == TN_OK && whole(info)) info->flags |= 1u << 17;
    return status;
  };
}

TN_LIAR(silent_workspace) {
  table.kernel_get_info = [](tn_kernel* kernel, tn_kernel_info* info, tn_error* error) {
    const tn_status status = sound().kernel_get_info(kernel, info, error);
    if (status == TN_OK && whole(info)) info->flags |= TN_KERNEL_NO_WORKSPACE;
    return status;
  };
}

TN_LIAR(workspace_grows) {
  table.kernel_workspace_size = [](tn_kernel* kernel, const tn_launch* launch, uint64_t* size,
                                   tn_error* error) {
    static std::atomic<uint64_t> calls{0};
    const tn_status status = sound().kernel_workspace_size(kernel, launch, size, error);
    if (status == TN_OK) *size += 64 * calls++;
    return status;
  };
}

TN_LIAR(wrong_dims) {  // In the order of memory: the last one first.
  table.kernel_output_dims = [](tn_kernel* kernel, const tn_launch* launch, int64_t* const* dims,
                                tn_error* error) {
    constexpr int64_t kUnwritten = -1;
    if (dims == nullptr || dims[0] == nullptr) {
      return sound().kernel_output_dims(kernel, launch, dims, error);
    }
    std::array<int64_t, TN_MAX_RANK> found;
    found.fill(kUnwritten);
    // One output is enough to be wrong about.
    std::array<int64_t*, 8> all{};
    all[0] = found.data();
    const tn_status status = sound().kernel_output_dims(kernel, launch, all.data(), error);
    if (status != TN_OK) return status;
    std::reverse_copy(found.begin(), std::ranges::find(found, kUnwritten), dims[0]);
    return status;
  };
}

TN_LIAR(dims_of_any_input) {
  forgive<&tn_dispatch::kernel_output_dims, TN_INVALID_ARGUMENT>(table);
}

TN_LIAR(inherited_subnormals) {
  table.kernel_create = [](tn_device* device, const tn_kernel_desc* desc, tn_kernel** kernel,
                           tn_error* error) {
    if (!whole(desc)) return sound().kernel_create(device, desc, kernel, error);
    tn_kernel_desc inherited = *desc;
    if (device::SubnormalMode::flushes()) inherited.flags |= TN_KERNEL_FLUSH_SUBNORMALS;
    return sound().kernel_create(device, &inherited, kernel, error);
  };
}

TN_LIAR(always_flushes_subnormals) {
  describe_otherwise<[](tn_kernel_desc& desc) { desc.flags |= TN_KERNEL_FLUSH_SUBNORMALS; }>(table);
}

TN_LIAR(unlooked_data) {
  table.kernel_launch = [](tn_kernel* kernel, tn_stream* stream, const tn_launch* launch,
                           tn_error* error) {
    const tn_status status = sound().kernel_launch(kernel, stream, launch, error);
    if (status == TN_OK) sound().stream_reset(stream, nullptr);
    return status;
  };
}

// Two at a time, and one of them goes wrong.
TN_LIAR(create_is_not_safe_for_threads) {
  table.kernel_create = [](tn_device* device, const tn_kernel_desc* desc, tn_kernel** kernel,
                           tn_error* error) {
    static std::atomic<int> inside{0};
    const bool alone = inside++ == 0;
    std::this_thread::sleep_for(std::chrono::microseconds(100));
    const tn_status status = sound().kernel_create(device, desc, kernel, error);
    --inside;
    if (alone || status != TN_OK) return status;
    sound().kernel_destroy(*kernel);
    *kernel = nullptr;
    return plugin::set_error(error, TN_INTERNAL, nullptr, "the cache of kernels is broken");
  };
}

TN_LIAR(kernels_leak) {
  table.kernel_destroy = [](tn_kernel*) {};
  table.device_close = [](tn_device*) {};
}

// Those that were made with a constant hold it for ever.
TN_LIAR(kernels_keep_their_constants) {
  table.kernel_create = [](tn_device* device, const tn_kernel_desc* desc, tn_kernel** kernel,
                           tn_error* error) {
    const tn_status status = sound().kernel_create(device, desc, kernel, error);
    for (size_t i = 0; status == TN_OK && whole(desc) && i < desc->input_count; ++i) {
      const tn_argument* const input = desc->inputs[i];
      if (whole(input) && input->constant != nullptr) sound().constant_retain(input->constant);
    }
    return status;
  };
  table.device_close = [](tn_device*) {};
}

TN_LIAR(resident_bytes_grow) {
  table.kernel_get_info = [](tn_kernel* kernel, tn_kernel_info* info, tn_error* error) {
    static std::atomic<uint64_t> calls{0};
    const tn_status status = sound().kernel_get_info(kernel, info, error);
    if (status == TN_OK && whole(info)) info->resident_bytes += ++calls;
    return status;
  };
}

}  // namespace tenon::liar
