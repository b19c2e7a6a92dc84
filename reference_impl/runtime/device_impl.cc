// SPDX-License-Identifier: Apache-2.0
#include "runtime/device_impl.h"

#include <algorithm>
#include <cstdlib>
#include <exception>

namespace tenon::runtime {
namespace {

constexpr size_t kDefaultKernels = 1024;
constexpr size_t kPinnedAlignment = 64;

size_t kernel_capacity() {
  const char* text = std::getenv("TENON_KERNEL_CACHE");
  if (text == nullptr) return kDefaultKernels;
  char* end = nullptr;
  const unsigned long long value = std::strtoull(text, &end, 10);
  if (end == text || *end != '\0' || value == 0 || value > (1u << 24)) {
    throw Error(
        TN_INVALID_ARGUMENT, "",
        std::string("TENON_KERNEL_CACHE is a number of kernels from 1 to 16777216, not \"") + text +
            "\"");
  }
  return value;
}

uint64_t address_of(const void* pointer) { return reinterpret_cast<uint64_t>(pointer); }

void TN_CALL on_release(void* user) {
  const std::unique_ptr<std::shared_ptr<std::promise<void>>> released(
      static_cast<std::shared_ptr<std::promise<void>>*>(user));
  (*released)->set_value();
}

}  // namespace

DeviceImpl::DeviceImpl(std::string spec, tenon::Device device, uint32_t kernel_flags,
                       std::function<ManagedDevice&()> reference)
    : spec_(std::move(spec)),
      device_(std::move(device)),
      info_(device_.info()),
      reference_(std::move(reference)),
      policy_(fallback_policy_of_environment()),
      pool_(device_.get(), info_, map_),
      maker_(device_.get(), kernel_flags),
      kernels_(kernel_capacity()) {
  tn_stream* stream = nullptr;
  tenon::call(tn_stream_create, device_.get(), nullptr, &stream);
  default_stream_ = std::make_unique<StreamImpl>(*this, stream);
  streams_.push_back(default_stream_.get());
}

DeviceImpl::~DeviceImpl() {
  fallback_stream_.reset();
  tn_device_synchronize(device_.get(), nullptr);  // So that nothing is freed under running work.
  for (auto& [address, range] : host_ranges_) {
    if (range.buffer == nullptr) {
      std::free(reinterpret_cast<void*>(address));
    } else {
      tn_buffer_destroy(range.buffer, nullptr);
    }
  }
}

std::unique_ptr<Stream> DeviceImpl::create_stream(int32_t priority) {
  const tn_stream_desc desc{sizeof(desc), priority, 0};
  tn_stream* handle = nullptr;
  tenon::call(tn_stream_create, device_.get(), &desc, &handle);
  auto stream = std::make_unique<StreamImpl>(*this, handle);
  std::lock_guard lock(mutex_);
  streams_.push_back(stream.get());
  return stream;
}

void DeviceImpl::forget_stream(StreamImpl& stream) {
  {
    std::lock_guard lock(mutex_);
    std::erase(streams_, &stream);
  }
  pool_.forget_stream(stream);
}

std::unique_ptr<Event> DeviceImpl::create_event(bool timing) {
  const tn_event_desc desc{sizeof(desc), timing ? uint32_t{TN_EVENT_TIMING} : 0u, 0};
  tn_event* handle = nullptr;
  tenon::call(tn_event_create, device_.get(), &desc, &handle);
  return std::make_unique<EventImpl>(handle);
}

// Each stream on its own, so that each failure is reset; the first one is thrown. No lock of the
// device is held meanwhile: other threads go on allocating and making streams.
void DeviceImpl::synchronize() {
  std::vector<std::shared_ptr<DeviceStream>> streams;
  {
    std::lock_guard lock(mutex_);
    streams.reserve(streams_.size());
    for (StreamImpl* stream : streams_) streams.push_back(stream->shared());
  }
  // Waiting here blocks no stream either: the calls below then find most work done.
  tn_device_synchronize(device_.get(), nullptr);
  std::exception_ptr first;
  for (const auto& stream : streams) {
    try {
      stream->synchronize();
    } catch (...) {
      if (!first) first = std::current_exception();
    }
  }
  if (first) std::rethrow_exception(first);
}

// ---- Memory -------------------------------------------------------------------------------------

Location DeviceImpl::resolve(const void* address) const {
  const Location location = map_.find(address);
  if (location.buffer == nullptr) {
    throw Error(TN_OUT_OF_RANGE, "", "the address does not lie in an allocation of " + spec_);
  }
  return location;
}

bool DeviceImpl::is_host_range(const void* pointer) const {
  std::lock_guard lock(mutex_);
  auto after = host_ranges_.upper_bound(address_of(pointer));
  if (after == host_ranges_.begin()) return false;
  --after;
  return address_of(pointer) < after->first + after->second.bytes;
}

void* DeviceImpl::allocate_pinned(size_t bytes) {
  if (bytes == 0) return nullptr;
  const tn_buffer_desc desc{sizeof(desc), bytes, TN_BUFFER_HOST_PINNED, 0, nullptr};
  tn_buffer* buffer = nullptr;
  ErrorBuffer error;
  const tn_status status = tn_buffer_create(device_.get(), &desc, &buffer, &error);
  if (TN_STATUS_CLASS(status) == TN_UNSUPPORTED) {
    // Nothing copies faster here: any memory will do.
    void* memory = std::aligned_alloc(
        kPinnedAlignment, (bytes + kPinnedAlignment - 1) / kPinnedAlignment * kPinnedAlignment);
    if (memory == nullptr) throw Error(TN_OUT_OF_MEMORY, "", "no host memory is left");
    std::lock_guard lock(mutex_);
    host_ranges_[address_of(memory)] = {bytes, nullptr, nullptr, 1};
    return memory;
  }
  check(status, error);
  tenon::Buffer owner(buffer);
  void* pointer = owner.info().host_pointer;
  map_.insert(address_of(pointer), bytes, buffer);
  std::lock_guard lock(mutex_);
  host_ranges_[address_of(pointer)] = {bytes, owner.release(), nullptr, 1};
  return pointer;
}

void DeviceImpl::deallocate_pinned(void* pointer) {
  if (pointer == nullptr) return;
  HostRange range;
  {
    std::lock_guard lock(mutex_);
    const auto found = host_ranges_.find(address_of(pointer));
    if (found == host_ranges_.end() || found->second.released != nullptr) {
      throw Error(TN_INVALID_ARGUMENT, "", "deallocate_pinned: no pinned memory starts there");
    }
    range = found->second;
    host_ranges_.erase(found);
  }
  if (range.buffer == nullptr) {
    tn_device_synchronize(device_.get(), nullptr);  // Queued copies may still read it.
    std::free(pointer);
    return;
  }
  map_.erase(address_of(pointer));
  tn_buffer_destroy(range.buffer, nullptr);
}

void DeviceImpl::adopt_host(void* pointer, size_t bytes) {
  if (bytes == 0) return;
  std::lock_guard adopting(adopt_mutex_);
  {
    std::lock_guard lock(mutex_);
    const auto found = host_ranges_.find(address_of(pointer));
    if (found != host_ranges_.end() && found->second.bytes == bytes &&
        found->second.released != nullptr) {
      ++found->second.users;
      return;
    }
  }
  auto released = std::make_shared<std::promise<void>>();
  auto user = std::make_unique<std::shared_ptr<std::promise<void>>>(released);
  tn_import_desc desc{};
  desc.struct_size = sizeof(desc);
  desc.pointer = pointer;
  desc.size = bytes;
  desc.release = on_release;
  desc.user = user.get();
  tn_buffer* buffer = nullptr;
  tenon::call(tn_buffer_import, device_.get(), &desc, &buffer);
  static_cast<void>(user.release());  // on_release has it now.
  try {
    map_.insert(address_of(pointer), bytes, buffer);
  } catch (...) {
    tn_buffer_destroy(buffer, nullptr);
    throw;
  }
  std::lock_guard lock(mutex_);
  host_ranges_[address_of(pointer)] = {bytes, buffer, std::move(released), 1};
}

void DeviceImpl::forget_host(void* pointer) {
  if (pointer == nullptr) return;
  HostRange range;
  {
    std::lock_guard lock(mutex_);
    const auto found = host_ranges_.find(address_of(pointer));
    if (found == host_ranges_.end() || found->second.released == nullptr) {
      throw Error(TN_INVALID_ARGUMENT, "", "forget_host: no adopted memory starts there");
    }
    if (--found->second.users > 0) return;
    range = found->second;
    host_ranges_.erase(found);
    map_.erase(address_of(pointer));
  }
  tn_buffer_destroy(range.buffer, nullptr);
  range.released->get_future().wait();
}

// ---- Copies -------------------------------------------------------------------------------------

void DeviceImpl::copy_to_device(void* dst, const void* src, size_t bytes, Stream& stream) {
  if (bytes == 0) return;
  auto& queue = static_cast<StreamImpl&>(stream);
  const Location to = resolve(dst);
  // The device knows pinned memory better by its buffer: freeing it early is then legal.
  if (const Location from = map_.find(src); from.buffer != nullptr) {
    queue.enqueue(tn_stream_copy, to.buffer, to.offset, from.buffer, from.offset, bytes);
  } else {
    queue.enqueue(tn_stream_write, to.buffer, to.offset, src, bytes);
  }
}

void DeviceImpl::copy_to_host(void* dst, const void* src, size_t bytes, Stream& stream) {
  if (bytes == 0) return;
  auto& queue = static_cast<StreamImpl&>(stream);
  const Location from = resolve(src);
  if (const Location to = map_.find(dst); to.buffer != nullptr) {
    queue.enqueue(tn_stream_copy, to.buffer, to.offset, from.buffer, from.offset, bytes);
  } else {
    queue.enqueue(tn_stream_read, dst, from.buffer, from.offset, bytes);
  }
}

void DeviceImpl::copy(void* dst, const void* src, size_t bytes, Stream& stream) {
  if (bytes == 0) return;
  const Location to = resolve(dst);
  const Location from = resolve(src);
  static_cast<StreamImpl&>(stream).enqueue(tn_stream_copy, to.buffer, to.offset, from.buffer,
                                           from.offset, bytes);
}

void DeviceImpl::fill(void* dst, size_t bytes, const void* pattern, size_t pattern_size,
                      Stream& stream) {
  if (bytes == 0) return;
  const Location to = resolve(dst);
  static_cast<StreamImpl&>(stream).enqueue(tn_stream_fill, to.buffer, to.offset, bytes, pattern,
                                           pattern_size);
}

void* DeviceImpl::map(void* address, size_t bytes, tn_access access, Stream& stream) {
  stream.synchronize();
  if (bytes == 0) return nullptr;
  if (coherent() || is_host_range(address)) return address;
  const Location location = resolve(address);
  void* pointer = nullptr;
  tenon::call(tn_buffer_map, location.buffer, location.offset, bytes, access, &pointer);
  std::lock_guard lock(mutex_);
  mappings_[pointer] = location.buffer;
  return pointer;
}

void DeviceImpl::unmap(void* pointer) {
  tn_buffer* buffer;
  {
    std::lock_guard lock(mutex_);
    const auto found = mappings_.find(pointer);
    if (found == mappings_.end()) return;  // The address itself, of memory that needs no mapping.
    buffer = found->second;
    mappings_.erase(found);
  }
  tenon::call(tn_buffer_unmap, buffer, pointer);
}

}  // namespace tenon::runtime
