// SPDX-License-Identifier: Apache-2.0
#include "reference_impl/layers/fault/fault.h"

#include <cstring>

#include "tenon/cpp/error.hpp"

namespace tenon::layers::fault {
namespace {

// By an event of the host's that is signalled with a failure.
bool fail_by_event(const tn_dispatch& below, tn_device* device, tn_stream* stream) {
  const tn_event_desc desc{sizeof(desc), TN_EVENT_HOST, 0};
  tn_event* event = nullptr;
  if (below.event_create(device, &desc, &event, nullptr) != TN_OK) return false;
  const bool done = below.event_signal(event, TN_INTERNAL, nullptr) == TN_OK &&
                    below.stream_wait_event(stream, event, nullptr, nullptr) == TN_OK;
  below.event_destroy(event);
  return done;
}

// The since-version of an operator in the device's table; 0 if it is not there.
int32_t version_of(const tn_dispatch& below, tn_device* device, const char* name) {
  tn_operator_table table{};
  table.struct_size = sizeof(table);
  if (below.device_get_operators(device, &table, nullptr) != TN_OK) return 0;
  const char* row = reinterpret_cast<const char*>(table.first);
  for (size_t i = 0; i < table.count; ++i, row += table.stride) {
    const auto& entry = *reinterpret_cast<const tn_operator_entry*>(row);
    if (entry.domain[0] == '\0' && std::strcmp(entry.name, name) == 0) return entry.version;
  }
  return 0;
}

// By an integer divided by zero, where the device looks at its data.
bool fail_by_data(const tn_dispatch& below, tn_device* device, tn_stream* stream) {
  const int64_t one = 1;
  tn_argument argument{};
  argument.struct_size = sizeof(argument);
  argument.kind = TN_ARGUMENT_DEVICE;
  argument.dtype = TN_INT32;
  argument.rank = 1;
  argument.dims = &one;
  argument.strides = &one;
  const tn_argument* const inputs[] = {&argument, &argument};
  const tn_argument* const outputs[] = {&argument};
  tn_kernel_desc desc{};
  desc.struct_size = sizeof(desc);
  desc.domain = "";
  desc.name = "Div";
  desc.version = version_of(below, device, "Div");
  desc.flags = TN_KERNEL_CHECK_DATA;
  desc.inputs = inputs;
  desc.input_count = 2;
  desc.outputs = outputs;
  desc.output_count = 1;
  tn_kernel* kernel = nullptr;
  if (desc.version == 0 || below.kernel_create(device, &desc, &kernel, nullptr) != TN_OK)
    return false;
  const tn_buffer_desc space{sizeof(space), 1024, TN_BUFFER_DEVICE, 0, stream};
  tn_buffer* buffer = nullptr;
  bool done = below.buffer_create(device, &space, &buffer, nullptr) == TN_OK &&
              below.stream_fill(stream, buffer, 0, 1024, "", 1, nullptr) == TN_OK;
  if (done) {
    tn_tensor tensors[3] = {};
    for (size_t i = 0; i < 3; ++i) {
      tensors[i].buffer = buffer;
      tensors[i].offset = 256 * i;
      tensors[i].dims = &one;
      tensors[i].dtype = TN_INT32;
      tensors[i].rank = 1;
    }
    const tn_tensor* const ins[] = {&tensors[0], &tensors[1]};
    const tn_tensor* const outs[] = {&tensors[2]};
    tn_launch launch{};
    launch.struct_size = sizeof(launch);
    launch.inputs = ins;
    launch.input_count = 2;
    launch.outputs = outs;
    launch.output_count = 1;
    done = below.kernel_launch(kernel, stream, &launch, nullptr) == TN_OK;
  }
  below.buffer_destroy(buffer, stream);
  below.kernel_destroy(kernel);
  return done;
}

}  // namespace

std::unique_ptr<Layer> make(const Surroundings& surroundings, tn_dispatch* table) {
  return std::make_unique<Fault>(surroundings, table);
}

Fault::Fault(const Surroundings& surroundings, tn_dispatch* table)
    : Layer(*table),
      plan(parse(surroundings.faults)),
      host_(surroundings.host),
      plugin_(surroundings.plugin) {
  insert_faults(table);
}

void Fault::tell(const char* function, uint64_t call, const std::string& what) const {
  const std::string line = "tn_" + std::string(function) + " of plugin '" + plugin_ + "': call " +
                           std::to_string(call) + " " + what;
  host_->log(host_->context, TN_LOG_INFO, "fault", line.c_str());
}

bool Fault::fail_stream(tn_device* device, tn_stream* stream) const {
  return device != nullptr &&
         (fail_by_event(below(), device, stream) || fail_by_data(below(), device, stream));
}

}  // namespace tenon::layers::fault
