// SPDX-License-Identifier: Apache-2.0
//
// The accelerator: memory that the host cannot see, and where work is done. The core runs the work
// of each stream on a thread of the stream, which may take its time: put your driver's calls there.
#pragma once

#include <cstdlib>
#include <cstring>
#include <map>
#include <mutex>

#include "tenon/device/backend.h"

namespace tenon_template {

using namespace tenon::device;  // NOLINT(google-build-using-namespace)

// Addresses on the device only stand for memory: nothing but at() knows where that is.
class Accelerator final : public Backend {
 public:
  std::byte* allocate(uint64_t size, uint64_t alignment) override {
    auto* bytes = static_cast<std::byte*>(std::malloc(size + 1));
    if (bytes == nullptr) throw KernelError(TN_OUT_OF_DEVICE_MEMORY, "no memory is left");
    const std::lock_guard lock(mutex_);
    next_ = (next_ + alignment - 1) / alignment * alignment;
    auto* address = reinterpret_cast<std::byte*>(next_);
    blocks_[address] = bytes;
    next_ += size + 1;
    return address;
  }
  void import(std::byte*, uint64_t) override {}  // Memory of the host stands for itself.
  void free(std::byte* address) noexcept override {
    const std::lock_guard lock(mutex_);
    if (auto block = blocks_.extract(address)) std::free(block.mapped());
  }
  void read(void* to, const std::byte* from, uint64_t size) override {
    if (size != 0) std::memcpy(to, at(from), size);
  }
  void write(std::byte* to, const void* from, uint64_t size) override {
    if (size != 0) std::memcpy(at(to), from, size);
  }
  std::unique_ptr<Execution> make_execution(const tn_host& host) override;

  std::byte* at(const std::byte* address) const {
    const std::lock_guard lock(mutex_);
    auto block = blocks_.upper_bound(address);
    if (block == blocks_.begin()) return const_cast<std::byte*>(address);
    return (--block)->second + (address - block->first);
  }

 private:
  mutable std::mutex mutex_;
  std::map<const std::byte*, std::byte*> blocks_;
  uintptr_t next_ = uintptr_t{1} << 52;  // Above all addresses of the host.
};

// What a kernel's run() is given: the queue of one stream.
class Queue final : public Execution {
 public:
  Queue(const tn_host& host, Accelerator& device) : Execution(host), device_(device) {}
  template <class T>
  T* at(const View& view) const {
    return reinterpret_cast<T*>(device_.at(view.data));
  }
  void copy(std::byte* dst, const std::byte* src, uint64_t size) const override {
    if (size != 0) std::memcpy(device_.at(dst), device_.at(src), size);
  }
  void fill(std::byte* dst, uint64_t size, const std::byte* pattern, uint64_t n) const override {
    for (uint64_t i = 0; i < size; i += n) copy(dst + i, pattern, n);
  }

 private:
  Accelerator& device_;
};

inline std::unique_ptr<Execution> Accelerator::make_execution(const tn_host& host) {
  return std::make_unique<Queue>(host, *this);
}

std::span<const OperatorEntry> operators();  // operators.cc

// The weight of a MatMul: a float32 matrix column by column.
inline constexpr tn_layout kColumns = TN_LAYOUT_FIRST_TOKEN;

}  // namespace tenon_template
