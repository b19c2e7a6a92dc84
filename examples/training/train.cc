// SPDX-License-Identifier: Apache-2.0
//
// Trains a small network on several devices at once and prints their losses side by side:
//
//   train [--steps N] DEVICE...        DEVICE is PLUGIN[?KEY=VALUE&...], such as
//   cpu?memory=discrete
//
// One host program for all of them, on tenon.hpp alone: no framework, no ONNX, no Python. The exit
// code is 1 when a loss does not fall, or when two devices do not agree.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "network.h"
#include "tenon/tenon.hpp"

namespace {

// What devices that round in another order may differ by, relative to the first device's loss.
constexpr double kAgreement = 1e-4;

struct Spec {
  std::string plugin;
  std::vector<std::pair<std::string, std::string>> options;

  explicit Spec(const std::string& text) : plugin(text.substr(0, text.find('?'))) {
    for (size_t at = plugin.size(); at < text.size();) {
      const size_t end = std::min(text.find('&', at + 1), text.size());
      const std::string option = text.substr(at + 1, end - at - 1);
      const size_t equals = option.find('=');
      if (equals == std::string::npos)
        throw std::runtime_error("'" + option + "' of '" + text + "' is not KEY=VALUE");
      options.emplace_back(option.substr(0, equals), option.substr(equals + 1));
      at = end;
    }
  }
};

tenon::Device open(const tenon::Loader& loader, const Spec& spec) {
  std::vector<tn_option> options;
  for (const auto& [key, value] : spec.options) options.push_back({key.c_str(), value.c_str()});
  return loader.open(spec.plugin).open_device(0, options);
}

int train(const std::vector<std::string>& specs, int steps) {
  const tenon::Loader loader;
  std::vector<tenon::Device> devices;
  std::vector<std::unique_ptr<example::Network>> networks;  // Before their devices go.
  for (const std::string& spec : specs) devices.push_back(open(loader, Spec(spec)));
  for (const tenon::Device& device : devices)
    networks.push_back(std::make_unique<example::Network>(device));

  std::printf("%6s", "step");
  for (const std::string& spec : specs) {
    const std::string name = spec.substr(spec.find_last_of('/') + 1);
    std::printf("  %20s", name.c_str());
  }
  std::printf("\n");

  std::vector<double> first, losses(networks.size());
  double apart = 0;
  for (int step = 0; step < steps; ++step) {
    for (size_t i = 0; i < networks.size(); ++i) losses[i] = networks[i]->step();
    if (step == 0) first = losses;
    for (const double loss : losses) apart = std::max(apart, std::fabs(loss / losses[0] - 1));
    if (step % std::max(1, steps / 10) != 0 && step + 1 != steps) continue;
    std::printf("%6d", step);
    for (const double loss : losses) std::printf("  %20.6f", loss);
    std::printf("\n");
  }
  std::printf("largest difference from %s: %.1e of the loss\n", specs[0].c_str(), apart);

  int code = 0;
  for (size_t i = 0; i < losses.size(); ++i) {
    if (losses[i] < first[i] / 2) continue;
    std::printf("WRONG: on %s the loss does not fall\n", specs[i].c_str());
    code = 1;
  }
  if (!(apart <= kAgreement)) {  // NaN is none either.
    std::printf("WRONG: the devices do not agree within %.0e\n", kAgreement);
    code = 1;
  }
  return code;
}

}  // namespace

int main(int count, char** arguments) {
  int steps = 50;
  std::vector<std::string> specs;
  for (int i = 1; i < count; ++i) {
    const std::string argument = arguments[i];
    if (argument == "--steps" && i + 1 < count) {
      steps = std::atoi(arguments[++i]);
    } else {
      specs.push_back(argument);
    }
  }
  if (specs.empty() || steps < 1) {
    std::fprintf(stderr, "usage: train [--steps N] PLUGIN[?KEY=VALUE&...]...\n");
    return 2;
  }
  try {
    return train(specs, steps);
  } catch (const std::exception& failure) {
    std::fprintf(stderr, "train: %s\n", failure.what());
    return 1;
  }
}
