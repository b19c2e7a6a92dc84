// SPDX-License-Identifier: Apache-2.0
#include "runtime/onnx/executor_stack.h"

#include <algorithm>

#include "runtime/onnx/executor_parts.h"

namespace tenon::runtime::onnx_import {
namespace {

constexpr int64_t kFirstRoom = 8;  // Items, where nobody says how many will come.

const Operation& copying() {
  static const Operation operation{"Identity"};
  return operation;
}

const Operation& filling() {
  static const Operation operation{"tenon.Fill"};
  return operation;
}

void require_bytes(tn_dtype dtype) {
  if (tn_dtype_bits(dtype) >= 8) return;
  throw Error(TN_UNSUPPORTED, "",
              std::string("a loop over ") + dtype_name(dtype) +
                  ", whose elements do not begin at bytes; cast them to a wider type before it");
}

}  // namespace

Tensor part_of(const Tensor& tensor, size_t axis, int64_t index) {
  require_bytes(tensor.dtype);
  Tensor part = tensor;
  const auto at = static_cast<std::ptrdiff_t>(axis);
  if (part.address != nullptr)
    part.address +=
        index * tensor.strides[axis] * static_cast<int64_t>(tn_dtype_bits(tensor.dtype)) / 8;
  part.dims.erase(part.dims.begin() + at);
  part.strides.erase(part.strides.begin() + at);
  return part;
}

void Executor::Stack::settle_axis(size_t item_rank) {
  const auto rank = static_cast<int64_t>(item_rank) + 1;
  if (rank > TN_MAX_RANK)
    throw Error(TN_UNSUPPORTED, "",
                "a scan output of " + std::to_string(rank) + " dims; the most is " +
                    std::to_string(TN_MAX_RANK));
  if (form_.place < -rank || form_.place >= rank)
    throw Error(TN_INVALID_ARGUMENT, "",
                "scan output axis " + std::to_string(form_.place) + " is out of range for rank " +
                    std::to_string(rank));
  if (form_.place < 0) form_.place += rank;
}

std::vector<int64_t> Executor::Stack::dims_of(int64_t length) const {
  std::vector<int64_t> dims = item_dims_;
  dims.insert(dims.begin() + static_cast<std::ptrdiff_t>(form_.place), length);
  const auto count = checked_element_count(dims);
  if (!count || *count > kMostElements)
    throw Error(
        TN_INVALID_ARGUMENT, "",
        "its scan output would have dims " + dims_text(dims) + ", which no tensor can have");
  return dims;
}

Tensor Executor::Stack::place(const Tensor& buffer, int64_t at) const {
  return part_of(buffer, static_cast<size_t>(form_.place), at);
}

void Executor::Stack::make_room() {
  const int64_t room = buffer_.present() ? buffer_.dims[static_cast<size_t>(form_.place)] : 0;
  if (count_ < room) return;
  const int64_t next = form_.length >= 0 ? form_.length : std::max(kFirstRoom, 2 * room);
  Tensor grown = executor_.allocate(dtype_, dims_of(next), false);
  if (room != 0 && buffer_.bytes() != 0)
    executor_.device_.copy(grown.address, buffer_.address, buffer_.bytes(), *executor_.stream_);
  buffer_ = std::move(grown);
}

void Executor::Stack::push(Tensor item) {
  if (count_ == 0) {
    require_bytes(item.dtype);
    settle_axis(item.dims.size());
    dtype_ = item.dtype;
    item_dims_ = item.dims;
  } else if (item.dims != item_dims_ || item.dtype != dtype_) {
    throw Error(TN_INVALID_ARGUMENT, "",
                "a scan output has dims " + dims_text(item.dims) + " in iteration " +
                    std::to_string(count_) + " and " + dims_text(item_dims_) +
                    " before; they must be the same in each");
  }
  if (fold_ || executor_.recording_ != nullptr) {
    items_.push_back(std::move(item));
    ++count_;
    return;
  }
  make_room();
  if (item.count() != 0) {
    item = executor_.on_device(item);
    const int64_t at = form_.backwards ? form_.length - 1 - count_ : count_;
    const Tensor to = place(buffer_, at);
    const Argument in = item.argument();
    const Argument out = to.argument();
    executor_.device_.run(copying(), {&in, 1}, {&out, 1}, *executor_.stream_);
  }
  ++count_;
}

Tensor Executor::Stack::zeros(tn_dtype dtype, std::vector<int64_t> dims) {
  Tensor tensor = executor_.allocate(dtype, std::move(dims), fold_);
  if (tensor.count() == 0) return tensor;
  static const std::byte zero[16] = {};
  const Argument in = Argument::host(zero, dtype);
  const Argument out = tensor.argument();
  const Tensor none;
  executor_.run_on(fold_, filling(), {&in, 1}, {&none, 1}, {&out, 1}, {&tensor, 1});
  return tensor;
}

// By one Concat, which a plan can see through.
Tensor Executor::Stack::joined() {
  const auto axis = static_cast<std::ptrdiff_t>(form_.place);
  const bool host = fold_ || std::ranges::all_of(items_, &Tensor::host);
  if (form_.backwards) std::ranges::reverse(items_);
  for (Tensor& item : items_) {
    item = host ? executor_.on_host(item) : executor_.on_device(item);
    item.dims.insert(item.dims.begin() + axis, 1);
    item.strides.insert(item.strides.begin() + axis, item.count());
  }
  if (form_.length > count_) {
    std::vector<int64_t> rest = dims_of(form_.length - count_);
    items_.push_back(zeros(dtype_, std::move(rest)));
    if (host && !fold_) items_.back() = executor_.on_host(items_.back());
  }
  Tensor whole = executor_.allocate(dtype_, dims_of(std::max(form_.length, count_)), host);
  std::vector<Argument> in;
  for (const Tensor& item : items_) in.push_back(item.argument());
  const Argument out = whole.argument();
  executor_.run_on(host, Operation("Concat", {{"axis", int64_t{form_.place}}}), in, items_,
                   {&out, 1}, {&whole, 1});
  return whole;
}

Tensor Executor::Stack::finish(const ModelValue& declared) {
  if (count_ == 0) {
    settle_axis(declared.dims.size());
    if (declared.dtype == TN_DTYPE_UNDEFINED)
      throw Error(TN_UNSUPPORTED, "",
                  "no iteration ran, and the model does not say what the scan output '" +
                      declared.name + "' would be; give it a type");
    for (const int64_t dim : declared.dims) item_dims_.push_back(std::max<int64_t>(dim, 0));
    return zeros(declared.dtype, dims_of(std::max<int64_t>(form_.length, 0)));
  }
  if (!items_.empty()) return joined();
  const auto axis = static_cast<size_t>(form_.place);
  for (int64_t at = count_; at < form_.length; ++at) {
    const Tensor to = place(buffer_, form_.backwards ? form_.length - 1 - at : at);
    if (to.count() == 0) break;
    static const std::byte zero[16] = {};
    const Argument in = Argument::host(zero, dtype_);
    const Argument out = to.argument();
    executor_.device_.run(filling(), {&in, 1}, {&out, 1}, *executor_.stream_);
  }
  if (form_.length < 0) {
    buffer_.dims[axis] = count_;  // A view of what is used: the axis is the outermost.
  }
  return buffer_;
}

}  // namespace tenon::runtime::onnx_import
