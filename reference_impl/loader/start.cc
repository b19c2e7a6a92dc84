// SPDX-License-Identifier: Apache-2.0
#include "start.h"

#include <cstdio>
#include <exception>

#include "live_tables.h"
#include "tenon/cpp/error.hpp"

namespace tenon::loader {

void fail_again(const tn_error& cause, tn_status status, const std::string& message) {
  plugin::Failure failure;
  failure.error = cause;
  failure.error.struct_size = sizeof(failure.error);
  failure.error.code = is_known_status(status) ? status : static_cast<tn_status>(TN_INTERNAL);
  plugin::copy_text(failure.error.message, message.c_str());
  throw failure;
}

tn_instance* start_instance(DispatchTable& table, const tn_host* host, const OpenRequest& request) {
  const std::vector<tn_option> options = request.option_list();
  tn_instance_desc desc{};
  desc.struct_size = sizeof(desc);
  desc.dispatch = &table.functions;
  desc.host = host;
  desc.options = options.data();
  desc.option_count = options.size();
  tn_instance* instance = nullptr;
  tn_error error = TN_ERROR_INIT;
  tn_status status = TN_OK;
  try {
    status = table.functions.instance_create(&desc, &instance, &error);
  } catch (const std::exception& exception) {
    plugin::fail(TN_LOAD_FAILED, nullptr,
                 "its instance_create threw an exception: %s; plugins must return statuses",
                 exception.what());
  } catch (...) {
    plugin::fail(TN_LOAD_FAILED, nullptr,
                 "its instance_create threw an exception of unknown type; plugins must return "
                 "statuses");
  }
  error.message[sizeof(error.message) - 1] = '\0';
  error.rule[sizeof(error.rule) - 1] = '\0';
  error.argument[sizeof(error.argument) - 1] = '\0';
  if (status == TN_NO_DEVICE) fail_again(error, status, std::string("no device: ") + error.message);
  if (status == TN_UNIMPLEMENTED) {
    // The stub cannot name the plugin: it has no handle yet.
    plugin::fail(TN_LOAD_FAILED, nullptr, "plugin '%s' has no function instance_create",
                 table.plugin_name.c_str());
  }
  if (status != TN_OK && error.message[0] == '\0') {
    std::snprintf(error.message, sizeof(error.message),
                  "its instance_create answered 0x%x without a message",
                  static_cast<unsigned>(status));
  }
  if (status != TN_OK) fail_again(error, status, error.message);
  if (instance == nullptr ||
      reinterpret_cast<const tn_handle*>(instance)->dispatch != &table.functions) {
    // A call through it would jump anywhere. It cannot even be destroyed.
    plugin::fail(TN_LOAD_FAILED, nullptr,
                 "its instance_create gave no instance that starts with the dispatch pointer");
  }
  table.set_instance(instance);
  watch_process_end();
  try {
    table.add_extensions(instance);
  } catch (const plugin::Failure&) {
    table.destroy_instance();
    throw;
  }
  return instance;
}

}  // namespace tenon::loader
