// SPDX-License-Identifier: Apache-2.0
//
// oneDNN's kernels beside the reference device's, operator by operator: on which tensors is which
// of them faster? Both compute on the same memory, in turns, with shapes known at the launch alone,
// as frameworks ask for them. The rules in plugins/onednn (PrimitiveKernel::worth) come from here.
//
//   onednn_sweep [OPERATOR...]
//
// Prints microseconds of each, medians of turns, and oneDNN's over the reference device's.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <functional>
#include <string>
#include <vector>

#include "plugins/onednn/engine.h"
#include "plugins/onednn/operators.h"
#include "reference_impl/cpu/platform.h"
#include "reference_impl/loader/thread_pool.h"

namespace {

using namespace tenon;
using Dims = std::vector<int64_t>;
using Clock = std::chrono::steady_clock;

struct Tensor {
  Dims dims;
  Dims strides = {};  // Empty: dense.
};

struct Attribute {
  const char* name;
  std::vector<int64_t> ints;
  bool list = true;
};

struct Case {
  std::string shape;
  std::vector<Tensor> inputs;
  std::vector<Tensor> outputs;
  std::vector<Attribute> attributes = {};
  Dims axes = {};  // A host value behind the inputs.
};

loader::ThreadPool& pool() {
  static loader::ThreadPool all(2);
  return all;
}

const tn_host& host() {
  static const tn_host self = [] {
    tn_host made{};
    made.struct_size = sizeof(made);
    made.parallelism = [](void*) -> int32_t { return pool().size(); };
    made.parallel_for = [](void*, int64_t count, int64_t grain, tn_parallel_body body, void* user) {
      pool().run(count, grain, body, user);
    };
    return made;
  }();
  return self;
}

Dims dense(const Dims& dims) {
  Dims strides(dims.size(), 1);
  for (size_t i = dims.size(); i-- > 1;) strides[i - 1] = strides[i] * dims[i];
  return strides;
}

// A case with its memory and both kernels.
class Bench {
 public:
  Bench(const device::OperatorEntry& entry, const Case& what) : case_(what) {
    for (Tensor& t : case_.inputs) add(t);
    const size_t tensors = views_.size();
    if (!case_.axes.empty()) {
      device::View axes;
      axes.data = reinterpret_cast<std::byte*>(case_.axes.data());
      axes_dims_ = static_cast<int64_t>(case_.axes.size());
      axes.dims = &axes_dims_;
      axes.strides = &one_;
      axes.rank = 1;
      axes.dtype = TN_INT64;
      views_.push_back(axes);
    }
    inputs_ = views_.size();
    for (Tensor& t : case_.outputs) add(t);
    for (size_t i = 0; i < views_.size(); ++i) {
      tn_argument argument{};
      argument.struct_size = sizeof(argument);
      argument.kind = i >= tensors && i < inputs_ ? TN_ARGUMENT_HOST : TN_ARGUMENT_DEVICE;
      argument.dtype = views_[i].dtype;
      argument.rank = views_[i].rank;
      arguments_.push_back(argument);
    }
    for (const tn_argument& a : arguments_) pointers_.push_back(&a);
    for (const Attribute& a : case_.attributes) {
      tn_attribute to{};
      to.struct_size = sizeof(to);
      to.name = a.name;
      to.type = a.list ? TN_ATTRIBUTE_INTS : TN_ATTRIBUTE_INT;
      to.count = a.ints.size();
      to.ints = a.ints.data();
      attributes_.push_back(to);
    }
    for (const tn_attribute& a : attributes_) attribute_pointers_.push_back(&a);
    tn_kernel_desc desc{};
    desc.struct_size = sizeof(desc);
    desc.domain = entry.domain;
    desc.name = entry.name;
    desc.version = entry.version;
    desc.inputs = pointers_.data();
    desc.input_count = inputs_;
    desc.outputs = pointers_.data() + inputs_;
    desc.output_count = pointers_.size() - inputs_;
    desc.attributes = attribute_pointers_.data();
    desc.attribute_count = attribute_pointers_.size();
    own_ = entry.create(device::Description(desc));
    for (const device::Family& family : cpu::reference_families()) {
      for (const device::OperatorEntry& other : family.operators()) {
        if (std::strcmp(other.name, entry.name) == 0 && other.version == entry.version &&
            std::strcmp(other.domain, entry.domain) == 0) {
          reference_ = other.create(device::Description(desc));
        }
      }
    }
  }

