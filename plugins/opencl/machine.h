// SPDX-License-Identifier: Apache-2.0
//
// Compiles kernels for one open device.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "library.h"
#include "plugins/gpu_common/function_table.h"
#include "plugins/gpu_common/machine.h"
#include "plugins/gpu_common/program_cache.h"

namespace tenon::opencl {

class Machine;

// Compiled at its first launch: to ask whether a kernel is supported makes functions, too, and
// drivers compile at the first launch anyway. Arguments are set on the handle itself, so setting
// and queueing are done under `mutex`.
class Function final : public gpu::Function {
 public:
  Function(Machine& machine, std::string_view source, std::string definitions,
           std::string_view name)
      : machine_(machine), source_(source), definitions_(std::move(definitions)), name_(name) {}
  ~Function() override {
    if (handle_ != nullptr) library().clReleaseKernel(handle_);
  }

  // Throws KernelError with the compiler's log. Locked.
  cl_kernel handle() const;

  mutable std::mutex mutex;

 private:
  Machine& machine_;
  const std::string source_, definitions_, name_;
  mutable cl_kernel handle_ = nullptr;
};

class Machine final : public gpu::Machine {
 public:
  Machine(const ClDevice& device, cl_context context, bool flush_subnormals);
  ~Machine() override;

  const gpu::Limits& limits() const override { return limits_; }
  const gpu::Function& function(std::string_view source, const std::string& definitions,
                                std::string_view name) override;

 private:
  friend class Function;
  cl_kernel kernel(std::string_view source, const std::string& definitions,
                   const std::string& name);
  cl_program program(std::string_view source, const std::string& definitions);
  cl_program build(const std::string& text, const std::string& options, std::string_view name);

  const ClDevice device_;
  const cl_context context_;
  gpu::Limits limits_;
  std::string options_;
  const gpu::ProgramCache cache_;
  std::mutex mutex_;
  std::map<std::string, cl_program> programs_;
  gpu::FunctionTable<Function> functions_;
};

gpu::Limits limits_of(cl_device_id device);

}  // namespace tenon::opencl
