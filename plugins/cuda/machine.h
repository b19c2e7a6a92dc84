// SPDX-License-Identifier: Apache-2.0
//
// Compiles kernels for one open device.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "plugins/cuda/driver.h"
#include "plugins/gpu_common/function_table.h"
#include "plugins/gpu_common/machine.h"
#include "plugins/gpu_common/program_cache.h"

namespace tenon::cuda {

class Machine;

// Compiled at its first launch: to ask whether a kernel is supported makes functions, too.
class Function final : public gpu::Function {
 public:
  Function(Machine& machine, std::string_view source, std::string definitions,
           std::string_view name)
      : machine_(machine), source_(source), definitions_(std::move(definitions)), name_(name) {}

  // Throws KernelError with the compiler's log. The device's context is current.
  CUfunction handle() const;

 private:
  Machine& machine_;
  const std::string source_, definitions_, name_;
  mutable std::atomic<CUfunction> handle_{nullptr};
};

class Machine final : public gpu::Machine {
 public:
  Machine(const Driver& driver, CUcontext context, CUdevice device, bool flush_subnormals);
  ~Machine() override;

  const gpu::Limits& limits() const override { return limits_; }
  const gpu::Function& function(std::string_view source, const std::string& definitions,
                                std::string_view name) override;

 private:
  friend class Function;
  CUfunction kernel(const std::string& source, const std::string& definitions,
                    const std::string& name);
  CUmodule load(const std::string& source, const std::string& definitions);

  const Driver& driver_;
  const CUcontext context_;
  const int capability_;
  const bool flush_subnormals_;
  const gpu::Limits limits_;
  const gpu::ProgramCache cache_;
  std::mutex compile_mutex_;  // Of modules_; held while one is compiled.
  std::map<std::string, CUmodule> modules_;
  gpu::FunctionTable<Function> functions_;
};

// 75 for 7.5.
int capability_of(const Driver& driver, CUdevice device);
std::string name_of(const Driver& driver, CUdevice device);
int attribute_of(const Driver& driver, CUdevice device, CUdevice_attribute attribute);

}  // namespace tenon::cuda
