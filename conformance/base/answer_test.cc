// SPDX-License-Identifier: Apache-2.0
//
// What a plugin writes into the structs of its host: texts that end, values that tenon.h names, and
// the same each time.
#include "suite/fixture.h"
#include "suite/text.h"

namespace tenon::conformance {
namespace {

using AnswerTest = DeviceTest;

bool is_power_of_two(uint64_t value) { return value != 0 && (value & (value - 1)) == 0; }

void check(const tn_device_info& info) {
  EXPECT_EQ(info.struct_size, sizeof(info));
  EXPECT_TRUE(info.type >= TN_DEVICE_CPU && info.type <= TN_DEVICE_ACCELERATOR) << info.type;
  constexpr uint32_t kKnown = TN_DEVICE_COHERENT | TN_DEVICE_ASYNCHRONOUS | TN_DEVICE_DYNAMIC_DIMS;
  EXPECT_EQ(info.flags & ~kKnown, 0u);
  EXPECT_EQ(fault_of_text(info.name), "") << "the name";
  EXPECT_EQ(fault_of_text(info.vendor), "") << "the vendor";
  EXPECT_EQ(fault_of_text(info.physical_id), "") << "the physical_id";
  EXPECT_NE(std::string(std::begin(info.uuid), std::end(info.uuid)), std::string(16, '\0'))
      << "the uuid is not set";
  EXPECT_TRUE(info.total_memory == 0 || info.max_allocation == UINT64_MAX ||
              info.max_allocation <= info.total_memory)
      << info.max_allocation << " bytes in one buffer, of " << info.total_memory;
  EXPECT_TRUE(is_power_of_two(info.alignment)) << info.alignment;
  EXPECT_EQ(info.reserved, 0u);
}

TEST_F(AnswerTest, TN_answer_001_devices_are_described_alike_each_time) {
  const Instance& instance = Target::get().instance();
  const size_t index = Target::get().spec().index;
  const tn_device_info open = device().info(), again = device().info();
  const tn_device_info closed = instance.device_info(index),
                       closed_again = instance.device_info(index);
  for (const tn_device_info* info : {&open, &again, &closed, &closed_again}) check(*info);
  const auto same = [](const tn_device_info& a, const tn_device_info& b) {
    EXPECT_EQ(a.type, b.type);
    EXPECT_EQ(a.flags, b.flags);
    EXPECT_EQ(std::memcmp(a.name, b.name, sizeof(a.name)), 0) << "name";
    EXPECT_EQ(std::memcmp(a.vendor, b.vendor, sizeof(a.vendor)), 0) << "vendor";
    EXPECT_EQ(std::memcmp(a.uuid, b.uuid, sizeof(a.uuid)), 0) << "uuid";
    EXPECT_EQ(std::memcmp(a.physical_id, b.physical_id, sizeof(a.physical_id)), 0) << "physical_id";
    EXPECT_EQ(a.total_memory, b.total_memory);
    EXPECT_EQ(a.max_allocation, b.max_allocation);
    EXPECT_EQ(a.alignment, b.alignment);
  };
  same(open, again);
  same(closed, closed_again);
  // With options it may be another memory.
  EXPECT_EQ(open.type, closed.type);
  EXPECT_EQ(std::memcmp(open.uuid, closed.uuid, sizeof(open.uuid)), 0) << "uuid";
  EXPECT_EQ(std::memcmp(open.physical_id, closed.physical_id, sizeof(open.physical_id)), 0);
}

TEST_F(AnswerTest, TN_answer_001_memory_adds_up) {
  const Device own = Target::get().open_device();
  tn_memory_info unused{};
  unused.struct_size = sizeof(unused);
  if (tn_device_get_memory(own.get(), &unused, nullptr) == TN_UNIMPLEMENTED) {
    TN_OPTIONAL("the device does not tell what memory is in use");
  }
  EXPECT_EQ(own.memory().live_bytes, 0u);
  EXPECT_EQ(own.memory().live_buffers, 0u);
  const Buffer buffer(own, 4096);
  own.synchronize();
  constexpr uint64_t kRoom = UINT64_C(1) << 20;  // A device may round up.
  for (int i = 0; i < 2; ++i) {
    const tn_memory_info memory = own.memory();
    EXPECT_TRUE(memory.live_bytes >= 4096 && memory.live_bytes <= 4096 + kRoom)
        << memory.live_bytes;
    EXPECT_EQ(memory.live_buffers, 1u);
    EXPECT_EQ(memory.deferred_bytes, 0u);
    EXPECT_TRUE(memory.peak_bytes >= memory.live_bytes && memory.peak_bytes <= 4096 + kRoom)
        << memory.peak_bytes;
  }
}

TEST_F(AnswerTest, TN_answer_001_buffers_are_described_alike_each_time) {
  for (const tn_buffer_kind kind : {TN_BUFFER_DEVICE, TN_BUFFER_HOST_PINNED, TN_BUFFER_SHARED}) {
    const tn_buffer_desc desc{sizeof(desc), 1000, kind, 0, nullptr};
    tn_buffer* handle = nullptr;
    const Refusal maybe;
    if (tn_buffer_create(device().get(), &desc, &handle, nullptr) != TN_OK) continue;
    const Buffer buffer(handle);
    const tn_buffer_info first = buffer.info(), second = buffer.info();
    constexpr uint32_t kKnown = TN_BUFFER_COHERENT | TN_BUFFER_IMPORTED | TN_BUFFER_READ_ONLY;
    for (const tn_buffer_info* info : {&first, &second}) {
      EXPECT_EQ(info->struct_size, sizeof(*info));
      EXPECT_EQ(info->size, 1000u);
      EXPECT_EQ(info->kind, kind);
      EXPECT_EQ(info->flags & ~kKnown, 0u);
      EXPECT_EQ(info->host_pointer != nullptr, (info->flags & TN_BUFFER_COHERENT) != 0);
    }
    EXPECT_EQ(first.flags, second.flags);
    EXPECT_EQ(first.host_pointer, second.host_pointer);
    EXPECT_EQ(first.address, second.address);
  }
}

TEST_F(AnswerTest, TN_answer_001_constants_are_described_as_they_were_made) {
  const float values[6] = {};
  const Tensor value = Tensor::host(values, TN_FLOAT32, {2, 3});
  const tn_constant_desc desc{sizeof(desc), value.get(), TN_LAYOUT_STRIDED, nullptr};
  tn_constant* handle = nullptr;
  if (TN_STATUS_CLASS(tn_constant_create(device().get(), &desc, &handle, nullptr)) ==
      TN_UNSUPPORTED) {
    TN_OPTIONAL("constants are not offered");
  }
  const Constant constant(handle);
  const tn_constant_info first = constant.info(), second = constant.info();
  for (const tn_constant_info* info : {&first, &second}) {
    EXPECT_EQ(info->struct_size, sizeof(*info));
    EXPECT_TRUE(info->resident_bytes >= sizeof(values) && info->resident_bytes < (1u << 20))
        << info->resident_bytes;
    EXPECT_EQ(info->layout, TN_LAYOUT_STRIDED);
    EXPECT_EQ(info->dtype, TN_FLOAT32);
    EXPECT_EQ(info->rank, 2);
    EXPECT_EQ(info->dims[0], 2);
    EXPECT_EQ(info->dims[1], 3);
  }
  EXPECT_EQ(first.resident_bytes, second.resident_bytes);
}

TEST_F(AnswerTest, TN_answer_001_kernels_are_described_as_they_were_made) {
  const KernelDesc desc = dense_desc("Identity", identity_type(), {4}, 1);
  const KernelDescView view(desc);
  const Kernel kernel(device(), desc);
  constexpr tn_argument_needs kUnwritten{99, 99, 99};
  const auto check_needs = [](const char* what, const tn_argument_needs& needs) {
    EXPECT_EQ(needs.requirements, 0u) << what;  // What is supported asks for nothing more.
    EXPECT_TRUE(needs.alignment == 0 || is_power_of_two(needs.alignment)) << what;
    EXPECT_LE(needs.alignment, 1u << 20) << what;
    EXPECT_EQ(needs.layout, TN_LAYOUT_STRIDED) << what;
  };
  tn_kernel_info before{};
  for (int i = 0; i < 2; ++i) {
    tn_argument_needs input = kUnwritten, output = kUnwritten;
    tn_kernel_support support{sizeof(support), &input, &output};
    ASSERT_OK(tn_kernel_supports, device().get(), view.get(), &support);
    EXPECT_EQ(support.struct_size, sizeof(support));
    EXPECT_EQ(support.inputs, &input) << "the host's own pointer was written";
    EXPECT_EQ(support.outputs, &output) << "the host's own pointer was written";
    check_needs("supports, input", input);
    check_needs("supports, output", output);

    input = output = kUnwritten;
    tn_kernel_info info{};
    info.struct_size = sizeof(info);
    info.inputs = &input;
    info.outputs = &output;
    ASSERT_OK(tn_kernel_get_info, kernel.get(), &info);
    EXPECT_EQ(info.inputs, &input) << "the host's own pointer was written";
    EXPECT_EQ(info.outputs, &output) << "the host's own pointer was written";
    check_needs("kernel, input", input);
    check_needs("kernel, output", output);
    constexpr uint32_t kKnown =
        TN_KERNEL_NO_WORKSPACE | TN_KERNEL_MAY_ALLOCATE | TN_KERNEL_SERIALISES;
    EXPECT_EQ(info.flags & ~kKnown, 0u);
    EXPECT_EQ(info.reserved, 0u);
    EXPECT_LT(info.resident_bytes, UINT64_C(1) << 32) << "to copy four numbers";
    if (i == 1) {
      EXPECT_EQ(info.resident_bytes, before.resident_bytes);
      EXPECT_EQ(info.flags, before.flags);
    }
    before = info;
  }
}

}  // namespace
}  // namespace tenon::conformance
