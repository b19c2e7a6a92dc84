// SPDX-License-Identifier: Apache-2.0
//
// How fast the OpenCL plugin multiplies and convolves, through the ABI: GF/s of float32 products
// and of ResNet-50's convolutions. A figure is the best of several turns; with CLBlast (where it
// was found when this was built) its turns alternate with ours on the first device of the first
// platform.
//
//   opencl_products [name of the plugin or path of its manifest]
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <string>
#include <vector>

#ifdef TENON_CLBLAST
#define CL_TARGET_OPENCL_VERSION 120
#include <CL/cl.h>
#include <clblast_c.h>
#endif

#include "tenon/tenon.h"

namespace {

using Clock = std::chrono::steady_clock;
using Dims = std::vector<int64_t>;

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

struct Host {
  tn_device* device = nullptr;
  tn_stream* stream = nullptr;
};

tn_buffer* make_buffer(const Host& host, uint64_t size) {
  tn_buffer_desc desc{};
  desc.struct_size = sizeof(desc);
  desc.size = std::max<uint64_t>(size, 64);
  tn_buffer* buffer = nullptr;
  CHECK(tn_buffer_create(host.device, &desc, &buffer, &error));
  void* pointer = nullptr;
  CHECK(tn_buffer_map(buffer, 0, desc.size, TN_ACCESS_WRITE, &pointer, &error));
  std::fill_n(static_cast<float*>(pointer), desc.size / sizeof(float), 0.5f);
  CHECK(tn_buffer_unmap(buffer, pointer, &error));
  return buffer;
}

// An operator on dense float32 tensors, its last argument the output.
class Launch {
 public:
  Launch(const Host& host, const char* name, int32_t version, const std::vector<Dims>& shapes,
         const std::vector<std::pair<const char*, Dims>>& lists)
      : host_(host), shapes_(shapes) {
    const size_t count = shapes_.size();
    std::vector<tn_argument> arguments(count);
    std::vector<const tn_argument*> described;
    tensors_.resize(count);
    for (size_t i = 0; i < count; ++i) {
      uint64_t elements = 1;
      for (const int64_t dim : shapes_[i]) elements *= static_cast<uint64_t>(dim);
      arguments[i] = {};
      arguments[i].struct_size = sizeof(tn_argument);
      arguments[i].kind = TN_ARGUMENT_DEVICE;
      arguments[i].dtype = TN_FLOAT32;
      arguments[i].rank = static_cast<int32_t>(shapes_[i].size());
      arguments[i].dims = shapes_[i].data();
      described.push_back(&arguments[i]);
      tensors_[i] = {};
      tensors_[i].buffer = make_buffer(host, elements * sizeof(float));
      tensors_[i].dims = shapes_[i].data();
      tensors_[i].dtype = TN_FLOAT32;
      tensors_[i].rank = arguments[i].rank;
      given_.push_back(&tensors_[i]);
    }
    std::vector<tn_attribute> attributes;
    for (const auto& [attribute_name, values] : lists) {
      tn_attribute attribute{};
      attribute.struct_size = sizeof(attribute);
      attribute.name = attribute_name;
      attribute.type = TN_ATTRIBUTE_INTS;
      attribute.count = values.size();
      attribute.ints = values.data();
      attributes.push_back(attribute);
    }
    std::vector<const tn_attribute*> attribute_list;
    for (const tn_attribute& attribute : attributes) attribute_list.push_back(&attribute);
    tn_kernel_desc desc{};
    desc.struct_size = sizeof(desc);
    desc.domain = "";
    desc.name = name;
    desc.version = version;
    desc.inputs = described.data();
    desc.input_count = count - 1;
    desc.outputs = described.data() + count - 1;
    desc.output_count = 1;
    desc.attributes = attribute_list.data();
    desc.attribute_count = attribute_list.size();
    CHECK(tn_kernel_create(host.device, &desc, &kernel_, &error));
    launch_.struct_size = sizeof(launch_);
    launch_.inputs = given_.data();
    launch_.input_count = count - 1;
    launch_.outputs = given_.data() + count - 1;
    launch_.output_count = 1;
    uint64_t workspace = 0;
    CHECK(tn_kernel_workspace_size(kernel_, &launch_, &workspace, &error));
    if (workspace > 0) launch_.workspace = make_buffer(host, workspace);
  }
  Launch(const Launch&) = delete;

  void operator()() const {
    CHECK(tn_kernel_launch(kernel_, host_.stream, &launch_, &error));
    CHECK(tn_stream_synchronize(host_.stream, &error));
  }

