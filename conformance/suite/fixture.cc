// SPDX-License-Identifier: Apache-2.0
#include "suite/fixture.h"

#include <exception>
#include <stdexcept>
#include <thread>

#include "suite/text.h"
#include "tenon/cpp/operator_ids.hpp"

namespace tenon::conformance {
testing::AssertionResult check_details(tn_status status, const tn_error& error) {
  if (error.struct_size != sizeof(tn_error)) {
    return testing::AssertionFailure() << "struct_size of the error was written in ";
  }
  if (error.code != status) {
    return testing::AssertionFailure() << "error.code is " << status_name(error.code)
                                       << ", the status " << status_name(status) << " in ";
  }
  for (const auto& [name, fault] : {std::pair{"rule", fault_of_text(error.rule)},
                                    std::pair{"argument", fault_of_text(error.argument)},
                                    std::pair{"message", fault_of_text(error.message)}}) {
    if (!fault.empty()) {
      return testing::AssertionFailure() << "the error's " << name << " " << fault << " in ";
    }
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

void run_threads(size_t count, const std::function<void(size_t)>& body) {
  std::vector<std::jthread> threads;
  threads.reserve(count);
  for (size_t i = 0; i < count; ++i) {
    threads.emplace_back([&body, i] {
      try {
        body(i);
      } catch (const std::exception& exception) {
        ADD_FAILURE() << "thread " << i << ": " << exception.what();
      }
    });
  }
}

void DeviceTest::SetUp() { stream_ = Stream(device()); }

void DeviceTest::TearDown() {
  let_go();
  stream_.reset();
  // A failure that a test left on a stream of its own is gone with that stream.
  tn_device_synchronize(device().get(), nullptr);
}

Buffer DeviceTest::make_buffer(uint64_t size) {
  Buffer buffer(device(), size);
  const std::lock_guard lock(sizes_mutex_);
  sizes_[buffer.get()] = size;
  return buffer;
}

uint64_t DeviceTest::size_of(const Buffer& buffer) const {
  const std::lock_guard lock(sizes_mutex_);
  const auto made = sizes_.find(buffer.get());
  return made != sizes_.end() ? made->second : buffer.info().size;
}

Buffer DeviceTest::upload(const Bytes& bytes) {
  Buffer buffer = make_buffer(bytes.size());
  write(stream_, buffer, 0, bytes);
  stream_.synchronize();
  return buffer;
}

Bytes DeviceTest::download(const Buffer& buffer, uint64_t offset, uint64_t size) {
  const Bytes& bytes = read(stream_, buffer, offset, size);
  stream_.synchronize();
  return bytes;
}

void DeviceTest::write(const Stream& stream, const Buffer& buffer, uint64_t offset, Bytes bytes) {
  const Bytes& kept = keep(std::move(bytes));
  stream.write(buffer, offset, kept.data(), kept.size());
}

const Bytes& DeviceTest::read(const Stream& stream, const Buffer& buffer, uint64_t offset,
                              uint64_t size) {
  Bytes& kept = keep(Bytes(size));
  stream.read(kept.data(), buffer, offset, size);
  return kept;
}

void DeviceTest::queue_slow_work(const Stream& stream, int rounds) {
  constexpr uint64_t kHalf = 1 << 20;
  const Buffer& memory = keep(make_buffer(2 * kHalf));
  for (int i = 0; i < rounds; ++i) stream.copy(memory, 0, memory, kHalf, kHalf);
}

// On both sides of work, so that a device that looks only whether the stream has any is held, too.
Gate& DeviceTest::hold_back(const Stream& stream, std::chrono::milliseconds limit) {
  Gate& gate = *gates_.emplace_back(std::make_unique<Gate>(device(), limit));
  gate.hold(stream);
  queue_slow_work(stream, 10);
  gate.hold(stream);
  return gate;
}

void DeviceTest::let_go() {
  for (const std::unique_ptr<Gate>& gate : gates_) gate->open();
}

tn_status DeviceTest::try_launch(const Kernel& kernel, const Stream& stream, Tensors inputs,
                                 Tensors outputs, tn_error* error) {
  tn_launch launch = launch_of({inputs.begin(), inputs.size()}, {outputs.begin(), outputs.size()});
  uint64_t size = 0;
  // Where this fails the launch does too, and says why.
  tn_kernel_workspace_size(kernel.get(), &launch, &size, nullptr);
  if (size != 0) launch.workspace = keep(make_buffer(size)).get();
  return tn_kernel_launch(kernel.get(), stream.get(), &launch, error);
}

void DeviceTest::launch(const Kernel& kernel, const Stream& stream, Tensors inputs,
                        Tensors outputs) {
  ErrorBuffer error;
  check(try_launch(kernel, stream, inputs, outputs, &error), error);
}

bool DeviceTest::queue_failure(const Stream& stream) {
  const OperatorRow* div = Target::get().find("", "Div");
  const OperatorRow* gather = Target::get().find("", "Gather");
  KernelDesc desc;
  HostTensor second(TN_INT32, {2}, {0, 0});
  if (div != nullptr && div->has(TN_INT32)) {
    desc = dense_desc("Div", TN_INT32, {2}, 2);
  } else if (gather != nullptr && gather->has(TN_INT32)) {
    desc = dense_desc("Gather", TN_INT32, {2}, 2);
    second = HostTensor(TN_INT32, {2}, {1000000, 1000000});
  } else {
    return false;
  }
  desc.flags = TN_KERNEL_CHECK_DATA;
  if (!supports(device(), desc)) return false;
  const Kernel& kernel = keep(Kernel(device(), desc));
  // Not by upload(), whose stream may have failed already.
  const Stream own(device());
  const auto place = [&](const Bytes& bytes) {
    const Buffer& buffer = keep(make_buffer(bytes.size()));
    write(own, buffer, 0, bytes);
    return Tensor::device(buffer.get(), TN_INT32, {2});
  };
  const Tensor a = place(Bytes(8)), b = place(second.bytes()), c = place(Bytes(8));
  own.synchronize();
  launch(kernel, stream, {a.get(), b.get()}, {c.get()});
  return true;
}

AllocatesNothing::AllocatesNothing(const Device& device, const Kernel& kernel) : device_(device) {
  tn_kernel_info info{};
  info.struct_size = sizeof(info);
  call(tn_kernel_get_info, kernel.get(), &info);
  if ((info.flags & TN_KERNEL_MAY_ALLOCATE) == 0) before_ = in_use();
}

AllocatesNothing::~AllocatesNothing() {
  if (!before_) return;
  const std::optional<uint64_t> after = in_use();
  EXPECT_TRUE(after && *after <= *before_)
      << "TN-launch-016: a launch took " << after.value_or(0) - *before_ << " bytes of the device";
}

// What finishes meanwhile makes this less.
std::optional<uint64_t> AllocatesNothing::in_use() const {
  tn_memory_info memory{};
  memory.struct_size = sizeof(memory);
  if (tn_device_get_memory(device_.get(), &memory, nullptr) != TN_OK) return std::nullopt;
  return memory.live_bytes + memory.deferred_bytes;
}

tn_dtype first_type(const OperatorRow& row, uint64_t set) {
  for (const tn_dtype dtype : {TN_FLOAT32, TN_FLOAT16, TN_BFLOAT16}) {
    if (in_set(dtype, set) && row.has(dtype)) return dtype;
  }
  for (const ElementType& type : kElementTypes) {
    if (in_set(type.dtype, set) && row.has(type.dtype)) return type.dtype;
  }
  return TN_DTYPE_UNDEFINED;
}

tn_dtype float_type(const std::string& domain, const std::string& name) {
  const OperatorRow* row = Target::get().find(domain, name);
  return row != nullptr ? first_type(*row, type_set::kFloat) : TN_DTYPE_UNDEFINED;
}

tn_dtype identity_type() {
  const tn_dtype dtype = float_type("", "Identity");
  return dtype != TN_DTYPE_UNDEFINED ? dtype : TN_INT32;
}

int32_t version_of_contract(const std::string& domain, const std::string& name) {
  const OperatorId* id = op::find(domain, name);
  if (id == nullptr) throw std::logic_error("spec/ops has no " + domain + "." + name);
  return id->version;
}

const OperatorRow& mandatory_row(const std::string& domain, const std::string& name) {
  const OperatorRow* row = Target::get().find(domain, name);
  if (row != nullptr) return *row;
  throw std::runtime_error("the device's table of operators has no " +
                           (domain.empty() ? name : domain + "." + name) +
                           ", which is mandatory (TN-device-006)");
}

int32_t version_of(const std::string& domain, const std::string& name) {
  const OperatorRow* row = Target::get().find(domain, name);
  return row != nullptr ? row->version : version_of_contract(domain, name);
}

KernelDesc aligned_desc(KernelDesc desc) {
  const Refusal maybe;
  return aligned(Target::get().device(), std::move(desc));
}

KernelDesc dense_desc(const std::string& name, tn_dtype dtype, const Shape& dims, size_t inputs) {
  KernelDesc desc;
  desc.name = name;
  desc.version = version_of("", name);
  for (size_t i = 0; i < inputs; ++i) desc.input(Argument::device(dtype, dims));
  desc.output(Argument::device(dtype, dims));
  return aligned_desc(std::move(desc));
}

}  // namespace tenon::conformance
