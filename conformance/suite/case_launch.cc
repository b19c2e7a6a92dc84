// SPDX-License-Identifier: Apache-2.0
#include "suite/case_launch.h"

#include <algorithm>

#include "suite/contract.h"
#include "suite/expectation.h"
#include "suite/fixture.h"
#include "suite/placed.h"

namespace tenon::conformance {
namespace {

bool is_there(const Expected& output) { return output.dtype != TN_DTYPE_UNDEFINED; }

// Host values of an input, and the tensor that says where they are.
const tn_tensor* host_tensor(Keeper& keeper, const HostTensor& tensor) {
  auto& values = keeper.make<Bytes>(tensor.bytes());
  if (values.empty()) values.resize(16);  // Never a NULL pointer.
  return keeper.make<Tensor>(Tensor::host(values.data(), tensor.dtype, Dims(tensor.dims))).get();
}

// The tensors of one launch.
class LaunchTensors {
 public:
  LaunchTensors(Keeper& keeper, const Described& described, const OperatorCase& data,
                const Stream& stream, const LaunchOptions& options)
      : keeper_(keeper),
        described_(described),
        data_(data),
        stream_(stream),
        options_(options),
        inputs_(data.inputs.size()),
        outputs_(data.outputs.size()) {
    for (size_t i = 0; i < inputs_.size(); ++i) input_pointers_.push_back(input(i));
    for (size_t i = 0; i < outputs_.size(); ++i) output_pointers_.push_back(output(i));
  }

  tn_launch launch() {
    tn_launch launch = launch_of(input_pointers_, output_pointers_);
    if (data_.bounds.empty()) return launch;
    for (Shape& dims : actual_dims_) dims_pointers_.push_back(dims.data());
    launch.output_dims = dims_pointers_.data();
    return launch;
  }

  // Everything is read back, so that a byte written outside of an output is seen.
  void read_back() {
    for (auto* list : {&inputs_, &outputs_}) {
      for (Placed* one : *list) {
        if (one != nullptr) one->read_back(keeper_, stream_);
      }
    }
  }

  void check(Launched& launched, tn_math_mode mode) {
    std::vector<bool> replaced(inputs_.size());
    for (size_t i = 0; i < outputs_.size(); ++i) {
      if (described_.alias(i) != 0) replaced[static_cast<size_t>(described_.alias(i) - 1)] = true;
    }
    for (size_t i = 0; i < inputs_.size(); ++i) {
      if (inputs_[i] != nullptr && !replaced[i]) {
        EXPECT_TRUE(inputs_[i]->is_untouched()) << "input " << i << " was modified";
      }
    }
    for (size_t i = 0; i < outputs_.size(); ++i) check_output(launched, i, mode);
  }

 private:
  const tn_tensor* input(size_t i) {
    const CaseInput& given = data_.inputs[i];
    const Argument& argument = described_.desc().inputs[i];
    if (argument.kind == TN_ARGUMENT_ABSENT || argument.kind == TN_ARGUMENT_CONSTANT) {
      return nullptr;
    }
    if (argument.kind == TN_ARGUMENT_HOST) return host_tensor(keeper_, given.tensor);
    if (given.same != 0) return input_pointers_[static_cast<size_t>(given.same) - 1];
    inputs_[i] = &place(given.tensor, described_.input_strides(i), argument, false);
    return inputs_[i]->tensor();
  }

  const tn_tensor* output(size_t i) {
    const Expected& expected = data_.outputs[i];
    if (!is_there(expected)) return nullptr;
    if (const int32_t alias = described_.alias(i)) {
      return inputs_[static_cast<size_t>(alias - 1)]->tensor();
    }
    const HostTensor shape(expected.dtype, memory_dims(data_, i));
    outputs_[i] = &place(shape, described_.output_strides(i), described_.desc().outputs[i], true);
    return outputs_[i]->tensor();
  }

  Placed& place(const HostTensor& tensor, const Shape& strides, const Argument& argument,
                bool output) {
    if (argument.layout != TN_LAYOUT_STRIDED) {
      return Placed::make_in_layout(keeper_, stream_, tensor, argument.layout, argument.alignment,
                                    output);
    }
    const uint64_t size = std::max<uint64_t>(tn_dtype_bits(tensor.dtype) / 8, 1);
    const uint64_t shift = argument.alignment == 0 ? options_.shift * size : 0;
    return Placed::make(keeper_, stream_, tensor, strides, argument.alignment, shift, output);
  }

  void check_output(Launched& launched, size_t i, tn_math_mode mode) {
    const Expected& expected = data_.outputs[i];
    if (!is_there(expected)) return;
    const int32_t alias = described_.alias(i);
    Placed& placed = alias != 0 ? *inputs_[static_cast<size_t>(alias - 1)] : *outputs_[i];
    launched.outputs.push_back(placed.bytes_after());
    if (!data_.bounds.empty()) {
      const Shape dims(actual_dims_[i].begin(),
                       actual_dims_[i].begin() + static_cast<long>(expected.dims.size()));
      EXPECT_EQ(dims, expected.dims) << "dims of output " << i << " in output_dims";
      if (dims != expected.dims) return;
    }
    const HostTensor actual = placed.take(expected.dims, expected.imaginary);
    const Verdict verdict =
        judge(actual, expected, tolerance_of(data_.domain, data_.name, expected.dtype, mode));
    EXPECT_EQ(verdict.text, "") << "output " << i;
    launched.worst.tolerances = std::max(launched.worst.tolerances, verdict.tolerances);
    launched.worst.ulps = std::max(launched.worst.ulps, verdict.ulps);
    // With bounds, the bytes between the actual dims and the bound belong to the output.
    if (data_.bounds.empty()) {
      EXPECT_TRUE(placed.rest_is_untouched()) << "bytes outside of output " << i << " were written";
    }
  }

