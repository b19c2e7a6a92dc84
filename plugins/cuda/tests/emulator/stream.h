// SPDX-License-Identifier: Apache-2.0
//
// A stream of the emulated device: a thread that does its work in order, some time later.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>

#include <cuda.h>

// The handle that cuda.h declares.
struct CUstream_st {
 public:
  CUstream_st() : worker_([this] { work(); }) {}
  // Does what is left.
  ~CUstream_st();

  // Work that fails loses the device.
  void add(std::function<CUresult()> task);
  void wait();

 private:
  void work();

  std::mutex mutex_;
  std::condition_variable wake_, idle_;
  std::deque<std::function<CUresult()>> tasks_;
  bool busy_ = false;
  bool closed_ = false;
  std::thread worker_;
};

namespace emulator {

// The error after which the device answers nothing else; CUDA_SUCCESS while there is none.
CUresult lost();
void lose(CUresult error);

}  // namespace emulator
