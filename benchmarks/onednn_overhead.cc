// SPDX-License-Identifier: Apache-2.0
//
// What the same oneDNN primitive costs through the ABI and called directly: Relu of 4 elements,
// products of 64^3, 256^3 and 1024^3. dnnl_primitive_execute() is also defined here, where the
// plugin finds it first: it keeps what the plugin calls it with, so that the direct call is the
// very same one, on the same tensors, scratchpad and objects of oneDNN. The added time is seen in
// two ways:
//
//   whole     turns of launches and of direct calls alternate; the median of their differences.
//             Beside it what two kinds of turn differ by that are both direct: what is below that,
//             this way cannot see.
//   outside   of single calls the time before and after oneDNN's function, by clocks in that
//             function; the difference of the medians. It sees nanoseconds however long the
//             primitive takes, and all that the ABI's code does, in the caches as the primitive
//             left them; not what the primitive then loses by that code's use of the caches.
//             Beside it what the least of launches adds, which checks nothing: no plugin can add
//             less.
//
// `own` is a primitive made here from oneDNN's interface as a user of it would, with its own
// objects and scratchpad: whether the plugin chose as well.
//
//   onednn_overhead [manifest of the plugin]
#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <functional>
#include <initializer_list>
#include <limits>
#include <utility>
#include <vector>

#include <dlfcn.h>

#include <dnnl.hpp>

#include "tenon/tenon.h"

// Of the plugin's threads.
extern "C" int omp_get_max_threads();
extern "C" void omp_set_num_threads(int);

namespace {

using Clock = std::chrono::steady_clock;
using dnnl::memory;

// A call of oneDNN's function.
struct Call {
  const_dnnl_primitive_t primitive = nullptr;
  dnnl_stream_t stream = nullptr;
  std::vector<dnnl_exec_arg_t> arguments;

  void operator()() const {
    if (dnnl_primitive_execute(primitive, stream, static_cast<int>(arguments.size()),
                               arguments.data()) != dnnl_success) {
      std::fprintf(stderr, "oneDNN's function failed\n");
      std::exit(1);
    }
  }
};

// What dnnl_primitive_execute() below does besides.
enum class Watch { kNothing, kCalls, kClock };
Watch watch = Watch::kNothing;
std::vector<Call> calls_seen;             // Watch::kCalls
Clock::time_point last_entry, last_exit;  // Watch::kClock

}  // namespace

extern "C" __attribute__((visibility("default"))) dnnl_status_t
dnnl_primitive_execute(const_dnnl_primitive_t primitive, dnnl_stream_t stream, int count,
                       const dnnl_exec_arg_t* arguments) {
  static const auto real = reinterpret_cast<decltype(&dnnl_primitive_execute)>(
      dlsym(RTLD_NEXT, "dnnl_primitive_execute"));
  if (watch == Watch::kNothing) return real(primitive, stream, count, arguments);
  if (watch == Watch::kCalls)
    calls_seen.push_back({primitive, stream, {arguments, arguments + count}});
  last_entry = Clock::now();
  const dnnl_status_t status = real(primitive, stream, count, arguments);
  last_exit = Clock::now();
  return status;
}

namespace {

void check(tn_status status, const tn_error& error) {
  if (status == TN_OK) return;
  std::fprintf(stderr, "%d: %s\n", status, error.message);
  std::exit(1);
}

#define CHECK(call)                 \
  do {                              \
    tn_error error = TN_ERROR_INIT; \
    check(call, error);             \
  } while (false)

double median(std::vector<double> values) {
  std::nth_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2),
                   values.end());
  return values[values.size() / 2];
}

struct Host {
  tn_device* device = nullptr;
  tn_stream* stream = nullptr;
};

tn_buffer* make_buffer(const Host& host, size_t floats) {
  tn_buffer_desc desc{};
  desc.struct_size = sizeof(desc);
  desc.size = floats * sizeof(float);
  tn_buffer* buffer = nullptr;
  CHECK(tn_buffer_create(host.device, &desc, &buffer, &error));
  tn_buffer_info info{};
  info.struct_size = sizeof(info);
  CHECK(tn_buffer_get_info(buffer, &info, &error));
  std::fill_n(static_cast<float*>(info.host_pointer), floats, 0.5f);
  return buffer;
}

