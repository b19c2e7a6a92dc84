// SPDX-License-Identifier: Apache-2.0
//
// Ops that the tables do not have run on torch's CPU kernels: counted, warned of, or forbidden.
#pragma once

#include <map>
#include <string>

#include <ATen/core/boxing/KernelFunction.h>
#include <ATen/core/dispatch/Dispatcher.h>
#include <ATen/core/stack.h>

#include "call.h"

namespace tenon::pytorch {

// Runs `op` on the CPU in the device's place. `reason`: why the device does not, in its own words,
// or empty. Tensors of the device stay what they are: views of them come back as views.
void fall_back(const c10::OperatorHandle& op, torch::jit::Stack* stack, const std::string& reason);
void boxed_fallback(const c10::OperatorHandle& op, c10::DispatchKeySet, torch::jit::Stack* stack);

struct FallbackCount {
  uint64_t calls = 0;
  double seconds = 0;
};
// By "aten::op.overload".
std::map<std::string, FallbackCount> fallback_counts();
void reset_fallback_counts();

// TENON_FALLBACK, or what was set last; holds for the runtimes of all open devices too.
runtime::FallbackPolicy fallback_policy();
void set_fallback_policy(runtime::FallbackPolicy policy);

// Calls the fallback from a kernel that cannot serve these arguments (complex numbers, ...):
//   return Fallback<"aten::add.Tensor", Tensor(const Tensor&, const Tensor&, const Scalar&)>
//       ::call(...);
template <FixedString Name, class Signature>
struct Fallback;

template <FixedString Name, class Result, class... Parameters>
struct Fallback<Name, Result(Parameters...)> {
  static Result call(Parameters... arguments) {
    return through(c10::BoxedKernel::makeFromFunction<&boxed_fallback>(), arguments...);
  }
  static Result call_because(const std::string& reason, Parameters... arguments) {
    return through(c10::BoxedKernel::makeFromFunctor(std::make_unique<Reasoned>(reason)),
                   arguments...);
  }

 private:
  struct Reasoned final : c10::OperatorKernel {
    explicit Reasoned(std::string text) : reason(std::move(text)) {}
    void operator()(const c10::OperatorHandle& op, c10::DispatchKeySet, torch::jit::Stack* stack) {
      fall_back(op, stack, reason);
    }
    std::string reason;
  };

  static Result through(const c10::BoxedKernel& kernel, Parameters... arguments) {
    static const c10::OperatorHandle op = [] {
      const std::string name(Name.view());
      const auto dot = name.find('.');
      return c10::Dispatcher::singleton().findSchemaOrThrow(
          name.substr(0, dot).c_str(),
          dot == std::string::npos ? "" : name.substr(dot + 1).c_str());
    }();
    return c10::impl::BoxedKernelWrapper<Result(Parameters...)>::call(
        kernel, op, c10::DispatchKeySet(), arguments...);
  }
};

}  // namespace tenon::pytorch
