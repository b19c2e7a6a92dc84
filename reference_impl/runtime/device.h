// SPDX-License-Identifier: Apache-2.0
//
// A device as an adapter sees it: addresses instead of buffers, a caching pool, kernels on demand.
//
//   framework tensor --address--> AddressMap --(buffer, offset)--> kernel from KernelCache -->
//   launch
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "runtime/fallback_policy.h"
#include "runtime/operation.h"
#include "runtime/static_kernel.h"
#include "tenon/tenon.h"
#include "tenon/tenon.hpp"

namespace tenon::runtime {

class ManagedDevice;

// Work in order. Created by ManagedDevice::create_stream; freed by its owner when no allocation of
// the pool names it any more.
class Stream {
 public:
  virtual ~Stream() = default;
  virtual tn_stream* handle() const = 0;
  virtual ManagedDevice& device() const = 0;

  // Waits for the queued work. Throws the stream's failure and resets it, so that it is reported
  // once.
  virtual void synchronize() = 0;
  // True when all queued work has finished. Throws as synchronize does.
  virtual bool query() = 0;
};

// An event, made by ManagedDevice::create_event.
class Event {
 public:
  virtual ~Event() = default;
  virtual tn_event* handle() const = 0;
  virtual void record(Stream& stream) = 0;
  virtual void block(Stream& stream) = 0;  // The stream's next work waits for the latest record.
  virtual bool query() = 0;
  virtual void synchronize() = 0;
  virtual double elapsed_ms(const Event& end) const = 0;  // From this one to `end`; both timed.
};

// Where a call of ManagedDevice::run did its work.
enum class Ran : uint8_t {
  kDevice,   // On the device, by its own kernel or as other operators; or there was nothing to do.
  kFallback  // On the reference device, all of it or a part.
};

struct Location {
  tn_buffer* buffer;
  uint64_t offset;
};

// Of each quantity: now, the most since the start or reset_peak_statistics, and all that ever came.
struct PoolStatistics {
  uint64_t allocated_bytes;  // In live allocations.
  uint64_t peak_allocated_bytes;
  uint64_t reserved_bytes;      // In buffers of the device.
  uint64_t allocations;         // Ever made.
  uint64_t device_allocations;  // Of those, calls of tn_buffer_create.
  uint64_t total_allocated_bytes;
  uint64_t live_allocations;
  uint64_t peak_live_allocations;
  uint64_t peak_reserved_bytes;
  uint64_t total_reserved_bytes;
  uint64_t buffers;  // Of the device, live; device_allocations counts those that ever were.
  uint64_t peak_buffers;
  uint64_t retries;        // Allocations that gave cached memory back and asked the device again.
  uint64_t out_of_memory;  // Allocations refused.
};

struct KernelCacheStatistics {
  uint64_t hits;
  uint64_t misses;
  uint64_t creates;  // Kernels made; concurrent misses of one key make one.
  uint64_t evictions;
  uint64_t size;
  uint64_t capacity;
};

// Where the launches of one operator went.
struct OperatorCount {
  std::string name;     // "Add", "tenon.AdamW".
  uint64_t device;      // Launched by the device itself.
  uint64_t decomposed;  // Calls that ran as other operators (which are counted on their own).
  uint64_t fallback;    // Run on the reference CPU device.
  uint64_t copies;      // Temporaries made for overlapping or non-dense arguments.
};

// All functions may be called from any thread; those on one stream are serialised by the caller.
// All throw tenon::Error.
class ManagedDevice {
 public:
  virtual ~ManagedDevice() = default;

  virtual tn_device* handle() const = 0;
  virtual const tn_device_info& info() const = 0;
  // "cpu", "cpu?memory=discrete", "acme.npu:1": what the device was opened as.
  virtual const std::string& spec() const = 0;
  // True when the host may touch addresses of this device once the work on them has finished.
  virtual bool coherent() const = 0;

  virtual Stream& default_stream() = 0;
  virtual std::unique_ptr<Stream> create_stream(int32_t priority = 0) = 0;
  virtual std::unique_ptr<Event> create_event(bool timing = false) = 0;
  // Waits for all streams; throws the first failure.
  virtual void synchronize() = 0;

  // -- Memory --

