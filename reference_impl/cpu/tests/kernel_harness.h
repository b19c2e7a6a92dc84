// SPDX-License-Identifier: Apache-2.0
//
// Runs one kernel of a family without a device, on arrays of any strides.
//
//     Operation("Add", elementwise_operators())
//         .expect({Array(TN_FLOAT32, {2}, {1, 2}), Array::scalar(TN_FLOAT32, 3)},
//                 {Array(TN_FLOAT32, {2}, {4, 5})});
//
// expect() runs the kernel on dense arrays and again on scattered ones (permuted, reversed and with
// gaps), on one thread and on several; every run has to give the expected values and to leave the
// gaps alone.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <functional>
#include <map>
#include <numeric>
#include <optional>
#include <random>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "reference_impl/cpu/kernels/kernel.h"
#include "reference_impl/cpu/tests/granted.h"
#include "reference_impl/device/asked_dims.h"
#include "reference_impl/device/attribute_bounds.h"
#include "tenon/device/operators/number.h"

namespace tenon::cpu::testing {

using Dims = std::vector<int64_t>;

inline int64_t product(const Dims& dims) {
  return std::accumulate(dims.begin(), dims.end(), int64_t{1}, std::multiplies<>());
}

// The condition of a sum of so many products whose magnitudes come to this (spec/tolerances.yaml).
inline double condition_of_products(int64_t terms, double magnitudes) {
  return std::max(2.0, std::sqrt(static_cast<double>(terms)) / 2) * magnitudes;
}

class Array;
// The same for each element, of the sums of its magnitudes.
Array conditions_of_products(int64_t terms, const Array& magnitudes);

// A tensor that owns its memory. Values are read and written by their row-major index.
class Array {
 public:
  Array() = default;  // An absent argument.

  Array(tn_dtype dtype, Dims dims, const std::vector<double>& values = {})
      : dtype_(dtype), dims_(std::move(dims)), strides_(row_major(dims_)) {
    storage_.resize(static_cast<size_t>(count()) * size());
    for (size_t i = 0; i < values.size(); ++i) set(static_cast<int64_t>(i), values[i]);
    EXPECT_TRUE(values.empty() || values.size() == static_cast<size_t>(count()));
  }

  // For values that double cannot hold, and for types that have no arithmetic.
  template <class T>
  static Array of(tn_dtype dtype, Dims dims, const std::vector<T>& values) {
    Array a(dtype, std::move(dims));
    EXPECT_EQ(values.size() * sizeof(T), a.storage_.size());
    if (!values.empty()) std::memcpy(a.storage_.data(), values.data(), a.storage_.size());
    return a;
  }

  static Array scalar(tn_dtype dtype, double value) { return Array(dtype, {}, {value}); }

  // Values from `first` on, cycling over `modulus` of them: 0, 1, 2, ... by default.
  static Array sequence(tn_dtype dtype, Dims dims, double first = 0, double step = 1,
                        int64_t modulus = 1 << 30) {
    Array a(dtype, std::move(dims));
    for (int64_t i = 0; i < a.count(); ++i)
      a.set(i, first + step * static_cast<double>(i % modulus));
    return a;
  }

  static Array random(tn_dtype dtype, Dims dims, double low, double high, uint32_t seed = 1) {
    Array a(dtype, std::move(dims));
    std::mt19937 engine(seed);
    std::uniform_real_distribution<double> draw(low, high);
    for (int64_t i = 0; i < a.count(); ++i) a.set(i, draw(engine));
    return a;
  }

  bool present() const { return dtype_ != TN_DTYPE_UNDEFINED; }
  tn_dtype dtype() const { return dtype_; }
  const Dims& dims() const { return dims_; }
  const Dims& strides() const { return strides_; }
  int64_t count() const { return product(dims_); }
  size_t size() const { return tn_dtype_bits(dtype_) / 8; }
  const std::byte* data() const { return storage_.data() + offset_; }

