// SPDX-License-Identifier: Apache-2.0
#include "conformance/accelerator/machine.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstring>
#include <new>
#include <utility>

namespace tenon::accelerator {
namespace {

// How late work begins when nobody waits for it.
constexpr std::chrono::milliseconds kLateness{2};

}  // namespace

Machine::Machine(const Settings& settings) : settings_(settings), processor_([this] { run(); }) {}

Machine::~Machine() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  wake_.notify_all();
  processor_.join();
}

// ---- Memory ----

std::byte* Machine::allocate(uint64_t size, uint64_t alignment) {
  std::unique_ptr<std::byte[]> bytes(new (std::nothrow) std::byte[size + 1]);
  if (bytes == nullptr) throw KernelError(TN_OUT_OF_DEVICE_MEMORY, "no memory is left");
  std::memset(bytes.get(), 0xcb, size + 1);
  const std::lock_guard lock(memory_mutex_);
  // Never at a multiple of a larger power of two: only what was asked for is so.
  alignment = std::max<uint64_t>(alignment, 256);
  next_ = (next_ + 2 * alignment - 1) / (2 * alignment) * (2 * alignment) + alignment;
  auto* address = reinterpret_cast<std::byte*>(next_);
  blocks_[address] = std::move(bytes);
  next_ += size + 1;
  return address;
}

void Machine::free(std::byte* address) noexcept {
  const std::lock_guard lock(memory_mutex_);
  blocks_.erase(address);
}

std::byte* Machine::at(const std::byte* address) const {
  const std::lock_guard lock(memory_mutex_);
  const auto behind = blocks_.upper_bound(address);
  if (behind == blocks_.begin()) return const_cast<std::byte*>(address);
  const auto& [begin, bytes] = *std::prev(behind);
  return bytes.get() + (address - begin);
}

std::byte* Machine::tensor_at(const std::byte* address) const {
  if (!broken(Fault::odd_offsets)) return at(address);
  const std::lock_guard lock(memory_mutex_);
  const auto behind = blocks_.upper_bound(address);
  if (behind == blocks_.begin()) return const_cast<std::byte*>(address);
  const auto& [begin, bytes] = *std::prev(behind);
  return bytes.get() + (address - begin) / 512 * 512;
}

void Machine::read(void* to, const std::byte* from, uint64_t size) {
  if (size != 0) std::memcpy(to, at(from), size);
}

void Machine::write(std::byte* to, const void* from, uint64_t size) {
  if (size != 0) std::memcpy(at(to), from, size);
}

std::unique_ptr<Execution> Machine::make_execution(const tn_host& host) {
  return std::make_unique<Queue>(host, *this);
}

// ---- The processor ----

void Machine::submit(Queue& queue, std::function<void()> body) {
  const std::lock_guard lock(mutex_);
  work_.push_back({&queue, std::move(body)});
  ++queue.queued_;
  wake_.notify_all();
}

void Machine::finish(Queue& queue) {
  std::unique_lock lock(mutex_);
  const uint64_t sequence = queue.queued_;
  ++hurried_;
  wake_.notify_all();
  done_.wait(lock, [&] { return queue.finished_ >= sequence; });
  --hurried_;
}

void Machine::run() {
  std::unique_lock lock(mutex_);
  for (;;) {
    wake_.wait(lock, [&] { return ending_ || !work_.empty(); });
    if (work_.empty()) return;
    wake_.wait_for(lock, kLateness, [&] { return ending_ || hurried_ != 0; });
    const Work work = std::move(work_.front());
    work_.pop_front();
    Queue& queue = *work.queue;
    if (queue.failure_ == nullptr) {
      lock.unlock();
      std::exception_ptr failure;
      try {
        work.body();
      } catch (...) {
        failure = std::current_exception();
      }
      lock.lock();
      queue.failure_ = failure;
    } else if (broken(Fault::failure_lost_in_the_queue)) {
      queue.failure_ = nullptr;
    }
    ++queue.finished_;
    done_.notify_all();
  }
}

// ---- The queue of a stream ----

void Queue::copy(std::byte* dst, const std::byte* src, uint64_t size) const {
  put([&machine = machine_, dst, src, size] {
    uint64_t moved = size;
    if (machine.broken(Fault::dma_of_odd_sizes) && size > 4) moved = size / 4 * 4;
    if (moved != 0) std::memmove(machine.at(dst), machine.at(src), moved);
  });
}

void Queue::fill(std::byte* dst, uint64_t size, const std::byte* pattern,
                 uint64_t pattern_size) const {
  std::array<std::byte, 16> kept{};
  std::memcpy(kept.data(), pattern, pattern_size);
  if (machine_.broken(Fault::fill_of_four_bytes))
    pattern_size = std::min<uint64_t>(pattern_size, 4);
  put([&machine = machine_, dst, size, kept, pattern_size] {
    std::byte* const to = machine.at(dst);
    for (uint64_t i = 0; i < size; ++i) to[i] = kept[i % pattern_size];
  });
}

void Queue::finish() const {
  auto& self = const_cast<Queue&>(*this);
  machine_.finish(self);
  std::exception_ptr failure;
  {
    const std::lock_guard lock(machine_.mutex_);
    failure = std::exchange(self.failure_, nullptr);
  }
  if (failure != nullptr) std::rethrow_exception(failure);
}

}  // namespace tenon::accelerator
