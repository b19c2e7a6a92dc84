// SPDX-License-Identifier: Apache-2.0
//
// What a kernel of the reference device is, and how families of them are registered.
//
// The device core (device.cc, kernel_table.cc) validates descriptions and launches, binds constants
// and host values, and turns every input into a View of memory that the device's threads may touch.
// A kernel sees Views alone: it need not know whether a value came from a device tensor, a constant
// or the host, nor in which memory mode the device runs.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "tenon/cpp/dtype.hpp"
#include "tenon/cpp/operator_ids.hpp"
#include "tenon/device/subnormals.h"
#include "tenon/tenon.h"

namespace tenon::device {

class AskedDims;  // asked_dims.h
class Backend;    // backend.h

// Thrown by kernels; becomes the status of the call, or the stream's failure when thrown by run().
class KernelError : public std::runtime_error {
 public:
  KernelError(tn_status status, const std::string& message, int64_t vendor_code = 0)
      : std::runtime_error(message), status(status), vendor_code(vendor_code) {}
  tn_status status;
  int64_t vendor_code;  // As in tn_error.
};

// A strided view of memory. Strides are in elements and always given, except with a layout token
// (then `strides` is null and the kernel knows the form). `data` may not be touched in check() and
// workspace_size() (it may be null there), and is null for a tensor without elements. An absent
// argument has dtype 0.
struct View {
  std::byte* data = nullptr;
  const int64_t* dims = nullptr;
  const int64_t* strides = nullptr;
  int32_t rank = 0;
  tn_dtype dtype = TN_DTYPE_UNDEFINED;
  tn_layout layout = TN_LAYOUT_STRIDED;

  bool present() const { return dtype != TN_DTYPE_UNDEFINED; }
  int64_t count() const {
    int64_t n = 1;
    for (int32_t i = 0; i < rank; ++i) n *= dims[i];
    return n;
  }
  bool dense() const;  // Row-major without gaps.
  std::span<const int64_t> shape() const { return {dims, static_cast<size_t>(rank)}; }
  template <class T>
  T* as() const {
    return reinterpret_cast<T*>(data);
  }
};

// An absent argument: of rank 0, and a kernel that reads its dims nevertheless reads zeros.
inline constexpr int64_t kAbsentDims[TN_MAX_RANK] = {};
inline constexpr View kAbsentView{nullptr, kAbsentDims, kAbsentDims};

// The arguments of one launch, at their positions in the operator's signature.
struct Arguments {
  std::span<const View> inputs;
  std::span<const View> outputs;
  int64_t* const* output_dims = nullptr;  // See tn_launch.
  std::byte* workspace = nullptr;         // workspace_size() bytes, 64-byte aligned.
  // Every tensor has the dims of its description, all of them given there, and its form: the
  // described token, or dense row-major.
  bool as_described = false;
  // As in Description::checks_data().
  bool check_data = true;
  // Where check() says the dims of the outputs, when a host asks for them; null at a launch. The
  // outputs then have type and rank alone, and only host values and constants have data.
  AskedDims* asked = nullptr;

  // The input at `index`, or an absent view beyond the end.
  View input(size_t index) const { return index < inputs.size() ? inputs[index] : kAbsentView; }
  View output(size_t index) const { return index < outputs.size() ? outputs[index] : kAbsentView; }
};

// Where run() does its work: on the host's threads, or, made by a Backend, on a device's queue.
class Execution {
 public:
  explicit Execution(const tn_host& host) : host_(host) {}
  virtual ~Execution() = default;

  // Bytes between ranges that do not overlap.
  virtual void copy(std::byte* dst, const std::byte* src, uint64_t size) const;
  // Repeats a pattern; `size` is a multiple of its size.
  virtual void fill(std::byte* dst, uint64_t size, const std::byte* pattern,
                    uint64_t pattern_size) const;
  // Waits for what has been queued; throws KernelError when it failed. On the host's threads work
  // is done when it returns.
  virtual void finish() const {}

  // Calls body(begin, end) for ranges that cover [0, count), each of at least `grain` items, on
  // several threads, which treat subnormal numbers as the calling one does. The first exception
  // that a body throws is rethrown here.
  template <class Body>
  void parallel_for(int64_t count, int64_t grain, Body&& body) const;

