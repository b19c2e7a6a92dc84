// SPDX-License-Identifier: Apache-2.0
#include "stream.h"

#include <atomic>
#include <utility>

namespace emulator {
namespace {

std::atomic<CUresult> kept{CUDA_SUCCESS};

}  // namespace

CUresult lost() { return kept.load(); }
void lose(CUresult error) {
  CUresult none = CUDA_SUCCESS;
  kept.compare_exchange_strong(none, error);
}

}  // namespace emulator

CUstream_st::~CUstream_st() {
  {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    wake_.notify_one();
  }
  worker_.join();
}

void CUstream_st::add(std::function<CUresult()> task) {
  const std::lock_guard lock(mutex_);
  tasks_.push_back(std::move(task));
  wake_.notify_one();
}

void CUstream_st::wait() {
  std::unique_lock lock(mutex_);
  idle_.wait(lock, [&] { return tasks_.empty() && !busy_; });
}

void CUstream_st::work() {
  std::unique_lock lock(mutex_);
  for (;;) {
    wake_.wait(lock, [&] { return !tasks_.empty() || closed_; });
    if (tasks_.empty()) return;
    const std::function<CUresult()> task = std::move(tasks_.front());
    tasks_.pop_front();
    busy_ = true;
    lock.unlock();
    // A lost device does nothing more.
    if (emulator::lost() == CUDA_SUCCESS) {
      const CUresult result = task();
      if (result != CUDA_SUCCESS) emulator::lose(result);
    }
    lock.lock();
    busy_ = false;
    idle_.notify_all();
  }
}
