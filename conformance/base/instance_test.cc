// SPDX-License-Identifier: Apache-2.0
//
// Instances and devices: counting, describing, opening, the operator table.
#include <set>

#include "suite/fixture.h"
#include "tenon/cpp/operator_ids.hpp"

namespace tenon::conformance {
namespace {

using InstanceTest = DeviceTest;

TEST_F(InstanceTest, TN_instance_001_lists_its_devices) {
  const Instance& instance = Target::get().instance();
  const size_t count = instance.device_count();
  ASSERT_GT(count, Target::get().spec().index);
  std::set<std::string> uuids;
  for (size_t i = 0; i < count; ++i) {
    const tn_device_info info = instance.device_info(i);
    EXPECT_LT(strnlen(info.name, sizeof(info.name)), sizeof(info.name));
    EXPECT_NE(info.name[0], '\0');
    EXPECT_TRUE(uuids.insert(std::string(reinterpret_cast<const char*>(info.uuid), 16)).second)
        << "two devices have one uuid";
  }
}

TEST_F(InstanceTest, TN_instance_002_refuses_a_device_that_is_not_there) {
  const Instance& instance = Target::get().instance();
  const size_t count = instance.device_count();
  tn_device_info info{};
  info.struct_size = sizeof(info);
  EXPECT_FAILS(TN_OUT_OF_RANGE, tn_instance_device_info, instance.get(), count, &info);
  tn_device* device = reinterpret_cast<tn_device*>(this);
  const tn_device_desc desc{sizeof(desc), nullptr, 0};
  EXPECT_FAILS(TN_OUT_OF_RANGE, tn_device_open, instance.get(), count, &desc, &device);
  EXPECT_EQ(device, nullptr);
}

TEST_F(InstanceTest, TN_instance_003_refuses_an_unknown_option_by_name) {
  const tn_option option{"no.such.option", "1"};
  const tn_device_desc desc{sizeof(desc), &option, 1};
  tn_device* device = reinterpret_cast<tn_device*>(this);
  ErrorBuffer error;
  const Refusal meant;
  const tn_status status = tn_device_open(Target::get().instance().get(),
                                          Target::get().spec().index, &desc, &device, &error);
  EXPECT_EQ(status, TN_INVALID_ARGUMENT);
  EXPECT_EQ(device, nullptr);
  EXPECT_NE(std::string(error.message).find("no.such.option"), std::string::npos) << error.message;
}

TEST_F(InstanceTest, TN_instance_004_opening_twice_gives_independent_devices) {
  Device second = Target::get().open_device();
  EXPECT_NE(second.get(), device().get());
  const Buffer buffer(second, 256);
  EXPECT_EQ(second.memory().live_buffers, 1u);
}

TEST_F(InstanceTest, TN_instance_005_an_unknown_extension_is_unsupported) {
  const void* table = this;
  EXPECT_REFUSED(TN_UNSUPPORTED, tn_instance_extension, Target::get().instance().get(),
                 "no.such.extension", 1u, &table);
}

TEST_F(InstanceTest, TN_instance_007_the_number_of_devices_stays) {
  const Instance& instance = Target::get().instance();
  const size_t count = instance.device_count();
  EXPECT_GE(count, 1u);
  const Device open = Target::get().open_device();
  EXPECT_EQ(instance.device_count(), count);
  tn_loader* other = nullptr;
  ASSERT_OK(tn_loader_create, static_cast<const tn_loader_desc*>(nullptr), &other);
  const Loader loader(other);
  EXPECT_EQ(loader.open(Target::get().library()).device_count(), count) << "in another instance";
  EXPECT_EQ(instance.device_count(), count);
}

TEST_F(InstanceTest, TN_instance_008_an_option_is_given_once) {
  const Spec& spec = Target::get().spec();
  if (spec.options.empty()) TN_OPTIONAL("the device was named without options (NAME?KEY=VALUE)");
  for (const auto& [key, value] : spec.options) {
    const tn_option option{key.c_str(), value.c_str()};
    const tn_option twice[] = {option, option};
    const tn_device_desc desc{sizeof(desc), twice, 2};
    tn_device* device = reinterpret_cast<tn_device*>(this);
    ErrorBuffer error;
    const Refusal meant;
    EXPECT_EQ(tn_device_open(Target::get().instance().get(), spec.index, &desc, &device, &error),
              TN_INVALID_ARGUMENT)
        << key;
    EXPECT_EQ(device, nullptr);
    EXPECT_NE(std::string(error.message).find(key), std::string::npos) << error.message;
  }
}

TEST_F(InstanceTest, TN_device_008_opens_without_a_description) {
  tn_device* handle = nullptr;
  ASSERT_OK(tn_device_open, Target::get().instance().get(), Target::get().spec().index,
            static_cast<const tn_device_desc*>(nullptr), &handle);
  const Device device(handle);
  EXPECT_EQ(Buffer(device, 64).info().size, 64u);
}

TEST_F(InstanceTest, TN_device_001_describes_itself) {
  const tn_device_info info = device().info();
  EXPECT_GE(info.type, TN_DEVICE_CPU);
  EXPECT_NE(info.alignment, 0u);
  EXPECT_EQ(info.alignment & (info.alignment - 1), 0u) << "alignment is no power of two";
  EXPECT_GT(info.max_allocation, 0u);
  const tn_device_info closed = Target::get().instance().device_info(Target::get().spec().index);
  EXPECT_EQ(std::memcmp(info.uuid, closed.uuid, sizeof(info.uuid)), 0);
}

TEST_F(InstanceTest, TN_device_002_arguments_of_another_device_are_refused) {
  Device other = Target::get().open_device();
  const Buffer foreign(other, 64);
  const Buffer own = make_buffer(64);
  const Event event(other);
  EXPECT_FAILS(TN_INVALID_ARGUMENT, tn_stream_copy, stream_.get(), own.get(), uint64_t{0},
               foreign.get(), uint64_t{0}, uint64_t{64});
  EXPECT_FAILS(TN_INVALID_ARGUMENT, tn_stream_wait_event, stream_.get(), event.get(), nullptr);
  EXPECT_FAILS(TN_INVALID_ARGUMENT, tn_event_record, event.get(), stream_.get(), nullptr);
}

TEST_F(InstanceTest, TN_device_003_counts_memory) {
  Device own = Target::get().open_device();
  EXPECT_EQ(own.memory().live_buffers, 0u);
  {
    const Buffer a(own, 1000), b(own, 3000);
    const tn_memory_info memory = own.memory();
    EXPECT_EQ(memory.live_buffers, 2u);
    EXPECT_GE(memory.live_bytes, 4000u);
    EXPECT_GE(memory.peak_bytes, memory.live_bytes);
  }
  own.synchronize();
  const tn_memory_info memory = own.memory();
  EXPECT_EQ(memory.live_buffers, 0u);
  EXPECT_EQ(memory.live_bytes, 0u);
  EXPECT_GE(memory.peak_bytes, 4000u);
}

TEST_F(InstanceTest, TN_device_003_constants_count_until_their_last_holder_goes) {
  const Device own = Target::get().open_device();
  constexpr int64_t kCount = 1024;
  const std::vector<int32_t> values(kCount, 1);
  const Tensor value = Tensor::host(values.data(), TN_INT32, {kCount});
  const tn_constant_desc desc{sizeof(desc), value.get(), TN_LAYOUT_STRIDED, nullptr};
  tn_memory_info memory{};
  memory.struct_size = sizeof(memory);
  tn_constant* handle = nullptr;
  const Refusal maybe;
  if (tn_device_get_memory(own.get(), &memory, nullptr) == TN_UNIMPLEMENTED ||
      tn_constant_create(own.get(), &desc, &handle, nullptr) != TN_OK) {
    TN_OPTIONAL("the device has no constants, or does not tell what memory is in use");
  }
  Constant constant(handle);
  EXPECT_GE(own.memory().live_bytes, kCount * sizeof(int32_t));
  {
    // Identity, which every device has.
    KernelDesc copy = dense_desc("Identity", TN_INT32, {kCount}, 1);
    copy.inputs[0] = Argument::of_constant(constant, TN_INT32, {kCount});
    const KernelDescView view(copy);
    tn_kernel* kernel = nullptr;
    const tn_status status = tn_kernel_create(own.get(), view.get(), &kernel, nullptr);
    constant = Constant();
    copy.inputs.clear();
    if (status == TN_OK) {
      own.synchronize();
      EXPECT_GE(own.memory().live_bytes, kCount * sizeof(int32_t)) << "a kernel holds it";
    }
    tn_kernel_destroy(kernel);
  }
  for (int i = 0; i < 1000 && own.memory().live_bytes + own.memory().deferred_bytes != 0; ++i) {
    own.synchronize();
  }
  EXPECT_EQ(own.memory().live_bytes, 0u) << "nobody holds the constant any more";
  EXPECT_EQ(own.memory().deferred_bytes, 0u);
}

TEST_F(InstanceTest, TN_device_004_synchronize_waits_for_all_streams) {
  const Stream second(device());
  const Bytes bytes = pattern_bytes(1 << 20);
  const Buffer a = make_buffer(bytes.size()), b = make_buffer(bytes.size());
  const auto queue = [&](const Stream& stream, const Buffer& buffer) -> const Bytes& {
    hold_back(stream, std::chrono::milliseconds(50));
    write(stream, buffer, 0, bytes);
    return read(stream, buffer, 0, bytes.size());
  };
  const Bytes& from_a = queue(stream_, a);
  const Bytes& from_b = queue(second, b);
  EXPECT_OK(tn_device_synchronize, device().get());
  EXPECT_EQ(from_a, bytes);
  EXPECT_EQ(from_b, bytes);
}

TEST_F(InstanceTest, TN_device_005_operator_table_is_well_formed) {
  for (const std::string& problem : Target::get().table_problems()) ADD_FAILURE() << problem;
  std::set<std::tuple<std::string, std::string, int32_t>> seen;
  for (const OperatorRow& row : Target::get().operators()) {
    if (const OperatorId* known = op::find(row.domain, row.name)) {
      EXPECT_EQ(row.revision, known->revision) << row.name << ": hosts take no other";
    }
    EXPECT_TRUE(seen.insert({row.domain, row.name, row.version}).second)
        << row.name << " has two rows for version " << row.version;
  }
}

TEST_F(InstanceTest, TN_device_006_base_operators_are_there) {
  for (const auto& [domain, name] :
       {std::pair{"", "Identity"}, std::pair{"", "Cast"}, std::pair{"tenon", "Fill"}}) {
    const OperatorRow* row = Target::get().find(domain, name);
    ASSERT_NE(row, nullptr) << name << " is mandatory";
    EXPECT_TRUE(row->has(TN_INT32)) << name;
  }
}

}  // namespace
}  // namespace tenon::conformance
