// SPDX-License-Identifier: Apache-2.0
#include "reference_impl/cpu/tests/device_harness.h"

#include <algorithm>
#include <cstring>
#include <thread>

extern "C" tn_status TN_CALL tn_plugin_entry(const tn_host*, tn_plugin*, tn_error*);

namespace tenon::cpu::testing {
namespace {

void TN_CALL log_line(void*, tn_log_level, const char*, const char* message) {
  ADD_FAILURE() << "the device logged: " << message;
}

int32_t TN_CALL parallelism(void*) { return 2; }

// Two ranges, one of them on another thread.
void TN_CALL parallel_for(void*, int64_t count, int64_t grain, tn_parallel_body body, void* user) {
  const int64_t half = std::max(grain, count / 2);
  if (half >= count) return body(user, 0, count, 0);
  std::thread other([&] { body(user, half, count, 1); });
  body(user, 0, half, 0);
  other.join();
}

tn_plugin load() {
  tn_plugin plugin{};
  plugin.struct_size = sizeof(plugin);
  tn_error error = TN_ERROR_INIT;
  if (tn_plugin_entry(&host(), &plugin, &error) != TN_OK) std::abort();
  return plugin;
}

}  // namespace

const tn_dispatch& table() {
  static const tn_plugin plugin = load();
  return *plugin.functions;
}

const tn_host& host() {
  static const tn_host services{sizeof(tn_host), TN_ABI_MAJOR, TN_ABI_MINOR, TN_ABI_HASH,
                                nullptr,         log_line,     parallelism,  parallel_for};
  return services;
}

Device::Device(const char* memory, Options more) {
  const tn_instance_desc instance{sizeof(instance), &table(), &host(), nullptr, 0};
  EXPECT_EQ(TN_OK, table().instance_create(&instance, &instance_, nullptr));
  more.push_back({"memory", memory});
  const tn_device_desc desc{sizeof(desc), more.data(), more.size()};
  tn_error error = TN_ERROR_INIT;
  EXPECT_EQ(TN_OK, table().device_open(instance_, 0, &desc, &device_, &error)) << error.message;
}

Device::~Device() {
  table().device_close(device_);
  table().instance_destroy(instance_);
}

tn_buffer* Device::buffer(uint64_t size, tn_buffer_kind kind) {
  const tn_buffer_desc desc{sizeof(desc), size, kind, 0, nullptr};
  tn_buffer* buffer = nullptr;
  tn_error error = TN_ERROR_INIT;
  EXPECT_EQ(TN_OK, table().buffer_create(device_, &desc, &buffer, &error)) << error.message;
  return buffer;
}

void Device::write(tn_buffer* buffer, const void* data, uint64_t size) {
  void* pointer = nullptr;
  EXPECT_EQ(TN_OK, table().buffer_map(buffer, 0, size, TN_ACCESS_WRITE, &pointer, nullptr));
  std::memcpy(pointer, data, size);
  EXPECT_EQ(TN_OK, table().buffer_unmap(buffer, pointer, nullptr));
}

void Device::read_bytes(tn_buffer* buffer, void* data, uint64_t size) {
  void* pointer = nullptr;
  EXPECT_EQ(TN_OK, table().buffer_map(buffer, 0, size, TN_ACCESS_READ, &pointer, nullptr));
  std::memcpy(data, pointer, size);
  EXPECT_EQ(TN_OK, table().buffer_unmap(buffer, pointer, nullptr));
}

tn_stream* Device::stream() {
  tn_stream* stream = nullptr;
  EXPECT_EQ(TN_OK, table().stream_create(device_, nullptr, &stream, nullptr));
  return stream;
}

tn_event* Device::event(uint32_t flags) {
  const tn_event_desc desc{sizeof(desc), flags, 0};
  tn_event* event = nullptr;
  EXPECT_EQ(TN_OK, table().event_create(device_, &desc, &event, nullptr));
  return event;
}

tn_memory_info Device::memory() {
  tn_memory_info info{};
  info.struct_size = sizeof(info);
  EXPECT_EQ(TN_OK, table().device_get_memory(device_, &info, nullptr));
  return info;
}

tn_argument describe(tn_dtype dtype, int32_t rank, tn_argument_kind kind) {
  tn_argument argument{};
  argument.struct_size = sizeof(argument);
  argument.kind = kind;
  argument.dtype = dtype;
  argument.rank = rank;
  return argument;
}

KernelDesc::KernelDesc(const char* domain, const char* name, int32_t version,
                       std::vector<tn_argument> in, std::vector<tn_argument> out,
                       std::vector<Attribute> attributes)
    : inputs(std::move(in)), outputs(std::move(out)), values_(std::move(attributes)) {
  for (const Attribute& value : values_) {
    tn_attribute attribute{};
    attribute.struct_size = sizeof(attribute);
    attribute.name = value.name;
    attribute.type = TN_ATTRIBUTE_INT;
    attribute.count = 1;
    attribute.ints = &value.value;
    attributes_.push_back(attribute);
  }
  for (const auto& input : inputs) input_pointers_.push_back(&input);
  for (const auto& output : outputs) output_pointers_.push_back(&output);
  for (const auto& attribute : attributes_) attribute_pointers_.push_back(&attribute);
  desc_.struct_size = sizeof(desc_);
  desc_.domain = domain;
  desc_.name = name;
  desc_.version = version;
  desc_.inputs = input_pointers_.data();
  desc_.input_count = input_pointers_.size();
  desc_.outputs = output_pointers_.data();
  desc_.output_count = output_pointers_.size();
  desc_.attributes = attribute_pointers_.data();
  desc_.attribute_count = attribute_pointers_.size();
}

Tensor::Tensor(tn_buffer* buffer, tn_dtype dtype, std::vector<int64_t> d, std::vector<int64_t> s,
               uint64_t offset)
    : dims(std::move(d)), strides(std::move(s)) {
  tensor.buffer = buffer;
  tensor.offset = offset;
  tensor.dtype = dtype;
  tensor.rank = static_cast<int32_t>(dims.size());
}

Tensor Tensor::host(const void* data, tn_dtype dtype, std::vector<int64_t> dims) {
  Tensor made(nullptr, dtype, std::move(dims));
  made.tensor.host_data = data;
  return made;
}

const tn_tensor* Tensor::get() {
  tensor.dims = dims.data();
  tensor.strides = strides.empty() ? nullptr : strides.data();
  return &tensor;
}

Launch::Launch(std::initializer_list<Tensor*> inputs, std::initializer_list<Tensor*> outputs) {
  for (Tensor* input : inputs) inputs_.push_back(input == nullptr ? nullptr : input->get());
  for (Tensor* output : outputs) outputs_.push_back(output == nullptr ? nullptr : output->get());
  launch_.struct_size = sizeof(launch_);
  launch_.inputs = inputs_.data();
  launch_.input_count = inputs_.size();
  launch_.outputs = outputs_.data();
  launch_.output_count = outputs_.size();
}

}  // namespace tenon::cpu::testing