 private:
  Host host_;
  std::vector<Dims> shapes_;
  std::vector<tn_tensor> tensors_;
  std::vector<const tn_tensor*> given_;
  tn_kernel* kernel_ = nullptr;
  tn_launch launch_{};
};

double seconds(const std::function<void()>& body) {
  const auto begin = Clock::now();
  body();
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

// The best of some 0.3 s of turns, of each body in alternation.
std::vector<double> best(const std::vector<std::function<void()>>& bodies) {
  std::vector<double> result;
  double total = 0;
  for (const auto& body : bodies) body(), result.push_back(seconds(body)), total += result.back();
  const int turns = std::clamp(static_cast<int>(0.3 / total), 3, 1000);
  for (int turn = 0; turn < turns; ++turn) {
    for (size_t i = 0; i < bodies.size(); ++i) result[i] = std::min(result[i], seconds(bodies[i]));
  }
  return result;
}

#ifdef TENON_CLBLAST
// The same product, called directly.
class Direct {
 public:
  Direct(size_t m, size_t n, size_t k) : m_(m), n_(n), k_(k) {
    cl_platform_id platform;
    cl_device_id device;
    clGetPlatformIDs(1, &platform, nullptr);
    clGetDeviceIDs(platform, CL_DEVICE_TYPE_ALL, 1, &device, nullptr);
    context_ = clCreateContext(nullptr, 1, &device, nullptr, nullptr, nullptr);
    queue_ = clCreateCommandQueue(context_, device, 0, nullptr);
    std::vector<float> values(std::max({m * k, k * n, m * n}), 0.5f);
    const size_t counts[] = {m * k, k * n, m * n};
    for (int i = 0; i < 3; ++i) {
      memory_[i] = clCreateBuffer(context_, CL_MEM_COPY_HOST_PTR, counts[i] * sizeof(float),
                                  values.data(), nullptr);
    }
  }
  Direct(const Direct&) = delete;

  void operator()() {
    const CLBlastStatusCode status =
        CLBlastSgemm(CLBlastLayoutRowMajor, CLBlastTransposeNo, CLBlastTransposeNo, m_, n_, k_, 1,
                     memory_[0], 0, k_, memory_[1], 0, n_, 0, memory_[2], 0, n_, &queue_, nullptr);
    if (status != CLBlastSuccess) {
      std::fprintf(stderr, "CLBlast: %d\n", static_cast<int>(status));
      std::exit(1);
    }
    clFinish(queue_);
  }

 private:
  size_t m_, n_, k_;
  cl_context context_;
  cl_command_queue queue_;
  cl_mem memory_[3];
};
#endif

void product(const Host& host, int64_t m, int64_t n, int64_t k) {
  const Launch launch(host, "MatMul", 13, {{m, k}, {k, n}, {m, n}}, {});
  std::vector<std::function<void()>> bodies{[&] { launch(); }};
#ifdef TENON_CLBLAST
  Direct direct(static_cast<size_t>(m), static_cast<size_t>(n), static_cast<size_t>(k));
  bodies.push_back([&] { direct(); });
#endif
  const std::vector<double> times = best(bodies);
  const double flops = 2.0 * static_cast<double>(m * n * k);
  std::printf("MatMul %5lld x %5lld x %5lld  %8.3f ms  %7.1f GF/s", static_cast<long long>(m),
              static_cast<long long>(n), static_cast<long long>(k), times[0] * 1e3,
              flops / times[0] * 1e-9);
  if (times.size() > 1) std::printf("  CLBlast %7.1f GF/s", flops / times[1] * 1e-9);
  std::printf("\n");
}

// Square images and windows, padded to keep the size of the image up to the stride.
void convolution(const Host& host, int64_t images, int64_t channels, int64_t size, int64_t filters,
                 int64_t window, int64_t stride) {
  const int64_t pad = window / 2, out = (size + 2 * pad - window) / stride + 1;
  const Launch launch(host, "Conv", 22,
                      {{images, channels, size, size},
                       {filters, channels, window, window},
                       {images, filters, out, out}},
                      {{"pads", {pad, pad, pad, pad}}, {"strides", {stride, stride}}});
  const double time = best({[&] { launch(); }})[0];
  const double flops =
      2.0 * static_cast<double>(images * filters * out * out * channels * window * window);
  std::printf("Conv %2lld x %4lld x %3lld^2, %4lld of %lldx%lld / %lld  %8.3f ms  %7.1f GF/s\n",
              static_cast<long long>(images), static_cast<long long>(channels),
              static_cast<long long>(size), static_cast<long long>(filters),
              static_cast<long long>(window), static_cast<long long>(window),
              static_cast<long long>(stride), time * 1e3, flops / time * 1e-9);
}

}  // namespace

int main(int count, char** arguments) {
  tn_loader* loader = nullptr;
  CHECK(tn_loader_create(nullptr, &loader, &error));
  tn_instance* instance = nullptr;
  CHECK(tn_loader_open(loader, count > 1 ? arguments[1] : "opencl", nullptr, &instance, &error));
  Host host;
  CHECK(tn_device_open(instance, 0, nullptr, &host.device, &error));
  CHECK(tn_stream_create(host.device, nullptr, &host.stream, &error));
  product(host, 1024, 1024, 1024);
  product(host, 256, 256, 256);
  product(host, 64, 64, 64);
  product(host, 128, 384, 1536);
  product(host, 1, 1000, 2048);
  for (const int64_t images : {1, 8}) {
    convolution(host, images, 3, 224, 64, 7, 2);
    convolution(host, images, 64, 56, 64, 3, 1);
    convolution(host, images, 128, 28, 128, 3, 1);
    convolution(host, images, 512, 7, 512, 3, 1);
    convolution(host, images, 256, 56, 64, 1, 1);
    convolution(host, images, 1024, 14, 2048, 1, 2);
  }
  return 0;
}
