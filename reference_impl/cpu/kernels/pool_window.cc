// SPDX-License-Identifier: Apache-2.0
#include "reference_impl/cpu/kernels/pool_window.h"

#include <initializer_list>
#include <string>
#include <vector>

#include "reference_impl/cpu/kernels/sizes.h"

namespace tenon::cpu {

PoolWindow::PoolWindow(const Description& d, int32_t rank)
    : spatial(rank - 2), ceil_mode(d.integer("ceil_mode", 0) != 0) {
  const std::string name(d.name());
  if (spatial < 1 || spatial > 3) {
    throw KernelError(TN_UNSUPPORTED,
                      name + ": 1, 2 or 3 spatial dims, not " + std::to_string(spatial));
  }
  const std::string auto_pad = d.text("auto_pad", "NOTSET");
  if (auto_pad != "NOTSET") {
    throw KernelError(TN_UNSUPPORTED, name + ": auto_pad is resolved by the host");
  }
  const auto read = [&](const char* attribute, int64_t least,
                        std::initializer_list<int64_t*> lists) {
    const std::vector<int64_t> values = d.integers(attribute);
    if (values.empty()) return;
    if (values.size() != lists.size() * static_cast<size_t>(spatial)) {
      throw_invalid(name, std::string(attribute) + " has the wrong length");
    }
    auto value = values.begin();
    for (int64_t* list : lists) {
      for (int32_t axis = first_axis(); axis < 3; ++axis, ++value) {
        // Far beyond every memory; sums of several stay within int64.
        if (*value < least || *value > int64_t{1} << 48) {
          throw_invalid(name, std::string(attribute) + " has the value " + std::to_string(*value) +
                                  ", which is out of range");
        }
        list[axis] = *value;
      }
    }
  };
  if (!d.has_attribute("kernel_shape")) throw_invalid(name, "kernel_shape is missing");
  read("kernel_shape", 1, {kernel});
  read("strides", 1, {strides});
  read("dilations", 1, {dilations});
  read("pads", 0, {pads_begin, pads_end});
}

void PoolWindow::check(std::string_view op, const View& x, const View& y) const {
  bool fits =
      x.rank == spatial + 2 && y.rank == x.rank && x.dims[0] == y.dims[0] && x.dims[1] == y.dims[1];
  for (int32_t axis = first_axis(); fits && axis < 3; ++axis) {
    const auto positions = [&](bool ceil) {
      return window_positions(dim(x, axis), saturating_add(pads_begin[axis], pads_end[axis]),
                              kernel[axis], dilations[axis], strides[axis], ceil);
    };
    fits = dim(y, axis) >= positions(false) && dim(y, axis) <= positions(ceil_mode);
  }
  if (!fits) {
    throw_invalid(op, "dims do not fit: X " + dims_text(x.shape()) + ", Y " + dims_text(y.shape()));
  }
}

}  // namespace tenon::cpu