  View view() const {
    View v;
    if (!present()) return v;
    v.data = count() == 0 ? nullptr : const_cast<std::byte*>(storage_.data()) + offset_;
    v.dims = dims_.data();
    v.strides = strides_.data();
    v.rank = static_cast<int32_t>(dims_.size());
    v.dtype = dtype_;
    return v;
  }

  double get(int64_t index) const {
    const std::byte* p = at(index);
    double value = 0;
    visit_dtype<kComputedTypes>("Array", dtype_, [&](auto type) {
      typename decltype(type)::type x;
      std::memcpy(&x, p, sizeof x);
      value = static_cast<double>(load(x));
    });
    return value;
  }

  void set(int64_t index, double value) {
    std::byte* p = const_cast<std::byte*>(at(index));
    visit_dtype<kComputedTypes>("Array", dtype_, [&](auto type) {
      using T = typename decltype(type)::type;
      const T x = store<T>(value);
      std::memcpy(p, &x, sizeof x);
    });
  }

  std::vector<double> values() const {
    std::vector<double> all(static_cast<size_t>(count()));
    for (size_t i = 0; i < all.size(); ++i) all[i] = get(static_cast<int64_t>(i));
    return all;
  }

  // Of the finite ones, without their signs.
  double largest() const {
    double found = 0;
    for (const double value : values())
      if (std::isfinite(value)) found = std::max(found, std::fabs(value));
    return found;
  }

  Array magnitudes() const {
    Array a(dtype_, dims_);
    for (int64_t i = 0; i < count(); ++i) a.set(i, std::fabs(get(i)));
    return a;
  }

  bool same_bytes(const Array& other, int64_t index) const {
    return std::memcmp(at(index), other.at(index), size()) == 0;
  }

  // The same values in other places: dims in a permuted order of memory, every second one reversed,
  // a gap after each element and row.
  Array scattered(uint32_t seed) const {
    if (!present()) return {};
    Array a;
    a.dtype_ = dtype_;
    a.dims_ = dims_;
    a.strides_.resize(dims_.size());
    std::vector<size_t> order(dims_.size());
    std::iota(order.begin(), order.end(), size_t{0});
    std::mt19937 engine(seed);
    std::shuffle(order.begin(), order.end(), engine);
    int64_t extent = 1 + static_cast<int64_t>(seed % 2);
    for (size_t position = 0; position < order.size(); ++position) {
      const size_t d = order[position];
      a.strides_[d] = extent;
      extent = extent * std::max<int64_t>(dims_[d], 1) + 1;
      if ((position + seed) % 2 == 1 && dims_[d] > 0) {
        a.offset_ += a.strides_[d] * (dims_[d] - 1);
        a.strides_[d] = -a.strides_[d];
      }
    }
    a.storage_.assign(static_cast<size_t>(extent) * size(), kGap);
    a.offset_ *= static_cast<int64_t>(size());
    for (int64_t i = 0; i < count(); ++i)
      std::memcpy(const_cast<std::byte*>(a.at(i)), at(i), size());
    return a;
  }

  // The same values without gaps, with dims in this order of memory, the outermost first.
  Array permuted(const Dims& order) const {
    Array a(dtype_, dims_);
    int64_t step = 1;
    for (size_t i = order.size(); i-- > 0; step *= dims_[static_cast<size_t>(order[i])])
      a.strides_[static_cast<size_t>(order[i])] = step;
    for (int64_t i = 0; i < count(); ++i)
      std::memcpy(const_cast<std::byte*>(a.at(i)), at(i), size());
    return a;
  }

  // A view of this dense array with stride 0 along broadcast dims.
  Array broadcast(const Dims& dims) const {
    Array a = *this;
    a.dims_ = dims;
    a.strides_.assign(dims.size(), 0);
    for (size_t i = 0; i < dims_.size(); ++i)
      if (dims_[i] != 1) a.strides_[dims.size() - dims_.size() + i] = strides_[i];
    return a;
  }

