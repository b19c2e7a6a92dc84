// SPDX-License-Identifier: Apache-2.0
//
//   two_plugins MANIFEST MANIFEST
//
// Two plugins that were built apart from each other on the device core, in one process: their work
// is queued before anybody waits for either, and neither takes the other for itself.
#include <cstdio>
#include <cstring>
#include <stdexcept>
#include <vector>

#include "tenon/cpp/operator_ids.hpp"
#include "tenon/tenon.hpp"

namespace {

using tenon::Argument;
using tenon::Tensor;

void require(bool holds, const char* what) {
  if (!holds) throw std::runtime_error(what);
}

// [2, 3] by [3, 2], the weight in the form that the device likes best.
class Product {
 public:
  Product(const tenon::Loader& loader, const char* manifest, float scale)
      : device_(loader.open(manifest).open_device(0)), stream_(device_), memory_(device_, 4096) {
    const float weight[] = {1 * scale, 2 * scale, 3 * scale, 4 * scale, 5 * scale, 6 * scale};
    tenon::KernelDesc desc{"", "MatMul", tenon::op::kMatMul.version};
    desc.input(Argument::device(TN_FLOAT32, {2, 3}));
    desc.input(Argument::of_constant(weight, TN_FLOAT32, {3, 2}).with_layout(TN_LAYOUT_ANY));
    desc.output(Argument::device(TN_FLOAT32, {2, 2}));
    kernel_ = tenon::Kernel(device_, desc);
  }

  void queue() {
    static constexpr float kLeft[] = {1, 0, 0, 0, 1, 1};
    stream_.write(memory_, 0, kLeft, sizeof(kLeft));
    launch(memory_);
    stream_.read(result_, memory_, 1024, sizeof(result_));
  }
  void launch(const tenon::Buffer& memory) {
    const Tensor a = Tensor::device(memory.get(), TN_FLOAT32, {2, 3});
    const Tensor y = Tensor::device(memory.get(), TN_FLOAT32, {2, 2}).with_offset(1024);
    const tn_tensor* inputs[] = {a.get(), nullptr};
    const tn_tensor* outputs[] = {y.get()};
    kernel_.launch(stream_, tenon::launch_of(inputs, outputs));
  }
  void check(float scale) {
    stream_.synchronize();
    const float expected[] = {1 * scale, 2 * scale, 8 * scale, 10 * scale};
    require(std::memcmp(result_, expected, sizeof(expected)) == 0, "a product is wrong");
  }
  const tenon::Buffer& memory() const { return memory_; }
  bool hidden() const {
    return (device_.info().flags & (TN_DEVICE_COHERENT | TN_DEVICE_DYNAMIC_DIMS)) == 0;
  }

 private:
  tenon::Device device_;
  tenon::Stream stream_;
  tenon::Buffer memory_;
  tenon::Kernel kernel_;
  float result_[4] = {};
};

void run(const char* first, const char* second) {
  const tenon::Loader loader;
  Product one(loader, first, 1), two(loader, second, 10);
  require(one.hidden() && two.hidden(), "the host sees the memory, or dims may change");
  for (int i = 0; i < 100; ++i) {
    one.queue();
    two.queue();
    two.check(10);
    one.check(1);
  }
  bool refused = false;
  try {
    one.launch(two.memory());
  } catch (const tenon::Error&) {
    refused = true;
  }
  require(refused, "a plugin takes the other one's buffer for its own");
}

}  // namespace

int main(int count, char** arguments) {
  if (count != 3) return 2;
  try {
    run(arguments[1], arguments[2]);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
  return 0;
}
