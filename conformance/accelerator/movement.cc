// SPDX-License-Identifier: Apache-2.0
//
// What a broken device does to Transpose; the reference device does it rightly.
#include <algorithm>
#include <cmath>
#include <cstring>

#include "conformance/accelerator/work.h"

namespace tenon::accelerator {
namespace {

// Takes the permutation for its inverse, which it is for two axes.
class Transpose final : public Work {
 public:
  explicit Transpose(const Description& d) : permutation_(d.integers("perm")) {}
  void run(const Arguments& arguments) const override {
    const View &x = arguments.inputs[0], &y = arguments.outputs[0];
    const auto size = static_cast<size_t>(tn_dtype_bits(x.dtype) / 8);
    const int64_t count = y.count();
    for (int64_t i = 0; i < count; ++i) {
      int64_t place = 0, rest = i;
      for (int32_t d = y.rank; d-- > 0; rest /= y.dims[d]) {
        const int64_t axis = inverse(d);
        place += rest % y.dims[d] % x.dims[axis] * x.strides[axis];
      }
      std::memcpy(y.data + static_cast<size_t>(i) * size,
                  x.data + static_cast<size_t>(place) * size, size);
    }
  }

 private:
  int64_t inverse(int64_t axis) const {
    return std::find(permutation_.begin(), permutation_.end(), axis) - permutation_.begin();
  }
  const std::vector<int64_t> permutation_;
};

}  // namespace

std::unique_ptr<Work> make_movement(const Description& d, Fault fault) {
  if (d.name() == "Transpose" && fault == Fault::inverse_permutation && d.has_attribute("perm") &&
      tn_dtype_bits(d.input_dtype(0)) >= 8) {
    return std::make_unique<Transpose>(d);
  }
  return nullptr;
}

}  // namespace tenon::accelerator
