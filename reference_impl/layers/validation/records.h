// SPDX-License-Identifier: Apache-2.0
//
// What the layer knows of each kind of handle beyond the common. Guarded by the layer's mutex where
// it changes.
#pragma once

#include <vector>

#include "reference_impl/layers/validation/order.h"
#include "reference_impl/layers/validation/registry.h"

namespace tenon::layers::validation {

struct InstanceRecord : Record {
  using Record::Record;
  std::atomic<size_t> devices{0};  // As first counted; 0: not yet.
};

struct DeviceRecord : Record {
  using Record::Record;
  std::atomic<bool> lost{false};  // It has answered TN_DEVICE_LOST.
  tn_device_info info{};
};

// Queued work that reads or writes bytes of a buffer.
struct Use {
  Point work;
  uint64_t begin;
  uint64_t end;
  bool writes;
  bool exact;  // Every byte of the range is used; else it is the hull of a view with gaps.
};

struct MappedRange {
  const void* pointer;
  uint64_t begin;
  uint64_t end;
};

struct BufferRecord : Record {
  using Record::Record;
  uint64_t size = 0;
  tn_buffer_kind buffer_kind = TN_BUFFER_DEVICE;
  uint32_t alignment = 0;  // As asked for; 0: the device's.
  bool imported = false;
  bool read_only = false;
  std::vector<MappedRange> mapped;
  std::vector<Use> uses;
};

struct StreamRecord : Record {
  using Record::Record;
  size_t order = 0;          // Its name in Order.
  std::atomic<int> user{0};  // The thread whose call queues work now.
};

struct EventRecord : Record {
  using Record::Record;
  bool timing = false;
  bool by_host = false;  // TN_EVENT_HOST
  std::atomic<bool> signalled{false};
  Clock recorded;  // What its latest record stands for.
};

struct ConstantRecord : Record {
  using Record::Record;
  int64_t references = 1;  // The host's.
  tn_layout layout = TN_LAYOUT_STRIDED;
  tn_dtype dtype = TN_FLOAT32;
  std::vector<int64_t> dims;
};

// An argument as described at create.
struct Described {
  tn_argument_kind kind;
  tn_dtype dtype;
  int32_t rank;
  int32_t alias;
  tn_layout layout;
  bool dense;          // TN_ARGUMENT_DENSE
  uint32_t alignment;  // 0: nothing is promised.
  // Empty: all dynamic, or no bound.
  std::vector<int64_t> dims;
  std::vector<int64_t> min_dims;
  std::vector<int64_t> max_dims;
  std::vector<int64_t> strides;
};

struct KernelRecord : Record {
  using Record::Record;
  std::string name;           // "Add", "tenon.Fill"
  bool told = false;          // The kernel has said what follows.
  bool no_workspace = false;  // TN_KERNEL_NO_WORKSPACE
  std::vector<Described> inputs;
  std::vector<Described> outputs;
};

}  // namespace tenon::layers::validation