// An operator on dense square tensors, its last argument the output.
struct Launch {
  Launch(const Host& host, const char* name, int32_t version, int32_t rank, int64_t size,
         size_t inputs)
      : host_(host) {
    for (int64_t& dim : dims_) dim = size;
    size_t count = 1;
    for (int32_t i = 0; i < rank; ++i) count *= static_cast<size_t>(size);
    for (size_t i = 0; i <= inputs; ++i) {
      arguments_[i] = {};
      arguments_[i].struct_size = sizeof(tn_argument);
      arguments_[i].kind = TN_ARGUMENT_DEVICE;
      arguments_[i].dtype = TN_FLOAT32;
      arguments_[i].rank = rank;
      arguments_[i].dims = dims_;
      described_[i] = &arguments_[i];
      tensors_[i] = {};
      tensors_[i].buffer = make_buffer(host, count);
      tensors_[i].dims = dims_;
      tensors_[i].dtype = TN_FLOAT32;
      tensors_[i].rank = rank;
      given_[i] = &tensors_[i];
    }
    tn_kernel_desc desc{};
    desc.struct_size = sizeof(desc);
    desc.domain = "";
    desc.name = name;
    desc.version = version;
    desc.inputs = described_;
    desc.input_count = inputs;
    desc.outputs = described_ + inputs;
    desc.output_count = 1;
    CHECK(tn_kernel_create(host.device, &desc, &kernel_, &error));
    launch_.struct_size = sizeof(launch_);
    launch_.inputs = given_;
    launch_.input_count = inputs;
    launch_.outputs = given_ + inputs;
    launch_.output_count = 1;
  }
  Launch(const Launch&) = delete;

  void operator()() {
    if (tn_kernel_launch(kernel_, host_.stream, &launch_, &error_) != TN_OK) {
      check(error_.code, error_);
    }
  }

  // Of input `i`, or behind them of the output.
  void* data(size_t i) const {
    tn_buffer_info info{};
    info.struct_size = sizeof(info);
    CHECK(tn_buffer_get_info(tensors_[i].buffer, &info, &error));
    return info.host_pointer;
  }

 private:
  Host host_;
  int64_t dims_[2];
  tn_argument arguments_[3];
  const tn_argument* described_[3];
  tn_tensor tensors_[3];
  const tn_tensor* given_[3];
  tn_kernel* kernel_ = nullptr;
  tn_launch launch_{};
  tn_error error_ = TN_ERROR_INIT;
};

// A primitive as a user of oneDNN would make it. Relu for a size of 0.
class Own {
 public:
  Own(const Launch& like, int64_t size) : engine_(dnnl::engine::kind::cpu, 0), stream_(engine_) {
    dnnl::primitive_attr attributes;
    attributes.set_scratchpad_mode(dnnl::scratchpad_mode::user);
    if (size == 0) {
      const memory::desc md({4}, memory::data_type::f32, memory::format_tag::a);
      // What the plugin's Relu consists of: it keeps NaN.
      const memory::desc one({1}, memory::data_type::f32, memory::format_tag::a);
      dnnl::post_ops post;
      post.append_binary(dnnl::algorithm::binary_max, md);
      attributes.set_post_ops(post);
      const dnnl::binary::primitive_desc pd(engine_, dnnl::algorithm::binary_lt, md, one, md,
                                            attributes);
      primitive_ = dnnl::binary(pd);
      add(memory(md, engine_, like.data(0)),
          {DNNL_ARG_SRC_0, DNNL_ARG_ATTR_MULTIPLE_POST_OP(0) | DNNL_ARG_SRC_1});
      add(memory(one, engine_), {DNNL_ARG_SRC_1});
      *static_cast<float*>(memories_.back().get_data_handle()) =
          -std::numeric_limits<float>::infinity();
      add(memory(md, engine_, like.data(1)), {DNNL_ARG_DST});
      add_scratchpad(pd.scratchpad_desc());
    } else {
      const memory::desc md({size, size}, memory::data_type::f32, memory::format_tag::ab);
      const dnnl::matmul::primitive_desc pd(engine_, md, md, md, attributes);
      primitive_ = dnnl::matmul(pd);
      size_t next = 0;
      for (const int id : {DNNL_ARG_SRC, DNNL_ARG_WEIGHTS, DNNL_ARG_DST}) {
        add(memory(md, engine_, like.data(next++)), {id});
      }
      add_scratchpad(pd.scratchpad_desc());
    }
    call_.primitive = primitive_.get();
    call_.stream = stream_.get();
  }

