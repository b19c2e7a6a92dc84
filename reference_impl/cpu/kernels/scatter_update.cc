// SPDX-License-Identifier: Apache-2.0
#include "reference_impl/cpu/kernels/scatter_update.h"

namespace tenon::cpu {

WideOutput::WideOutput(const View& output, std::byte* workspace, bool wide)
    : output_(output), copy_(output), wide_(wide) {
  if (!wide) return;
  View dense = output;
  dense.data = workspace;
  dense.dtype = TN_FLOAT32;
  copy_ = BuiltView(dense);
  int64_t strides[TN_MAX_RANK], step = 1;
  for (int32_t d = output.rank; d-- > 0; step *= output.dims[d]) strides[d] = step;
  for (int32_t d = 0; d < output.rank; ++d) copy_.add(output.dims[d], strides[d]);
}

namespace {

// Between the 16-bit type and float, elementwise.
template <class To, class From>
void convert(const View& to, const View& from, const Execution& execution) {
  const View* operands[] = {&to, &from};
  const StridedLoop<2> loop(operands, to.dims, to.rank);
  execution.parallel_for(loop.count(), 32768, [&](int64_t begin, int64_t end) {
    loop.rows(begin, end, [](std::byte* const* p, const int64_t* s, int64_t n) {
      for (int64_t i = 0; i < n; ++i)
        *reinterpret_cast<To*>(p[0] + i * s[0]) =
            store<To>(load(*reinterpret_cast<const From*>(p[1] + i * s[1])));
    });
  });
}

}  // namespace

void WideOutput::begin(const View* data, const Execution& execution) {
  // Zeros of every type are zero bytes: a view that shows one everywhere.
  static constexpr int64_t kStrides[TN_MAX_RANK] = {};
  static constexpr uint64_t kZero[2] = {};
  View zeros = output_;
  zeros.data = reinterpret_cast<std::byte*>(const_cast<uint64_t*>(kZero));
  zeros.strides = kStrides;
  const View& from = data ? *data : zeros;
  if (!wide_) {
    strided_copy(output_, from, execution);
  } else {
    visit_dtype<kHalfTypes>("scattering", output_.dtype, [&](auto type) {
      convert<float, typename decltype(type)::type>(copy_.view(), from, execution);
    });
  }
}

void WideOutput::end(const Execution& execution) {
  if (!wide_) return;
  visit_dtype<kHalfTypes>("scattering", output_.dtype, [&](auto type) {
    convert<typename decltype(type)::type, float>(output_, copy_.view(), execution);
  });
}

}  // namespace tenon::cpu
