// SPDX-License-Identifier: Apache-2.0
//
// What a kernel was described with decides what becomes of bad data and of subnormal numbers.
#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "suite/case.h"
#include "suite/fixture.h"
#include "suite/run_options.h"

#if defined(__x86_64__)
#include <xmmintrin.h>
#endif

namespace tenon::conformance {
namespace {

// Operators whose data may be bad: which input, and what is bad there.
struct Badness {
  const char* domain;
  const char* name;
  Values values;
  size_t input;
};

const std::vector<Badness>& all_badness() {
  static const Values indices = {1e6, -1e6};
  static const std::vector<Badness> all = {
      {"", "Div", {0}, 1},
      {"", "Mod", {0}, 1},
      {"tenon", "FloorDiv", {0}, 1},
      {"", "Gather", indices, 1},
      {"", "GatherElements", indices, 1},
      {"", "GatherND", indices, 1},
      {"", "ScatterElements", indices, 1},
      {"", "ScatterND", indices, 1},
      {"tenon", "IndexAdd", indices, 1},
      {"tenon", "EmbeddingGrad", indices, 1},
      {"tenon", "NllLoss", indices, 1},
      {"tenon", "NllLossGrad", indices, 1},
      {"tenon", "SparseSoftmaxCrossEntropy", indices, 1},
      {"tenon", "MaxPoolGrad", indices, 1},
  };
  return all;
}

// Of integers and one type of floats, to which their indices are what they are to others; of the
// run's seed, which the operators' tests have made anyway.
template <class Body>
void for_each_case(Body&& body) {
  for (const ElementType& type : kElementTypes) {
    if (!in_set(type.dtype, type_set::kInteger) && type.dtype != TN_FLOAT32) continue;
    for (const OperatorCase& c :
         cases_of(type.dtype, static_cast<uint32_t>(RunOptions::get().seed))) {
      body(c);
    }
  }
}

// The operators' cases with an input that holds nothing good.
Cases bad_cases() {
  Cases bad;
  for_each_case([&](const OperatorCase& c) {
    for (const Badness& badness : all_badness()) {
      if (c.domain != badness.domain || c.name != badness.name) continue;
      const CaseInput& input = c.inputs[badness.input];
      if (!is_integer(input.tensor.dtype) || input.kind != TN_ARGUMENT_DEVICE) continue;
      if (input.same != 0) continue;  // It is another input, too.
      if (c.outputs[0].count() == 0 || input.tensor.count() == 0) continue;
      for (const Real value : badness.values) {
        OperatorCase spoiled = c;
        HostTensor& tensor = spoiled.inputs[badness.input].tensor;
        tensor.values.assign(tensor.values.size(), value);
        tensor.repeated.clear();
        bad.push_back(std::move(spoiled));
      }
    }
  });
  return bad;
}

class KernelFlagsTest : public DeviceTest {
 protected:
  static constexpr uint64_t kGuard = 4096;
  static constexpr unsigned char kUntouched = 0xa5;

  // A dense tensor between guards.
  struct Guarded {
    Buffer buffer;
    Bytes image;
    uint64_t size = 0;
    Tensor tensor;
  };

  Guarded& place(const HostTensor& tensor) {
    auto& placed = keeper_.make<Guarded>();
    const Bytes bytes = tensor.bytes();
    placed.size = bytes.size();
    placed.image.assign(2 * kGuard + bytes.size(), kUntouched);
    std::copy(bytes.begin(), bytes.end(), placed.image.begin() + kGuard);
    placed.buffer = make_buffer(placed.image.size());
    placed.tensor =
        Tensor::device(placed.buffer.get(), tensor.dtype, Dims(tensor.dims)).with_offset(kGuard);
    stream_.write(placed.buffer, 0, placed.image.data(), placed.image.size());
    return placed;
  }

  static KernelDesc describe(const OperatorCase& c, uint32_t flags) {
    KernelDesc desc;
    desc.domain = c.domain;
    desc.name = c.name;
    desc.version = version_of_contract(c.domain, c.name);
    desc.attributes = c.attributes;
    desc.flags = flags;
    for (const CaseInput& input : c.inputs) {
      const HostTensor& tensor = input.tensor;
      Argument argument = input.kind == TN_ARGUMENT_ABSENT ? Argument::absent()
                          : input.kind == TN_ARGUMENT_HOST
                              ? Argument::host(tensor.dtype, tensor.dims)
                              : Argument::device(tensor.dtype, tensor.dims);
      argument.alias = input.same;
      desc.input(std::move(argument));
    }
    for (size_t i = 0; i < c.outputs.size(); ++i) {
      Argument argument = Argument::device(c.outputs[i].dtype, c.outputs[i].dims);
      argument.alias = c.aliases[i];
      desc.output(std::move(argument));
    }
    return desc;
  }