  int32_t parallelism() const { return host_.parallelism(host_.context); }

 private:
  template <class Body>
  void parallel_ranges(int64_t count, int64_t grain, Body& body) const;

  const tn_host& host_;
};

// One operator made ready for some types. Immutable; run() may be called from several threads.
class Kernel {
 public:
  virtual ~Kernel() = default;

  // Whether the shapes fit together; called on the caller's thread at each launch, so cheap.
  // Throws KernelError (TN_INVALID_ARGUMENT, with the dims) when they do not. Also answers a host
  // that asks for the dims of the outputs (Arguments::asked): what check() wants an output's dims
  // to be, it says through check_output() and its like (operators/shape.h), which compare at a
  // launch and answer a question. Where data decides, that is the most they can be; an output that
  // is not said is one whose dims the caller alone decides.
  virtual void check(const Arguments& arguments) const = 0;

  // Computes. Does not allocate: temporary memory is the workspace (NeedsWorkspace). What only the
  // data shows (an index out of range) is thrown as KernelError.
  virtual void run(const Arguments& arguments, const Execution& execution) const = 0;

  // The layout in which it takes input `i`, described as `described`: TN_LAYOUT_ANY or a token (see
  // layouts.h). A kernel that knows no tokens leaves this alone and gets strided inputs only.
  virtual tn_layout input_layout(size_t i, tn_layout described) const {
    (void)i, (void)described;
    return TN_LAYOUT_STRIDED;
  }

  // The same for output `i`.
  virtual tn_layout output_layout(size_t i, tn_layout described) const {
    (void)i, (void)described;
    return TN_LAYOUT_STRIDED;
  }

  // Whether it computes these arguments itself. Asked behind the check() of the kernel that does it
  // otherwise, and only where there is one: see kernel_choice.h.
  virtual bool takes(const Arguments& arguments) const {
    (void)arguments;
    return true;
  }

  // Memory that it holds besides its constants.
  virtual uint64_t resident_bytes() const { return 0; }
};

// A second base of kernels that have launches with temporary memory. TN_KERNEL_NO_WORKSPACE tells
// hosts that no launch of any other kernel needs it.
class NeedsWorkspace {
 public:
  virtual ~NeedsWorkspace() = default;

  // In bytes, after check(); depends on dims and host values alone.
  virtual uint64_t workspace_size(const Arguments& arguments) const = 0;
};

// 0 for kernels that need none.
inline uint64_t workspace_size(const Kernel& kernel, const Arguments& arguments) {
  const auto* needs = dynamic_cast<const NeedsWorkspace*>(&kernel);
  return needs != nullptr ? needs->workspace_size(arguments) : 0;
}

// The description of a kernel to be made, checked for form (kinds, ranks and types are in range).
class Description {
 public:
  explicit Description(const tn_kernel_desc& desc, Backend* backend = nullptr)
      : desc_(desc), backend_(backend) {}

  // What the device of the kernel computes with, for kernels that are tied to it. Null in tests of
  // kernels by themselves.
  Backend* backend() const { return backend_; }

  std::string_view name() const { return desc_.name; }
  int32_t version() const { return desc_.version; }
  tn_math_mode math_mode() const { return desc_.math_mode; }
  bool deterministic() const { return (desc_.flags & TN_KERNEL_DETERMINISTIC) != 0; }
  // Whether the stream must fail on what only the data shows. Kernels may check in any case.
  bool checks_data() const { return (desc_.flags & TN_KERNEL_CHECK_DATA) != 0; }
  // Whether arithmetic takes subnormal numbers for 0. On the host's threads run() is called with
  // the processor set so: only what looks at the bits of numbers has to mind.
  bool flushes_subnormals() const { return (desc_.flags & TN_KERNEL_FLUSH_SUBNORMALS) != 0; }
  size_t input_count() const { return desc_.input_count; }
  size_t output_count() const { return desc_.output_count; }
  bool has_input(size_t i) const {
    return i < desc_.input_count && desc_.inputs[i]->kind != TN_ARGUMENT_ABSENT;
  }
  bool has_output(size_t i) const {
    return i < desc_.output_count && desc_.outputs[i]->kind != TN_ARGUMENT_ABSENT;
  }
  // A description with fewer arguments than the operator has is refused here, for all kernels.
  const tn_argument& input(size_t i) const {
    if (!has_input(i)) missing("input", i);
    return *desc_.inputs[i];
  }
  const tn_argument& output(size_t i) const {
    if (!has_output(i)) missing("output", i);
    return *desc_.outputs[i];
  }
  tn_dtype input_dtype(size_t i) const {
    return has_input(i) ? desc_.inputs[i]->dtype : TN_DTYPE_UNDEFINED;
  }
  tn_dtype output_dtype(size_t i) const {
    return has_output(i) ? desc_.outputs[i]->dtype : TN_DTYPE_UNDEFINED;
  }

