// SPDX-License-Identifier: Apache-2.0
//
// The handshake, from both sides: libtenon between a host and a plugin of other versions than its
// own, or of none; and the entry of a plugin that is made with the helper (the template) before a
// host of any version. Whatever is said is done or refused with an error, nothing is written behind
// a caller's struct, and no plugin of another ABI is opened.
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "fuzz/hostile_plugin.h"
#include "fuzz/sized.h"
#include "tenon/cpp/error.hpp"

extern "C" tn_status TN_CALL tn_plugin_entry(const tn_host* host, tn_plugin* plugin,
                                             tn_error* error);

namespace tenon::fuzz {
namespace {

// How far the inputs got, printed at the end: a fuzzer that is always refused finds nothing.
struct Progress {
  unsigned long long inputs = 0;
  unsigned long long loaders = 0;
  unsigned long long instances = 0;
  unsigned long long devices = 0;
  unsigned long long entries = 0;

  ~Progress() {
    std::fprintf(stderr,
                 "of %llu inputs %llu made a loader, %llu an instance, %llu a device; %llu "
                 "entries answered\n",
                 inputs, loaders, instances, devices, entries);
    if (inputs > 1000 && (devices == 0 || entries == 0)) std::abort();
  }
} g_progress;

[[noreturn]] void wrong(const char* what, tn_status status, const char* message) {
  std::fprintf(stderr, "wrong: %s (0x%x: %s)\n", what, static_cast<unsigned>(status), message);
  std::abort();
}

// An error of any size, and what libtenon itself may answer.
class Answer {
 public:
  explicit Answer(Choices& choices) : error_(choices, empty(), false) {}

  tn_error* get() { return error_.get(); }
  bool ok(tn_status status, const char* what) {
    const tn_error& error = *error_.get();
    const bool whole = error_.has(sizeof(tn_error)) && error_.size() <= size_t{1} << 16;
    const bool ends = whole && std::memchr(error.message, 0, sizeof(error.message)) != nullptr;
    const char* message = ends ? error.message : "";
    if (!is_known_status(status)) wrong(what, status, message);
    if (status == TN_OK || !whole) return status == TN_OK;
    if (error.code != status || !ends || message[0] == '\0') wrong(what, status, message);
    return false;
  }

