// SPDX-License-Identifier: Apache-2.0
#include "benchmark.h"

#include <chrono>

#include <ATen/ops/add.h>
#include <ATen/ops/ones.h>
#include <c10/core/InferenceMode.h>

#include "call.h"

namespace tenon::pytorch {
namespace {

template <class Body>
double nanoseconds(int64_t calls, Body&& body) {
  for (int64_t i = 0; i < calls / 10 + 1; ++i) body();
  const auto start = std::chrono::steady_clock::now();
  for (int64_t i = 0; i < calls; ++i) body();
  const std::chrono::duration<double, std::nano> spent = std::chrono::steady_clock::now() - start;
  return spent.count() / static_cast<double>(calls);
}

}  // namespace

std::map<std::string, double> benchmark_add(int64_t calls) {
  const c10::InferenceMode inference;
  const auto index = current_device();
  runtime::ManagedDevice& target = device(index);
  runtime::Stream& stream = current_stream(index);
  const auto options = at::TensorOptions().device(kTenon, index);
  Tensor a = at::ones({4}, options), b = at::ones({4}, options), c = at::ones({4}, options);
  Tensor x = at::ones({4}), y = at::ones({4}), z = at::ones({4});
  const auto arguments = [&](std::array<runtime::Argument, 3>& built) {
    built = {device_argument(a.unsafeGetTensorImpl(), TN_FLOAT32),
             device_argument(b.unsafeGetTensorImpl(), TN_FLOAT32),
             device_argument(c.unsafeGetTensorImpl(), TN_FLOAT32)};
    asm volatile("" : : "g"(&built) : "memory");  // The work shall not be optimised away.
  };
  std::array<runtime::Argument, 3> built;
  std::map<std::string, double> result;
  result["total"] = nanoseconds(calls, [&] { at::add_out(c, a, b); });
  stream.synchronize();
  result["arguments"] = nanoseconds(calls, [&] { arguments(built); });
  result["run"] = nanoseconds(calls, [&] {
    target.run(operation<"Add">(), {built.data(), 2}, {built.data() + 2, 1}, stream);
  });
  stream.synchronize();
  result["address"] = nanoseconds(calls, [&] {
    for (const auto& argument : built) {
      const runtime::Location found = target.resolve(argument.data);
      asm volatile("" : : "r"(found.offset));
    }
  });
  result["cpu"] = nanoseconds(calls, [&] { at::add_out(z, x, y); });
  return result;
}

}  // namespace tenon::pytorch