  // Whether the bytes between the elements are untouched.
  bool gaps_intact() const {
    std::vector<char> used(storage_.size(), 0);
    for (int64_t i = 0; i < count(); ++i)
      std::memset(used.data() + (at(i) - storage_.data()), 1, size());
    for (size_t i = 0; i < used.size(); ++i)
      if (!used[i] && storage_[i] != kGap) return false;
    return true;
  }

  static Dims row_major(const Dims& dims) {
    Dims strides(dims.size());
    int64_t step = 1;
    for (size_t i = dims.size(); i-- > 0; step *= dims[i]) strides[i] = step;
    return strides;
  }

 private:
  static constexpr std::byte kGap{0xA5};

  const std::byte* at(int64_t index) const {
    int64_t offset = 0;
    for (size_t i = dims_.size(); i-- > 0;) {
      offset += index % dims_[i] * strides_[i];
      index /= dims_[i];
    }
    return storage_.data() + offset_ + offset * static_cast<int64_t>(size());
  }

  tn_dtype dtype_ = TN_DTYPE_UNDEFINED;
  Dims dims_;
  Dims strides_;
  int64_t offset_ = 0;  // Bytes.
  std::vector<std::byte> storage_;
};

inline Array conditions_of_products(int64_t terms, const Array& magnitudes) {
  Array all(TN_FLOAT64, magnitudes.dims());
  for (int64_t i = 0; i < all.count(); ++i)
    all.set(i, condition_of_products(terms, magnitudes.get(i)));
  return all;
}

// A host that splits every parallel_for into pieces for `threads` threads.
class TestHost {
 public:
  explicit TestHost(int32_t threads) : threads_(threads) {
    host_.struct_size = sizeof host_;
    host_.context = this;
    host_.parallelism = [](void* context) { return static_cast<TestHost*>(context)->threads_; };
    host_.parallel_for = [](void* context, int64_t count, int64_t grain, tn_parallel_body body,
                            void* user) {
      static_cast<TestHost*>(context)->parallel_for(count, grain, body, user);
    };
  }
  const tn_host& host() const { return host_; }

 private:
  void parallel_for(int64_t count, int64_t grain, tn_parallel_body body, void* user) const {
    const int64_t pieces = std::clamp<int64_t>(count / grain, 1, threads_);
    std::vector<std::thread> threads;
    for (int64_t i = 1; i < pieces; ++i)
      threads.emplace_back([=] {
        body(user, count * i / pieces, count * (i + 1) / pieces, static_cast<int32_t>(i));
      });
    body(user, 0, count / pieces, 0);
    for (std::thread& thread : threads) thread.join();
  }

  int32_t threads_;
  tn_host host_{};
};

// One operator with its attributes.
class Operation {
 public:
  Operation(std::string name, std::span<const OperatorEntry> family, std::string domain = "")
      : name_(std::move(name)), domain_(std::move(domain)), family_(family) {}

  Operation& set(const std::string& name, int64_t value) { return set(name, Dims{value}, false); }
  Operation& set(const std::string& name, int value) { return set(name, Dims{value}, false); }
  Operation& set(const std::string& name, const Dims& values) { return set(name, values, true); }
  Operation& set(const std::string& name, float value) {
    Attribute& a = attributes_[name];
    a.type = TN_ATTRIBUTE_FLOAT;
    a.floats = {value};
    return *this;
  }
  Operation& set(const std::string& name, const char* value) {
    Attribute& a = attributes_[name];
    a.type = TN_ATTRIBUTE_STRING;
    a.text = value;
    return *this;
  }
  // Outputs are exactly this input in all runs of expect(): output 0 is written over it.
  Operation& in_place(size_t input) {
    alias_ = input;
    return *this;
  }

  const OperatorEntry* entry() const {
    for (const OperatorEntry& e : family_)
      if (name_ == e.name && domain_ == e.domain) return &e;
    return nullptr;
  }

