// SPDX-License-Identifier: Apache-2.0
//
// Launches: arguments as described, within their buffers, disjoint, with the workspace asked for.
#include <algorithm>
#include <utility>

#include "reference_impl/layers/validation/rules.h"
#include "reference_impl/layers/validation/tensors.h"

namespace tenon::layers::validation::rules {
namespace {

constexpr const char* kDescribed = "TN-launch-002";

bool is_empty(const tn_tensor& tensor) {
  return std::find(tensor.dims, tensor.dims + tensor.rank, 0) != tensor.dims + tensor.rank;
}

// Dense row-major, as far as its elements show it.
bool is_dense(const tn_tensor& tensor) {
  if (tensor.strides == nullptr || is_empty(tensor)) return true;
  int64_t step = 1;
  for (int32_t i = tensor.rank - 1; i >= 0; --i) {
    if (tensor.dims[i] != 1 && tensor.strides[i] != step) return false;
    step *= tensor.dims[i];
  }
  return true;
}

// Type, rank, dims, strides, layout and place are those of the description.
bool match(CheckedCall& call, const Described& described, const tn_tensor& tensor,
           const Path& path) {
  if (!check_dims(call, tensor.rank, tensor.dims, path)) return false;
  const auto refuse = [&](const std::string& what) {
    call.refuse_at(path.text(), TN_INVALID_ARGUMENT, kDescribed, path.text() + " has " + what,
                   "launch with what the kernel was made for, or make another kernel");
    return false;
  };
  if (tensor.dtype != described.dtype) {
    return refuse(fmt::format("element type {}, described was {}", tensor.dtype, described.dtype));
  }
  if (tensor.rank != described.rank) {
    return refuse(fmt::format("rank {}, described was {}", tensor.rank, described.rank));
  }
  if (described.layout != TN_LAYOUT_ANY && tensor.layout != described.layout &&
      described.kind == TN_ARGUMENT_DEVICE) {
    return refuse(fmt::format("layout {}, described was {}", tensor.layout, described.layout));
  }
  for (int32_t i = 0; i < tensor.rank; ++i) {
    const auto at = static_cast<size_t>(i);
    const int64_t dim = tensor.dims[i];
    if (!described.dims.empty() && described.dims[at] != TN_DYNAMIC && dim != described.dims[at]) {
      return refuse(fmt::format("dims[{}] = {}, described was {}", i, dim, described.dims[at]));
    }
    if (!described.min_dims.empty() && dim < described.min_dims[at]) {
      return refuse(
          fmt::format("dims[{}] = {}, described was at least {}", i, dim, described.min_dims[at]));
    }
    if (!described.max_dims.empty() && described.max_dims[at] > 0 && dim > described.max_dims[at]) {
      return refuse(
          fmt::format("dims[{}] = {}, described was at most {}", i, dim, described.max_dims[at]));
    }
    // Where only one element lies along a dim, or none at all, its stride does not matter.
    if (!described.strides.empty() && described.strides[at] != TN_DYNAMIC &&
        tensor.strides != nullptr && dim > 1 && !is_empty(tensor) &&
        tensor.strides[i] != described.strides[at]) {
      return refuse(fmt::format("strides[{}] = {}, described was {}", i, tensor.strides[i],
                                described.strides[at]));
    }
  }
  if (described.dense && !is_dense(tensor)) {
    return refuse("gaps or another order, described was dense row-major");
  }
  if (described.alignment > 1 && tensor.buffer != nullptr &&
      tensor.offset % described.alignment != 0) {
    return refuse(fmt::format("offset {}, described was a multiple of {}", tensor.offset,
                              described.alignment));
  }
  return true;
}

// Where the bytes of each argument lie; empty ones have none.
struct Arguments {
  std::vector<Access> accesses;
  std::vector<int> input_at;  // Index into accesses, or -1.
  std::vector<int> output_at;
};

bool locate(CheckedCall& call, const std::vector<Described>& described,
            const tn_tensor* const* tensors, bool outputs, Arguments* arguments) {
  const Path launch("launch");
  std::vector<int>& at = outputs ? arguments->output_at : arguments->input_at;
  for (size_t i = 0; i < described.size(); ++i) {
    at.push_back(-1);
    const tn_argument_kind kind = described[i].kind;
    if (kind == TN_ARGUMENT_ABSENT || kind == TN_ARGUMENT_CONSTANT) continue;  // Ignored.
    const Path path = launch.element(outputs ? "outputs" : "inputs", i);
    if (!call.needed(tensors[i], path)) return false;
    const tn_tensor& tensor = *tensors[i];
    if (!match(call, described[i], tensor, path)) return false;
    if (kind == TN_ARGUMENT_HOST) {
      if (!is_empty(tensor) && !call.needed(tensor.host_data, path.field("host_data")))
        return false;
      continue;
    }
    const size_t before = arguments->accesses.size();
    if (!locate_tensor(call, tensor, outputs, path, &arguments->accesses)) return false;
    if (arguments->accesses.size() > before) at.back() = static_cast<int>(before);
  }
  return true;
}

// Outputs lie apart from each other and from inputs, save the one that each replaces and those that
// are described to be the same view as that one.
bool check_overlap(CheckedCall& call, const KernelRecord& kernel, const Arguments& arguments) {
  const auto refuse = [&](const char* rule, const Access& output, const Access& other) {
    call.refuse_at(
        output.name, TN_OVERLAP, rule,
        fmt::format("{} overlaps {} in {}", output.name, other.name, describe(*output.buffer)),
        "write to other memory, or describe an alias and give exactly the same view");
    return false;
  };
  for (size_t o = 0; o < arguments.output_at.size(); ++o) {
    if (arguments.output_at[o] < 0) continue;
    const Access& output = arguments.accesses[static_cast<size_t>(arguments.output_at[o])];
    const int32_t alias = kernel.outputs[o].alias;
    for (size_t i = 0; i < arguments.input_at.size(); ++i) {
      if (arguments.input_at[i] < 0) continue;
      const Access& input = arguments.accesses[static_cast<size_t>(arguments.input_at[i])];
      if (!overlap(output, input)) continue;
      const bool replaced = alias == static_cast<int32_t>(i) + 1;
      const bool same = alias > 0 && kernel.inputs[i].alias == alias;
      const bool exact = input.begin == output.begin && input.end == output.end;
      if ((replaced || same) && exact) continue;
      const char* rule = replaced ? "TN-launch-004" : same ? "TN-launch-013" : "TN-launch-003";
      return refuse(rule, output, input);
    }
    for (size_t other = 0; other < o; ++other) {
      if (arguments.output_at[other] < 0) continue;
      const Access& access = arguments.accesses[static_cast<size_t>(arguments.output_at[other])];
      if (overlap(output, access)) return refuse("TN-launch-003", output, access);
    }
  }
  return true;
}

// What the plugin answers; one that has said that the kernel needs none is held to it.
tn_status ask_workspace(CheckedCall& call, tn_kernel* kernel, const tn_launch* launch,
                        uint64_t* size, tn_error* error) {
  const tn_status status = call.below().kernel_workspace_size(kernel, launch, size, error);
  if (status != TN_OK) return status;
  if (*size > INT64_MAX) {
    return call.blame("TN-answer-003", fmt::format("says that a launch needs {} bytes of workspace",
                                                   std::exchange(*size, 0)));
  }
  const auto record = call.record<KernelRecord>(kernel);
  if (*size != 0 && record != nullptr && record->no_workspace) {
    call.fault("TN-launch-014",
               fmt::format("said TN_KERNEL_NO_WORKSPACE of {}, which needs {} bytes",
                           describe(*record), *size));
  }
  return status;
}

bool check_workspace(CheckedCall& call, tn_kernel* kernel, const tn_launch& launch,
                     const tn_launch* given, std::vector<Access>* accesses) {
  uint64_t size = 0;
  if (ask_workspace(call, kernel, given, &size, nullptr) != TN_OK || size == 0) {
    return true;  // What is wrong, the launch will say.
  }
  constexpr const char* kRule = "TN-launch-012";
  if (launch.workspace == nullptr) {
    call.refuse_at("launch->workspace", TN_INVALID_ARGUMENT, kRule,
                   fmt::format("launch->workspace is NULL, but {} bytes are needed", size),
                   "ask tn_kernel_workspace_size for these dims");
    return false;
  }
  const auto* device = dynamic_cast<const DeviceRecord*>(call.device().get());
  const uint32_t alignment = device != nullptr ? std::max(device->info.alignment, 1u) : 1;
  if (launch.workspace_offset % alignment != 0) {
    call.refuse_at("launch->workspace_offset", TN_INVALID_ARGUMENT, "TN-launch-015",
                   fmt::format("launch->workspace_offset is {}, the device's alignment {}",
                               launch.workspace_offset, alignment),
                   "give a multiple of tn_device_info.alignment");
    return false;
  }
  return locate_range(call, launch.workspace, launch.workspace_offset, size, true, kRule,
                      "launch->workspace", accesses);
}

// For a call that looks at the dims alone.
bool match_all(CheckedCall& call, const std::vector<Described>& described,
               const tn_tensor* const* tensors, const char* list) {
  const Path launch("launch");
  for (size_t i = 0; i < described.size(); ++i) {
    const tn_argument_kind kind = described[i].kind;
    if (kind == TN_ARGUMENT_ABSENT || kind == TN_ARGUMENT_CONSTANT) continue;  // Ignored.
    const Path path = launch.element(list, i);
    if (!call.needed(tensors[i], path) || !match(call, described[i], *tensors[i], path)) {
      return false;
    }
  }
  return true;
}

bool check_input_count(CheckedCall& call, const KernelRecord& kernel, const tn_launch& launch) {
  if (launch.input_count != kernel.inputs.size()) {
    call.refuse_at("launch->input_count", TN_INVALID_ARGUMENT, "TN-launch-010",
                   fmt::format("{} inputs are given, {} has {}", launch.input_count,
                               describe(kernel), kernel.inputs.size()),
                   "give an entry for each, NULL for absent ones and constants");
  }
  call.list(launch.inputs, launch.input_count, Path("launch").field("inputs"));
  return !call.refused();
}

bool check_counts(CheckedCall& call, const KernelRecord& kernel, const tn_launch& launch) {
  if (launch.input_count != kernel.inputs.size() || launch.output_count != kernel.outputs.size()) {
    call.refuse_at("launch->input_count", TN_INVALID_ARGUMENT, "TN-launch-010",
                   fmt::format("{} inputs and {} outputs are given, {} has {} and {}",
                               launch.input_count, launch.output_count, describe(kernel),
                               kernel.inputs.size(), kernel.outputs.size()),
                   "give an entry for each, NULL for absent ones and constants");
  }
  const Path path("launch");
  call.list(launch.inputs, launch.input_count, path.field("inputs"));
  call.list(launch.outputs, launch.output_count, path.field("outputs"));
  return !call.refused();
}

// What is wrong with a dim that a plugin says of an output; "" if nothing.
std::string problem_of(const Described& output, int32_t d, int64_t dim) {
  const auto at = static_cast<size_t>(d);
  if (dim < 0) return "which none can have";
  if (!output.dims.empty() && output.dims[at] != TN_DYNAMIC && output.dims[at] != dim) {
    return fmt::format("described was {}", output.dims[at]);
  }
  return "";
}

// The plugin writes to arrays with an element more than each output has dims.
tn_status ask_output_dims(CheckedCall& call, const KernelRecord& record, tn_kernel* kernel,
                          const tn_launch* launch, int64_t* const* dims, tn_error* error) {
  constexpr int64_t kMargin = INT64_MIN + 7;
  const size_t count = record.outputs.size();
  std::vector<std::vector<int64_t>> copies(count);
  std::vector<int64_t*> given(count);
  for (size_t i = 0; i < count; ++i) {
    if (dims[i] == nullptr || record.outputs[i].kind == TN_ARGUMENT_ABSENT) continue;
    copies[i].assign(dims[i], dims[i] + record.outputs[i].rank);
    copies[i].push_back(kMargin);
    given[i] = copies[i].data();
  }
  const tn_status status = call.below().kernel_output_dims(kernel, launch, given.data(), error);
  for (size_t i = 0; i < count; ++i) {
    const Described& output = record.outputs[i];
    if (given[i] == nullptr) continue;
    if (copies[i].back() != kMargin) {
      call.fault("TN-struct-003",
                 fmt::format("wrote more than {} values to dims[{}]", output.rank, i));
    }
    if (status != TN_OK) continue;
    for (int32_t d = 0; d < output.rank; ++d) {
      const int64_t dim = copies[i][static_cast<size_t>(d)];
      const std::string problem = problem_of(output, d, dim);
      if (problem.empty()) continue;
      return call.blame("TN-kernel-014",
                        fmt::format("says that dims[{}][{}] is {}, {}", i, d, dim, problem));
    }
  }
  for (size_t i = 0; status == TN_OK && i < count; ++i) {
    if (given[i] != nullptr) std::copy_n(copies[i].begin(), copies[i].size() - 1, dims[i]);
  }
  return status;
}

// The caller's output_dims; NULL where it has none for that output.
int64_t* output_dims_of(const KernelRecord& record, const tn_launch& launch, size_t i) {
  const Described& output = record.outputs[i];
  if (launch.output_dims == nullptr || output.kind == TN_ARGUMENT_ABSENT) return nullptr;
  return launch.output_dims[i];
}

// Until the work writes them, they hold the bounds: so does what nobody writes.
void set_output_dims(const KernelRecord& record, const tn_launch& launch) {
  for (size_t i = 0; i < record.outputs.size(); ++i) {
    int64_t* const dims = output_dims_of(record, launch, i);
    if (dims != nullptr) std::copy_n(launch.outputs[i]->dims, record.outputs[i].rank, dims);
  }
}

// The work is queued; when it has been waited for, the dims it has written are looked at.
void watch_output_dims(CheckedCall& call, const Point& work, const KernelRecord& record,
                       const tn_launch& launch) {
  for (size_t i = 0; i < record.outputs.size(); ++i) {
    const int64_t* const dims = output_dims_of(record, launch, i);
    if (dims == nullptr) continue;
    const int64_t* const bound = launch.outputs[i]->dims;
    call.layer().await({work,
                        dims,
                        {bound, bound + record.outputs[i].rank},
                        fmt::format("launch->output_dims[{}]", i),
                        call.device().get()});
  }
}

}  // namespace

tn_status kernel_workspace_size(CheckedCall& call, tn_kernel* kernel, const tn_launch* launch,
                                uint64_t* size, tn_error* error) {
  tn_launch known;
  call.read(launch, &known, "tn_launch", Path("launch"));
  const auto record = call.record<KernelRecord>(kernel);
  if (record != nullptr && (!check_counts(call, *record, known) ||
                            !match_all(call, record->inputs, known.inputs, "inputs") ||
                            !match_all(call, record->outputs, known.outputs, "outputs"))) {
    return call.status();
  }
  return ask_workspace(call, kernel, launch, size, error);
}

tn_status kernel_output_dims(CheckedCall& call, tn_kernel* kernel, const tn_launch* launch,
                             int64_t* const* dims, tn_error* error) {
  tn_launch known;
  call.read(launch, &known, "tn_launch", Path("launch"));
  const auto record = call.record<KernelRecord>(kernel);
  if (record != nullptr && (!check_input_count(call, *record, known) ||
                            !match_all(call, record->inputs, known.inputs, "inputs"))) {
    return call.status();
  }
  if (record == nullptr) return call.below().kernel_output_dims(kernel, launch, dims, error);
  return ask_output_dims(call, *record, kernel, launch, dims, error);
}

tn_status kernel_launch(CheckedCall& call, tn_kernel* kernel, tn_stream* stream,
                        const tn_launch* launch, tn_error* error) {
  const auto record = call.record<KernelRecord>(kernel);
  if (record == nullptr) return call.below().kernel_launch(kernel, stream, launch, error);
  tn_launch known;
  call.read(launch, &known, "tn_launch", Path("launch"));
  Arguments arguments;
  if (!check_counts(call, *record, known) ||
      !locate(call, record->inputs, known.inputs, false, &arguments) ||
      !locate(call, record->outputs, known.outputs, true, &arguments) ||
      !check_overlap(call, *record, arguments) ||
      !check_workspace(call, kernel, known, launch, &arguments.accesses) ||
      !check_order(call, stream, arguments.accesses)) {
    return call.status();
  }
  set_output_dims(*record, known);
  const tn_status status = call.below().kernel_launch(kernel, stream, launch, error);
  if (status != TN_OK) return status;
  watch_output_dims(call, note_work(call, stream, arguments.accesses), *record, known);
  return status;
}

}  // namespace tenon::layers::validation::rules
