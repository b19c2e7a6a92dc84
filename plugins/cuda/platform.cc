// SPDX-License-Identifier: Apache-2.0
//
// What the core needs to know to be this plugin: devices and backends.
#include "tenon/device/platform.h"

#include <cctype>
#include <cstdio>
#include <cstring>
#include <mutex>

#include "plugins/cuda/compiler.h"
#include "plugins/cuda/cublaslt.h"
#include "plugins/cuda/driver.h"
#include "plugins/cuda/machine.h"
#include "plugins/cuda/memory.h"
#include "plugins/cuda/products.h"
#include "plugins/cuda/queue.h"
#include "plugins/gpu_common/backend.h"
#include "plugins/gpu_common/families.h"
#include "plugins/gpu_common/kernel.h"
#include "tenon/device/entry.h"
#include "tenon/device/property.h"
#include "tenon/tenon_plugin.hpp"

namespace tenon::cuda {
namespace {

// The oldest that NVRTC 13 compiles for.
constexpr int kOldestCapability = 75;

// The devices that this plugin can use, in the driver's order. Throws when there is none.
std::vector<CUdevice> usable_devices() {
  const Driver& driver = cuda::driver();
  int count = 0;
  check(driver, driver.cuDeviceGetCount(&count), "counting devices");
  if (count == 0) plugin::fail(TN_NO_DEVICE, nullptr, "the CUDA driver has no device");
  std::vector<CUdevice> usable;
  std::string reasons;
  for (int i = 0; i < count; ++i) {
    CUdevice device = 0;
    check(driver, driver.cuDeviceGet(&device, i), "asking for a device");
    const int capability = capability_of(driver, device);
    const bool pools =
        attribute_of(driver, device, CU_DEVICE_ATTRIBUTE_MEMORY_POOLS_SUPPORTED) != 0;
    if (capability >= kOldestCapability && pools) {
      usable.push_back(device);
      continue;
    }
    reasons += (reasons.empty() ? "" : "; ") + name_of(driver, device) +
               (pools ? " has compute capability " + std::to_string(capability / 10) + "." +
                            std::to_string(capability % 10) + ", and 7.5 is needed"
                      : " has no memory pools");
  }
  if (usable.empty()) {
    plugin::fail(TN_NO_DEVICE, nullptr, "no device can be used: %.300s", reasons.c_str());
  }
  return usable;
}

// The context that all users of a device in this process share.
class PrimaryContext {
 public:
  PrimaryContext(const Driver& driver, CUdevice device) : driver_(driver), device_(device) {
    check(driver_, driver_.cuDevicePrimaryCtxRetain(&handle_, device_), "opening the device");
  }
  ~PrimaryContext() { driver_.cuDevicePrimaryCtxRelease(device_); }
  PrimaryContext(const PrimaryContext&) = delete;
  PrimaryContext& operator=(const PrimaryContext&) = delete;
  CUcontext get() const { return handle_; }

 private:
  const Driver& driver_;
  const CUdevice device_;
  CUcontext handle_ = nullptr;
};

class Backend final : public gpu::Backend {
 public:
  Backend(const Driver& driver, CUdevice device)
      : driver_(driver),
        context_(driver, device),
        memory_(driver, context_.get(), device),
        machine_(driver, context_.get(), device, false),
        flushing_(driver, context_.get(), device, true),
        products_(open_products()),
        transfers_(driver, context_.get(), memory_, machine_, nullptr) {}
  ~Backend() override {
    // The library gives back what it holds of the context, if that is still there.
    try {
      const ContextScope scope(driver_, context_.get());
      products_.reset();
    } catch (...) {
      products_.reset();
    }
  }

  gpu::Machine& machine(bool flush_subnormals) override {
    return flush_subnormals ? flushing_ : machine_;
  }

  std::byte* allocate(uint64_t size, uint64_t alignment) override {
    return memory_.allocate(size, alignment);
  }
  void import(std::byte* memory, uint64_t size) override { memory_.import(memory, size); }
  void free(std::byte* data) noexcept override { memory_.free(data); }
  uint64_t trim() override { return memory_.trim(); }

  void read(void* to, const std::byte* from, uint64_t size) override {
    transfer(static_cast<std::byte*>(to), from, size);
  }
  void write(std::byte* to, const void* from, uint64_t size) override {
    transfer(to, static_cast<const std::byte*>(from), size);
  }

  std::unique_ptr<device::Execution> make_execution(const tn_host& host) override {
    return std::make_unique<gpu::StreamExecution>(
        host, machine_,
        std::make_unique<Queue>(driver_, context_.get(), memory_, machine_, products_.get()));
  }

