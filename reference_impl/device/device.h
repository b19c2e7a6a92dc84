// SPDX-License-Identifier: Apache-2.0
//
// An open device, and the base of everything made from it.
#pragma once

#include <memory>
#include <mutex>
#include <vector>

#include "reference_impl/device/fork.h"
#include "reference_impl/device/instance.h"
#include "reference_impl/device/memory.h"
#include "reference_impl/device/options.h"
#include "reference_impl/device/reclaimer.h"
#include "reference_impl/device/stream_core.h"
#include "tenon/device/kernel.h"

namespace tenon::device {

class OpenDevice : public tn_handle {
 public:
  // `backend` may be null: memory and work are the host's.
  OpenDevice(Instance& instance, size_t index, const Options& options,
             std::unique_ptr<Backend> backend);
  // Waits for all work and for the workers.
  ~OpenDevice();

  Instance& instance() const { return instance_; }
  size_t index() const { return index_; }  // Among the instance's.
  const tn_device_info& info() const { return info_; }
  const Platform& platform() const { return platform_; }
  const Layouts& layouts() const { return platform_.layouts; }
  Memory& memory() { return memory_; }
  Reclaimer& reclaimer() { return reclaimer_; }
  Backend* backend() const { return backend_.get(); }
  bool late() const { return memory_.mode() != MemoryMode::kUnified; }
  bool forked() const { return generation_ != fork_generation.load(std::memory_order_relaxed); }

  // As Memory's, but waits for memory that is on its way back rather than to fail.
  Block allocate(uint64_t size, uint32_t alignment, bool coherent);
  Block allocate_constant(uint64_t size);

  std::shared_ptr<StreamCore> make_stream();
  // All that may still have work, those of destroyed streams included.
  std::vector<std::shared_ptr<StreamCore>> streams();

  // Copies between layouts, at once and behind no queued work; `src` may be host memory.
  void reorder_now(const View& dst, const View& src);

  // Waits for the work queued so far; the first failure that an open stream keeps.
  tn_status synchronize(tn_error* error);

 private:
  void reap();  // Forgets destroyed streams that have ended. Locked.

  const Platform& platform_;
  const tn_host& host_;
  Instance& instance_;
  const size_t index_;
  const uint32_t generation_;
  const Options options_;
  tn_device_info info_;
  const std::unique_ptr<Backend> backend_;
  const std::unique_ptr<Execution> execution_;
  std::mutex reorder_mutex_;
  Memory memory_;
  Reclaimer reclaimer_;
  std::mutex mutex_;
  std::vector<std::shared_ptr<StreamCore>> streams_;
};

// Handles below the device. The first word is the dispatch pointer, as everywhere.
struct DeviceObject : tn_handle {
  explicit DeviceObject(OpenDevice& owner) : tn_handle{owner.dispatch}, device(&owner) {}
  OpenDevice* device;

  // Whether a handle, of any plugin, belongs to the same device as this one.
  template <class Handle>
  bool shares_device(const Handle* handle) const {
    const auto* other = reinterpret_cast<const tn_handle*>(handle);
    return other->dispatch == dispatch && static_cast<const DeviceObject*>(other)->device == device;
  }
};

}  // namespace tenon::device
