// SPDX-License-Identifier: Apache-2.0
//
// Stubs of every slot, and tables of forked children.
#include "dispatch_table.h"

#include <gmock/gmock.h>
#include <sys/wait.h>
#include <unistd.h>

#include <string_view>
#include <tuple>

#include "tenon/tenon_plugin.hpp"

namespace {

using tenon::loader::DispatchTable;

template <class... Arguments>
tn_status call_with(void(TN_CALL*)(Arguments...), tn_status expected, void*, tn_error*) {
  return expected;  // Cannot fail.
}
template <class First, class... Rest>
tn_status call_with(tn_status(TN_CALL* function)(First, Rest...), tn_status, void* handle,
                    tn_error* error) {
  std::tuple<First, Rest...> arguments;
  std::get<0>(arguments) = static_cast<First>(handle);
  std::get<sizeof...(Rest)>(arguments) = error;
  return std::apply(function, arguments);
}

// Functions that the loader answers itself, whatever the plugin has.
bool is_the_loaders(const char* name) { return std::string_view(name) == "instance_get_info"; }

// The number of functions that do not answer `status`.
int count_others(const DispatchTable& table, tn_status status) {
  tn_handle handle{&table.functions};
  int others = 0;
  tn_error error = TN_ERROR_INIT;
#define TN_SLOT_OWN(ordinal, result, name, parameters, arguments)
#define TN_SLOT(ordinal, result, name, parameters, arguments)             \
  if (!is_the_loaders(#name) &&                                           \
      call_with(table.functions.name, status, &handle, &error) != status) \
    ++others;
#include "slots.inc"
  // Without an instance no extension is known.
  const tn_status absent = status == TN_UNIMPLEMENTED ? TN_UNSUPPORTED : status;
#define TN_EXTENSION_SLOT(number, result, extension, name, parameters, arguments) \
  if (call_with(table.extensions.extension.name, absent, &handle, &error) != absent) ++others;
#include "reference_impl/layers/extensions.inc"
  return others;
}

const tn_dispatch kEmpty = [] {
  tn_dispatch table{};
  table.struct_size = offsetof(tn_dispatch, instance_create);
  return table;
}();

TEST(DispatchTable, EveryAbsentFunctionNamesItselfAndThePlugin) {
  const DispatchTable table({"acme", "1", 0, 0, &kEmpty});
  tn_handle handle{&table.functions};
  int voids = 0;
#define TN_SLOT_OWN(ordinal, result, name, parameters, arguments)
#define TN_SLOT(ordinal, result, name, parameters, arguments)                     \
  if (!is_the_loaders(#name)) {                                                   \
    tn_error error = TN_ERROR_INIT;                                               \
    EXPECT_EQ(call_with(table.functions.name, TN_UNIMPLEMENTED, &handle, &error), \
              TN_UNIMPLEMENTED);                                                  \
    if (std::is_void_v<result>) {                                                 \
      ++voids;                                                                    \
    } else {                                                                      \
      EXPECT_STREQ(error.message, "plugin 'acme' has no function " #name);        \
    }                                                                             \
  }
#include "slots.inc"
  EXPECT_EQ(voids, 7);
}

TEST(DispatchTable, KeepsFunctionsUpToTheSizeGiven) {
  tn_dispatch given{};
  given.struct_size = offsetof(tn_dispatch, device_close);
  given.instance_device_count = [](tn_instance*, size_t*, tn_error*) -> tn_status { return 1; };
  given.device_synchronize = [](tn_device*, tn_error*) -> tn_status { return 2; };
  const DispatchTable table({"acme", "1", 0, 0, &given});
  EXPECT_EQ(table.functions.instance_device_count, given.instance_device_count);
  EXPECT_NE(table.functions.device_synchronize, given.device_synchronize);
  EXPECT_EQ(DispatchTable::of(&table.functions), &table);
}

TEST(DispatchTable, RefusesSizesThatMakeNoSense) {
  for (const size_t size : {size_t{0}, size_t{15}, sizeof(tn_dispatch) + 1, size_t{1} << 40}) {
    tn_dispatch given{};
    given.struct_size = size;
    EXPECT_THROW(DispatchTable({"acme", "1", 0, 0, &given}), tenon::plugin::Failure) << size;
  }
}

// Gone tables are not touched, the living ones and later ones are disabled.
TEST(DispatchTable, ForkedChildDisablesLivingAndLaterTables) {
  const DispatchTable first({"first", "1", 0, 0, &kEmpty});
  {
    const DispatchTable gone({"gone", "1", 0, 0, &kEmpty});
  }
  const DispatchTable last({"last", "1", 0, 0, &kEmpty});
  const pid_t child = fork();
  if (child == 0) {
    const DispatchTable later({"later", "1", 0, 0, &kEmpty});
    _exit(count_others(first, TN_FORKED) + count_others(last, TN_FORKED) +
          count_others(later, TN_FORKED));
  }
  int status = 0;
  waitpid(child, &status, 0);
  ASSERT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 0);
  EXPECT_EQ(count_others(first, TN_UNIMPLEMENTED), 0) << "the parent is not affected";
  EXPECT_GT(count_others(first, TN_FORKED), 30) << "the count can count";
}

}  // namespace
