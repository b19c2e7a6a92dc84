// SPDX-License-Identifier: Apache-2.0
//
// What kernels say when a host asks for the dims of their outputs: where values decide, where the
// caller does, and what is wrong. That every operator says the right dims is the conformance
// suite's TN-kernel-014.
#include <gmock/gmock.h>

#include "reference_impl/cpu/kernels/families.h"
#include "reference_impl/cpu/tests/kernel_harness.h"
#include "tenon/device/operators/shape.h"

namespace tenon::cpu::testing {
namespace {

using ::testing::HasSubstr;

// The dims that `operation` says for outputs of the described types and ranks; `at_launch`: the
// inputs have no data, as tensors of the device have none when a host asks.
std::vector<Dims> ask(const Operation& operation, const std::vector<Array>& inputs,
                      const std::vector<Array>& outputs, bool at_launch = false) {
  std::vector<View> in, out;
  for (const Array& a : inputs) in.push_back(a.view());
  for (View& view : in) view.data = at_launch ? nullptr : view.data;
  for (const Array& a : outputs) out.push_back(a.view());
  return Operation::ask(*operation.create(inputs, outputs), {in, out});
}

void expect_refused(tn_status status, const char* message, const Operation& operation,
                    const std::vector<Array>& inputs, const std::vector<Array>& outputs,
                    bool at_launch = false) {
  try {
    const std::vector<Dims> dims = ask(operation, inputs, outputs, at_launch);
    ADD_FAILURE() << "not refused, the output has dims " << dims_text(dims[0]);
  } catch (const KernelError& error) {
    EXPECT_EQ(error.status, status) << error.what();
    EXPECT_THAT(error.what(), HasSubstr(message));
  }
}

Array floats(const Dims& dims) { return Array(TN_FLOAT32, dims); }
Array integers(const std::vector<double>& values) {
  return Array(TN_INT64, {static_cast<int64_t>(values.size())}, values);
}
// An output is described by its rank; these dims are not looked at.
Array of_rank(size_t rank, tn_dtype dtype = TN_FLOAT32) { return Array(dtype, Dims(rank, 1)); }

Operation movement(const char* name) { return Operation(name, movement_operators()); }

TEST(OutputDims, ValuesDecide) {
  EXPECT_EQ(ask(movement("Tile"), {floats({2, 3}), integers({2, 0})}, {of_rank(2)})[0],
            (Dims{4, 0}));
  EXPECT_EQ(ask(movement("Pad"), {floats({2, 3}), integers({1, -1}), Array(), integers({-1})},
                {of_rank(2)})[0],
            (Dims{2, 3}));
  EXPECT_EQ(
      ask(movement("TopK"), {floats({2, 3}), integers({2})}, {of_rank(2), of_rank(2, TN_INT64)}),
      (std::vector<Dims>{{2, 2}, {2, 2}}));
  EXPECT_EQ(ask(movement("OneHot").set("axis", 0),
                {integers({0, 1}), Array::scalar(TN_INT64, 5), floats({2})}, {of_rank(2)})[0],
            (Dims{5, 2}));
  const auto number = [](double x) { return Array::scalar(TN_INT32, x); };
  EXPECT_EQ(ask(movement("Range"), {number(1), number(8), number(3)}, {of_rank(1, TN_INT32)})[0],
            Dims{3});
  const Operation sum("ReduceSum", reduction_operators());
  EXPECT_EQ(ask(sum, {floats({2, 3, 4}), integers({-1, 0})}, {of_rank(3)})[0], (Dims{1, 3, 1}));
  EXPECT_EQ(ask(sum, {floats({2, 3, 4})}, {of_rank(3)})[0], (Dims{1, 1, 1}));
}

TEST(OutputDims, ValuesThatMakeNoTensor) {
  expect_refused(TN_INVALID_ARGUMENT, "is negative", movement("Tile"),
                 {floats({2}), integers({-1})}, {of_rank(1)});
  expect_refused(TN_INVALID_ARGUMENT, "would have dims", movement("Tile"),
                 {floats({2, 2}), integers({0x1p40, 0x1p40})}, {of_rank(2)});
  expect_refused(TN_INVALID_ARGUMENT, "would have dims [-1]", movement("Pad"),
                 {floats({2}), integers({-3, 0})}, {of_rank(1)});
  expect_refused(TN_INVALID_ARGUMENT, "twice", movement("Pad"),
                 {floats({2, 2}), integers({1, 1, 1, 1}), Array(), integers({0, -2})},
                 {of_rank(2)});
  expect_refused(TN_INVALID_ARGUMENT, "K is 4, more than X of dims [3] has", movement("TopK"),
                 {floats({3}), integers({4})}, {of_rank(1), of_rank(1, TN_INT64)});
  expect_refused(TN_INVALID_ARGUMENT, "would have dims", movement("OneHot"),
                 {integers({0}), Array::scalar(TN_INT64, -2), floats({2})}, {of_rank(2)});
}

// Memory of the device must not be read before the work there is done.
TEST(OutputDims, ValuesThatOnlyTheDeviceHas) {
  const bool at_launch = true;
  expect_refused(TN_UNSUPPORTED, "repeats", movement("Tile"), {floats({2}), integers({1})},
                 {of_rank(1)}, at_launch);
  expect_refused(TN_UNSUPPORTED, "pads", movement("Pad"), {floats({2}), integers({1, 1})},
                 {of_rank(1)}, at_launch);
  expect_refused(TN_UNSUPPORTED, "axes", Operation("ReduceSum", reduction_operators()),
                 {floats({2}), integers({0})}, {of_rank(1)}, at_launch);
  // Not where the values do not matter.
  EXPECT_EQ(ask(movement("Tile"), {floats({}), integers({})}, {of_rank(0)}, at_launch)[0], Dims{});
}

TEST(OutputDims, TheMostThatDataMayMake) {
  EXPECT_EQ(ask(movement("NonZero"), {floats({2, 3})}, {of_rank(2, TN_INT64)})[0], (Dims{2, 6}));
  EXPECT_EQ(ask(movement("NonZero"), {floats({})}, {of_rank(2, TN_INT64)})[0], (Dims{0, 1}));
}

TEST(OutputDims, TheCallerDecides) {
  const auto refused = [](const Operation& operation, const std::vector<Array>& inputs,
                          size_t rank) {
    expect_refused(TN_UNSUPPORTED, "the caller alone decides", operation, inputs, {of_rank(rank)});
  };
  refused(Operation("Fill", cast_copy_operators(), "tenon"), {Array::scalar(TN_FLOAT32, 1)}, 3);
  const auto image = floats({1, 2, 4, 4}), weights = floats({3, 2, 2, 2});
  refused(Operation("ConvGradInput", contraction_operators(), "tenon"),
          {floats({1, 3, 3, 3}), weights}, 4);
  refused(Operation("ConvGradWeight", contraction_operators(), "tenon"),
          {floats({1, 3, 3, 3}), image}, 4);
  refused(Operation("AveragePoolGrad", pooling_operators(), "tenon").set("kernel_shape", Dims{2}),
          {floats({1, 1, 3})}, 3);
  refused(Operation("EmbeddingGrad", movement_operators(), "tenon"),
          {floats({3, 2}), integers({0, 1, 2})}, 2);
}

TEST(OutputDims, Products) {
  const auto product = [](const Dims& a, const Dims& b, size_t rank) {
    return ask(Operation("MatMul", contraction_operators()), {floats(a), floats(b)},
               {of_rank(rank)})[0];
  };
  EXPECT_EQ(product({3}, {3}, 0), Dims{});
  EXPECT_EQ(product({3}, {3, 2}, 1), Dims{2});
  EXPECT_EQ(product({2, 3}, {3}, 1), Dims{2});
  EXPECT_EQ(product({5, 1, 2, 3}, {4, 3, 1}, 4), (Dims{5, 4, 2, 1}));
  EXPECT_EQ(product({0, 3}, {3, 2}, 2), (Dims{0, 2}));
  expect_refused(TN_INVALID_ARGUMENT, "inner dims differ: A [2, 3], B [2, 3]",
                 Operation("MatMul", contraction_operators()), {floats({2, 3}), floats({2, 3})},
                 {of_rank(2)});
  const Operation gemm =
      Operation("Gemm", contraction_operators()).set("transA", 1).set("transB", 1);
  EXPECT_EQ(ask(gemm, {floats({3, 2}), floats({4, 3}), floats({4})}, {of_rank(2)})[0],
            (Dims{2, 4}));
  expect_refused(TN_INVALID_ARGUMENT, "C [3] does not broadcast to Y [2, 4]", gemm,
                 {floats({3, 2}), floats({4, 3}), floats({3})}, {of_rank(2)});
}

TEST(OutputDims, InputsThatDoNotFit) {
  const Operation add("Add", elementwise_operators());
  EXPECT_EQ(ask(add, {floats({2, 1}), floats({0})}, {of_rank(2)})[0], (Dims{2, 0}));
  expect_refused(TN_INVALID_ARGUMENT, "dims [2], [3] do not broadcast", add,
                 {floats({2}), floats({3})}, {of_rank(1)});
  expect_refused(TN_INVALID_ARGUMENT, "described with rank 1", add, {floats({2, 2}), floats({2})},
                 {of_rank(1)});
  const Operation conv("Conv", contraction_operators());
  EXPECT_EQ(ask(conv, {floats({1, 2, 4, 5}), floats({3, 2, 2, 2}), floats({3})}, {of_rank(4)})[0],
            (Dims{1, 3, 3, 4}));
  expect_refused(TN_INVALID_ARGUMENT, "channels do not fit", conv,
                 {floats({1, 3, 4, 4}), floats({3, 2, 2, 2})}, {of_rank(4)});
  expect_refused(TN_INVALID_ARGUMENT, "B has dims [2], expected [3]", conv,
                 {floats({1, 2, 4, 4}), floats({3, 2, 2, 2}), floats({2})}, {of_rank(4)});
}

// With ceil_mode a launch may bring either size; asked, it is ONNX's: no window begins behind X.
TEST(OutputDims, RoundedUpWindows) {
  const auto pooled = [](int64_t size, int64_t kernel, int64_t stride, int64_t pad) {
    return ask(Operation("AveragePool", pooling_operators())
                   .set("kernel_shape", Dims{kernel})
                   .set("strides", Dims{stride})
                   .set("pads", Dims{pad, pad})
                   .set("ceil_mode", 1),
               {floats({1, 1, size})}, {of_rank(3)})[0][2];
  };
  EXPECT_EQ(pooled(5, 2, 2, 0), 3);
  EXPECT_EQ(pooled(4, 2, 2, 0), 2);
  EXPECT_EQ(pooled(4, 2, 3, 1), 2) << "a third window would begin at 5";
}

}  // namespace
}  // namespace tenon::cpu::testing
