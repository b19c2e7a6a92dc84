// SPDX-License-Identifier: Apache-2.0
#include "reference_impl/layers/tests/garble.h"

#include <cstring>
#include <map>
#include <string_view>

#include "tenon/tenon_plugin.hpp"

extern "C" tn_status TN_CALL reference_plugin_entry(const tn_host*, tn_plugin*, tn_error*);

namespace tenon::layers::garble {
namespace {

struct Lie {
  const Place* place = nullptr;
  size_t way = 0;
  int told = 0;
} g_lie;

const tn_dispatch* g_sound = nullptr;
Extensions g_sound_extensions;

// A handle that was made, for one that is made again.
std::map<std::string_view, void*> g_made;

const std::map<Kind, std::vector<const char*>>& names() {
  static const std::map<Kind, std::vector<const char*>> all = {
      {Kind::kStatus, {"no class", "a class beyond", "negative", "too early"}},
      {Kind::kQuery, {"no class", "a class beyond", "negative"}},
      {Kind::kError,
       {"another code", "no message", "a rule without end", "an argument without end",
        "a message without end", "a message that is not UTF-8", "another struct_size",
        "bytes behind it", "written with TN_OK", "too early"}},
      {Kind::kHandle,
       {"NULL with TN_OK", "an odd address", "nothing there", "no dispatch table",
        "one that is in use", "left with a failure"}},
      {Kind::kLent, {"NULL with TN_OK", "left with a failure", "nothing there"}},
      {Kind::kPointer, {"NULL", "nothing there"}},
      {Kind::kSize, {"0", "the most", "bytes behind it"}},
      {Kind::kText, {"without end", "not UTF-8", "an overlong form"}},
      {Kind::kEnum, {"77", "-1", "the least"}},
      {Kind::kBits, {"the highest", "all"}},
      {Kind::kReserved, {"1", "all"}},
      {Kind::kNumber, {"0", "the most", "odd", "negative"}},
      {Kind::kNeeds,
       {"unknown bits", "the layout 7", "no alignment", "an odd alignment", "everything",
        "one element more"}},
      {Kind::kDims, {"negative", "TN_DYNAMIC", "another"}},
  };
  return all;
}

constexpr uintptr_t kNowhere = 0x7654320;

void garble_needs(tn_argument_needs* needs, size_t way) {
  if (needs == nullptr) return;
  switch (way) {
    case 0:
      needs->requirements |= 1u << 30;
      break;
    case 1:
      needs->layout = 7;
      break;
    case 2:
      needs->requirements |= TN_REQUIRES_ALIGNED;
      needs->alignment = 0;
      break;
    case 3:
      needs->requirements |= TN_REQUIRES_ALIGNED;
      needs->alignment = 12;
      break;
    case 4:
      needs->requirements = 0x3f;
      break;
    default:
      needs[2] = {1, 2, 3};  // Two are described at most.
  }
}

void garble_number(void* at, size_t size, size_t way) {
  std::memset(at, way == 1 || way == 3 ? 0xff : 0, size);
  auto* bytes = static_cast<unsigned char*>(at);
  if (way == 1) bytes[size - 1] = 0x7f;  // The most of a signed one.
  if (way == 2) bytes[0] = 13;
}

void garble_error(tn_error* error, tn_status* status, size_t way) {
  if (error == nullptr) return;
  ++g_lie.told;
  if (way >= 8) {
    *status = way == 8 ? TN_OK : TN_NOT_READY;
    plugin::copy_text(error->message, "all is well");
    return;
  }
  *status = plugin::set_error(error, TN_INTERNAL, "TN-none-001", "a failure");
  switch (way) {
    case 0:
      error->code = TN_OUT_OF_RANGE;
      break;
    case 1:
      error->message[0] = '\0';
      break;
    case 2:
      std::memset(error->rule, 'r', sizeof(error->rule));
      break;
    case 3:
      std::memset(error->argument, 'a', sizeof(error->argument));
      break;
    case 4:
      std::memset(error->message, 'm', sizeof(error->message));
      break;
    case 5:
      plugin::copy_text(error->message, "half of \xc3");
      break;
    case 6:
      error->struct_size = 7;
      break;
    default:
      reinterpret_cast<char*>(error)[error->struct_size] = 'x';
  }
}

// The device has no extension: these do what its core does.
tn_status TN_CALL copy_between(tn_stream* stream, tn_buffer* dst, uint64_t dst_offset,
                               tn_buffer* src, uint64_t src_offset, uint64_t size,
                               tn_error* error) {
  return sound().stream_copy(stream, dst, dst_offset, src, src_offset, size, error);
}
tn_status TN_CALL wait_for(tn_stream* stream, tn_event* event, tn_error* error) {
  return sound().stream_wait_event(stream, event, nullptr, error);
}

tn_status TN_CALL tell_property(tn_device*, size_t index, tn_property* property, tn_error* error) {
  if (index != 0)
    return plugin::set_error(error, TN_OUT_OF_RANGE, nullptr, "there is one property");
  tn_property answer{};
  answer.type = TN_PROPERTY_INTEGERS;
  answer.count = 1;
  answer.integers[0] = 4;
  plugin::copy_text(answer.name, "compute_units");
  plugin::write(property, answer, "tn_property");
  return TN_OK;
}
tn_status TN_CALL tell_option(tn_device*, size_t index, tn_option_info* option, tn_error* error) {
  if (index != 0) return plugin::set_error(error, TN_OUT_OF_RANGE, nullptr, "there is one option");
  tn_option_info answer{};
  answer.type = TN_OPTION_INTEGER;
  plugin::copy_text(answer.name, "memory_limit");
  plugin::copy_text(answer.default_value, "0");
  plugin::copy_text(answer.help, "The most memory that it gives out.");
  plugin::write(option, answer, "tn_option_info");
  return TN_OK;
}
tn_status TN_CALL trim(tn_device*, uint64_t* released, tn_error*) {
  *released = 0;
  return TN_OK;
}

tn_status TN_CALL find_extension(tn_instance*, const char* name, uint32_t, const void** table,
                                 tn_error* error) {
  static Extensions garbled;
  g_sound_extensions.peer = {sizeof(tn_peer_functions), copy_between, wait_for};
  g_sound_extensions.device = {sizeof(tn_device_functions), tell_property, tell_option, trim};
  garbled = g_sound_extensions;
  garble_functions(&garbled);
  *table = nullptr;
#define TN_EXTENSION(extension, type, known_name, known_version) \
  if (std::strcmp(name, known_name) == 0) {                      \
    *table = &garbled.extension;                                 \
    return TN_OK;                                                \
  }
#include "reference_impl/layers/extensions.inc"
  // One that the loader does not know.
  static const size_t unknown = sizeof(size_t);
  tn_status status = TN_OK;
  *table = &unknown;
  Garble garble("instance_extension", &status, error);
  garble.put(Kind::kLent, "table", table, sizeof(*table));
  return garble.answer();
}

}  // namespace

size_t ways_of(Kind kind) { return names().at(kind).size(); }
const char* name_of(Kind kind, size_t way) { return names().at(kind)[way]; }

void lie_at(const Place* place, size_t way) { g_lie = {place, way, 0}; }
int told() { return g_lie.told; }

const tn_dispatch& sound() { return *g_sound; }
const Extensions& sound_extensions() { return g_sound_extensions; }

bool Garble::is_here(const char* where) const {
  return g_lie.place != nullptr && std::strcmp(g_lie.place->function, function_) == 0 &&
         std::strcmp(g_lie.place->where, where) == 0;
}

void Garble::put(Kind kind, const char* where, void* at, size_t size) {
  if (kind == Kind::kHandle && *status_ == TN_OK && !is_here(where)) {
    g_made[function_] = *static_cast<void**>(at);
  }
  if (!is_here(where) || (*status_ != TN_OK && *status_ != TN_NEEDS_STATIC)) return;
  const size_t way = g_lie.way;
  ++g_lie.told;
  switch (kind) {
    case Kind::kHandle: {
      auto** handle = static_cast<void**>(at);
      static const tn_handle kNoTable{};
      if (way == 0) *handle = nullptr;
      if (way == 1) *handle = reinterpret_cast<void*>(uintptr_t{13});
      if (way == 2) *handle = reinterpret_cast<void*>(kNowhere);
      if (way == 3) *handle = const_cast<tn_handle*>(&kNoTable);
      if (way == 4) {
        void*& made = g_made[function_];
        if (made == nullptr) {
          made = *handle;  // The first is honest.
          --g_lie.told;
        }
        *handle = made;
      }
      if (way == 5) *status_ = plugin::set_error(error_, TN_INTERNAL, nullptr, "out of luck");
      break;
    }
    case Kind::kLent:
      if (way == 0) *static_cast<void**>(at) = nullptr;
      if (way == 1) *status_ = plugin::set_error(error_, TN_INTERNAL, nullptr, "out of luck");
      if (way == 2) *static_cast<void**>(at) = reinterpret_cast<void*>(kNowhere);
      break;
    case Kind::kPointer:
      *static_cast<void**>(at) = reinterpret_cast<void*>(way == 0 ? 0 : kNowhere);
      break;
    case Kind::kSize: {
      auto* struct_size = static_cast<size_t*>(at);
      if (way == 2) {
        static_cast<char*>(at)[*struct_size] = 'x';
      } else {
        *struct_size = way == 0 ? 0 : SIZE_MAX;
      }
      break;
    }
    case Kind::kText:
      std::memset(at, 't', size);
      if (way != 0) std::memcpy(at, way == 1 ? "\xff..." : "\xc0\xaf..", 5);
      break;
    case Kind::kEnum: {
      const int32_t values[] = {77, -1, INT32_MIN};
      std::memcpy(at, &values[way], sizeof(int32_t));
      break;
    }
    case Kind::kBits:
    case Kind::kReserved: {
      const uint32_t values[] = {kind == Kind::kBits ? 1u << 31 : 1u, ~0u};
      std::memcpy(at, &values[way], sizeof(uint32_t));
      break;
    }
    case Kind::kNumber:
      garble_number(at, size, way);
      break;
    case Kind::kNeeds:
      garble_needs(*static_cast<tn_argument_needs**>(at), way);
      break;
    case Kind::kDims: {
      const int64_t values[] = {-3, TN_DYNAMIC, 1000};
      std::memcpy(at, &values[way], sizeof(int64_t));
      break;
    }
    default:
      break;
  }
}

tn_status Garble::answer() {
  const bool well = *status_ == TN_OK;
  if (is_here("error") && g_lie.place->kind == Kind::kError && well) {
    garble_error(error_, status_, g_lie.way);
  }
  if (is_here("") && well) {
    ++g_lie.told;
    const tn_status values[] = {0x17, 0x7ff00, -77, TN_NOT_READY};
    *status_ = values[g_lie.way];
    if (error_ != nullptr && *status_ != TN_NOT_READY) {
      plugin::set_error(error_, *status_, nullptr, "a status");
    }
  }
  return *status_;
}

tn_status TN_CALL entry(const tn_host* host, tn_plugin* plugin, tn_error* error) {
  const tn_status status = reference_plugin_entry(host, plugin, error);
  if (status != TN_OK) return status;
  g_sound = plugin->functions;
  static tn_dispatch garbled;
  garbled = *g_sound;
  garble_functions(&garbled);
  garbled.instance_extension = find_extension;
  g_made.clear();
  plugin->functions = &garbled;
  plugin::copy_text(plugin->name, "garbled");
  return status;
}

}  // namespace tenon::layers::garble
