// SPDX-License-Identifier: Apache-2.0
//
// What the layers' tests share: a device opened through a layer, and the log it writes.
#pragma once

#include <gmock/gmock.h>

#include <mutex>
#include <string>
#include <vector>

#include "tenon/tenon.hpp"

namespace tenon::layers {

// A host that keeps what is logged.
class RecordingHost {
 public:
  RecordingHost() {
    host_.struct_size = sizeof(host_);
    host_.context = this;
    host_.log = log;
  }
  const tn_host* get() const { return &host_; }
  std::vector<std::string> lines() {
    const std::lock_guard lock(mutex_);
    return lines_;
  }
  // Lines that name a rule.
  std::vector<std::string> about(const std::string& rule) {
    std::vector<std::string> found;
    for (const std::string& line : lines()) {
      if (line.find("[" + rule + ": ") != std::string::npos) found.push_back(line);
    }
    return found;
  }

 private:
  static void TN_CALL log(void* context, tn_log_level, const char* component, const char* message) {
    auto& self = *static_cast<RecordingHost*>(context);
    if (std::string_view(component) != "validation") return;
    const std::lock_guard lock(self.mutex_);
    self.lines_.emplace_back(message);
  }

  tn_host host_{};
  std::mutex mutex_;
  std::vector<std::string> lines_;
};

class Layers : public testing::Test {
 protected:
  explicit Layers(const char* layers = "validation")
      : loader_(std::span<const std::string>(), host_.get(), layers),
        instance_(loader_.open("cpu")) {
    const tn_option memory{"memory", "discrete"};
    device_ = instance_.open_device(0, {&memory, 1});
    stream_ = Stream(device_);
  }

  Buffer make_buffer(uint64_t size) { return Buffer(device_, size); }

  // The call is refused with this status, and both the error and the log name the rule.
  template <class Function, class... Arguments>
  void expect_broken(const std::string& rule, tn_status status, Function function,
                     Arguments... arguments) {
    const size_t before = host_.about(rule).size();
    ErrorBuffer error;
    EXPECT_EQ(status_name(function(arguments..., &error)), std::string(status_name(status)));
    EXPECT_EQ(error.rule, rule) << error.message;
    EXPECT_EQ(error.code, status);
    EXPECT_THAT(error.message, testing::HasSubstr("; ")) << "what is wrong; what to do";
    EXPECT_EQ(host_.about(rule).size(), before + 1) << testing::PrintToString(host_.lines());
    EXPECT_THAT(host_.lines().back(), testing::HasSubstr(std::string(error.message, 20)));
  }
  // A void function, or one that goes on, has been reported.
  void expect_reported(const std::string& rule, size_t times = 1) {
    EXPECT_EQ(host_.about(rule).size(), times) << testing::PrintToString(host_.lines());
  }
  void expect_silence() { EXPECT_THAT(host_.lines(), testing::IsEmpty()); }

  RecordingHost host_;
  Loader loader_;
  Instance instance_;
  Device device_;
  Stream stream_;
};

// A handle that a test wants to be overwritten.
template <class Handle>
Handle* garbage() {
  static int something;
  return reinterpret_cast<Handle*>(&something);
}

}  // namespace tenon::layers
