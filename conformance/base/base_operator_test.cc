// SPDX-License-Identifier: Apache-2.0
//
// The operators of the base profile: strided copy, Cast and Fill.
#include <cmath>

#include "suite/compare.h"
#include "suite/fixture.h"

namespace tenon::conformance {
namespace {

class BaseOperatorTest : public DeviceTest {
 protected:
  // Runs an operator of one input. A device that asks for it gets dense tensors, aligned ones and
  // known dims: what is not so is brought into that form and back by reorder, which takes any.
  void run(KernelDesc desc, const Tensor& in, const Tensor& out) {
    Tensor from = in, to = out;
    // What dense_desc has promised is for tensors at offset 0.
    desc.inputs[0].alignment = desc.outputs[0].alignment = 0;
    const KernelSupport support = supports(device(), desc);
    if (support.status == TN_NEEDS_STATIC) {
      if (wants_another(support.inputs[0], in)) {
        from = dense_copy_of(in);
        desc.inputs[0].dims = Shape(in.dims().begin(), in.dims().end());
        desc.inputs[0].strides = Argument::dense_strides(desc.inputs[0].dims);
        stream_.reorder(from, in);
      }
      if (wants_another(support.outputs[0], out)) {
        to = dense_copy_of(out);
        desc.outputs[0].dims = Shape(out.dims().begin(), out.dims().end());
        desc.outputs[0].strides = Argument::dense_strides(desc.outputs[0].dims);
      }
      ASSERT_EQ(obey(device(), desc, {from.get()}, {to.get()}), TN_OK)
          << desc.name << " does not take what it has asked for";
    }
    launch(Kernel(device(), desc), stream_, {from.get()}, {to.get()});
    if (to.get()->buffer != out.get()->buffer) stream_.reorder(out, to);
    stream_.synchronize();
  }

  static bool wants_another(const tn_argument_needs& needs, const Tensor& tensor) {
    const uint64_t alignment = wanted_alignment(needs);
    // One that wants to know strides may say only then that they must be dense.
    const bool dense = wants_dense(needs) || (needs.requirements & TN_REQUIRES_STATIC_STRIDES) != 0;
    return (dense && !is_dense(*tensor.get())) ||
           (alignment != 0 && tensor.get()->offset % alignment != 0);
  }

  Tensor dense_copy_of(const Tensor& tensor) {
    const auto count = static_cast<uint64_t>(tensor.element_count());
    const Buffer& buffer = keep(make_buffer(count * element_size(tensor.dtype())));
    return Tensor::device(buffer.get(), tensor.dtype(), tensor.dims());
  }

