// SPDX-License-Identifier: Apache-2.0
#include "reference_impl/device/launch.h"

#include <algorithm>
#include <cinttypes>
#include <cstdarg>
#include <cstring>

#include "reference_impl/device/asked_dims.h"
#include "reference_impl/device/bind_tensor.h"
#include "reference_impl/device/buffer.h"
#include "reference_impl/device/overlap.h"

namespace tenon::device {
namespace {

constexpr size_t kInlineArguments = 32;  // More go through LaunchScratch.

// The arguments of one launch while it is checked. Arrays are of inputs, then outputs.
struct Binding {
  KernelObject& kernel;
  View* views;
  ByteRange* ranges;
  Strides* strides;
  bool as_described = false;  // All tensors are what a fixed kernel describes.

  size_t inputs() const { return kernel.inputs().size(); }
  size_t outputs() const { return kernel.outputs().size(); }
  View* output_views() const { return views + inputs(); }
  ByteRange* output_ranges() const { return ranges + inputs(); }
  TensorName input_name(size_t i) const { return {"input", i, kernel.name().c_str()}; }
  TensorName output_name(size_t i) const { return {"output", i, kernel.name().c_str(), true}; }
};

// Stack memory that nobody initialises: constructing 32 views costs as much as a small kernel.
struct InlineStorage {
  alignas(View) std::byte views[kInlineArguments * sizeof(View)];
  alignas(ByteRange) std::byte ranges[kInlineArguments * sizeof(ByteRange)];
  alignas(Strides) std::byte strides[kInlineArguments * sizeof(Strides)];
};

[[gnu::always_inline]] inline Binding make_binding(KernelObject& kernel, InlineStorage& storage,
                                                   LaunchScratch& scratch) {
  const size_t count = kernel.arguments().size();
  if (count > kInlineArguments) {
    scratch.reserve(count);
    return {kernel, scratch.views.data(), scratch.ranges.data(), scratch.strides.data()};
  }
  return {kernel, reinterpret_cast<View*>(storage.views),
          reinterpret_cast<ByteRange*>(storage.ranges),
          reinterpret_cast<Strides*>(storage.strides)};
}

// An error about a field of the launch itself.
TN_PRINTF_LIKE(4, 5)
TN_COLD tn_status launch_error(tn_error* error, tn_status status, const char* argument,
                               const char* format, ...) {
  va_list arguments;
  va_start(arguments, format);
  plugin::set_error_list(error, status, nullptr, format, arguments);
  va_end(arguments);
  plugin::set_error_argument(error, argument);
  return status;
}

bool intersect(const ByteRange& a, const ByteRange& b) {
  // Of arguments that are bound, which the analyzer does not see.
  // NOLINTNEXTLINE(clang-analyzer-core.UndefinedBinaryOperatorResult)
  return a.begin < b.end && b.begin < a.end;
}

// Whether a tensor is what its fixed spec describes, but for its memory.
inline bool as_described(const ArgumentSpec& spec, const tn_tensor& tensor) {
  if (tensor.dtype != spec.dtype || tensor.rank != spec.rank || tensor.layout != spec.layout) {
    return false;
  }
  if (spec.rank != 0 && tensor.dims == nullptr) return false;
  const bool strided = spec.layout == TN_LAYOUT_STRIDED;
  if (!strided && tensor.strides != nullptr) return false;
  for (int32_t i = 0; i < spec.rank; ++i) {
    const auto at = static_cast<size_t>(i);
    if (tensor.dims[i] != spec.dims[at]) return false;
    if (tensor.strides != nullptr && tensor.strides[i] != spec.dense_strides[at]) return false;
  }
  return true;
}

// The short way, for fixed kernels (all dims and strides described, as graphs and models do)
// whose tensors are as described, in memory of the device that is not mapped. Returns false for
// all others, and for whatever is wrong; bind_all() then finds out what. This is one straight piece
// of code because a large kernel leaves nothing of it in the caches: there, each further line of
// code costs as much as many checks.
template <bool memory>
[[gnu::hot]] bool bind_as_described(Binding& binding, const tn_launch& launch) {
  const KernelObject& kernel = binding.kernel;
  const auto specs = kernel.arguments();
  const size_t inputs = launch.input_count;
  if (!kernel.fixed() || inputs != binding.inputs() || launch.output_count != binding.outputs() ||
      (launch.inputs == nullptr && launch.input_count != 0) ||
      (launch.outputs == nullptr && launch.output_count != 0)) {
    return false;
  }
  for (size_t i = 0; i < specs.size(); ++i) {
    const ArgumentSpec& spec = specs[i];
    if (!spec.fixed) {
      new (&binding.views[i]) View(spec.constant != nullptr ? spec.constant->view() : kAbsentView);
      new (&binding.ranges[i]) ByteRange;
      continue;
    }
    // NOLINTNEXTLINE(clang-analyzer-core.NullDereference): there are as many specs as tensors.
    const tn_tensor* tensor = i < inputs ? launch.inputs[i] : launch.outputs[i - inputs];
    if (tensor == nullptr || !as_described(spec, *tensor)) return false;
    const int64_t* strides = spec.layout == TN_LAYOUT_STRIDED ? spec.dense_strides.data() : nullptr;
    View* view = new (&binding.views[i])
        View{nullptr, spec.dims.data(), strides, spec.rank, spec.dtype, spec.layout};
    if (!memory) {
      new (&binding.ranges[i]) ByteRange;
      continue;
    }
    if (tensor->buffer == nullptr || !kernel.shares_device(tensor->buffer)) return false;
    const auto& buffer = *plugin::object_of<Buffer>(tensor->buffer);
    if (!buffer.contains(tensor->offset, spec.bytes) || buffer.needs_a_look() ||
        (spec.bits > 8 && (tensor->offset & (spec.bits / 8 - 1)) != 0)) {
      return false;
    }
    view->data = buffer.data() + tensor->offset;
    const auto begin = reinterpret_cast<uintptr_t>(view->data);
    new (&binding.ranges[i]) ByteRange{begin, begin + spec.bytes};
  }
  binding.as_described = true;
  return true;
}

// One argument. `memory`: device tensors have buffers (they need none to ask for a workspace size).
[[gnu::always_inline]] inline tn_status bind(Binding& binding, const ArgumentSpec& spec,
                                             const tn_tensor* tensor, const TensorName& name,
                                             size_t slot, bool memory, tn_error* error) {
  View* view = new (&binding.views[slot]) View;
  ByteRange* range = new (&binding.ranges[slot]) ByteRange;
  if (spec.kind == TN_ARGUMENT_ABSENT) {
    *view = kAbsentView;
    return TN_OK;
  }
  if (spec.kind == TN_ARGUMENT_CONSTANT) {
    *view = spec.constant->view();
    return TN_OK;
  }
  if (tensor == nullptr) return tensor_error(error, TN_INVALID_ARGUMENT, name, nullptr, "is NULL");
  if (tensor->dtype != spec.dtype) {
    const bool known = tn_dtype_bits(tensor->dtype) != 0;
    return tensor_error(error, known ? TN_INVALID_ARGUMENT : TN_UNSUPPORTED, name, "dtype",
                        "has element type %d, described was %d", tensor->dtype, spec.dtype);
  }
  int64_t dense_count;
  tn_status status =
      bind_shape(*tensor, spec.bits, name, binding.strides[slot], view, &dense_count, error);
  if (status == TN_OK) status = match_spec(spec, *view, name, error);
  if (status != TN_OK) return status;
  if (spec.kind == TN_ARGUMENT_HOST) return bind_host(*tensor, name, view, error);
  if (!memory) return TN_OK;
  if ((tensor->offset & (spec.alignment - 1)) != 0) {
    return tensor_error(error, TN_INVALID_ARGUMENT, name, "offset",
                        "has offset %" PRIu64 ", described was a multiple of %u", tensor->offset,
                        spec.alignment);
  }
  return bind_memory(binding.kernel, *tensor, spec.bits, dense_count, name, view, range, error);
}

// Dims that are described with one symbol are equal.
tn_status match_symbols(const Binding& binding, tn_error* error) {
  const auto specs = binding.kernel.arguments();
  for (size_t i = 0; i < specs.size(); ++i) {
    for (size_t d = 0; d < static_cast<size_t>(binding.views[i].rank); ++d) {
      const int32_t symbol = specs[i].symbols[d];
      if (symbol == 0) continue;
      for (size_t j = 0; j <= i; ++j) {
        for (size_t e = 0; e < static_cast<size_t>(binding.views[j].rank); ++e) {
          if (specs[j].symbols[e] != symbol || binding.views[j].dims[e] == binding.views[i].dims[d])
            continue;
          return plugin::set_error(error, TN_INVALID_ARGUMENT, nullptr,
                                   "two dims of %s are %" PRId64 " and %" PRId64
                                   ", described were equal ones (symbol %d)",
                                   binding.kernel.name().c_str(), binding.views[j].dims[e],
                                   binding.views[i].dims[d], symbol);
        }
      }
    }
  }
  return TN_OK;
}

[[gnu::always_inline]] inline tn_status bind_inputs(Binding& binding, const tn_launch& launch,
                                                    bool memory, tn_error* error) {
  const auto inputs = binding.kernel.inputs();
  if (launch.inputs == nullptr && launch.input_count != 0) {
    return launch_error(error, TN_INVALID_ARGUMENT, "launch->inputs",
                        "the array of inputs is NULL");
  }
  for (size_t i = 0; i < launch.input_count; ++i) {
    const tn_status status =
        bind(binding, inputs[i], launch.inputs[i], binding.input_name(i), i, memory, error);
    if (status != TN_OK) return status;
  }
  return TN_OK;
}

[[gnu::noinline]] tn_status bind_all(Binding& binding, const tn_launch& launch, bool memory,
                                     tn_error* error) {
  const auto inputs = binding.kernel.inputs();
  const auto outputs = binding.kernel.outputs();
  if (launch.input_count != inputs.size() || launch.output_count != outputs.size()) {
    return launch_error(error, TN_INVALID_ARGUMENT, "launch->input_count",
                        "%s was described with %zu inputs and %zu outputs, not %zu and %zu",
                        binding.kernel.name().c_str(), inputs.size(), outputs.size(),
                        launch.input_count, launch.output_count);
  }
  if (launch.outputs == nullptr && launch.output_count != 0) {
    return launch_error(error, TN_INVALID_ARGUMENT, "launch->outputs",
                        "the array of outputs is NULL");
  }
  const tn_status bound = bind_inputs(binding, launch, memory, error);
  if (bound != TN_OK) return bound;
  for (size_t i = 0; i < launch.output_count; ++i) {
    const tn_status status = bind(binding, outputs[i], launch.outputs[i], binding.output_name(i),
                                  inputs.size() + i, memory, error);
    if (status != TN_OK) return status;
  }
  return binding.kernel.has_symbols() ? match_symbols(binding, error) : TN_OK;
}

// True if byte ranges alone prove that no output overlaps anything.
inline bool disjoint(const Binding& binding) {
  if (!binding.as_described) return false;
  const auto specs = binding.kernel.arguments();
  for (size_t o = binding.inputs(); o < specs.size(); ++o) {
    if (specs[o].alias != 0) return false;
    for (size_t other = 0; other < o; ++other) {
      if (intersect(binding.ranges[o], binding.ranges[other])) return false;
    }
  }
  return true;
}

// Views in a token are one dense piece, for which their ranges say all.
bool overlap(const View& a, const ByteRange& a_range, const View& b, const ByteRange& b_range) {
  if (!intersect(a_range, b_range)) return false;
  if (a.strides == nullptr || b.strides == nullptr) return true;
  return views_overlap(a, b);
}

// Each output is disjoint from the inputs, save the one it replaces and those that are the same
// view as that one, and from itself and the others.
[[gnu::noinline]] tn_status check_overlap(const Binding& binding, tn_error* error) {
  const auto inputs = binding.kernel.inputs();
  const auto outputs = binding.kernel.outputs();
  for (size_t o = 0; o < outputs.size(); ++o) {
    const ByteRange& range = binding.output_ranges()[o];
    if (range.begin == range.end) continue;
    const View& view = binding.output_views()[o];
    for (size_t i = 0; i < inputs.size(); ++i) {
      const View& input = binding.views[i];
      const int32_t alias = outputs[o].alias;
      if (alias == static_cast<int32_t>(i) + 1 || (alias != 0 && inputs[i].alias == alias)) {
        if (same_view(view, input)) continue;
        return tensor_error(
            error, intersect(range, binding.ranges[i]) ? TN_OVERLAP : TN_INVALID_ARGUMENT,
            binding.output_name(o), nullptr,
            alias == static_cast<int32_t>(i) + 1
                ? "is described to replace input %zu, but differs"
                : "replaces an input that input %zu is described to equal, but it differs",
            i);
      }
      if (overlap(view, range, input, binding.ranges[i])) {
        return tensor_error(error, TN_OVERLAP, binding.output_name(o), nullptr,
                            "overlaps input %zu", i);
      }
    }
    for (size_t other = 0; other < o; ++other) {
      if (overlap(view, range, binding.output_views()[other], binding.output_ranges()[other])) {
        return tensor_error(error, TN_OVERLAP, binding.output_name(o), nullptr,
                            "overlaps output %zu", other);
      }
    }
    // Strides that were filled in here are dense.
    const bool dense = view.strides == nullptr ||
                       view.strides == binding.strides[inputs.size() + o].data() ||
                       view.strides == outputs[o].dense_strides.data();
    if (!dense && overlaps_itself(view)) {
      return tensor_error(error, TN_OVERLAP, binding.output_name(o), nullptr,
                          "has strides that address some memory twice");
    }
  }
  return TN_OK;
}

[[gnu::noinline]] tn_status bind_workspace(const Binding& binding, const tn_launch& launch,
                                           uint64_t size, Arguments* arguments, tn_error* error) {
  const char* name = binding.kernel.name().c_str();
  if (launch.workspace == nullptr) {
    return launch_error(error, TN_INVALID_ARGUMENT, "launch->workspace",
                        "%s needs a workspace of %" PRIu64 " bytes", name, size);
  }
  if (!binding.kernel.shares_device(launch.workspace)) {
    return launch_error(error, TN_INVALID_ARGUMENT, "launch->workspace",
                        "the workspace of %s is a buffer of another device", name);
  }
  const auto& buffer = *plugin::object_of<Buffer>(launch.workspace);
  if (buffer.read_only()) {
    return launch_error(error, TN_INVALID_ARGUMENT, "launch->workspace",
                        "the workspace of %s lies in memory that may only be read", name);
  }
  if (!buffer.contains(launch.workspace_offset, size)) {
    return launch_error(error, TN_OUT_OF_RANGE, "launch->workspace_offset",
                        "%s needs a workspace of %" PRIu64 " bytes; behind offset %" PRIu64
                        " the buffer has fewer",
                        name, size, launch.workspace_offset);
  }
  arguments->workspace = buffer.data() + launch.workspace_offset;
  const auto begin = reinterpret_cast<uintptr_t>(arguments->workspace);
  if (begin % kAlignment != 0) {
    return launch_error(error, TN_INVALID_ARGUMENT, "launch->workspace_offset",
                        "the workspace of %s is not aligned to %u bytes", name, kAlignment);
  }
  for (size_t i = 0; i < binding.inputs() + binding.outputs(); ++i) {
    if (intersect(binding.ranges[i], {begin, begin + size})) {
      return launch_error(error, TN_OVERLAP, "launch->workspace",
                          "the workspace of %s overlaps one of its tensors", name);
    }
  }
  return TN_OK;
}

// Which kernel computes the arguments, once they are checked, and how large its workspace is.
inline KernelObject::Found find_kernel(const Binding& binding, const Arguments& arguments) {
  if (binding.as_described) {
    const KernelObject::Found found = binding.kernel.fixed_launch();
    if (found.kernel != nullptr) return found;
  }
  const Kernel& kernel = binding.kernel.choose(arguments);
  const NeedsWorkspace* workspace = binding.kernel.workspace_of(kernel);
  const KernelObject::Found found{&kernel,
                                  workspace != nullptr ? workspace->workspace_size(arguments) : 0};
  if (binding.as_described) binding.kernel.set_fixed_launch(found);
  return found;
}

tn_status read_launch(const tn_launch* given, tn_launch* copy, const tn_launch** launch,
                      tn_error* error) {
  if (given != nullptr && given->struct_size == sizeof(tn_launch)) {
    *launch = given;  // Nearly always: no copy.
    return TN_OK;
  }
  *launch = copy;
  return plugin::read_struct(given, copy, "tn_launch", error);
}

// Moves what a late launch needs behind the call into the stream's arena: views, their dims and
// strides, host values, and the output_dims pointers.
class Packer {
 public:
  static constexpr uint64_t kHostAlignment = 16;

