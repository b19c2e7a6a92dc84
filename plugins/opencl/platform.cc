// SPDX-License-Identifier: Apache-2.0
//
// What the core needs to know to be this plugin: devices and backends.
#include "tenon/device/platform.h"

#include <cstdio>
#include <cstring>
#include <functional>

#include "machine.h"
#include "memory.h"
#include "plugins/gpu_common/backend.h"
#include "plugins/gpu_common/families.h"
#include "plugins/gpu_common/kernel.h"
#include "queue.h"
#include "tenon/device/entry.h"
#include "tenon/device/property.h"
#include "tenon/tenon_plugin.hpp"

namespace tenon::opencl {
namespace {

class Context {
 public:
  explicit Context(cl_device_id device) {
    cl_int status = CL_SUCCESS;
    handle_ = library().clCreateContext(nullptr, 1, &device, nullptr, nullptr, &status);
    check(status, "clCreateContext");
  }
  ~Context() { library().clReleaseContext(handle_); }
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;
  cl_context get() const { return handle_; }

 private:
  cl_context handle_ = nullptr;
};

class Backend final : public gpu::Backend {
 public:
  explicit Backend(const ClDevice& device)
      : device_(device),
        context_(device.id),
        memory_(context_.get(), value<cl_bool>(device.id, CL_DEVICE_HOST_UNIFIED_MEMORY) != 0),
        machine_(device, context_.get(), false),
        flushing_(device, context_.get(), true),
        transfers_(device, context_.get(), memory_, machine_.limits()) {}

  gpu::Machine& machine(bool flush_subnormals) override {
    return flush_subnormals ? flushing_ : machine_;
  }

  std::byte* allocate(uint64_t size, uint64_t alignment) override {
    return memory_.allocate(size, alignment);
  }
  void import(std::byte* memory, uint64_t size) override { memory_.import(memory, size); }
  void free(std::byte* data) noexcept override { memory_.free(data); }

  void read(void* to, const std::byte* from, uint64_t size) override {
    transfer(static_cast<std::byte*>(to), from, size);
  }
  void write(std::byte* to, const void* from, uint64_t size) override {
    transfer(to, static_cast<const std::byte*>(from), size);
  }

  std::unique_ptr<device::Execution> make_execution(const tn_host& host) override {
    return std::make_unique<gpu::StreamExecution>(
        host, machine_,
        std::make_unique<Queue>(device_, context_.get(), memory_, machine_.limits()));
  }

 private:
  void transfer(std::byte* to, const std::byte* from, uint64_t size) {
    const std::lock_guard lock(mutex_);
    transfers_.copy(to, from, size);
    transfers_.finish();
  }

  const ClDevice device_;
  const Context context_;
  Memory memory_;
  Machine machine_;
  Machine flushing_;
  std::mutex mutex_;
  Queue transfers_;
};

tn_device_info describe(const ClDevice& device, size_t index) {
  tn_device_info info{};
  info.struct_size = sizeof(info);
  const auto type = value<cl_device_type>(device.id, CL_DEVICE_TYPE);
  info.type = (type & CL_DEVICE_TYPE_CPU) != 0   ? TN_DEVICE_CPU
              : (type & CL_DEVICE_TYPE_GPU) != 0 ? TN_DEVICE_GPU
                                                 : TN_DEVICE_ACCELERATOR;
  info.flags = TN_DEVICE_ASYNCHRONOUS | TN_DEVICE_DYNAMIC_DIMS;
  const std::string name = text(device.id, CL_DEVICE_NAME);
  const std::string platform = platform_text(device.platform, CL_PLATFORM_NAME);
  std::snprintf(info.name, sizeof(info.name), "%s on %s", platform.c_str(), name.c_str());
  std::snprintf(info.vendor, sizeof(info.vendor), "%s", text(device.id, CL_DEVICE_VENDOR).c_str());
  // OpenCL 1.2 gives devices no identity: the name and the place in the list have to do.
  const uint64_t hash = std::hash<std::string>()(platform + name);
  std::memcpy(info.uuid, "opencl", 6);
  std::memcpy(info.uuid + 6, &hash, sizeof(hash));
  info.uuid[15] = static_cast<uint8_t>(index + 1);
  std::snprintf(info.physical_id, sizeof(info.physical_id), "opencl-%zu", index);
  info.total_memory = value<cl_ulong>(device.id, CL_DEVICE_GLOBAL_MEM_SIZE);
  info.max_allocation = value<cl_ulong>(device.id, CL_DEVICE_MAX_MEM_ALLOC_SIZE);
  info.alignment = 64;
  return info;
}

std::vector<tn_device_info> describe_all() {
  std::vector<tn_device_info> all;
  all.reserve(devices().size());
  for (size_t i = 0; i < devices().size(); ++i) all.push_back(describe(devices()[i], i));
  return all;
}

std::vector<tn_property> properties(size_t index) {
  const cl_device_id id = devices()[index].id;
  constexpr int64_t kStrict[] = {TN_MATH_STRICT};
  std::vector<tn_property> all = {
      device::integer_property("compute_units", value<cl_uint>(id, CL_DEVICE_MAX_COMPUTE_UNITS)),
      device::text_property("driver_version", text(id, CL_DRIVER_VERSION).c_str()),
      device::integers_property("math_modes", kStrict),
  };
  if (const auto megahertz = value<cl_uint>(id, CL_DEVICE_MAX_CLOCK_FREQUENCY); megahertz != 0) {
    all.push_back(device::integer_property("clock_rate", int64_t{megahertz} * 1000, "kHz"));
  }
  return all;
}

const device::Platform& platform() {
  static const device::Platform self{
      .name = "opencl",
      .version = "0.1.0",
      .devices = describe_all,
      .families = gpu::families(),
      .layouts = gpu::layouts(),
      .open = [](size_t index, std::span<const tn_option>) -> std::unique_ptr<device::Backend> {
        return std::make_unique<Backend>(devices()[index]);
      },
      .properties = properties,
  };
  return self;
}

}  // namespace
}  // namespace tenon::opencl

extern "C" TN_EXPORT tn_status TN_CALL tn_plugin_entry(const tn_host* host, tn_plugin* out,
                                                       tn_error* error) {
  return tenon::device::enter<tenon::opencl::platform>(host, out, error);
}
