// SPDX-License-Identifier: Apache-2.0
//
// Dense stand-ins for arguments that a kernel cannot take as they are.
#pragma once

#include <vector>

#include "runtime/kernel_key.h"
#include "runtime/prepared_call.h"
#include "runtime/stream_impl.h"

namespace tenon::runtime {

class DeviceImpl;

// Device memory for the length of a scope; freed in the stream's order.
class ScratchMemory {
 public:
  ScratchMemory(DeviceImpl& device, StreamImpl& stream) : device_(device), stream_(stream) {}
  ~ScratchMemory();
  ScratchMemory(const ScratchMemory&) = delete;
  ScratchMemory& operator=(const ScratchMemory&) = delete;

  void* allocate(size_t bytes);
  // Dense memory for a tensor like this one, and `more` bytes.
  void* allocate_like(const Argument& argument, uint64_t more = 0);

 private:
  DeviceImpl& device_;
  StreamImpl& stream_;
  std::vector<void*> addresses_;
};

// Replaces arguments of a call by temporaries: inputs are copied now, outputs after the launch.
class Temporaries {
 public:
  Temporaries(DeviceImpl& device, StreamImpl& stream);

  // Makes the call fit the profile: dense and aligned where it asks for that, outputs apart from
  // inputs.
  void apply(PreparedCall& call, const Profile& profile);
  void copy_back();
  size_t count() const { return count_; }

 private:
  struct CopyBack {
    tn_tensor to;
    tn_tensor from;
  };

  tn_tensor dense_copy_of(const tn_tensor& tensor, const Argument& argument, uint64_t alignment);

  DeviceImpl& device_;
  StreamImpl& stream_;
  ScratchMemory memory_;
  std::vector<CopyBack> copies_;
  size_t count_ = 0;
};

}  // namespace tenon::runtime
