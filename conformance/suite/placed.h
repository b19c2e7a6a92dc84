// SPDX-License-Identifier: Apache-2.0
//
// A tensor of a case within a larger buffer whose other bytes must stay as they are.
#pragma once

#include "suite/host_tensor.h"
#include "suite/keeper.h"

namespace tenon::conformance {

inline constexpr unsigned char kUntouched = 0xa5;

class Placed {
 public:
  // Queues the write of its bytes; `keeper` holds what that reads. The first byte that the tensor
  // uses is `shift` bytes behind a multiple of `alignment` and of the device's own. An output's
  // bytes are all kUntouched, not the values.
  static Placed& make(Keeper& keeper, const Stream& stream, const HostTensor& tensor, Shape strides,
                      uint64_t alignment, uint64_t shift, bool output, Real imaginary = kImaginary);
  // In a layout of the device's own, by a reorder on the stream; an output comes back by one.
  static Placed& make_in_layout(Keeper& keeper, const Stream& stream, const HostTensor& tensor,
                                tn_layout layout, uint64_t alignment, bool output);

  const tn_tensor* tensor() const { return tensor_.get(); }
  // Queues what brings back its memory; the bytes are there once the stream has been waited for.
  void read_back(Keeper& keeper, const Stream& stream);
  bool is_untouched() const { return *after_ == image_; }
  // Takes the elements of an output, of these dims, from what has been read.
  HostTensor take(const Shape& dims, Real imaginary = kImaginary);
  // Whether all other bytes are kUntouched still.
  bool rest_is_untouched() const;
  const Bytes& bytes_after() const { return *after_; }

 private:
  uint64_t bit_of(const Shape& index) const;

  Buffer buffer_, token_buffer_;
  Tensor tensor_;   // What the launch is given.
  Tensor strided_;  // The same in strides, where that is in a layout.
  tn_dtype dtype_ = TN_FLOAT32;
  Shape strides_;
  uint64_t origin_ = 0;  // Bytes to the element at index 0.
  Bytes image_;          // Of the whole buffer.
  Bytes* after_ = nullptr;
};

// Bytes in front of a tensor and behind it; a multiple of `alignment`, too.
uint64_t guard_of(uint64_t alignment);

}  // namespace tenon::conformance
