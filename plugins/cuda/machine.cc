// SPDX-License-Identifier: Apache-2.0
#include "plugins/cuda/machine.h"

#include <algorithm>

#include "plugins/cuda/compiler.h"

namespace tenon::cuda {
namespace {

gpu::Limits limits_of(const Driver& driver, CUdevice device) {
  const auto attribute = [&](CUdevice_attribute which) {
    return static_cast<uint32_t>(attribute_of(driver, device, which));
  };
  gpu::Limits limits;
  // A thread uses at most 255 registers, and a multiprocessor has 65536: groups of 256 always fit.
  limits.max_group = std::min(256u, attribute(CU_DEVICE_ATTRIBUTE_MAX_THREADS_PER_BLOCK));
  limits.local_bytes = attribute(CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK);
  limits.units = attribute(CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT);
  limits.lanes = attribute(CU_DEVICE_ATTRIBUTE_WARP_SIZE);
  limits.float64 = true;
  limits.float16 = true;
  return limits;
}

}  // namespace

int attribute_of(const Driver& driver, CUdevice device, CUdevice_attribute attribute) {
  int value = 0;
  check(driver, driver.cuDeviceGetAttribute(&value, attribute, device),
        "asking for an attribute of the device");
  return value;
}

int capability_of(const Driver& driver, CUdevice device) {
  return attribute_of(driver, device, CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR) * 10 +
         attribute_of(driver, device, CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR);
}

std::string name_of(const Driver& driver, CUdevice device) {
  char name[256] = "";
  check(driver, driver.cuDeviceGetName(name, sizeof(name), device), "asking for the device's name");
  return name;
}

Machine::Machine(const Driver& driver, CUcontext context, CUdevice device, bool flush_subnormals)
    : driver_(driver),
      context_(context),
      capability_(capability_of(driver, device)),
      flush_subnormals_(flush_subnormals),
      limits_(limits_of(driver, device)),
      cache_("cuda", name_of(driver, device) + "\nNVRTC " + compiler_version()) {}

Machine::~Machine() {
  try {
    const ContextScope scope(driver_, context_);
    for (const auto& [key, module] : modules_) driver_.cuModuleUnload(module);
  } catch (...) {  // NOLINT(bugprone-empty-catch)
    // Lost with the context.
  }
}

const gpu::Function& Machine::function(std::string_view source, const std::string& definitions,
                                       std::string_view name) {
  return functions_.find(*this, source, definitions, name);
}

CUfunction Function::handle() const {
  CUfunction handle = handle_.load(std::memory_order_acquire);
  if (handle == nullptr) {
    handle = machine_.kernel(source_, definitions_, name_);
    handle_.store(handle, std::memory_order_release);
  }
  return handle;
}

CUfunction Machine::kernel(const std::string& source, const std::string& definitions,
                           const std::string& name) {
  const std::string key = source + '\n' + definitions;
  const std::lock_guard lock(compile_mutex_);
  auto found = modules_.find(key);
  if (found == modules_.end()) found = modules_.emplace(key, load(source, definitions)).first;
  CUfunction function = nullptr;
  check(driver_, driver_.cuModuleGetFunction(&function, found->second, name.c_str()),
        ("looking for " + name + " in " + source + ".cl").c_str());
  return function;
}

CUmodule Machine::load(const std::string& source, const std::string& definitions) {
  const std::string text = kernel_text(source);
  const std::string options =
      "sm_" + std::to_string(capability_) + (flush_subnormals_ ? " ftz " : " ") + definitions;
  CUmodule module = nullptr;
  // A file that another version has left, or half of one, is made again.
  if (const auto cubin = cache_.load(text, options); !cubin.empty()) {
    if (driver_.cuModuleLoadData(&module, cubin.data()) == CUDA_SUCCESS) return module;
  }
  const std::string cubin =
      compile(source, text, definitions, capability_, Effort::kFull, flush_subnormals_);
  check(driver_, driver_.cuModuleLoadData(&module, cubin.data()),
        ("loading " + source + ".cl").c_str());
  cache_.store(text, options, {cubin.begin(), cubin.end()});
  return module;
}

}  // namespace tenon::cuda
