// SPDX-License-Identifier: Apache-2.0
#include "fallback.h"

#include <chrono>
#include <mutex>
#include <set>

#include <ATen/core/ivalue.h>
#include <ATen/ops/_copy_from.h>
#include <ATen/ops/empty.h>
#include <torch/library.h>

#include "crossing.h"
#include "errors.h"
#include "one_device.h"

namespace tenon::pytorch {
namespace {

struct State {
  std::mutex mutex;
  std::map<std::string, FallbackCount> counts;
  std::set<std::string> warned;
};
State& state() {
  static auto* made = new State;
  return *made;
}

std::atomic<runtime::FallbackPolicy>& policy() {
  static std::atomic<runtime::FallbackPolicy> value =
      translated([] { return runtime::fallback_policy_of_environment(); });
  return value;
}

std::string because(const std::string& reason) { return reason.empty() ? "" : " (" + reason + ")"; }

// `reason`: what the device said, or empty.
void admit(const std::string& name, const std::string& reason) {
  switch (policy().load()) {
    case runtime::FallbackPolicy::kAllow:
      return;
    case runtime::FallbackPolicy::kError:
      TORCH_CHECK(false, name, " is not available on tenon devices for these arguments",
                  because(reason),
                  ", and "
                  "TENON_FALLBACK=error forbids to run it on the CPU. Set TENON_FALLBACK=allow (or "
                  "torch_tenon.set_fallback_policy(\"allow\")), or move the tensors with .cpu() "
                  "before this op.");
    case runtime::FallbackPolicy::kWarn:
      break;
  }
  bool first;
  {
    std::lock_guard lock(state().mutex);
    first = state().warned.insert(name).second;
  }
  if (first) {
    TORCH_WARN(name, " runs on the CPU, because tenon devices do not have it for these arguments",
               because(reason),
               ". "
               "TENON_FALLBACK=allow silences this, TENON_FALLBACK=error makes it an error; "
               "torch_tenon.fallback_counts() counts it.");
  }
}

// Applies `convert` to every tensor in an argument, lists included.
template <class Convert>
c10::IValue converted(const c10::IValue& value, Convert&& convert) {
  if (value.isTensor()) return convert(value.toTensor());
  if (value.isTensorList()) {
    c10::List<Tensor> list;
    for (const Tensor& tensor : value.toTensorVector()) list.push_back(convert(tensor));
    return list;
  }
  if (value.isOptionalTensorList()) {
    c10::List<std::optional<Tensor>> list;
    for (const std::optional<Tensor>& tensor : value.toOptionalTensorVector())
      list.push_back(tensor ? std::optional<Tensor>(convert(*tensor)) : std::nullopt);
    return list;
  }
  return value;
}

// Tensors of the host beside those of a device: torch takes them without dims, as indices, and
// where lengths are meant for the host.
bool takes_host_tensors(const std::string& name) {
  for (const char* known : {"aten::index", "aten::_index_put", "aten::_unsafe_index",
                            "aten::_pack_padded_sequence", "aten::_nested", "aten::bernoulli"}) {
    if (name.starts_with(known)) return true;
  }
  return false;
}
void check_one_device(const c10::OperatorHandle& op, const std::vector<c10::IValue>& arguments) {
  if (takes_host_tensors(op.operator_name().name)) return;
  OneDevice devices;
  for (const c10::IValue& argument : arguments) {
    converted(argument, [&](const Tensor& tensor) {
      devices.see(tensor);
      return tensor;
    });
  }
  devices.check();
}

bool any_nested(const std::vector<c10::IValue>& arguments) {
  bool found = false;
  for (const c10::IValue& argument : arguments) {
    converted(argument, [&](const Tensor& tensor) {
      found |= tensor.defined() && tensor.is_nested();
      return tensor;
    });
  }
  return found;
}

}  // namespace

void fall_back(const c10::OperatorHandle& op, torch::jit::Stack* stack, const std::string& reason) {
  const auto& schema = op.schema();
  const std::string name = c10::toString(op.operator_name());
  const auto& parameters = schema.arguments();
  const size_t base = stack->size() - parameters.size();
  std::vector<c10::IValue> arguments(stack->begin() + static_cast<std::ptrdiff_t>(base),
                                     stack->end());
  check_one_device(op, arguments);
  const c10::DispatchKey key =
      any_nested(arguments) ? c10::DispatchKey::NestedTensorCPU : c10::DispatchKey::CPU;
  TORCH_CHECK_NOT_IMPLEMENTED(op.hasComputedKernelForDispatchKey(key), name,
                              " has neither a kernel for tenon devices with these arguments",
                              because(reason), " nor one for the CPU.");
  admit(name, reason);
  const auto start = std::chrono::steady_clock::now();

  Crossing crossing;
  for (size_t i = 0; i < parameters.size(); ++i) {
    c10::IValue& slot = (*stack)[base + i];
    if (slot.isDevice())
      slot = crossing.to_host(slot.toDevice());
    else if (slot.isGenerator())
      slot = crossing.to_host(slot.toGenerator());
    else
      slot = converted(slot, [&](const Tensor& tensor) { return crossing.to_host(tensor); });
  }
  op.redispatchBoxed(c10::DispatchKeySet(key), stack);

  for (size_t i = 0; i < parameters.size(); ++i) {
    const auto* alias = parameters[i].alias_info();
    if (!alias || !alias->isWrite()) continue;
    converted(arguments[i], [&](const Tensor& tensor) {
      crossing.write_back(tensor);
      return tensor;
    });
  }
  const size_t results = schema.returns().size();
  for (size_t i = stack->size() - results; i < stack->size(); ++i) {
    c10::IValue& slot = (*stack)[i];
    slot = converted(slot, [&](const Tensor& tensor) { return crossing.to_device(tensor, name); });
  }

  const std::chrono::duration<double> spent = std::chrono::steady_clock::now() - start;
  std::lock_guard lock(state().mutex);
  auto& count = state().counts[name];
  ++count.calls;
  count.seconds += spent.count();
}

void boxed_fallback(const c10::OperatorHandle& op, c10::DispatchKeySet, torch::jit::Stack* stack) {
  fall_back(op, stack, {});
}

std::map<std::string, FallbackCount> fallback_counts() {
  std::lock_guard lock(state().mutex);
  return state().counts;
}

void reset_fallback_counts() {
  std::lock_guard lock(state().mutex);
  state().counts.clear();
}

runtime::FallbackPolicy fallback_policy() { return policy().load(); }

void set_fallback_policy(runtime::FallbackPolicy value) {
  policy().store(value);
  for (c10::DeviceIndex index = 0; index < kMaxDevices; ++index) {
    if (is_open(index)) device(index).set_fallback_policy(value);
  }
}

// torch composes this one, and refuses devices that it does not know by name.
TORCH_LIBRARY_IMPL(aten, PrivateUse1, m) {
  m.impl("mode.values", torch::CppFunction::makeFromBoxedFunction<&boxed_fallback>());
}

TORCH_LIBRARY_IMPL(_, PrivateUse1, m) {
  m.fallback(torch::CppFunction::makeFromBoxedFunction<&boxed_fallback>());
}

}  // namespace tenon::pytorch
