// SPDX-License-Identifier: Apache-2.0
//
// The runtime's device. Its parts, a file each:
//
//   device_impl.cc  memory, copies, streams      run.cc        the way of a call to a kernel
//   decompose.cc    operators made of others     fallback.cc   the reference device in its place
//   decompose_steps.cc  `steps` of fused operators
//   static_kernel.cc  kernels for known arguments
#pragma once

#include <atomic>
#include <functional>
#include <future>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "runtime/address_map.h"
#include "runtime/counters.h"
#include "runtime/device.h"
#include "runtime/kernel_cache.h"
#include "runtime/kernel_maker.h"
#include "runtime/pool.h"
#include "runtime/registry.h"
#include "runtime/stream_impl.h"

namespace tenon::runtime {

class DeviceImpl final : public ManagedDevice {
 public:
  // `kernel_flags`: see Context::create. `reference` gives the device that runs what this one
  // lacks: *this on the reference device, which has no fallback.
  DeviceImpl(std::string spec, tenon::Device device, uint32_t kernel_flags,
             std::function<ManagedDevice&()> reference);
  ~DeviceImpl() override;

  tn_device* handle() const override { return device_.get(); }
  const tn_device_info& info() const override { return info_; }
  const std::string& spec() const override { return spec_; }
  bool coherent() const override { return (info_.flags & TN_DEVICE_COHERENT) != 0; }

  Stream& default_stream() override { return *default_stream_; }
  std::unique_ptr<Stream> create_stream(int32_t priority) override;
  std::unique_ptr<Event> create_event(bool timing) override;
  void synchronize() override;
  void forget_stream(StreamImpl& stream);

  void* allocate(size_t bytes, Stream& stream) override {
    return pool_.allocate(bytes, static_cast<StreamImpl&>(stream));
  }
  // For the length of a call: may take what tensors have to leave (Use::kScratch).
  void* allocate_scratch(size_t bytes, StreamImpl& stream) {
    return pool_.allocate(bytes, stream, Use::kScratch);
  }
  void deallocate(void* address) override { pool_.deallocate(address); }
  void record_use(void* address, Stream& stream) override {
    pool_.record_use(address, static_cast<StreamImpl&>(stream));
  }
  void* allocate_pinned(size_t bytes) override;
  void deallocate_pinned(void* pointer) override;
  void adopt_host(void* pointer, size_t bytes) override;
  void forget_host(void* pointer) override;
  Location resolve(const void* address) const override;
  bool owns(const void* address) const override { return map_.find(address).buffer != nullptr; }
  void empty_cache() override {
    pool_.empty_cache();
    device_.trim();
  }
  PoolStatistics pool_statistics() const override { return pool_.statistics(); }
  uint64_t available_memory() const override { return pool_.available(); }
  void reset_peak_statistics() override { pool_.reset_peaks(); }

  void copy_to_device(void* dst, const void* src, size_t bytes, Stream& stream) override;
  void copy_to_host(void* dst, const void* src, size_t bytes, Stream& stream) override;
  void copy(void* dst, const void* src, size_t bytes, Stream& stream) override;
  void fill(void* dst, size_t bytes, const void* pattern, size_t pattern_size,
            Stream& stream) override;
  void* map(void* address, size_t bytes, tn_access access, Stream& stream) override;
  void unmap(void* pointer) override;

  Ran run(const Operation& operation, std::span<const Argument> inputs,
          std::span<const Argument> outputs, Stream& stream, int64_t* const* output_dims) override;
  bool supports(const Operation& operation, std::span<const Argument> inputs,
                std::span<const Argument> outputs) override;

  std::optional<ChosenLayouts> choose_layouts(const Operation& operation,
                                              std::span<const StaticArgument> inputs,
                                              std::span<const StaticArgument> outputs) override;
  Kernel create_kernel(const Operation& operation, std::span<const StaticArgument> inputs,
                       std::span<const StaticArgument> outputs) override;
  void launch(const Operation& operation, tn_kernel* kernel, const tn_launch& launch,
              Stream& stream) override;
  void reorder(const tn_tensor& dst, const tn_tensor& src, Stream& stream) override;

