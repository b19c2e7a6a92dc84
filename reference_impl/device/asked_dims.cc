// SPDX-License-Identifier: Apache-2.0
#include "reference_impl/device/asked_dims.h"

#include <algorithm>
#include <string>

#include "tenon/device/operators/shape.h"

namespace tenon::device {

bool are_dims(std::span<const int64_t> dims) {
  int64_t count = 1;
  return std::ranges::none_of(dims, [&](int64_t dim) {
    return dim < 0 || __builtin_mul_overflow(count, std::max<int64_t>(dim, 1), &count) ||
           count > kMostElements;
  });
}

AskedDims::AskedDims(std::span<const View> outputs)
    : views_(outputs.begin(), outputs.end()), dims_(outputs.size()), said_(outputs.size()) {
  for (size_t i = 0; i < views_.size(); ++i) {
    dims_[i].fill(kNotSaid);
    View& view = views_[i];
    view.data = nullptr;
    view.dims = view.present() ? dims_[i].data() : kAbsentDims;
    view.strides = view.layout == TN_LAYOUT_STRIDED ? kAbsentDims : nullptr;
  }
}

void AskedDims::say(std::string_view op, const char* argument, size_t output,
                    std::span<const int64_t> dims) {
  const View& view = views_[output];
  if (!are_dims(dims)) {
    throw_invalid(op, std::string(argument) + " would have dims " + dims_text(dims));
  }
  if (dims.size() != static_cast<size_t>(view.rank)) {
    throw_invalid(op, std::string(argument) + " has dims " + dims_text(dims) +
                          ", the kernel is described with rank " + std::to_string(view.rank));
  }
  if (said_[output] && !std::ranges::equal(dims, view.shape())) {
    throw_dims(op, argument, view.shape(), dims);
  }
  std::ranges::copy(dims, dims_[output].begin());
  said_[output] = true;
}

void AskedDims::answer(std::string_view op, int64_t* const* dims) const {
  for (size_t i = 0; i < views_.size(); ++i) {
    if (dims[i] == nullptr || !views_[i].present() || said_[i]) continue;
    throw KernelError(TN_UNSUPPORTED,
                      std::string(op) + ": the caller alone decides the dims of output " +
                          std::to_string(i) + "; give it a tensor of those you want");
  }
  for (size_t i = 0; i < views_.size(); ++i) {
    if (dims[i] != nullptr && views_[i].present()) std::ranges::copy(views_[i].shape(), dims[i]);
  }
}

}  // namespace tenon::device
