// SPDX-License-Identifier: Apache-2.0
//
// Walks several tensors together that broadcast to the same dims.
//
// Dims of extent 1 vanish, dims that every operand walks as one are joined, and the rest are
// ordered so that the innermost moves least in operand 0 (the output). What is left is a handful of
// rows for a simple inner loop: one row for dense tensors.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <utility>

#include "tenon/device/kernel.h"

namespace tenon::device {

// The step in bytes of `view` along dim `d` of a result of rank `rank`; 0 where it broadcasts.
inline int64_t byte_stride(const View& view, int32_t d, int32_t rank, int64_t size) {
  const int32_t own = d - (rank - view.rank);
  return own < 0 || view.dims[own] == 1 ? 0 : view.strides[own] * size;
}

template <int kOperands>
class StridedLoop {
 public:
  // operands[i] broadcasts to the dims of operands[0].
  StridedLoop(const View* const* operands, const int64_t* dims, int32_t dims_rank) {
    int64_t sizes[kOperands];
    for (int k = 0; k < kOperands; ++k) {
      base_[k] = operands[k]->data;
      sizes[k] = tn_dtype_bits(operands[k]->dtype) / 8;
    }
    for (int32_t d = dims_rank; d-- > 0;) {
      const int64_t dim = dims[d];
      if (dim == 1) continue;
      count_ *= dim;
      int64_t steps[kOperands];
      bool joins = rank_ > 0;
      for (int k = 0; k < kOperands; ++k) {
        steps[k] = byte_stride(*operands[k], d, dims_rank, sizes[k]);
        joins = joins && steps[k] == strides_[rank_ - 1][k] * dims_[rank_ - 1];
      }
      if (joins) {
        dims_[rank_ - 1] *= dim;
        continue;
      }
      dims_[rank_] = dim;
      std::copy(steps, steps + kOperands, strides_[rank_]);
      ++rank_;
    }
    if (rank_ == 0) {
      rank_ = 1;
      dims_[0] = 1;
      std::fill(strides_[0], strides_[0] + kOperands, int64_t{0});
    } else if (rank_ > 1 && count_ > 0) {
      order();
    }
  }

  int64_t count() const { return count_; }
  // What is left to walk, innermost first; at least one dim. Strides are in bytes.
  int32_t rank() const { return rank_; }
  int64_t dim(int32_t d) const { return dims_[d]; }
  int64_t stride(int32_t d, int operand) const { return strides_[d][operand]; }

  // Calls inner(pointers, byte strides, count) for the rows of elements [begin, end), in an order
  // of this loop's own.
  template <class Inner>
  void rows(int64_t begin, int64_t end, Inner&& inner) const {
    if (begin >= end) return;
    int64_t at[TN_MAX_RANK] = {};
    std::byte* pointers[kOperands];
    std::copy(base_, base_ + kOperands, pointers);
    int64_t rest = begin;
    for (int32_t d = 0; d < rank_; ++d) {
      at[d] = d + 1 < rank_ ? rest % dims_[d] : rest;
      rest /= dims_[d];
      for (int k = 0; k < kOperands; ++k) pointers[k] += at[d] * strides_[d][k];
    }
    for (int64_t done = begin; done < end;) {
      const int64_t n = std::min(dims_[0] - at[0], end - done);
      inner(static_cast<std::byte* const*>(pointers), strides_[0], n);
      done += n;
      if (done >= end) return;
      for (int k = 0; k < kOperands; ++k) pointers[k] -= at[0] * strides_[0][k];
      at[0] = 0;
      for (int32_t d = 1; d < rank_; ++d) {
        for (int k = 0; k < kOperands; ++k) pointers[k] += strides_[d][k];
        if (++at[d] < dims_[d]) break;
        for (int k = 0; k < kOperands; ++k) pointers[k] -= dims_[d] * strides_[d][k];
        at[d] = 0;
      }
    }
  }

 private:
  // Innermost: the smallest step of the output, then of the inputs; a step of 0 (broadcast) last.
  bool before(int32_t a, int32_t b) const {
    for (int k = 0; k < kOperands; ++k) {
      const int64_t x = std::abs(strides_[a][k]), y = std::abs(strides_[b][k]);
      if (x != y && x != 0 && y != 0) return x < y;
    }
    return false;
  }

  void order() {
    for (int32_t i = 1; i < rank_; ++i)
      for (int32_t j = i; j > 0 && before(j, j - 1); --j) {
        std::swap(dims_[j], dims_[j - 1]);
        std::swap_ranges(strides_[j], strides_[j] + kOperands, strides_[j - 1]);
      }
    // Dims that were apart may be neighbours now.
    int32_t last = 0;
    for (int32_t d = 1; d < rank_; ++d) {
      bool joins = true;
      for (int k = 0; k < kOperands; ++k)
        joins = joins && strides_[d][k] == strides_[last][k] * dims_[last];
      if (joins) {
        dims_[last] *= dims_[d];
      } else if (++last != d) {
        dims_[last] = dims_[d];
        std::copy(strides_[d], strides_[d] + kOperands, strides_[last]);
      }
    }
    rank_ = last + 1;
  }

  int32_t rank_ = 0;
  int64_t count_ = 1;
  int64_t dims_[TN_MAX_RANK];  // Innermost first.
  int64_t strides_[TN_MAX_RANK][kOperands];
  std::byte* base_[kOperands];
};

}  // namespace tenon::device
