// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <bit>

#include "conformance/accelerator/work.h"
#include "tenon/device/operators/number.h"

namespace tenon::accelerator {
namespace {

using namespace device;  // NOLINT(google-build-using-namespace)

// Calls visit(i, place) for element i of a view, row by row.
template <class Visit>
void for_each(const View& view, Visit visit) {
  std::array<int64_t, TN_MAX_RANK> index{};
  const int64_t count = view.count();
  for (int64_t i = 0; i < count; ++i) {
    int64_t place = 0;
    for (int32_t d = 0; d < view.rank; ++d)
      place += index[static_cast<size_t>(d)] * view.strides[d];
    visit(i, place);
    for (int32_t d = view.rank; d-- > 0;) {
      if (++index[static_cast<size_t>(d)] < view.dims[d]) break;
      index[static_cast<size_t>(d)] = 0;
    }
  }
}

template <class T>
void load_as(const View& view, Numbers& numbers) {
  for_each(view, [&](int64_t i, int64_t place) {
    numbers.at(i) = static_cast<double>(device::load(view.as<T>()[place]));
  });
}

// The nearest bfloat16, or the next one toward zero.
BFloat16 to_bfloat16_of(double value, bool toward_zero) {
  const auto single = static_cast<float>(value);
  if (!toward_zero) return to_bfloat16(single);
  return {static_cast<uint16_t>(std::bit_cast<uint32_t>(single) >> 16)};
}

Float16 to_float16_of(double value, bool saturates) {
  if (saturates && value > 65504) value = 65504;
  if (saturates && value < -65504) value = -65504;
  return to_float16(static_cast<float>(value));
}

}  // namespace

Numbers like(const View& view) {
  Numbers numbers;
  if (!view.present()) return numbers;
  numbers.dims.assign(view.dims, view.dims + view.rank);
  numbers.dtype = view.dtype;
  numbers.values.resize(static_cast<size_t>(view.count()));
  return numbers;
}

Numbers load(const View& view) {
  Numbers numbers = like(view);
  switch (view.dtype) {
    case TN_FLOAT32:
      load_as<float>(view, numbers);
      break;
    case TN_FLOAT16:
      load_as<Float16>(view, numbers);
      break;
    case TN_BFLOAT16:
      load_as<BFloat16>(view, numbers);
      break;
    case TN_INT32:
      load_as<int32_t>(view, numbers);
      break;
    default:
      break;
  }
  return numbers;
}

void store(const Numbers& numbers, const View& view, Fault fault) {
  for_each(view, [&](int64_t i, int64_t place) {
    const double value = numbers.at(i);
    switch (view.dtype) {
      case TN_FLOAT32:
        view.as<float>()[place] = static_cast<float>(value);
        break;
      case TN_FLOAT16:
        view.as<Float16>()[place] = to_float16_of(value, fault == Fault::float16_saturates);
        break;
      case TN_BFLOAT16:
        view.as<BFloat16>()[place] = to_bfloat16_of(value, fault == Fault::bfloat16_toward_zero);
        break;
      default:
        view.as<int32_t>()[place] = static_cast<int32_t>(value);
    }
  });
}

std::unique_ptr<Work> make_work(const Description& d, Fault fault) {
  for (const auto make : {make_product, make_convolution, make_pool, make_rows, make_elementwise}) {
    if (auto work = make(d, fault)) return work;
  }
  return nullptr;
}

}  // namespace tenon::accelerator
