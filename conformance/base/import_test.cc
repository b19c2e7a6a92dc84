// SPDX-License-Identifier: Apache-2.0
//
// Memory of the host imported, among it such that may only be read.
#include <atomic>
#include <deque>

#include "suite/fixture.h"

namespace tenon::conformance {
namespace {

class ImportTest : public DeviceTest {
 protected:
  static tn_import_desc desc_of(Bytes& memory) {
    tn_import_desc desc{};
    desc.struct_size = sizeof(desc);
    desc.kind = TN_IMPORT_HOST;
    desc.pointer = memory.data();
    desc.size = memory.size();
    return desc;
  }
  // None where the device cannot use such memory.
  Buffer import(const tn_import_desc& desc) {
    tn_buffer* handle = reinterpret_cast<tn_buffer*>(this);
    ErrorBuffer error;
    const tn_status status = tn_buffer_import(device().get(), &desc, &handle, &error);
    if (TN_STATUS_CLASS(status) == TN_UNSUPPORTED) {
      EXPECT_EQ(handle, nullptr);
      return Buffer();
    }
    EXPECT_EQ(status, TN_OK) << error.message;
    return Buffer(handle);
  }
  // Memory that lives as long as the process: without a release, a device may keep it until it is
  // closed.
  static Bytes& forever(Bytes bytes) {
    static auto* const all = new std::deque<Bytes>;
    return all->emplace_back(std::move(bytes));
  }
};

struct Released {
  std::atomic<int> count{0};
  static void release(void* user) { ++static_cast<Released*>(user)->count; }
  // Until the program ends: a device that is wrong may call it at any time.
  static Released& make() {
    static auto* const all = new std::deque<Released>;
    return all->emplace_back();
  }
};

TEST_F(ImportTest, TN_import_001_memory_is_used_in_place_and_released_once) {
  Bytes& memory = keep(pattern_bytes(4096));
  Released& released = Released::make();
  tn_import_desc desc = desc_of(memory);
  desc.release = Released::release;
  desc.user = &released;
  Buffer buffer = import(desc);
  if (!buffer) TN_OPTIONAL("memory of the host cannot be imported");
  EXPECT_EQ(buffer.info().host_pointer, memory.data());
  EXPECT_EQ(buffer.info().flags & (TN_BUFFER_COHERENT | TN_BUFFER_IMPORTED),
            static_cast<uint32_t>(TN_BUFFER_COHERENT | TN_BUFFER_IMPORTED));
  EXPECT_EQ(download(buffer), memory);
  stream_.fill(buffer, 100, 8, "y", 1);
  stream_.synchronize();
  EXPECT_EQ(memory[100], 'y');
  EXPECT_EQ(released.count, 0);
  buffer.reset();
  device().synchronize();
  // "When the device no longer uses it": a plugin may need a moment after the last work.
  for (int i = 0; i < 1000 && released.count == 0; ++i) {
    stream_.synchronize();
  }
  EXPECT_EQ(released.count, 1);
}

TEST_F(ImportTest, TN_import_002_a_pointer_goes_without_handle_and_offset) {
  const tn_import_desc plain = desc_of(forever(pattern_bytes(4096)));
  if (!import(plain)) TN_OPTIONAL("memory of the host cannot be imported");
  for (const auto field : {&tn_import_desc::handle, &tn_import_desc::offset}) {
    tn_import_desc desc = plain;
    desc.*field = 64;
    tn_buffer* handle = reinterpret_cast<tn_buffer*>(this);
    EXPECT_FAILS(TN_INVALID_ARGUMENT, tn_buffer_import, device().get(), &desc, &handle);
    EXPECT_EQ(handle, nullptr);
  }
}

TEST_F(ImportTest, TN_import_003_nothing_writes_to_read_only_memory) {
  const Bytes before = pattern_bytes(4096);
  tn_import_desc desc = desc_of(forever(before));
  desc.flags = TN_IMPORT_READ_ONLY;
  const Buffer buffer = import(desc);
  if (!buffer) TN_OPTIONAL("memory of the host that may only be read cannot be imported");
  EXPECT_NE(buffer.info().flags & TN_BUFFER_READ_ONLY, 0u);
  EXPECT_EQ(make_buffer(16).info().flags & TN_BUFFER_READ_ONLY, 0u);
  EXPECT_EQ(download(buffer), before);

  const Buffer other = make_buffer(4096);
  const Bytes& source = keep(pattern_bytes(64, 3));
  tn_stream* const stream = stream_.get();
  tn_buffer* const read_only = buffer.get();
  const uint64_t at = 0, size = 64;
  EXPECT_FAILS(TN_INVALID_ARGUMENT, tn_stream_copy, stream, read_only, at, other.get(), at, size);
  EXPECT_FAILS(TN_INVALID_ARGUMENT, tn_stream_write, stream, read_only, at,
               static_cast<const void*>(source.data()), size);
  EXPECT_FAILS(TN_INVALID_ARGUMENT, tn_stream_fill, stream, read_only, at, size,
               static_cast<const void*>("x"), size_t{1});
  const Tensor inside = Tensor::device(read_only, TN_INT32, {16});
  const Tensor outside = Tensor::device(other.get(), TN_INT32, {16});
  EXPECT_FAILS(TN_INVALID_ARGUMENT, tn_stream_reorder, stream, inside.get(), outside.get());
  const Kernel kernel(device(), dense_desc("Identity", TN_INT32, {16}, 1));
  {
    ErrorBuffer error;
    const Refusal meant;
    EXPECT_EQ(try_launch(kernel, stream_, {outside.get()}, {inside.get()}, &error),
              TN_INVALID_ARGUMENT);
    EXPECT_TRUE(check_details(TN_INVALID_ARGUMENT, error));
  }
  void* pointer = this;
  const tn_access writing[] = {TN_ACCESS_WRITE, TN_ACCESS_READ | TN_ACCESS_WRITE,
                               TN_ACCESS_WRITE | TN_ACCESS_DISCARD};
  for (const tn_access access : writing) {
    EXPECT_FAILS(TN_INVALID_ARGUMENT, tn_buffer_map, read_only, at, size, access, &pointer);
    EXPECT_EQ(pointer, nullptr);
  }

  // To be read it is as good as any.
  launch(kernel, stream_, {inside.get()}, {outside.get()});
  EXPECT_EQ(download(other, 0, 64), Bytes(before.begin(), before.begin() + 64));
  Mapping map(buffer, 0, 4096, TN_ACCESS_READ);
  EXPECT_EQ(std::memcmp(map.data(), before.data(), 4096), 0);
  map.unmap();
  EXPECT_EQ(download(buffer), before);
}

}  // namespace
}  // namespace tenon::conformance