  // Whether a view comes out as it should, described both with its strides and without.
  void check_copy(const Shape& dims, const Shape& strides, int64_t start) {
    const HostTensor memory = HostTensor::random(TN_INT32, {100}, -1000, 1000, 11);
    const Buffer source = upload(memory.bytes());
    HostTensor expected(TN_INT32, dims);
    for_each_index(dims, [&](const Shape& index) {
      int64_t element = start;
      for (size_t i = 0; i < dims.size(); ++i) element += index[i] * strides[i];
      expected.at(index) = memory.values[static_cast<size_t>(element)];
    });
    const uint64_t bytes = expected.bytes().size();
    const Tensor in = Tensor::device(source.get(), TN_INT32, Dims(dims))
                          .with_strides(strides)
                          .with_offset(static_cast<uint64_t>(start) * 4);
    for (const bool dynamic : {false, true}) {
      KernelDesc desc = dense_desc("Identity", TN_INT32, dims, 1);
      desc.inputs[0].strides = strides;
      if (dynamic) {
        desc.inputs[0] = Argument::dynamic(TN_INT32, static_cast<int32_t>(dims.size()));
        desc.outputs[0] = Argument::dynamic(TN_INT32, static_cast<int32_t>(dims.size()));
      }
      const Buffer result = make_buffer(bytes);
      run(desc, in, Tensor::device(result.get(), TN_INT32, Dims(dims)));
      EXPECT_EQ(download(result), expected.bytes()) << (dynamic ? "dynamic" : "static");
    }
  }
};

TEST_F(BaseOperatorTest, TN_identity_001_transposes) {
  check_copy({4, 3}, {1, 4}, 0);
  check_copy({2, 3, 4}, {1, 2, 6}, 5);
}

TEST_F(BaseOperatorTest, TN_identity_002_negative_strides) {
  check_copy({10}, {-1}, 9);
  check_copy({3, 4}, {-4, 1}, 8);
  check_copy({3, 4}, {-8, -2}, 90);
}

TEST_F(BaseOperatorTest, TN_identity_003_zero_strides) {
  check_copy({5}, {0}, 3);
  check_copy({3, 4}, {0, 1}, 0);
  check_copy({3, 4}, {1, 0}, 7);
}

TEST_F(BaseOperatorTest, TN_identity_004_gaps_ones_and_scalars) {
  check_copy({6}, {3}, 2);
  check_copy({2, 1, 3}, {10, 77, 3}, 1);
  check_copy({}, {}, 4);
  check_copy({2, 0, 3}, {1, 1, 1}, 0);
  check_copy({1, 1, 1, 1, 1, 1, 1, 2}, {0, 0, 0, 0, 0, 0, 0, 5}, 0);
}

TEST_F(BaseOperatorTest, TN_identity_005_strided_outputs) {
  const HostTensor values = HostTensor::random(TN_INT32, {3, 4}, -100, 100, 5);
  const Buffer source = upload(values.bytes());
  const Buffer result = upload(Bytes(24 * 4, 0xee));
  const Shape strides{1, 6};
  KernelDesc desc = dense_desc("Identity", TN_INT32, {3, 4}, 1);
  desc.outputs[0].strides = strides;
  run(desc, Tensor::device(source.get(), TN_INT32, {3, 4}),
      Tensor::device(result.get(), TN_INT32, {3, 4}).with_strides(strides).with_offset(4));
  Bytes expected(24 * 4, 0xee);
  for_each_index({3, 4}, [&](const Shape& i) {
    encode(TN_INT32, values.at(i), &expected[static_cast<size_t>(4 + (i[0] + i[1] * 6) * 4)]);
  });
  EXPECT_EQ(download(result), expected);
}

TEST_F(BaseOperatorTest, TN_identity_006_all_types_bit_by_bit) {
  const OperatorRow& row = mandatory_row("", "Identity");
  for (const ElementType& type : kElementTypes) {
    const tn_dtype dtype = type.dtype;
    if (type.bits < 8 || !row.has(dtype)) continue;
    Bytes bytes = pattern_bytes(8 * tn_dtype_bits(dtype) / 8, 12);
    if (dtype == TN_BOOL) bytes = {0, 1, 1, 0, 0, 0, 1, 1};
    const Buffer a = upload(bytes), b = make_buffer(bytes.size());
    run(dense_desc("Identity", dtype, {8}, 1), Tensor::device(a.get(), dtype, {8}),
        Tensor::device(b.get(), dtype, {8}));
    EXPECT_EQ(download(b), bytes) << dtype_name(dtype);
  }
}

// Cast needs its attribute before a device says what else it needs.
KernelDesc cast_desc(tn_dtype from, tn_dtype to, const Shape& dims) {
  KernelDesc desc;
  desc.name = "Cast";
  desc.version = version_of("", "Cast");
  desc.attribute("to", int64_t{to});
  desc.input(Argument::device(from, dims));
  desc.output(Argument::device(to, dims));
  return aligned_desc(std::move(desc));
}

TEST_F(BaseOperatorTest, TN_cast_001_between_all_claimed_types) {
  const OperatorRow& row = mandatory_row("", "Cast");
  const Values plain = {0, 1, 2, 3, 100, 127};
  int checked = 0;
  for (const ElementType& from_type : kElementTypes) {
    const tn_dtype from = from_type.dtype;
    if (!in_set(from, type_set::kComputed) || !row.has(from)) continue;
    for (const ElementType& to_type : kElementTypes) {
      const tn_dtype to = to_type.dtype;
      if (!in_set(to, type_set::kComputed) || !row.has(to)) continue;
      Values values = plain;
      const auto is_signed = [](tn_dtype t) {
        return in_set(t, type_set::kFloat | type_set::kSigned);
      };
      if (is_signed(from) && (is_signed(to) || to == TN_BOOL)) {
        values.insert(values.end(), {-1, -100});
      }
      if (is_float(from)) {
        values.insert(values.end(), {1.5, 2.75, 0.25});
        if (is_signed(to)) values.push_back(-1.75);
      }
      // Wraps between integers.
      if (!is_float(from) && !is_float(to) && to != TN_BOOL && element_size(from) > 1) {
        values.push_back(300);
      }
      const Shape dims{static_cast<int64_t>(values.size())};
      const HostTensor in(from, dims, values);
      HostTensor expected(to, dims);
      for (size_t i = 0; i < values.size(); ++i) {
        Real value = in.values[i];
        if (!is_float(to) && to != TN_BOOL) value = std::trunc(value);
        unsigned char raw[16];
        encode(to, value, raw);
        expected.values[i] = decode(to, raw);
      }
      const KernelDesc desc = cast_desc(from, to, dims);
      ASSERT_TRUE(supports(device(), desc)) << dtype_name(from) << " to " << dtype_name(to);
      const Buffer a = upload(in.bytes()), b = make_buffer(expected.bytes().size());
      run(desc, Tensor::device(a.get(), from, Dims(dims)), Tensor::device(b.get(), to, Dims(dims)));
      EXPECT_EQ(download(b), expected.bytes()) << dtype_name(from) << " to " << dtype_name(to);
      ++checked;
    }
  }
  EXPECT_GT(checked, 0);
}

TEST_F(BaseOperatorTest, TN_cast_002_takes_strides) {
  const tn_dtype from = first_type(mandatory_row("", "Cast"), type_set::kFloat);
  if (from == TN_DTYPE_UNDEFINED) TN_OPTIONAL("no Cast of a float");
  const HostTensor values = HostTensor::random(from, {3, 4}, -100, 100, 5);
  const Buffer source = upload(values.bytes()), result = make_buffer(48);
  const Shape strides{1, 4};
  KernelDesc desc = cast_desc(from, TN_INT32, {4, 3});
  desc.inputs[0].strides = strides;
  run(desc, Tensor::device(source.get(), from, {4, 3}).with_strides(strides),
      Tensor::device(result.get(), TN_INT32, {4, 3}));
  HostTensor expected(TN_INT32, {4, 3});
  for_each_index({4, 3},
                 [&](const Shape& i) { expected.at(i) = std::trunc(values.at({i[1], i[0]})); });
  EXPECT_EQ(download(result), expected.bytes());
}

TEST_F(BaseOperatorTest, TN_cast_003_nan_is_true_and_stays_nan) {
  const tn_dtype from = first_type(mandatory_row("", "Cast"), type_set::kFloat);
  if (from == TN_DTYPE_UNDEFINED) TN_OPTIONAL("no Cast of a float");
  const HostTensor in(from, {4}, {NAN, INFINITY, -INFINITY, -0.0});
  const Buffer source = upload(in.bytes()), result = make_buffer(64);
  const OperatorRow& row = mandatory_row("", "Cast");
  for (const tn_dtype to : {TN_BOOL, TN_FLOAT64, TN_FLOAT16}) {
    if (!row.has(to)) continue;
    const KernelDesc desc = cast_desc(from, to, {4});
    run(desc, Tensor::device(source.get(), from, {4}), Tensor::device(result.get(), to, {4}));
    const HostTensor actual = HostTensor::from_bytes(to, {4}, download(result).data());
    const HostTensor expected =
        to == TN_BOOL ? HostTensor(to, {4}, {1, 1, 1, 0}) : HostTensor(to, {4}, in.values);
    EXPECT_EQ(difference(actual, expected), "") << dtype_name(to);
  }
}

TEST_F(BaseOperatorTest, TN_fill_001_all_claimed_types) {
  const OperatorRow& row = mandatory_row("tenon", "Fill");
  for (const ElementType& type : kElementTypes) {
    const tn_dtype dtype = type.dtype;
    if (!in_set(dtype, type_set::kComputed) || !row.has(dtype)) continue;
    const HostTensor value = HostTensor::scalar(dtype, dtype == TN_BOOL ? 1 : 77);
    const Bytes bytes = value.bytes();
    KernelDesc desc;
    desc.domain = "tenon";
    desc.name = "Fill";
    desc.version = row.version;
    desc.input(Argument::host(dtype)).output(Argument::device(dtype, {2, 3}));
    const Buffer result = make_buffer(6 * bytes.size());
    run(desc, Tensor::host(bytes.data(), dtype, Dims()),
        Tensor::device(result.get(), dtype, {2, 3}));
    EXPECT_EQ(download(result), HostTensor(dtype, {2, 3}, Values(6, value.values[0])).bytes())
        << dtype_name(dtype);
  }
}

TEST_F(BaseOperatorTest, TN_fill_002_takes_strides) {
  const Buffer result = upload(Bytes(40, 0));
  const Shape strides{2};
  KernelDesc desc;
  desc.domain = "tenon";
  desc.name = "Fill";
  desc.version = version_of("tenon", "Fill");
  desc.input(Argument::host(TN_INT32));
  desc.output(Argument::device(TN_INT32, {4}).with_strides(strides));
  const int32_t value = 15;
  run(desc, Tensor::scalar(value),
      Tensor::device(result.get(), TN_INT32, {4}).with_strides(strides).with_offset(4));
  const HostTensor expected(TN_INT32, {10}, {0, 15, 0, 15, 0, 15, 0, 15, 0, 0});
  EXPECT_EQ(download(result), expected.bytes());
}

}  // namespace
}  // namespace tenon::conformance
