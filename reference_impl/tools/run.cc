// SPDX-License-Identifier: Apache-2.0
//
// tenon run MODEL.onnx: runs a model once or often and says what it gave, how long it took and
// where its operators ran.
#include <algorithm>
#include <charconv>
#include <chrono>
#include <cinttypes>
#include <cmath>
#include <complex>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <map>
#include <random>
#include <stdexcept>
#include <string>
#include <vector>

#include "command.h"
#include "npy.h"
#include "tenon/tenon.hpp"

namespace {

using tenon::runtime::Context;
using tenon::runtime::HostTensor;
using tenon::runtime::ManagedDevice;
using tenon::runtime::Model;
using tenon::runtime::ModelValue;

struct Options {
  std::string model;
  std::string device;
  std::vector<std::string> inputs;  // NAME=FILE
  std::vector<std::string> dims;    // NAME=N
  std::string output_folder;
  int repeat = 1;
  bool forbid_fallback = false;
};

std::pair<std::string, std::string> split(const std::string& text, const char* what) {
  const size_t at = text.find('=');
  if (at == std::string::npos || at == 0) {
    throw std::runtime_error("'" + text + "': write " + what);
  }
  return {text.substr(0, at), text.substr(at + 1)};
}

int64_t parse_size(const std::string& option, const std::string& text) {
  int64_t size = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), size);
  if (error != std::errc() || end != text.data() + text.size() || size < 0) {
    throw std::runtime_error("--dim " + option + ": '" + text + "' is no size; write NAME=SIZE");
  }
  return size;
}

std::string dims_text(const std::vector<int64_t>& dims) {
  std::string text = "[";
  for (size_t i = 0; i < dims.size(); ++i) text += (i > 0 ? ", " : "") + std::to_string(dims[i]);
  return text + "]";
}

// Seeded values of a model's input: floats of every width, and both parts of complex numbers, from
// a normal distribution; integers 0 or 1 (legal as an index, a mask or a count almost everywhere).
HostTensor random_tensor(const ModelValue& info, const std::map<std::string, int64_t>& dims) {
  HostTensor tensor;
  if (info.optional) return tensor;  // No value is one.
  if (!info.plain())
    throw std::runtime_error("input '" + info.name + "' is " +
                             (info.sequence ? "a sequence" : "of strings") +
                             ", which a .npy file does not hold; run the model from Python");
  tensor.dtype = info.dtype;
  for (size_t i = 0; i < info.dims.size(); ++i) {
    auto found = dims.find(info.symbols[i]);
    tensor.dims.push_back(info.dims[i] >= 0     ? info.dims[i]
                          : found != dims.end() ? found->second
                                                : 1);
  }
  const auto elements = tenon::checked_element_count(tensor.dims);
  constexpr int64_t kMost = int64_t{1} << 32;
  if (!elements || *elements > kMost) {
    throw std::runtime_error("input '" + info.name + "' of dims " + dims_text(tensor.dims) +
                             " is too large to be made up; give it with --input");
  }
  const auto count = static_cast<size_t>(*elements);
  tensor.data.resize(tenon::dtype_bytes(info.dtype, count));
  std::mt19937 generator(0);
  std::normal_distribution<float> normal;
  const tenon::ElementType& type = tenon::element_type(info.dtype);
  const auto made_up = [&]() -> tenon::Number {
    if (type.kind == tenon::ElementKind::kFloat) return normal(generator);
    if (type.kind == tenon::ElementKind::kComplex) {
      const float real = normal(generator);
      return std::complex<double>(real, normal(generator));
    }
    return generator() & 1;
  };
  for (size_t i = 0; i < count; ++i) {
    std::byte element[tenon::kMaxElementBytes];
    tenon::write_element(info.dtype, made_up(), element, /*saturate=*/true);
    if (type.bits >= 8) {
      std::memcpy(&tensor.data[i * type.bits / 8], element, type.bits / 8);
      continue;
    }
    // Elements below a byte follow each other without gaps, from the lower bits up.
    for (size_t bit = 0; bit < type.bits; ++bit) {
      const size_t at = i * type.bits + bit;
      tensor.data[at / 8] |= (element[0] >> bit & std::byte{1}) << at % 8;
    }
  }
  return tensor;
}

void require_dim(const Model& model, const std::string& name) {
  std::string known;
  for (const ModelValue& info : model.inputs()) {
    for (const std::string& symbol : info.symbols) {
      if (symbol == name) return;
      if (!symbol.empty()) known += (known.empty() ? "" : ", ") + symbol;
    }
  }
  throw std::runtime_error("--dim " + name + ": the model's inputs leave " +
                           (known.empty() ? "no dim open" : "these dims open: " + known));
}

// As a file's name: values may be called like paths.
std::string file_name(std::string value) {
  std::replace(value.begin(), value.end(), '/', '_');
  return value;
}

