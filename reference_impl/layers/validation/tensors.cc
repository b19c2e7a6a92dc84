// SPDX-License-Identifier: Apache-2.0
#include "reference_impl/layers/validation/tensors.h"

#include <algorithm>

namespace tenon::layers::validation {
namespace {

__extension__ using Wide = __int128;

// More uses than these of one buffer are not kept apart.
constexpr size_t kMostUses = 256;

struct Hull {
  Wide begin;  // Bytes from the tensor's offset; may be negative.
  Wide end;
  bool exact;
};

// The bytes of a strided tensor with elements.
Hull hull_of(const tn_tensor& tensor, uint32_t bits) {
  Wide low = 0;
  Wide high = 0;
  Wide count = 1;
  for (int32_t i = tensor.rank; i-- > 0;) {
    const int64_t stride = tensor.strides != nullptr ? tensor.strides[i] : 0;
    const Wide steps = tensor.dims[i] - 1;
    const Wide distance = tensor.strides != nullptr ? steps * stride : steps * count;
    (distance < 0 ? low : high) += distance;
    count *= tensor.dims[i];
    // Beyond any memory; keeps the products below within range.
    constexpr Wide kFar = Wide{1} << 62;
    if (high > kFar || low < -kFar || count > kFar) return {-kFar, kFar, false};
  }
  const bool exact = high - low + 1 <= count;
  return {(low * bits) >> 3, ((high + 1) * bits + 7) >> 3, exact};
}

bool touches(const Use& use, const Access& access) {
  return use.begin < access.end && access.begin < use.end;
}

// Keeps the list short: what the same stream did before to bytes within these is superseded.
void add_use(BufferRecord& buffer, const Order& order, const Use& use) {
  std::erase_if(buffer.uses, [&](const Use& old) {
    if (order.finished(old.work)) return true;
    return old.work.stream == use.work.stream && old.begin >= use.begin && old.end <= use.end &&
           (use.writes || !old.writes) && (use.exact || !old.exact);
  });
  if (buffer.uses.size() >= kMostUses) buffer.uses.erase(buffer.uses.begin());
  buffer.uses.push_back(use);
}

// Memory that may only be read is not written.
bool check_writable(CheckedCall& call, const BufferRecord& buffer, const std::string& name) {
  if (!buffer.read_only) return true;
  call.refuse_at(name, TN_INVALID_ARGUMENT, "TN-import-003",
                 name + " is " + describe(buffer) + ", imported with TN_IMPORT_READ_ONLY",
                 "write elsewhere, or import it without that flag");
  return false;
}

}  // namespace

bool check_dims(CheckedCall& call, int32_t rank, const int64_t* dims, const Path& path, Dims kind) {
  if (call.refused()) return false;
  constexpr const char* kRule = "TN-layout-005";
  if (rank < 0 || rank > TN_MAX_RANK) {
    call.refuse_at(path.text(), TN_INVALID_ARGUMENT, kRule,
                   fmt::format("{} has rank {}", path.text(), rank),
                   "give one from 0 to TN_MAX_RANK");
    return false;
  }
  if (dims == nullptr && kind == Dims::kDescribed) return true;
  if (rank != 0 && dims == nullptr) {
    call.refuse_at(path.text(), TN_INVALID_ARGUMENT, kRule, path.text() + " has no dims",
                   "give as many as its rank");
    return false;
  }
  for (int32_t i = 0; !call.refused() && i < rank; ++i) {
    if (dims[i] >= 0 || (kind == Dims::kDescribed && dims[i] == TN_DYNAMIC)) continue;
    call.refuse_at(path.text(), TN_INVALID_ARGUMENT, kRule,
                   fmt::format("{} has dims[{}] = {}", path.text(), i, dims[i]),
                   kind == Dims::kActual ? "give the actual dims" : "give the dim or TN_DYNAMIC");
  }
  return !call.refused();
}

bool check_bytes(CheckedCall& call, int32_t rank, const int64_t* dims, tn_dtype dtype,
                 const Path& path) {
  if (call.refused()) return false;
  const Wide element = std::max<uint32_t>(tn_dtype_bits(dtype), 8) / 8;
  Wide bytes = element;
  for (int32_t i = 0; i < rank; ++i) {
    if (dims[i] == 0) return true;
  }
  for (int32_t i = 0; i < rank; ++i) {
    if (dims[i] != TN_DYNAMIC) bytes *= dims[i];
    if (bytes <= INT64_MAX) continue;
    call.refuse_at(path.text(), TN_INVALID_ARGUMENT, "TN-layout-006",
                   fmt::format("the dims of {} make more bytes than can be addressed", path.text()),
                   "correct them, or split the tensor");
    return false;
  }
  return true;
}

uint64_t dense_bytes(tn_dtype dtype, int32_t rank, const int64_t* dims) {
  Wide bits = tn_dtype_bits(dtype);
  for (int32_t i = 0; i < rank; ++i) bits *= dims[i];
  return static_cast<uint64_t>((bits + 7) / 8);
}

bool check_host_tensor(CheckedCall& call, const tn_tensor& tensor, const Path& path) {
  if (!check_dims(call, tensor.rank, tensor.dims, path) ||
      !check_bytes(call, tensor.rank, tensor.dims, tensor.dtype, path)) {
    return false;
  }
  const bool empty =
      std::find(tensor.dims, tensor.dims + tensor.rank, 0) != tensor.dims + tensor.rank;
  return empty || call.needed(tensor.host_data, path.field("host_data"));
}

bool locate_range(CheckedCall& call, tn_buffer* buffer, uint64_t offset, uint64_t size, bool writes,
                  const char* rule, const char* name, std::vector<Access>* accesses) {
  if (call.refused()) return false;
  Access access{call.record<BufferRecord>(buffer), offset, offset + size, writes, true, name};
  if (access.buffer == nullptr) return true;
  if (writes && !check_writable(call, *access.buffer, name)) return false;
  const uint64_t all = access.buffer->size;
  if (offset > all || size > all - offset) {
    call.refuse_at(name, TN_OUT_OF_RANGE, rule,
                   fmt::format("{} bytes at offset {} of {} are not within the {} bytes of {}",
                               size, offset, name, all, describe(*access.buffer)),
                   "keep offset + size within the buffer");
    return false;
  }
  if (size != 0) accesses->push_back(std::move(access));
  return true;
}

bool locate_tensor(CheckedCall& call, const tn_tensor& tensor, bool writes, const Path& path,
                   std::vector<Access>* accesses) {
  if (!check_dims(call, tensor.rank, tensor.dims, path)) return false;
  if (std::find(tensor.dims, tensor.dims + tensor.rank, 0) != tensor.dims + tensor.rank)
    return true;
  if (!call.needed(tensor.buffer, path.field("buffer"))) return false;
  call.optional_handle(tensor.buffer, path.field("buffer"));
  const uint32_t bits = tn_dtype_bits(tensor.dtype);
  if (call.refused() || bits == 0) return !call.refused();  // The kernel knows better.

  Hull hull{0, 0, true};
  if (tensor.layout == TN_LAYOUT_STRIDED) {
    hull = hull_of(tensor, bits);
  } else {
    const auto& device = call.device();
    uint64_t size = 0;
    if (device == nullptr ||
        call.below().layout_size(static_cast<tn_device*>(device->handle), tensor.layout,
                                 tensor.dtype, tensor.rank, tensor.dims, &size, nullptr) != TN_OK) {
      return true;  // The plugin will say what is wrong with the token.
    }
    hull.end = size;
  }
  const auto* device = dynamic_cast<const DeviceRecord*>(call.device().get());
  const uint64_t element = std::max<uint64_t>(bits / 8, 1);
  const uint64_t unit = device != nullptr && device->info.alignment != 0
                            ? std::min<uint64_t>(device->info.alignment, element)
                            : 1;
  if (tensor.offset % unit != 0) {
    call.refuse_at(
        path.field("offset").text(), TN_INVALID_ARGUMENT, "TN-launch-005",
        fmt::format("{} has offset {}, no multiple of {}", path.text(), tensor.offset, unit),
        "align the offset to the element");
    return false;
  }
  const auto buffer = call.record<BufferRecord>(tensor.buffer);
  if (buffer == nullptr) return true;
  if (writes && !check_writable(call, *buffer, path.text())) return false;
  const Wide begin = hull.begin + tensor.offset;
  const Wide end = hull.end + tensor.offset;
  if (begin < 0 || end > buffer->size) {
    const auto shown = [](Wide value) {
      return static_cast<int64_t>(std::clamp<Wide>(value, INT64_MIN, INT64_MAX));
    };
    call.refuse_at(path.text(), TN_OUT_OF_RANGE, "TN-launch-001",
                   fmt::format("{} addresses bytes {} to {} of the {} of {}", path.text(),
                               shown(begin), shown(end), buffer->size, describe(*buffer)),
                   "correct its offset, dims or strides");
    return false;
  }
  accesses->push_back({buffer, static_cast<uint64_t>(begin), static_cast<uint64_t>(end), writes,
                       hull.exact, path.text()});
  return true;
}

bool overlap(const Access& a, const Access& b) {
  return a.exact && b.exact && a.buffer == b.buffer && a.begin < b.end && b.begin < a.end;
}

bool check_order(CheckedCall& call, tn_stream* stream, const std::vector<Access>& accesses) {
  if (call.refused()) return false;
  const auto record = call.record<StreamRecord>(stream);
  std::vector<std::pair<const Access*, Use>> unordered;
  std::string mapped_bytes;
  {
    // The host's log is called when this lock has gone.
    const std::lock_guard lock(call.layer().mutex);
    for (const Access& access : accesses) {
      for (const MappedRange& mapped : access.buffer->mapped) {
        if (!access.exact || access.begin >= mapped.end || mapped.begin >= access.end) continue;
        mapped_bytes = fmt::format("bytes {} to {} of {} ({}) are mapped", mapped.begin, mapped.end,
                                   access.name, describe(*access.buffer));
      }
      if (record == nullptr) continue;
      for (const Use& use : access.buffer->uses) {
        if ((use.writes || access.writes) && use.exact && access.exact && touches(use, access) &&
            use.work.stream != record->order &&
            !call.layer().order.ordered(use.work, record->order)) {
          unordered.emplace_back(&access, use);
          break;
        }
      }
    }
  }
  if (!mapped_bytes.empty()) {
    call.refuse(TN_INVALID_STATE, "TN-map-011", mapped_bytes,
                "unmap the range before you queue work on it");
    return false;
  }
  for (const auto& [access, use] : unordered) {
    call.warn("TN-stream-013",
              fmt::format("{} ({}) is {} on another stream, and nothing orders that before this",
                          access->name, describe(*access->buffer), use.writes ? "written" : "read"),
              "record an event there and wait for it on this stream");
  }
  return true;
}

Point note_work(CheckedCall& call, tn_stream* stream, const std::vector<Access>& accesses) {
  const auto record = call.record<StreamRecord>(stream);
  if (record == nullptr) return {};
  call.check_not_lost();
  const std::lock_guard lock(call.layer().mutex);
  const Point work = call.layer().order.queue(record->order);
  for (const Access& access : accesses) {
    add_use(*access.buffer, call.layer().order,
            {work, access.begin, access.end, access.writes, access.exact});
  }
  return work;
}

}  // namespace tenon::layers::validation