  void operator()() const { call_(); }

 private:
  void add(const memory& one, std::initializer_list<int> ids) {
    memories_.push_back(one);
    for (const int id : ids) call_.arguments.push_back({id, one.get()});
  }
  void add_scratchpad(const memory::desc& md) {
    if (md.get_size() != 0) add(memory(md, engine_), {DNNL_ARG_SCRATCHPAD});
  }

  dnnl::engine engine_;
  dnnl::stream stream_;
  dnnl::primitive primitive_;
  std::vector<memory> memories_;
  Call call_;
};

// The one call of oneDNN that a launch makes.
Call call_of(Launch& launch) {
  calls_seen.clear();
  watch = Watch::kCalls;
  launch();
  watch = Watch::kNothing;
  if (calls_seen.size() == 1) return calls_seen.front();
  std::fprintf(stderr, "a launch called oneDNN %zu times: nothing to compare it with\n",
               calls_seen.size());
  std::exit(1);
}

// The least that a launch can be: libtenon's function, one indirect call, the addresses of three
// tensors read through their handles and compared with those of the call. Handles, table and
// arguments lie together, in fewer lines of the cache than any plugin's can.
class Least {
 public:
  explicit Least(Call call) : kernel_{{&table_}, std::move(call), {}} {
    table_.kernel_launch = launch;
    for (size_t i = 0; i < kTensors; ++i) {
      buffers_[i].data = &data_[i];
      kernel_.bound[i] = &data_[i];
      tensors_[i].buffer = reinterpret_cast<tn_buffer*>(&buffers_[i]);
      given_[i] = &tensors_[i];
    }
    launch_.struct_size = sizeof(launch_);
    launch_.inputs = given_;
    launch_.input_count = kTensors - 1;
    launch_.outputs = given_ + kTensors - 1;
    launch_.output_count = 1;
  }
  Least(const Least&) = delete;

  void operator()() {
    auto* kernel = reinterpret_cast<tn_kernel*>(&kernel_);
    if (tn_kernel_launch(kernel, nullptr, &launch_, &error_) != TN_OK) check(error_.code, error_);
  }

 private:
  static constexpr size_t kTensors = 3;
  struct Buffer {
    tn_handle handle;
    char* data;
  };
  struct Kernel {
    tn_handle handle;
    Call call;
    char* bound[kTensors];
  };

  static bool is_bound(const tn_tensor& tensor, const char* data) {
    return reinterpret_cast<const Buffer*>(tensor.buffer)->data + tensor.offset == data;
  }
  static tn_status TN_CALL launch(tn_kernel* handle, tn_stream*, const tn_launch* launch,
                                  tn_error*) {
    const auto& kernel = *reinterpret_cast<const Kernel*>(handle);
    for (size_t i = 0; i < launch->input_count; ++i) {
      if (!is_bound(*launch->inputs[i], kernel.bound[i])) return TN_INTERNAL;
    }
    if (!is_bound(*launch->outputs[0], kernel.bound[launch->input_count])) return TN_INTERNAL;
    kernel.call();
    return TN_OK;
  }

  tn_dispatch table_{};
  Kernel kernel_;
  Buffer buffers_[kTensors]{};
  tn_tensor tensors_[kTensors]{};
  const tn_tensor* given_[kTensors];
  tn_launch launch_{};
  char data_[kTensors]{};
  tn_error error_ = TN_ERROR_INIT;
};

double nanoseconds(Clock::duration duration) {
  return std::chrono::duration<double, std::nano>(duration).count();
}

