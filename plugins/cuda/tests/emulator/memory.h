// SPDX-License-Identifier: Apache-2.0
//
// Memory of the emulated device. Its addresses are reserved and fault when touched; the bytes
// lie elsewhere at a fixed distance, where kernels and copies find them. Addresses are not used
// twice, every allocation ends at a page that cannot be touched, and new memory holds poison.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>

namespace emulator {

inline constexpr uint64_t kDeviceBytes = uint64_t{8} << 30;  // As the driver tells.
inline constexpr uint64_t kHostBit = uint64_t{1} << 60;

class Memory {
 public:
  Memory();

  // 0: there is no memory left.
  uint64_t allocate(uint64_t size);
  bool free(uint64_t address);

  // Pages are pinned once: false where one of them is already.
  bool pin(void* memory, uint64_t size);
  bool unpin(void* memory);
  bool pinned(const void* memory) const;

  // Where the bytes of a range lie, for a copy: of the device, if it is allocated, or of the host.
  // Null: the range is neither.
  std::byte* bytes(uint64_t address, uint64_t size) const;

  uint64_t used() const;  // Bytes that are allocated.
  uint64_t begin() const { return begin_; }
  uint64_t end() const;
  uint64_t shift() const { return shift_; }

 private:
  mutable std::mutex mutex_;
  uint64_t begin_ = 0;
  uint64_t next_ = 0;
  uint64_t shift_ = 0;
  uint64_t used_ = 0;
  std::map<uint64_t, uint64_t> allocations_;  // Sizes by address.
  std::map<uint64_t, uint64_t> pinned_;       // Likewise, of the host.
};

Memory& memory();

}  // namespace emulator
