// SPDX-License-Identifier: Apache-2.0
//
// The same call over and over, for instructions.py to count:
//
//   launch_loop PLUGIN query|add|add-dynamic|relu|matmul COUNT
//
// `query` asks a stream, which does next to nothing; the others launch one operator of 4 elements
// (the product: of 16x16) and wait at the end. `add-dynamic` is described without dims, as by a
// framework that runs op by op.
#include <cstdio>
#include <cstdlib>
#include <string>

#include "tenon/cpp/operator_ids.hpp"
#include "tenon/tenon.hpp"

namespace {

using tenon::Argument;
using tenon::Tensor;

struct Form {
  const tenon::OperatorId& id;
  std::vector<int64_t> dims;
  int inputs;
  bool dynamic = false;
};

Form form_of(const std::string& what) {
  if (what == "add") return {tenon::op::kAdd, {4}, 2};
  if (what == "add-dynamic") return {tenon::op::kAdd, {4}, 2, true};
  if (what == "relu") return {tenon::op::kRelu, {4}, 1};
  if (what == "matmul") return {tenon::op::kMatMul, {16, 16}, 2};
  std::fprintf(stderr, "unknown: %s\n", what.c_str());
  std::exit(2);
}

void launch_often(const tenon::Device& device, const tenon::Stream& stream, const Form& form,
                  long count) {
  tenon::KernelDesc desc{form.id.domain, form.id.name, form.id.version};
  const Argument argument =
      form.dynamic ? Argument::dynamic(TN_FLOAT32, static_cast<int32_t>(form.dims.size()))
                   : Argument::device(TN_FLOAT32, form.dims);
  for (int i = 0; i < form.inputs; ++i) desc.input(argument);
  desc.output(argument);
  const tenon::Kernel kernel(device, desc);

  constexpr uint64_t kBytes = 1024;
  const tenon::Buffer memory(device, kBytes * 3);
  const float one = 1;
  stream.fill(memory, 0, kBytes * 3, &one, sizeof(one));
  const auto tensor = [&](uint64_t n) {
    return Tensor::device(memory.get(), TN_FLOAT32, form.dims).with_offset(n * kBytes);
  };
  const Tensor a = tensor(0), b = tensor(1), c = tensor(2);
  const tn_tensor* inputs[] = {a.get(), b.get()};
  const tn_tensor* outputs[] = {c.get()};
  tn_launch launch = tenon::launch_of({inputs, static_cast<size_t>(form.inputs)}, outputs);
  const uint64_t size = kernel.needs_workspace() ? kernel.workspace_size(launch) : 0;
  const tenon::Buffer workspace(device, size + 1);
  if (size != 0) launch.workspace = workspace.get();
  for (long i = 0; i < count; ++i) kernel.launch(stream, launch);
  stream.synchronize();
}

[[gnu::noinline]] void query_often(tn_stream* stream, long count) {
  for (long i = 0; i < count; ++i) tn_stream_query(stream, nullptr);
}

}  // namespace

int main(int count, char** arguments) {
  if (count != 4) {
    std::fprintf(stderr, "launch_loop PLUGIN query|add|add-dynamic|relu|matmul COUNT\n");
    return 2;
  }
  try {
    const tenon::Loader loader;
    const tenon::Device device = loader.open(arguments[1]).open_device(0);
    const tenon::Stream stream(device);
    const long turns = std::atol(arguments[3]);
    if (std::string(arguments[2]) == "query") {
      query_often(stream.get(), turns);
    } else {
      launch_often(device, stream, form_of(arguments[2]), turns);
    }
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
  return 0;
}
