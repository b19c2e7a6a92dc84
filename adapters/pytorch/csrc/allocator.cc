// SPDX-License-Identifier: Apache-2.0
#include "allocator.h"

#include <array>
#include <utility>

#include "devices.h"
#include "errors.h"
#include "memory_stats.h"

namespace tenon::pytorch {
namespace {

void release(c10::DeviceIndex index, void* address) noexcept {
  try {
    device(index).deallocate(address);
  } catch (const std::exception& error) {
    TORCH_WARN("tenon: memory could not be freed: ", error.what());
  }
}

// One function a device: the context of a DataPtr is then the address itself and a release needs
// no look-up.
template <size_t... Index>
constexpr auto deleters(std::index_sequence<Index...>) {
  return std::array<c10::DeleterFnPtr, sizeof...(Index)>{
      [](void* address) { release(static_cast<c10::DeviceIndex>(Index), address); }...};
}
constexpr auto kDeleters = deleters(std::make_index_sequence<kMaxDevices>());

void release_anywhere(void* address) {
  for (c10::DeviceIndex index = 0; index < kMaxDevices; ++index) {
    if (is_open(index) && device(index).owns(address)) return release(index, address);
  }
}

struct TenonAllocator final : c10::DeviceAllocator {
  c10::DataPtr allocate(size_t bytes) override { return allocate_on(current_device(), bytes); }
  c10::DeleterFnPtr raw_deleter() const override { return &release_anywhere; }

  void copy_data(void* dst, const void* src, size_t bytes) const override {
    const auto index = current_device();
    translated([&] { device(index).copy(dst, src, bytes, pytorch::current_stream(index)); });
  }

  bool initialized() override { return device_count() > 0; }
  void emptyCache(c10::MempoolId_t = {0, 0}) override {
    for (c10::DeviceIndex index = 0; index < kMaxDevices; ++index) {
      if (is_open(index)) translated([&] { device(index).empty_cache(); });
    }
  }
  void recordStream(const c10::DataPtr& data, c10::Stream stream) override {
    record_use(data, stream);
  }
  DeviceStats getDeviceStats(c10::DeviceIndex index) override { return device_stats(index); }
  void resetAccumulatedStats(c10::DeviceIndex index) override { reset_accumulated_stats(index); }
  void resetPeakStats(c10::DeviceIndex index) override { reset_peak_stats(index); }
  std::pair<size_t, size_t> getMemoryInfo(c10::DeviceIndex index) override {
    return memory_info(index);
  }
};

// Never destroyed: DataPtr outlive static objects.
TenonAllocator* instance() {
  static auto* allocator = new TenonAllocator;
  return allocator;
}

REGISTER_ALLOCATOR(c10::DeviceType::PrivateUse1, instance())

}  // namespace

c10::Allocator* device_allocator() { return instance(); }

c10::DataPtr allocate_on(c10::DeviceIndex index, size_t bytes) {
  const c10::Device where(kTenon, index);
  runtime::ManagedDevice& owner = device(index);
  if (bytes == 0) return {nullptr, nullptr, kDeleters[index], where};
  void* address = translated([&] { return owner.allocate(bytes, current_stream(index)); });
  return {address, address, kDeleters[index], where};
}

void record_use(const c10::DataPtr& data, c10::Stream stream) {
  if (!data.get() || data.device().type() != kTenon) return;
  translated([&] { device(data.device().index()).record_use(data.get(), stream_of(stream)); });
}

}  // namespace tenon::pytorch
