// SPDX-License-Identifier: Apache-2.0
#include "conformance/accelerator/calls.h"

#include <algorithm>
#include <cstddef>
#include <deque>
#include <map>
#include <mutex>
#include <thread>
#include <vector>

#include "conformance/accelerator/faulty_calls.h"
#include "conformance/accelerator/machine.h"
#include "reference_impl/device/device.h"
#include "tenon/tenon_plugin.hpp"

namespace tenon::accelerator {
namespace {

const tn_dispatch* core_functions = nullptr;

// The rows of a table without float32.
struct Rows {
  std::deque<std::vector<tn_dtype>> dtypes;
  std::deque<std::vector<tn_type_list>> lists;
  std::vector<tn_operator_entry> rows;
};

Rows without_float32(const tn_operator_table& table) {
  Rows made;
  for (size_t i = 0; i < table.count; ++i) {
    tn_operator_entry row = table.first[i];
    std::vector<tn_type_list>& lists = made.lists.emplace_back();
    for (size_t k = 0; k < row.type_count; ++k) {
      const tn_type_list& types = row.types[k];
      std::vector<tn_dtype> left(types.dtypes, types.dtypes + types.count);
      std::erase(left, tn_dtype{TN_FLOAT32});
      if (left.empty()) continue;
      made.dtypes.push_back(std::move(left));
      lists.push_back({types.constraint, made.dtypes.back().data(), made.dtypes.back().size()});
    }
    if (lists.size() != row.type_count) continue;
    row.types = lists.data();
    made.rows.push_back(row);
  }
  return made;
}

tn_status TN_CALL get_operators(tn_device* device, tn_operator_table* table, tn_error* error) {
  const tn_status status = core().device_get_operators(device, table, error);
  if (status != TN_OK || machine_of(device).settings().float32) return status;
  static const Rows rows = [&] {
    tn_operator_table all{sizeof(all), nullptr, 0, 0};
    core().device_get_operators(device, &all, nullptr);
    return without_float32(all);
  }();
  const tn_operator_table answer{sizeof(answer), rows.rows.data(), rows.rows.size(),
                                 sizeof(tn_operator_entry)};
  return plugin::guard(error, [&] { plugin::write(table, answer, "tn_operator_table"); });
}

// There is no memory that both see.
tn_status TN_CALL buffer_create(tn_device* device, const tn_buffer_desc* desc, tn_buffer** buffer,
                                tn_error* error) {
  const tn_status status = core().buffer_create(device, desc, buffer, error);
  if (status != TN_OK || desc->struct_size < offsetof(tn_buffer_desc, alignment) ||
      desc->kind != TN_BUFFER_SHARED) {
    return status;
  }
  core().buffer_destroy(*buffer, nullptr);
  *buffer = nullptr;
  plugin::set_error(error, TN_UNSUPPORTED, nullptr,
                    "the host cannot see the memory of this device: copy");
  plugin::set_error_argument(error, "desc->kind");
  return TN_UNSUPPORTED;
}

tn_status TN_CALL kernel_create(tn_device* device, const tn_kernel_desc* desc, tn_kernel** kernel,
                                tn_error* error) {
  const tn_status status = core().kernel_create(device, desc, kernel, error);
  if (status == TN_OK) std::this_thread::sleep_for(machine_of(device).settings().compile_time);
  return status;
}

}  // namespace

const tn_dispatch& core() { return *core_functions; }

Machine& machine_of(tn_device* device) {
  return *static_cast<Machine*>(plugin::object_of<device::OpenDevice>(device)->backend());
}

const tn_dispatch* calls(const tn_dispatch& given) {
  static const tn_dispatch table = [&] {
    core_functions = &given;
    tn_dispatch made = given;
    made.device_get_operators = get_operators;
    made.buffer_create = buffer_create;
    made.kernel_create = kernel_create;
    add_faulty_calls(made);
    return made;
  }();
  return &table;
}

}  // namespace tenon::accelerator
