// SPDX-License-Identifier: Apache-2.0
//
// What the running test has asked of the device last: a kernel's description, a launch, and the
// bytes that its tensors hold. The linker sends the suite's own calls of libtenon here (--wrap). A
// test that fails gets from it a description, the plugin's own words and a program in C that does
// the same (reproducer.h).
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "tenon/tenon.h"

namespace tenon::conformance {

using Bytes = std::vector<unsigned char>;

struct RecordedArgument {
  tn_argument raw{};  // Its pointers are not to be followed.
  std::optional<std::vector<int64_t>> dims, min_dims, max_dims, strides;
  std::optional<Bytes> value;  // Of a constant given as host data.
};

struct RecordedTensor {
  tn_tensor raw{};  // Likewise.
  std::vector<int64_t> dims;
  std::optional<std::vector<int64_t>> strides;
  Bytes host;  // Host data.
};

struct RecordedAttribute {
  std::string name;
  tn_attribute_type type = 0;
  std::vector<float> floats;
  std::vector<int64_t> ints;
  std::vector<std::string> strings;
  std::vector<RecordedTensor> tensors;
};

struct RecordedKernel {
  std::string domain, name;
  int32_t version = 0;
  uint32_t flags = 0;
  tn_math_mode math_mode = TN_MATH_STRICT;
  std::vector<RecordedArgument> inputs, outputs;
  std::vector<RecordedAttribute> attributes;
};

// One step of how a buffer came to hold what it holds.
struct RecordedWrite {
  enum class Kind { kWrite, kFill, kReorder } kind = Kind::kWrite;
  uint64_t offset = 0, size = 0;
  std::optional<Bytes> bytes;  // Of kWrite, unless they are too many; the pattern of kFill.
  RecordedTensor to, from;     // Of kReorder.
};

struct RecordedLaunch {
  std::vector<std::optional<RecordedTensor>> inputs, outputs;
  bool has_output_dims = false;
};

struct Record {
  std::optional<RecordedKernel> kernel;  // Asked about, made or launched last.
  std::optional<RecordedLaunch> launch;  // Of that kernel; none where it was not launched.
  std::map<const tn_buffer*, std::vector<RecordedWrite>> buffers;
  std::map<const tn_buffer*, uint64_t> sizes;
  std::string said;  // "TN_UNSUPPORTED: ..." of the last call that failed with a message.
};

class Recorder {
 public:
  static Recorder& get();

  // For the next test.
  void restart();
  Record now() const;

  void described(const tn_kernel_desc* desc);
  void created(const tn_kernel_desc* desc, const tn_kernel* kernel);
  void launched(const tn_kernel* kernel, const tn_launch* launch);
  void destroyed(const tn_kernel* kernel);
  void made(const tn_buffer* buffer, uint64_t size);
  void destroyed(const tn_buffer* buffer);
  void wrote(const tn_buffer* buffer, uint64_t offset, const void* bytes, uint64_t size);
  void filled(const tn_buffer* buffer, uint64_t offset, uint64_t size, const void* pattern,
              size_t pattern_size);
  void reordered(const tn_tensor* to, const tn_tensor* from);
  // Of a call that came back with this.
  void answered(tn_status status, const tn_error* error);

 private:
  void add(const tn_buffer* buffer, RecordedWrite write);

  mutable std::mutex mutex_;
  Record record_;
  std::map<const tn_kernel*, RecordedKernel> kernels_;
};

}  // namespace tenon::conformance
