// SPDX-License-Identifier: Apache-2.0
#include "fuzz/hostile_plugin.h"

#include <algorithm>
#include <cstring>
#include <deque>
#include <list>
#include <memory>
#include <vector>

struct tn_instance : tn_handle {};
struct tn_device : tn_handle {};

namespace tenon::fuzz {
namespace {

// An entry is given nothing of the host's, so there is one plugin at a time.
struct State {
  Choices& choices;
  tn_plugin told{};
  // Each of exactly its size, so that a byte more is seen.
  std::list<std::vector<unsigned char>> blocks;
};
std::unique_ptr<State> g_state;
// Never given away: the validation layer of an earlier input knows them as destroyed, and a plugin
// that it does not stand before cannot tell it of new ones.
std::deque<tn_instance> g_instances;
std::deque<tn_device> g_devices;

Choices& choices() { return g_state->choices; }

// Of a struct that there can be. (0 and such are the host's lies, not this plugin's to believe.)
bool can_be(size_t size) { return size >= sizeof(size_t) && size <= size_t{1} << 16; }

void* block(size_t size) { return g_state->blocks.emplace_back(size).data(); }

template <size_t size>
void garble(char (&text)[size]) {
  const char first = static_cast<char>(choices().number(1));
  std::fill(std::begin(text), std::end(text), first == '\0' ? '\xff' : first);
  if (choices().chance(50)) text[choices().below(size)] = '\0';
}

// A failure, mostly as it must be.
tn_status answer(tn_error* error, tn_status status) {
  if (choices().chance(20)) status = static_cast<tn_status>(choices().number(4));
  if (error == nullptr || status == TN_OK) return status;
  if (!can_be(error->struct_size) || error->struct_size < sizeof(*error)) return status;
  error->code = choices().chance(20) ? static_cast<tn_status>(choices().number(2)) : status;
  std::strcpy(error->message, "hostile");
  if (choices().chance(20)) garble(error->message);
  if (choices().chance(10)) garble(error->rule);
  if (choices().chance(10)) garble(error->argument);
  if (choices().chance(3)) error->struct_size = choices().number(2);
  return status;
}

// In the caller's struct: what fits.
template <class T>
void give(T* out, T known) {
  const size_t size = out->struct_size;
  if (!can_be(size)) return;
  known.struct_size = choices().chance(2) ? choices().number(2) : size;
  std::memcpy(static_cast<void*>(out), &known, std::min(size, sizeof(T)));
}

tn_status TN_CALL instance_create(const tn_instance_desc* desc, tn_instance** instance,
                                  tn_error* error) {
  if (choices().chance(10)) return answer(error, choices().of({TN_INTERNAL, TN_NO_DEVICE}));
  *instance = nullptr;
  if (choices().chance(5)) return TN_OK;
  *instance = &g_instances.emplace_back();
  (*instance)->dispatch = choices().chance(5)
                              ? choices().of<const tn_dispatch*>({nullptr, g_state->told.functions})
                              : desc->dispatch;
  return TN_OK;
}

void TN_CALL instance_destroy(tn_instance*) {}

tn_status TN_CALL device_count(tn_instance*, size_t* count, tn_error* error) {
  if (choices().chance(10)) return answer(error, TN_INTERNAL);
  *count = choices().chance(80) ? 1 : choices().of<size_t>({0, 2, SIZE_MAX});
  return TN_OK;
}

tn_status write_info(tn_device_info* info, tn_error* error) {
  if (choices().chance(10)) return answer(error, TN_INTERNAL);
  tn_device_info known{};
  known.type = choices().chance(70) ? tn_device_type{TN_DEVICE_ACCELERATOR}
                                    : static_cast<tn_device_type>(choices().number(4));
  known.alignment = choices().chance(80) ? 64 : static_cast<uint32_t>(choices().number(4));
  known.max_allocation = choices().chance(80) ? 1024 : choices().number(8);
  std::strcpy(known.name, "hostile");
  if (choices().chance(20)) garble(known.name);
  if (choices().chance(20)) garble(known.vendor);
  if (choices().chance(20)) known.flags = static_cast<uint32_t>(choices().number(4));
  if (choices().chance(20)) known.reserved = static_cast<uint32_t>(choices().number(4));
  give(info, known);
  return TN_OK;
}

tn_status TN_CALL device_info(tn_instance*, size_t, tn_device_info* info, tn_error* error) {
  return write_info(info, error);
}

tn_status TN_CALL device_get_info(tn_device*, tn_device_info* info, tn_error* error) {
  return write_info(info, error);
}

tn_status TN_CALL device_open(tn_instance* instance, size_t, const tn_device_desc*,
                              tn_device** device, tn_error* error) {
  if (choices().chance(90)) {
    *device = &g_devices.emplace_back();
    (*device)->dispatch = instance->dispatch;
  }
  return choices().chance(90) ? tn_status{TN_OK} : answer(error, TN_INTERNAL);
}

void TN_CALL device_close(tn_device*) {}

// Rows are there, whatever their number and distance are said to be.
tn_status TN_CALL get_operators(tn_device*, tn_operator_table* table, tn_error* error) {
  if (choices().chance(10)) return answer(error, TN_INTERNAL);
  static const tn_dtype dtypes[] = {TN_FLOAT32, 4711};
  static const tn_type_list types = {"T", dtypes, 2};
  const size_t count = choices().below(3);
  tn_operator_table known{};
  auto* rows = static_cast<tn_operator_entry*>(block(sizeof(tn_operator_entry) * 3));
  for (size_t i = 0; i < count; ++i) {
    rows[i].struct_size = choices().chance(90) ? sizeof(*rows) : choices().number(2);
    rows[i].domain = choices().chance(90) ? "" : nullptr;
    rows[i].name = choices().chance(90) ? "Add" : choices().of<const char*>({nullptr, "", "\xff"});
    rows[i].version = static_cast<int32_t>(i + choices().below(3));
    rows[i].types = choices().chance(90) ? &types : nullptr;
    rows[i].type_count = choices().chance(90) ? 1 : 0;
  }
  known.first = choices().chance(90) ? rows : nullptr;
  known.count = choices().chance(90) ? count : SIZE_MAX;
  known.stride = choices().chance(90) ? sizeof(*rows) : choices().below(sizeof(*rows));
  give(table, known);
  return TN_OK;
}

tn_status TN_CALL get_extension(tn_instance*, const char*, uint32_t, const void** table,
                                tn_error* error) {
  if (choices().chance(70)) return answer(error, TN_UNSUPPORTED);
  // Its functions are NULL: it was made for a later time, or cut short.
  const size_t size = sizeof(size_t) * choices().below(16);
  auto* words = static_cast<size_t*>(block(std::max(size, sizeof(size_t))));
  words[0] = choices().chance(10) ? choices().of<size_t>({0, 3, SIZE_MAX}) : size;
  *table = choices().chance(95) ? words : nullptr;
  return TN_OK;
}

const tn_dispatch* make_table() {
  if (choices().chance(2)) return nullptr;
  tn_dispatch known{};
  known.instance_create = instance_create;
  known.instance_destroy = instance_destroy;
  known.instance_device_count = device_count;
  known.instance_device_info = device_info;
  known.instance_extension = get_extension;
  known.device_open = device_open;
  known.device_close = device_close;
  known.device_get_info = device_get_info;
  known.device_get_operators = get_operators;
  size_t size = sizeof(known);
  if (choices().chance(10)) size = sizeof(size_t) * choices().below(sizeof(known) / 8 + 9);
  auto* table = static_cast<tn_dispatch*>(block(std::max(size, sizeof(size_t))));
  std::memcpy(static_cast<void*>(table), &known, std::min(size, sizeof(known)));
  auto* words = static_cast<uintptr_t*>(static_cast<void*>(table));
  constexpr size_t kFirst = offsetof(tn_dispatch, instance_create) / sizeof(uintptr_t);
  for (size_t i = 0; i < 4 && choices().chance(20); ++i) {
    const size_t slot = kFirst + choices().below(9);
    if (slot < size / sizeof(uintptr_t)) words[slot] = 0;
  }
  // What a later version has there, nobody here may jump to.
  for (size_t i = sizeof(known) / 8; i < size / 8; ++i) words[i] = 0x4711;
  table->struct_size = choices().chance(3) ? choices().of<size_t>({0, 7, SIZE_MAX}) : size;
  return table;
}

tn_status TN_CALL say(const tn_host*, tn_plugin* plugin, tn_error* error) {
  if (choices().chance(5)) return answer(error, TN_VERSION_MISMATCH);
  tn_plugin& told = g_state->told;
  told = tn_plugin{};
  const auto number = [](uint32_t right) {
    return choices().chance(3) ? static_cast<uint32_t>(choices().number(4)) : right;
  };
  told.abi_major = number(TN_ABI_MAJOR);
  told.abi_minor = number(TN_ABI_MINOR);
  told.abi_hash = choices().chance(3) ? choices().number(8) : TN_ABI_HASH;
  std::strcpy(told.name, "hostile");
  std::strcpy(told.version, "1.0");
  if (choices().chance(4)) garble(told.name);
  if (choices().chance(10)) garble(told.version);
  told.functions = make_table();
  give(plugin, told);
  return TN_OK;
}

}  // namespace

HostilePlugin::HostilePlugin(Choices& given) { g_state.reset(new State{given, {}, {}}); }
HostilePlugin::~HostilePlugin() { g_state.reset(); }
tn_plugin_entry_fn HostilePlugin::entry() { return say; }
const tn_plugin& HostilePlugin::told() const { return g_state->told; }

}  // namespace tenon::fuzz
