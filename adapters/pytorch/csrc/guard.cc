// SPDX-License-Identifier: Apache-2.0
//
// What c10's device and stream guards, torch.Stream and torch.Event do on tenon devices.
#include <memory>

#include <c10/core/DeviceCapability.h>
#include <c10/core/impl/DeviceGuardImplInterface.h>

#include "allocator.h"
#include "devices.h"
#include "errors.h"
#include "tensors.h"

namespace tenon::pytorch {
namespace {

// What torch's void* points to.
struct DeviceEvent {
  std::unique_ptr<runtime::Event> event;
  const runtime::ManagedDevice* owner;
};

runtime::Event* as_event(void* event) { return static_cast<DeviceEvent*>(event)->event.get(); }

struct GuardImpl final : c10::impl::DeviceGuardImplInterface {
  c10::DeviceType type() const override { return kTenon; }

  c10::Device exchangeDevice(c10::Device target) const override {
    const c10::Device previous = getDevice();
    setDevice(target);
    return previous;
  }
  c10::Device getDevice() const override { return {kTenon, current_device()}; }
  void setDevice(c10::Device target) const override {
    if (target.index() >= 0 && target.index() != current_device())
      set_current_device(target.index());
  }
  void uncheckedSetDevice(c10::Device target) const noexcept override {
    if (target.index() >= 0 && target.index() < kMaxDevices)
      detail::thread_state.device = target.index();
  }
  c10::DeviceIndex deviceCount() const noexcept override { return device_count(); }
  // Types that devices know by name; others are moved, and computed by the fallback.
  c10::DeviceCapability getDeviceCapability(c10::Device) const override {
    c10::DeviceCapability capability;
    uint64_t& bits = capability.capability_data.capability_bits;
    bits = 0;
#define TENON_TYPE(_, name) \
  if (to_tenon(c10::ScalarType::name) != TN_DTYPE_UNDEFINED) bits |= 1ULL << c10::kIndex_##name;
    AT_FORALL_SCALAR_TYPES_WITH_COMPLEX_AND_QINTS(TENON_TYPE)
#undef TENON_TYPE
    return capability;
  }

  c10::Stream getStream(c10::Device target) const override {
    return current_stream_id(index_or_current(target.index()));
  }
  c10::Stream getDefaultStream(c10::Device target) const override {
    return c10::Stream(c10::Stream::DEFAULT, {kTenon, index_or_current(target.index())});
  }
  c10::Stream getStreamFromGlobalPool(c10::Device target, bool high_priority) const override {
    return stream_from_pool(index_or_current(target.index()), high_priority);
  }
  // As with CUDA a lower number is a higher priority.
  c10::Stream getNewStream(c10::Device target, int priority) const override {
    return stream_from_pool(index_or_current(target.index()), priority < 0);
  }
  c10::Stream exchangeStream(c10::Stream stream) const override { return exchange_stream(stream); }
  void* getStreamNativeHandle(const c10::Stream stream) const override {
    return stream_of(stream).handle();
  }
  bool queryStream(const c10::Stream& stream) const override {
    return translated([&] { return stream_of(stream).query(); });
  }
  void synchronizeStream(const c10::Stream& stream) const override {
    translated([&] { stream_of(stream).synchronize(); });
  }
  void synchronizeDevice(const c10::DeviceIndex index) const override {
    translated([&] { device(index_or_current(index)).synchronize(); });
  }

  void destroyEvent(void* event, const c10::DeviceIndex) const noexcept override {
    delete static_cast<DeviceEvent*>(event);
  }
  void record(void** event, const c10::Stream& stream, const c10::DeviceIndex,
              const c10::EventFlag flag) const override {
    translated([&] {
      runtime::Stream& target = stream_of(stream);
      if (*event == nullptr) {
        runtime::ManagedDevice& owner = target.device();
        *event =
            new DeviceEvent{owner.create_event(flag == c10::EventFlag::BACKEND_DEFAULT), &owner};
      }
      as_event(*event)->record(target);
    });
  }
  void block(void* event, const c10::Stream& stream) const override {
    if (!event) return;
    translated([&] {
      runtime::Stream& target = stream_of(stream);
      // Devices of two plugins share no events: the host waits where a stream cannot.
      if (static_cast<DeviceEvent*>(event)->owner == &target.device())
        as_event(event)->block(target);
      else
        as_event(event)->synchronize();
    });
  }
  bool queryEvent(void* event) const override {
    return !event || translated([&] { return as_event(event)->query(); });
  }
  void synchronizeEvent(void* event) const override {
    if (event) translated([&] { as_event(event)->synchronize(); });
  }
  double elapsedTime(void* start, void* end, const c10::DeviceIndex) const override {
    TORCH_CHECK(start && end, "Both events must be recorded before their distance is asked for");
    return translated([&] { return as_event(start)->elapsed_ms(*as_event(end)); });
  }
  void recordDataPtrOnStream(const c10::DataPtr& data, const c10::Stream& stream) const override {
    record_use(data, stream);
  }
};

C10_REGISTER_GUARD_IMPL(PrivateUse1, GuardImpl)

}  // namespace
}  // namespace tenon::pytorch
