// SPDX-License-Identifier: Apache-2.0
//
// What TensorFlow looks up in the library: SE_InitPlugin registers the device type TENON with the
// devices of all Tenon plugins, TF_InitKernel the kernels.
//
// TensorFlow ends the process on an error in here, so the Python package checks beforehand that the
// devices open (tenon_tf_prepare) and that the library is loaded once.
#include <cstdio>

#include "device/callbacks.h"
#include "device/state.h"
#include "ops/registration.h"

namespace tenon::tensorflow {
namespace {

void get_device_count(const SP_Platform*, int* count, TF_Status* status) {
  guarded(status, [&] { *count = static_cast<int>(device_states().size()); });
}

void create_device(const SP_Platform*, SE_CreateDeviceParams* params, TF_Status* status) {
  guarded(status, [&] {
    DeviceState& state = device_state(static_cast<size_t>(params->ordinal));
    SP_Device* device = params->device;
    device->struct_size = SP_DEVICE_STRUCT_SIZE;
    device->ordinal = params->ordinal;
    device->device_handle = &state;
    device->hardware_name = state.device().info().name;
    device->device_vendor = state.device().info().vendor;
    device->pci_bus_id = state.device().info().physical_id;
  });
}

// The devices live as long as the process.
void destroy_device(const SP_Platform*, SP_Device* device) { device->device_handle = nullptr; }

int32_t get_numa_node(const SP_Device*) { return -1; }
int64_t get_memory_bandwidth(const SP_Device*) { return -1; }
double get_gflops(const SP_Device*) { return -1; }

void create_device_fns(const SP_Platform*, SE_CreateDeviceFnsParams* params, TF_Status* status) {
  params->device_fns->struct_size = SP_DEVICE_FNS_STRUCT_SIZE;
  params->device_fns->get_numa_node = get_numa_node;
  params->device_fns->get_memory_bandwidth = get_memory_bandwidth;
  params->device_fns->get_gflops = get_gflops;
  TF_SetStatus(status, TF_OK, "");
}

void destroy_device_fns(const SP_Platform*, SP_DeviceFns*) {}

void create_stream_executor(const SP_Platform*, SE_CreateStreamExecutorParams* params,
                            TF_Status* status) {
  SP_StreamExecutor* executor = params->stream_executor;
  executor->struct_size = SP_STREAMEXECUTOR_STRUCT_SIZE;
  add_memory_callbacks(executor);
  add_copy_callbacks(executor);
  add_stream_callbacks(executor);
  add_timer_callbacks(executor);
  TF_SetStatus(status, TF_OK, "");
}

void destroy_stream_executor(const SP_Platform*, SP_StreamExecutor*) {}

void create_timer_fns(const SP_Platform*, SP_TimerFns* timer, TF_Status* status) {
  timer->struct_size = SP_TIMER_FNS_STRUCT_SIZE;
  timer->nanoseconds = timer_nanoseconds;
  TF_SetStatus(status, TF_OK, "");
}

void destroy_timer_fns(const SP_Platform*, SP_TimerFns*) {}

void destroy_platform(SP_Platform*) {}
void destroy_platform_fns(SP_PlatformFns*) {}

void register_platform(SE_PlatformRegistrationParams* params) {
  device_states();  // Fails here rather than in the midst of TensorFlow's device setup.

  params->major_version = SE_MAJOR;
  params->minor_version = SE_MINOR;
  params->patch_version = SE_PATCH;

  SP_Platform* platform = params->platform;
  platform->struct_size = SP_PLATFORM_STRUCT_SIZE;
  platform->name = "TENON";
  platform->type = "TENON";
  platform->supports_unified_memory = 0;
  platform->use_bfc_allocator = 1;
  platform->force_memory_growth = 1;

  SP_PlatformFns* functions = params->platform_fns;
  functions->struct_size = SP_PLATFORM_FNS_STRUCT_SIZE;
  functions->get_device_count = get_device_count;
  functions->create_device = create_device;
  functions->destroy_device = destroy_device;
  functions->create_device_fns = create_device_fns;
  functions->destroy_device_fns = destroy_device_fns;
  functions->create_stream_executor = create_stream_executor;
  functions->destroy_stream_executor = destroy_stream_executor;
  functions->create_timer_fns = create_timer_fns;
  functions->destroy_timer_fns = destroy_timer_fns;

  params->destroy_platform = destroy_platform;
  params->destroy_platform_fns = destroy_platform_fns;
}

}  // namespace
}  // namespace tenon::tensorflow

extern "C" {

TN_EXPORT void SE_InitPlugin(SE_PlatformRegistrationParams* params, TF_Status* status) {
  tenon::tensorflow::guarded(status, [&] { tenon::tensorflow::register_platform(params); });
}

TN_EXPORT void TF_InitKernel() {
  try {
    tenon::tensorflow::register_kernels();
  } catch (...) {
    std::fprintf(stderr, "tensorflow_tenon: no kernels: %s\n",
                 tenon::tensorflow::current_failure().message.c_str());
  }
}

}  // extern "C"
