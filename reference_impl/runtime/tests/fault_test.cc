// SPDX-License-Identifier: Apache-2.0
//
// A host that does a bit of everything through the runtime, while every function of the plugin
// fails in turn: what goes wrong is thrown, nothing hangs or leaks, and the device works again or
// says that it is lost.
#include "reference_impl/layers/tests/fault_sweep.h"

#include <cmath>
#include <fstream>
#include <iterator>

#include "fixture.h"
#ifdef TENON_MODEL
#include "runtime/model.h"
#endif

namespace tenon::runtime {
namespace {

// Operators of several kinds, views that overlap, memory of every kind, two streams.
void use_memory(ManagedDevice& device) {
  // Before what is used on it, so that it goes after that.
  const std::unique_ptr<Stream> second = device.create_stream();
  Tensor a(device, {4, 6}, counting(24)), b(device, {6}, counting(6, 1));
  Tensor c(device, TN_FLOAT32, {4, 6});
  device.run(Operation("Add"), std::vector<Argument>{a.argument(), b.argument()},
             std::vector<Argument>{c.argument()}, device.default_stream());
  // In place but one element further: a temporary is made.
  device.run(Operation("Relu"), std::vector<Argument>{a.view({20}, {1})},
             std::vector<Argument>{a.view({20}, {1}, 1)}, device.default_stream());
  const std::unique_ptr<Event> event = device.create_event();
  event->record(device.default_stream());
  event->block(*second);
  Tensor d(device, TN_FLOAT32, {4, 6}, second.get());
  device.record_use(c.data(), *second);
  device.copy(d.data(), c.data(), c.bytes(), *second);
  const float one = 1;
  device.fill(c.data(), c.bytes(), &one, sizeof(one), *second);
  second->synchronize();
  event->synchronize();
  void* const pinned = device.allocate_pinned(64);
  device.deallocate_pinned(pinned);
  alignas(64) static float adopted[64];
  device.adopt_host(adopted, sizeof(adopted));
  device.forget_host(adopted);
  void* const mapped = device.map(d.data(), d.bytes(), TN_ACCESS_READ, *second);
  device.unmap(mapped);
  device.empty_cache();
}

// How many numbers are not 0: dims that the data decides.
void use_output_dims(ManagedDevice& device) {
  Tensor numbers(device, {8}, {0, 1, 0, 2, 3, 0, 0, 4});
  Tensor found(device, TN_INT64, {1, 8});
  int64_t dims[2] = {};
  int64_t* const pointers[] = {dims};
  device.run(Operation("NonZero"), std::vector<Argument>{numbers.argument()},
             std::vector<Argument>{found.argument()}, device.default_stream(), pointers);
  device.default_stream().synchronize();
  EXPECT_EQ(dims[1], 4);
}

// One step of training of a perceptron with a hidden layer, by plain operators.
void train(ManagedDevice& device) {
  const auto run = [&](const char* name, std::vector<Argument> in, std::vector<Argument> out) {
    device.run(Operation(name), in, out, device.default_stream());
  };
  const float rate = 0.01F;
  Tensor x(device, {8, 5}, counting(40, -20)), target(device, {8, 3}, counting(24));
  Tensor w1(device, {5, 7}, counting(35, -17)), w2(device, {7, 3}, counting(21, -10));
  Tensor h(device, TN_FLOAT32, {8, 7}), r(device, TN_FLOAT32, {8, 7}),
      y(device, TN_FLOAT32, {8, 3});
  Tensor dw2(device, TN_FLOAT32, {7, 3}), dr(device, TN_FLOAT32, {8, 7}),
      dw1(device, TN_FLOAT32, {5, 7});
  run("MatMul", {x.argument(), w1.argument()}, {h.argument()});
  run("Relu", {h.argument()}, {r.argument()});
  run("MatMul", {r.argument(), w2.argument()}, {y.argument()});
  run("Sub", {y.argument(), target.argument()}, {y.argument()});
  run("MatMul", {r.view({7, 8}, {1, 7}), y.argument()}, {dw2.argument()});
  run("MatMul", {y.argument(), w2.view({3, 7}, {1, 3})}, {dr.argument()});
  run("Sign", {r.argument()}, {h.argument()});
  run("Mul", {dr.argument(), h.argument()}, {dr.argument()});
  run("MatMul", {x.view({5, 8}, {1, 5}), dr.argument()}, {dw1.argument()});
  for (auto [w, dw] : {std::pair(&w1, &dw1), std::pair(&w2, &dw2)}) {
    run("Mul", {dw->argument(), host_float(rate)}, {dw->argument()});
    run("Sub", {w->argument(), dw->argument()}, {w->argument()});
    for (const float value : w->read()) EXPECT_TRUE(std::isfinite(value));
  }
}

void run_model([[maybe_unused]] Context& context, [[maybe_unused]] ManagedDevice& device) {
#ifdef TENON_MODEL
  std::ifstream file(TENON_MODEL, std::ios::binary);
  const std::string bytes{std::istreambuf_iterator<char>(file), {}};
  const std::unique_ptr<Model> model = Model::parse(context, device, bytes);
  std::map<std::string, HostTensor> inputs;
  for (const ModelValue& input : model->inputs()) {
    HostTensor& tensor = inputs[input.name];
    tensor.dtype = input.dtype;
    tensor.dims = input.dims;
    for (int64_t& dim : tensor.dims) dim = dim < 0 ? 2 : dim;
    tensor.data.resize(static_cast<size_t>(tensor.count()) * tn_dtype_bits(input.dtype) / 8);
  }
  model->run(inputs);
  model->run(inputs);
#endif
}

void use_everything(Context& context, ManagedDevice& device) {
  use_memory(device);
  use_output_dims(device);
  train(device);
  run_model(context, device);
  device.synchronize();
}

class FaultTest : public testing::TestWithParam<const char*> {
 protected:
  FaultTest() { setenv("TENON_LAYERS", "validation,fault", 1); }
  ~FaultTest() override { unsetenv("TENON_LAYERS"); }
};

// Whether it was all done; what else is thrown than an error of Tenon fails the test.
bool try_it(Context& context, ManagedDevice& device) {
  try {
    use_everything(context, device);
    return true;
  } catch (const Error& error) {
    EXPECT_NE(error.message(), "");
    return false;
  }
}

TEST_P(FaultTest, EveryCallOfEveryFunctionMayFail) {
  const int struck =
      layers::sweep({"memory", "internal", "lost", "late"}, [&](const std::string& kind) {
        std::unique_ptr<Context> context;
        ManagedDevice* device = nullptr;
        for (int i = 0; i < 2 && device == nullptr; ++i) {  // The second attempt is not disturbed.
          try {
            context = Context::create({GetParam()});
            device = &context->device(0);
          } catch (const Error& error) {
            EXPECT_NE(error.message(), "");
            unsetenv("TENON_FAULT");
          }
        }
        ASSERT_NE(device, nullptr) << "a failure is remembered";
        if (try_it(*context, *device)) return;
        // Failures of streams are thrown once; then it works again.
        if (kind == "lost") {
          EXPECT_FALSE(try_it(*context, *device)) << "a device that is lost works";
          return;
        }
        EXPECT_TRUE(try_it(*context, *device) || try_it(*context, *device));
      });
  EXPECT_GT(struck, 100);
}
// TENON_FAULT_DEVICE: one that is not there in every build.
std::vector<const char*> specs() {
  const char* given = std::getenv("TENON_FAULT_DEVICE");
  if (given != nullptr) return {given};
  return {"cpu", "cpu?memory=discrete"};
}
INSTANTIATE_TEST_SUITE_P(Devices, FaultTest, testing::ValuesIn(specs()));

}  // namespace
}  // namespace tenon::runtime
