// SPDX-License-Identifier: Apache-2.0
//
// A stream as kernels see it: an in-order queue of launches, copies and fills on the device. Used
// by one thread at a time. Everything throws KernelError when the device refuses it.
#pragma once

#include <initializer_list>
#include <span>

#include "plugins/gpu_common/machine.h"
#include "plugins/gpu_common/parameter.h"
#include "plugins/gpu_common/product.h"

namespace tenon::gpu {

// Work items of a launch, and how many of them are a group.
//
// Where local[0] is 0, the backend chooses the group and may round `global` up: such kernels
// compare GLOBAL_ID with a count. Where it is given, `global` must be a multiple of it; kernels
// with barriers or local memory give it.
struct Grid {
  uint64_t global[3] = {1, 1, 1};
  uint32_t local[3] = {0, 0, 0};
};

// A grid for `count` independent elements, walked by FOR_ELEMENTS(i, count, chunk): on CPUs a few
// work items of many neighbouring elements, elsewhere one element each. `weight`: roughly how many
// simple operations an element costs.
Grid element_grid(const Limits& limits, int64_t count, int64_t* chunk, int64_t weight = 1);

class Queue {
 public:
  virtual ~Queue() = default;

  // Queues one run. A grid without work items does nothing.
  virtual void launch(const Function& function, const Grid& grid,
                      std::span<const Parameter> parameters) = 0;
  void launch(const Function& function, const Grid& grid,
              std::initializer_list<Parameter> parameters) {
    launch(function, grid, std::span(parameters.begin(), parameters.size()));
  }

  // Whether launches from now on fail the stream by what they RAISE. If not, they are ignored: the
  // kernel is given no fault word, and nothing waits for it.
  void check_data(bool check) { checks_data_ = check; }

  // Bytes between ranges that do not overlap. Either may be host memory, which stays valid until
  // the work has finished; others are device addresses (View::data, or one within it).
  virtual void copy(std::byte* dst, const std::byte* src, uint64_t size) = 0;
  // Repeats a pattern of 1, 2, 4, 8 or 16 bytes; `size` is a multiple of it.
  virtual void fill(std::byte* dst, uint64_t size, const void* pattern, uint64_t pattern_size) = 0;

  // Queues a product, if the backend has something better for it than kernels/gemm.cl.
  virtual bool multiply(const Product& product) { return (void)product, false; }

  // Waits for everything queued; throws what failed: KernelError, for a fault with its message.
  virtual void finish() = 0;
  // To host memory (tn_launch.output_dims).
  void read(void* dst, const std::byte* src, uint64_t size) {
    copy(static_cast<std::byte*>(dst), src, size);
  }

 protected:
  bool checks_data() const { return checks_data_; }

 private:
  bool checks_data_ = true;
};

}  // namespace tenon::gpu
