// SPDX-License-Identifier: Apache-2.0
#include "suite/fixture.h"

namespace tenon::conformance {
namespace {

// Whether a text of a fixed field ends within it.
bool terminated(const char* text, size_t size) { return std::memchr(text, 0, size) != nullptr; }

}  // namespace

testing::AssertionResult check_details(tn_status status, const tn_error& error) {
  if (error.struct_size != sizeof(tn_error)) {
    return testing::AssertionFailure() << "struct_size of the error was written in ";
  }
  if (error.code != status) {
    return testing::AssertionFailure() << "error.code is " << status_name(error.code)
                                       << ", the status " << status_name(status) << " in ";
  }
  if (!terminated(error.rule, sizeof(error.rule)) ||
      !terminated(error.message, sizeof(error.message))) {
    return testing::AssertionFailure() << "a text of the error has no end in ";
  }
  if (error.message[0] == '\0') {
    return testing::AssertionFailure() << "the error has no message in ";
  }
  return testing::AssertionSuccess();
}

Bytes pattern_bytes(size_t size, unsigned seed) {
  Bytes bytes(size);
  for (size_t i = 0; i < size; ++i) {
    bytes[i] = static_cast<unsigned char>((i * 131 + size_t{seed} * 29 + (i >> 8)) & 0xff);
  }
  return bytes;
}

void DeviceTest::SetUp() { stream_ = Stream(device()); }

void DeviceTest::TearDown() {
  stream_.reset();
  // A failure that a test left on a stream of its own is gone with that stream.
  tn_device_synchronize(device().get(), nullptr);
}

Buffer DeviceTest::upload(const Bytes& bytes) {
  Buffer buffer = make_buffer(bytes.size());
  stream_.write(buffer, 0, bytes.data(), bytes.size());
  stream_.synchronize();
  return buffer;
}

Bytes DeviceTest::download(const Buffer& buffer, uint64_t offset, uint64_t size) {
  Bytes bytes(size);
  stream_.read(bytes.data(), buffer, offset, size);
  stream_.synchronize();
  return bytes;
}

void DeviceTest::queue_slow_work(const Stream& stream, int rounds) {
  constexpr uint64_t kHalf = 1 << 20;
  const Buffer& memory = slow_.emplace_back(make_buffer(2 * kHalf));
  for (int i = 0; i < rounds; ++i) stream.copy(memory, 0, memory, kHalf, kHalf);
}

bool DeviceTest::queue_failure(const Stream& stream) {
  static const int32_t kZeros[2] = {0, 0};
  static const int32_t kFarIndex[2] = {1000000, 1000000};
  const OperatorRow* div = Target::get().find("", "Div");
  const OperatorRow* gather = Target::get().find("", "Gather");
  KernelDesc desc;
  const void* second = kZeros;
  if (div != nullptr && div->has(TN_INT32)) {
    desc = dense_desc("Div", TN_INT32, {2}, 2);
  } else if (gather != nullptr && gather->has(TN_INT32)) {
    desc = dense_desc("Gather", TN_INT32, {2}, 2);
    second = kFarIndex;
  } else {
    return false;
  }
  if (!supports(device(), desc)) return false;
  failing_ = Kernel(device(), desc);
  failing_buffers_.clear();
  Stream own(device());
  for (int i = 0; i < 3; ++i) {
    failing_buffers_.push_back(make_buffer(8));
    own.write(failing_buffers_.back(), 0, i == 1 ? second : kZeros, 8);
  }
  own.synchronize();
  const Tensor a = Tensor::device(failing_buffers_[0].get(), TN_INT32, {2});
  const Tensor b = Tensor::device(failing_buffers_[1].get(), TN_INT32, {2});
  const Tensor c = Tensor::device(failing_buffers_[2].get(), TN_INT32, {2});
  const tn_tensor* inputs[] = {a.get(), b.get()};
  const tn_tensor* outputs[] = {c.get()};
  failing_.launch(stream, inputs, outputs);
  return true;
}

int32_t version_of(const std::string& domain, const std::string& name, int32_t otherwise) {
  const OperatorRow* row = Target::get().find(domain, name);
  return row != nullptr ? row->version : otherwise;
}

KernelDesc dense_desc(const std::string& name, tn_dtype dtype, const Shape& dims, size_t inputs) {
  KernelDesc desc;
  desc.name = name;
  desc.version = version_of("", name, 1);
  for (size_t i = 0; i < inputs; ++i) desc.input(Argument::device(dtype, dims));
  desc.output(Argument::device(dtype, dims));
  return desc;
}

}  // namespace tenon::conformance