  std::unique_ptr<Kernel> create(const std::vector<Array>& inputs,
                                 const std::vector<Array>& outputs) const {
    const OperatorEntry* e = entry();
    if (!e) throw KernelError(TN_UNSUPPORTED, "the family has no operator " + name_);
    std::vector<tn_argument> arguments;
    std::vector<const tn_argument*> in, out;
    arguments.reserve(inputs.size() + outputs.size());
    for (const Array& a : inputs) in.push_back(&arguments.emplace_back(argument(a)));
    for (const Array& a : outputs) out.push_back(&arguments.emplace_back(argument(a)));
    std::vector<tn_attribute> attributes;
    std::vector<tn_string> strings;  // Reserved: attributes point into it.
    std::vector<const tn_attribute*> attribute_pointers;
    attributes.reserve(attributes_.size());
    strings.reserve(attributes_.size());
    for (const auto& [name, a] : attributes_) {
      tn_attribute t{};
      t.struct_size = sizeof t;
      t.name = name.c_str();
      t.type = a.type;
      t.count = a.type == TN_ATTRIBUTE_INTS ? a.ints.size() : 1;
      t.ints = a.ints.data();
      t.floats = a.floats.data();
      t.strings = &strings.emplace_back(tn_string{a.text.data(), a.text.size()});
      attribute_pointers.push_back(&attributes.emplace_back(t));
    }
    tn_kernel_desc desc{};
    desc.struct_size = sizeof desc;
    desc.domain = domain_.c_str();
    desc.name = name_.c_str();
    desc.version = e->version;
    desc.inputs = in.data();
    desc.input_count = in.size();
    desc.outputs = out.data();
    desc.output_count = out.size();
    desc.attributes = attribute_pointers.data();
    desc.attribute_count = attribute_pointers.size();
    check_attributes(*e, desc);  // As the device core does.
    return e->create(Description(desc));
  }

  // check() and run(). Returns the dims written to output_dims, -1 where none were.
  std::vector<Dims> run(const std::vector<Array>& inputs, std::vector<Array>& outputs,
                        int32_t threads = 1) const {
    return run(*create(inputs, outputs), inputs, outputs, threads);
  }

  static std::vector<Dims> run(const Kernel& kernel, const std::vector<Array>& inputs,
                               std::vector<Array>& outputs, int32_t threads = 1,
                               std::optional<size_t> alias = std::nullopt) {
    std::vector<View> in, out;
    for (const Array& a : inputs) in.push_back(a.view());
    for (const Array& a : outputs) out.push_back(a.view());
    if (alias) in[*alias] = out[0];
    std::vector<Dims> actual;
    std::vector<int64_t*> dims;
    actual.reserve(outputs.size());
    dims.reserve(outputs.size());
    for (const Array& a : outputs) actual.emplace_back(a.dims().size(), int64_t{-1});
    for (Dims& d : actual) dims.push_back(d.data());
    Arguments arguments{in, out, dims.data(), nullptr};
    // As the device does: what does not look at memory sees none.
    std::vector<View> blind_in = in, blind_out = out;
    for (View& v : blind_in) v.data = nullptr;
    for (View& v : blind_out) v.data = nullptr;
    const Arguments blind{blind_in, blind_out, nullptr, nullptr};
    kernel.check(blind);
    expect_dims_fit(kernel, blind);
    const uint64_t size = workspace_size(kernel, blind);
    std::vector<std::byte> workspace(size + 64 + 8, std::byte{0xCD});
    std::byte* start = workspace.data() + (64 - reinterpret_cast<uintptr_t>(workspace.data()) % 64);
    arguments.workspace = size ? start : nullptr;
    const TestHost host(threads);
    kernel.run(arguments, Execution(host.host()));
    for (size_t i = size; start + i < workspace.data() + workspace.size(); ++i)
      EXPECT_EQ(start[i], std::byte{0xCD}) << "the kernel wrote behind its workspace";
    return actual;
  }

