// SPDX-License-Identifier: Apache-2.0
//
// The same bits again, where a kernel was described with TN_KERNEL_DETERMINISTIC.
#include "suite/fixture.h"
#include "suite/host_tensor.h"

namespace tenon::conformance {
namespace {

class DeterministicTest : public DeviceTest {
 protected:
  struct Problem {
    std::string name;
    std::vector<HostTensor> inputs;
    Shape output;
    bool reduction = false;  // Its second input, the axes, is left out.
  };

  // Sums of many terms of very different size: another order gives other bits. In sizes that are
  // worth dividing among threads, and among blocks of the sum.
  static std::vector<Problem> problems() {
    const auto wild = [](Shape dims, uint32_t seed) {
      HostTensor tensor = HostTensor::random(TN_FLOAT32, std::move(dims), -1, 1, seed);
      for (size_t i = 0; i < tensor.values.size(); i += 7) tensor.values[i] *= 4096;
      return tensor;
    };
    return {{"MatMul", {wild({3, 5000}, 1), wild({5000, 4}, 2)}, {3, 4}},
            {"MatMul", {wild({130, 70}, 3), wild({70, 150}, 4)}, {130, 150}},
            {"ReduceSum", {wild({100000}, 5)}, {1}, true},
            {"ReduceMean", {wild({300, 401}, 6)}, {1, 1}, true},
            {"Softmax", {wild({40, 2000}, 7)}, {40, 2000}}};
  }

  static KernelDesc describe(const Problem& problem) {
    KernelDesc desc;
    desc.name = problem.name;
    desc.version = version_of("", problem.name);
    desc.flags = TN_KERNEL_DETERMINISTIC;
    for (const HostTensor& input : problem.inputs) {
      desc.input(Argument::device(TN_FLOAT32, input.dims));
    }
    if (problem.reduction) desc.input(Argument::absent());
    desc.output(Argument::device(TN_FLOAT32, problem.output));
    return aligned_desc(std::move(desc));
  }
};

TEST_F(DeterministicTest, TN_kernel_019_the_same_bits_whatever_else_runs) {
  constexpr int kRounds = 6;
  size_t tried = 0;
  for (const Problem& problem : problems()) {
    const KernelDesc desc = describe(problem);
    if (!supports(device(), desc)) continue;
    ++tried;
    const Kernel kernel(device(), desc);
    const Stream second(device());
    std::vector<Tensor> inputs;
    for (const HostTensor& input : problem.inputs) {
      const Buffer& buffer = keep(upload(input.bytes()));
      inputs.push_back(Tensor::device(buffer.get(), TN_FLOAT32, Dims(input.dims)));
    }
    std::vector<const tn_tensor*> ins;
    for (const Tensor& input : inputs) ins.push_back(input.get());
    if (problem.reduction) ins.push_back(nullptr);
    // One after the other, and two at a time beside other work.
    std::vector<const Buffer*> results;
    const auto size = static_cast<uint64_t>(element_count(Dims(problem.output))) * 4;
    for (int i = 0; i < kRounds; ++i) {
      const Stream& stream = i % 2 == 0 ? stream_ : second;
      results.push_back(&keep(make_buffer(size)));
      const Tensor out = Tensor::device(results.back()->get(), TN_FLOAT32, Dims(problem.output));
      tn_launch launch = launch_of(ins, {});
      const tn_tensor* outs[] = {out.get()};
      launch.outputs = outs;
      launch.output_count = 1;
      const uint64_t workspace = kernel.workspace_size(launch);
      if (workspace != 0) launch.workspace = keep(make_buffer(workspace)).get();
      call(tn_kernel_launch, kernel.get(), stream.get(), &launch);
      if (i == 2) queue_slow_work(stream_, 2);
      if (i == 0) stream_.synchronize();
    }
    stream_.synchronize();
    second.synchronize();
    const Bytes first = download(*results.front());
    for (const Buffer* result : results) EXPECT_EQ(download(*result), first) << problem.name;
  }
  if (tried == 0) TN_OPTIONAL("none of the operators that sum much is there in float32");
}

}  // namespace
}  // namespace tenon::conformance
