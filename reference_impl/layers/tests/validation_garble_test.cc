// SPDX-License-Identifier: Apache-2.0
//
// Every output of every function is garbled in turn, in every way: no host trips over it, and the
// plugin is named for each that breaks the standard.
#include "reference_impl/layers/tests/fixture.h"
#include "reference_impl/layers/tests/garble.h"
#include "reference_impl/layers/tests/use_everything.h"

namespace tenon::layers {
namespace {

using garble::Kind;
using garble::Place;

// Numbers of which some values cannot be; any value of the others is legal. The ways are those
// that are wrong.
struct Judged {
  const char* function;
  const char* where;
  std::vector<size_t> ways;
};
constexpr size_t kZero = 0, kMost = 1, kOdd = 2, kNegative = 3;
const std::vector<Judged>& judged() {
  static const std::vector<Judged> all = {
      {"instance_device_count", "count", {kZero, kMost, kNegative}},
      {"instance_device_info", "info->alignment", {kZero, kMost, kOdd, kNegative}},
      {"instance_device_info", "info->max_allocation", {kZero}},
      {"device_get_info", "info->alignment", {kZero, kMost, kOdd, kNegative}},
      {"device_get_info", "info->max_allocation", {kZero}},
      {"device_get_memory", "info->peak_bytes", {kZero, kOdd}},
      {"device_get_memory", "info->live_bytes", {kMost, kNegative}},
      {"device_get_memory", "info->deferred_bytes", {kMost, kNegative}},
      {"device_get_operators", "table->count", {kMost, kNegative}},
      {"device_get_operators", "table->stride", {kZero, kMost, kOdd, kNegative}},
      {"buffer_get_info", "info->size", {kZero, kMost, kOdd, kNegative}},
      {"buffer_get_info", "info->address", {kOdd}},
      {"layout_size", "size", {kZero, kMost, kOdd, kNegative}},
      {"constant_get_info", "info->rank", {kZero, kMost, kOdd, kNegative}},
      {"constant_get_info", "info->resident_bytes", {kZero, kOdd}},
      {"constant_get_info", "info->layout", {kMost, kOdd, kNegative}},
      {"kernel_workspace_size", "size", {kMost, kNegative}},
      {"device_property", "property->count", {kZero, kMost, kOdd, kNegative}},
  };
  return all;
}

// Whether this breaks the standard, whatever the device.
bool is_wrong(const Place& place, size_t way) {
  const auto is = [&](const char* function, const char* where) {
    return std::string_view(place.function) == function && std::string_view(place.where) == where;
  };
  if (place.kind == Kind::kNumber) {
    for (const Judged& one : judged()) {
      if (!is(one.function, one.where)) continue;
      return std::find(one.ways.begin(), one.ways.end(), way) != one.ways.end();
    }
    return false;
  }
  // A coherent buffer has a pointer; this device's tables have rows.
  return true;
}

class Garbled : public testing::Test {
 protected:
  void use(const Place* place, size_t way) {
    RecordingHost host;
    const tn_plugin_entry_fn entry = garble::entry;
    {
      garble::lie_at(nullptr, 0);
      const Loader loader({}, host.get(), "validation", {&entry, 1});
      const Instance instance = loader.open("garbled");
      garble::lie_at(place, way);
      const tn_option late{"memory", "discrete"};
      usage_ = use_everything(instance, {&late, 1});
      told_ = garble::told();
      garble::lie_at(nullptr, 0);
    }
    blamed_.clear();
    for (const std::string& line : host.lines()) {
      if (line.find("plugin 'garbled'") != std::string::npos) blamed_.push_back(line);
    }
    lines_ = host.lines();
  }