  static uint64_t size(const Binding& binding, const tn_launch& launch) {
    const size_t count = binding.inputs() + binding.outputs();
    uint64_t bytes = count * sizeof(View);
    for (size_t i = 0; i < count; ++i) {
      bytes += 2 * static_cast<uint64_t>(binding.views[i].rank) * sizeof(int64_t);
    }
    if (launch.output_dims != nullptr) bytes += binding.outputs() * sizeof(int64_t*);
    for (size_t i = 0; i < binding.inputs(); ++i) bytes += kHostAlignment + host_bytes(binding, i);
    return bytes;
  }

  static void pack(const Binding& binding, const tn_launch& launch, std::byte* to,
                   Arguments* arguments) {
    const size_t count = binding.inputs() + binding.outputs();
    auto* views = reinterpret_cast<View*>(to);
    std::memcpy(static_cast<void*>(views), binding.views, count * sizeof(View));
    to += count * sizeof(View);
    for (size_t i = 0; i < count; ++i) {
      views[i].dims = copy(views[i].dims, views[i].rank, &to);
      views[i].strides = copy(views[i].strides, views[i].rank, &to);
    }
    if (launch.output_dims != nullptr) {
      const uint64_t bytes = binding.outputs() * sizeof(int64_t*);
      std::memcpy(to, launch.output_dims, bytes);
      arguments->output_dims = reinterpret_cast<int64_t* const*>(to);
      to += bytes;
    }
    for (size_t i = 0; i < binding.inputs(); ++i) {
      const uint64_t bytes = host_bytes(binding, i);
      if (bytes == 0) continue;
      to += -reinterpret_cast<uintptr_t>(to) % kHostAlignment;
      std::memcpy(to, views[i].data, bytes);
      views[i].data = to;
      to += bytes;
    }
    arguments->inputs = {views, binding.inputs()};
    arguments->outputs = {views + binding.inputs(), binding.outputs()};
  }

