// SPDX-License-Identifier: Apache-2.0
#include "conformance/accelerator/layouts.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "conformance/accelerator/machine.h"

namespace tenon::accelerator {
namespace {

using Strides = std::array<int64_t, TN_MAX_RANK>;

// Dims and strides of a tensor while it is reordered: the caller's may be gone by then.
struct Form {
  explicit Form(const View& view) : view(view), count(view.count()) {
    std::copy_n(view.dims, view.rank, dims.begin());
    if (view.layout == kPacked) {
      packed_strides(view.dims, view.rank, strides.data());
    } else {
      std::copy_n(view.strides, view.rank, strides.begin());
    }
  }
  View view;  // But for its dims and strides.
  int64_t count;
  Strides dims{}, strides{};
};

// What a broken device does to the strides of a packed tensor with dims [N, C, H, W]: rows become
// columns, both on the way in and on the way out, so that only kernels can tell.
void exchange_rows(Form& form) {
  if (form.view.layout != kPacked || form.view.rank != 4) return;
  const int64_t channels = packed_channels(form.dims[1]);
  form.strides[2] = channels;
  form.strides[3] = channels * form.dims[2];
}

// Elements of the channels that a reorder moves.
int64_t moved_channels(const Machine& machine, const Form& to, const Form& from, bool from_host) {
  const int64_t all = to.view.rank >= 2 ? to.dims[1] : 0;
  const bool in = to.view.layout == kPacked, out = from.view.layout == kPacked;
  const bool wrong = (machine.broken(Fault::reorder_into_a_token) && in && !from_host) ||
                     (machine.broken(Fault::reorder_out_of_a_token) && out) ||
                     (machine.broken(Fault::packed_constants) && in && from_host);
  return wrong && all > kBlock ? all / kBlock * kBlock : all;
}

void move(const Machine& machine, Form to, Form from, bool from_host) {
  if (machine.broken(Fault::reorder_both_ways)) {
    exchange_rows(to);
    exchange_rows(from);
  }
  const auto size = static_cast<int64_t>(tn_dtype_bits(to.view.dtype) / 8);
  std::byte* const dst = machine.at(to.view.data);
  const std::byte* const src = machine.at(from.view.data);
  if (to.view.layout == kPacked && !machine.broken(Fault::padding_not_zeroed)) {
    zero_padding(dst, to.view.dtype, to.dims.data(), to.view.rank);
  }
  const int64_t channels = moved_channels(machine, to, from, from_host);
  Strides index{};
  for (int64_t n = to.count; n-- > 0;) {
    int64_t put = 0, get = 0;
    for (int32_t d = 0; d < to.view.rank; ++d) {
      const auto at = static_cast<size_t>(d);
      put += index[at] * to.strides[at];
      get += index[at] * from.strides[at];
    }
    if (to.view.rank < 2 || index[1] < channels) {
      std::memcpy(dst + put * size, src + get * size, static_cast<size_t>(size));
    }
    for (auto d = static_cast<size_t>(to.view.rank); d-- > 0;) {
      if (++index[d] < to.dims[d]) break;
      index[d] = 0;
    }
  }
}

class PackedLayouts final : public device::Layouts {
 public:
  bool is_token(tn_layout layout) const override { return layout == kPacked; }

  uint64_t bytes(tn_layout layout, tn_dtype dtype, std::span<const int64_t> dims) const override {
    if (layout != kPacked) return Layouts::bytes(layout, dtype, dims);
    if (!can_pack(dtype, static_cast<int32_t>(dims.size()))) {
      throw KernelError(TN_INVALID_ARGUMENT,
                        "packed tensors have channels, and elements of whole bytes");
    }
    if (dims[1] > INT64_MAX - kBlock) {
      throw KernelError(TN_OUT_OF_RANGE, "the tensor has more than 2^63 bytes");
    }
    Strides filled{};
    std::ranges::copy(dims, filled.begin());
    filled[1] = packed_channels(dims[1]);
    return device::strided_bytes(dtype, {filled.data(), dims.size()});
  }

  void reorder(const View& dst, const View& src, const Execution& execution) const override {
    if (dst.count() == 0) return;
    if (tn_dtype_bits(dst.dtype) < 8) return Layouts::reorder(dst, src, execution);
    const auto& queue = static_cast<const Queue&>(execution);
    const Machine& machine = queue.machine();
    // What a host hands over for a constant is not memory of the device.
    const bool from_host = machine.at(src.data) == src.data;
    queue.put([&machine, to = Form(dst), from = Form(src), from_host] {
      move(machine, to, from, from_host);
    });
  }
};

}  // namespace

void zero_padding(std::byte* data, tn_dtype dtype, const int64_t* dims, int32_t rank) {
  const int64_t size = tn_dtype_bits(dtype) / 8;
  const int64_t channels = dims[1], all = packed_channels(channels);
  int64_t rows = 1;
  for (int32_t d = 0; d < rank; ++d) rows *= d == 1 ? 1 : dims[d];
  for (int64_t row = 0; row < rows; ++row) {
    std::memset(data + (row * all + channels) * size, 0,
                static_cast<size_t>((all - channels) * size));
  }
}

const device::Layouts& layouts() {
  static const PackedLayouts self;
  return self;
}

}  // namespace tenon::accelerator
