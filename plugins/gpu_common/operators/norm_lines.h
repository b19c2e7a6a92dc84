// SPDX-License-Identifier: Apache-2.0
//
// Lines of tensors: what kernels/norm_lines.h needs from the host.
#pragma once

#include <algorithm>
#include <array>
#include <limits>
#include <string>

#include "plugins/gpu_common/kernel.h"
#include "plugins/gpu_common/types.h"

namespace tenon::gpu {

inline constexpr uint64_t kLineFloats = kFloat32 | device::dtype_bit(TN_FLOAT64);

// `Lines` of kernels/norm_lines.h, for kOperands tensors that broadcast to the dims of `x`: the
// axes [begin, end) are the lines' own.
template <int kOperands>
struct Lines {
  int64_t lines = 1, per_group = 1;
  int32_t length = 1, line_rank = 0, inner_rank = 0, unused = 0;
  int32_t dims[TN_MAX_RANK] = {};
  int64_t steps[kOperands][TN_MAX_RANK] = {};

  Lines(const View& x, const std::array<View, kOperands>& operands, int32_t begin, int32_t end) {
    int64_t inner = 1;
    for (int32_t d = x.rank; d-- > 0;) {
      if (d >= begin && d < end) continue;
      lines *= x.dims[d];
      add(x, operands, d, 0, line_rank);
    }
    for (int32_t d = end; d-- > begin;) {
      inner *= x.dims[d];
      add(x, operands, d, line_rank, inner_rank);
    }
    length = narrow(inner);
  }

  // On processors a group has lines that are worth handing out, and enough groups are left for
  // every unit.
  Grid grid(const Limits& limits) {
    const uint64_t items = items_of(limits);
    if (limits.is_cpu) {
      const int64_t most = std::max<int64_t>(1, 16384 / std::max(length, 1));
      per_group = std::clamp<int64_t>(lines / (int64_t{limits.units} * 8), 1, most);
    }
    const auto groups = static_cast<uint64_t>((lines + per_group - 1) / per_group);
    return {{groups * items, 1, 1}, {static_cast<uint32_t>(items), 1, 1}};
  }

  static uint64_t items_of(const Limits& limits) {
    return limits.is_cpu ? 1 : std::min<uint64_t>(256, limits.max_group);
  }

 private:
  static int32_t narrow(int64_t value) {
    if (value > std::numeric_limits<int32_t>::max()) {
      throw KernelError(TN_UNSUPPORTED, "lines of more than 2^31 elements");
    }
    return static_cast<int32_t>(value);
  }

  // Dim d behind those from `first` on, joined with the one before it where all step evenly.
  void add(const View& x, const std::array<View, kOperands>& operands, int32_t d, int32_t first,
           int32_t& rank) {
    if (x.dims[d] == 1) return;
    int64_t step[kOperands];
    for (int k = 0; k < kOperands; ++k) {
      const View& view = operands[static_cast<size_t>(k)];
      const int32_t own = d - (x.rank - view.rank);
      step[k] = !view.present() || own < 0 || view.dims[own] == 1 ? 0 : view.strides[own];
    }
    const int32_t last = first + rank - 1;
    bool joins = rank > 0;
    for (int k = 0; joins && k < kOperands; ++k) joins = step[k] == steps[k][last] * dims[last];
    if (joins) {
      dims[last] = narrow(dims[last] * x.dims[d]);
      return;
    }
    const int32_t at = first + rank++;
    dims[at] = narrow(x.dims[d]);
    for (int k = 0; k < kOperands; ++k) steps[k][at] = step[k];
  }
};

// The definitions of kernels/norm_lines.h, for an accumulator as wide as the device has.
inline std::string line_definitions(const Limits& limits, tn_dtype dtype, int operands) {
  return std::string("-DT=") + c_type(dtype) + " -DA=" + (limits.float64 ? "double" : "float") +
         " -DOPERANDS=" + std::to_string(operands) +
         " -DITEMS=" + std::to_string(Lines<1>::items_of(limits)) +
         " -DWIDTH=" + (limits.is_cpu ? "16" : "1");
}

}  // namespace tenon::gpu
