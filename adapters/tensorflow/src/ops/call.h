// SPDX-License-Identifier: Apache-2.0
//
// One computation of an op: its inputs and outputs as views, and launches on the op's stream.
#pragma once

#include <initializer_list>
#include <span>
#include <vector>

#include "device/state.h"
#include "ops/view.h"
#include "runtime/operation.h"
#include "tenon/cpp/number.hpp"
#include "tensorflow/c/kernels.h"

namespace tenon::tensorflow {

// A host value as an operator's input: 0-d, of any type. Never part of a kernel's identity.
class Scalar {
 public:
  Scalar(const Number& value, tn_dtype dtype);
  template <class T>
  static Scalar of(T value) {  // Of the type that stores a T.
    return Scalar(value, kDtypeOf<T>);
  }
  runtime::Argument argument() const { return runtime::Argument::host(bytes_, dtype_); }

 private:
  alignas(8) char bytes_[kMaxElementBytes] = {};
  tn_dtype dtype_ = TN_DTYPE_UNDEFINED;
};

// An input or output of a launch. Borrows what it is made from, which outlives the launch as
// temporaries of the full expression do.
class LaunchArgument {
 public:
  LaunchArgument(const View& view) : argument_(view.argument()) {}
  LaunchArgument(const Scalar& scalar) : argument_(scalar.argument()) {}
  // A 1-d host list of int64.
  LaunchArgument(const Dims& list)
      : length_(list.size()), argument_(runtime::Argument::host(list.data(), TN_INT64)) {
    argument_.rank = 1;
  }
  static LaunchArgument absent() { return LaunchArgument(runtime::Argument::absent()); }

  const runtime::Argument& argument() const {
    if (argument_.kind == runtime::Argument::Kind::kHost && argument_.rank == 1) {
      argument_.dims = &length_;
    }
    return argument_;
  }

 private:
  explicit LaunchArgument(const runtime::Argument& argument) : argument_(argument) {}
  int64_t length_ = 0;
  mutable runtime::Argument argument_;
};

// For NodeCall::host_list: TensorFlow's tensors have fewer dimensions.
inline constexpr int kAnyRank = 255;

class NodeCall {
 public:
  explicit NodeCall(TF_OpKernelContext* context);
  ~NodeCall();
  NodeCall(const NodeCall&) = delete;
  NodeCall& operator=(const NodeCall&) = delete;

  TF_OpKernelContext* context() const { return context_; }
  DeviceState& owner() const { return *stream_->owner; }
  runtime::ManagedDevice& device() const { return owner().device(); }

  // -- Inputs --
  int input_count() const { return TF_NumInputs(context_); }
  View input(int index);  // On the device.
  // Integers of any width in host memory, of a tensor of the ranks allowed.
  Dims host_integers(int index, int least = 1);
  // The same for lists that may be longer than a tensor has dimensions.
  std::vector<int64_t> host_list(int index, int least = 1, int most = 1);
  int64_t host_integer(int index, int most = 0);  // One.
  Number host_number(int index);                  // A scalar of any type.

  // -- Outputs: InvalidArgument for dims that no tensor can have --
  View output(int index, tn_dtype dtype, const Dims& dims);
  // The output in the memory of a candidate that nobody else reads, or in memory of its own.
  View output_in_place(int index, tn_dtype dtype, const Dims& dims,
                       std::initializer_list<int> candidates);
  // Hands an input's memory on.
  void forward(int input, int output, const Dims& dims);
  void set_output(int index, const TF_Tensor* tensor);

  // -- Work --
  View temporary(tn_dtype dtype, const Dims& dims);
  void run(const runtime::Operation& operation, std::initializer_list<LaunchArgument> inputs,
           std::initializer_list<LaunchArgument> outputs);
  // Waits when the operator may fail on its data (late_failures.h), so that the op itself fails.
  void run(const runtime::Operation& operation, std::span<const LaunchArgument> inputs,
           std::span<const LaunchArgument> outputs);
  // Between device and host memory; waits for the stream. Either side may be a variable's memory
  // that TensorFlow keeps on the host.
  void copy_to_host(void* to, const void* from, size_t bytes);
  void copy_from_host(void* to, const void* from, size_t bytes);
  void copy(const View& from, const View& to);  // Strided; of one type and equal dims.
  void cast(const View& from, const View& to);
  void fill(const View& to, const Number& value);
  View as(const View& from, tn_dtype dtype);  // Itself when it has the type, else a cast copy.
  View contiguous(const View& from);          // Itself when dense, else a copy.
  // An input itself, for as long as the call.
  TF_Tensor* host_tensor(int index) { return host_input(index); }

 private:
  TF_Tensor* keep(TF_Tensor* tensor);
  TF_Tensor* host_input(int index);
  TF_Tensor* host_list_input(int index, int least, int most);

  TF_OpKernelContext* context_;
  SP_Stream stream_;
  TF_Tensor* inline_[6];  // Few ops have more tensors than this.
  int inline_count_ = 0;
  std::vector<TF_Tensor*> more_;
};

}  // namespace tenon::tensorflow
