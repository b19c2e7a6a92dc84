// SPDX-License-Identifier: Apache-2.0
//
// One element of each output, another one at each launch, is off by a little: a float by 32 units
// of its type (one of 8 bits by one), an integer by one, and a truth is a lie. What the suite
// grants must be less for every operator that the device claims.
#include <atomic>

#include "conformance/mutants/mutant.h"
#include "tenon/cpp/dtype.hpp"

namespace tenon::mutant {
namespace {

// Neighbouring numbers have neighbouring bits, so that adding to the bits goes up by units; NaN and
// infinity stay.
uint64_t nudged(tn_dtype dtype, uint64_t bits) {
  if (dtype == TN_BOOL) return bits ^ 1;
  const int fraction = element_type(dtype).form.mantissa_bits;
  if (fraction == 0) return bits + 1;
  const uint64_t width = tn_dtype_bits(dtype);
  const uint64_t exponent = (uint64_t{1} << (width - 1)) - (uint64_t{1} << fraction);
  if ((bits & exponent) == exponent) return bits;
  return bits + (width == 8 ? 1 : 32);
}

std::atomic<uint64_t> launches;

// An element's offset in elements; `which` counts in row-major order.
int64_t place_of(const tn_tensor& out, int64_t which) {
  int64_t place = 0, dense = 1;
  for (int32_t d = out.rank; d-- > 0; which /= out.dims[d], dense *= out.dims[d]) {
    place += which % out.dims[d] * (out.strides != nullptr ? out.strides[d] : dense);
  }
  return place;
}

void nudge(tn_stream* stream, const tn_tensor& out) {
  const uint64_t size = tn_dtype_bits(out.dtype) / 8;
  int64_t count = 1;
  for (int32_t d = 0; d < out.rank; ++d) count *= out.dims[d];
  if (count == 0) return;
  const auto which = static_cast<int64_t>(++launches * 7919 % static_cast<uint64_t>(count));
  if (size == 0 || size > 8) return;
  const uint64_t at = out.offset + static_cast<uint64_t>(place_of(out, which)) * size;
  uint64_t bits = 0;
  if (sound().stream_read(stream, &bits, out.buffer, at, size, nullptr) != TN_OK) return;
  if (sound().stream_synchronize(stream, nullptr) != TN_OK) return;
  bits = nudged(out.dtype, bits);
  sound().stream_write(stream, out.buffer, at, &bits, size, nullptr);
  sound().stream_synchronize(stream, nullptr);
}

}  // namespace

void mutate(tn_dispatch& table) {
  table.kernel_launch = [](tn_kernel* kernel, tn_stream* stream, const tn_launch* launch,
                           tn_error* error) {
    const tn_status status = sound().kernel_launch(kernel, stream, launch, error);
    for (size_t o = 0; status == TN_OK && o < launch->output_count; ++o) {
      const tn_tensor* out = launch->outputs[o];
      if (out != nullptr && out->buffer != nullptr && out->layout == TN_LAYOUT_STRIDED) {
        nudge(stream, *out);
      }
    }
    return status;
  };
}

}  // namespace tenon::mutant