  // Asks for the dims of the outputs that `launch` has; empty where the caller alone decides them.
  static std::vector<Dims> ask(const Kernel& kernel, const Arguments& launch) {
    AskedDims asked(launch.outputs);
    Arguments question{launch.inputs, asked.outputs()};
    question.asked = &asked;
    std::vector<Dims> dims;
    std::vector<int64_t*> pointers;
    for (const View& output : launch.outputs)
      dims.emplace_back(static_cast<size_t>(output.rank) + 1, int64_t{-1});
    for (Dims& d : dims) pointers.push_back(d.data());
    kernel.check(question);
    asked.answer("", pointers.data());
    for (Dims& d : dims) d.pop_back();
    return dims;
  }

  // A launch with outputs of the dims that were answered is one that check() takes. `launch` has no
  // data, so values that decide dims are not seen here.
  static void expect_dims_fit(const Kernel& kernel, const Arguments& launch) {
    try {
      const std::vector<Dims> dims = ask(kernel, launch);
      std::vector<View> outputs(launch.outputs.begin(), launch.outputs.end());
      for (size_t i = 0; i < outputs.size(); ++i) {
        if (outputs[i].present()) outputs[i].dims = dims[i].data();
      }
      kernel.check({launch.inputs, outputs});
    } catch (const KernelError& error) {
      EXPECT_EQ(error.status, TN_UNSUPPORTED) << error.what();
    }
  }

  // Runs dense and scattered, on 1 and 3 threads; gives exactly this.
  void expect(const std::vector<Array>& inputs, const std::vector<Array>& expected) const {
    run_each_way(inputs, expected, [](const Array& actual, const Array& e) { compare(actual, e); });
  }
  // ... or what the contract takes for it, given the condition of each element of an only output,
  // as conformance/suite/number.h has it.
  void expect_near(const std::vector<Array>& inputs, const Array& expected,
                   const Array& conditions) const {
    run_each_way(inputs, {expected},
                 [&](const Array& actual, const Array& e) { compare_near(actual, e, conditions); });
  }
  // The same with one condition for all, or the largest result where that is more: for operators
  // whose elements are of one size.
  void expect_near(const std::vector<Array>& inputs, const std::vector<Array>& expected,
                   double condition = 0) const {
    run_each_way(inputs, expected,
                 [&](const Array& actual, const Array& e) { compare_near(actual, e, condition); });
  }

  // The kernel refuses: in create(), check() or run(), with the words in its message.
  void expect_error(const std::vector<Array>& inputs, std::vector<Array> outputs, tn_status status,
                    const std::string& words = "") const {
    try {
      run(inputs, outputs);
      ADD_FAILURE() << name_ << " did not fail";
    } catch (const KernelError& error) {
      EXPECT_EQ(error.status, status) << error.what();
      EXPECT_NE(std::string(error.what()).find(words), std::string::npos) << error.what();
    }
  }

  static void compare(const Array& actual, const Array& expected) {
    compare(actual, expected, [](int64_t, double) { return 0.0; });
  }
  void compare_near(const Array& actual, const Array& expected, double condition = 0) const {
    const double of_all = std::max(condition, expected.largest());
    const Granted granted(domain_, name_, expected.dtype());
    compare(actual, expected, [&](int64_t, double e) { return granted.at(e, of_all); });
  }
  void compare_near(const Array& actual, const Array& expected, const Array& conditions) const {
    ASSERT_EQ(expected.dims(), conditions.dims());
    const Granted granted(domain_, name_, expected.dtype());
    compare(actual, expected,
            [&](int64_t i, double e) { return granted.at(e, conditions.get(i)); });
  }

