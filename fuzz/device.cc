// SPDX-License-Identifier: Apache-2.0
#include "fuzz/device.h"

#include <cstdio>
#include <cstdlib>
#include <cstring>

extern "C" tn_status TN_CALL tn_plugin_entry(const tn_host*, tn_plugin*, tn_error*);

namespace tenon::fuzz {
namespace {

void expect(tn_status status, const char* what) {
  if (status == TN_OK) return;
  std::fprintf(stderr, "%s: %x\n", what, static_cast<unsigned>(status));
  std::abort();
}

}  // namespace

DirectDevice::DirectDevice() {
  host_.struct_size = sizeof(host_);
  host_.abi_major = TN_ABI_MAJOR;
  host_.abi_minor = TN_ABI_MINOR;
  host_.abi_hash = TN_ABI_HASH;
  host_.log = [](void*, tn_log_level, const char*, const char*) {};
  host_.parallelism = [](void*) -> int32_t { return 2; };
  host_.parallel_for = [](void*, int64_t count, int64_t grain, tn_parallel_body body, void* user) {
    const int64_t middle = count >= 2 * grain ? count / 2 : count;
    if (middle > 0) body(user, 0, middle, 0);
    if (middle < count) body(user, middle, count, 1);
  };
  tn_plugin plugin{};
  plugin.struct_size = sizeof(plugin);
  expect(tn_plugin_entry(&host_, &plugin, nullptr), "entry");
  std::memcpy(&table_, plugin.functions, sizeof(table_));
  tn_instance_desc desc{};
  desc.struct_size = sizeof(desc);
  desc.dispatch = &table_;
  desc.host = &host_;
  expect(table_.instance_create(&desc, &instance_, nullptr), "instance");
  expect(table_.device_open(instance_, 0, nullptr, &device_, nullptr), "device");
  expect(table_.stream_create(device_, nullptr, &stream_, nullptr), "stream");
}

DirectDevice::~DirectDevice() {
  table_.stream_destroy(stream_);
  table_.device_close(device_);
  table_.instance_destroy(instance_);
}

ExactBuffer::ExactBuffer(const DirectDevice& device, size_t size)
    : device_(device), size_(size), memory_(std::make_unique<unsigned char[]>(size)) {
  tn_import_desc desc{};
  desc.struct_size = sizeof(desc);
  desc.pointer = memory_.get();
  desc.size = size;
  expect(device_.functions().buffer_import(device_.get(), &desc, &buffer_, nullptr), "import");
}

ExactBuffer::~ExactBuffer() { device_.functions().buffer_destroy(buffer_, nullptr); }

}  // namespace tenon::fuzz
