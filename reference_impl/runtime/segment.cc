// SPDX-License-Identifier: Apache-2.0
#include "runtime/segment.h"

#include <sys/mman.h>
#include <unistd.h>

#include <utility>

#include "tenon/cpp/error.hpp"

namespace tenon::runtime {

ReservedRange::ReservedRange(uint64_t bytes) {
  const uint64_t granule = AddressMap::kGranule;
  const auto page = static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
  const uint64_t size = (bytes + page - 1) / page * page;
  size_ = size;
  void* memory =
      mmap(nullptr, size + granule, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED) {
    throw Error(TN_OUT_OF_MEMORY, "", "no addresses are left to stand for device memory");
  }
  const auto begin = reinterpret_cast<uint64_t>(memory);
  address_ = (begin + granule - 1) / granule * granule;
  // Give back what lies before and behind the aligned part.
  if (address_ > begin) munmap(memory, address_ - begin);
  const uint64_t behind = begin + size + granule - (address_ + size);
  if (behind > 0) munmap(reinterpret_cast<void*>(address_ + size), behind);
}

ReservedRange::ReservedRange(ReservedRange&& other) noexcept
    : address_(std::exchange(other.address_, 0)), size_(other.size_) {}

ReservedRange::~ReservedRange() {
  if (address_ != 0) munmap(reinterpret_cast<void*>(address_), size_);
}

Segment::Segment(tn_device* device, AddressMap& address_map, uint64_t bytes, uint32_t alignment,
                 tn_stream* stream)
    : map(address_map), size(bytes) {
  tn_buffer_desc desc{sizeof(desc), size, TN_BUFFER_DEVICE, alignment, stream};
  ErrorBuffer error;
  tn_status status = tn_buffer_create(device, &desc, &buffer, &error);
  if (alignment != 0 &&
      (TN_STATUS_CLASS(status) == TN_UNSUPPORTED || status == TN_INVALID_ARGUMENT)) {
    // A device that cannot align so far; its addresses then are not whole granules.
    desc.alignment = 0;
    status = tn_buffer_create(device, &desc, &buffer, &error);
  }
  check(status, error);
  try {
    tn_buffer_info info{};
    info.struct_size = sizeof(info);
    tenon::call(tn_buffer_get_info, buffer, &info);
    // Where the host may touch memory, its address has to be the true one even if it is slow to
    // look up; elsewhere a reserved range does as well.
    const bool coherent = (info.flags & TN_BUFFER_COHERENT) != 0 && info.host_pointer != nullptr;
    address = coherent ? reinterpret_cast<uint64_t>(info.host_pointer) : info.address;
    if (address == 0 || (!coherent && address % AddressMap::kGranule != 0)) {
      reserved_ = std::make_unique<ReservedRange>(size);
      address = reserved_->address();
    }
    map.insert(address, size, buffer);
  } catch (...) {
    tn_buffer_destroy(buffer, nullptr);
    throw;
  }
}

Segment::~Segment() {
  map.erase(address);
  tn_buffer_destroy(buffer, nullptr);
}

}  // namespace tenon::runtime
