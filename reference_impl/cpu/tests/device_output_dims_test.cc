// SPDX-License-Identifier: Apache-2.0
//
// tn_kernel_output_dims through the table: what a question brings, and what is answered.
#include "reference_impl/cpu/tests/device_harness.h"

namespace tenon::cpu::testing {
namespace {

class OutputDimsTest : public ::testing::Test {
 protected:
  tn_kernel* kernel(const KernelDesc& desc) {
    tn_kernel* made = nullptr;
    [&] { TN_CHECK(kernel_create, device_, desc.get(), &made); }();
    kernels_.push_back(made);
    return made;
  }
  // A sum over the axes of `axes`, of three dims.
  tn_kernel* sum(const tn_argument& axes, int32_t rank_of_output = 3) {
    return kernel(KernelDesc(op::kReduceSum, {describe(TN_FLOAT32, 3), axes},
                             {describe(TN_FLOAT32, rank_of_output)}));
  }
  ~OutputDimsTest() override {
    for (tn_kernel* one : kernels_) table().kernel_destroy(one);
  }

  Device device_{"discrete"};  // Where memory of the device cannot be read by chance.
  std::vector<tn_kernel*> kernels_;
  Tensor data_{nullptr, TN_FLOAT32, {2, 3, 4}};
  int64_t axis_ = 1;
  int64_t dims_[3] = {-7, -7, -7};
  int64_t* const wanted_[1] = {dims_};
};

TEST_F(OutputDimsTest, HostValuesAndConstantsAreRead) {
  Tensor value = Tensor::host(&axis_, TN_INT64, {1});
  Launch launch({&data_, &value}, {});
  const tn_argument host = describe(TN_INT64, 1, TN_ARGUMENT_HOST);
  TN_CHECK(kernel_output_dims, sum(host), launch.get(), wanted_);
  EXPECT_THAT(dims_, ::testing::ElementsAre(2, 1, 4));

  axis_ = 2;
  const int64_t one = 1;
  tn_argument constant = describe(TN_INT64, 1, TN_ARGUMENT_CONSTANT);
  constant.host_data = &axis_;
  constant.dims = &one;
  Launch without({&data_, nullptr}, {});
  TN_CHECK(kernel_output_dims, sum(constant), without.get(), wanted_);
  EXPECT_THAT(dims_, ::testing::ElementsAre(2, 3, 1));
}

TEST_F(OutputDimsTest, ValuesOfTheDeviceAreNotRead) {
  Tensor value(nullptr, TN_INT64, {1});
  Launch launch({&data_, &value}, {});
  TN_EXPECT_ERROR(TN_UNSUPPORTED, "memory of the device", kernel_output_dims,
                  sum(describe(TN_INT64, 1)), launch.get(), wanted_);
  EXPECT_THAT(dims_, ::testing::ElementsAre(-7, -7, -7));
}

TEST_F(OutputDimsTest, WrongQuestionsAreRefused) {
  const tn_argument host = describe(TN_INT64, 1, TN_ARGUMENT_HOST);
  Tensor value = Tensor::host(&axis_, TN_INT64, {1});
  Launch launch({&data_, &value}, {});
  TN_EXPECT_ERROR(TN_INVALID_ARGUMENT, "dims", kernel_output_dims, sum(host), launch.get(),
                  nullptr);
  TN_EXPECT_ERROR(TN_INVALID_ARGUMENT, "described with rank 2", kernel_output_dims, sum(host, 2),
                  launch.get(), wanted_);
  axis_ = 3;
  TN_EXPECT_ERROR(TN_INVALID_ARGUMENT, "axis 3 is out of range", kernel_output_dims, sum(host),
                  launch.get(), wanted_);
  Tensor nothing = Tensor::host(nullptr, TN_INT64, {1});
  Launch empty({&data_, &nothing}, {});
  TN_EXPECT_ERROR(TN_INVALID_ARGUMENT, "no host data", kernel_output_dims, sum(host), empty.get(),
                  wanted_);
  Launch few({&data_}, {});
  TN_EXPECT_ERROR(TN_INVALID_ARGUMENT, "2 inputs, not 1", kernel_output_dims, sum(host), few.get(),
                  wanted_);
  EXPECT_THAT(dims_, ::testing::ElementsAre(-7, -7, -7));
}

// Of several outputs, those asked for are answered; an absent one has no dims.
TEST_F(OutputDimsTest, SomeOfSeveralOutputs) {
  const tn_argument floats = describe(TN_FLOAT32, 3);
  tn_kernel* norm =
      kernel(KernelDesc(op::kLayerNormalization, {floats, describe(TN_FLOAT32, 1)},
                        {floats, describe(TN_FLOAT32, 0, TN_ARGUMENT_ABSENT), floats}));
  Tensor scale(nullptr, TN_FLOAT32, {4});
  Launch launch({&data_, &scale}, {});
  int64_t absent[1] = {-7};
  int64_t* const last[] = {nullptr, absent, dims_};
  TN_CHECK(kernel_output_dims, norm, launch.get(), last);
  EXPECT_THAT(dims_, ::testing::ElementsAre(2, 3, 1));
  EXPECT_EQ(absent[0], -7);
}

}  // namespace
}  // namespace tenon::cpu::testing
