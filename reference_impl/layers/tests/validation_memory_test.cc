// SPDX-License-Identifier: Apache-2.0
//
// Buffers, mapped ranges, copies, constants.
#include "reference_impl/layers/tests/fixture.h"

namespace tenon::layers {
namespace {

using Memory = Layers;
constexpr tn_access kBoth = TN_ACCESS_READ | TN_ACCESS_WRITE;

TEST_F(Memory, TN_buffer_006_beyond_the_largest) {
  tn_buffer_desc desc{sizeof(desc), device_.info().max_allocation + 1, TN_BUFFER_DEVICE, 0,
                      nullptr};
  tn_buffer* buffer = garbage<tn_buffer>();
  expect_broken("TN-buffer-006", TN_OUT_OF_RANGE, tn_buffer_create, device_.get(), &desc, &buffer);
  EXPECT_EQ(buffer, nullptr);
}

TEST_F(Memory, TN_buffer_010_alignments) {
  tn_buffer_desc desc{sizeof(desc), 16, TN_BUFFER_DEVICE, 48, nullptr};
  tn_buffer* buffer = garbage<tn_buffer>();
  expect_broken("TN-buffer-010", TN_INVALID_ARGUMENT, tn_buffer_create, device_.get(), &desc,
                &buffer);
}

TEST_F(Memory, TN_map_004_mapped_twice) {
  const Buffer buffer = make_buffer(300);
  Mapping first(buffer, 100, 100, kBoth);
  void* pointer = nullptr;
  expect_broken("TN-map-004", TN_INVALID_STATE, tn_buffer_map, buffer.get(), uint64_t{199},
                uint64_t{2}, kBoth, &pointer);
  first.unmap();
  Mapping again(buffer, 100, 100, kBoth);
  again.unmap();
}

TEST_F(Memory, TN_map_005_out_of_range) {
  const Buffer buffer = make_buffer(300);
  void* pointer = nullptr;
  expect_broken("TN-map-005", TN_OUT_OF_RANGE, tn_buffer_map, buffer.get(), uint64_t{200},
                uint64_t{101}, kBoth, &pointer);
  expect_broken("TN-map-005", TN_OUT_OF_RANGE, tn_buffer_map, buffer.get(), UINT64_MAX, uint64_t{2},
                kBoth, &pointer);
}

TEST_F(Memory, TN_map_006_unmapped_elsewhere_and_twice) {
  const Buffer buffer = make_buffer(300);
  void* pointer = buffer.map(0, 300, kBoth);
  expect_broken("TN-map-006", TN_INVALID_ARGUMENT, tn_buffer_unmap, buffer.get(),
                static_cast<void*>(static_cast<char*>(pointer) + 1));
  buffer.unmap(pointer);
  expect_broken("TN-map-006", TN_INVALID_ARGUMENT, tn_buffer_unmap, buffer.get(), pointer);
}

TEST_F(Memory, TN_map_010_nothing_or_for_nothing) {
  const Buffer buffer = make_buffer(300);
  void* pointer = nullptr;
  expect_broken("TN-map-010", TN_INVALID_ARGUMENT, tn_buffer_map, buffer.get(), uint64_t{0},
                uint64_t{0}, kBoth, &pointer);
  expect_broken("TN-map-010", TN_INVALID_ARGUMENT, tn_buffer_map, buffer.get(), uint64_t{0},
                uint64_t{1}, tn_access{0}, &pointer);
  expect_broken("TN-map-010", TN_INVALID_ARGUMENT, tn_buffer_map, buffer.get(), uint64_t{0},
                uint64_t{1}, tn_access{TN_ACCESS_READ | TN_ACCESS_DISCARD}, &pointer);
  expect_broken("TN-map-010", TN_INVALID_ARGUMENT, tn_buffer_map, buffer.get(), uint64_t{0},
                uint64_t{1}, kBoth | TN_ACCESS_DISCARD, &pointer);
}

TEST_F(Memory, TN_map_011_work_on_a_mapped_range) {
  const Buffer buffer = make_buffer(300);
  Mapping map(buffer, 100, 100, kBoth);
  expect_broken("TN-map-011", TN_INVALID_STATE, tn_stream_fill, stream_.get(), buffer.get(),
                uint64_t{150}, uint64_t{100}, "x", size_t{1});
  stream_.fill(buffer, 200, 100, "x", 1);
  map.unmap();
  stream_.fill(buffer, 150, 100, "x", 1);
}

TEST_F(Memory, TN_map_012_before_the_work_has_been_waited_for) {
  const Buffer buffer = make_buffer(300);
  stream_.fill(buffer, 0, 100, "x", 1);
  Mapping(buffer, 100, 100, kBoth).unmap();
  expect_silence();
  Mapping(buffer, 99, 100, kBoth).unmap();
  expect_reported("TN-map-012");
  stream_.synchronize();
  Mapping(buffer, 0, 300, kBoth).unmap();
  expect_reported("TN-map-012");
}

TEST_F(Memory, TN_map_012_knows_every_way_to_wait) {
  const Buffer buffer = make_buffer(16);
  const auto check = [&](auto wait) {
    stream_.fill(buffer, 0, 16, "x", 1);
    wait();
    Mapping(buffer, 0, 16, kBoth).unmap();
  };
  check([&] { device_.synchronize(); });
  check([&] {
    while (!stream_.ready()) {
    }
  });
  const Event event(device_);
  check([&] {
    stream_.record(event);
    event.synchronize();
  });
  const Stream second(device_);
  check([&] {
    stream_.record(event);
    second.wait(event);
    second.synchronize();
  });
  check([&] {
    std::atomic<bool> done{false};
    stream_.callback([](void* user, tn_status,
                        const tn_error*) { *static_cast<std::atomic<bool>*>(user) = true; },
                     &done);
    while (!done) {
    }
  });
  expect_silence();
}

TEST_F(Memory, TN_stream_004_overlapping_copies) {
  const Buffer buffer = make_buffer(300);
  expect_broken("TN-stream-004", TN_OVERLAP, tn_stream_copy, stream_.get(), buffer.get(),
                uint64_t{0}, buffer.get(), uint64_t{99}, uint64_t{100});
  stream_.copy(buffer, 0, buffer, 100, 100);
}

TEST_F(Memory, TN_stream_005_ranges) {
  const Buffer buffer = make_buffer(300);
  char host[16];
  expect_broken("TN-stream-005", TN_OUT_OF_RANGE, tn_stream_write, stream_.get(), buffer.get(),
                uint64_t{290}, static_cast<const void*>(host), uint64_t{16});
  expect_broken("TN-stream-005", TN_OUT_OF_RANGE, tn_stream_read, stream_.get(),
                static_cast<void*>(host), buffer.get(), UINT64_MAX, uint64_t{16});
}

TEST_F(Memory, TN_stream_007_patterns) {
  const Buffer buffer = make_buffer(300);
  expect_broken("TN-stream-007", TN_INVALID_ARGUMENT, tn_stream_fill, stream_.get(), buffer.get(),
                uint64_t{0}, uint64_t{300}, "abc", size_t{3});
  expect_broken("TN-stream-007", TN_INVALID_ARGUMENT, tn_stream_fill, stream_.get(), buffer.get(),
                uint64_t{0}, uint64_t{9}, "ab", size_t{2});
}

TEST_F(Memory, TN_constant_003_two_values) {
  const Buffer buffer = make_buffer(16);
  const float value = 1;
  tn_tensor tensor = *Tensor::host(&value, TN_FLOAT32, {}).get();
  tensor.buffer = buffer.get();
  tensor.dims = tensor.strides = nullptr;
  const tn_constant_desc desc{sizeof(desc), &tensor, TN_LAYOUT_STRIDED, nullptr};
  tn_constant* constant = garbage<tn_constant>();
  expect_broken("TN-constant-003", TN_INVALID_ARGUMENT, tn_constant_create, device_.get(), &desc,
                &constant);
  EXPECT_EQ(constant, nullptr);
}

}  // namespace
}  // namespace tenon::layers
