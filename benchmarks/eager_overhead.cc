// SPDX-License-Identifier: Apache-2.0
//
// What the runtime adds to one eager call: Add of 4 float32 elements into an output that exists, on
// the reference device (or the spec given as argument). Each part is timed on its own in a loop;
// `launch` is what remains of a call of run() beyond the other parts and the device's own launch.
// Every number is the smallest of the medians of several rounds.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <functional>
#include <vector>

#include "runtime/context.h"
#include "runtime/device_impl.h"
#include "runtime/kernel_key.h"

namespace {

using tenon::runtime::Argument;

constexpr int kRounds = 15;
constexpr int kSamples = 101;
constexpr int kCalls = 500;

template <class Function>
double nanoseconds(const Function& function, const std::function<void()>& between) {
  double best = 1e9;
  for (int round = 0; round < kRounds; ++round) {
    std::vector<double> samples;
    for (int sample = 0; sample < kSamples; ++sample) {
      const auto begin = std::chrono::steady_clock::now();
      for (int i = 0; i < kCalls; ++i) function();
      const std::chrono::duration<double, std::nano> time =
          std::chrono::steady_clock::now() - begin;
      samples.push_back(time.count() / kCalls);
      between();
    }
    std::nth_element(samples.begin(), samples.begin() + kSamples / 2, samples.end());
    best = std::min(best, samples[kSamples / 2]);
  }
  return best;
}

template <class T>
void keep(const T& value) {
  asm volatile("" : : "m"(value) : "memory");
}

}  // namespace

int main(int count, char** arguments) {
  using namespace tenon::runtime;
  const auto context = Context::create({count > 1 ? arguments[1] : "cpu"});
  auto& device = static_cast<DeviceImpl&>(context->device(0));
  Stream& stream = device.default_stream();
  const auto wait = [&] { stream.synchronize(); };

  const int64_t dims[] = {4};
  void* memory[3];
  const float one = 1;
  for (void*& address : memory) {
    address = device.allocate(sizeof(float) * 4, stream);
    device.fill(address, sizeof(float) * 4, &one, sizeof(one), stream);
  }
  const Argument inputs[] = {Argument::device(memory[0], TN_FLOAT32, dims),
                             Argument::device(memory[1], TN_FLOAT32, dims)};
  const Argument outputs[] = {Argument::device(memory[2], TN_FLOAT32, dims)};
  static const Operation kAdd("Add");
  const auto run = [&] { device.run(kAdd, inputs, outputs, stream, nullptr); };
  run();
  wait();

  const AddressMap& map = device.address_map();
  const double address = nanoseconds(
      [&] {
        for (void* a : memory) keep(map.find(a));
      },
      [] {});
  const double prepare =
      nanoseconds([&] { keep(PreparedCall(&map, kAdd, inputs, outputs)); }, [] {});
  PreparedCall call(&map, kAdd, inputs, outputs);
  const double key = nanoseconds([&] { keep(KernelKey(kAdd, call, Profile())); }, [] {});
  const KernelKey the_key(kAdd, call, Profile());
  const double look_up = nanoseconds([&] { keep(device.kernel_cache().find(the_key)); }, [] {});

  const KernelCache::Pin pin = device.kernel_cache().find(the_key);
  if (!pin || pin->kernel == nullptr) {
    std::printf("%s wants other than dynamic dims: there is no short way to time\n",
                device.spec().c_str());
    return 1;
  }
  const tn_launch launch{
      sizeof(launch), call.input_pointers(), 2, call.output_pointers(), 1, nullptr, 0, nullptr};
  const double own = nanoseconds(
      [&] {
        uint64_t bytes = 0;
        if (pin->needs_workspace) {
          tn_kernel_workspace_size(pin->kernel, &launch, &bytes, nullptr);
        }
        tn_kernel_launch(pin->kernel, stream.handle(), &launch, nullptr);
      },
      wait);
  const double total = nanoseconds(run, wait);
  const double make = nanoseconds(
      [] {
        const Operation operation("Softmax", {{"axis", int64_t{-1}}});
        keep(operation);
      },
      [] {});
  std::printf("%s, Add of 4 float32, ns a call\n", device.spec().c_str());
  std::printf("  address   %6.1f   three addresses to buffers\n", address);
  std::printf("  key       %6.1f   arguments (%.1f) and hash (%.1f)\n", prepare - address + key,
              prepare - address, key);
  std::printf("  look-up   %6.1f   kernel of the key\n", look_up);
  std::printf("  launch    %6.1f   locks, counters, errors\n",
              std::max(0.0, total - own - look_up - key - prepare));
  std::printf("  device    %6.1f   workspace size (where asked for) and launch\n", own);
  std::printf("  total     %6.1f   run(); %.1f without the device\n", total, total - own);
  std::printf("making an Operation with one attribute: %.1f ns\n", make);
  for (void* a : memory) device.deallocate(a);
  return 0;
}