// The turns of several bodies, in nanoseconds a call. Each turn of all begins with another one, in
// either direction: a launch that follows a like one finds the caches warm.
template <class... Body>
std::array<std::vector<double>, sizeof...(Body)> take_turns(int calls, int turns, Body&... body) {
  constexpr size_t kBodies = sizeof...(Body);
  std::array<std::vector<double>, kBodies> times;
  const auto take = [&](size_t which) {
    const auto begin = Clock::now();
    size_t i = 0;
    (
        [&](auto& one) {
          if (i++ != which) return;
          for (int call = 0; call < calls; ++call) one();
        }(body),
        ...);
    times[which].push_back(nanoseconds(Clock::now() - begin) / calls);
  };
  for (size_t turn = 0; turn < static_cast<size_t>(turns); ++turn) {
    for (size_t i = 0; i < kBodies; ++i) {
      const size_t at = turn / kBodies % 2 == 0 ? i : kBodies - 1 - i;
      take((at + turn) % kBodies);
    }
  }
  return times;
}

double median_difference(const std::vector<double>& a, const std::vector<double>& b) {
  std::vector<double> differences(a.size());
  std::transform(a.begin(), a.end(), b.begin(), differences.begin(), std::minus<>());
  return median(differences);
}

// The median time of a call that is not spent in oneDNN's function, of several bodies in turn.
template <class... Body>
std::array<double, sizeof...(Body)> outside(int calls, Body&... body) {
  std::array<std::vector<double>, sizeof...(Body)> times;
  watch = Watch::kClock;
  for (int i = 0; i < calls; ++i) {
    size_t which = 0;
    (
        [&](auto& one) {
          const auto begin = Clock::now();
          one();
          const auto end = Clock::now();
          times[which++].push_back(nanoseconds(last_entry - begin) + nanoseconds(end - last_exit));
        }(body),
        ...);
  }
  watch = Watch::kNothing;
  std::array<double, sizeof...(Body)> medians;
  std::transform(times.begin(), times.end(), medians.begin(), median);
  return medians;
}

// `size` as of Own.
void compare(const char* name, Launch launch, int64_t size, int calls, int turns) {
  const Call direct = call_of(launch);
  const Call again = direct;
  const Own own(launch, size);
  take_turns(calls, 3, launch, direct, own);
  const auto [abi, plain, null, made_here] = take_turns(calls, turns, launch, direct, again, own);
  Least least(direct);
  const auto [around, none, bound] =
      outside(std::max(calls * turns / 10, 301), launch, direct, least);
  std::printf("%-8s %12.0f %12.0f %12.0f %10.0f %10.0f %10.0f %10.0f\n", name, median(made_here),
              median(plain), median(abi), median_difference(abi, plain),
              median_difference(null, plain), around - none, bound - none);
}

void measure(const char* plugin) {
  const char* threads = std::getenv("TENON_NUM_THREADS");
  if (threads != nullptr) omp_set_num_threads(std::atoi(threads));
  tn_loader* loader = nullptr;
  CHECK(tn_loader_create(nullptr, &loader, &error));
  tn_instance* instance = nullptr;
  CHECK(tn_loader_open(loader, plugin, nullptr, &instance, &error));
  Host host;
  CHECK(tn_device_open(instance, 0, nullptr, &host.device, &error));
  CHECK(tn_stream_create(host.device, nullptr, &host.stream, &error));
  std::printf("%d threads; medians in ns\n", omp_get_max_threads());
  std::printf("%-8s %12s %12s %12s %10s %10s %10s %10s\n", "", "own", "direct", "ABI", "whole",
              "(null)", "outside", "(least)");
  compare("4", Launch(host, "Relu", 14, 1, 4, 1), 0, 1000, 601);
  compare("64^3", Launch(host, "MatMul", 13, 2, 64, 2), 64, 100, 1001);
  compare("256^3", Launch(host, "MatMul", 13, 2, 256, 2), 256, 20, 601);
  compare("1024^3", Launch(host, "MatMul", 13, 2, 1024, 2), 1024, 1, 301);
}

}  // namespace

int main(int count, char** arguments) {
  try {
    measure(count > 1 ? arguments[1] : "onednn");
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}