 private:
  std::unique_ptr<Products> open_products() {
    const cublaslt::Table* library = cublaslt::table();
    if (library == nullptr) return nullptr;
    const ContextScope scope(driver_, context_.get());
    return std::make_unique<Products>(*library);
  }

  void transfer(std::byte* to, const std::byte* from, uint64_t size) {
    const std::lock_guard lock(mutex_);
    transfers_.copy(to, from, size);
    transfers_.finish();
  }

  const Driver& driver_;
  const PrimaryContext context_;
  Memory memory_;
  Machine machine_;
  Machine flushing_;
  std::unique_ptr<Products> products_;  // Null: there is no cuBLASLt.
  std::mutex mutex_;
  Queue transfers_;
};

tn_device_info describe(const Driver& driver, CUdevice device) {
  tn_device_info info{};
  info.struct_size = sizeof(info);
  info.type = TN_DEVICE_GPU;
  info.flags = TN_DEVICE_ASYNCHRONOUS | TN_DEVICE_DYNAMIC_DIMS;
  std::snprintf(info.name, sizeof(info.name), "%s", name_of(driver, device).c_str());
  std::snprintf(info.vendor, sizeof(info.vendor), "NVIDIA");
  CUuuid uuid{};
  check(driver, driver.cuDeviceGetUuid(&uuid, device), "asking for the device's identity");
  static_assert(sizeof(uuid) == sizeof(info.uuid));
  std::memcpy(info.uuid, &uuid, sizeof(uuid));
  char place[32] = "";
  check(driver, driver.cuDeviceGetPCIBusId(place, sizeof(place), device),
        "asking for the device's place");
  for (char* c = place; *c != '\0'; ++c) {
    *c = static_cast<char>(std::tolower(static_cast<unsigned char>(*c)));
  }
  std::snprintf(info.physical_id, sizeof(info.physical_id), "pci-%s", place);
  size_t bytes = 0;
  check(driver, driver.cuDeviceTotalMem(&bytes, device), "asking for the device's memory");
  info.total_memory = bytes;
  info.max_allocation = bytes;
  info.alignment = 64;
  return info;
}

constexpr char kName[] = "cuda";

void start(const tn_host& host) {
  driver();
  require_compiler();
  std::string reason;
  const cublaslt::Table* library = cublaslt::table(&reason);
  const std::string message =
      library != nullptr
          ? "cuBLASLt " + std::to_string(library->cublasLtGetVersion()) + " multiplies matrices"
          : "matrices are multiplied by kernels/gemm.cl: " + reason;
  host.log(host.context, TN_LOG_INFO, kName, message.c_str());
}

std::vector<tn_device_info> describe_all() {
  std::vector<tn_device_info> all;
  for (const CUdevice device : usable_devices()) all.push_back(describe(driver(), device));
  return all;
}

std::vector<tn_property> properties(size_t index) {
  const CUdevice device = usable_devices()[index];
  const auto attribute = [&](CUdevice_attribute name) {
    return int64_t{attribute_of(driver(), device, name)};
  };
  int version = 0;
  check(driver(), driver().cuDriverGetVersion(&version), "asking for the driver's version");
  const std::string text =
      std::to_string(version / 1000) + "." + std::to_string(version % 1000 / 10);
  constexpr int64_t kStrict[] = {TN_MATH_STRICT};
  return {
      device::integer_property("compute_units",
                               attribute(CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT)),
      device::text_property("driver_version", text.c_str()),
      device::integer_property("clock_rate", attribute(CU_DEVICE_ATTRIBUTE_CLOCK_RATE), "kHz"),
      device::integers_property("math_modes", kStrict),
      device::integer_property("nvidia.compute_capability", capability_of(driver(), device)),
  };
}

const device::Platform& platform() {
  static const device::Platform self{
      .name = kName,
      .version = "0.1.0",
      .devices = describe_all,
      .families = gpu::families(),
      .layouts = gpu::layouts(),
      .open = [](size_t index, std::span<const tn_option>) -> std::unique_ptr<device::Backend> {
        return std::make_unique<Backend>(driver(), usable_devices()[index]);
      },
      .properties = properties,
      .start = start,
  };
  return self;
}

}  // namespace
}  // namespace tenon::cuda

extern "C" TN_EXPORT tn_status TN_CALL tn_plugin_entry(const tn_host* host, tn_plugin* out,
                                                       tn_error* error) {
  return tenon::device::enter<tenon::cuda::platform>(host, out, error);
}
