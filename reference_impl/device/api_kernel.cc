// SPDX-License-Identifier: Apache-2.0
//
// Functions 35 to 45: layouts, constants and kernels.
#include <memory>

#include "reference_impl/device/api.h"
#include "reference_impl/device/kernel_table.h"
#include "reference_impl/device/launch.h"
#include "reference_impl/device/reorder_task.h"

namespace tenon::device::api {
namespace {

struct ReleaseConstant {
  void operator()(Constant* constant) const { constant->release(); }
};

tn_status TN_CALL layout_size(tn_device* device, tn_layout layout, tn_dtype dtype, int32_t rank,
                              const int64_t* dims, uint64_t* size, tn_error* error) {
  return call<OpenDevice>(device, error, [&](OpenDevice& object) {
    require(size, "size");
    if (rank < 0 || rank > TN_MAX_RANK || (rank != 0 && dims == nullptr)) {
      plugin::fail_at("rank", TN_INVALID_ARGUMENT, nullptr,
                      "rank %d is not in 0 to %d, or there are no dims", rank, TN_MAX_RANK);
    }
    if (tn_dtype_bits(dtype) == 0) {
      plugin::fail_at("dtype", TN_UNSUPPORTED, nullptr, "element type %d is not known here", dtype);
    }
    *size = object.layouts().bytes(layout, dtype, {dims, static_cast<size_t>(rank)});
  });
}

// The value of a constant, on the device or on the host.
tn_status bind_value(const DeviceObject& owner, const tn_tensor& value, Strides& strides,
                     View* view, tn_error* error) {
  const TensorName name{"value"};
  if (value.buffer == nullptr) {
    const uint32_t bits = tn_dtype_bits(value.dtype);
    int64_t dense_count;
    const tn_status status = bind_shape(value, bits, name, strides, view, &dense_count, error);
    return status != TN_OK ? status : bind_host(value, name, view, error);
  }
  ByteRange range;
  return bind_reorder(owner, value, name, strides, view, &range, error);
}

tn_status TN_CALL constant_create(tn_device* device, const tn_constant_desc* given,
                                  tn_constant** constant, tn_error* error) {
  return call<OpenDevice>(device, error, [&](OpenDevice& owner) -> tn_status {
    plugin::clear(constant, "constant");
    const auto desc = plugin::read(given, "tn_constant_desc");
    require(desc.value, "desc->value");
    const DeviceObject self(owner);
    Strides strides;
    View value;
    const tn_status status = bind_value(self, *desc.value, strides, &value, error);
    if (status != TN_OK) return status;
    const std::unique_ptr<Constant, ReleaseConstant> made(
        Constant::make(owner, desc.layout, value.dtype, value.shape()));
    const View target = made->view();
    if (desc.stream != nullptr && desc.value->buffer != nullptr) {
      submit_reorder(*argument<Stream>(self, desc.stream, "stream").core, target, value,
                     made.get());
    } else {
      if (desc.value->buffer != nullptr) owner.synchronize(nullptr);
      owner.reorder_now(target, value);
    }
    made->retain();  // The caller's.
    *constant = plugin::handle_of<tn_constant>(made.get());
    return TN_OK;
  });
}

void TN_CALL constant_retain(tn_constant* constant) {
  call_void<Constant>(constant, [](Constant& object) { object.retain(); });
}

void TN_CALL constant_release(tn_constant* constant) {
  call_void<Constant>(constant, [](Constant& object) { object.release(); });
}

tn_status TN_CALL constant_get_info(tn_constant* constant, tn_constant_info* info,
                                    tn_error* error) {
  return call<Constant>(constant, error, [&](Constant& object) {
    plugin::write(info, object.info(), "tn_constant_info");
  });
}

tn_status TN_CALL kernel_supports(tn_device* device, const tn_kernel_desc* desc,
                                  tn_kernel_support* support, tn_error* error) {
  return call<OpenDevice>(device, error,
                          [&](OpenDevice& owner) { supports(owner, desc, support); });
}

tn_status TN_CALL kernel_create(tn_device* device, const tn_kernel_desc* desc, tn_kernel** kernel,
                                tn_error* error) {
  return call<OpenDevice>(device, error, [&](OpenDevice& owner) {
    plugin::clear(kernel, "kernel");
    *kernel = plugin::handle_of<tn_kernel>(make_kernel(owner, desc));
  });
}

void TN_CALL kernel_destroy(tn_kernel* kernel) {
  call_void<KernelObject>(kernel, [](KernelObject& object) { object.release(); });
}

tn_status TN_CALL kernel_get_info(tn_kernel* kernel, tn_kernel_info* info, tn_error* error) {
  return call<KernelObject>(kernel, error, [&](KernelObject& object) {
    require(info, "tn_kernel_info");
    auto answer = plugin::read(info, "tn_kernel_info");
    answer.resident_bytes = object.resident_bytes();
    answer.flags = object.needs_workspace() ? 0 : TN_KERNEL_NO_WORKSPACE;
    answer.reserved = 0;
    for (size_t i = 0; i < object.inputs().size() && answer.inputs != nullptr; ++i) {
      answer.inputs[i] = {0, 0, object.inputs()[i].layout};
    }
    for (size_t i = 0; i < object.outputs().size() && answer.outputs != nullptr; ++i) {
      answer.outputs[i] = {0, 0, object.outputs()[i].layout};
    }
    plugin::write(info, answer, "tn_kernel_info");
  });
}

tn_status TN_CALL kernel_output_dims(tn_kernel* kernel, const tn_launch* launch,
                                     int64_t* const* dims, tn_error* error) {
  return call<KernelObject>(kernel, error, [&](KernelObject& object) {
    require(dims, "dims");
    return output_dims(object, launch, dims, error);
  });
}

tn_status TN_CALL kernel_workspace_size(tn_kernel* kernel, const tn_launch* launch, uint64_t* size,
                                        tn_error* error) {
  return call<KernelObject>(kernel, error, [&](KernelObject& object) {
    require(size, "size");
    return workspace_size(object, launch, size, error);
  });
}

[[gnu::hot]] tn_status TN_CALL kernel_launch(tn_kernel* kernel, tn_stream* stream,
                                             const tn_launch* launch, tn_error* error) {
  return call<KernelObject>(kernel, error, [&](KernelObject& object) {
    return launch_kernel(object, argument<Stream>(object, stream, "stream"), launch, error);
  });
}

}  // namespace

void add_kernel_functions(tn_dispatch* table) {
  table->layout_size = layout_size;
  table->constant_create = constant_create;
  table->constant_retain = constant_retain;
  table->constant_release = constant_release;
  table->constant_get_info = constant_get_info;
  table->kernel_supports = kernel_supports;
  table->kernel_create = kernel_create;
  table->kernel_destroy = kernel_destroy;
  table->kernel_get_info = kernel_get_info;
  table->kernel_output_dims = kernel_output_dims;
  table->kernel_workspace_size = kernel_workspace_size;
  table->kernel_launch = kernel_launch;
}

}  // namespace tenon::device::api
