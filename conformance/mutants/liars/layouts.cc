// SPDX-License-Identifier: Apache-2.0
//
// Layouts, reorders, constants, and work between devices.
#include <vector>

#include "conformance/mutants/liar.h"
#include "tenon/dtype.h"

namespace tenon::liar {
namespace {

bool is_token(const tn_tensor* tensor) {
  return tensor != nullptr && tensor->layout >= TN_LAYOUT_FIRST_TOKEN;
}

}  // namespace

TN_LIAR(layout_size_too_small) {
  table.layout_size = [](tn_device* device, tn_layout layout, tn_dtype dtype, int32_t rank,
                         const int64_t* dims, uint64_t* size, tn_error* error) {
    const tn_status status = sound().layout_size(device, layout, dtype, rank, dims, size, error);
    if (status == TN_OK && *size >= 8) *size -= 4;
    return status;
  };
}

TN_LIAR(unknown_token_accepted) {
  forgive<&tn_dispatch::layout_size, TN_INVALID_ARGUMENT>(table);
  forgive<&tn_dispatch::stream_reorder, TN_INVALID_ARGUMENT>(table);
}

TN_LIAR(reorder_ignores_strides) {
  table.stream_reorder = [](tn_stream* stream, const tn_tensor* dst, const tn_tensor* src,
                            tn_error* error) {
    if (dst == nullptr || src == nullptr) return sound().stream_reorder(stream, dst, src, error);
    tn_tensor to = *dst, from = *src;
    to.strides = from.strides = nullptr;
    return sound().stream_reorder(stream, &to, &from, error);
  };
}

// What is brought into a token lies there as it lay before, and comes back likewise.
TN_LIAR(reorder_into_a_token_is_a_copy) {
  table.stream_reorder = [](tn_stream* stream, const tn_tensor* dst, const tn_tensor* src,
                            tn_error* error) {
    if (!is_token(dst) && !is_token(src)) return sound().stream_reorder(stream, dst, src, error);
    uint64_t size = tn_dtype_bits(src->dtype) / 8;
    for (int32_t i = 0; i < src->rank; ++i) size *= static_cast<uint64_t>(src->dims[i]);
    return sound().stream_copy(stream, dst->buffer, dst->offset, src->buffer, src->offset, size,
                               error);
  };
}

TN_LIAR(any_layout_is_left_open) {
  table.kernel_supports = [](tn_device* device, const tn_kernel_desc* desc,
                             tn_kernel_support* support, tn_error* error) {
    const tn_status status = sound().kernel_supports(device, desc, support, error);
    if (status != TN_OK || !whole(support) || !whole(desc) || support->inputs == nullptr) {
      return status;
    }
    for (size_t i = 0; i < desc->input_count; ++i) {
      if (desc->inputs[i]->layout == TN_LAYOUT_ANY) support->inputs[i].layout = TN_LAYOUT_ANY;
    }
    return status;
  };
}

// -- Constants --

TN_LIAR(constants_leak) {
  table.constant_release = [](tn_constant*) {};
  table.device_close = [](tn_device*) {};
}

TN_LIAR(constants_are_not_counted) {
  table.device_get_memory = [](tn_device* device, tn_memory_info* info, tn_error* error) {
    const tn_status status = sound().device_get_memory(device, info, error);
    if (status == TN_OK && whole(info) && info->live_buffers == 0) info->live_bytes = 0;
    return status;
  };
}

TN_LIAR(constant_read_at_once) {
  table.constant_create = [](tn_device* device, const tn_constant_desc* desc,
                             tn_constant** constant, tn_error* error) {
    if (!whole(desc) || desc->stream == nullptr) {
      return sound().constant_create(device, desc, constant, error);
    }
    tn_constant_desc changed = *desc;
    tn_stream* own = nullptr;
    sound().stream_create(device, nullptr, &own, nullptr);
    changed.stream = own;
    const tn_status status = sound().constant_create(device, &changed, constant, error);
    sound().stream_synchronize(own, nullptr);
    sound().stream_destroy(own);
    return status;
  };
}

TN_LIAR(constant_of_other_dims) {
  table.constant_get_info = [](tn_constant* constant, tn_constant_info* info, tn_error* error) {
    const tn_status status = sound().constant_get_info(constant, info, error);
    if (status == TN_OK && whole(info)) std::swap(info->dims[0], info->dims[1]);
    return status;
  };
}

TN_LIAR(constant_without_bytes) {
  table.constant_get_info = [](tn_constant* constant, tn_constant_info* info, tn_error* error) {
    const tn_status status = sound().constant_get_info(constant, info, error);
    if (status == TN_OK && whole(info)) info->resident_bytes = 0;
    return status;
  };
}

// -- Between devices --

namespace {

template <class Functions>
const Functions* sound_table = nullptr;
template <class Functions>
Functions changed_table;

const char* name_of(const tn_peer_functions&) { return TN_EXTENSION_PEER; }
const char* name_of(const tn_device_functions&) { return TN_EXTENSION_DEVICE; }

template <class Functions, auto edit>
tn_status TN_CALL extension(tn_instance* instance, const char* name, uint32_t version,
                            const void** table, tn_error* error) {
  const tn_status status = sound().instance_extension(instance, name, version, table, error);
  Functions& changed = changed_table<Functions>;
  if (status != TN_OK || std::strcmp(name, name_of(changed)) != 0) return status;
  sound_table<Functions> = static_cast<const Functions*>(*table);
  changed = *sound_table<Functions>;
  edit(changed);
  *table = &changed;
  return status;
}

}  // namespace

TN_LIAR(peer_copy_ignores_offsets) {
  table.instance_extension = extension<tn_peer_functions, [](tn_peer_functions& functions) {
    functions.peer_copy = [](tn_stream* stream, tn_buffer* dst, uint64_t, tn_buffer* src, uint64_t,
                             uint64_t size, tn_error* error) {
      return sound_table<tn_peer_functions>->peer_copy(stream, dst, 0, src, 0, size, error);
    };
  }>;
}

TN_LIAR(peer_copy_accepts_any_range) {
  table.instance_extension = extension<tn_peer_functions, [](tn_peer_functions& functions) {
    functions.peer_copy = [](tn_stream* stream, tn_buffer* dst, uint64_t dst_offset, tn_buffer* src,
                             uint64_t src_offset, uint64_t size, tn_error* error) -> tn_status {
      sound_table<tn_peer_functions>->peer_copy(stream, dst, dst_offset, src, src_offset, size,
                                                error);
      return TN_OK;
    };
  }>;
}

TN_LIAR(peer_is_not_waited_for) {
  table.instance_extension = extension<tn_peer_functions, [](tn_peer_functions& functions) {
    functions.peer_wait_event = [](tn_stream*, tn_event* event, tn_error* error) -> tn_status {
      if (event != nullptr) return TN_OK;
      return plugin::set_error(error, TN_INVALID_ARGUMENT, nullptr, "event is NULL");
    };
  }>;
}

// -- Asking a device --

TN_LIAR(property_of_no_registry) {
  table.instance_extension = extension<tn_device_functions, [](tn_device_functions& functions) {
    functions.device_property = [](tn_device* device, size_t index, tn_property* property,
                                   tn_error* error) {
      const tn_status status =
          sound_table<tn_device_functions>->device_property(device, index, property, error);
      if (status == TN_OK && index == 0) plugin::copy_text(property->name, "compute_unitz");
      return status;
    };
  }>;
}

TN_LIAR(property_is_told_twice) {
  table.instance_extension = extension<tn_device_functions, [](tn_device_functions& functions) {
    functions.device_property = [](tn_device* device, size_t index, tn_property* property,
                                   tn_error* error) {
      return sound_table<tn_device_functions>->device_property(device, index == 1 ? 0 : index,
                                                               property, error);
    };
  }>;
}

TN_LIAR(option_that_does_not_open) {
  table.instance_extension = extension<tn_device_functions, [](tn_device_functions& functions) {
    functions.device_option = [](tn_device* device, size_t index, tn_option_info* option,
                                 tn_error* error) {
      const tn_status status =
          sound_table<tn_device_functions>->device_option(device, index, option, error);
      if (status == TN_OK && index == 0) plugin::copy_text(option->name, "turbo");
      return status;
    };
  }>;
}

TN_LIAR(default_that_is_refused) {
  table.instance_extension = extension<tn_device_functions, [](tn_device_functions& functions) {
    functions.device_option = [](tn_device* device, size_t index, tn_option_info* option,
                                 tn_error* error) {
      const tn_status status =
          sound_table<tn_device_functions>->device_option(device, index, option, error);
      if (status == TN_OK) plugin::copy_text(option->default_value, "the usual");
      return status;
    };
  }>;
}

TN_LIAR(trim_gives_ever_more) {
  table.instance_extension = extension<tn_device_functions, [](tn_device_functions& functions) {
    functions.device_trim = [](tn_device* device, uint64_t* released, tn_error* error) {
      const tn_status status =
          sound_table<tn_device_functions>->device_trim(device, released, error);
      if (status == TN_OK) *released = 4096;
      return status;
    };
  }>;
}

}  // namespace tenon::liar
