// SPDX-License-Identifier: Apache-2.0
#include "reference_impl/device/constant.h"

#include <algorithm>
#include <memory>

namespace tenon::device {

void dense_strides(std::span<const int64_t> dims, int64_t* strides) {
  int64_t stride = 1;
  for (size_t i = dims.size(); i-- > 0;) {
    strides[i] = stride;
    stride *= dims[i];
  }
}

Constant* Constant::make(OpenDevice& device, tn_layout layout, tn_dtype dtype,
                         std::span<const int64_t> dims) {
  const uint64_t bytes = device.layouts().bytes(layout, dtype, dims);
  std::unique_ptr<Constant> constant(new Constant(device));
  constant->block_ = device.allocate_constant(bytes);
  std::copy(dims.begin(), dims.end(), constant->dims_.begin());
  dense_strides(dims, constant->strides_.data());
  View& view = constant->view_;
  view.data = bytes == 0 ? nullptr : constant->block_.data;
  view.dims = constant->dims_.data();
  view.strides = layout == TN_LAYOUT_STRIDED ? constant->strides_.data() : nullptr;
  view.rank = static_cast<int32_t>(dims.size());
  view.dtype = dtype;
  view.layout = layout;
  return constant.release();
}

void Constant::release() {
  if (references_.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
  // Kernels and tasks hold references: it is not used any more.
  device->memory().free(block_, false);
  delete this;
}

tn_constant_info Constant::info() const {
  tn_constant_info info{};
  info.struct_size = sizeof(info);
  info.resident_bytes = block_.size;
  info.layout = view_.layout;
  info.dtype = view_.dtype;
  info.rank = view_.rank;
  std::copy_n(dims_.begin(), view_.rank, info.dims);
  return info;
}

}  // namespace tenon::device