  // Microseconds of oneDNN's and of the reference device's.
  std::pair<double, double> measure() {
    device::Arguments a{{views_.data(), inputs_},
                        {views_.data() + inputs_, views_.size() - inputs_}};
    const device::Execution execution(host());
    reference_->check(a);
    std::vector<std::byte> room(device::workspace_size(*reference_, a) + 64);
    a.workspace = room.data() + (-reinterpret_cast<uintptr_t>(room.data()) & 63);
    const auto time = [&](const device::Kernel& kernel, int64_t calls) {
      const auto start = Clock::now();
      for (int64_t i = 0; i < calls; ++i) {
        kernel.check(a);
        kernel.run(a, execution);
      }
      return std::chrono::duration<double, std::micro>(Clock::now() - start).count() /
             static_cast<double>(calls);
    };
    time(*own_, 2);
    const double once = std::max(time(*reference_, 2), time(*own_, 1));
    const auto calls = std::max<int64_t>(1, static_cast<int64_t>(500 / std::max(once, 0.05)));
    std::vector<double> own, reference;
    for (int turn = 0; turn < 15; ++turn) {
      own.push_back(time(*own_, calls));
      reference.push_back(time(*reference_, calls));
    }
    std::ranges::sort(own);
    std::ranges::sort(reference);
    return {own[own.size() / 2], reference[reference.size() / 2]};
  }

 private:
  void add(Tensor& t) {
    if (t.strides.empty()) t.strides = dense(t.dims);
    int64_t reach = 1;
    for (size_t i = 0; i < t.dims.size(); ++i) reach += (t.dims[i] - 1) * t.strides[i];
    auto& values = memory_.emplace_back(static_cast<size_t>(reach));
    for (size_t i = 0; i < values.size(); ++i) {
      values[i] = 0.25f + static_cast<float>(i * 7 % 31) / 31;
    }
    views_.push_back({reinterpret_cast<std::byte*>(values.data()), t.dims.data(), t.strides.data(),
                      static_cast<int32_t>(t.dims.size()), TN_FLOAT32, TN_LAYOUT_STRIDED});
  }