  // Attributes, with the contract's default where none is given (0, "" where it has none). A wrong
  // type throws. An attribute that was not asked for by the time the kernel is made is unknown to
  // the operator, and refused.
  int64_t integer(std::string_view name) const;
  float real(std::string_view name) const;
  std::string text(std::string_view name) const;
  std::vector<int64_t> integers(std::string_view name) const;
  std::vector<float> reals(std::string_view name) const;
  std::vector<std::string> texts(std::string_view name) const;  // Empty when not given.
  const tn_tensor* tensor(std::string_view name) const;         // Null when not given.
  bool has_attribute(std::string_view name) const;
  // As it is given; null when it is not.
  const tn_attribute* find(std::string_view name) const;

  // The first attribute that was never asked for, or null.
  const char* unknown_attribute() const;

 private:
  [[noreturn]] void missing(const char* kind, size_t i) const {
    throw KernelError(TN_INVALID_ARGUMENT, std::string(desc_.name) + " needs " + kind + " " +
                                               std::to_string(i) + ": give it");
  }
  // What the contract says of it; one without a default for another operator's, as in tests.
  const AttributeFact& fact(std::string_view name) const;
  const tn_kernel_desc& desc_;
  Backend* backend_;
  mutable uint64_t asked_ = 0;  // Bit n: attribute n was found by name.
};

// Makes a kernel, or throws KernelError: TN_UNSUPPORTED with what it lacks, TN_INVALID_ARGUMENT
// when the operator forbids it.
using CreateKernel = std::unique_ptr<Kernel> (*)(const Description&);

constexpr uint64_t dtype_bit(tn_dtype dtype) { return uint64_t{1} << dtype; }

// One row of the device's table of operators. `dtypes` are those of its type constraint; the device
// claims what the operator's version has of them, and of each other constraint all that the version
// has, save for the one that `limited` names.
struct OperatorEntry : OperatorId {
  uint64_t dtypes;
  CreateKernel create;
  const char* limited = nullptr;
  uint64_t limited_dtypes = 0;
};

// The families, one function in each file of kernels/; platform.cc lists them.
using OperatorFamily = std::span<const OperatorEntry> (*)();

// ---- Implementation of the template ----

// Most calls have one range: that is the caller's own code.
template <class Body>
[[gnu::always_inline]] inline void Execution::parallel_for(int64_t count, int64_t grain,
                                                           Body&& body) const {
  if (count <= 0) return;
  if (count <= grain) {
    body(int64_t{0}, count);
    return;
  }
  parallel_ranges(count, grain, body);
}

template <class Body>
[[gnu::noinline]] void Execution::parallel_ranges(int64_t count, int64_t grain, Body& body) const {
  struct State {
    Body* body;
    bool flush;
    std::exception_ptr error;
    std::array<char, 4> lock{};
  };
  State state{&body, SubnormalMode::flushes(), nullptr, {}};
  host_.parallel_for(
      host_.context, count, grain,
      [](void* user, int64_t begin, int64_t end, int32_t) {
        auto& s = *static_cast<State*>(user);
        const SubnormalScope scope(s.flush);
        try {
          (*s.body)(begin, end);
        } catch (...) {
          // The first one wins; the flag makes the assignment exclusive.
          if (!__atomic_test_and_set(s.lock.data(), __ATOMIC_ACQ_REL))
            s.error = std::current_exception();
        }
      },
      &state);
  if (state.error) std::rethrow_exception(state.error);
}

}  // namespace tenon::device
