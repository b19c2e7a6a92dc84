// SPDX-License-Identifier: Apache-2.0
//
// What every device must take is refused: priorities, math modes, no description, and workspaces
// that do not start at a page; and what may be refused with TN_UNSUPPORTED with another status.
#include "conformance/mutants/mutant.h"
#include "tenon/tenon_plugin.hpp"

namespace tenon::mutant {

void mutate(tn_dispatch& table) {
  table.stream_create = [](tn_device* device, const tn_stream_desc* desc, tn_stream** stream,
                           tn_error* error) {
    const tn_status status = sound().stream_create(device, desc, stream, error);
    if (status != TN_OK || desc == nullptr || desc->struct_size < sizeof(*desc) ||
        (desc->priority > -1000 && desc->priority < 1000)) {
      return status;
    }
    sound().stream_destroy(*stream);
    *stream = nullptr;
    return plugin::set_error(error, TN_OUT_OF_RANGE, nullptr, "there are not as many priorities");
  };
  table.kernel_supports = [](tn_device* device, const tn_kernel_desc* desc,
                             tn_kernel_support* support, tn_error* error) {
    const tn_status status = sound().kernel_supports(device, desc, support, error);
    if (status != TN_OK || desc->math_mode != TN_MATH_TF32) return status;
    return plugin::set_error(error, TN_UNSUPPORTED, nullptr, "there is no TF32 here");
  };
  table.device_open = [](tn_instance* instance, size_t index, const tn_device_desc* desc,
                         tn_device** device, tn_error* error) {
    if (desc != nullptr) return sound().device_open(instance, index, desc, device, error);
    *device = nullptr;
    return plugin::set_error(error, TN_INVALID_ARGUMENT, nullptr, "desc is NULL");
  };
  table.buffer_create = [](tn_device* device, const tn_buffer_desc* desc, tn_buffer** buffer,
                           tn_error* error) {
    if (desc == nullptr || desc->struct_size < sizeof(*desc) ||
        desc->kind != TN_BUFFER_HOST_PINNED) {
      return sound().buffer_create(device, desc, buffer, error);
    }
    *buffer = nullptr;
    return plugin::set_error(error, TN_INVALID_ARGUMENT, nullptr, "there is no pinned memory");
  };
  table.kernel_launch = [](tn_kernel* kernel, tn_stream* stream, const tn_launch* launch,
                           tn_error* error) {
    if (launch == nullptr || launch->workspace_offset % 4096 == 0) {
      return sound().kernel_launch(kernel, stream, launch, error);
    }
    return plugin::set_error(error, TN_INVALID_ARGUMENT, nullptr, "the workspace is misaligned");
  };
}

}  // namespace tenon::mutant
