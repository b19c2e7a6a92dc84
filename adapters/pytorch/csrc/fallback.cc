// SPDX-License-Identifier: Apache-2.0
#include "fallback.h"

#include <chrono>
#include <cstdlib>
#include <mutex>
#include <set>

#include <ATen/core/ivalue.h>
#include <ATen/ops/_copy_from.h>
#include <ATen/ops/empty.h>
#include <torch/library.h>

#include "copies.h"

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

runtime::FallbackPolicy policy_of_environment() {
  const char* text = std::getenv("TENON_FALLBACK");
  const std::string_view value = text ? text : "warn";
  if (value == "allow") return runtime::FallbackPolicy::kAllow;
  if (value == "error") return runtime::FallbackPolicy::kError;
  return runtime::FallbackPolicy::kWarn;
}
std::atomic<runtime::FallbackPolicy>& policy() {
  static std::atomic<runtime::FallbackPolicy> value = policy_of_environment();
  return value;
}

void admit(const std::string& name) {
  switch (policy().load()) {
    case runtime::FallbackPolicy::kAllow:
      return;
    case runtime::FallbackPolicy::kError:
      TORCH_CHECK(false, name,
                  " is not available on tenon devices for these arguments, and "
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
    TORCH_WARN(name,
               " runs on the CPU, because tenon devices do not have it for these arguments. "
               "TENON_FALLBACK=allow silences this, TENON_FALLBACK=error makes it an error; "
               "torch_tenon.fallback_counts() counts it.");
  }
}

// One call's tensors, on the device and on the CPU.
class Crossing {
 public:
  Tensor to_host(const Tensor& tensor) {
    if (!tensor.defined() || !on_tenon(tensor)) return tensor;
    if (device_.type() == c10::DeviceType::CPU) device_ = tensor.device();
    for (const auto& pair : pairs_) {
      if (pair.device.is_same(tensor)) return pair.host;
    }
    Tensor host = host_alias(tensor);
    const bool alias = host.defined();
    if (!alias) host = host_copy(tensor);
    pairs_.push_back({tensor, host, alias});
    return host;
  }

  // What a result of the CPU kernel is on the device.
  Tensor to_device(const Tensor& tensor) {
    if (!tensor.defined() || !tensor.device().is_cpu() || device_.type() == c10::DeviceType::CPU)
      return tensor;
    for (const auto& pair : pairs_) {
      if (pair.host.is_same(tensor)) return pair.device;
    }
    Tensor made = make_strided(tensor.sizes(), tensor.strides(), tensor.scalar_type(), device_);
    copy_from_host(made, tensor, /*non_blocking=*/false);
    return made;
  }

  // Carries what the CPU kernel wrote into an argument back.
  void write_back(const Tensor& tensor) {
    for (const auto& pair : pairs_) {
      if (!pair.device.is_same(tensor)) continue;
      const bool resized = pair.host.sizes() != pair.device.sizes();
      if (resized) pair.device.resize_(pair.host.sizes());
      const bool in_place =
          pair.alias && !resized && pair.host.const_data_ptr() == pair.device.const_data_ptr();
      if (!in_place) copy_from_host(pair.device, pair.host, /*non_blocking=*/false);
    }
  }

  void device_of(c10::Device* device) {
    if (device->type() == kTenon) {
      if (device_.type() == c10::DeviceType::CPU)
        device_ = c10::Device(kTenon, index_or_current(device->index()));
      *device = c10::Device(c10::DeviceType::CPU);
    }
  }

 private:
  struct Pair {
    Tensor device;
    Tensor host;
    bool alias;
  };
  c10::Device device_{c10::DeviceType::CPU};
  std::vector<Pair> pairs_;
};

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

}  // namespace

void boxed_fallback(const c10::OperatorHandle& op, c10::DispatchKeySet, torch::jit::Stack* stack) {
  const auto& schema = op.schema();
  const std::string name = c10::toString(op.operator_name());
  admit(name);
  const auto start = std::chrono::steady_clock::now();

  const auto& parameters = schema.arguments();
  const size_t base = stack->size() - parameters.size();
  std::vector<c10::IValue> arguments(stack->begin() + static_cast<std::ptrdiff_t>(base),
                                     stack->end());
  Crossing crossing;
  for (size_t i = 0; i < parameters.size(); ++i) {
    c10::IValue& slot = (*stack)[base + i];
    if (slot.isDevice()) {
      c10::Device device = slot.toDevice();
      crossing.device_of(&device);
      slot = device;
    } else {
      slot = converted(slot, [&](const Tensor& tensor) { return crossing.to_host(tensor); });
    }
  }
  op.redispatchBoxed(c10::DispatchKeySet(c10::DispatchKey::CPU), stack);

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
    slot = converted(slot, [&](const Tensor& tensor) { return crossing.to_device(tensor); });
  }

  const std::chrono::duration<double> spent = std::chrono::steady_clock::now() - start;
  std::lock_guard lock(state().mutex);
  auto& count = state().counts[name];
  ++count.calls;
  count.seconds += spent.count();
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

TORCH_LIBRARY_IMPL(_, PrivateUse1, m) {
  m.fallback(torch::CppFunction::makeFromBoxedFunction<&boxed_fallback>());
}

}  // namespace tenon::pytorch