  Usage usage_;
  int told_ = 0;
  std::vector<std::string> blamed_;
  std::vector<std::string> lines_;
};

TEST_F(Garbled, TN_answer_001_is_blamed_everywhere) {
  size_t lies = 0;
  for (const Place& place : garble::places()) {
    for (size_t way = 0; way < garble::ways_of(place.kind); ++way) {
      const std::string lie =
          std::string(place.function) + " " + place.where + ": " + garble::name_of(place.kind, way);
      use(&place, way);
      EXPECT_GT(told_, 0) << lie << ": the host never called it";
      EXPECT_THAT(usage_.unusable, testing::IsEmpty()) << lie;
      if (!is_wrong(place, way)) continue;
      EXPECT_THAT(blamed_, testing::Not(testing::IsEmpty()))
          << lie << ", " << testing::PrintToString(lines_);
      for (const std::string& line : blamed_) {
        EXPECT_THAT(line, testing::HasSubstr("[TN-")) << lie;
        EXPECT_THAT(line, testing::HasSubstr("report it to its vendor")) << lie;
      }
      ++lies;
    }
  }
  RecordProperty("lies", static_cast<int>(lies));
  EXPECT_GT(lies, 600u);
}

// Which rule is named, of some that only this tells.
struct Named {
  const char* function;
  const char* where;
  const char* way;
  const char* rule;
};

class GarbledRule : public Garbled {
 protected:
  void expect(std::initializer_list<Named> all) {
    for (const Named& one : all) {
      const std::string lie = std::string(one.function) + " " + one.where + ": " + one.way;
      size_t found = 0;
      for (const Place& place : garble::places()) {
        if (std::string_view(place.function) != one.function ||
            std::string_view(place.where) != one.where) {
          continue;
        }
        for (size_t way = 0; way < garble::ways_of(place.kind); ++way) {
          if (std::string_view(garble::name_of(place.kind, way)) != one.way) continue;
          ++found;
          use(&place, way);
          EXPECT_THAT(blamed_,
                      testing::Contains(testing::HasSubstr("[" + std::string(one.rule) + ": ")))
              << lie;
        }
      }
      EXPECT_EQ(found, 1u) << lie << " is no place";
    }
  }
};

TEST_F(GarbledRule, TN_error_002_003_005_struct_003_of_errors) {
  expect({{"stream_synchronize", "error", "another code", "TN-error-002"},
          {"stream_synchronize", "error", "no message", "TN-error-002"},
          {"stream_synchronize", "error", "a message that is not UTF-8", "TN-error-002"},
          {"stream_synchronize", "error", "written with TN_OK", "TN-error-003"},
          {"stream_query", "error", "too early", "TN-error-005"},
          {"stream_synchronize", "error", "bytes behind it", "TN-struct-003"},
          {"device_get_info", "info->struct_size", "bytes behind it", "TN-struct-003"}});
}

TEST_F(GarbledRule, TN_status_001_003_of_statuses) {
  expect({{"stream_copy", "", "a class beyond", "TN-status-001"},
          {"stream_copy", "", "too early", "TN-status-003"}});
}

TEST_F(GarbledRule, TN_device_009_buffer_005_constant_004_layout_001_answer_003_of_numbers) {
  expect({{"device_get_memory", "info->peak_bytes", "0", "TN-device-009"},
          {"buffer_get_info", "info->address", "odd", "TN-buffer-005"},
          {"constant_get_info", "info->resident_bytes", "0", "TN-constant-004"},
          {"layout_size", "size", "odd", "TN-layout-001"},
          {"kernel_workspace_size", "size", "negative", "TN-answer-003"}});
}

TEST_F(GarbledRule, TN_map_001_answer_002_handle_004_of_pointers) {
  expect({{"buffer_map", "pointer", "nothing there", "TN-map-001"},
          {"buffer_map", "pointer", "NULL with TN_OK", "TN-answer-002"},
          {"instance_extension", "table", "nothing there", "TN-answer-002"},
          {"kernel_create", "kernel", "one that is in use", "TN-handle-004"}});
}

TEST_F(GarbledRule, TN_kernel_007_008_of_needs) {
  expect({{"kernel_supports", "support->inputs", "everything", "TN-kernel-007"},
          {"kernel_supports", "support->outputs", "an odd alignment", "TN-kernel-007"},
          {"kernel_get_info", "info->inputs", "the layout 7", "TN-kernel-008"}});
}

// What is wrong with none of its answers is told of none.
TEST_F(Garbled, TN_answer_001_the_sound_one_is_not_blamed) {
  use(nullptr, 0);
  EXPECT_THAT(lines_, testing::IsEmpty());
  EXPECT_EQ(usage_.failures, 0) << usage_.last_failure;
  EXPECT_THAT(usage_.unusable, testing::IsEmpty());
}

}  // namespace
}  // namespace tenon::layers

// Handles that a liar has not handed over are nobody's to destroy.
extern "C" int __lsan_is_turned_off() { return 1; }
