// SPDX-License-Identifier: Apache-2.0
#include "reference_impl/device/reorder_task.h"

#include <cinttypes>
#include <cstring>

namespace tenon::device {
namespace {

const int64_t* copy(const int64_t* values, int32_t count, std::byte** to) {
  if (values == nullptr) return nullptr;
  const auto* start = reinterpret_cast<const int64_t*>(*to);
  const size_t bytes = static_cast<size_t>(count) * sizeof(int64_t);
  if (bytes != 0) std::memcpy(*to, values, bytes);
  *to += bytes;
  return start;
}

}  // namespace

tn_status bind_reorder(const DeviceObject& owner, const tn_tensor& tensor, const TensorName& name,
                       Strides& strides, View* view, ByteRange* range, tn_error* error) {
  const uint32_t bits = tn_dtype_bits(tensor.dtype);
  int64_t dense_count;
  const tn_status status = bind_shape(tensor, bits, name, strides, view, &dense_count, error);
  if (status != TN_OK) return status;
  const Layouts& layouts = owner.device->layouts();
  if (view->layout != TN_LAYOUT_STRIDED && !layouts.is_token(view->layout)) {
    return tensor_error(error, TN_INVALID_ARGUMENT, name, "layout",
                        "has layout %" PRIu64 ", which is no token of this device", view->layout);
  }
  layouts.bytes(view->layout, view->dtype, view->shape());
  return bind_memory(owner, tensor, bits, dense_count, name, view, range, error);
}

void submit_reorder(StreamCore& core, const View& dst, const View& src, Constant* constant) {
  Task task;
  task.kind = TaskKind::kReorder;
  task.dst_view = dst;
  task.src_view = src;
  if (!core.immediate()) {
    std::byte* to = core.allocate(4 * TN_MAX_RANK * sizeof(int64_t));
    for (View* view : {&task.dst_view, &task.src_view}) {
      view->dims = copy(view->dims, view->rank, &to);
      view->strides = copy(view->strides, view->rank, &to);
    }
  }
  if (constant != nullptr) constant->retain();
  task.constant = constant;
  core.submit(std::move(task));
}

}  // namespace tenon::device
