// SPDX-License-Identifier: Apache-2.0
#include "generator.h"

#include <cstring>
#include <mutex>

#include <ATen/Utils.h>
#include <ATen/core/GeneratorForPrivateuseone.h>
#include <ATen/ops/empty.h>

#include "devices.h"

namespace tenon::pytorch {
namespace {

constexpr int64_t kStateBytes = 2 * sizeof(uint64_t);

}  // namespace

TenonGenerator::TenonGenerator(c10::DeviceIndex device)
    : GeneratorImpl(c10::Device(kTenon, device),
                    c10::DispatchKeySet(c10::DispatchKey::PrivateUse1)) {}

Philox TenonGenerator::take(uint64_t words) {
  std::lock_guard lock(mutex_);
  const Philox state{seed_, counter_};
  counter_ += (words + 3) / 4;  // One count is a block of four words.
  return state;
}

void TenonGenerator::set_current_seed(uint64_t seed) {
  seed_ = seed;
  counter_ = 0;
}

uint64_t TenonGenerator::seed() {
  const uint64_t random = c10::detail::getNonDeterministicRandom();
  set_current_seed(random);
  return random;
}

void TenonGenerator::set_state(const c10::TensorImpl& state) {
  at::detail::check_rng_state(state);
  TORCH_CHECK(state.numel() == kStateBytes, "The random state of a tenon device has ", kStateBytes,
              " bytes, not ", state.numel());
  const auto* bytes = static_cast<const uint8_t*>(state.data());
  std::memcpy(&seed_, bytes, sizeof seed_);
  std::memcpy(&counter_, bytes + sizeof seed_, sizeof counter_);
}

c10::intrusive_ptr<c10::TensorImpl> TenonGenerator::get_state() const {
  at::Tensor state = at::empty({kStateBytes}, at::TensorOptions().dtype(at::kByte));
  auto* bytes = static_cast<uint8_t*>(state.mutable_data_ptr());
  std::memcpy(bytes, &seed_, sizeof seed_);
  std::memcpy(bytes + sizeof seed_, &counter_, sizeof counter_);
  return state.getIntrusivePtr();
}

TenonGenerator* TenonGenerator::clone_impl() const {
  auto* copy = new TenonGenerator(device().index());
  copy->seed_ = seed_;
  copy->counter_ = counter_;
  return copy;
}

const at::Generator& default_generator(c10::DeviceIndex index) {
  static auto* generators = [] {
    auto* made = new std::vector<at::Generator>;
    for (c10::DeviceIndex i = 0; i < kMaxDevices; ++i) made->push_back(new_generator(i));
    return made;
  }();
  index = index_or_current(index);
  TORCH_CHECK(index < kMaxDevices, "tenon:", static_cast<int>(index), " has no generator");
  return (*generators)[static_cast<size_t>(index)];
}

at::Generator new_generator(c10::DeviceIndex index) {
  return at::make_generator<TenonGenerator>(index_or_current(index));
}

TenonGenerator& generator_or_default(const std::optional<at::Generator>& given,
                                     c10::DeviceIndex index) {
  const at::Generator& chosen = given && given->defined() ? *given : default_generator(index);
  TORCH_CHECK(chosen.device().type() == kTenon, "Expected a 'tenon' generator, but found one of '",
              chosen.device(), "'");
  return *static_cast<TenonGenerator*>(chosen.unsafeGetGeneratorImpl());
}

}  // namespace tenon::pytorch
