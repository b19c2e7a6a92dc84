// SPDX-License-Identifier: Apache-2.0
#include "ops/shape.h"

#include "status.h"

namespace tenon::tensorflow {
namespace {

[[noreturn]] void overflow(const char* what, int64_t a, int64_t b) {
  invalid_argument(std::string("Encountered overflow when ") + what + " " + std::to_string(a) +
                   " and " + std::to_string(b));
}

}  // namespace

void check_shape(const Dims& dims) {
  int64_t count = 1;
  for (int32_t i = 0; i < dims.size(); ++i) {
    if (dims[i] < 0) {
      invalid_argument("Dimension " + std::to_string(i) + " must be >= 0, got " +
                       std::to_string(dims[i]) + " in shape " + dims.text());
    }
    if (__builtin_mul_overflow(count, dims[i], &count)) {
      invalid_argument("Encountered overflow when multiplying the dimensions of shape " +
                       dims.text());
    }
  }
}

int64_t checked_sum(int64_t a, int64_t b) {
  int64_t result = 0;
  if (__builtin_add_overflow(a, b, &result)) overflow("adding", a, b);
  return result;
}

int64_t checked_product(int64_t a, int64_t b) {
  int64_t result = 0;
  if (__builtin_mul_overflow(a, b, &result)) overflow("multiplying", a, b);
  return result;
}

void require_scalar(const char* name, const View& value) {
  if (value.rank() != 0) {
    invalid_argument(std::string(name) + " must be a scalar, got shape " + value.dims.text());
  }
}

void require_same_shape(const View& a, const View& b) {
  if (!(a.dims == b.dims)) {
    invalid_argument("inputs must have the same size and shape: " + a.dims.text() +
                     " != " + b.dims.text());
  }
}

}  // namespace tenon::tensorflow
