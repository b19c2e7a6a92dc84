// SPDX-License-Identifier: Apache-2.0
#include "plugins/cuda/queue.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "plugins/gpu_common/faults.h"

namespace tenon::cuda {
namespace {

// Kernels of plugins/gpu_common have at most some 20 parameters, of which memory counts twice.
constexpr size_t kMostParameters = 64;

}  // namespace

Queue::Queue(const Driver& driver, CUcontext context, Memory& memory, Machine& machine,
             Products* products)
    : driver_(driver), context_(context), memory_(memory), machine_(machine), products_(products) {
  const ContextScope scope(driver_, context_);
  fault_ = memory_.allocate(sizeof(int32_t), alignof(int32_t));
  try {
    void* seen = nullptr;
    check(driver_, driver_.cuMemHostAlloc(&seen, sizeof(int32_t), 0), "allocating pinned memory");
    seen_ = static_cast<int32_t*>(seen);
    check(driver_, driver_.cuStreamCreate(&stream_, CU_STREAM_NON_BLOCKING), "making a stream");
    check(driver_, driver_.cuMemsetD32Async(memory_.find(fault_), 0, 1, stream_),
          "clearing a fault word");
  } catch (...) {
    if (stream_ != nullptr) driver_.cuStreamDestroy(stream_);
    if (seen_ != nullptr) driver_.cuMemFreeHost(seen_);
    memory_.free(fault_);
    throw;
  }
}

Queue::~Queue() {
  try {
    const ContextScope scope(driver_, context_);
    driver_.cuStreamSynchronize(stream_);
    driver_.cuStreamDestroy(stream_);
    driver_.cuMemFreeHost(seen_);
  } catch (...) {  // NOLINT(bugprone-empty-catch)
    // Lost with the context.
  }
  memory_.free(fault_);
  if (workspace_ != nullptr) memory_.free(workspace_);
}

CUdeviceptr Queue::visible(const std::byte* address) const {
  const CUdeviceptr device = memory_.find(address);
  if (device == 0) {
    throw device::KernelError(
        TN_UNSUPPORTED,
        "kernels of this device cannot use host memory that the driver does not "
        "pin: copy it to a buffer of kind TN_BUFFER_DEVICE");
  }
  return device;
}

void Queue::launch(const gpu::Function& function, const gpu::Grid& grid,
                   std::span<const gpu::Parameter> parameters) {
  if (grid.global[0] == 0 || grid.global[1] == 0 || grid.global[2] == 0) return;
  const ContextScope scope(driver_, context_);
  finish_fault();
  const CUfunction handle = static_cast<const Function&>(function).handle();

  // The driver reads values here, before cuLaunchKernel returns.
  std::array<void*, kMostParameters> pointers;
  std::array<CUdeviceptr, kMostParameters> addresses;
  static uint64_t no_offset = 0;
  size_t count = 0;
  if (parameters.size() * 2 > kMostParameters) {
    throw device::KernelError(TN_INTERNAL, "a kernel has more parameters than a launch takes");
  }
  for (const gpu::Parameter& parameter : parameters) {
    switch (parameter.kind()) {
      case gpu::Parameter::Kind::kMemory:
        addresses[count] = parameter.address() == nullptr ? 0 : visible(parameter.address());
        pointers[count] = &addresses[count];
        pointers[++count] = &no_offset;
        break;
      case gpu::Parameter::Kind::kValue:
        pointers[count] = const_cast<void*>(parameter.data());
        break;
      case gpu::Parameter::Kind::kFault:
        addresses[count] = checks_data() ? memory_.find(fault_) : 0;
        pointers[count] = &addresses[count];
        if (checks_data()) may_fail_ = parameter.text();
        break;
    }
    ++count;
  }

  uint64_t groups[3];
  uint32_t local[3];
  for (size_t d = 0; d < 3; ++d) {
    local[d] = grid.local[0] == 0 ? 1 : std::max<uint32_t>(grid.local[d], 1);
    groups[d] = grid.global[d] / local[d];
  }
  if (grid.local[0] == 0) {
    const uint64_t warp = machine_.limits().lanes;
    const uint64_t items = (grid.global[0] + warp - 1) / warp * warp;
    local[0] = static_cast<uint32_t>(std::min(items, machine_.limits().max_group));
    groups[0] = (grid.global[0] + local[0] - 1) / local[0];
  }
  if (groups[0] > INT32_MAX || groups[1] > UINT16_MAX || groups[2] > UINT16_MAX) {
    throw device::KernelError(TN_UNSUPPORTED, "a launch has more groups than the device takes");
  }
  const auto size = [&](size_t d) { return static_cast<unsigned int>(groups[d]); };
  check(driver_,
        driver_.cuLaunchKernel(handle, size(0), size(1), size(2), local[0], local[1], local[2], 0,
                               stream_, pointers.data(), nullptr),
        "launching a kernel");
}

// Addresses are unique in the process, so the driver finds out which side is the host's.
void Queue::copy(std::byte* dst, const std::byte* src, uint64_t size) {
  if (size == 0) return;
  const ContextScope scope(driver_, context_);
  finish_fault();
  check(driver_,
        driver_.cuMemcpyAsync(reinterpret_cast<CUdeviceptr>(dst),
                              reinterpret_cast<CUdeviceptr>(src), size, stream_),
        "copying memory");
}

void Queue::fill(std::byte* dst, uint64_t size, const void* pattern, uint64_t pattern_size) {
  if (size == 0) return;
  const ContextScope scope(driver_, context_);
  finish_fault();
  const CUdeviceptr to = memory_.find(dst);
  std::array<std::byte, 16> given;
  std::memcpy(given.data(), pattern, pattern_size);
  if (to == 0) {  // Of the host alone.
    finish();
    for (uint64_t at = 0; at < size; at += pattern_size) {
      std::memcpy(dst + at, given.data(), pattern_size);
    }
    return;
  }
  // The shortest pattern that repeats: zeros are bytes.
  while (pattern_size > 1 &&
         std::memcmp(given.data(), given.data() + pattern_size / 2, pattern_size / 2) == 0) {
    pattern_size /= 2;
  }
  // Elements lie at multiples of their size. What is before the first and behind the last whole one
  // is filled by bytes, and the elements between hold the pattern turned round.
  const uint64_t head = std::min<uint64_t>(size, (pattern_size - to % pattern_size) % pattern_size);
  const uint64_t count = (size - head) / pattern_size;
  const uint64_t tail = head + count * pattern_size;
  fill_bytes(to, given.data(), pattern_size, 0, head);
  fill_bytes(to, given.data(), pattern_size, tail, size);
  if (count == 0) return;
  std::rotate(given.begin(), given.begin() + static_cast<std::ptrdiff_t>(head % pattern_size),
              given.begin() + static_cast<std::ptrdiff_t>(pattern_size));
  fill_elements(dst + head, given.data(), pattern_size, count);
}

void Queue::fill_bytes(CUdeviceptr at, const std::byte* pattern, uint64_t pattern_size,
                       uint64_t from, uint64_t to) {
  for (uint64_t i = from; i < to; ++i) {
    check(driver_,
          driver_.cuMemsetD8Async(at + i, static_cast<unsigned char>(pattern[i % pattern_size]), 1,
                                  stream_),
          "filling memory");
  }
}

void Queue::fill_elements(std::byte* dst, const std::byte* pattern, uint64_t pattern_size,
                          uint64_t count) {
  const CUdeviceptr at = memory_.find(dst);
  uint32_t bits = 0;
  std::memcpy(&bits, pattern, std::min<uint64_t>(pattern_size, sizeof(bits)));
  CUresult result = CUDA_SUCCESS;
  switch (pattern_size) {
    case 1:
      result = driver_.cuMemsetD8Async(at, static_cast<unsigned char>(bits), count, stream_);
      break;
    case 2:
      result = driver_.cuMemsetD16Async(at, static_cast<unsigned short>(bits), count, stream_);
      break;
    case 4:
      result = driver_.cuMemsetD32Async(at, bits, count, stream_);
      break;
    default: {
      const gpu::Function& function =
          machine_.function("fill", pattern_size == 8 ? "-DT=ulong" : "-DT=Bits128", "fill_value");
      device::View view;
      view.data = dst;
      gpu::Longs dims;
      gpu::Longs steps;
      dims.v[0] = static_cast<int64_t>(count);
      steps.v[0] = 1;
      int64_t chunk = 0;
      const auto elements = static_cast<int64_t>(count);
      const gpu::Grid grid = gpu::element_grid(machine_.limits(), elements, &chunk);
      launch(function, grid,
             {gpu::Parameter::memory(view), gpu::Parameter::bytes(pattern, pattern_size),
              gpu::Parameter::value(elements), gpu::Parameter::value(int32_t{1}),
              gpu::Parameter::value(dims), gpu::Parameter::value(steps),
              gpu::Parameter::value(chunk)});
    }
  }
  check(driver_, result, "filling memory");
}

bool Queue::multiply(const gpu::Product& product) {
  if (products_ == nullptr) return false;
  gpu::Product seen = product;
  for (gpu::Matrices* side : {&seen.a, &seen.b, &seen.y}) {
    side->data = reinterpret_cast<std::byte*>(visible(side->data));
  }
  const ContextScope scope(driver_, context_);
  const auto plan = products_->plan(seen);
  if (plan == nullptr) return false;
  finish_fault();
  if (workspace_ == nullptr) workspace_ = memory_.allocate(Products::kWorkspaceBytes, 256);
  const bool add = product.c.data != nullptr;
  // The library adds to Y: so what is to be added goes there first.
  if (add) write_addend(product);
  products_->multiply(*plan, seen, add, memory_.find(workspace_), stream_);
  return true;
}

void Queue::write_addend(const gpu::Product& product) {
  const gpu::Matrices &y = product.y, &c = product.c;
  if (c.data == y.data && c.row_stride == y.row_stride && c.column_stride == y.column_stride &&
      (c.batch_stride == y.batch_stride || product.batch == 1)) {
    return;
  }
  const auto view = [](const gpu::Matrices& matrices) {
    device::View out;
    out.data = matrices.data;
    return gpu::Parameter::memory(out);
  };
  const auto list = [](int64_t columns, int64_t rows, int64_t batch) {
    const int64_t values[] = {columns, rows, batch};
    return gpu::Longs(values, 3);
  };
  const gpu::Function& function = machine_.function(
      "reorder", product.dtype == TN_FLOAT64 ? "-DT=ulong" : "-DT=uint", "reorder");
  const int64_t count = product.m * product.n * product.batch;
  const gpu::Longs dims = list(product.n, product.m, product.batch);
  const gpu::Longs to = list(y.column_stride, y.row_stride, y.batch_stride);
  const gpu::Longs from = list(c.column_stride, c.row_stride, c.batch_stride);
  int64_t chunk = 0;
  const gpu::Grid grid = gpu::element_grid(machine_.limits(), count, &chunk);
  launch(function, grid,
         {view(y), view(c), gpu::Parameter::value(count), gpu::Parameter::value(int32_t{3}),
          gpu::Parameter::value(dims), gpu::Parameter::value(to), gpu::Parameter::value(from),
          gpu::Parameter::value(chunk)});
}

void Queue::finish() {
  const ContextScope scope(driver_, context_);
  finish_fault();
  check(driver_, driver_.cuStreamSynchronize(stream_), "waiting for a stream");
}

// What has been queued behind a failure would have to be undone: so nothing is.
void Queue::finish_fault() {
  if (may_fail_.empty()) return;
  const std::string name = std::move(may_fail_);
  may_fail_.clear();
  const CUdeviceptr word = memory_.find(fault_);
  check(driver_,
        driver_.cuMemcpyAsync(reinterpret_cast<CUdeviceptr>(seen_), word, sizeof(*seen_), stream_),
        "reading a fault word");
  check(driver_, driver_.cuStreamSynchronize(stream_), "waiting for a stream");
  if (*seen_ == 0) return;
  check(driver_, driver_.cuMemsetD32Async(word, 0, 1, stream_), "clearing a fault word");
  const gpu::Fault fault = gpu::fault_of(*seen_);
  throw device::KernelError(fault.status, name + ": " + fault.message);
}

}  // namespace tenon::cuda
