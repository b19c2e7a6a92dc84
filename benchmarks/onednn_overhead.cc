// SPDX-License-Identifier: Apache-2.0
//
// What the same oneDNN primitive costs through the ABI and called directly: Relu of 4 elements,
// products of 64^3, 256^3 and 1024^3. Both compute on the same memory, with the same attributes,
// and the direct call's memory objects never change: the least that a direct user pays. Short turns
// of either kind alternate, so that both see the same machine; medians of the turns and of their
// paired differences are printed.
//
//   onednn_overhead [manifest of the plugin]
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <limits>
#include <vector>

#include <dnnl.hpp>

#include "tenon/tenon.h"

// Of the plugin's threads.
extern "C" int omp_get_max_threads();
extern "C" void omp_set_num_threads(int);

namespace {

using Clock = std::chrono::steady_clock;
using dnnl::memory;

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

class Direct {
 public:
  // Relu for a size of 0.
  Direct(const Launch& like, int64_t size) : engine_(dnnl::engine::kind::cpu, 0), stream_(engine_) {
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
  }

  void operator()() const {
    if (dnnl_primitive_execute(primitive_.get(), stream_.get(), static_cast<int>(list_.size()),
                               list_.data()) != dnnl_success) {
      std::exit(1);
    }
  }

 private:
  void add(const memory& one, std::initializer_list<int> ids) {
    memories_.push_back(one);
    for (const int id : ids) list_.push_back({id, one.get()});
  }
  void add_scratchpad(const memory::desc& md) {
    if (md.get_size() != 0) add(memory(md, engine_), {DNNL_ARG_SCRATCHPAD});
  }

  dnnl::engine engine_;
  dnnl::stream stream_;
  dnnl::primitive primitive_;
  std::vector<memory> memories_;
  std::vector<dnnl_exec_arg_t> list_;
};

template <class Body>
double turn(Body& body, int calls) {
  const auto begin = Clock::now();
  for (int i = 0; i < calls; ++i) body();
  return std::chrono::duration<double, std::nano>(Clock::now() - begin).count() / calls;
}

// `size` as of Direct.
void compare(const char* name, Launch launch, int64_t size, int calls, int turns) {
  Direct direct(launch, size);
  std::vector<double> abi, plain, difference;
  for (int i = 0; i < 3; ++i) turn(launch, calls), turn(direct, calls);
  for (int i = 0; i < turns; ++i) {
    // Whoever comes second finds the caches warm: they take turns at that, too.
    double a, b;
    if (i % 2 == 0) {
      a = turn(launch, calls);
      b = turn(direct, calls);
    } else {
      b = turn(direct, calls);
      a = turn(launch, calls);
    }
    abi.push_back(a);
    plain.push_back(b);
    difference.push_back(a - b);
  }
  std::printf("%-8s direct %12.0f ns, through the ABI %12.0f ns, added %8.0f ns\n", name,
              median(plain), median(abi), median(difference));
}

void measure(const char* plugin) {
  const char* threads = std::getenv("TENON_NUM_THREADS");
  if (threads != nullptr) omp_set_num_threads(std::atoi(threads));
  tn_loader* loader = nullptr;
  CHECK(tn_loader_create(nullptr, &loader, &error));
  tn_instance* instance = nullptr;
  CHECK(tn_loader_open(loader, plugin, &instance, &error));
  Host host;
  CHECK(tn_device_open(instance, 0, nullptr, &host.device, &error));
  CHECK(tn_stream_create(host.device, nullptr, &host.stream, &error));
  std::printf("%d threads\n", omp_get_max_threads());
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
