// SPDX-License-Identifier: Apache-2.0
//
// Compiles kernels for one open device.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "library.h"
#include "plugins/gpu/machine.h"
#include "program_cache.h"

namespace tenon::opencl {

// Arguments are set on the handle itself, so setting and queueing are done under its lock.
class Function final : public gpu::Function {
 public:
  explicit Function(cl_kernel handle) : handle(handle) {}
  ~Function() override { library().clReleaseKernel(handle); }

  const cl_kernel handle;
  mutable std::mutex mutex;
};

class Machine final : public gpu::Machine {
 public:
  Machine(const Device& device, cl_context context);
  ~Machine() override;

  const gpu::Limits& limits() const override { return limits_; }
  const gpu::Function& function(std::string_view source, const std::string& definitions,
                                std::string_view name) override;

 private:
  cl_program program(std::string_view source, const std::string& definitions);
  cl_program build(const std::string& text, const std::string& options, std::string_view name);

  const Device device_;
  const cl_context context_;
  gpu::Limits limits_;
  std::string options_;
  const ProgramCache cache_;
  std::mutex mutex_;
  std::map<std::string, cl_program> programs_;
  std::map<std::string, std::unique_ptr<Function>> functions_;
};

gpu::Limits limits_of(cl_device_id device);

}  // namespace tenon::opencl
