// SPDX-License-Identifier: Apache-2.0
#include "suite/placed.h"

#include <algorithm>

#include "suite/target.h"

namespace tenon::conformance {
namespace {

// Elements that a tensor spans, and how many lie before that at index 0.
struct Span {
  uint64_t before = 0, count = 1;
};

Span span_of(const Shape& dims, const Shape& strides) {
  Span span;
  for (size_t i = 0; i < dims.size(); ++i) {
    const int64_t reach = std::max<int64_t>(dims[i] - 1, 0) * strides[i];
    span.count += static_cast<uint64_t>(reach < 0 ? -reach : reach);
    if (reach < 0) span.before += static_cast<uint64_t>(-reach);
  }
  return span;
}

}  // namespace

uint64_t guard_of(uint64_t alignment) {
  return std::max<uint64_t>({64, Target::get().info().alignment, alignment});
}

uint64_t Placed::bit_of(const Shape& index) const {
  int64_t element = 0;
  for (size_t i = 0; i < index.size(); ++i) element += index[i] * strides_[i];
  return origin_ * 8 + static_cast<uint64_t>(element * int64_t{tn_dtype_bits(dtype_)});
}

Placed& Placed::make(Keeper& keeper, const Stream& stream, const HostTensor& tensor, Shape strides,
                     uint64_t alignment, uint64_t shift, bool output, Real imaginary) {
  auto& placed = keeper.make<Placed>();
  const Span span = span_of(tensor.dims, strides);
  const uint64_t guard = guard_of(alignment);
  placed.dtype_ = tensor.dtype;
  placed.strides_ = std::move(strides);
  const uint64_t before = dtype_bytes(tensor.dtype, span.before);
  placed.origin_ = (before + guard - 1) / guard * guard + guard + shift;
  placed.image_.assign(placed.origin_ + dtype_bytes(tensor.dtype, span.count - span.before) + guard,
                       kUntouched);
  if (!output) {
    size_t next = 0;
    for_each_index(tensor.dims, [&](const Shape& index) {
      encode_at(tensor.dtype, tensor.values[next++], placed.image_.data(), placed.bit_of(index),
                imaginary);
    });
  }
  placed.buffer_ = Buffer(Target::get().device(), placed.image_.size());
  placed.tensor_ = Tensor::device(placed.buffer_.get(), tensor.dtype, Dims(tensor.dims))
                       .with_offset(placed.origin_);
  placed.strided_ = placed.tensor_;
  // Dense ones are given without strides, as most hosts do.
  if (placed.strides_ != Argument::dense_strides(tensor.dims)) {
    placed.tensor_.with_strides(placed.strides_);
  }
  stream.write(placed.buffer_, 0, placed.image_.data(), placed.image_.size());
  return placed;
}

Placed& Placed::make_in_layout(Keeper& keeper, const Stream& stream, const HostTensor& tensor,
                               tn_layout layout, uint64_t alignment, bool output) {
  Placed& placed =
      make(keeper, stream, tensor, Argument::dense_strides(tensor.dims), alignment, 0, output);
  const Device& device = Target::get().device();
  placed.token_buffer_ =
      Buffer(device, device.layout_size(layout, tensor.dtype, Dims(tensor.dims)));
  placed.tensor_ = Tensor::device(placed.token_buffer_.get(), tensor.dtype, Dims(tensor.dims))
                       .with_layout(layout);
  // Every byte is NaN: what a reorder or a kernel fills up is written by it.
  stream.fill(placed.token_buffer_, 0, placed.token_buffer_.info().size, "\xff", 1);
  if (!output) stream.reorder(placed.tensor_, placed.strided_);
  return placed;
}

void Placed::read_back(Keeper& keeper, const Stream& stream) {
  if (token_buffer_.get() != nullptr) stream.reorder(strided_, tensor_);
  after_ = &keeper.make<Bytes>(image_.size());
  stream.read(after_->data(), buffer_, 0, after_->size());
}

HostTensor Placed::take(const Shape& dims, Real imaginary) {
  HostTensor actual(dtype_, dims);
  size_t next = 0;
  for_each_index(dims, [&](const Shape& index) {
    actual.values[next++] = decode_at(dtype_, after_->data(), bit_of(index), imaginary);
  });
  // What has been taken counts as untouched from here on.
  const uint64_t bits = tn_dtype_bits(dtype_);
  for_each_index(dims, [&](const Shape& index) {
    const uint64_t bit = bit_of(index);
    std::fill_n(after_->begin() + static_cast<long>(bit / 8), std::max<uint64_t>(bits / 8, 1),
                kUntouched);
  });
  return actual;
}

bool Placed::rest_is_untouched() const {
  return std::count(after_->begin(), after_->end(), kUntouched) ==
         static_cast<long>(after_->size());
}

}  // namespace tenon::conformance
