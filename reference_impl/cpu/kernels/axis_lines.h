// SPDX-License-Identifier: Apache-2.0
//
// Walks the lines along one axis, or the blocks under several neighbouring axes, of tensors that
// agree in all other dims.
#pragma once

#include "reference_impl/cpu/kernels/kernel.h"
#include "tenon/device/operators/built_view.h"
#include "tenon/device/operators/strided_loop.h"

namespace tenon::cpu {

template <int kOperands>
class AxisLines {
 public:
  // The lines of `views` along the axes [begin, end). The dims outside are those of views[0]; the
  // others broadcast to them.
  AxisLines(const std::array<View, kOperands>& views, int32_t begin, int32_t end)
      : loop_(make(views, begin, end)) {}

  int64_t count() const { return loop_.count(); }

  // Calls body(pointers, byte strides, count) for the lines [begin, end), in runs.
  template <class Body>
  void rows(int64_t begin, int64_t end, Body&& body) const {
    loop_.rows(begin, end, body);
  }

  // Calls body(pointers) with the first element of each of the lines [begin, end).
  template <class Body>
  void each(int64_t begin, int64_t end, Body&& body) const {
    loop_.rows(begin, end, [&](std::byte* const* pointers, const int64_t* strides, int64_t count) {
      std::byte* at[kOperands];
      std::copy(pointers, pointers + kOperands, at);
      for (int64_t i = 0; i < count; ++i) {
        body(static_cast<std::byte* const*>(at));
        for (int k = 0; k < kOperands; ++k) at[k] += strides[k];
      }
    });
  }

 private:
  static StridedLoop<kOperands> make(const std::array<View, kOperands>& views, int32_t begin,
                                     int32_t end) {
    CutView cut[kOperands];
    const View* operands[kOperands];
    for (int k = 0; k < kOperands; ++k) {
      cut[k] = CutView(views[k], begin, end);
      operands[k] = &cut[k].view();
    }
    return StridedLoop<kOperands>(operands, operands[0]->dims, operands[0]->rank);
  }

  StridedLoop<kOperands> loop_;
};

}  // namespace tenon::cpu
