// SPDX-License-Identifier: Apache-2.0
#include "reference_impl/device/bind_tensor.h"

#include <cinttypes>
#include <cstdarg>
#include <cstdio>
#include <string>

#include "reference_impl/device/asked_dims.h"
#include "reference_impl/device/buffer.h"
#include "reference_impl/device/overlap.h"

namespace tenon::device {
namespace {

// The bytes that a strided view reaches, relative to its first element: [begin, end).
enum class Reach { kSome, kNone, kTooFar };

Reach reach_of(const View& view, int64_t bits, int64_t* begin, int64_t* end) {
  int64_t low = 0;
  int64_t high = 0;
  bool overflow = false;
  for (int32_t i = 0; i < view.rank; ++i) {
    const int64_t steps = view.dims[i] - 1;
    if (steps < 0) return Reach::kNone;
    int64_t distance;
    overflow |= __builtin_mul_overflow(view.strides[i], steps, &distance);
    int64_t& side = distance < 0 ? low : high;
    overflow |= __builtin_add_overflow(side, distance, &side);
  }
  if (overflow || low < -kMostElements || high > kMostElements) return Reach::kTooFar;
  *begin = low * bits >> 3;
  *end = ((high + 1) * bits + 7) >> 3;
  return Reach::kSome;
}

bool is_empty(const View& view) {
  for (int32_t i = 0; i < view.rank; ++i) {
    if (view.dims[i] == 0) return true;
  }
  return false;
}

// A stride of a dim of 1 may be any, and kernels compute with strides.
bool has_far_strides(const View& view) {
  for (int32_t i = 0; i < view.rank; ++i) {
    if (view.dims[i] == 1 && (view.strides[i] < -kMostElements || view.strides[i] > kMostElements))
      return true;
  }
  return false;
}

// Takes dense strides for dims of 1, which are in `strides`, and the others of the view.
[[gnu::noinline]] tn_status shorten_strides(const TensorName& name, Strides& strides, View* view,
                                            tn_error* error) {
  for (int32_t i = 0; i < view->rank; ++i) {
    if (view->dims[i] != 1) strides[static_cast<size_t>(i)] = view->strides[i];
  }
  // Launches look only at strides that are the caller's: those here are dense as a rule.
  if (name.written && overlaps_itself(*view)) {
    return tensor_error(error, TN_OVERLAP, name, nullptr,
                        "has strides that address some memory twice");
  }
  view->strides = strides.data();
  return TN_OK;
}

tn_status out_of_range(tn_error* error, const TensorName& name, const Buffer& buffer,
                       uint64_t offset) {
  return tensor_error(error, TN_OUT_OF_RANGE, name, "offset",
                      "at offset %" PRIu64 " reaches beyond the buffer's %" PRIu64 " bytes", offset,
                      buffer.size());
}

tn_status foreign_buffer(tn_error* error, const TensorName& name) {
  return tensor_error(error, TN_INVALID_ARGUMENT, name, "buffer", "is a buffer of another device");
}

// Of a buffer that may be mapped, or only be read: whether these bytes of it may be used.
[[gnu::noinline]] tn_status check_use(const Buffer& buffer, uint64_t first, uint64_t size,
                                      const TensorName& name, const View& view, tn_error* error) {
  if (name.written && buffer.read_only()) {
    return tensor_error(error, TN_INVALID_ARGUMENT, name, "buffer",
                        "lies in memory that may only be read");
  }
  // A view with gaps may go around a mapped range; then the host has to know.
  if (buffer.is_mapped(first, size) && (view.strides == nullptr || view.dense())) {
    return tensor_error(error, TN_INVALID_STATE, name, "buffer", "is mapped by the host");
  }
  return TN_OK;
}

// The bytes [begin, end) from the tensor's offset on.
tn_status bind_bytes(const DeviceObject& owner, const tn_tensor& tensor, uint32_t bits,
                     const TensorName& name, int64_t begin, int64_t end, View* view,
                     ByteRange* range, tn_error* error) {
  if (!owner.shares_device(tensor.buffer)) return foreign_buffer(error, name);
  const auto& buffer = *plugin::object_of<Buffer>(tensor.buffer);
  if (bits > 8 && (tensor.offset & (bits / 8 - 1)) != 0) {
    return tensor_error(error, TN_INVALID_ARGUMENT, name, "offset",
                        "has offset %" PRIu64 ", no multiple of its element size", tensor.offset);
  }
  if (tensor.offset > buffer.size()) return out_of_range(error, name, buffer, tensor.offset);
  if (begin < -static_cast<int64_t>(tensor.offset) ||
      static_cast<uint64_t>(end) > buffer.size() - tensor.offset) {
    return out_of_range(error, name, buffer, tensor.offset);
  }
  const uint64_t first = tensor.offset + static_cast<uint64_t>(begin);
  const auto size = static_cast<uint64_t>(end - begin);
  if (buffer.needs_a_look()) [[unlikely]] {
    const tn_status status = check_use(buffer, first, size, name, *view, error);
    if (status != TN_OK) return status;
  }
  view->data = buffer.data() + tensor.offset;
  const auto base = reinterpret_cast<uintptr_t>(buffer.data());
  *range = {base + first, base + first + size};
  return TN_OK;
}

}  // namespace

tn_status tensor_error(tn_error* error, tn_status status, const TensorName& name, const char* field,
                       const char* format, ...) {
  if (error == nullptr) return status;
  char text[512];
  va_list arguments;
  va_start(arguments, format);
  std::vsnprintf(text, sizeof(text), format, arguments);
  va_end(arguments);
  if (name.kernel == nullptr) {
    plugin::set_error(error, status, nullptr, "%s %s", name.role, text);
    std::snprintf(text, sizeof(text), "%s", name.role);
  } else {
    plugin::set_error(error, status, nullptr, "%s %zu of %s %s", name.role, name.index, name.kernel,
                      text);
    std::snprintf(text, sizeof(text), "launch->%ss[%zu]", name.role, name.index);
  }
  std::string argument = text;
  if (field != nullptr) argument.append("->").append(field);
  plugin::set_error_argument(error, argument.c_str());
  return status;
}

tn_status bind_shape(const tn_tensor& tensor, uint32_t bits, const TensorName& name,
                     Strides& strides, View* view, int64_t* dense_count, tn_error* error) {
  *dense_count = kNotDense;
  const int32_t rank = tensor.rank;
  if (rank < 0 || rank > TN_MAX_RANK) {
    return tensor_error(error, TN_INVALID_ARGUMENT, name, "rank", "has rank %d; the most is %d",
                        rank, TN_MAX_RANK);
  }
  if (rank != 0 && tensor.dims == nullptr) {
    return tensor_error(error, TN_INVALID_ARGUMENT, name, "dims", "has no dims");
  }
  if (bits == 0) {
    return tensor_error(error, TN_UNSUPPORTED, name, "dtype", "has unknown element type %d",
                        tensor.dtype);
  }
  view->dims = tensor.dims;
  view->rank = rank;
  view->dtype = tensor.dtype;
  view->layout = tensor.layout;
  view->data = nullptr;
  view->strides = tensor.strides;
  int64_t count = 1;
  bool fits = true;
  bool empty = false;
  bool dense = true;
  for (int32_t i = rank; i-- > 0;) {
    const int64_t dim = tensor.dims[i];
    if (dim < 0) {
      return tensor_error(error, TN_INVALID_ARGUMENT, name, "dims", "has dim %d of %" PRId64, i,
                          dim);
    }
    strides[static_cast<size_t>(i)] = count;
    dense &= dim <= 1 || tensor.strides == nullptr || tensor.strides[i] == count;
    empty |= dim == 0;
    fits &= !__builtin_mul_overflow(count, dim == 0 ? 1 : dim, &count);
  }
  if (tensor.layout != TN_LAYOUT_STRIDED) {
    if (tensor.strides != nullptr) {
      return tensor_error(error, TN_INVALID_ARGUMENT, name, "strides",
                          "has strides and a layout token");
    }
    return TN_OK;
  }
  // Of an empty tensor too: kernels compute with its other dims.
  if (!fits || count > kMostElements) {
    return tensor_error(error, TN_OUT_OF_RANGE, name, "dims", "has more than 2^55 elements");
  }
  // Strides of no elements may be any: kernels see such that they cannot overflow with.
  if (dense || empty) {
    view->strides = strides.data();
    *dense_count = empty ? 0 : count;
    return TN_OK;
  }
  if (bits < 8 && rank > 0 && tensor.dims[rank - 1] > 1 && tensor.strides[rank - 1] != 1) {
    return tensor_error(error, TN_INVALID_ARGUMENT, name, "strides",
                        "has elements below a byte and a last dim that is not dense");
  }
  return has_far_strides(*view) ? shorten_strides(name, strides, view, error) : TN_OK;
}

tn_status match_spec(const ArgumentSpec& spec, const View& view, const TensorName& name,
                     tn_error* error) {
  if (view.rank != spec.rank) {
    return tensor_error(error, TN_INVALID_ARGUMENT, name, "rank", "has rank %d, described was %d",
                        view.rank, spec.rank);
  }
  if (view.layout != spec.layout) {
    return tensor_error(error, TN_INVALID_ARGUMENT, name, "layout",
                        "has layout %" PRIu64 ", the kernel takes %" PRIu64, view.layout,
                        spec.layout);
  }
  if (!spec.constrained) return TN_OK;
  for (int32_t i = 0; i < view.rank; ++i) {
    const auto at = static_cast<size_t>(i);
    const int64_t dim = view.dims[i];
    if (spec.dims[at] != TN_DYNAMIC && dim != spec.dims[at]) {
      return tensor_error(error, TN_INVALID_ARGUMENT, name, "dims",
                          "has dim %d of %" PRId64 ", described was %" PRId64, i, dim,
                          spec.dims[at]);
    }
    if (spec.max_dims[at] != 0 && dim > spec.max_dims[at]) {
      return tensor_error(error, TN_INVALID_ARGUMENT, name, "dims",
                          "has dim %d of %" PRId64 ", described was at most %" PRId64, i, dim,
                          spec.max_dims[at]);
    }
    if (dim < spec.min_dims[at]) {
      return tensor_error(error, TN_INVALID_ARGUMENT, name, "dims",
                          "has dim %d of %" PRId64 ", described was at least %" PRId64, i, dim,
                          spec.min_dims[at]);
    }
    if (view.strides != nullptr && spec.strides[at] != TN_DYNAMIC && dim > 1 &&
        view.strides[i] != spec.strides[at] && view.count() != 0) {
      return tensor_error(error, TN_INVALID_ARGUMENT, name, "strides",
                          "has stride %d of %" PRId64 ", described was %" PRId64, i,
                          view.strides[i], spec.strides[at]);
    }
  }
  if (spec.dense && view.strides != nullptr && !view.dense()) {
    return tensor_error(error, TN_INVALID_ARGUMENT, name, "strides",
                        "has gaps or another order, described was dense row-major");
  }
  return TN_OK;
}

tn_status bind_memory(const DeviceObject& owner, const tn_tensor& tensor, uint32_t bits,
                      int64_t dense_count, const TensorName& name, View* view, ByteRange* range,
                      tn_error* error) {
  *range = {};
  if (tensor.buffer == nullptr) {
    if (is_empty(*view)) return TN_OK;
    return tensor_error(error, TN_INVALID_ARGUMENT, name, "buffer", "has no buffer");
  }
  if (!owner.shares_device(tensor.buffer)) return foreign_buffer(error, name);
  int64_t begin = 0;
  int64_t end = 0;
  if (dense_count != kNotDense) {
    if (dense_count == 0) return TN_OK;
    end = (dense_count * bits + 7) >> 3;
  } else if (view->layout == TN_LAYOUT_STRIDED) {
    const Reach reach = reach_of(*view, bits, &begin, &end);
    if (reach == Reach::kNone) return TN_OK;
    if (reach == Reach::kTooFar) {
      return out_of_range(error, name, *plugin::object_of<Buffer>(tensor.buffer), tensor.offset);
    }
  } else {
    if (is_empty(*view)) return TN_OK;
    end = static_cast<int64_t>(
        owner.device->layouts().bytes(view->layout, view->dtype, view->shape()));
  }
  return bind_bytes(owner, tensor, bits, name, begin, end, view, range, error);
}

tn_status bind_host(const tn_tensor& tensor, const TensorName& name, View* view, tn_error* error) {
  if (tensor.buffer != nullptr) {
    return tensor_error(error, TN_INVALID_ARGUMENT, name, "buffer",
                        "is described as host values, but has a buffer");
  }
  if (tensor.layout != TN_LAYOUT_STRIDED || !view->dense()) {
    return tensor_error(error, TN_INVALID_ARGUMENT, name, "strides",
                        "has host values that are not dense");
  }
  if (tensor.host_data == nullptr && view->count() != 0) {
    return tensor_error(error, TN_INVALID_ARGUMENT, name, "host_data", "has no host data");
  }
  // Kernels do not write to inputs.
  view->data = static_cast<std::byte*>(const_cast<void*>(tensor.host_data));
  return TN_OK;
}

}  // namespace tenon::device
