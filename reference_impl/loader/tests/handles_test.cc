// SPDX-License-Identifier: Apache-2.0
//
// Every trampoline: NULL handles, and that each function reaches its own slot and no other.
#include <gmock/gmock.h>

#include <string>
#include <tuple>

#include "tenon/tenon.h"

namespace {

int g_reached = -1;  // Ordinal of the function that was called last.

template <int ordinal, class Function>
struct Marker;
template <int ordinal, class... Arguments>
struct Marker<ordinal, tn_status(TN_CALL*)(Arguments...)> {
  static tn_status TN_CALL call(Arguments...) {
    g_reached = ordinal;
    return 0x1000 + ordinal;
  }
};
template <int ordinal, class... Arguments>
struct Marker<ordinal, void(TN_CALL*)(Arguments...)> {
  static void TN_CALL call(Arguments...) { g_reached = ordinal; }
};

// Calls with the handle first, zeros between and the error last. A void function answers TN_OK.
template <class First, class... Rest>
tn_status call_with(void(TN_CALL* function)(First, Rest...), void* handle, tn_error*) {
  function(static_cast<First>(handle), Rest{}...);
  return TN_OK;
}
template <class First, class... Rest>
tn_status call_with(tn_status(TN_CALL* function)(First, Rest...), void* handle, tn_error* error) {
  std::tuple<First, Rest...> arguments;
  std::get<0>(arguments) = static_cast<First>(handle);
  std::get<sizeof...(Rest)>(arguments) = error;
  return std::apply(function, arguments);
}

template <class Function>
constexpr bool kReturnsStatus = false;
template <class... Arguments>
constexpr bool kReturnsStatus<tn_status(TN_CALL*)(Arguments...)> = true;

TEST(Handles, EachTrampolineReachesItsSlot) {
  tn_dispatch table{};
#define TN_SLOT(ordinal, result, name, parameters, arguments) \
  table.name = Marker<ordinal, decltype(table.name)>::call;
#include "../slots.inc"
  tn_handle handle{&table};
  tn_error error = TN_ERROR_INIT;
#define TN_SLOT_OWN(ordinal, result, name, parameters, arguments)
#define TN_SLOT(ordinal, result, name, parameters, arguments)         \
  g_reached = -1;                                                     \
  {                                                                   \
    const tn_status status = call_with(tn_##name, &handle, &error);   \
    EXPECT_EQ(g_reached, ordinal) << #name;                           \
    const bool answers = kReturnsStatus<decltype(table.name)>;        \
    EXPECT_EQ(status, answers ? 0x1000 + (ordinal) : TN_OK) << #name; \
  }
#include "../slots.inc"
}

TEST(Handles, NullIsAnErrorThatNamesTheFunction) {
#define TN_SLOT_OWN(ordinal, result, name, parameters, arguments)
#define TN_SLOT(ordinal, result, name, parameters, arguments)                          \
  {                                                                                    \
    tn_error error = TN_ERROR_INIT;                                                    \
    const tn_status status = call_with(tn_##name, nullptr, &error);                    \
    if (kReturnsStatus<decltype(tn_dispatch::name)>) {                                 \
      EXPECT_EQ(status, TN_INVALID_ARGUMENT) << #name;                                 \
      EXPECT_EQ(error.code, TN_INVALID_ARGUMENT) << #name;                             \
      EXPECT_THAT(error.message, testing::StartsWith("tn_" #name ":"));                \
      EXPECT_EQ(call_with(tn_##name, nullptr, nullptr), TN_INVALID_ARGUMENT) << #name; \
    }                                                                                  \
  }
#include "../slots.inc"
}

TEST(Handles, NullSetsOutputsToNull) {
  auto* buffer = reinterpret_cast<tn_buffer*>(1);
  EXPECT_EQ(tn_buffer_create(nullptr, nullptr, &buffer, nullptr), TN_INVALID_ARGUMENT);
  EXPECT_EQ(buffer, nullptr);
  void* pointer = &buffer;
  EXPECT_EQ(tn_buffer_map(nullptr, 0, 0, 0, &pointer, nullptr), TN_INVALID_ARGUMENT);
  EXPECT_EQ(pointer, nullptr);
}

}  // namespace
