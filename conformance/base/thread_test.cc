// SPDX-License-Identifier: Apache-2.0
//
// One device, several threads.
#include "suite/fixture.h"

namespace tenon::conformance {
namespace {

using ThreadTest = DeviceTest;

// All make the same kernels, some of them new ones, at the same time, and compute with them.
TEST_F(ThreadTest, TN_thread_001_threads_make_kernels_of_one_device) {
  constexpr size_t kThreads = 4;
  constexpr int64_t kCount = 64;
  const Bytes bytes = pattern_bytes(kCount * 4);
  std::vector<KernelDesc> descs;
  for (int64_t i = 1; i <= 4; ++i) {
    descs.push_back(dense_desc("Identity", TN_INT32, {kCount / i}, 1));
  }
  run_threads(kThreads, [&](size_t t) {
    for (int round = 0; round < 8; ++round) {
      const Stream stream(device());
      const Buffer a(device(), bytes.size()), b(device(), bytes.size());
      const Event event(device());
      write(stream, a, 0, bytes);
      const KernelDesc& desc = descs[(t + static_cast<size_t>(round)) % descs.size()];
      const Kernel kernel(device(), desc);
      const Dims dims(desc.inputs[0].dims);
      launch(kernel, stream, {Tensor::device(a.get(), TN_INT32, dims).get()},
             {Tensor::device(b.get(), TN_INT32, dims).get()});
      stream.record(event);
      const uint64_t size = static_cast<uint64_t>(desc.inputs[0].dims[0]) * 4;
      const Bytes& seen = read(stream, b, 0, size);
      stream.synchronize();
      EXPECT_EQ(seen, Bytes(bytes.begin(), bytes.begin() + static_cast<long>(size)));
    }
  });
}

// Kernels of different operators, alike in all else: none becomes another thread's.
TEST_F(ThreadTest, TN_thread_001_threads_make_kernels_of_several_operators) {
  constexpr int64_t kCount = 16;
  struct Operation {
    KernelDesc desc;
    Real result;
  };
  std::vector<Operation> operations;
  tn_dtype dtype = TN_DTYPE_UNDEFINED;
  for (const auto& [name, result] : {std::pair{"Add", 9}, {"Sub", 3}, {"Mul", 18}, {"Div", 2}}) {
    const OperatorRow* row = Target::get().find("", name);
    if (row == nullptr) continue;
    if (dtype == TN_DTYPE_UNDEFINED) dtype = first_type(*row, type_set::kFloat | type_set::kSigned);
    if (!row->has(dtype)) continue;
    operations.push_back({dense_desc(name, dtype, {kCount}, 2), Real(result)});
  }
  if (operations.size() < 2) TN_OPTIONAL("fewer than two of Add, Sub, Mul, Div of one type");
  const Buffer a = upload(HostTensor(dtype, {kCount}, Values(kCount, 6)).bytes());
  const Buffer b = upload(HostTensor(dtype, {kCount}, Values(kCount, 3)).bytes());
  const Tensor x = Tensor::device(a.get(), dtype, {kCount});
  const Tensor y = Tensor::device(b.get(), dtype, {kCount});
  run_threads(4, [&](size_t t) {
    const Stream stream(device());
    for (size_t round = 0; round < 8; ++round) {
      const Operation& operation = operations[(t + round) % operations.size()];
      const Kernel kernel(device(), operation.desc);
      const Bytes expected = HostTensor(dtype, {kCount}, Values(kCount, operation.result)).bytes();
      const Buffer c(device(), expected.size());
      launch(kernel, stream, {x.get(), y.get()}, {Tensor::device(c.get(), dtype, {kCount}).get()});
      const Bytes& seen = read(stream, c, 0, expected.size());
      stream.synchronize();
      EXPECT_EQ(seen, expected) << operation.desc.name;
    }
  });
}

}  // namespace
}  // namespace tenon::conformance
