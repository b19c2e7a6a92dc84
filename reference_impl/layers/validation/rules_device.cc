// SPDX-License-Identifier: Apache-2.0
//
// Instances and devices: what they say of themselves, and what is left when they end.
#include <algorithm>

#include <set>
#include <tuple>

#include "reference_impl/layers/validation/foreign_memory.h"
#include "reference_impl/layers/validation/new_handle.h"
#include "reference_impl/layers/validation/promises.h"
#include "reference_impl/layers/validation/rules.h"
#include "reference_impl/layers/validation/tensors.h"

namespace tenon::layers::validation {

namespace {

// The device has gone; what it was to call, it never will.
void report_unkept(const Record& device, const char* function) {
  for (const Promise& promise : Promises::get().end(&device)) {
    const char* const what = promise.release != nullptr
                                 ? "never called the release of imported memory"
                                 : "never called a callback";
    device.layer->report(
        TN_LOG_ERROR, promise.rule,
        device.layer->of_plugin(function, std::string(what) + " of " + describe(device)));
  }
}

}  // namespace

void destroy_below(Record& record, const char* function) {
  Registry::get().end(record, function);
  const tn_dispatch& below = record.layer->below();
  switch (record.kind) {
    case Kind::kInstance:
      return below.instance_destroy(static_cast<tn_instance*>(record.handle));
    case Kind::kDevice:
      record.layer->destroy_leaked(record, function, "TN-device-007");
      record.layer->release(&record);
      record.layer->forget_dims(&record);
      below.device_close(static_cast<tn_device*>(record.handle));
      return report_unkept(record, function);
    case Kind::kBuffer:
      return below.buffer_destroy(static_cast<tn_buffer*>(record.handle), nullptr);
    case Kind::kStream:
      return below.stream_destroy(static_cast<tn_stream*>(record.handle));
    case Kind::kEvent:
      return below.event_destroy(static_cast<tn_event*>(record.handle));
    case Kind::kKernel:
      return below.kernel_destroy(static_cast<tn_kernel*>(record.handle));
    case Kind::kConstant:
      for (int64_t i = static_cast<ConstantRecord&>(record).references; i > 0; --i) {
        below.constant_release(static_cast<tn_constant*>(record.handle));
      }
      return;
  }
}

namespace {

// A text that hosts keep and print.
bool is_good_text(const char* text) { return text != nullptr && is_text(text) && is_utf8(text); }

// What is wrong with the type constraints of a row; "" if nothing. A newer plugin may have types
// that are not known here.
std::string problem_of(const tn_type_list* types, size_t count, bool newer) {
  constexpr size_t kMost = 1 << 10;
  if (count > kMost) return fmt::format("has {} type constraints", count);
  if (!is_readable(types, count * sizeof(*types))) return "has no list of type constraints";
  for (size_t i = 0; i < count; ++i) {
    const tn_type_list& list = types[i];
    if (!is_good_text(list.constraint)) return "has a type constraint without a name in UTF-8";
    if (list.count > kMost || !is_readable(list.dtypes, list.count * sizeof(*list.dtypes))) {
      return fmt::format("has {} types for {}, and no list of them", list.count, list.constraint);
    }
    for (size_t t = 0; t < list.count; ++t) {
      if (tn_dtype_bits(list.dtypes[t]) == 0 && !newer) {
        return fmt::format("names the element type {} for {}", list.dtypes[t], list.constraint);
      }
    }
  }
  return "";
}

// What is wrong with a row; "" if nothing.
std::string problem_of(const tn_operator_entry& entry, size_t stride, bool newer) {
  constexpr size_t kNeeded = offsetof(tn_operator_entry, type_count) + sizeof(size_t);
  if (entry.struct_size < kNeeded || entry.struct_size > stride) {
    return fmt::format("has struct_size {}", entry.struct_size);
  }
  if (!is_good_text(entry.name) || !is_good_text(entry.domain)) {
    return "has no name or no domain in UTF-8";
  }
  if (entry.name[0] == '\0') return "has an empty name";
  if (entry.version < 1 || entry.revision < 0) {
    return fmt::format("names version {}, revision {} of {}", entry.version, entry.revision,
                       entry.name);
  }
  return problem_of(entry.types, entry.type_count, newer);
}

// What is wrong with a table of operators; "" if nothing.
std::string problem_of(const tn_operator_table& table, bool newer) {
  constexpr size_t kMost = 1 << 20;
  constexpr size_t kNeeded = offsetof(tn_operator_entry, type_count) + sizeof(size_t);
  if (table.count == 0) return "";
  if (table.first == nullptr) return "whose first row is NULL";
  if (table.count > kMost) return fmt::format("of {} rows", table.count);
  if (table.stride < kNeeded || table.stride > plugin::kMaxStructSize ||
      table.stride % alignof(tn_operator_entry) != 0) {
    return fmt::format("with a stride of {}", table.stride);
  }
  if (!is_readable(table.first, table.count * table.stride)) {
    return fmt::format("of {} rows that are not there", table.count);
  }
  const char* row = reinterpret_cast<const char*>(table.first);
  std::set<std::tuple<std::string_view, std::string_view, int32_t>> seen;
  for (size_t i = 0; i < table.count; ++i, row += table.stride) {
    const auto& entry = *reinterpret_cast<const tn_operator_entry*>(row);
    if (const std::string problem = problem_of(entry, table.stride, newer); !problem.empty()) {
      return fmt::format("whose row {} {}", i, problem);
    }
    if (!seen.emplace(entry.domain, entry.name, entry.version).second) {
      return fmt::format("whose row {} names {} of version {} again", i, entry.name, entry.version);
    }
  }
  return "";
}

// The numbers of a device's description, as far as the caller's struct holds them. What cannot be
// is set to what hosts take for unknown.
void check_info(CheckedCall& call, tn_device_info* info) {
  if (call.is_filled(&info->alignment, sizeof(info->alignment)) &&
      !std::has_single_bit(info->alignment)) {
    call.fault("TN-device-001",
               fmt::format("says that the device's alignment is {}", info->alignment));
    info->alignment = 1;
  }
  if (call.is_filled(&info->max_allocation, sizeof(info->max_allocation)) &&
      info->max_allocation == 0) {
    call.fault("TN-device-001", "says that the device's largest buffer has no bytes");
  }
}

}  // namespace

namespace rules {

tn_status device_open(CheckedCall& call, tn_instance* instance, size_t index,
                      const tn_device_desc* desc, tn_device** device, tn_error* error) {
  tn_device_desc known{};
  if (desc != nullptr && !call.read(desc, &known, "tn_device_desc", Path("desc"))) {
    return call.status();
  }
  if (!call.list(known.options, known.option_count, Path("desc->options"))) return call.status();
  std::string words = fmt::format("index {}", index);
  for (size_t i = 0; i < known.option_count; ++i) {
    const tn_option& option = known.options[i];
    if (option.key == nullptr || option.value == nullptr) {
      return call.refuse_at(fmt::format("desc->options[{}]", i), TN_INVALID_ARGUMENT, "TN-null-002",
                            fmt::format("desc->options[{}] has no key or no value", i),
                            "give both");
    }
    for (size_t j = 0; j < i; ++j) {
      if (std::string_view(known.options[j].key) != option.key) continue;
      return call.refuse_at(
          fmt::format("desc->options[{}]", i), TN_INVALID_ARGUMENT, "TN-instance-008",
          fmt::format("desc->options[{}] and [{}] are both '{}'", j, i, option.key),
          "give each option once");
    }
    words += fmt::format(", {}={}", option.key, option.value);
  }
  const tn_status status = make_handle(
      call, device, [&] { return call.below().device_open(instance, index, desc, device, error); });
  if (status != TN_OK) return status;
  auto record = enter<DeviceRecord>(call, *device, words);
  WithMargin<tn_device_info> asked;
  const tn_status known_info = call.below().device_get_info(*device, &asked.value, nullptr);
  tn_device_info& info = record->info;
  info = asked.value;
  if (known_info == TN_OK &&
      (info.alignment == 0 || (info.alignment & (info.alignment - 1)) != 0)) {
    call.fault("TN-device-001",
               fmt::format("says that the device's alignment is {}", info.alignment));
    info.alignment = 0;  // Not counted on.
  }
  Registry::get().add(std::move(record));
  return status;
}

tn_status instance_device_info(CheckedCall& call, tn_instance* instance, size_t index,
                               tn_device_info* info, tn_error* error) {
  const tn_status status = call.below().instance_device_info(instance, index, info, error);
  if (status == TN_OK) check_info(call, info);
  return status;
}

tn_status device_get_info(CheckedCall& call, tn_device* device, tn_device_info* info,
                          tn_error* error) {
  const tn_status status = call.below().device_get_info(device, info, error);
  if (status == TN_OK) check_info(call, info);
  return status;
}

tn_status instance_extension(CheckedCall& call, tn_instance* instance, const char* name,
                             uint32_t version, const void** table, tn_error* error) {
  const tn_status status = call.below().instance_extension(instance, name, version, table, error);
  if (status != TN_OK || *table == nullptr) return status;
  size_t size = 0;
  if (copy_foreign(&size, *table, sizeof(size)) && size >= sizeof(size) &&
      size <= plugin::kMaxStructSize && is_readable(*table, size)) {
    return status;
  }
  *table = nullptr;
  return call.blame("TN-answer-002",
                    fmt::format("gave a table of extension {} that cannot be read, or whose "
                                "struct_size is {}",
                                name, size));
}

tn_status instance_device_count(CheckedCall& call, tn_instance* instance, size_t* count,
                                tn_error* error) {
  const tn_status status = call.below().instance_device_count(instance, count, error);
  if (status != TN_OK) return status;
  constexpr size_t kMost = 65536;
  const size_t said = *count;
  if (said == 0 || said > kMost) {
    *count = 0;
    return call.blame(said == 0 ? "TN-instance-007" : "TN-instance-001",
                      fmt::format("says that it has {} devices", said));
  }
  const auto record = call.record<InstanceRecord>(instance);
  if (record == nullptr) return status;
  size_t first = 0;
  if (record->devices.compare_exchange_strong(first, said) || first == said) return status;
  *count = first;
  call.fault("TN-instance-007",
             fmt::format("says that it has {} devices, and said {} before", said, first));
  return status;
}

tn_status device_get_operators(CheckedCall& call, tn_device* device, tn_operator_table* table,
                               tn_error* error) {
  const tn_status status = call.below().device_get_operators(device, table, error);
  if (status != TN_OK) return status;
  tn_operator_table known{};
  std::memcpy(&known, table, std::min(table->struct_size, sizeof(known)));
  const std::string wrong = problem_of(known, call.layer().plugin_is_newer());
  if (wrong.empty()) return status;
  // A host would walk it.
  std::memset(&known, 0, sizeof(known));
  plugin::write_struct(table, known, "tn_operator_table", nullptr);
  return call.blame("TN-device-005", "gave a table of operators " + wrong);
}

void device_close(CheckedCall& call, tn_device* device) {
  const auto record = Registry::get().find(device);
  if (record == nullptr) return call.below().device_close(device);
  destroy_below(*record, call.function());
}

tn_status device_get_memory(CheckedCall& call, tn_device* device, tn_memory_info* info,
                            tn_error* error) {
  call.layer().release(call.device().get());  // It would be counted.
  const tn_status status = call.below().device_get_memory(device, info, error);
  if (status != TN_OK || !call.is_filled(&info->peak_bytes, sizeof(info->peak_bytes))) {
    return status;
  }
  if (info->peak_bytes < info->live_bytes ||
      info->peak_bytes - info->live_bytes < info->deferred_bytes) {
    call.fault("TN-device-009",
               fmt::format("says that {} bytes are live and {} deferred, but that "
                           "there were never more than {}",
                           info->live_bytes, info->deferred_bytes, info->peak_bytes));
  }
  return status;
}

tn_status device_synchronize(CheckedCall& call, tn_device* device, tn_error* error) {
  // It answers the failures that streams keep, those of destroyed ones no longer.
  call.layer().release_if([&](const Record& kept) {
    return kept.kind == Kind::kStream && kept.device == call.device();
  });
  const tn_status status = call.below().device_synchronize(device, error);
  call.layer().finish(status == TN_OK, [](Order& order) { order.finish_all(); });
  return status;
}

tn_status layout_size(CheckedCall& call, tn_device* device, tn_layout layout, tn_dtype dtype,
                      int32_t rank, const int64_t* dims, uint64_t* size, tn_error* error) {
  if (!check_dims(call, rank, dims, Path("dims")) ||
      !check_bytes(call, rank, dims, dtype, Path("dims"))) {
    return call.status();
  }
  const tn_status status = call.below().layout_size(device, layout, dtype, rank, dims, size, error);
  if (status != TN_OK) return status;
  const uint64_t dense = dense_bytes(dtype, rank, dims);
  const bool wrong = layout == TN_LAYOUT_STRIDED ? *size != dense
                                                 : (*size == 0 && dense != 0) || *size > INT64_MAX;
  if (wrong) {
    const uint64_t said = *size;
    *size = 0;
    return call.blame("TN-layout-001", fmt::format("says that {} dense bytes take {} in layout {}",
                                                   dense, said, layout));
  }
  return status;
}

}  // namespace rules
}  // namespace tenon::layers::validation
