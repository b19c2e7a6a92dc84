// SPDX-License-Identifier: Apache-2.0
#include "queue.h"

#include <algorithm>
#include <cstring>

#include "plugins/gpu_common/faults.h"

namespace tenon::opencl {

Queue::Queue(const ClDevice& device, cl_context context, Memory& memory, const gpu::Limits& limits)
    : memory_(memory), limits_(limits) {
  cl_int status = CL_SUCCESS;
  queue_ = library().clCreateCommandQueue(context, device.id, 0, &status);
  check(status, "clCreateCommandQueue");
  int32_t none = 0;
  fault_ = library().clCreateBuffer(context, CL_MEM_READ_WRITE | CL_MEM_COPY_HOST_PTR, sizeof(none),
                                    &none, &status);
  if (status != CL_SUCCESS) library().clReleaseCommandQueue(queue_);
  check(status, "clCreateBuffer");
}

Queue::~Queue() {
  library().clFinish(queue_);
  library().clReleaseMemObject(fault_);
  library().clReleaseCommandQueue(queue_);
}

void Queue::set_memory(cl_kernel kernel, cl_uint* index, const std::byte* address) {
  const Library& cl = library();
  Place place;
  if (address != nullptr) {
    place = memory_.find(address);
    if (place.memory == nullptr) {
      throw device::KernelError(
          TN_UNSUPPORTED,
          "kernels of this device cannot use host memory: copy it to a buffer "
          "of kind TN_BUFFER_DEVICE");
    }
  }
  const cl_ulong offset = place.offset;
  // Some drivers refuse a pointer to a null handle, all take a null pointer.
  check(cl.clSetKernelArg(kernel, (*index)++, sizeof(cl_mem),
                          place.memory != nullptr ? &place.memory : nullptr),
        "clSetKernelArg");
  check(cl.clSetKernelArg(kernel, (*index)++, sizeof(offset), &offset), "clSetKernelArg");
}

void Queue::launch(const gpu::Function& function, const gpu::Grid& grid,
                   std::span<const gpu::Parameter> parameters) {
  if (grid.global[0] == 0 || grid.global[1] == 0 || grid.global[2] == 0) return;
  finish_fault();
  const Library& cl = library();
  const auto& own = static_cast<const Function&>(function);
  const std::lock_guard lock(own.mutex);
  const cl_kernel kernel = own.handle();
  cl_uint index = 0;
  for (const gpu::Parameter& parameter : parameters) {
    switch (parameter.kind()) {
      case gpu::Parameter::Kind::kMemory:
        set_memory(kernel, &index, parameter.address());
        break;
      case gpu::Parameter::Kind::kValue:
        check(cl.clSetKernelArg(kernel, index++, parameter.size(), parameter.data()),
              "clSetKernelArg");
        break;
      case gpu::Parameter::Kind::kFault:
        check(cl.clSetKernelArg(kernel, index++, sizeof(cl_mem), checks_data() ? &fault_ : nullptr),
              "clSetKernelArg");
        if (checks_data()) may_fail_ = parameter.text();
        break;
    }
  }
  size_t global[3];
  size_t local[3];
  // Where the backend chooses, processors run each item by itself: every size of group is compiled
  // for itself there. Others get whole wavefronts.
  const bool chosen = grid.local[0] == 0;
  for (size_t d = 0; d < 3; ++d) {
    global[d] = grid.global[d];
    local[d] = chosen ? 1 : std::max<uint32_t>(grid.local[d], 1);
  }
  if (chosen && !limits_.is_cpu) {
    local[0] = std::min<uint64_t>(64, limits_.max_group);
    global[0] = (global[0] + local[0] - 1) / local[0] * local[0];
  }
  check(cl.clEnqueueNDRangeKernel(queue_, kernel, 3, nullptr, global, local, 0, nullptr, nullptr),
        "clEnqueueNDRangeKernel");
}

void Queue::copy(std::byte* dst, const std::byte* src, uint64_t size) {
  if (size == 0) return;
  finish_fault();
  const Library& cl = library();
  const Place to = memory_.find(dst);
  const Place from = memory_.find(src);
  if (to.memory != nullptr && from.memory != nullptr) {
    check(cl.clEnqueueCopyBuffer(queue_, from.memory, to.memory, from.offset, to.offset, size, 0,
                                 nullptr, nullptr),
          "clEnqueueCopyBuffer");
  } else if (to.memory != nullptr) {
    check(cl.clEnqueueWriteBuffer(queue_, to.memory, CL_FALSE, to.offset, size, src, 0, nullptr,
                                  nullptr),
          "clEnqueueWriteBuffer");
  } else if (from.memory != nullptr) {
    check(cl.clEnqueueReadBuffer(queue_, from.memory, CL_FALSE, from.offset, size, dst, 0, nullptr,
                                 nullptr),
          "clEnqueueReadBuffer");
  } else {
    finish();
    std::memcpy(dst, src, size);
  }
}

void Queue::fill(std::byte* dst, uint64_t size, const void* pattern, uint64_t pattern_size) {
  if (size == 0) return;
  finish_fault();
  const Place to = memory_.find(dst);
  // The pattern's alignment is asked of the offset.
  if (to.memory != nullptr && to.offset % pattern_size == 0) {
    check(library().clEnqueueFillBuffer(queue_, to.memory, pattern, pattern_size, to.offset, size,
                                        0, nullptr, nullptr),
          "clEnqueueFillBuffer");
    return;
  }
  std::vector<std::byte> bytes(size);
  for (uint64_t at = 0; at < size; at += pattern_size) {
    std::memcpy(bytes.data() + at, pattern, pattern_size);
  }
  if (to.memory == nullptr) {
    finish();
    std::memcpy(dst, bytes.data(), size);
    return;
  }
  check(library().clEnqueueWriteBuffer(queue_, to.memory, CL_TRUE, to.offset, size, bytes.data(), 0,
                                       nullptr, nullptr),
        "clEnqueueWriteBuffer");
}

void Queue::finish() {
  if (may_fail_.empty()) {
    check(library().clFinish(queue_), "clFinish");
    return;
  }
  finish_fault();
}

// What has been queued behind a failure would have to be undone: so nothing is.
void Queue::finish_fault() {
  if (may_fail_.empty()) return;
  const std::string name = std::move(may_fail_);
  may_fail_.clear();
  const Library& cl = library();
  int32_t code = 0;
  check(
      cl.clEnqueueReadBuffer(queue_, fault_, CL_TRUE, 0, sizeof(code), &code, 0, nullptr, nullptr),
      "clEnqueueReadBuffer");
  if (code == 0) return;
  const int32_t none = 0;
  check(
      cl.clEnqueueWriteBuffer(queue_, fault_, CL_TRUE, 0, sizeof(none), &none, 0, nullptr, nullptr),
      "clEnqueueWriteBuffer");
  const gpu::Fault fault = gpu::fault_of(code);
  throw device::KernelError(fault.status, name + ": " + fault.message);
}

}  // namespace tenon::opencl
