// SPDX-License-Identifier: Apache-2.0
//
// The entry, instances, devices and their tables of operators.
#include <algorithm>
#include <atomic>
#include <memory>
#include <vector>

#include "conformance/mutants/liar.h"

namespace tenon::liar {
namespace {

// -- The entry --

tn_status name_in_capitals(tn_status status, const tn_host*, tn_plugin* plugin, tn_error*) {
  if (whole(plugin)) std::strcpy(plugin->name, "Acme NPU");
  return status;
}
const Registered a("plugin_name_in_capitals", nullptr, name_in_capitals);

tn_status another_table(tn_status status, const tn_host*, tn_plugin* plugin, tn_error*) {
  static std::atomic<int> calls{0};
  static tn_dispatch second;
  if (status != TN_OK || !whole(plugin) || calls++ < 1) return status;
  second = *plugin->functions;
  plugin->functions = &second;
  return status;
}
const Registered b("another_table_each_time", nullptr, another_table);

tn_status own_minor_alone(tn_status status, const tn_host* host, tn_plugin*, tn_error* error) {
  if (host == nullptr || host->abi_minor == TN_ABI_MINOR) return status;
  return plugin::set_error(error, TN_VERSION_MISMATCH, nullptr, "another minor version");
}
const Registered c("own_minor_version_alone", nullptr, own_minor_alone);

tn_status any_major(tn_status status, const tn_host*, tn_plugin*, tn_error*) {
  return status == TN_VERSION_MISMATCH ? static_cast<tn_status>(TN_OK) : status;
}
const Registered d("any_major_version", nullptr, any_major);

tn_status beyond_the_plugin(tn_status status, const tn_host*, tn_plugin* plugin, tn_error*) {
  if (plugin != nullptr && !whole(plugin)) std::strcpy(plugin->version, "1.0");
  return status;
}
const Registered e("writes_beyond_the_plugin", nullptr, beyond_the_plugin);

// -- The table of operators --

// A copy of a device's table whose rows may be changed.
struct Rows {
  std::vector<tn_operator_entry> rows;
  std::vector<std::unique_ptr<tn_type_list[]>> lists;
  std::vector<std::unique_ptr<tn_dtype[]>> dtypes;
};

// Devices ask once or a few times; what is made stays until the end, as the table must.
template <auto edit>
tn_status TN_CALL edited(tn_device* device, tn_operator_table* table, tn_error* error) {
  const tn_status status = sound().device_get_operators(device, table, error);
  if (status != TN_OK || !whole(table)) return status;
  auto* const copy = new Rows;
  const auto* at = reinterpret_cast<const char*>(table->first);
  for (size_t i = 0; i < table->count; ++i, at += table->stride) {
    copy->rows.push_back(*reinterpret_cast<const tn_operator_entry*>(at));
  }
  edit(*copy);
  table->first = copy->rows.data();
  table->count = copy->rows.size();
  table->stride = sizeof(tn_operator_entry);
  return status;
}

bool is(const tn_operator_entry& row, const char* name) {
  return row.domain[0] == '\0' && std::strcmp(row.name, name) == 0;
}

}  // namespace

TN_LIAR(one_device_more_each_time) {
  table.instance_device_count = [](tn_instance* instance, size_t* count, tn_error* error) {
    static std::atomic<size_t> calls{0};
    const tn_status status = sound().instance_device_count(instance, count, error);
    if (status == TN_OK) *count += calls++;
    return status;
  };
}

TN_LIAR(function_missing) { table.stream_reset = nullptr; }

TN_LIAR(any_index_accepted) {
  table.instance_device_info = [](tn_instance* instance, size_t, tn_device_info* info,
                                  tn_error* error) {
    return sound().instance_device_info(instance, 0, info, error);
  };
}

TN_LIAR(any_extension_accepted) {
  table.instance_extension = [](tn_instance* instance, const char* name, uint32_t version,
                                const void** table, tn_error* error) {
    const tn_status status = sound().instance_extension(instance, name, version, table, error);
    static const size_t empty = sizeof(size_t);
    if (status == TN_UNSUPPORTED) *table = &empty;
    return status == TN_UNSUPPORTED ? static_cast<tn_status>(TN_OK) : status;
  };
}

// Both handles are one device: the first is never closed.
TN_LIAR(opens_one_device_twice) {
  table.device_open = [](tn_instance* instance, size_t index, const tn_device_desc* desc,
                         tn_device** device, tn_error* error) {
    static Kept<tn_instance*, tn_device*> open;
    tn_device* const first = open.get(instance);
    if (first == nullptr) {
      const tn_status status = sound().device_open(instance, index, desc, device, error);
      if (status == TN_OK) open.put(instance, *device);
      return status;
    }
    *device = first;
    return static_cast<tn_status>(TN_OK);
  };
  table.device_close = [](tn_device*) {};
}

TN_LIAR(device_description_needed) {
  table.device_open = [](tn_instance* instance, size_t index, const tn_device_desc* desc,
                         tn_device** device, tn_error* error) {
    if (desc != nullptr) return sound().device_open(instance, index, desc, device, error);
    *device = nullptr;
    return plugin::set_error(error, TN_INVALID_ARGUMENT, nullptr, "desc is NULL");
  };
}

TN_LIAR(device_synchronize_does_not_wait) {
  table.device_synchronize = [](tn_device*, tn_error*) -> tn_status { return TN_OK; };
}

TN_LIAR(memory_is_not_counted) {
  table.device_get_memory = [](tn_device* device, tn_memory_info* info, tn_error* error) {
    const tn_status status = sound().device_get_memory(device, info, error);
    if (status == TN_OK && whole(info)) info->live_bytes = info->live_buffers = 0;
    return status;
  };
}

TN_LIAR(peak_below_what_lives) {
  table.device_get_memory = [](tn_device* device, tn_memory_info* info, tn_error* error) {
    const tn_status status = sound().device_get_memory(device, info, error);
    if (status == TN_OK && whole(info)) info->peak_bytes = info->live_bytes / 2;
    return status;
  };
}

TN_LIAR(deferred_memory_never_ends) {
  table.device_get_memory = [](tn_device* device, tn_memory_info* info, tn_error* error) {
    const tn_status status = sound().device_get_memory(device, info, error);
    if (status == TN_OK && whole(info)) {
      info->deferred_bytes = info->peak_bytes - info->live_bytes;
    }
    return status;
  };
}

TN_LIAR(mandatory_row_missing) {
  table.device_get_operators = edited<[](Rows& table) {
    std::erase_if(table.rows, [](const tn_operator_entry& row) { return is(row, "Cast"); });
  }>;
}

TN_LIAR(row_twice) {
  table.device_get_operators =
      edited<[](Rows& table) { table.rows.push_back(tn_operator_entry(table.rows.front())); }>;
}

TN_LIAR(row_of_another_revision) {
  table.device_get_operators = edited<[](Rows& table) { table.rows.front().revision += 7; }>;
}

TN_LIAR(row_of_no_type) {
  table.device_get_operators = edited<[](Rows& table) {
    tn_operator_entry& row = table.rows.front();
    table.lists.push_back(std::make_unique<tn_type_list[]>(row.type_count));
    for (size_t i = 0; i < row.type_count; ++i) {
      table.lists.back()[i] = row.types[i];
      table.lists.back()[i].constraint = nullptr;
    }
    row.types = table.lists.back().get();
  }>;
}

// Serves what its table does not name.
TN_LIAR(row_hides_a_type) {
  table.device_get_operators = edited<[](Rows& table) {
    for (tn_operator_entry& row : table.rows) {
      if (!is(row, "Relu")) continue;
      table.lists.push_back(std::make_unique<tn_type_list[]>(row.type_count));
      std::copy_n(row.types, row.type_count, table.lists.back().get());
      tn_type_list& first = table.lists.back()[0];
      --first.count;
      row.types = table.lists.back().get();
    }
  }>;
}

// Names more than it serves.
TN_LIAR(row_claims_another_type) {
  table.device_get_operators = edited<[](Rows& table) {
    for (tn_operator_entry& row : table.rows) {
      if (!is(row, "Relu")) continue;
      table.lists.push_back(std::make_unique<tn_type_list[]>(row.type_count));
      std::copy_n(row.types, row.type_count, table.lists.back().get());
      tn_type_list& first = table.lists.back()[0];
      table.dtypes.push_back(std::make_unique<tn_dtype[]>(first.count + 1));
      std::copy_n(first.dtypes, first.count, table.dtypes.back().get());
      table.dtypes.back()[first.count++] = TN_COMPLEX64;
      first.dtypes = table.dtypes.back().get();
      row.types = table.lists.back().get();
    }
  }>;
}

}  // namespace tenon::liar
