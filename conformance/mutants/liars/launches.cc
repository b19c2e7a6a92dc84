// SPDX-License-Identifier: Apache-2.0
//
// Launches: what they read and write besides, what they refuse, and what they leave behind.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <thread>
#include <vector>

#include "conformance/mutants/inputs.h"
#include "conformance/mutants/liar.h"
#include "tenon/dtype.h"

namespace tenon::liar {
namespace {

// Behind each launch that was queued, something is done to each of its outputs, in order.
template <auto spoil>
tn_status TN_CALL launch_and_spoil(tn_kernel* kernel, tn_stream* stream, const tn_launch* launch,
                                   tn_error* error) {
  const tn_status status = sound().kernel_launch(kernel, stream, launch, error);
  for (size_t o = 0; status == TN_OK && o < launch->output_count; ++o) {
    const tn_tensor* const output = launch->outputs[o];
    if (output != nullptr && output->buffer != nullptr && output->layout == TN_LAYOUT_STRIDED) {
      spoil(stream, *output);
    }
  }
  return status;
}

uint64_t bytes_of(const tn_tensor& tensor) { return tn_dtype_bits(tensor.dtype) / 8; }

uint64_t count_of(const tn_tensor& tensor) {
  uint64_t count = 1;
  for (int32_t i = 0; i < tensor.rank; ++i) count *= static_cast<uint64_t>(tensor.dims[i]);
  return count;
}

// The first byte behind the last element.
uint64_t end_of(const tn_tensor& tensor) {
  int64_t last = 0;
  for (int32_t i = 0; i < tensor.rank && tensor.strides != nullptr; ++i) {
    last += (tensor.dims[i] - 1) * std::max<int64_t>(tensor.strides[i], 0);
  }
  const uint64_t elements =
      tensor.strides != nullptr ? static_cast<uint64_t>(last) + 1 : count_of(tensor);
  return tensor.offset + elements * bytes_of(tensor);
}

// Of the dims that have more than one element; 0 where none has.
int64_t least_stride_of(const tn_tensor& tensor) {
  int64_t least = 0;
  for (int32_t i = 0; i < tensor.rank; ++i) {
    const int64_t stride = tensor.dims[i] < 2 ? 0 : tensor.strides[i];
    if (stride != 0 && (least == 0 || stride < least)) least = stride;
  }
  return least;
}

// A launch whose inputs are changed.
template <auto edit>
tn_status TN_CALL launch_otherwise(tn_kernel* kernel, tn_stream* stream, const tn_launch* launch,
                                   tn_error* error) {
  if (launch == nullptr) return sound().kernel_launch(kernel, stream, launch, error);
  ChangedInputs changed(*launch);
  for (tn_tensor& tensor : changed.tensors) edit(tensor);
  return sound().kernel_launch(kernel, stream, changed.launch(), error);
}

}  // namespace

// -- What is read --

TN_LIAR(ignored_offset) {
  table.kernel_launch = launch_otherwise<[](tn_tensor& input) { input.offset = 0; }>;
}

TN_LIAR(ignored_stride) {
  table.kernel_launch = launch_otherwise<[](tn_tensor& input) { input.strides = nullptr; }>;
  table.kernel_create = [](tn_device* device, const tn_kernel_desc* desc, tn_kernel** kernel,
                           tn_error* error) {
    if (!whole(desc)) return sound().kernel_create(device, desc, kernel, error);
    std::vector<tn_argument> arguments;
    std::vector<const tn_argument*> pointers;
    arguments.reserve(desc->input_count);
    for (size_t i = 0; i < desc->input_count; ++i) {
      const tn_argument* const input = desc->inputs[i];
      pointers.push_back(input);  // A longer one goes on as it is.
      if (!whole(input)) continue;
      arguments.push_back(*input);
      arguments.back().strides = nullptr;
      pointers.back() = &arguments.back();
    }
    tn_kernel_desc changed = *desc;
    changed.inputs = pointers.data();
    return sound().kernel_create(device, &changed, kernel, error);
  };
}

namespace {

using Bytes = std::vector<unsigned char>;
Kept<std::pair<tn_kernel*, size_t>, std::shared_ptr<Bytes>> scalars;

// Host scalars of an earlier launch of the kernel: the one before, or the first one.
enum class Stale { kFirst, kBefore };

template <Stale stale>
void take_stale_scalars(tn_dispatch& table) {
  table.kernel_launch = [](tn_kernel* kernel, tn_stream* stream, const tn_launch* launch,
                           tn_error* error) {
    if (launch == nullptr) return sound().kernel_launch(kernel, stream, launch, error);
    ChangedInputs changed(*launch);
    std::vector<std::shared_ptr<Bytes>> held;
    for (size_t i = 0; i < changed.tensors.size(); ++i) {
      tn_tensor& tensor = changed.tensors[i];
      if (tensor.host_data == nullptr || tensor.rank != 0) continue;
      const auto* bytes = static_cast<const unsigned char*>(tensor.host_data);
      const auto now = std::make_shared<Bytes>(bytes, bytes + bytes_of(tensor));
      held.push_back(scalars.first({kernel, i}, now));
      tensor.host_data = held.back()->data();
      if constexpr (stale == Stale::kBefore) scalars.put({kernel, i}, now);
    }
    return sound().kernel_launch(kernel, stream, changed.launch(), error);
  };
  table.kernel_destroy = [](tn_kernel* kernel) {
    for (size_t i = 0; i < 64; ++i) scalars.drop({kernel, i});
    sound().kernel_destroy(kernel);
  };
}

}  // namespace

TN_LIAR(scalars_of_the_first_launch) { take_stale_scalars<Stale::kFirst>(table); }
TN_LIAR(scalars_of_the_launch_before) { take_stale_scalars<Stale::kBefore>(table); }

// -- What is written --

TN_LIAR(writes_before_outputs) {
  table.kernel_launch = launch_and_spoil<[](tn_stream* stream, const tn_tensor& output) {
    if (output.offset == 0) return;
    sound().stream_fill(stream, output.buffer, output.offset - 1, 1, "", 1, nullptr);
  }>;
}

TN_LIAR(writes_behind_outputs) {
  table.kernel_launch = launch_and_spoil<[](tn_stream* stream, const tn_tensor& output) {
    if (count_of(output) == 0) return;
    sound().stream_fill(stream, output.buffer, end_of(output), 1, "", 1, nullptr);
  }>;
}

TN_LIAR(writes_in_the_gaps_of_outputs) {
  table.kernel_launch = launch_and_spoil<[](tn_stream* stream, const tn_tensor& output) {
    if (output.strides == nullptr || count_of(output) == 0) return;
    if (least_stride_of(output) < 2) return;
    sound().stream_fill(stream, output.buffer, output.offset + bytes_of(output), 1, "", 1, nullptr);
  }>;
}

TN_LIAR(writes_to_inputs) {
  table.kernel_launch = [](tn_kernel* kernel, tn_stream* stream, const tn_launch* launch,
                           tn_error* error) {
    const tn_status status = sound().kernel_launch(kernel, stream, launch, error);
    if (status != TN_OK || launch->input_count == 0) return status;
    const tn_tensor* const input = launch->inputs[0];
    if (input == nullptr || input->buffer == nullptr || count_of(*input) == 0) return status;
    for (size_t o = 0; o < launch->output_count; ++o) {
      if (launch->outputs[o] != nullptr && launch->outputs[o]->buffer == input->buffer) {
        return status;
      }
    }
    sound().stream_fill(stream, input->buffer, input->offset, 1, "\x5b", 1, nullptr);
    return status;
  };
}

TN_LIAR(wrong_tail) {  // A loop over eight elements at a time forgets those that are left.
  table.kernel_launch = launch_and_spoil<[](tn_stream* stream, const tn_tensor& output) {
    const uint64_t count = count_of(output), size = bytes_of(output), tail = count % 8;
    if (output.strides != nullptr || count < 8 || tail == 0 || size == 0) return;
    sound().stream_fill(stream, output.buffer, output.offset + (count - tail) * size, tail * size,
                        "", 1, nullptr);
  }>;
}

// -- Workspaces --

namespace {

struct Workspace {
  tn_buffer* buffer = nullptr;
  uint64_t offset = 0;
};
Kept<tn_kernel*, Workspace> workspaces;

}  // namespace

TN_LIAR(stale_workspace) {
  table.kernel_launch = [](tn_kernel* kernel, tn_stream* stream, const tn_launch* launch,
                           tn_error* error) {
    if (launch == nullptr || launch->workspace == nullptr) {
      return sound().kernel_launch(kernel, stream, launch, error);
    }
    tn_launch changed = *launch;
    const Workspace first = workspaces.first(kernel, {launch->workspace, launch->workspace_offset});
    changed.workspace = first.buffer;
    changed.workspace_offset = first.offset;
    return sound().kernel_launch(kernel, stream, &changed, error);
  };
  table.kernel_destroy = [](tn_kernel* kernel) {
    workspaces.drop(kernel);
    sound().kernel_destroy(kernel);
  };
}

// Scratch memory is taken for zeros: what it holds is added to the result.
TN_LIAR(dirty_workspace) {
  table.kernel_launch = [](tn_kernel* kernel, tn_stream* stream, const tn_launch* launch,
                           tn_error* error) {
    uint64_t size = 0;
    unsigned char found = 0;
    if (whole(launch) && launch->workspace != nullptr &&
        sound().kernel_workspace_size(kernel, launch, &size, nullptr) == TN_OK && size != 0) {
      sound().stream_read(stream, &found, launch->workspace, launch->workspace_offset, 1, nullptr);
      sound().stream_synchronize(stream, nullptr);
    }
    const tn_status status = sound().kernel_launch(kernel, stream, launch, error);
    for (size_t o = 0; status == TN_OK && found != 0 && o < launch->output_count; ++o) {
      const tn_tensor* const output = launch->outputs[o];
      if (output == nullptr || output->buffer == nullptr || count_of(*output) == 0) continue;
      sound().stream_fill(stream, output->buffer, output->offset, bytes_of(*output), &found, 1,
                          nullptr);
    }
    return status;
  };
}

TN_LIAR(writes_beside_the_workspace) {
  table.kernel_launch = [](tn_kernel* kernel, tn_stream* stream, const tn_launch* launch,
                           tn_error* error) {
    const tn_status status = sound().kernel_launch(kernel, stream, launch, error);
    if (status != TN_OK || launch->workspace == nullptr || launch->workspace_offset == 0) {
      return status;
    }
    sound().stream_fill(stream, launch->workspace, launch->workspace_offset - 1, 1, "", 1, nullptr);
    return status;
  };
}

TN_LIAR(workspace_at_pages_alone) {
  table.kernel_launch = [](tn_kernel* kernel, tn_stream* stream, const tn_launch* launch,
                           tn_error* error) {
    if (launch == nullptr || launch->workspace_offset % 4096 == 0) {
      return sound().kernel_launch(kernel, stream, launch, error);
    }
    return plugin::set_error(error, TN_INVALID_ARGUMENT, nullptr, "the workspace is misaligned");
  };
}

// -- What is refused --

TN_LIAR(launch_out_of_range_accepted) {
  forgive<&tn_dispatch::kernel_launch, TN_OUT_OF_RANGE>(table);
}
TN_LIAR(launch_with_overlap_accepted) { forgive<&tn_dispatch::kernel_launch, TN_OVERLAP>(table); }
TN_LIAR(invalid_launch_accepted) {
  forgive<&tn_dispatch::kernel_launch, TN_INVALID_ARGUMENT>(table);
}

TN_LIAR(no_launch_in_place) {
  table.kernel_launch = [](tn_kernel* kernel, tn_stream* stream, const tn_launch* launch,
                           tn_error* error) {
    for (size_t o = 0; launch != nullptr && o < launch->output_count; ++o) {
      for (size_t i = 0; i < launch->input_count; ++i) {
        const tn_tensor *const in = launch->inputs[i], *const out = launch->outputs[o];
        if (in != nullptr && out != nullptr && in->buffer != nullptr && in->buffer == out->buffer &&
            in->offset == out->offset) {
          return plugin::set_error(error, TN_OVERLAP, nullptr, "an output overlaps an input");
        }
      }
    }
    return sound().kernel_launch(kernel, stream, launch, error);
  };
}

TN_LIAR(empty_tensors_need_buffers) {
  table.kernel_launch = [](tn_kernel* kernel, tn_stream* stream, const tn_launch* launch,
                           tn_error* error) {
    for (size_t o = 0; launch != nullptr && o < launch->output_count; ++o) {
      if (launch->outputs[o] != nullptr && launch->outputs[o]->buffer == nullptr) {
        return plugin::set_error(error, TN_INVALID_ARGUMENT, nullptr, "an output has no buffer");
      }
    }
    return sound().kernel_launch(kernel, stream, launch, error);
  };
}

TN_LIAR(offsets_at_the_alignment_alone) {
  table.kernel_launch = [](tn_kernel* kernel, tn_stream* stream, const tn_launch* launch,
                           tn_error* error) {
    for (size_t i = 0; launch != nullptr && i < launch->input_count; ++i) {
      if (launch->inputs[i] != nullptr && launch->inputs[i]->offset % 16 != 0) {
        return plugin::set_error(error, TN_INVALID_ARGUMENT, nullptr, "a misaligned input");
      }
    }
    return sound().kernel_launch(kernel, stream, launch, error);
  };
}

// Every seventh call that queues something is refused, and streams begin late: tests end at all
// kinds of places while what they have queued is still to come.
namespace {

std::atomic<unsigned> calls{0};

template <auto slot, class F = Function<slot>>
struct Refusing;
template <auto slot, class... Arguments>
struct Refusing<slot, tn_status(Arguments...)> {
  static tn_status TN_CALL call(Arguments... arguments) {
    if (++calls % 7 != 0) return (sound().*slot)(arguments...);
    return plugin::set_error(error_of(arguments...), TN_OUT_OF_MEMORY, nullptr,
                             "no room to queue it");
  }
};

void TN_CALL begin_late(void*, tn_status, const tn_error*) {
  std::this_thread::sleep_for(std::chrono::milliseconds(3));
}

}  // namespace

TN_LIAR(refuses_now_and_then) {
  table.stream_callback = Refusing<&tn_dispatch::stream_callback>::call;
  table.stream_copy = Refusing<&tn_dispatch::stream_copy>::call;
  table.stream_fill = Refusing<&tn_dispatch::stream_fill>::call;
  table.stream_read = Refusing<&tn_dispatch::stream_read>::call;
  table.stream_wait_event = Refusing<&tn_dispatch::stream_wait_event>::call;
  table.stream_write = Refusing<&tn_dispatch::stream_write>::call;
  table.event_record = Refusing<&tn_dispatch::event_record>::call;
  table.kernel_launch = Refusing<&tn_dispatch::kernel_launch>::call;
  table.stream_create = [](tn_device* device, const tn_stream_desc* desc, tn_stream** stream,
                           tn_error* error) {
    const tn_status status = sound().stream_create(device, desc, stream, error);
    if (status == TN_OK) sound().stream_callback(*stream, begin_late, nullptr, nullptr);
    return status;
  };
}

// -- Bits and threads --

namespace {

Kept<tn_kernel*, bool> deterministic;

}  // namespace

// Every other launch of a kernel that was asked for the same bits is off by one unit.
TN_LIAR(bits_vary_where_they_may_not) {
  table.kernel_create = [](tn_device* device, const tn_kernel_desc* desc, tn_kernel** kernel,
                           tn_error* error) {
    const tn_status status = sound().kernel_create(device, desc, kernel, error);
    if (status == TN_OK) {
      deterministic.put(*kernel, whole(desc) && (desc->flags & TN_KERNEL_DETERMINISTIC) != 0);
    }
    return status;
  };
  table.kernel_launch = [](tn_kernel* kernel, tn_stream* stream, const tn_launch* launch,
                           tn_error* error) {
    static std::atomic<unsigned> launches{0};
    const tn_status status = sound().kernel_launch(kernel, stream, launch, error);
    if (status != TN_OK || !deterministic.get(kernel) || ++launches % 2 == 0) return status;
    const tn_tensor* const output = launch->outputs[0];
    if (output == nullptr || output->dtype != TN_FLOAT32 || count_of(*output) == 0) return status;
    uint32_t bits = 0;
    sound().stream_read(stream, &bits, output->buffer, output->offset, sizeof(bits), nullptr);
    sound().stream_synchronize(stream, nullptr);
    bits ^= 1;
    sound().stream_fill(stream, output->buffer, output->offset, sizeof(bits), &bits, sizeof(bits),
                        nullptr);
    return status;
  };
}

TN_LIAR(launch_is_not_safe_for_threads) {
  table.kernel_launch = [](tn_kernel* kernel, tn_stream* stream, const tn_launch* launch,
                           tn_error* error) {
    static std::atomic<int> inside{0};
    const bool alone = inside++ == 0;
    if (alone) std::this_thread::sleep_for(std::chrono::microseconds(20));
    // The other one's arguments are gone.
    const tn_status status = alone ? sound().kernel_launch(kernel, stream, launch, error)
                                   : static_cast<tn_status>(TN_OK);
    --inside;
    return status;
  };
}

// -- What stays --

TN_LIAR(launches_leak) {  // 64 bytes each.
  table.kernel_launch = [](tn_kernel* kernel, tn_stream* stream, const tn_launch* launch,
                           tn_error* error) {
    static std::atomic<void*> last;
    last = std::malloc(64);
    return sound().kernel_launch(kernel, stream, launch, error);
  };
}

namespace {

Kept<tn_kernel*, tn_device*> devices;

}  // namespace

TN_LIAR(launches_allocate) {
  table.kernel_create = [](tn_device* device, const tn_kernel_desc* desc, tn_kernel** kernel,
                           tn_error* error) {
    const tn_status status = sound().kernel_create(device, desc, kernel, error);
    if (status == TN_OK) devices.put(*kernel, device);
    return status;
  };
  table.kernel_launch = [](tn_kernel* kernel, tn_stream* stream, const tn_launch* launch,
                           tn_error* error) {
    const tn_buffer_desc desc{sizeof(desc), 4096, TN_BUFFER_DEVICE, 0, nullptr};
    tn_buffer* scratch = nullptr;
    sound().buffer_create(devices.get(kernel), &desc, &scratch, nullptr);
    const tn_status status = sound().kernel_launch(kernel, stream, launch, error);
    sound().buffer_destroy(scratch, stream);
    return status;
  };
}

}  // namespace tenon::liar
