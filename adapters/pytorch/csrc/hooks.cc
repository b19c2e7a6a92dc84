// SPDX-License-Identifier: Apache-2.0
//
// What torch's generic accelerator code asks of the backend.
#include <ATen/detail/PrivateUse1HooksInterface.h>

#include "allocator.h"
#include "devices.h"
#include "errors.h"
#include "generator.h"

namespace tenon::pytorch {

void resize_storage(c10::StorageImpl* storage, size_t bytes);

namespace {

struct Hooks final : at::PrivateUse1HooksInterface {
  bool isBuilt() const override { return true; }
  bool isAvailable() const override { return pytorch::device_count() > 0; }
  bool hasPrimaryContext(c10::DeviceIndex index) const override { return is_open(index); }
  void init() const override {}

  c10::DeviceIndex deviceCount() const override { return pytorch::device_count(); }
  c10::DeviceIndex getCurrentDevice() const override { return current_device(); }
  void setCurrentDevice(c10::DeviceIndex index) const override { set_current_device(index); }
  c10::DeviceIndex exchangeDevice(c10::DeviceIndex index) const override {
    const auto previous = current_device();
    set_current_device(index);
    return previous;
  }
  c10::DeviceIndex maybeExchangeDevice(c10::DeviceIndex index) const override {
    return index < 0 ? current_device() : exchangeDevice(index);
  }

  const at::Generator& getDefaultGenerator(c10::DeviceIndex index) const override {
    return default_generator(index);
  }
  at::Generator getNewGenerator(c10::DeviceIndex index) const override {
    return new_generator(index);
  }

  bool isPinnedPtr(const void* data) const override { return is_pinned(data); }
  c10::Allocator* getPinnedMemoryAllocator() const override { return pinned_allocator(); }
  c10::Device getDeviceFromPtr(void* data) const override {
    for (c10::DeviceIndex index = 0; index < kMaxDevices; ++index) {
      if (is_open(index) && device(index).owns(data)) return {kTenon, index};
    }
    TORCH_CHECK(false, "The address ", data, " belongs to no tenon device");
  }
  void resizePrivateUse1Bytes(const c10::Storage& storage, size_t bytes) const override {
    resize_storage(storage.unsafeGetStorageImpl(), bytes);
  }
};

// Registered with the library: torch keeps the pointer for good.
const bool registered = [] {
  at::RegisterPrivateUse1HooksInterface(new Hooks);
  return true;
}();

}  // namespace
}  // namespace tenon::pytorch
