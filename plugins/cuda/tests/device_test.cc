// SPDX-License-Identifier: Apache-2.0
//
// What is CUDA's own about the plugin, on the emulated driver: memory that the host cannot touch,
// fills at any alignment, host memory of others, library products, cubins on disk, a lost device.
#include <dlfcn.h>
#include <gmock/gmock.h>
#include <sys/mman.h>

#include <filesystem>
#include <fstream>
#include <numeric>

#include "tenon/cpp/operator_ids.hpp"
#include "tenon/tenon.hpp"

namespace {

using tenon::Argument;
using tenon::Buffer;
using tenon::KernelDesc;
using tenon::Tensor;
using testing::ElementsAre;
using testing::HasSubstr;
using Bytes = std::vector<unsigned char>;

class Emulated : public testing::Test {
 protected:
  Emulated() {
    folder_ = std::filesystem::temp_directory_path() / ("tenon-cuda-" + std::to_string(getpid()));
    setenv("XDG_CACHE_HOME", folder_.c_str(), 1);
    open();
  }
  ~Emulated() override {
    unsetenv("EMULATED_CUDA_LOSE");
    std::filesystem::remove_all(folder_);
  }

  void open() {
    stream_.reset();
    device_.reset();
    device_ = loader_.open(PLUGIN).open_device(0);
    stream_ = tenon::Stream(device_);
  }

  Buffer upload(const std::vector<float>& values) {
    Buffer buffer(device_, values.size() * sizeof(float));
    stream_.write(buffer, 0, values.data(), values.size() * sizeof(float));
    stream_.synchronize();
    return buffer;
  }
  std::vector<float> download(const Buffer& buffer, size_t count) {
    std::vector<float> values(count);
    stream_.read(values.data(), buffer, 0, count * sizeof(float));
    stream_.synchronize();
    return values;
  }

  // Y = -X, four numbers.
  void negate(const Buffer& x, const Buffer& y) {
    const tenon::Kernel kernel(device_, KernelDesc{"", "Neg", tenon::op::kNeg.version}
                                            .input(Argument::device(TN_FLOAT32, {4}))
                                            .output(Argument::device(TN_FLOAT32, {4})));
    const Tensor from = Tensor::device(x.get(), TN_FLOAT32, {4});
    const Tensor to = Tensor::device(y.get(), TN_FLOAT32, {4});
    kernel.launch(stream_, std::array{from.get()}, std::array{to.get()});
    stream_.synchronize();
  }
  std::vector<float> negated() {
    const Buffer x = upload({1, -2, 3, -4}), y(device_, 16);
    negate(x, y);
    return download(y, 4);
  }

  // How many products the emulated cuBLASLt has been asked for.
  static int library_products() {
    void* library = dlopen("libcublasLt.so.13", RTLD_NOW | RTLD_NOLOAD);
    const auto* count = static_cast<int*>(dlsym(library, "emulated_products"));
    return count != nullptr ? *count : -1;
  }

