// SPDX-License-Identifier: Apache-2.0
//
// What the layers cost: a launch of Add on four floats on the reference device, through libtenon
// without layers, with validation and with trace.
//
// The three are timed in short turns, alternating, so that all see the same machine; the smallest
// turn of many is the one that was disturbed least. Prints nanoseconds a launch and ratios to the
// first.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <vector>

#include "tenon/cpp/operator_ids.hpp"
#include "tenon/tenon.hpp"

namespace {

constexpr int kTurns = 200;
constexpr int kLaunchesPerTurn = 200;

using tenon::Argument;
using tenon::Tensor;

// A device with everything that one launch needs.
class Bench {
 public:
  explicit Bench(const char* layers)
      : loader_({}, nullptr, layers), device_(loader_.open("cpu").open_device(0)) {
    tenon::KernelDesc desc{tenon::op::kAdd.domain, tenon::op::kAdd.name, tenon::op::kAdd.version};
    for (int i = 0; i < 2; ++i) desc.input(Argument::device(TN_FLOAT32, {4}));
    desc.output(Argument::device(TN_FLOAT32, {4}));
    kernel_ = tenon::Kernel(device_, desc);
    stream_ = tenon::Stream(device_);
    buffer_ = tenon::Buffer(device_, 64);
    const float zeros[16] = {};
    stream_.write(buffer_, 0, zeros, sizeof(zeros));
    stream_.synchronize();
    for (uint64_t i = 0; i < 3; ++i) {
      tensors_.push_back(Tensor::device(buffer_.get(), TN_FLOAT32, {4}).with_offset(16 * i));
    }
  }

  double nanoseconds_per_launch() {
    const tn_tensor* inputs[] = {tensors_[0].get(), tensors_[1].get()};
    const tn_tensor* outputs[] = {tensors_[2].get()};
    const auto begin = std::chrono::steady_clock::now();
    for (int i = 0; i < kLaunchesPerTurn; ++i) kernel_.launch(stream_, inputs, outputs);
    stream_.synchronize();
    const std::chrono::duration<double, std::nano> time = std::chrono::steady_clock::now() - begin;
    return time.count() / kLaunchesPerTurn;
  }

 private:
  tenon::Loader loader_;
  tenon::Device device_;
  tenon::Kernel kernel_;
  tenon::Stream stream_;
  tenon::Buffer buffer_;
  std::vector<Tensor> tensors_;
};

}  // namespace

int main() {
  const auto file = std::filesystem::temp_directory_path() / "tenon_layer_overhead.json";
  setenv("TENON_TRACE_FILE", file.c_str(), 1);
  const char* const names[] = {"", "validation", "trace"};
  std::vector<std::unique_ptr<Bench>> benches;
  std::vector<double> best(3, 1e9);
  for (const char* name : names) benches.push_back(std::make_unique<Bench>(name));
  for (int turn = 0; turn < kTurns; ++turn) {
    for (size_t i = 0; i < benches.size(); ++i) {
      best[i] = std::min(best[i], benches[i]->nanoseconds_per_launch());
    }
  }
  benches.clear();
  for (size_t i = 0; i < best.size(); ++i) {
    std::printf("%-12s %8.0f ns a launch, %.2f times\n", *names[i] ? names[i] : "no layer", best[i],
                best[i] / best[0]);
  }
  std::filesystem::remove(file);
  return 0;
}