  FallbackPolicy fallback_policy() const override { return policy_.load(); }
  void set_fallback_policy(FallbackPolicy policy) override { policy_.store(policy); }
  KernelCacheStatistics kernel_statistics() const override { return kernels_.statistics(); }
  std::vector<OperatorCount> operator_counts() const override { return counters_.list(); }
  void reset_operator_counts() override { counters_.reset(); }

  // For the benchmark, which takes a call apart.
  const AddressMap& address_map() const { return map_; }
  const KernelCache& kernel_cache() const { return kernels_; }

 private:
  // Host memory that the device uses: adopted or pinned.
  struct HostRange {
    size_t bytes;
    tn_buffer* buffer;
    std::shared_ptr<std::promise<void>> released;  // Adopted memory alone.
    int users;
  };
  // A kernel for a call, or why there is none.
  struct Choice {
    KernelCache::Pin pin;
    Profile profile;
    std::string reason;
  };

  // -- run.cc --
  Ran run_slow(const Operation& operation, std::span<const Argument> inputs,
               std::span<const Argument> outputs, StreamImpl& stream, int64_t* const* output_dims);
  Choice choose(const Operation& operation, const PreparedCall& call);
  void launch(const Operation& operation, const KernelOutcome& made, PreparedCall& call,
              StreamImpl& stream, int64_t* const* output_dims);

  // -- decompose.cc --
  // Steps that run one after another, and whether one of them fell back.
  struct Progress {
    StreamImpl& stream;
    Ran ran = Ran::kDevice;
  };
  // Runs the operator as others, or with `progress` null only says whether that would work.
  bool chain(const Operation& operation, std::span<const Argument> inputs, const Argument& output,
             Progress* progress);
  bool scaled_product(std::span<const Argument> inputs, const Argument& output, Progress* progress);
  bool decompose(const Operation& operation, std::span<const Argument> inputs,
                 std::span<const Argument> outputs, Progress* progress);
  bool run_steps(const Operation& operation, const Argument& value,
                 std::span<const Argument> operands, const Argument& output, Progress* progress);
  bool step(const Operation& operation, std::span<const Argument> inputs, const Argument& output,
            Progress* progress);
  // On the device, by itself or as others.
  bool runs_here(const Operation& operation, std::span<const Argument> inputs,
                 std::span<const Argument> outputs);

  // -- fallback.cc --
  void fall_back(const Operation& operation, std::span<const Argument> inputs,
                 std::span<const Argument> outputs, StreamImpl& stream, int64_t* const* output_dims,
                 const std::string& reason);

  // The reference device's part of fall_back, with the arguments where they are (false if they
  // cannot be used there) or copied.
  bool run_adopted(ManagedDevice& reference, const Operation& operation,
                   std::span<const Argument> inputs, std::span<const Argument> outputs,
                   int64_t* const* output_dims);
  void run_copied(ManagedDevice& reference, const Operation& operation,
                  std::span<const Argument> inputs, std::span<const Argument> outputs,
                  StreamImpl& stream, int64_t* const* output_dims);

  bool is_host_range(const void* pointer) const;

  const std::string spec_;
  tenon::Device device_;
  tn_device_info info_;
  const std::function<ManagedDevice&()> reference_;
  std::atomic<FallbackPolicy> policy_;
  AddressMap map_;
  Pool pool_;
  const KernelMaker maker_;
  KernelCache kernels_;
  OperatorCounters counters_;

  // One fallback at a time, and held while it runs: two at once might adopt the same memory, and
  // the first to finish would take it from the other.
  std::mutex fallback_mutex_;
  std::unique_ptr<Stream> fallback_stream_;  // Of the reference device.

  std::mutex adopt_mutex_;  // One adoption at a time, so that none imports what another just did.

  mutable std::mutex mutex_;
  std::vector<StreamImpl*> streams_;
  std::map<uint64_t, HostRange> host_ranges_;
  std::unordered_map<void*, tn_buffer*> mappings_;
  std::unique_ptr<StreamImpl> default_stream_;  // Last: it tells the others that it goes.
};

// Throws what a plugin answered for this operator.
[[noreturn]] void throw_failure(const Operation& operation, tn_status status,
                                const tn_error& error);

}  // namespace tenon::runtime