  std::filesystem::path folder_;
  tenon::Loader loader_{std::vector<std::string>{}};
  tenon::Device device_;
  tenon::Stream stream_;
};

TEST_F(Emulated, DeviceSaysSo) {
  const tn_device_info info = device_.info();
  EXPECT_STREQ(info.name, "Emulated CUDA device (no GPU)");
  EXPECT_EQ(info.type, TN_DEVICE_GPU);
  EXPECT_STREQ(info.physical_id, "pci-ffff:00:00.0");
  EXPECT_EQ(std::string(reinterpret_cast<const char*>(info.uuid)), "emulated device");
}

TEST_F(Emulated, HostCannotTouchDeviceMemory) {
  const Buffer buffer(device_, 64);
  const auto* address = reinterpret_cast<const volatile char*>(buffer.info().address);
  ASSERT_NE(address, nullptr);
  EXPECT_DEATH((void)*address, "");
}

TEST_F(Emulated, FillsAtEveryAlignment) {
  const std::string pattern = "0123456789abcdef";
  for (size_t size = 1; size <= 16; size *= 2) {
    for (uint64_t offset = 0; offset < 17; ++offset) {
      const Buffer buffer(device_, 128);
      stream_.fill(buffer, 0, 128, ".", 1);
      stream_.fill(buffer, offset, 48, pattern.data(), size);
      std::string expected(128, '.');
      for (size_t i = 0; i < 48; ++i) expected[offset + i] = pattern[i % size];
      std::string found(128, '\0');
      stream_.read(found.data(), buffer, 0, 128);
      stream_.synchronize();
      ASSERT_EQ(found, expected) << size << " bytes at " << offset;
    }
  }
}

TEST_F(Emulated, KernelsUseHostMemoryInPlace) {
  // On pages of their own, which drivers pin once.
  alignas(4096) static float from[1024] = {1, 2, 3, 4};
  alignas(4096) static float to[1024];
  const Buffer x = Buffer::import(device_, from, 16);
  const Buffer y = Buffer::import(device_, to, 16);
  negate(x, y);
  EXPECT_THAT(std::vector<float>(to, to + 4), ElementsAre(-1, -2, -3, -4));
  // What is imported twice is still there when one is gone.
  Buffer again = Buffer::import(device_, from, 16);
  again.reset();
  device_.synchronize();
  from[0] = 7;
  negate(x, y);
  EXPECT_EQ(to[0], -7);
  const Buffer pinned(device_, 16, TN_BUFFER_HOST_PINNED);
  negate(x, pinned);
  EXPECT_EQ(static_cast<const float*>(pinned.info().host_pointer)[3], -4);
}

TEST_F(Emulated, MemoryThatCannotBePinnedIsGoodForCopiesAlone) {
  // The driver pins a page once: the second piece of it stays the host's.
  alignas(4096) static float page[1024] = {};
  const Buffer first = Buffer::import(device_, page, 16);
  const Buffer second = Buffer::import(device_, page + 16, 16);
  page[16] = 5;
  const Buffer device(device_, 16);
  stream_.copy(device, 0, second, 0, 16);
  EXPECT_EQ(download(device, 4)[0], 5);
  try {
    negate(second, device);
    FAIL() << "it ran";
  } catch (const tenon::Error& error) {
    EXPECT_EQ(error.status(), TN_UNSUPPORTED);
    EXPECT_THAT(error.message(), HasSubstr("copy it to a buffer"));
  }
}

TEST_F(Emulated, MemoryRunsOut) {
  const uint64_t half = device_.info().total_memory / 2 + 4096;
  const Buffer first(device_, half);
  try {
    const Buffer second(device_, half);
    FAIL() << "there is more memory than there is";
  } catch (const tenon::Error& error) {
    EXPECT_EQ(error.status(), TN_OUT_OF_DEVICE_MEMORY);
  }
}

// Y = A B for 2 x 3 and 3 x 4, with Y and B row by row or column by column.
class Products : public Emulated, public testing::WithParamInterface<std::array<bool, 3>> {};

TEST_P(Products, AreTheLibrarys) {
  const auto [a_columns, b_columns, y_columns] = GetParam();
  const auto strides = [](bool columns, int64_t m, int64_t n) {
    return columns ? std::vector<int64_t>{1, m} : std::vector<int64_t>{n, 1};
  };
  const auto argument = [&](bool columns, int64_t m, int64_t n) {
    return Argument::device(TN_FLOAT32, {m, n}).with_strides(strides(columns, m, n));
  };
  std::vector<float> values(12);
  std::iota(values.begin(), values.end(), 1.0f);
  const Buffer a = upload(values), b = upload(values), y(device_, 32);
  const tenon::Kernel kernel(device_, KernelDesc{"", "MatMul", tenon::op::kMatMul.version}
                                          .input(argument(a_columns, 2, 3))
                                          .input(argument(b_columns, 3, 4))
                                          .output(argument(y_columns, 2, 4)));
  const auto tensor = [&](const Buffer& buffer, bool columns, int64_t m, int64_t n) {
    return Tensor::device(buffer.get(), TN_FLOAT32, {m, n}).with_strides(strides(columns, m, n));
  };
  const Tensor from_a = tensor(a, a_columns, 2, 3), from_b = tensor(b, b_columns, 3, 4);
  const Tensor to = tensor(y, y_columns, 2, 4);
  const int before = library_products();
  kernel.launch(stream_, std::array{from_a.get(), from_b.get()}, std::array{to.get()});
  const std::vector<float> found = download(y, 8);
  EXPECT_EQ(library_products(), std::max(before, 0) + 1);
  const auto at = [](bool columns, size_t m, size_t n, size_t row, size_t column) {
    return columns ? column * m + row : row * n + column;
  };
  for (size_t row = 0; row < 2; ++row) {
    for (size_t column = 0; column < 4; ++column) {
      float sum = 0;
      for (size_t k = 0; k < 3; ++k) {
        sum += values[at(a_columns, 2, 3, row, k)] * values[at(b_columns, 3, 4, k, column)];
      }
      EXPECT_EQ(found[at(y_columns, 2, 4, row, column)], sum) << row << ", " << column;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(
    Layouts, Products,
    testing::Values(std::array{false, false, false}, std::array{true, false, false},
                    std::array{false, true, false}, std::array{true, true, false},
                    std::array{false, false, true}, std::array{true, false, true},
                    std::array{false, true, true}, std::array{true, true, true}));

TEST_F(Emulated, DeterministicProductsAreNotTheLibrarys) {
  KernelDesc desc{"", "MatMul", tenon::op::kMatMul.version};
  desc.flags = TN_KERNEL_DETERMINISTIC;
  desc.input(Argument::device(TN_FLOAT32, {1, 4})).input(Argument::device(TN_FLOAT32, {4, 1}));
  const tenon::Kernel kernel(device_, desc.output(Argument::device(TN_FLOAT32, {1, 1})));
  const Buffer x = upload({1, 2, 3, 4}), y(device_, 16);
  const Tensor row = Tensor::device(x.get(), TN_FLOAT32, {1, 4});
  const Tensor column = Tensor::device(x.get(), TN_FLOAT32, {4, 1});
  const Tensor to = Tensor::device(y.get(), TN_FLOAT32, {1, 1});
  const int before = library_products();
  kernel.launch(stream_, std::array{row.get(), column.get()}, std::array{to.get()});
  EXPECT_EQ(download(y, 1)[0], 30);
  EXPECT_EQ(library_products(), before);
}

TEST_F(Emulated, CubinsAreKeptOnDisk) {
  EXPECT_THAT(negated(), ElementsAre(-1, 2, -3, 4));
  const auto file = [&] {
    return *std::filesystem::directory_iterator(folder_ / "tenon" / "cuda");
  };
  const auto written = std::filesystem::last_write_time(file());
  open();  // Another machine, without modules.
  EXPECT_THAT(negated(), ElementsAre(-1, 2, -3, 4));
  EXPECT_EQ(std::filesystem::last_write_time(file()), written);
  // Half a file is compiled again: the key stays, machine code is cut off.
  const auto size = std::filesystem::file_size(file());
  std::filesystem::resize_file(file(), size - 3000);
  open();
  EXPECT_THAT(negated(), ElementsAre(-1, 2, -3, 4));
  EXPECT_EQ(std::filesystem::file_size(file()), size);
}

// In a process of its own: what is lost stays lost.
using LostDevice = Emulated;

TEST_F(LostDevice, AnswersNothingElse) {
  const Buffer x = upload({1, 2, 3, 4}), y(device_, 16);
  setenv("EMULATED_CUDA_LOSE", "elementwise", 1);
  const auto status_of = [](const auto& body) {
    try {
      body();
      return static_cast<tn_status>(TN_OK);
    } catch (const tenon::Error& error) {
      return error.status();
    }
  };
  EXPECT_EQ(status_of([&] { negate(x, y); }), TN_DEVICE_LOST);
  EXPECT_EQ(status_of([&] { stream_.synchronize(); }), TN_DEVICE_LOST);
  EXPECT_EQ(status_of([&] { Buffer(device_, 64); }), TN_DEVICE_LOST);
  EXPECT_EQ(status_of([&] { (void)x.map(0, 16, TN_ACCESS_READ); }), TN_DEVICE_LOST);
  // The message also has what the driver answered.
  tenon::ErrorBuffer error;
  EXPECT_EQ(tn_stream_synchronize(stream_.get(), &error), TN_DEVICE_LOST);
  EXPECT_NE(error.vendor_code, 0) << error.message;
}

}  // namespace
