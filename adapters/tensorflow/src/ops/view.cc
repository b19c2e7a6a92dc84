// SPDX-License-Identifier: Apache-2.0
#include "ops/view.h"

#include <algorithm>

#include "status.h"

namespace tenon::tensorflow {

void Dims::push_back(int64_t value) {
  if (size_ == TN_MAX_RANK) {
    unimplemented("tensors of more than " + std::to_string(TN_MAX_RANK) + " dimensions");
  }
  values_[size_++] = value;
}

void Dims::insert(int32_t at, int64_t value) {
  push_back(value);
  for (int32_t i = size_ - 1; i > at; --i) values_[i] = values_[i - 1];
  values_[at] = value;
}

void Dims::erase(int32_t at) {
  for (int32_t i = at; i + 1 < size_; ++i) values_[i] = values_[i + 1];
  --size_;
}

int64_t Dims::product() const {
  int64_t result = 1;
  for (int64_t value : *this) result *= value;
  return result;
}

std::string Dims::text() const {
  std::string text = "[";
  for (int32_t i = 0; i < size_; ++i) {
    if (i > 0) text += ',';
    text += std::to_string(values_[i]);
  }
  return text + "]";
}

bool operator==(const Dims& a, const Dims& b) {
  return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin());
}

namespace {

// The dims from the right, 1 where there are none.
int64_t from_right(const Dims& dims, int32_t i) {
  return i <= dims.size() ? dims[dims.size() - i] : 1;
}

}  // namespace

bool broadcasts(const Dims& a, const Dims& b) {
  for (int32_t i = 1; i <= std::min(a.size(), b.size()); ++i) {
    const int64_t left = from_right(a, i);
    const int64_t right = from_right(b, i);
    if (left != right && left != 1 && right != 1) return false;
  }
  return true;
}

Dims broadcast_dims(const Dims& a, const Dims& b) {
  if (a == b) return a;
  if (!broadcasts(a, b)) {
    invalid_argument("Incompatible shapes: " + a.text() + " vs. " + b.text());
  }
  const int32_t rank = std::max(a.size(), b.size());
  Dims result = Dims::filled(rank, 1);
  for (int32_t i = 1; i <= rank; ++i) {
    const int64_t left = from_right(a, i);
    result[rank - i] = left == 1 ? from_right(b, i) : left;
  }
  return result;
}

int32_t normal_axis(int64_t axis, int32_t rank) {
  const int64_t result = axis < 0 ? axis + rank : axis;
  if (result < 0 || result >= rank) {
    invalid_argument("axis " + std::to_string(axis) + " is out of range for a tensor of " +
                     std::to_string(rank) + " dimensions");
  }
  return static_cast<int32_t>(result);
}

int64_t View::stride(int32_t axis) const {
  if (!dense) return strides[axis];
  int64_t stride = 1;
  for (int32_t i = rank() - 1; i > axis; --i) stride *= dims[i];
  return stride;
}

View View::strided() const {
  if (!dense) return *this;
  View view = *this;
  view.dense = false;
  view.strides = Dims::filled(rank(), 1);
  for (int32_t i = rank() - 2; i >= 0; --i) {
    view.strides[i] = view.strides[i + 1] * std::max<int64_t>(dims[i + 1], 1);
  }
  return view;
}

View View::permuted(std::span<const int64_t> order) const {
  const View from = strided();
  View view = from;
  bool same = true;
  for (int32_t i = 0; i < rank(); ++i) {
    const auto axis = static_cast<int32_t>(order[static_cast<size_t>(i)]);
    view.dims[i] = from.dims[axis];
    view.strides[i] = from.strides[axis];
    same = same && axis == i;
  }
  return same ? *this : view;
}

View View::broadcast_to(const Dims& shape) const {
  if (dims == shape) return *this;
  const View from = strided();
  View view = from;
  view.dims = shape;
  view.strides = Dims::filled(shape.size(), 0);
  const int32_t added = shape.size() - rank();
  if (added < 0) invalid_argument("Incompatible shapes: " + dims.text() + " vs. " + shape.text());
  for (int32_t i = 0; i < rank(); ++i) {
    if (from.dims[i] == shape[i + added]) {
      view.strides[i + added] = from.strides[i];
    } else if (from.dims[i] != 1) {
      invalid_argument("Incompatible shapes: " + dims.text() + " vs. " + shape.text());
    }
  }
  return view;
}

View View::sliced(int32_t axis, int64_t start, int64_t count, int64_t step) const {
  if (start == 0 && count == dims[axis] && step == 1) return *this;
  View view = strided();
  view.data += start * view.strides[axis] * (tn_dtype_bits(dtype) / 8);
  view.dims[axis] = count;
  view.strides[axis] *= step;
  return view;
}

View View::with_axis(int32_t at, int64_t size) const {
  View view = *this;
  if (!dense || size != 1) {
    view = strided();
    view.strides.insert(at, 0);
  }
  view.dims.insert(at, size);
  return view;
}

View View::without_axis(int32_t at) const {
  View view = *this;
  view.dims.erase(at);
  if (!dense) view.strides.erase(at);
  return view;
}

View View::reshaped(const Dims& shape) const { return View(data, dtype, shape); }

bool View::merge(int32_t first, int32_t last, View* merged) const {
  View view = strided();
  const bool empty = count() == 0;  // Whose strides say nothing.
  int64_t size = 1;
  int64_t stride = 1;
  bool any = false;
  for (int32_t i = last - 1; i >= first; --i) {
    if (view.dims[i] == 1) continue;
    if (!any) {
      stride = view.strides[i];
      any = true;
    } else if (!empty && view.strides[i] != stride * size) {
      return false;
    }
    size *= view.dims[i];
  }
  for (int32_t i = first; i < last; ++i) {
    view.dims.erase(first);
    view.strides.erase(first);
  }
  view.dims.insert(first, size);
  view.strides.insert(first, stride);
  *merged = view;
  return true;
}

View View::split_axis(int32_t axis, const Dims& sizes) const {
  View view = strided();
  int64_t stride = view.strides[axis];
  view.dims.erase(axis);
  view.strides.erase(axis);
  for (int32_t i = sizes.size() - 1; i >= 0; --i) {
    view.dims.insert(axis, sizes[i]);
    view.strides.insert(axis, stride);
    stride *= sizes[i];
  }
  return view;
}

View View::channels_first() const {
  Dims order{0, rank() - 1};
  for (int32_t i = 1; i + 1 < rank(); ++i) order.push_back(i);
  return permuted(order);
}

View View::filter_first() const {
  Dims order{rank() - 1, rank() - 2};
  for (int32_t i = 0; i + 2 < rank(); ++i) order.push_back(i);
  return permuted(order);
}

}  // namespace tenon::tensorflow