 private:
  static uint64_t host_bytes(const Binding& binding, size_t i) {
    if (binding.kernel.inputs()[i].kind != TN_ARGUMENT_HOST) return 0;
    const View& view = binding.views[i];
    return (static_cast<uint64_t>(view.count()) * tn_dtype_bits(view.dtype) + 7) / 8;
  }

  static const int64_t* copy(const int64_t* values, int32_t count, std::byte** to) {
    if (values == nullptr) return nullptr;
    const auto* start = reinterpret_cast<const int64_t*>(*to);
    const uint64_t bytes = static_cast<uint64_t>(count) * sizeof(int64_t);
    if (bytes != 0) std::memcpy(*to, values, bytes);
    *to += bytes;
    return start;
  }
};

[[gnu::noinline]] void enqueue(const Binding& binding, const Kernel& kernel, StreamCore& core,
                               const tn_launch& launch, const Arguments& arguments) {
  Task task;
  task.kind = TaskKind::kLaunch;
  task.arguments = arguments;
  Packer::pack(binding, launch, core.allocate(Packer::size(binding, launch)), &task.arguments);
  binding.kernel.retain();
  task.kernel = &binding.kernel;
  task.implementation = &kernel;
  core.submit(std::move(task));
}

}  // namespace

[[gnu::hot]] tn_status launch_kernel(KernelObject& kernel, Stream& stream, const tn_launch* given,
                                     tn_error* error) {
  tn_launch copy;
  const tn_launch* launch = nullptr;
  tn_status status = read_launch(given, &copy, &launch, error);
  if (status != TN_OK) return status;
  InlineStorage storage;
  Binding binding = make_binding(kernel, storage, stream.scratch);
  if (!bind_as_described<true>(binding, *launch)) status = bind_all(binding, *launch, true, error);
  if (status == TN_OK && !disjoint(binding)) status = check_overlap(binding, error);
  if (status != TN_OK) return status;
  Arguments arguments{{binding.views, binding.inputs()},
                      {binding.output_views(), binding.outputs()},
                      launch->output_dims};
  arguments.as_described = binding.as_described;
  arguments.check_data = kernel.checks_data();
  const KernelObject::Found found = find_kernel(binding, arguments);
  if (found.workspace != 0) {
    status = bind_workspace(binding, *launch, found.workspace, &arguments, error);
    if (status != TN_OK) return status;
  }
  kernel.count(*found.kernel);
  StreamCore& core = *stream.core;
  if (!core.immediate()) {
    enqueue(binding, *found.kernel, core, *launch, arguments);
  } else if (!core.failure().failed()) {
    try {
      kernel.run(*found.kernel, arguments, core.execution());
    } catch (...) {
      core.failure().fail_from_exception();
    }
  }
  return TN_OK;
}

tn_status workspace_size(KernelObject& kernel, const tn_launch* given, uint64_t* size,
                         tn_error* error) {
  tn_launch copy;
  const tn_launch* launch = nullptr;
  tn_status status = read_launch(given, &copy, &launch, error);
  if (status != TN_OK) return status;
  InlineStorage storage;
  LaunchScratch scratch;
  Binding binding = make_binding(kernel, storage, scratch);
  if (!bind_as_described<false>(binding, *launch))
    status = bind_all(binding, *launch, false, error);
  if (status != TN_OK) return status;
  Arguments arguments{{binding.views, binding.inputs()},
                      {binding.output_views(), binding.outputs()}};
  arguments.as_described = binding.as_described;
  *size = find_kernel(binding, arguments).workspace;
  return TN_OK;
}

tn_status output_dims(KernelObject& kernel, const tn_launch* given, int64_t* const* dims,
                      tn_error* error) {
  tn_launch copy;
  const tn_launch* launch = nullptr;
  tn_status status = read_launch(given, &copy, &launch, error);
  if (status != TN_OK) return status;
  if (launch->input_count != kernel.inputs().size()) {
    return launch_error(error, TN_INVALID_ARGUMENT, "launch->input_count",
                        "%s was described with %zu inputs, not %zu", kernel.name().c_str(),
                        kernel.inputs().size(), launch->input_count);
  }
  InlineStorage storage;
  LaunchScratch scratch;
  Binding binding = make_binding(kernel, storage, scratch);
  status = bind_inputs(binding, *launch, false, error);
  if (status != TN_OK) return status;
  std::vector<View> outputs;
  for (const ArgumentSpec& spec : kernel.outputs()) {
    View& output = outputs.emplace_back(kAbsentView);
    if (spec.kind == TN_ARGUMENT_ABSENT) continue;
    output.rank = spec.rank;
    output.dtype = spec.dtype;
    output.layout = spec.layout;
  }
  AskedDims asked(outputs);
  Arguments arguments{{binding.views, binding.inputs()}, asked.outputs()};
  arguments.asked = &asked;
  kernel.checker().check(arguments);
  asked.answer(kernel.name(), dims);
  return TN_OK;
}

}  // namespace tenon::device