 private:
  static void compare(const Array& actual, const Array& expected,
                      const std::function<double(int64_t, double)>& granted) {
    ASSERT_EQ(actual.dims(), expected.dims());
    ASSERT_EQ(actual.dtype(), expected.dtype());
    if (!(dtype_bit(actual.dtype()) & kFloatTypes) || actual.dtype() == TN_DTYPE_UNDEFINED) {
      for (int64_t i = 0; i < actual.count(); ++i)
        ASSERT_TRUE(actual.same_bytes(expected, i))
            << "element " << i << describe(actual, expected, i);
      return;
    }
    for (int64_t i = 0; i < actual.count(); ++i) {
      const double a = actual.get(i), e = expected.get(i);
      if (std::isnan(e)) {
        ASSERT_TRUE(std::isnan(a)) << "element " << i << ": " << a << ", expected NaN";
      } else if (a != e) {
        ASSERT_TRUE(std::isfinite(e)) << "element " << i << describe(actual, expected, i);
        ASSERT_LE(std::fabs(a - e), granted(i, e))
            << "element " << i << describe(actual, expected, i);
      }
    }
  }

  void run_each_way(const std::vector<Array>& inputs, const std::vector<Array>& expected,
                    const std::function<void(const Array&, const Array&)>& check) const {
    for (size_t way = 0; way < 5; ++way) {
      SCOPED_TRACE(name_ + (way == 0 ? " dense" : " scattered, way " + std::to_string(way)));
      std::vector<Array> in, out;
      for (const Array& a : inputs) in.push_back(way ? a.scattered(way * 7 + in.size()) : a);
      for (const Array& a : expected) {
        Array fresh = a.present() ? Array(a.dtype(), a.dims()) : Array();
        out.push_back(way ? fresh.scattered(way * 5 + out.size()) : fresh);
      }
      if (alias_) out[0] = in[*alias_];
      try {
        run(*create(in, out), in, out, way % 2 ? 3 : 1, alias_);
      } catch (const KernelError& error) {
        ADD_FAILURE() << error.what();
        return;
      }
      for (size_t i = 0; i < out.size(); ++i) {
        if (!out[i].present()) continue;
        SCOPED_TRACE("output " + std::to_string(i));
        check(out[i], expected[i]);
        EXPECT_TRUE(!way || out[i].gaps_intact()) << "the kernel wrote beside its output";
        if (::testing::Test::HasFailure()) return;
      }
    }
  }

  struct Attribute {
    tn_attribute_type type = 0;
    Dims ints;
    std::vector<float> floats;
    std::string text;
  };

  Operation& set(const std::string& name, const Dims& values, bool list) {
    Attribute& a = attributes_[name];
    a.type = list ? TN_ATTRIBUTE_INTS : TN_ATTRIBUTE_INT;
    a.ints = values;
    return *this;
  }

  static tn_argument argument(const Array& a) {
    tn_argument t{};
    t.struct_size = sizeof t;
    t.kind = a.present() ? TN_ARGUMENT_DEVICE : TN_ARGUMENT_ABSENT;
    t.dtype = a.dtype();
    t.rank = static_cast<int32_t>(a.dims().size());
    t.dims = a.dims().data();
    t.strides = a.strides().data();
    return t;
  }

  static std::string describe(const Array& actual, const Array& expected, int64_t i) {
    if (!(dtype_bit(actual.dtype()) & kComputedTypes)) return "";
    return ": " + std::to_string(actual.get(i)) + ", expected " + std::to_string(expected.get(i));
  }

  std::string name_;
  std::string domain_;
  std::span<const OperatorEntry> family_;
  std::map<std::string, Attribute> attributes_;
  std::optional<size_t> alias_;
};

// Elementwise expectation: f of the inputs' values, broadcast, in double.
template <class F>
Array map_values(tn_dtype dtype, const Dims& dims, const std::vector<Array>& inputs, F f) {
  Array result(dtype, dims);
  std::vector<Array> full;
  full.reserve(inputs.size());
  for (const Array& a : inputs) full.push_back(a.broadcast(dims));
  std::vector<double> x(inputs.size());
  for (int64_t i = 0, n = result.count(); i < n; ++i) {
    for (size_t k = 0; k < full.size(); ++k) x[k] = full[k].get(i);
    result.set(i, f(x));
  }
  return result;
}

}  // namespace tenon::cpu::testing