  Case case_;
  int64_t axes_dims_ = 0;
  const int64_t one_ = 1;
  std::vector<std::vector<float>> memory_;
  std::vector<device::View> views_;
  size_t inputs_ = 0;
  std::vector<tn_argument> arguments_;
  std::vector<const tn_argument*> pointers_;
  std::vector<tn_attribute> attributes_;
  std::vector<const tn_attribute*> attribute_pointers_;
  std::unique_ptr<device::Kernel> own_, reference_;
};

std::string text(const Dims& dims) {
  std::string s;
  for (const int64_t d : dims) s += (s.empty() ? "" : "x") + std::to_string(d);
  return s.empty() ? "scalar" : s;
}

std::vector<Case> binary_cases() {
  std::vector<Case> all;
  for (const int64_t n : {1, 16, 256, 1024, 4096, 65536, 1 << 20}) {
    all.push_back({text({n}), {{{n}}, {{n}}}, {{{n}}}});
  }
  for (const Dims& d : {Dims{64, 64}, Dims{512, 256}, Dims{4096, 256}}) {
    const Dims row = {d[1]}, column = {d[0], 1}, turned = {1, d[0]};
    all.push_back({text(d) + " + scalar", {{d}, {{}}}, {{d}}});
    all.push_back({"scalar + " + text(d), {{{}}, {d}}, {{d}}});
    all.push_back({text(d) + " + row", {{d}, {row}}, {{d}}});
    all.push_back({"row + " + text(d), {{row}, {d}}, {{d}}});
    all.push_back({text(d) + " + column", {{d}, {column}}, {{d}}});
    all.push_back({"column + " + text(d), {{column}, {d}}, {{d}}});
    all.push_back({text(d) + " + transposed", {{d}, {d, turned}}, {{d}}});
    all.push_back({text(d) + " both transposed", {{d, turned}, {d, turned}}, {{d}}});
  }
  for (const Dims& d : {Dims{1, 96, 56, 56}, Dims{32, 64, 16, 16}}) {
    all.push_back({text(d) + " + channel", {{d}, {{d[1], 1, 1}}}, {{d}}});
    all.push_back({"channel + " + text(d), {{{d[1], 1, 1}}, {d}}, {{d}}});
  }
  return all;
}

std::vector<Case> unary_cases() {
  std::vector<Case> all;
  for (const int64_t n : {1, 16, 256, 1024, 4096, 65536, 1 << 20}) {
    all.push_back({text({n}), {{{n}}}, {{{n}}}});
  }
  all.push_back({"512x256 transposed", {{{512, 256}, {1, 512}}}, {{{512, 256}}}});
  return all;
}

std::vector<Case> row_cases(bool scale) {
  std::vector<Case> all;
  for (const Dims& d : {Dims{1, 10}, Dims{16, 16}, Dims{32, 64}, Dims{64, 128}, Dims{768, 64},
                        Dims{64, 768}, Dims{3136, 96}, Dims{2048, 512}, Dims{64, 5000}}) {
    Case one{text(d), {{d}}, {{d}}};
    if (scale) one.inputs.insert(one.inputs.end(), 2, {{d[1]}});
    all.push_back(one);
  }
  return all;
}

std::vector<Case> reduce_cases() {
  std::vector<Case> all;
  const auto add = [&](const Dims& d, const Dims& axes) {
    Dims out = d;
    for (const int64_t axis : axes) out[static_cast<size_t>(axis)] = 1;
    all.push_back({text(d) + " over " + text(axes), {{d}}, {{out}}, {}, axes});
  };
  for (const Dims& d : {Dims{4, 4}, Dims{64, 64}, Dims{512, 256}, Dims{256, 5000}}) {
    add(d, {1});
    add(d, {0});
    add(d, {0, 1});
  }
  for (const Dims& d : {Dims{1, 96, 56, 56}, Dims{32, 64, 16, 16}}) {
    add(d, {2, 3});
    add(d, {0, 2, 3});
    add(d, {1});
  }
  return all;
}

Dims pooled(const Dims& x, int64_t kernel, int64_t stride) {
  return {x[0], x[1], (x[2] - kernel) / stride + 1, (x[3] - kernel) / stride + 1};
}

std::vector<Case> pool_cases(bool global) {
  std::vector<Case> all;
  for (const Dims& d : {Dims{1, 16, 4, 4}, Dims{1, 64, 16, 16}, Dims{1, 64, 112, 112},
                        Dims{32, 32, 32, 32}, Dims{1, 960, 7, 7}}) {
    if (global) {
      all.push_back({text(d), {{d}}, {{{d[0], d[1], 1, 1}}}});
      continue;
    }
    for (const auto& [kernel, stride] : {std::pair<int64_t, int64_t>{2, 2}, {3, 1}}) {
      all.push_back({text(d) + " window " + std::to_string(kernel),
                     {{d}},
                     {{pooled(d, kernel, stride)}},
                     {{"kernel_shape", {kernel, kernel}}, {"strides", {stride, stride}}}});
    }
  }
  return all;
}

std::vector<Case> norm_cases() {
  std::vector<Case> all;
  for (const Dims& d : {Dims{1, 16, 4, 4}, Dims{1, 96, 56, 56}, Dims{32, 64, 16, 16}}) {
    const Tensor c{{d[1]}};
    all.push_back({text(d), {{d}, c, c, c, c}, {{d}}});
  }
  return all;
}

std::vector<Case> matmul_cases(bool gemm) {
  std::vector<Case> all;
  for (const Dims& d :
       {Dims{1, 4, 4}, Dims{4, 4, 4}, Dims{8, 16, 16}, Dims{16, 32, 32}, Dims{32, 32, 32},
        Dims{64, 64, 64}, Dims{1, 768, 768}, Dims{4, 768, 768}, Dims{64, 768, 768},
        Dims{64, 768, 3072}, Dims{256, 256, 256}, Dims{3136, 96, 288}, Dims{1, 256, 1000},
        Dims{256, 64, 10}, Dims{256, 1024, 256}, Dims{10, 256, 64}}) {
    const Tensor a{{d[0], d[1]}}, b{{d[1], d[2]}}, y{{d[0], d[2]}};
    const Tensor bt{{d[1], d[2]}, {1, d[1]}}, at{{d[0], d[1]}, {1, d[0]}};
    if (gemm) {
      all.push_back({text(d) + " + row", {a, b, {{d[2]}}}, {y}});
      continue;
    }
    all.push_back({text(d), {a, b}, {y}});
    all.push_back({text(d) + " B transposed", {a, bt}, {y}});
    all.push_back({text(d) + " A transposed", {at, b}, {y}});
  }
  if (gemm) return all;
  for (const Dims& d :
       {Dims{16, 4, 12, 8}, Dims{4, 4, 64, 64}, Dims{1, 12, 64, 64}, Dims{64, 3, 49, 32}}) {
    const int64_t n = d[0], h = d[1], l = d[2], w = d[3];
    // q and k as views of one tensor [n, l, 3 * h * w].
    const Tensor q{{n, h, l, w}, {l * 3 * h * w, w, 3 * h * w, 1}};
    const Tensor k{{n, h, w, l}, {l * 3 * h * w, w, 1, 3 * h * w}};
    all.push_back({"heads " + text(d) + " q @ k.T of split qkv", {q, k}, {{{n, h, l, l}}}});
    all.push_back(
        {"heads " + text(d) + " p @ v of split qkv", {{{n, h, l, l}}, q}, {{{n, h, l, w}}}});
    all.push_back(
        {"heads " + text(d) + " dense", {{{n, h, l, w}}, {{n, h, w, l}}}, {{{n, h, l, l}}}});
  }
  return all;
}

// What follows each other: forward, gradient of the input, of the filters.
std::vector<Case> conv_cases(int direction) {
  std::vector<Case> all;
  struct Shape {
    int64_t n, c, size, m, kernel, stride, groups;
  };
  for (const Shape& s :
       {Shape{1, 3, 32, 8, 3, 1, 1}, Shape{1, 16, 8, 16, 3, 1, 1}, Shape{1, 3, 224, 32, 3, 2, 1},
        Shape{1, 64, 56, 64, 3, 1, 1}, Shape{1, 96, 56, 24, 1, 1, 1},
        Shape{1, 960, 7, 160, 1, 1, 1}, Shape{1, 96, 56, 96, 3, 1, 96},
        Shape{1, 480, 14, 480, 5, 1, 480}, Shape{32, 3, 32, 32, 3, 1, 1},
        Shape{32, 32, 16, 64, 3, 1, 1}, Shape{32, 64, 8, 64, 3, 1, 1},
        Shape{16, 16, 16, 16, 3, 1, 16}, Shape{16, 16, 16, 32, 3, 2, 1}}) {
    const int64_t pad = s.kernel / 2, out = (s.size + 2 * pad - s.kernel) / s.stride + 1;
    const Tensor x{{s.n, s.c, s.size, s.size}}, y{{s.n, s.m, out, out}};
    const Tensor w{{s.m, s.c / s.groups, s.kernel, s.kernel}};
    Case one{text(x.dims) + " filters " + text(w.dims) + " stride " + std::to_string(s.stride),
             {x, w},
             {y},
             {{"kernel_shape", {s.kernel, s.kernel}},
              {"strides", {s.stride, s.stride}},
              {"pads", {pad, pad, pad, pad}},
              {"group", {s.groups}, false}}};
    if (direction == 1) one.inputs = {y, w}, one.outputs = {x};
    if (direction == 2) one.inputs = {y, x}, one.outputs = {w};
    all.push_back(one);
  }
  return all;
}

std::vector<Case> cases_of(const std::string& name) {
  if (name == "Add" || name == "Sub" || name == "Mul" || name == "Div") return binary_cases();
  if (name == "MatMul") return matmul_cases(false);
  if (name == "Gemm") return matmul_cases(true);
  if (name == "Conv") return conv_cases(0);
  if (name == "ConvGradInput") return conv_cases(1);
  if (name == "ConvGradWeight") return conv_cases(2);
  if (name == "MaxPool" || name == "AveragePool") return pool_cases(false);
  if (name == "GlobalAveragePool") return pool_cases(true);
  if (name == "Softmax" || name == "LogSoftmax") return row_cases(false);
  if (name == "LayerNormalization") return row_cases(true);
  if (name == "BatchNormalization") return norm_cases();
  if (name == "ReduceSum" || name == "ReduceMean") return reduce_cases();
  if (name == "ScaledGemm" || name.starts_with("Fused") || name == "Gelu") return {};
  return unary_cases();
}

}  // namespace

int main(int count, char** arguments) {
  onednn::set_threads(pool().size());
  const std::vector<std::string> wanted(arguments + 1, arguments + count);
  for (const auto& family :
       {onednn::binary_operators(), onednn::eltwise_operators(), onednn::norm_operators(),
        onednn::reduce_operators(), onednn::pool_operators(), onednn::matmul_operators(),
        onednn::conv_operators()}) {
    for (const device::OperatorEntry& entry : family) {
      if (!wanted.empty() && std::ranges::find(wanted, entry.name) == wanted.end()) continue;
      for (const Case& one : cases_of(entry.name)) {
        try {
          Bench bench(entry, one);
          const auto [own, reference] = bench.measure();
          std::printf("%-18s %-46s %10.2f us %10.2f us  %6.2f\n", entry.name, one.shape.c_str(),
                      own, reference, own / reference);
        } catch (const std::exception& error) {
          std::printf("%-18s %-46s %s\n", entry.name, one.shape.c_str(), error.what());
        }
        std::fflush(stdout);
      }
    }
  }
  return 0;
}