  // Launches it; false when the device has no such kernel. `placed`: all tensors that it is given,
  // and which of them it may write.
  bool launch_case(const OperatorCase& c, uint32_t flags,
                   std::vector<std::pair<Guarded*, bool>>* placed) {
    const KernelDesc desc = aligned_desc(describe(c, flags));
    if (!supports(device(), desc)) return false;
    const Kernel& kernel = keep(Kernel(device(), desc));
    std::vector<Tensor> tensors(c.inputs.size());
    std::vector<const tn_tensor*> inputs, outputs;
    std::vector<Bytes> host(c.inputs.size());
    for (size_t i = 0; i < c.inputs.size(); ++i) {
      const HostTensor& tensor = c.inputs[i].tensor;
      placed->push_back({nullptr, false});
      if (c.inputs[i].kind == TN_ARGUMENT_ABSENT) {
        inputs.push_back(nullptr);
      } else if (c.inputs[i].kind == TN_ARGUMENT_HOST) {
        host[i] = tensor.bytes();
        host[i].resize(host[i].size() + 16);
        tensors[i] = Tensor::host(host[i].data(), tensor.dtype, Dims(tensor.dims));
        inputs.push_back(tensors[i].get());
      } else {
        placed->back().first = &place(tensor);
        inputs.push_back(placed->back().first->tensor.get());
      }
    }
    for (size_t i = 0; i < c.outputs.size(); ++i) {
      if (c.aliases[i] != 0) {
        auto& replaced = (*placed)[static_cast<size_t>(c.aliases[i] - 1)];
        replaced.second = true;
        outputs.push_back(replaced.first->tensor.get());
      } else {
        placed->push_back({&place(HostTensor(c.outputs[i].dtype, c.outputs[i].dims)), true});
        outputs.push_back(placed->back().first->tensor.get());
      }
    }
    tn_launch launch = launch_of(inputs, outputs);
    if (const uint64_t size = kernel.workspace_size(launch); size != 0) {
      launch.workspace = keep(make_buffer(size)).get();
    }
    kernel.launch(stream_, launch);
    return true;
  }

  void expect_nothing_else_touched(const std::vector<std::pair<Guarded*, bool>>& placed) {
    for (const auto& [guarded, written] : placed) {
      if (guarded == nullptr) continue;
      Bytes after = download(guarded->buffer);
      if (written) {
        std::copy_n(guarded->image.begin() + kGuard, guarded->size, after.begin() + kGuard);
      }
      EXPECT_EQ(after, guarded->image) << "memory outside of the outputs was written";
    }
  }
};

std::string trace_of(const OperatorCase& c) {
  return c.name + " " + c.label + " " + dtype_name(c.dtype);
}

TEST_F(KernelFlagsTest, TN_kernel_016_checked_data_fails_the_stream) {
  int seen = 0;
  for (const OperatorCase& c : bad_cases()) {
    SCOPED_TRACE(trace_of(c));
    std::vector<std::pair<Guarded*, bool>> placed;
    if (!launch_case(c, TN_KERNEL_CHECK_DATA, &placed)) continue;
    ++seen;
    EXPECT_FAILS(TN_INVALID_ARGUMENT, tn_stream_synchronize, stream_.get());
    tn_stream_reset(stream_.get(), nullptr);
    expect_nothing_else_touched(placed);
    keeper_.forget();
  }
  if (seen == 0) TN_OPTIONAL("no operator of this device checks its data");
}

TEST_F(KernelFlagsTest, TN_kernel_016_unchecked_data_touches_nothing_else) {
  int seen = 0;
  for (const OperatorCase& c : bad_cases()) {
    SCOPED_TRACE(trace_of(c));
    std::vector<std::pair<Guarded*, bool>> placed;
    if (!launch_case(c, 0, &placed)) continue;
    ++seen;
    // It may fail, in the way that checked data does.
    const tn_status status = tn_stream_synchronize(stream_.get(), nullptr);
    EXPECT_TRUE(status == TN_OK || status == TN_INVALID_ARGUMENT) << status;
    tn_stream_reset(stream_.get(), nullptr);
    EXPECT_OK(tn_stream_synchronize, stream_.get());
    expect_nothing_else_touched(placed);
    keeper_.forget();
  }
  if (seen == 0) TN_OPTIONAL("no operator of this device depends on its data");
}

// Good data behind bad: data that was not checked must not fail a launch that is checked.
TEST_F(KernelFlagsTest, TN_kernel_016_good_data_behind_bad_is_good) {
  for (const OperatorCase& bad : bad_cases()) {
    SCOPED_TRACE(trace_of(bad));
    std::vector<std::pair<Guarded*, bool>> placed;
    if (!launch_case(bad, 0, &placed)) continue;
    if (tn_stream_synchronize(stream_.get(), nullptr) != TN_OK) {
      tn_stream_reset(stream_.get(), nullptr);
    }
    for (const OperatorCase& good :
         cases_of(bad.dtype, static_cast<uint32_t>(RunOptions::get().seed))) {
      if (good.name != bad.name || good.domain != bad.domain) continue;
      if (!launch_case(good, TN_KERNEL_CHECK_DATA, &placed)) continue;
      EXPECT_OK(tn_stream_synchronize, stream_.get());
      break;
    }
    EXPECT_OK(tn_stream_synchronize, stream_.get());
    keeper_.forget();
  }
}

// -- Subnormal numbers --

// As a framework's thread may be set: subnormal numbers are 0.
class FlushingThread {
 public:
#if defined(__x86_64__)
  explicit FlushingThread(bool flush) : before_(_mm_getcsr()) {
    _mm_setcsr(flush ? before_ | 0x8040u : before_ & ~0x8040u);
  }
  ~FlushingThread() { _mm_setcsr(before_); }

