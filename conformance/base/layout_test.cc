// SPDX-License-Identifier: Apache-2.0
//
// Layouts, conversions between them, and constants.
#include "suite/compare.h"
#include "suite/fixture.h"

namespace tenon::conformance {
namespace {

class LayoutTest : public DeviceTest {
 protected:
  static KernelDesc matmul(tn_dtype dtype, tn_layout second) {
    KernelDesc desc;
    desc.name = "MatMul";
    desc.version = version_of("", "MatMul");
    desc.input(Argument::device(dtype, {5, 7}))
        .input(Argument::device(dtype, {7, 11}).with_layout(second))
        .output(Argument::device(dtype, {5, 11}));
    return desc;
  }
  static Expected product(const HostTensor& a, const HostTensor& b) {
    Expected c(a.dtype, {5, 11});
    for_each_index(c.dims, [&](const Shape& i) {
      Sum sum;
      for (int64_t k = 0; k < 7; ++k) sum.add(a.at({i[0], k}) * b.at({k, i[1]}));
      c.at(i) = sum.total_in_sequence();
    });
    return c;
  }
};

TEST_F(LayoutTest, TN_layout_001_size_of_strided_tensors) {
  const auto size = [&](tn_dtype dtype, Shape dims) {
    return device().layout_size(TN_LAYOUT_STRIDED, dtype, dims);
  };
  EXPECT_EQ(size(TN_FLOAT32, {2, 3}), 24u);
  EXPECT_EQ(size(TN_INT64, {}), 8u);
  EXPECT_EQ(size(TN_BOOL, {7, 0, 3}), 0u);
}

TEST_F(LayoutTest, TN_layout_002_unknown_tokens_are_refused) {
  const int64_t dims[] = {2, 3};
  uint64_t size = 0;
  EXPECT_REFUSED(TN_INVALID_ARGUMENT, tn_layout_size, device().get(), tn_layout{0xdeadbeefdeadbeef},
                 tn_dtype{TN_FLOAT32}, 2, dims, &size);
  const Buffer a = make_buffer(24), b = make_buffer(24);
  const Tensor from = Tensor::device(a.get(), TN_FLOAT32, {2, 3});
  const Tensor to = Tensor::device(b.get(), TN_FLOAT32, {2, 3}).with_layout(0xdeadbeefdeadbeef);
  EXPECT_REFUSED(TN_INVALID_ARGUMENT, tn_stream_reorder, stream_.get(), to.get(), from.get());
}

TEST_F(LayoutTest, TN_layout_003_reorder_between_strides) {
  const HostTensor values = HostTensor::random(TN_FLOAT32, {3, 4}, -2, 2, 1);
  const Buffer a = upload(values.bytes()), b = make_buffer(48), c = make_buffer(48);
  const Tensor rows = Tensor::device(a.get(), TN_FLOAT32, {3, 4});
  const int64_t column_major[] = {1, 3};
  const Tensor columns = Tensor::device(b.get(), TN_FLOAT32, {3, 4}).with_strides(column_major);
  const Tensor back = Tensor::device(c.get(), TN_FLOAT32, {3, 4});
  stream_.reorder(columns, rows);
  stream_.reorder(back, columns);
  EXPECT_EQ(download(c), values.bytes());
  HostTensor transposed(TN_FLOAT32, {4, 3});
  for_each_index({4, 3}, [&](const Shape& i) { transposed.at(i) = values.at({i[1], i[0]}); });
  EXPECT_EQ(download(b), transposed.bytes());
}

TEST_F(LayoutTest, TN_layout_004_any_gives_a_layout_that_works) {
  const tn_dtype dtype = float_type("", "MatMul");
  if (dtype == TN_DTYPE_UNDEFINED) TN_OPTIONAL("no MatMul of a float");
  const auto size = static_cast<uint64_t>(tn_dtype_bits(dtype) / 8);
  const KernelSupport support = supports(device(), aligned(device(), matmul(dtype, TN_LAYOUT_ANY)));
  ASSERT_EQ(support.status, TN_OK) << support.reason;
  const tn_layout token = support.inputs[1].layout;
  EXPECT_EQ(support.inputs[0].layout, TN_LAYOUT_STRIDED);
  EXPECT_NE(token, TN_LAYOUT_ANY);
  if (token == TN_LAYOUT_STRIDED) TN_OPTIONAL("MatMul wants strided weights");
  EXPECT_GE(token, TN_LAYOUT_FIRST_TOKEN);

  const HostTensor a = HostTensor::random(dtype, {5, 7}, -2, 2, 1);
  const HostTensor b = HostTensor::random(dtype, {7, 11}, -2, 2, 2);
  const Buffer buffer_a = upload(a.bytes()), buffer_b = upload(b.bytes());
  const Buffer packed = make_buffer(device().layout_size(token, dtype, b.dims));
  const Buffer result = make_buffer(5 * 11 * size), back = make_buffer(7 * 11 * size);
  const Tensor tensor_a = Tensor::device(buffer_a.get(), dtype, {5, 7});
  const Tensor tensor_b = Tensor::device(buffer_b.get(), dtype, {7, 11});
  const Tensor tensor_packed = Tensor::device(packed.get(), dtype, {7, 11}).with_layout(token);
  const Tensor tensor_result = Tensor::device(result.get(), dtype, {5, 11});
  const Tensor tensor_back = Tensor::device(back.get(), dtype, {7, 11});
  stream_.reorder(tensor_packed, tensor_b);
  stream_.reorder(tensor_back, tensor_packed);
  EXPECT_EQ(download(back), b.bytes()) << "a token can be read back";

  const Kernel kernel(device(), aligned(device(), matmul(dtype, token)));
  launch(kernel, stream_, {tensor_a.get(), tensor_packed.get()}, {tensor_result.get()});
  const HostTensor actual = HostTensor::from_bytes(dtype, {5, 11}, download(result).data());
  EXPECT_EQ(difference(actual, product(a, b), tolerance_of("", "MatMul", dtype)), "");
}

// ---- Constants ----

TEST_F(LayoutTest, TN_constant_001_keeps_a_value) {
  const tn_dtype dtype = identity_type();
  const HostTensor value = HostTensor::random(dtype, {7, 11}, -2, 2, 3);
  Bytes bytes = value.bytes();
  const Tensor host = Tensor::host(bytes.data(), dtype, {7, 11});
  const tn_constant_desc desc{sizeof(desc), host.get(), TN_LAYOUT_STRIDED, nullptr};
  tn_constant* handle = reinterpret_cast<tn_constant*>(this);
  ErrorBuffer error;
  const tn_status status = tn_constant_create(device().get(), &desc, &handle, &error);
  if (TN_STATUS_CLASS(status) == TN_UNSUPPORTED) TN_OPTIONAL("constants are not offered");
  ASSERT_EQ(status, TN_OK) << error.message;
  Constant constant(handle);
  std::fill(bytes.begin(), bytes.end(), static_cast<unsigned char>(0));  // It was copied.
  const tn_constant_info about = constant.info();
  EXPECT_EQ(about.dtype, dtype);
  EXPECT_EQ(about.rank, 2);
  EXPECT_EQ(about.dims[1], 11);
  EXPECT_GE(about.resident_bytes, value.bytes().size());

  // A kernel holds a reference of its own, and computes with it.
  const HostTensor other = HostTensor::random(dtype, {7, 11}, -2, 2, 4);
  KernelDesc add = dense_desc("Add", dtype, {7, 11}, 2);
  add.inputs[1] = Argument::of_constant(constant, dtype, {7, 11});
  const KernelSupport support = supports(device(), add);
  if (!support) TN_OPTIONAL("Add takes no constant: " + support.reason);
  const Kernel kernel(device(), add);
  constant = Constant();
  add.inputs.clear();
  const Buffer a = upload(other.bytes()), c = make_buffer(value.bytes().size());
  const Tensor in = Tensor::device(a.get(), dtype, {7, 11});
  const Tensor out = Tensor::device(c.get(), dtype, {7, 11});
  launch(kernel, stream_, {in.get(), nullptr}, {out.get()});  // Entries of constants may be NULL.
  Expected expected = other;
  for (size_t i = 0; i < expected.values.size(); ++i) {
    expected.values[i] = expected.values[i] + value.values[i];
  }
  const HostTensor actual = HostTensor::from_bytes(dtype, {7, 11}, download(c).data());
  EXPECT_EQ(difference(actual, expected, tolerance_of("", "Add", dtype)), "");
}

// Made of the same host memory, one after the other and both at once: each has its own value.
TEST_F(LayoutTest, TN_constant_001_is_never_an_earlier_one) {
  Bytes bytes(64);
  std::vector<Constant> alive;
  for (const bool keep_earlier : {false, true}) {
    for (unsigned seed = 1; seed < 4; ++seed) {
      const Bytes value = pattern_bytes(64, seed);
      std::copy(value.begin(), value.end(), bytes.begin());
      const Tensor host = Tensor::host(bytes.data(), TN_INT32, {16});
      const tn_constant_desc desc{sizeof(desc), host.get(), TN_LAYOUT_STRIDED, nullptr};
      tn_constant* handle = nullptr;
      const tn_status status = tn_constant_create(device().get(), &desc, &handle, nullptr);
      if (TN_STATUS_CLASS(status) == TN_UNSUPPORTED) TN_OPTIONAL("constants are not offered");
      ASSERT_EQ(status, TN_OK);
      Constant constant(handle);
      std::fill(bytes.begin(), bytes.end(), static_cast<unsigned char>(0xee));
      KernelDesc copy = dense_desc("Identity", TN_INT32, {16}, 1);
      copy.inputs[0] = Argument::of_constant(constant, TN_INT32, {16});
      const KernelSupport support = supports(device(), copy);
      if (!support) TN_OPTIONAL("Identity takes no constant: " + support.reason);
      const Kernel kernel(device(), copy);
      const Buffer result = make_buffer(64);
      const Tensor out = Tensor::device(result.get(), TN_INT32, {16});
      launch(kernel, stream_, {nullptr}, {out.get()});
      EXPECT_EQ(download(result), value) << "the value of constant " << seed;
      if (keep_earlier) alive.push_back(std::move(constant));
    }
  }
}

TEST_F(LayoutTest, TN_constant_002_from_a_device_tensor_in_order) {
  const Bytes bytes = pattern_bytes(64);
  Buffer source = make_buffer(64);
  hold_back(stream_);
  write(stream_, source, 0, bytes);
  const Tensor tensor = Tensor::device(source.get(), TN_INT32, {16});
  const tn_constant_desc desc{sizeof(desc), tensor.get(), TN_LAYOUT_STRIDED, stream_.get()};
  tn_constant* handle = nullptr;
  ErrorBuffer error;
  const tn_status status = tn_constant_create(device().get(), &desc, &handle, &error);
  if (TN_STATUS_CLASS(status) == TN_UNSUPPORTED) TN_OPTIONAL("constants are not offered");
  ASSERT_EQ(status, TN_OK) << error.message;
  const Constant constant(handle);
  stream_.fill(source, 0, 64, "\0", 1);
  source.reset();
  let_go();
  KernelDesc desc_copy = dense_desc("Identity", TN_INT32, {16}, 1);
  desc_copy.inputs[0] = Argument::of_constant(constant, TN_INT32, {16});
  const KernelSupport support = supports(device(), desc_copy);
  if (!support) TN_OPTIONAL("Identity takes no constant: " + support.reason);
  const Kernel kernel(device(), desc_copy);
  const Buffer result = make_buffer(64);
  const Tensor out = Tensor::device(result.get(), TN_INT32, {16});
  launch(kernel, stream_, {nullptr}, {out.get()});
  EXPECT_EQ(download(result), bytes);
}

}  // namespace
}  // namespace tenon::conformance
