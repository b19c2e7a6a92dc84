// SPDX-License-Identifier: Apache-2.0
//
// Descriptions of kernels: what is supported, what is refused, and that both answers agree.
#include "suite/fixture.h"

namespace tenon::conformance {
namespace {

class KernelTest : public DeviceTest {
 protected:
  // kernel_supports and kernel_create give the same status, and no handle comes with a failure.
  tn_status describe(const KernelDesc& desc) {
    const KernelDescView view(desc);
    ErrorBuffer asked, made;
    const Refusal maybe;
    const auto needs = [](size_t count) { return std::vector<tn_argument_needs>(count); };
    std::vector<tn_argument_needs> inputs = needs(desc.inputs.size());
    std::vector<tn_argument_needs> outputs = needs(desc.outputs.size());
    tn_kernel_support support{sizeof(support), inputs.data(), outputs.data()};
    const tn_status answer = tn_kernel_supports(device().get(), view.get(), &support, &asked);
    tn_kernel* kernel = reinterpret_cast<tn_kernel*>(this);
    const tn_status status = tn_kernel_create(device().get(), view.get(), &kernel, &made);
    EXPECT_EQ(answer, status) << desc.name << ": " << asked.message << " / " << made.message;
    EXPECT_EQ(tn_kernel_supports(device().get(), view.get(), nullptr, nullptr), answer);
    if (status == TN_OK) {
      EXPECT_NE(kernel, nullptr);
      for (const auto* list : {&inputs, &outputs}) {
        for (const tn_argument_needs& one : *list) EXPECT_EQ(one.requirements, 0u) << desc.name;
      }
      tn_kernel_destroy(kernel);
    } else {
      EXPECT_EQ(kernel, nullptr) << desc.name;
      EXPECT_TRUE(check_details(answer, asked));
      EXPECT_TRUE(check_details(status, made));
    }
    return status;
  }
};

TEST_F(KernelTest, TN_kernel_001_supports_and_create_agree) {
  for (const OperatorRow& row : Target::get().operators()) {
    for (const size_t inputs : {0, 1, 2, 3}) {
      for (const tn_dtype dtype : {TN_FLOAT32, TN_INT64, TN_BOOL, TN_COMPLEX128}) {
        KernelDesc desc;
        desc.domain = row.domain;
        desc.name = row.name;
        desc.version = row.version;
        for (size_t i = 0; i < inputs; ++i) desc.input(Argument::device(dtype, {2, 3}));
        desc.output(Argument::device(dtype, {2, 3}));
        describe(desc);
      }
    }
  }
}

TEST_F(KernelTest, TN_kernel_001_the_same_answer_each_time) {
  for (const char* name : {"Identity", "Add", "Relu", "MatMul"}) {
    const tn_dtype dtype = float_type("", name);
    if (dtype == TN_DTYPE_UNDEFINED) continue;
    const bool binary = std::string(name) == "Add" || std::string(name) == "MatMul";
    const KernelDesc desc = dense_desc(name, dtype, {4, 4}, binary ? 2 : 1);
    const tn_status first = describe(desc);
    const Kernel held = first == TN_OK ? Kernel(device(), desc) : Kernel();
    for (int i = 0; i < 3; ++i) EXPECT_EQ(describe(desc), first) << name << ", asked again";
  }
}

TEST_F(KernelTest, TN_kernel_002_unknown_operators_are_unsupported) {
  KernelDesc desc = dense_desc("Identity", identity_type(), {4}, 1);
  desc.name = "NoSuchOperator";
  EXPECT_EQ(describe(desc), TN_UNSUPPORTED);
  desc.name = "Identity";
  desc.domain = "no.such.domain";
  EXPECT_EQ(describe(desc), TN_UNSUPPORTED);
  desc.domain = "";
  desc.version = INT32_MAX;
  EXPECT_EQ(describe(desc), TN_UNSUPPORTED);
}

TEST_F(KernelTest, TN_kernel_003_unknown_attributes_are_never_ignored) {
  KernelDesc desc = dense_desc("Identity", identity_type(), {4}, 1);
  desc.attribute("no_such_attribute", int64_t{1});
  EXPECT_NE(describe(desc), TN_OK);
}

TEST_F(KernelTest, TN_kernel_004_wrong_descriptions_are_refused) {
  const auto refused = [&](const KernelDesc& desc, const char* what) {
    EXPECT_EQ(TN_STATUS_CLASS(describe(desc)), TN_INVALID_ARGUMENT) << what;
  };
  KernelDesc desc = dense_desc("Identity", identity_type(), {4}, 2);
  refused(desc, "too many inputs");
  desc = dense_desc("Identity", identity_type(), {4}, 0);
  refused(desc, "too few inputs");
  desc = dense_desc("Identity", identity_type(), {4}, 1);
  desc.outputs[0].dtype = desc.inputs[0].dtype == TN_INT32 ? TN_BOOL : TN_INT32;
  refused(desc, "an output of another type");
  desc = dense_desc("Identity", identity_type(), {4}, 1);
  desc.inputs[0].rank = TN_MAX_RANK + 1;
  desc.inputs[0].dims.assign(TN_MAX_RANK + 1, 1);
  desc.inputs[0].strides.assign(TN_MAX_RANK + 1, 1);
  refused(desc, "too high a rank");
  desc = dense_desc("Identity", identity_type(), {4}, 1);
  desc.inputs[0].dims = {-3};
  refused(desc, "a negative dim");
  desc = dense_desc("Identity", identity_type(), {4}, 1);
  desc.outputs[0].alias = 2;
  refused(desc, "an alias of an input that is not there");
  desc = dense_desc("Identity", identity_type(), {4}, 1);
}

TEST_F(KernelTest, TN_kernel_005_every_row_of_the_table_has_a_kernel) {
  // The rows that this suite can describe without knowing the operator.
  for (const auto& [name, inputs] :
       {std::pair{"Identity", 1}, {"Add", 2}, {"Mul", 2}, {"Relu", 1}}) {
    const OperatorRow* row = Target::get().find("", name);
    if (row == nullptr) continue;
    for (tn_dtype dtype = 0; dtype < 64; ++dtype) {
      if (!row->has(dtype)) continue;
      ASSERT_NE(tn_dtype_bits(dtype), 0u) << name << " claims type " << dtype;
      EXPECT_EQ(describe(dense_desc(name, dtype, {2, 4}, static_cast<size_t>(inputs))), TN_OK)
          << name << " of " << dtype_name(dtype);
    }
  }
}

TEST_F(KernelTest, TN_kernel_006_types_beyond_the_table_are_unsupported) {
  for (const OperatorRow& row : Target::get().operators()) {
    if (!row.domain.empty() || (row.name != "Add" && row.name != "Relu")) continue;
    for (const ElementType& type : kElementTypes) {
      const tn_dtype dtype = type.dtype;
      if (type.kind == ElementKind::kNone || row.has(dtype)) continue;
      const tn_status status =
          describe(dense_desc(row.name, dtype, {4}, row.name == "Add" ? 2 : 1));
      EXPECT_NE(status, TN_OK) << row.name << " of " << dtype_name(dtype);
    }
  }
}

TEST_F(KernelTest, TN_kernel_007_needs_static_says_what_it_needs) {
  for (const OperatorRow& row : Target::get().operators()) {
    const tn_dtype dtype = first_type(row, type_set::kFloat);
    if (!row.domain.empty() || dtype == TN_DTYPE_UNDEFINED) continue;
    const int32_t rank = row.name == "MatMul" ? 2 : 3;
    KernelDesc desc;
    desc.name = row.name;
    desc.version = row.version;
    const bool binary = row.name == "Add" || row.name == "Mul" || row.name == "MatMul";
    if (!binary && row.name != "Relu" && row.name != "Identity") continue;
    for (int i = 0; i < (binary ? 2 : 1); ++i) desc.input(Argument::dynamic(dtype, rank));
    desc.output(Argument::dynamic(dtype, rank));
    const KernelSupport support = supports(device(), desc);
    if ((info().flags & TN_DEVICE_DYNAMIC_DIMS) != 0) {
      EXPECT_EQ(support.status, TN_OK) << row.name << ": TN_DEVICE_DYNAMIC_DIMS is claimed";
    }
    if (support.status == TN_NEEDS_STATIC) {
      EXPECT_NE(support.requirements(), 0u) << row.name;
      // After what it asks, it is accepted.
      KernelDesc fixed =
          dense_desc(row.name, dtype, rank == 2 ? Shape{4, 4} : Shape{2, 3, 4}, binary ? 2 : 1);
      EXPECT_EQ(supports(device(), fixed).status, TN_OK) << row.name;
      EXPECT_EQ(support.requirements() & TN_REQUIRES_CONSTANT, 0u) << row.name;
    }
    describe(desc);
  }
}

TEST_F(KernelTest, TN_kernel_018_every_math_mode_is_accepted) {
  for (const auto& [name, inputs] : {std::pair{"Identity", 1}, {"Add", 2}, {"MatMul", 2}}) {
    const OperatorRow* row = Target::get().find("", name);
    for (const tn_dtype dtype : {TN_FLOAT32, TN_FLOAT16, TN_INT32}) {
      if (row == nullptr || !row->has(dtype)) continue;
      KernelDesc desc = dense_desc(name, dtype, {4, 4}, static_cast<size_t>(inputs));
      const tn_status strict = describe(desc);
      for (const tn_math_mode mode : {TN_MATH_RELAXED, TN_MATH_TF32, TN_MATH_BF16}) {
        desc.math_mode = mode;
        EXPECT_EQ(describe(desc), strict) << name << " of " << dtype_name(dtype) << ", " << mode;
      }
    }
  }
}

TEST_F(KernelTest, TN_kernel_008_info_describes_it) {
  const KernelDesc desc = dense_desc("Identity", identity_type(), {4}, 1);
  const Kernel kernel(device(), desc);
  tn_argument_needs input{99, 99, 99}, output{99, 99, 99};
  tn_kernel_info info{};
  info.struct_size = sizeof(info);
  info.inputs = &input;
  info.outputs = &output;
  ASSERT_OK(tn_kernel_get_info, kernel.get(), &info);
  EXPECT_EQ(input.layout, TN_LAYOUT_STRIDED);
  EXPECT_EQ(output.layout, TN_LAYOUT_STRIDED);
}

TEST_F(KernelTest, TN_kernel_009_descriptions_are_copied) {
  std::unique_ptr<Kernel> kernel;
  {
    // Everything that the description points at is gone, and its memory used again.
    auto desc = std::make_unique<KernelDesc>(dense_desc("Identity", TN_INT32, {16}, 1));
    kernel = std::make_unique<Kernel>(device(), *desc);
    for (Argument& argument : desc->inputs) argument.dims = {1}, argument.strides = {7};
    desc->name = "XXXXXXXX";
  }
  const Bytes bytes = pattern_bytes(64);
  const Buffer a = upload(bytes), b = make_buffer(64);
  const Tensor in = Tensor::device(a.get(), TN_INT32, {16});
  const Tensor out = Tensor::device(b.get(), TN_INT32, {16});
  launch(*kernel, stream_, {in.get()}, {out.get()});
  EXPECT_EQ(download(b), bytes);
}

TEST_F(KernelTest, TN_kernel_015_questions_for_dims_are_checked) {
  KernelDesc desc = dense_desc("Identity", identity_type(), {2, 3}, 1);
  const Kernel kernel(device(), desc);
  const Tensor good = Tensor::device(nullptr, identity_type(), {2, 3});
  const tn_tensor* inputs[] = {good.get(), good.get()};
  tn_launch launch = launch_of({inputs, 1});
  int64_t dims[3] = {-7, -7, -7};
  int64_t* const wanted[] = {dims};
  ErrorBuffer error;
  if (tn_kernel_output_dims(kernel.get(), &launch, wanted, &error) == TN_UNIMPLEMENTED) {
    TN_OPTIONAL("optional, not offered: kernel_output_dims");
  }
  EXPECT_EQ(Shape(dims, dims + 3), (Shape{2, 3, -7}));

  const auto refused = [&](const char* what) {
    dims[0] = -7;
    EXPECT_REFUSED(TN_INVALID_ARGUMENT, tn_kernel_output_dims, kernel.get(), &launch, wanted)
        << what;
    EXPECT_EQ(dims[0], -7) << what;
  };
  launch.input_count = 2;
  refused("an input too many");
  launch.input_count = 0;
  refused("an input too few");
  launch.input_count = 1;
  const Tensor wide = Tensor::device(nullptr, identity_type(), {2, 4});
  inputs[0] = wide.get();
  refused("other dims than those described");
  const Tensor flat = Tensor::device(nullptr, identity_type(), {6});
  inputs[0] = flat.get();
  refused("another rank");
  const Tensor integers =
      Tensor::device(nullptr, identity_type() == TN_INT32 ? TN_BOOL : TN_INT32, {2, 3});
  inputs[0] = integers.get();
  refused("another type");
  inputs[0] = nullptr;
  refused("no tensor");
  inputs[0] = good.get();
  int64_t* const none[] = {nullptr};
  EXPECT_OK(tn_kernel_output_dims, kernel.get(), &launch, none);
  const int32_t two = 2, unasked = -1;
  EXPECT_EQ(kernel.output_dims({inputs, 1}, {&two, 1}), (std::vector<Shape>{{2, 3}}));
  EXPECT_EQ(kernel.output_dims({inputs, 1}, {&unasked, 1}), (std::vector<Shape>{{}}));
}

}  // namespace
}  // namespace tenon::conformance