 private:
  const unsigned before_;
#else
  explicit FlushingThread(bool) {}
#endif
};

class SubnormalTest : public DeviceTest {
 protected:
  static constexpr int64_t kCount = 1 << 18;          // So that several threads take part.
  static constexpr uint32_t kSubnormal = 0x006ce3ee;  // 1e-38

  void SetUp() override {
    DeviceTest::SetUp();
    for (const char* name : {"Add", "Mul"}) {
      const OperatorRow* row = Target::get().find("", name);
      if (row == nullptr || !row->has(TN_FLOAT32)) TN_OPTIONAL("no Add or Mul of float32");
    }
  }

  // Bits of the result, which all elements have.
  uint32_t result(const char* name, uint32_t left, uint32_t right, uint32_t flags,
                  bool thread_flushes) {
    KernelDesc desc = dense_desc(name, TN_FLOAT32, {kCount}, 2);
    desc.flags = flags;
    const FlushingThread thread(thread_flushes);
    const Kernel& kernel = keep(Kernel(device(), desc));
    const auto filled = [&](uint32_t bits) {
      const Buffer& buffer = keep(make_buffer(kCount * sizeof(bits)));
      stream_.fill(buffer, 0, kCount * sizeof(bits), &bits, sizeof(bits));
      return Tensor::device(buffer.get(), TN_FLOAT32, {kCount});
    };
    const Tensor a = filled(left), b = filled(right), c = filled(0x7fc00000);
    launch(kernel, stream_, {a.get(), b.get()}, {c.get()});
    const auto bytes = download_tensor(c);
    for (const uint32_t bits : bytes) {
      if (bits != bytes[0])
        ADD_FAILURE() << name << ": elements differ: " << bits << ", " << bytes[0];
      if (bits != bytes[0]) break;
    }
    return bytes[0];
  }

  std::vector<uint32_t> download_tensor(const Tensor& tensor) {
    auto& bits = keeper_.make<std::vector<uint32_t>>(kCount);
    call(tn_stream_read, stream_.get(), static_cast<void*>(bits.data()), tensor.get()->buffer,
         uint64_t{0}, kCount * sizeof(uint32_t));
    stream_.synchronize();
    return bits;
  }
};

constexpr uint32_t kHalf = 0x3f000000;

TEST_F(SubnormalTest, TN_kernel_017_are_kept_whatever_the_thread) {
  for (const bool thread_flushes : {false, true}) {
    SCOPED_TRACE(thread_flushes ? "a thread that flushes" : "a thread that keeps");
    EXPECT_EQ(result("Add", kSubnormal, 0, 0, thread_flushes), kSubnormal);
    EXPECT_EQ(result("Mul", 2 * kSubnormal, kHalf, 0, thread_flushes), kSubnormal);
    EXPECT_EQ(result("Add", 0x80000000 | kSubnormal, 0x80000000, 0, thread_flushes),
              0x80000000 | kSubnormal);
  }
}

TEST_F(SubnormalTest, TN_kernel_017_are_flushed_or_not_whatever_the_thread) {
  constexpr uint32_t kFlags = TN_KERNEL_FLUSH_SUBNORMALS;
  const struct {
    const char* name;
    uint32_t left, right, kept, flushed;
  } cases[] = {{"Add", kSubnormal, 0, kSubnormal, 0},
               {"Mul", 0x80000000 | kSubnormal, 0x3f800000, 0x80000000 | kSubnormal, 0x80000000},
               {"Mul", 0x01000000, 0x3e000000, 0x00200000, 0}};
  for (const auto& one : cases) {
    SCOPED_TRACE(one.name);
    const uint32_t bits = result(one.name, one.left, one.right, kFlags, false);
    EXPECT_TRUE(bits == one.kept || bits == one.flushed) << bits;
    EXPECT_EQ(result(one.name, one.left, one.right, kFlags, true), bits);
  }
}

}  // namespace
}  // namespace tenon::conformance
