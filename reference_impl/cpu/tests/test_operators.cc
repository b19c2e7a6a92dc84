// SPDX-License-Identifier: Apache-2.0
//
// The device that is tested: the reference device with a family of operators for the tests.
//   test.AddOne   int32 [n] -> int32 [n]: X + 1; adds `by` instead when a second, 0-d HOST int32 is
//   given test.Fail     int32 [n] -> int32 [n]: fails while it runs test.Scratch  int32 [n] ->
//   int32 [n]: copies by way of a workspace of 4 * n bytes test.Sum      any number of int32 [n] ->
//   int32 [n]
#include <cstring>

#include "reference_impl/cpu/platform.h"
#include "reference_impl/cpu/tests/device_harness.h"
#include "tenon/device/entry.h"

namespace tenon::cpu {

namespace testing {
std::atomic<int64_t> test_runs{0};
}

namespace {

class TestKernel : public Kernel {
 public:
  void check(const Arguments& arguments) const override {
    if (arguments.inputs[0].dims[0] != arguments.outputs[0].dims[0]) {
      throw KernelError(TN_INVALID_ARGUMENT, "the dims differ");
    }
  }

 protected:
  static int32_t get(const View& view, int64_t i) {
    return view.as<int32_t>()[i * view.strides[0]];
  }
  static void set(const View& view, int64_t i, int32_t x) {
    view.as<int32_t>()[i * view.strides[0]] = x;
  }
};

class AddOne : public TestKernel {
 public:
  void run(const Arguments& a, const Execution&) const override {
    ++testing::test_runs;
    const View by = a.input(1);
    const int32_t amount = by.present() ? *by.as<int32_t>() : 1;
    for (int64_t i = 0; i < a.outputs[0].dims[0]; ++i) {
      set(a.outputs[0], i, get(a.inputs[0], i) + amount);
    }
  }
};

class Fail : public TestKernel {
 public:
  void run(const Arguments&, const Execution&) const override {
    ++testing::test_runs;
    throw KernelError(TN_INVALID_ARGUMENT, "index 7 is out of range");
  }
};

class Scratch : public TestKernel, public NeedsWorkspace {
 public:
  uint64_t workspace_size(const Arguments& a) const override {
    return static_cast<uint64_t>(a.inputs[0].dims[0]) * 4;
  }
  void run(const Arguments& a, const Execution&) const override {
    ++testing::test_runs;
    auto* room = reinterpret_cast<int32_t*>(a.workspace);
    for (int64_t i = 0; i < a.inputs[0].dims[0]; ++i) room[i] = get(a.inputs[0], i);
    for (int64_t i = 0; i < a.inputs[0].dims[0]; ++i) set(a.outputs[0], i, room[i]);
  }
};

class Sum : public TestKernel {
 public:
  void run(const Arguments& a, const Execution&) const override {
    ++testing::test_runs;
    for (int64_t i = 0; i < a.outputs[0].dims[0]; ++i) {
      int32_t sum = 0;
      for (const View& input : a.inputs) sum += get(input, i);
      set(a.outputs[0], i, sum);
    }
  }
};

template <class T>
std::unique_ptr<Kernel> create(const Description& description) {
  description.integer("known");
  return std::make_unique<T>();
}

constexpr OperatorId test(const char* name) {
  return {"test", name, 1, 0, "T", 0, dtype_bit(TN_INT32)};
}

std::span<const OperatorEntry> test_operators() {
  static constexpr OperatorEntry kOperators[] = {
      {test("AddOne"), dtype_bit(TN_INT32), create<AddOne>},
      {test("Fail"), dtype_bit(TN_INT32), create<Fail>},
      {test("Scratch"), dtype_bit(TN_INT32), create<Scratch>},
      {test("Sum"), dtype_bit(TN_INT32), create<Sum>},
  };
  return kOperators;
}

std::vector<Family> families() {
  const auto reference = reference_families();
  std::vector<Family> all(reference.begin(), reference.end());
  all.push_back({test_operators, {{"*"}}});
  return all;
}

const Platform& test_platform() {
  static const std::vector<Family> all = families();
  static const Platform self = [] {
    Platform made = platform();
    made.families = all;
    return made;
  }();
  return self;
}

}  // namespace
}  // namespace tenon::cpu

extern "C" TN_EXPORT tn_status TN_CALL tn_plugin_entry(const tn_host* host, tn_plugin* out,
                                                       tn_error* error) {
  return tenon::device::enter<tenon::cpu::test_platform>(host, out, error);
}
