// SPDX-License-Identifier: Apache-2.0
//
// What the same work costs on an NVIDIA GPU through the ABI and called directly: float32 products
// by cuBLASLt, and launches of a kernel that has nothing to do. Turns of either kind alternate, so
// that both see the same machine; medians are printed.
//
//   cuda_overhead [manifest of the plugin [size of a square product ...]]
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <functional>
#include <vector>

#include "plugins/cuda/compiler.h"
#include "plugins/cuda/driver.h"
#include "plugins/cuda/products.h"
#include "tenon/tenon.hpp"

namespace {

using Clock = std::chrono::steady_clock;
using tenon::Argument;
using tenon::Tensor;
namespace cuda = tenon::cuda;

double median(std::vector<double> values) {
  std::nth_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2),
                   values.end());
  return values[values.size() / 2];
}

// Between -1 and 1. Not zeros, with which products are faster.
std::vector<float> numbers(size_t count) {
  std::vector<float> values(count);
  uint32_t state = 1;
  for (float& value : values) {
    state = state * 1664525 + 1013904223;
    value = static_cast<float>(state >> 8) / (1 << 23) - 1;
  }
  return values;
}

// An operator on dense float32 tensors of the same dims, its last argument the output.
class Launch {
 public:
  Launch(const tenon::Device& device, const tenon::Stream& stream, const char* name,
         int32_t version, const std::vector<int64_t>& dims, size_t inputs)
      : stream_(stream) {
    tenon::KernelDesc desc{"", name, version};
    for (size_t i = 0; i <= inputs; ++i) {
      (i < inputs ? desc.inputs : desc.outputs).push_back(Argument::device(TN_FLOAT32, dims));
      const auto bytes = static_cast<uint64_t>(tenon::element_count(dims)) * sizeof(float);
      const tenon::Buffer& buffer = buffers_.emplace_back(device, bytes);
      const std::vector<float> values = numbers(bytes / sizeof(float));
      stream_.write(buffer, 0, values.data(), bytes);
      stream_.synchronize();
      tensors_.push_back(Tensor::device(buffer.get(), TN_FLOAT32, dims));
    }
    for (const Tensor& tensor : tensors_) pointers_.push_back(tensor.get());
    kernel_ = tenon::Kernel(device, desc);
    tn_launch launch{};
    launch.struct_size = sizeof(launch);
    launch.inputs = pointers_.data();
    launch.input_count = inputs;
    launch.outputs = pointers_.data() + inputs;
    launch.output_count = 1;
    if (const uint64_t size = kernel_.workspace_size(launch); size != 0) {
      workspace_ = tenon::Buffer(device, size);
      launch.workspace = workspace_.get();
    }
    launch_ = launch;
  }
  Launch(const Launch&) = delete;

  void operator()() const { kernel_.launch(stream_, launch_); }

 private:
  const tenon::Stream& stream_;
  std::vector<tenon::Buffer> buffers_;
  std::vector<Tensor> tensors_;
  std::vector<const tn_tensor*> pointers_;
  tenon::Buffer workspace_;
  tenon::Kernel kernel_;
  tn_launch launch_{};
};

// Driver, context and stream of one who uses CUDA without us.
struct Direct {
  Direct() {
    CUdevice device = 0;
    cuda::check(driver, driver.cuDeviceGet(&device, 0), "asking for a device");
    cuda::check(driver, driver.cuDevicePrimaryCtxRetain(&context, device), "opening the device");
    cuda::check(driver, driver.cuCtxPushCurrent(context), "making the context current");
    cuda::check(driver, driver.cuStreamCreate(&stream, CU_STREAM_NON_BLOCKING), "making a stream");
    CUdevice_attribute attributes[] = {CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR,
                                       CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR};
    int numbers[2];
    for (int i = 0; i < 2; ++i) {
      cuda::check(driver, driver.cuDeviceGetAttribute(&numbers[i], attributes[i], device),
                  "asking for the capability");
    }
    capability = numbers[0] * 10 + numbers[1];
  }
  void synchronize() const {
    cuda::check(driver, driver.cuStreamSynchronize(stream), "waiting for a stream");
  }

  const cuda::Driver& driver = cuda::driver();
  CUcontext context = nullptr;
  CUstream stream = nullptr;
  int capability = 0;
};

struct Way {
  std::function<void()> work, finish;
};

// Microseconds of one piece of work, for each way: `count` of them are queued before the wait.
std::vector<double> measure(const std::vector<Way>& ways, int count, int turns) {
  std::vector<std::vector<double>> times(ways.size());
  for (int turn = -2; turn < turns; ++turn) {  // The first two warm up.
    for (size_t i = 0; i < ways.size(); ++i) {
      const auto begin = Clock::now();
      for (int k = 0; k < count; ++k) ways[i].work();
      ways[i].finish();
      const double time = std::chrono::duration<double, std::micro>(Clock::now() - begin).count();
      if (turn >= 0) times[i].push_back(time / count);
    }
  }
  std::vector<double> result;
  for (const std::vector<double>& all : times) result.push_back(median(all));
  return result;
}

