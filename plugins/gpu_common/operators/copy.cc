// SPDX-License-Identifier: Apache-2.0
#include "plugins/gpu_common/operators/copy.h"

#include <cstring>

#include "plugins/gpu_common/operators/elementwise.h"
#include "plugins/gpu_common/operators/loop.h"

namespace tenon::gpu {
namespace {

std::string definitions(const Limits& limits, tn_dtype dtype) {
  return machine_definitions(limits) + define("GROUP", "copy") + define("ARITY", "1") +
         define_moved("T0", dtype) + define_moved("T1", dtype) + define_moved("TC", dtype);
}

struct Values {
  uint64_t bits[4] = {};
};

void launch(const Function& function, const Limits& limits, const View& dst, const View& src,
            const void* value, Queue& queue) {
  Values values;
  if (value != nullptr) std::memcpy(&values.bits[0], value, tn_dtype_bits(dst.dtype) / 8);
  for_each_loop<2>(
      limits, {&dst, &src}, 1,
      [&](Loop<2>& loop, const Grid& grid, const std::array<View, 2>& views) {
        loop.host = value != nullptr ? 1 : 0;
        queue.launch(
            function, grid,
            {Parameter::memory(views[0]), Parameter::memory(value != nullptr ? View{} : views[1]),
             Parameter::value(values), Parameter::value(loop), Parameter::value(int32_t{OP_Copy}),
             Parameter::value(0.0f), Parameter::value(0.0f)});
      });
}

}  // namespace

Copy::Copy(const Description& d, tn_dtype dtype)
    : limits_(machine_of(d).limits()),
      function_(machine_of(d).function("elementwise", definitions(limits_, dtype), "elementwise")) {
}

void Copy::enqueue(const View& dst, const View& src, Queue& queue) const {
  if (dst.data == src.data && dst.count() > 0) return;  // The very same view.
  if (dst.dense() && src.dense() && dst.count() == src.count()) {
    const auto size = static_cast<uint64_t>(dst.count()) * (tn_dtype_bits(dst.dtype) / 8);
    if (size != 0) queue.copy(dst.data, src.data, size);
    return;
  }
  launch(function_, limits_, dst, src, nullptr, queue);
}

void Copy::fill(const View& dst, const void* value, Queue& queue) const {
  const uint64_t size = tn_dtype_bits(dst.dtype) / 8;
  if (dst.dense()) {
    const auto bytes = static_cast<uint64_t>(dst.count()) * size;
    if (bytes != 0) queue.fill(dst.data, bytes, value, size);
    return;
  }
  View one;
  one.dtype = dst.dtype;
  launch(function_, limits_, dst, one, value, queue);
}

}  // namespace tenon::gpu
