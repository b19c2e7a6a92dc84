// SPDX-License-Identifier: Apache-2.0
//
// Random state: the key and counter of Philox4x32-10, owned here and passed with every launch.
#pragma once

#include <optional>

#include <ATen/core/Generator.h>

namespace tenon::pytorch {

struct Philox {
  uint64_t key;
  uint64_t counter;
};

class TenonGenerator final : public c10::GeneratorImpl {
 public:
  explicit TenonGenerator(c10::DeviceIndex device);
  static c10::DeviceType device_type() { return c10::DeviceType::PrivateUse1; }

  // The state for `words` 32-bit words of randomness, which are then used up. Locks.
  Philox take(uint64_t words);

  void set_current_seed(uint64_t seed) override;
  void set_offset(uint64_t offset) override { counter_ = offset; }
  uint64_t get_offset() const override { return counter_; }
  uint64_t current_seed() const override { return seed_; }
  uint64_t seed() override;
  void set_state(const c10::TensorImpl& state) override;
  c10::intrusive_ptr<c10::TensorImpl> get_state() const override;

 private:
  TenonGenerator* clone_impl() const override;

  uint64_t seed_ = c10::default_rng_seed_val;
  uint64_t counter_ = 0;
};

const at::Generator& default_generator(c10::DeviceIndex index);
at::Generator new_generator(c10::DeviceIndex index);
// The generator given to an op, or the default one of the device.
TenonGenerator& generator_or_default(const std::optional<at::Generator>& given,
                                     c10::DeviceIndex index);

}  // namespace tenon::pytorch
