// SPDX-License-Identifier: Apache-2.0
//
// What a plugin says of itself is held against what it does.
#include "reference_impl/layers/tests/fixture.h"
#include "tenon/cpp/operator_ids.hpp"

namespace tenon::layers {
namespace {

TEST(Mutant, TN_launch_014_a_kernel_that_said_it_needs_no_workspace) {
  RecordingHost host;
  const Loader loader({}, host.get(), "validation");
  const Device device = loader.open(LIARS).open_device(0);
  const auto kernel_of = [&](const OperatorId& id, int64_t side) {
    KernelDesc desc;
    desc.name = id.name;
    desc.version = id.version;
    for (int i = 0; i < 2; ++i) desc.input(Argument::device(TN_FLOAT32, {side, side}));
    desc.output(Argument::device(TN_FLOAT32, {side, side}));
    return Kernel(device, desc);
  };
  const auto ask = [&](const Kernel& kernel, int64_t side) {
    const Tensor tensor = Tensor::device(nullptr, TN_FLOAT32, {side, side});
    const tn_tensor* tensors[] = {tensor.get(), tensor.get()};
    tn_launch launch = launch_of({tensors, 2}, {tensors, 1});
    return kernel.workspace_size(launch);
  };
  const Kernel honest = kernel_of(op::kAdd, 64);
  EXPECT_EQ(ask(honest, 64), 0u);
  EXPECT_THAT(host.about("TN-launch-014"), testing::IsEmpty());
  const Kernel product = kernel_of(op::kMatMul, 64);
  EXPECT_GT(ask(product, 64), 0u);
  EXPECT_THAT(host.about("TN-launch-014"),
              testing::ElementsAre(testing::HasSubstr("tn_kernel_create(MatMul)")));
}

}  // namespace
}  // namespace tenon::layers