std::map<std::string, HostTensor> make_inputs(const Model& model, const Options& options) {
  std::map<std::string, int64_t> dims;
  for (const std::string& text : options.dims) {
    const auto [name, value] = split(text, "--dim NAME=SIZE");
    dims[name] = parse_size(text, value);
    require_dim(model, name);
  }
  std::map<std::string, HostTensor> inputs;
  for (const std::string& text : options.inputs) {
    const auto [name, path] = split(text, "--input NAME=FILE.npy");
    const auto info = std::ranges::find(model.inputs(), name, &ModelValue::name);
    inputs[name] = tenon::tools::read_npy(
        path, info != model.inputs().end() ? info->dtype : TN_DTYPE_UNDEFINED);
  }
  for (const ModelValue& info : model.inputs()) {
    const bool given = inputs.contains(info.name);
    if (!given) inputs[info.name] = random_tensor(info, dims);
    const HostTensor& tensor = inputs[info.name];
    std::printf("input   %-24s %-8s %s%s\n", info.name.c_str(), tenon::dtype_name(tensor.dtype),
                dims_text(tensor.dims).c_str(), given ? "" : "  (seeded random)");
  }
  return inputs;
}

std::string summary(const HostTensor& tensor) {
  const tenon::ElementType& type = tenon::element_type(tensor.dtype);
  if (type.kind != tenon::ElementKind::kFloat || type.bits < 8 || tensor.data.empty()) return "";
  const size_t count = static_cast<size_t>(tensor.count());
  double sum = 0, least = INFINITY, most = -INFINITY;
  for (size_t i = 0; i < count; ++i) {
    const std::byte* at = &tensor.data[i * type.bits / 8];
    const double value = tenon::read_element(type.dtype, at)->to_double();
    sum += value;
    least = std::min(least, value);
    most = std::max(most, value);
  }
  char text[128];
  std::snprintf(text, sizeof(text), "  min %g, mean %g, max %g", least,
                sum / static_cast<double>(count), most);
  return text;
}

void print_placement(const Model& model) {
  std::printf("\n%-28s %8s %8s %8s %8s %8s\n", "operator", "device", "fallback", "host", "view",
              "folded");
  for (const auto& row : model.placement()) {
    std::printf("%-28s %8" PRIu64 " %8" PRIu64 " %8" PRIu64 " %8" PRIu64 " %8" PRIu64 "\n",
                row.op.c_str(), row.device, row.fallback, row.host, row.view, row.folded);
  }
}

void run(const Options& options) {
  // ONNX says of indices: "it is an error if any of the index values are out of bounds".
  const auto context = Context::create({}, TN_KERNEL_CHECK_DATA);
  ManagedDevice& device =
      options.device.empty() ? context->device(0) : context->open(options.device);
  if (options.forbid_fallback) {
    device.set_fallback_policy(tenon::runtime::FallbackPolicy::kError);
  }
  const auto model = Model::load(*context, device, options.model);
  std::printf("device  %s (%s)\n", device.spec().c_str(), device.info().name);
  const auto inputs = make_inputs(*model, options);
  if (!options.output_folder.empty()) std::filesystem::create_directories(options.output_folder);

  std::vector<HostTensor> outputs;
  std::vector<double> times;
  for (int i = 0; i < options.repeat; ++i) {
    const auto start = std::chrono::steady_clock::now();
    outputs = model->run(inputs);
    const std::chrono::duration<double, std::milli> elapsed =
        std::chrono::steady_clock::now() - start;
    times.push_back(elapsed.count());
  }
  for (size_t i = 0; i < outputs.size(); ++i) {
    const std::string& name = model->outputs()[i].name;
    if (!outputs[i].present() || outputs[i].items || outputs[i].dtype == tenon::runtime::kStrings) {
      const std::string what = outputs[i].items
                                   ? "a sequence of " + std::to_string(outputs[i].items->size())
                               : outputs[i].present() ? "strings " + dims_text(outputs[i].dims)
                                                      : "no value";
      std::printf("output  %-24s %s%s\n", name.c_str(), what.c_str(),
                  options.output_folder.empty() ? "" : "  (not written: no .npy file holds it)");
      continue;
    }
    std::printf("output  %-24s %-8s %s%s\n", name.c_str(), tenon::dtype_name(outputs[i].dtype),
                dims_text(outputs[i].dims).c_str(), summary(outputs[i]).c_str());
    if (!options.output_folder.empty()) {
      tenon::tools::write_npy(options.output_folder + "/" + file_name(name) + ".npy", outputs[i]);
    }
  }
  if (times.size() > 1) {
    const double first = times[0];
    times.erase(times.begin());
    std::nth_element(times.begin(), times.begin() + static_cast<std::ptrdiff_t>(times.size() / 2),
                     times.end());
    std::printf("time    first %.2f ms, then median %.2f ms of %zu\n", first,
                times[times.size() / 2], times.size());
  } else {
    std::printf("time    %.2f ms\n", times[0]);
  }
  print_placement(*model);
}

void add_run(CLI::App& command, int& exit_code) {
  static Options options;
  command.add_option("model", options.model, "ONNX model")->required();
  command.add_option("--device", options.device,
                     "device spec, PLUGIN[:INDEX][?KEY=VALUE&...] (default: the first device)");
  command.add_option("--input", options.inputs, "NAME=FILE.npy; inputs not given are random");
  command.add_option("--dim", options.dims, "NAME=SIZE of a dim that the model leaves open (1)");
  command.add_option("--output", options.output_folder, "folder to write outputs to, as .npy");
  command.add_option("--repeat", options.repeat, "runs")->check(CLI::PositiveNumber);
  command.add_flag("--no-fallback", options.forbid_fallback,
                   "fail when the device lacks an operator");
  tenon::tools::Command::add_layer_option(command);
  command.callback([&exit_code] {
    run(options);
    exit_code = 0;
  });
}

const tenon::tools::Command kRunCommand("run", "Runs an ONNX model on a device", add_run);

}  // namespace
