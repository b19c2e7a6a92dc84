// SPDX-License-Identifier: Apache-2.0
#include "ops/call.h"

#include <cstring>

#include "ops/late_failures.h"
#include "ops/shape.h"
#include "ops/types.h"

namespace tenon::tensorflow {
namespace {

using runtime::Operation;

View view_of(TF_Tensor* tensor) {
  View view;
  view.data = static_cast<const char*>(TF_TensorData(tensor));
  view.dtype = to_tenon(TF_TensorType(tensor));
  const int rank = TF_NumDims(tensor);
  for (int i = 0; i < rank; ++i) view.dims.push_back(TF_Dim(tensor, i));
  return view;
}

// For a check alone, in TensorFlow: it refuses what is too large for memory by the dims.
size_t bytes_of(tn_dtype dtype, const Dims& dims) {
  return static_cast<size_t>(dims.product()) * (tn_dtype_bits(dtype) / 8);
}

std::string shape_text(TF_Tensor* tensor) {
  std::string text = "[";
  for (int i = 0; i < TF_NumDims(tensor); ++i) {
    if (i > 0) text += ',';
    text += std::to_string(TF_Dim(tensor, i));
  }
  return text + "]";
}

// Calls visit(value) for each element; false for a type that is no integer.
template <class Visit>
bool each_integer(TF_Tensor* tensor, Visit&& visit) {
  const tn_dtype dtype = to_tenon(TF_TensorType(tensor));
  if (!in_set(dtype, type_set::kInteger)) return false;
  const auto* element = static_cast<const char*>(TF_TensorData(tensor));
  const int64_t count = TF_TensorElementCount(tensor);
  for (int64_t i = 0; i < count; ++i, element += tn_dtype_bits(dtype) / 8)
    visit(read_element(dtype, element)->to_int64());
  return true;
}

}  // namespace

Scalar::Scalar(const Number& value, tn_dtype dtype) : dtype_(dtype) {
  if (!write_element(dtype, value, bytes_))
    throw OpError(TF_INTERNAL, "a launch value without element type");
}

NodeCall::NodeCall(TF_OpKernelContext* context) : context_(context) {
  TF_Status* status = scratch_status();
  stream_ = TF_GetStream(context, status);
  check(status);
  stream_->owner->throw_failure();
}

NodeCall::~NodeCall() {
  for (int i = 0; i < inline_count_; ++i) TF_DeleteTensor(inline_[i]);
  for (TF_Tensor* tensor : more_) TF_DeleteTensor(tensor);
}

TF_Tensor* NodeCall::keep(TF_Tensor* tensor) {
  if (inline_count_ < static_cast<int>(std::size(inline_))) {
    inline_[inline_count_++] = tensor;
  } else {
    more_.push_back(tensor);
  }
  return tensor;
}

View NodeCall::input(int index) {
  TF_Tensor* tensor = nullptr;
  TF_Status* status = scratch_status();
  TF_GetInput(context_, index, &tensor, status);
  check(status);
  return view_of(keep(tensor));
}

TF_Tensor* NodeCall::host_input(int index) {
  TF_Tensor* tensor = nullptr;
  TF_Status* status = scratch_status();
  TF_GetInput(context_, index, &tensor, status);
  check(status);
  return keep(tensor);
}

TF_Tensor* NodeCall::host_list_input(int index, int least, int most) {
  TF_Tensor* tensor = host_input(index);
  const int rank = TF_NumDims(tensor);
  if (rank < least || rank > most) {
    invalid_argument("input " + std::to_string(index) +
                     (most == 0   ? " must be a scalar"
                      : most == 1 ? " must be a vector"
                                  : " must be a matrix") +
                     ", got shape " + shape_text(tensor));
  }
  return tensor;
}

Dims NodeCall::host_integers(int index, int least) {
  Dims values;
  if (!each_integer(host_list_input(index, least, 1),
                    [&](int64_t value) { values.push_back(value); })) {
    invalid_argument("input " + std::to_string(index) + " must hold integers");
  }
  return values;
}

std::vector<int64_t> NodeCall::host_list(int index, int least, int most) {
  std::vector<int64_t> values;
  if (!each_integer(host_list_input(index, least, most),
                    [&](int64_t value) { values.push_back(value); })) {
    invalid_argument("input " + std::to_string(index) + " must hold integers");
  }
  return values;
}

int64_t NodeCall::host_integer(int index, int most) {
  TF_Tensor* tensor = host_list_input(index, 0, most);
  if (TF_TensorElementCount(tensor) != 1) {
    invalid_argument("input " + std::to_string(index) + " must hold one number, got shape " +
                     shape_text(tensor));
  }
  return host_integers(index, 0)[0];
}

Number NodeCall::host_number(int index) {
  TF_Tensor* tensor = host_list_input(index, 0, 0);
  const auto value = read_element(to_tenon(TF_TensorType(tensor)), TF_TensorData(tensor));
  if (!value) unimplemented("a host scalar of this type");
  return *value;
}

View NodeCall::output(int index, tn_dtype dtype, const Dims& dims) {
  check_shape(dims);
  TF_Status* status = scratch_status();
  TF_Tensor* tensor = TF_AllocateOutput(context_, index, to_tf(dtype), dims.data(), dims.size(),
                                        bytes_of(dtype, dims), status);
  check(status);
  return View(TF_TensorData(keep(tensor)), dtype, dims);
}

View NodeCall::output_in_place(int index, tn_dtype dtype, const Dims& dims,
                               std::initializer_list<int> candidates) {
  check_shape(dims);
  TF_Status* status = scratch_status();
  int forwarded = -1;
  TF_Tensor* tensor = TF_ForwardInputOrAllocateOutput(context_, candidates.begin(),
                                                      static_cast<int>(candidates.size()), index,
                                                      dims.data(), dims.size(), &forwarded, status);
  check(status);
  return View(TF_TensorData(keep(tensor)), dtype, dims);
}

void NodeCall::forward(int input, int output, const Dims& dims) {
  TF_Tensor* tensor = host_input(input);
  if (TF_NumDims(tensor) != dims.size()) {
    invalid_argument("an input can only be handed on with its own shape");
  }
  set_output(output, tensor);
}

void NodeCall::set_output(int index, const TF_Tensor* tensor) {
  TF_Status* status = scratch_status();
  TF_SetOutput(context_, index, tensor, status);
  check(status);
}

View NodeCall::temporary(tn_dtype dtype, const Dims& dims) {
  check_shape(dims);
  TF_Status* status = scratch_status();
  TF_AllocatorAttributes attributes{TF_ALLOCATOR_ATTRIBUTES_STRUCT_SIZE, 0};
  TF_Tensor* tensor =
      TF_AllocateTemp(context_, to_tf(dtype), dims.data(), dims.size(), &attributes, status);
  check(status);
  return View(TF_TensorData(keep(tensor)), dtype, dims);
}

void NodeCall::run(const Operation& operation, std::initializer_list<LaunchArgument> inputs,
                   std::initializer_list<LaunchArgument> outputs) {
  run(operation, std::span(inputs.begin(), inputs.size()),
      std::span(outputs.begin(), outputs.size()));
}

void NodeCall::run(const Operation& operation, std::span<const LaunchArgument> inputs,
                   std::span<const LaunchArgument> outputs) {
  constexpr size_t kMost = 16;
  if (inputs.size() > kMost || outputs.size() > kMost) {
    throw OpError(TF_INTERNAL, "too many arguments for one launch");
  }
  // Left uninitialised beyond what is used: this stands in front of every launch.
  alignas(runtime::Argument) char storage[2 * kMost * sizeof(runtime::Argument)];
  auto* arguments = reinterpret_cast<runtime::Argument*>(storage);
  size_t count = 0;
  for (const LaunchArgument& input : inputs) new (arguments + count++) auto(input.argument());
  bool anything = false;
  for (const LaunchArgument& output : outputs) {
    const runtime::Argument& argument = output.argument();
    new (arguments + count++) auto(argument);
    bool empty = argument.kind == runtime::Argument::Kind::kAbsent;
    for (int32_t i = 0; i < argument.rank; ++i) empty = empty || argument.dims[i] == 0;
    anything = anything || !empty;
  }
  if (!anything) return;
  const std::span given(arguments, inputs.size());
  std::lock_guard lock(stream_->mutex);
  device().run(operation, given, std::span(arguments + inputs.size(), outputs.size()),
               *stream_->stream);
  // Under the lock, so that the failure is this op's and nothing is queued behind it.
  if (fails_on_data(operation, given)) stream_->stream->synchronize();
}

void NodeCall::copy_to_host(void* to, const void* from, size_t bytes) {
  if (bytes == 0) return;
  if (!device().owns(from)) {
    std::memcpy(to, from, bytes);
    return;
  }
  std::lock_guard lock(stream_->mutex);
  device().copy_to_host(to, from, bytes, *stream_->stream);
  stream_->stream->synchronize();
}

void NodeCall::copy_from_host(void* to, const void* from, size_t bytes) {
  if (bytes == 0) return;
  if (!device().owns(to)) {
    std::memcpy(to, from, bytes);
    return;
  }
  std::lock_guard lock(stream_->mutex);
  device().copy_to_device(to, from, bytes, *stream_->stream);
  stream_->stream->synchronize();
}

void NodeCall::copy(const View& from, const View& to) {
  static const Operation identity{"Identity"};
  run(identity, {from}, {to});
}

void NodeCall::cast(const View& from, const View& to) {
  if (from.dtype == to.dtype) return copy(from, to);
  const Operation cast{"Cast", {{"to", int64_t{to.dtype}}}};
  run(cast, {from}, {to});
}

void NodeCall::fill(const View& to, const Number& value) {
  static const Operation fill{"tenon.Fill"};
  run(fill, {Scalar(value, to.dtype)}, {to});
}

View NodeCall::as(const View& from, tn_dtype dtype) {
  if (from.dtype == dtype) return from;
  const View to = temporary(dtype, from.dims);
  cast(from, to);
  return to;
}

View NodeCall::contiguous(const View& from) {
  if (from.dense) return from;
  const View to = temporary(from.dtype, from.dims);
  copy(from, to);
  return to;
}

}  // namespace tenon::tensorflow
