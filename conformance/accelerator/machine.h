// SPDX-License-Identifier: Apache-2.0
//
// The accelerator as the device core sees it: memory that the host cannot touch, and one queue of
// work for all streams, which a processor of its own gets round to late.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <thread>

#include "conformance/accelerator/settings.h"
#include "tenon/device/backend.h"

namespace tenon::accelerator {

using device::Execution;
using device::KernelError;

class Queue;

class Machine final : public device::Backend {
 public:
  explicit Machine(const Settings& settings);
  ~Machine() override;

  const Settings& settings() const { return settings_; }
  bool broken(Fault fault) const { return settings_.broken == fault; }

  std::byte* allocate(uint64_t size, uint64_t alignment) override;
  void import(std::byte*, uint64_t) override {}  // Its DMA reaches all memory of the host.
  void free(std::byte* address) noexcept override;
  void read(void* to, const std::byte* from, uint64_t size) override;
  void write(std::byte* to, const void* from, uint64_t size) override;
  std::unique_ptr<Execution> make_execution(const tn_host& host) override;

  // Where the bytes behind an address really are; an address of the host stands for itself.
  std::byte* at(const std::byte* address) const;
  // The same for a tensor of a kernel.
  std::byte* tensor_at(const std::byte* address) const;

 private:
  friend class Queue;
  struct Work {
    Queue* queue;
    std::function<void()> body;
  };

  void submit(Queue& queue, std::function<void()> body);
  // Waits for the work of one queue, which is not late any more.
  void finish(Queue& queue);
  void run();

  const Settings settings_;
  mutable std::mutex memory_mutex_;
  std::map<const std::byte*, std::unique_ptr<std::byte[]>> blocks_;
  uintptr_t next_ = uintptr_t{1} << 52;  // Above all addresses of the host.

  std::mutex mutex_;
  std::condition_variable wake_, done_;
  std::deque<Work> work_;
  int hurried_ = 0;  // Threads that wait.
  bool ending_ = false;
  std::thread processor_;
};

// What a kernel's run() is given: the queue of one stream. What is put into it runs later.
class Queue final : public Execution {
 public:
  Queue(const tn_host& host, Machine& machine) : Execution(host), machine_(machine), host_(host) {}
  ~Queue() override { machine_.finish(*this); }

  void copy(std::byte* dst, const std::byte* src, uint64_t size) const override;
  void fill(std::byte* dst, uint64_t size, const std::byte* pattern,
            uint64_t pattern_size) const override;
  void finish() const override;

  Machine& machine() const { return machine_; }
  const tn_host& host() const { return host_; }
  void put(std::function<void()> body) const {
    machine_.submit(const_cast<Queue&>(*this), std::move(body));
  }

 private:
  friend class Machine;
  Machine& machine_;
  const tn_host& host_;
  // Of the machine's mutex.
  uint64_t queued_ = 0, finished_ = 0;
  std::exception_ptr failure_;  // The first since finish(); what comes behind it is not done.
};

}  // namespace tenon::accelerator
