// SPDX-License-Identifier: Apache-2.0
//
// The trace of a small program, as a viewer would read it.
#include "reference_impl/layers/tests/fixture.h"
#include "reference_impl/layers/tests/read_trace.h"
#include "tenon/cpp/operator_ids.hpp"

namespace tenon::layers {
namespace {

// Adds two vectors on a device that is opened through these layers.
void run_program(const char* layers) {
  RecordingHost host;
  const Loader loader({}, host.get(), layers);
  const tn_option memory{"memory", "discrete"};
  const Device device = loader.open("cpu").open_device(0, {&memory, 1});
  const Stream stream(device);
  const Buffer buffer(device, 64);
  KernelDesc desc;
  desc.name = "Add";
  desc.version = op::kAdd.version;
  desc.input(Argument::device(TN_FLOAT32, {4}));
  desc.input(Argument::device(TN_FLOAT32, {4}));
  desc.output(Argument::device(TN_FLOAT32, {4}));
  const Kernel kernel(device, desc);
  const float values[8] = {1, 2, 3, 4, 5, 6, 7, 8};
  stream.write(buffer, 0, values, sizeof(values));
  const Tensor a = Tensor::device(buffer.get(), TN_FLOAT32, {4});
  const Tensor b = Tensor::device(buffer.get(), TN_FLOAT32, {4}).with_offset(16);
  const Tensor c = Tensor::device(buffer.get(), TN_FLOAT32, {4}).with_offset(32);
  const tn_tensor* inputs[] = {a.get(), b.get()};
  const tn_tensor* outputs[] = {c.get()};
  kernel.launch(stream, inputs, outputs);
  tn_peer_copy(stream.get(), buffer.get(), 48, buffer.get(), 32, 16, nullptr);
  float sums[4];
  stream.read(sums, buffer, 32, sizeof(sums));
  stream.synchronize();
  EXPECT_THAT(sums, testing::ElementsAre(6, 8, 10, 12));
  tn_stream_fill(stream.get(), buffer.get(), 60, 8, "x", 1, nullptr);
  EXPECT_EQ(tn_stream_query(stream.get(), nullptr), TN_OK);
}

class TraceTest : public testing::TestWithParam<const char*> {};

TEST_P(TraceTest, CallsWorkAndCounters) {
  const std::string path = path_for("program");
  ASSERT_EQ(setenv("TENON_TRACE_FILE", path.c_str(), 1), 0);
  run_program(GetParam());
  const std::vector<json> events = read_trace(path);
  std::filesystem::remove(path);

  // Calls with their arguments, structs and enums by name.
  const auto created = named(events, "tn_buffer_create");
  ASSERT_EQ(created.size(), 1u);
  EXPECT_EQ(created[0]["ph"], "X");
  EXPECT_EQ(created[0]["cat"], "call");
  EXPECT_EQ(created[0]["args"]["desc"]["size"], 64);
  EXPECT_EQ(created[0]["args"]["desc"]["kind"], "TN_BUFFER_DEVICE");
  const json buffer = created[0]["args"]["buffer"];
  EXPECT_TRUE(buffer.is_string());
  const auto launched = named(events, "tn_kernel_launch Add");
  ASSERT_EQ(launched.size(), 1u);
  const json& launch = launched[0]["args"]["launch"];
  EXPECT_EQ(launch["inputs"][1]["buffer"], buffer);
  EXPECT_EQ(launch["inputs"][1]["offset"], 16);
  EXPECT_EQ(launch["inputs"][1]["dtype"], "TN_FLOAT32");
  EXPECT_EQ(launch["outputs"][0]["dims"], json::parse("[4]"));
  EXPECT_EQ(named(events, "tn_kernel_create Add").size(), 1u);

  // Functions of extensions are calls like others.
  const auto copied = named(events, "tn_peer_copy");
  ASSERT_EQ(copied.size(), 1u);
  EXPECT_EQ(copied[0]["cat"], "call");
  EXPECT_EQ(copied[0]["args"]["dst"], buffer);
  EXPECT_EQ(copied[0]["args"]["dst_offset"], 48);
  EXPECT_EQ(copied[0]["args"]["size"], 16);

  // Failures say so, unless a layer above has kept the call back.
  const auto filled = named(events, "tn_stream_fill");
  const bool kept_back = std::string_view(GetParam()) == "validation,trace";
  ASSERT_EQ(filled.size(), kept_back ? 0u : 1u);
  for (const json& event : filled) EXPECT_EQ(event["args"]["status"], "TN_OUT_OF_RANGE");

  // Queued work on its stream's row, in order, each after its call began.
  double end = 0;
  for (const char* name :
       {"write 32 bytes", "Add", "copy 16 bytes between devices", "read 16 bytes"}) {
    const auto work = named(events, name);
    ASSERT_EQ(work.size(), 1u) << name;
    EXPECT_EQ(work[0]["cat"], "work");
    EXPECT_NE(work[0]["tid"], launched[0]["tid"]);
    EXPECT_GE(work[0]["ts"].get<double>(), end - 0.01) << name;
    end = work[0]["ts"].get<double>() + work[0]["dur"].get<double>();
  }
  EXPECT_GE(named(events, "Add")[0]["ts"], launched[0]["ts"]);

  // Live bytes go up, and down to where they began.
  std::vector<int64_t> live;
  for (const json& event : events) {
    if (event["ph"] == "C") live.push_back(event["args"]["live"]);
  }
  EXPECT_THAT(live, testing::ElementsAre(0, 64, 0));
}

INSTANTIATE_TEST_SUITE_P(Layers, TraceTest,
                         testing::Values("trace", "trace,validation", "validation,trace"));

// The number of dims is then unknown. (What is read in spite of that, the address sanitizer
// sees.)
TEST(Trace, ARankThatIsNoneIsPrintedWithoutDims) {
  const std::vector<int64_t> dims{4};
  tn_argument argument{};
  argument.struct_size = sizeof(argument);
  argument.kind = TN_ARGUMENT_DEVICE;
  argument.dtype = TN_FLOAT32;
  argument.dims = dims.data();
  const tn_argument* arguments[] = {&argument};
  tn_kernel_desc desc{};
  desc.struct_size = sizeof(desc);
  desc.name = "Relu";
  desc.version = op::kRelu.version;
  desc.inputs = arguments;
  desc.input_count = 1;
  const std::string path = path_for("ranks");
  ASSERT_EQ(setenv("TENON_TRACE_FILE", path.c_str(), 1), 0);
  {
    const Loader loader({}, nullptr, "trace");
    const Device device = loader.open("cpu").open_device(0);
    for (const int32_t rank : {99, -1, INT32_MAX}) {
      argument.rank = rank;
      EXPECT_EQ(tn_kernel_supports(device.get(), &desc, nullptr, nullptr), TN_INVALID_ARGUMENT);
    }
  }
  const auto asked = named(read_trace(path), "tn_kernel_supports");
  std::filesystem::remove(path);
  ASSERT_EQ(asked.size(), 3u);
  for (const json& call : asked) EXPECT_TRUE(call["args"]["desc"]["inputs"][0]["dims"].is_null());
}

TEST(Trace, AFileThatCannotBeMadeIsAnError) {
  ASSERT_EQ(setenv("TENON_TRACE_FILE", "/nonexistent/folder/trace.json", 1), 0);
  RecordingHost host;
  const Loader loader({}, host.get(), "trace");
  tn_instance* instance = garbage<tn_instance>();
  ErrorBuffer error;
  EXPECT_EQ(tn_loader_open(loader.get(), "cpu", nullptr, &instance, &error), TN_INVALID_ARGUMENT);
  EXPECT_EQ(instance, nullptr);
  EXPECT_THAT(error.message, testing::HasSubstr("TENON_TRACE_FILE"));
}

}  // namespace
}  // namespace tenon::layers
