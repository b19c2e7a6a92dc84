// SPDX-License-Identifier: Apache-2.0
//
// Each launch takes memory of the device, and gives it back at once.
#include "conformance/mutants/mutant.h"
#include "reference_impl/device/kernel_object.h"
#include "tenon/tenon_plugin.hpp"

namespace tenon::mutant {

void mutate(tn_dispatch& table) {
  table.kernel_launch = [](tn_kernel* kernel, tn_stream* stream, const tn_launch* launch,
                           tn_error* error) {
    device::Device* const device = plugin::object_of<device::KernelObject>(kernel)->device;
    const tn_buffer_desc desc{sizeof(desc), 4096, TN_BUFFER_DEVICE, 0, nullptr};
    tn_buffer* scratch = nullptr;
    sound().buffer_create(plugin::handle_of<tn_device>(device), &desc, &scratch, nullptr);
    const tn_status status = sound().kernel_launch(kernel, stream, launch, error);
    sound().buffer_destroy(scratch, stream);
    return status;
  };
}

}  // namespace tenon::mutant