  // `bytes` of device memory for use on `stream`. The address is unique in the process, aligned to
  // 64 bytes at least and valid for arithmetic; the host may touch it only when coherent(). Null
  // for 0.
  virtual void* allocate(size_t bytes, Stream& stream) = 0;
  // Legal while work that uses it is queued: the memory is reused in the stream's order, and on
  // other streams (see record_use) only after their work.
  virtual void deallocate(void* address) = 0;
  // The allocation is used on another stream than the one it was made for.
  virtual void record_use(void* address, Stream& stream) = 0;
  // Host memory that copies fast.
  virtual void* allocate_pinned(size_t bytes) = 0;
  virtual void deallocate_pinned(void* pointer) = 0;
  // Makes host memory usable as arguments and copies of this device without copying it, until
  // `forget_host`, which waits until no queued work uses it.
  virtual void adopt_host(void* pointer, size_t bytes) = 0;
  virtual void forget_host(void* pointer) = 0;
  // The buffer behind an address. Lock-free. Throws TN_OUT_OF_RANGE for one that is not ours.
  virtual Location resolve(const void* address) const = 0;
  virtual bool owns(const void* address) const = 0;
  // Gives cached memory back to the device, and what the device keeps of it back to the system.
  virtual void empty_cache() = 0;
  virtual PoolStatistics pool_statistics() const = 0;
  // Bytes that allocate can still ask of the device; UINT64_MAX when the device does not say how
  // much memory it has. A part of the memory (1/16, at most 256 MiB) is not in it: it is kept for
  // workspaces and temporaries, which need memory also when a framework has filled all it may.
  virtual uint64_t available_memory() const = 0;
  // The peaks count from here.
  virtual void reset_peak_statistics() = 0;

  // -- Copies: queued on `stream`; host ranges are borrowed until it has reached them --

  virtual void copy_to_device(void* dst, const void* src, size_t bytes, Stream& stream) = 0;
  virtual void copy_to_host(void* dst, const void* src, size_t bytes, Stream& stream) = 0;
  virtual void copy(void* dst, const void* src, size_t bytes, Stream& stream) = 0;
  virtual void fill(void* dst, size_t bytes, const void* pattern, size_t pattern_size,
                    Stream& stream) = 0;
  // Lets the host touch a range until unmap; waits for the stream first. For coherent devices the
  // address itself.
  virtual void* map(void* address, size_t bytes, tn_access access, Stream& stream) = 0;
  virtual void unmap(void* pointer) = 0;

  // -- Compute --

  // Runs an operator. Argument positions are those of spec/ops. An output may be the same view as
  // an input (in place); other overlaps are made right with a temporary. `output_dims`: where the
  // data decides how much of an output is used (NonZero), as in tn_launch; written by the time the
  // stream has been waited for.
  virtual Ran run(const Operation& operation, std::span<const Argument> inputs,
                  std::span<const Argument> outputs, Stream& stream,
                  int64_t* const* output_dims = nullptr) = 0;
  // Whether run() would launch on the device, without decomposition or fallback.
  virtual bool supports(const Operation& operation, std::span<const Argument> inputs,
                        std::span<const Argument> outputs) = 0;

  // -- Kernels for known arguments (static_kernel.h), for hosts that prepare a whole model --

  // The layouts that the device's own kernel for these arguments wants; nothing when it has none (a
  // caller then uses run()). Throws what the operator forbids.
  virtual std::optional<ChosenLayouts> choose_layouts(const Operation& operation,
                                                      std::span<const StaticArgument> inputs,
                                                      std::span<const StaticArgument> outputs) = 0;
  // That kernel; empty when the device has none.
  virtual Kernel create_kernel(const Operation& operation, std::span<const StaticArgument> inputs,
                               std::span<const StaticArgument> outputs) = 0;
  // Queues one run of it, and counts it for `operation`.
  virtual void launch(const Operation& operation, tn_kernel* kernel, const tn_launch& launch,
                      Stream& stream) = 0;
  virtual void reorder(const tn_tensor& dst, const tn_tensor& src, Stream& stream) = 0;

  virtual FallbackPolicy fallback_policy() const = 0;
  virtual void set_fallback_policy(FallbackPolicy policy) = 0;
  virtual KernelCacheStatistics kernel_statistics() const = 0;
  virtual std::vector<OperatorCount> operator_counts() const = 0;  // Those not all zero.
  virtual void reset_operator_counts() = 0;
};

}  // namespace tenon::runtime