 private:
  static tn_error empty() {
    tn_error error{};
    return error;
  }
  Sized<tn_error> error_;
};

void TN_CALL hear_nothing(void*, tn_log_level, const char*, const char* message) {
  if (message == nullptr) wrong("a log without a message", TN_OK, "");
}

tn_host host_of(Choices& choices) {
  tn_host host{};
  host.log = hear_nothing;
  if (choices.chance(30)) host.abi_major = static_cast<uint32_t>(choices.number(4));
  if (choices.chance(30)) host.abi_hash = choices.number(8);
  return host;
}

// What can be asked of a device before anything is made of it.
void ask(Choices& choices, tn_device* device) {
  for (int i = 0; i < 4; ++i) {
    Answer answer(choices);
    Sized<tn_device_info> info(choices, {});
    Sized<tn_operator_table> table(choices, {});
    Sized<tn_memory_info> memory(choices, {});
    Sized<tn_stream_desc> stream_desc(choices, {});
    tn_stream* stream = nullptr;
    switch (choices.below(5)) {
      case 0:
        tn_device_get_info(device, info.get(), answer.get());
        break;
      case 1:
        tn_device_get_operators(device, table.get(), answer.get());
        break;
      case 2:
        tn_device_get_memory(device, memory.get(), answer.get());
        break;
      case 3:
        tn_stream_create(device, stream_desc.get(), &stream, answer.get());
        break;
      default:
        tn_device_synchronize(device, answer.get());
    }
  }
}

void use(Choices& choices, tn_instance* instance) {
  Answer answer(choices);
  Sized<tn_instance_info> info(choices, {});
  // libtenon's own, for every plugin.
  answer.ok(tn_instance_get_info(instance, info.get(), answer.get()), "instance_get_info");
  size_t count = 0;
  tn_instance_device_count(instance, &count, nullptr);
  Sized<tn_device_info> device_info(choices, {});
  tn_instance_device_info(instance, choices.below(2), device_info.get(), nullptr);
  Sized<tn_device_desc> desc(choices, {});
  tn_device* device = nullptr;
  const tn_status opened = tn_device_open(instance, 0, desc.get(), &device, nullptr);
  if (opened != TN_OK || device == nullptr) return;
  ++g_progress.devices;
  ask(choices, device);
  tn_device_close(device);
}

void look_at_candidates(Choices& choices, tn_loader* loader) {
  size_t count = 0;
  Answer answer(choices);
  answer.ok(tn_loader_candidate_count(loader, &count, answer.get()), "candidate_count");
  for (size_t i = 0; i <= count; ++i) {
    Sized<tn_candidate_info> info(choices, {});
    Answer told(choices);
    const bool is_told =
        told.ok(tn_loader_candidate_info(loader, i, info.get(), told.get()), "info");
    if (is_told && i == count) wrong("a candidate that there is not", TN_OK, "");
    if (is_told && info.has(sizeof(tn_candidate_info)) && info.get()->name == nullptr) {
      wrong("a candidate without a text", TN_OK, "");
    }
  }
}

void open_hostile(Choices& choices) {
  const HostilePlugin plugin(choices);
  const tn_plugin_entry_fn entries[] = {HostilePlugin::entry(), HostilePlugin::entry()};
  Sized<tn_host> host(choices, host_of(choices), false);
  const char* const paths[] = {"/nowhere", nullptr};
  tn_loader_desc known{};
  known.host = host.get();
  // One that cannot hear the validation layer would have it on stderr.
  if (host.has(sizeof(tn_host)))
    known.layers = choices.of({"", "validation", "", "fault,validation", "nonsense"});
  known.entries = choices.chance(1) ? nullptr : entries;
  known.entry_count = choices.chance(10) ? 2 : 1;
  known.search_paths = paths;
  known.search_path_count = choices.chance(2) ? 2 : 0;
  Sized<tn_loader_desc> desc(choices, known);
  Answer answer(choices);
  tn_loader* loader = nullptr;
  if (!answer.ok(tn_loader_create(desc.get(), &loader, answer.get()), "loader_create")) {
    if (loader != nullptr) wrong("a loader is left", TN_OK, "");
    return;
  }
  ++g_progress.loaders;
  look_at_candidates(choices, loader);
  tn_open_desc how{};
  const tn_option option = {choices.chance(95) ? "key" : nullptr, "value"};
  how.options = choices.chance(95) ? &option : nullptr;
  how.option_count = choices.chance(10) ? 1 : 0;
  if (choices.chance(5)) how.min_version = choices.of({"1.0", "9", "", "x..1", "99999999999999"});
  if (choices.chance(5)) how.below_version = choices.of({"2", "1", "-1", "\xff"});
  if (choices.chance(3)) how.flags = static_cast<uint32_t>(choices.number(4));
  if (choices.chance(3)) how.reserved = static_cast<uint32_t>(choices.number(4));
  Sized<tn_open_desc> open_desc(choices, how);
  for (int i = 0; i < 2; ++i) {
    tn_instance* instance = nullptr;
    Answer opened(choices);
    const char* const name = choices.chance(95) ? "hostile" : choices.of({"", "\xff", "other"});
    const tn_status status = tn_loader_open(loader, name, open_desc.get(), &instance, opened.get());
    if (!opened.ok(status, "loader_open")) {
      if (instance != nullptr) wrong("an instance is left", status, "");
      continue;
    }
    const tn_plugin& told = plugin.told();
    if (told.abi_major != TN_ABI_MAJOR || (TN_ABI_MAJOR == 0 && told.abi_hash != TN_ABI_HASH)) {
      wrong("a plugin of another ABI is open", status, told.name);
    }
    ++g_progress.instances;
    use(choices, instance);
  }
  look_at_candidates(choices, loader);
  tn_loader_destroy(loader);
}

// A plugin that is made with tenon_plugin.h.
void ask_entry(Choices& choices) {
  tn_host known{};
  const auto number = [&](uint32_t right) {
    return choices.chance(20) ? static_cast<uint32_t>(choices.number(4)) : right;
  };
  known.abi_major = number(TN_ABI_MAJOR);
  known.abi_minor = number(TN_ABI_MINOR);
  known.abi_hash = choices.number(8);
  Sized<tn_host> host(choices, known);
  Sized<tn_plugin> plugin(choices, {});
  Answer answer(choices);
  const tn_status status = tn_plugin_entry(host.get(), plugin.get(), answer.get());
  if (!answer.ok(status, "tn_plugin_entry")) return;
  if (!host.has(offsetof(tn_host, context))) wrong("a host without a version is taken", status, "");
  if (known.abi_major != TN_ABI_MAJOR) wrong("a host of another ABI is taken", status, "");
  if (!plugin.has(sizeof(tn_plugin)) || plugin.size() > size_t{1} << 16) return;
  ++g_progress.entries;
  const tn_dispatch& functions = *plugin.get()->functions;
  tn_instance_desc desc{};
  desc.dispatch = &functions;
  desc.host = host.get();
  Sized<tn_instance_desc> given(choices, desc);
  tn_instance* instance = nullptr;
  Answer made(choices);
  if (!made.ok(functions.instance_create(given.get(), &instance, made.get()), "instance_create")) {
    if (instance != nullptr) wrong("an instance is left", TN_OK, "");
    return;
  }
  Sized<tn_device_info> info(choices, {});
  Answer told(choices);
  told.ok(functions.instance_device_info(instance, choices.below(2), info.get(), told.get()),
          "device_info");
  Sized<tn_device_desc> how(choices, {});
  tn_device* device = nullptr;
  Answer opened(choices);
  if (opened.ok(functions.device_open(instance, 0, how.get(), &device, opened.get()), "open")) {
    functions.device_close(device);
  } else if (device != nullptr) {
    wrong("a device is left", TN_OK, "");
  }
  functions.instance_destroy(instance);
}

}  // namespace
}  // namespace tenon::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const int quiet = setenv("TENON_LOG", "off", 1);
  if (quiet != 0) std::abort();
  tenon::fuzz::Choices choices(data, size);
  ++tenon::fuzz::g_progress.inputs;
  if (choices.chance(20)) {
    tenon::fuzz::ask_entry(choices);
  } else {
    tenon::fuzz::open_hostile(choices);
  }
  return 0;
}