void products(const tenon::Device& device, const tenon::Stream& stream, const Direct& direct,
              int64_t size) {
  const Launch launch(device, stream, "MatMul", 13, {size, size}, 2);
  std::vector<Way> ways{{[&] { launch(); }, [&] { stream.synchronize(); }}};
  const cuda::cublaslt::Table* library = cuda::cublaslt::table();
  std::unique_ptr<cuda::Products> own;
  tenon::gpu::Product product;
  // The memory is the plugin's, which lies in the same context.
  std::vector<tenon::Buffer> memory;
  const auto bytes = static_cast<uint64_t>(size * size) * sizeof(float);
  for (const uint64_t wanted : {bytes, bytes, bytes, cuda::Products::kWorkspaceBytes}) {
    memory.emplace_back(device, wanted);
  }
  const auto address = [&](size_t i) {
    return reinterpret_cast<std::byte*>(memory[i].info().address);
  };
  if (library != nullptr) {
    own = std::make_unique<cuda::Products>(*library);
    product.dtype = TN_FLOAT32;
    product.m = product.n = product.k = size;
    tenon::gpu::Matrices* sides[] = {&product.a, &product.b, &product.y};
    for (size_t i = 0; i < 3; ++i) *sides[i] = {address(i), size, 1, 0};
    const std::vector<float> values = numbers(static_cast<size_t>(size * size));
    for (const size_t i : {size_t{0}, size_t{1}}) stream.write(memory[i], 0, values.data(), bytes);
    stream.synchronize();
    const auto workspace = reinterpret_cast<CUdeviceptr>(address(3));
    const auto plan = own->plan(product);
    if (plan == nullptr) throw std::runtime_error("cuBLASLt does not take a plain product");
    ways.push_back(
        {[&, plan, workspace] { own->multiply(*plan, product, false, workspace, direct.stream); },
         [&] { direct.synchronize(); }});
  }
  const std::vector<double> times = measure(ways, 8, 11);
  const double flops = 2e-3 * static_cast<double>(size * size * size);
  std::printf("sgemm %lld^3  through the ABI %.1f GF/s", static_cast<long long>(size),
              flops / times[0]);
  if (times.size() > 1) {
    std::printf("  cuBLASLt directly %.1f GF/s  share %.3f", flops / times[1], times[1] / times[0]);
  } else {
    std::printf("  (kernels/gemm.cl: there is no cuBLASLt to compare with)");
  }
  std::printf("\n");
}

void launches(const tenon::Device& device, const tenon::Stream& stream, const Direct& direct) {
  const Launch relu(device, stream, "Relu", 14, {4}, 1);
  const std::string cubin =
      cuda::compile("nothing", "extern \"C\" __global__ void nothing(float *y) { y[0] = 1; }", "",
                    direct.capability);
  CUmodule module = nullptr;
  CUfunction function = nullptr;
  const cuda::Driver& driver = direct.driver;
  cuda::check(driver, driver.cuModuleLoadData(&module, cubin.data()), "loading");
  cuda::check(driver, driver.cuModuleGetFunction(&function, module, "nothing"), "finding");
  const tenon::Buffer memory(device, 64);
  CUdeviceptr y = memory.info().address;
  void* parameters[] = {&y};
  const std::vector<Way> ways{{[&] { relu(); }, [&] { stream.synchronize(); }},
                              {[&] {
                                 cuda::check(
                                     driver,
                                     driver.cuLaunchKernel(function, 1, 1, 1, 1, 1, 1, 0,
                                                           direct.stream, parameters, nullptr),
                                     "launching");
                               },
                               [&] { direct.synchronize(); }}};
  for (const int count : {200, 1}) {
    const std::vector<double> times = measure(ways, count, 101);
    std::printf("launch, %s  through the ABI %.2f us  driver directly %.2f us\n",
                count == 1 ? "waited for" : "in a row of 200", times[0], times[1]);
  }
}

}  // namespace

int main(int count, char** arguments) {
  try {
    const tenon::Loader loader;
    const tenon::Device device = loader.open(count > 1 ? arguments[1] : "cuda").open_device(0);
    const tenon::Stream stream(device);
    const Direct direct;
    std::printf("device: %s\n", device.info().name);
    launches(device, stream, direct);
    if (count <= 2) {
      for (const int64_t size : {1024, 4096}) products(device, stream, direct, size);
    }
    for (int i = 2; i < count; ++i) products(device, stream, direct, std::atoll(arguments[i]));
    return 0;
  } catch (const std::exception& exception) {
    std::fprintf(stderr, "%s\n", exception.what());
    return 1;
  }
}
