// SPDX-License-Identifier: Apache-2.0
//
// The answer to tn_kernel_output_dims while Kernel::check() makes it.
#pragma once

#include <array>
#include <span>
#include <string_view>
#include <vector>

#include "tenon/device/kernel.h"

namespace tenon::device {

// Far below 2^63 / 128, so that a distance times an element's bits cannot overflow.
inline constexpr int64_t kMostElements = int64_t{1} << 55;

// Dims that a tensor can have: none is negative, and those that are not 0 give at most
// kMostElements.
bool are_dims(std::span<const int64_t> dims);

// Outputs of a launch that does not exist yet. check() sees them as views of the described type and
// rank whose dims are kNotSaid until it says them, and those it said from then on: so checks that
// look at an output work in both cases.
class AskedDims {
 public:
  static constexpr int64_t kNotSaid = -1;

  // `outputs`: type, rank and layout of each output.
  explicit AskedDims(std::span<const View> outputs);
  AskedDims(const AskedDims&) = delete;
  AskedDims& operator=(const AskedDims&) = delete;

  std::span<const View> outputs() const { return views_; }

  // The dims of `output`, called `argument` in messages. Throws TN_INVALID_ARGUMENT unless they are
  // dims of a tensor, of the described rank, and those that were said before.
  void say(std::string_view op, const char* argument, size_t output, std::span<const int64_t> dims);

  // Writes dims[i] where it is not NULL. Throws TN_UNSUPPORTED, and writes nothing, when check()
  // has not said one of those: the caller alone decides them.
  void answer(std::string_view op, int64_t* const* dims) const;

 private:
  std::vector<View> views_;
  std::vector<std::array<int64_t, TN_MAX_RANK>> dims_;
  std::vector<bool> said_;
};

}  // namespace tenon::device