  Keeper& keeper_;
  const Described& described_;
  const OperatorCase& data_;
  const Stream& stream_;
  const LaunchOptions& options_;
  std::vector<Placed*> inputs_, outputs_;
  std::vector<const tn_tensor*> input_pointers_, output_pointers_;
  std::vector<Shape>& actual_dims_ =
      keeper_.make<std::vector<Shape>>(data_.outputs.size(), Shape(TN_MAX_RANK, -1));
  std::vector<int64_t*> dims_pointers_;
};

// A workspace between guards.
class Workspace {
 public:
  Workspace(Keeper& keeper, const Stream& stream, const Kernel& kernel, tn_launch& launch,
            unsigned char garbage)
      : guard_(guard_of(0)), size_(kernel.workspace_size(launch)) {
    EXPECT_TRUE(size_ == 0 || kernel.needs_workspace()) << "TN_KERNEL_NO_WORKSPACE";
    bytes_ = &keeper.make<Bytes>(2 * guard_ + size_, kUntouched);
    std::fill_n(bytes_->begin() + static_cast<long>(guard_), size_, garbage);
    buffer_ = &keeper.make<Buffer>(Target::get().device(), bytes_->size());
    stream.write(*buffer_, 0, bytes_->data(), bytes_->size());
    launch.workspace = buffer_->get();
    launch.workspace_offset = guard_;
  }

  const Buffer& buffer() const { return *buffer_; }
  void read_back(const Stream& stream) { stream.read(bytes_->data(), *buffer_, 0, bytes_->size()); }
  void check() const {
    EXPECT_TRUE(untouched(0)) << "a byte before the workspace was written";
    EXPECT_TRUE(untouched(guard_ + size_)) << "a byte behind the workspace was written";
  }

 private:
  bool untouched(size_t begin) const {
    const auto first = bytes_->begin() + static_cast<long>(begin);
    const auto guard = static_cast<long>(guard_);
    return std::count(first, first + guard, kUntouched) == guard;
  }

  uint64_t guard_, size_;
  Bytes* bytes_ = nullptr;
  const Buffer* buffer_ = nullptr;
};

}  // namespace

Launched launch_case(Keeper& keeper, const Described& described, const OperatorCase& data,
                     const Stream& stream, const Kernel& kernel, const LaunchOptions& options) {
  auto& tensors = keeper.make<LaunchTensors>(keeper, described, data, stream, options);
  tn_launch launch = tensors.launch();
  Workspace workspace(keeper, stream, kernel, launch, options.garbage);
  {
    std::optional<AllocatesNothing> watch;
    if (options.alone) watch.emplace(Target::get().device(), kernel);
    const Announced announced(data, described.desc().math_mode);
    kernel.launch(stream, launch);
  }
  tensors.read_back();
  workspace.read_back(stream);
  stream.synchronize();

  Launched launched;
  launched.workspace = &workspace.buffer();
  tensors.check(launched, described.desc().math_mode);
  workspace.check();
  return launched;
}

bool ask_dims(const Described& described, const Kernel& kernel) {
  const OperatorCase& c = described.operator_case();
  Keeper keeper;
  std::vector<const tn_tensor*> inputs(c.inputs.size());
  for (size_t i = 0; i < c.inputs.size(); ++i) {
    const HostTensor& tensor = c.inputs[i].tensor;
    const Argument& argument = described.desc().inputs[i];
    if (argument.kind == TN_ARGUMENT_HOST) {
      inputs[i] = host_tensor(keeper, tensor);
    } else if (argument.kind == TN_ARGUMENT_DEVICE) {
      auto& view = keeper.make<Tensor>(Tensor::device(nullptr, tensor.dtype, Dims(tensor.dims)));
      if (argument.layout != TN_LAYOUT_STRIDED) {
        view.with_layout(argument.layout);
      } else if (is_strided(tensor.dims, described.input_strides(i))) {
        view.with_strides(described.input_strides(i));
      }
      inputs[i] = view.get();
    }
  }
  tn_launch launch = launch_of(inputs);
  constexpr int64_t kUnwritten = -7;
  std::vector<Shape> dims(c.outputs.size(), Shape(TN_MAX_RANK + 1, kUnwritten));
  std::vector<int64_t*> pointers;
  for (Shape& shape : dims) pointers.push_back(shape.data());

  ErrorBuffer error;
  const tn_status status = tn_kernel_output_dims(kernel.get(), &launch, pointers.data(), &error);
  if (status == TN_UNIMPLEMENTED) return false;
  const bool by_caller = caller_decides_dims(c.domain, c.name);
  EXPECT_EQ(TN_STATUS_CLASS(status), by_caller ? TN_UNSUPPORTED : TN_OK) << error.message;
  if (status != TN_OK) return true;
  for (size_t i = 0; i < c.outputs.size() && !by_caller; ++i) {
    if (!is_there(c.outputs[i])) continue;
    Shape expected = memory_dims(c, i);
    expected.resize(TN_MAX_RANK + 1, kUnwritten);  // Nothing is written behind the rank.
    EXPECT_EQ(dims[i], expected) << "dims of output " << i;
  }
  return true;
}

}  // namespace tenon::conformance
