// SPDX-License-Identifier: Apache-2.0
//
// Another plugin as one in bring-up may be: with functions that are missing, nonsense in
// what it answers, and calls that end the process. TENON_BRINGUP says how, in words between commas:
//
//   slot=NAME              the function is NULL
//   answer=TYPE.FIELD:KIND nonsense in that field of what is answered: zero, ones, low (the least
//                          number, or a pointer to nowhere), endless (a text), bytes (no UTF-8)
//   result=NAME:KIND       nonsense in the number or handle that the function gives: zero, ones,
//   low status=NAME:NUMBER     the function answers that, whatever it did call=NAME[@N]:WAY (the
//   N-th call of) the function misbehaves: misbehaviour.cc has the ways.
//                          Calls are counted over processes in the file TENON_BRINGUP_COUNTER
//   entry=WAY              tn_plugin_entry does; load=WAY, unload=WAY: constructors, destructors
//   drop=NAME              the table of operators does not have it
#include <fcntl.h>
#include <unistd.h>

#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <string>
#include <type_traits>
#include <vector>

#include "conformance/mutants/wrapper.h"
#include "conformance/tests/bringup/misbehaviour.h"
#include "tenon/tenon.h"

namespace tenon::bringup {
namespace {

// ---- What was asked for ----

std::multimap<std::string, std::string> read_words() {
  std::multimap<std::string, std::string> words;
  const char* given = std::getenv("TENON_BRINGUP");
  std::string rest = given != nullptr ? given : "";
  while (!rest.empty()) {
    const size_t end = rest.find(',');
    const std::string word = rest.substr(0, end);
    rest = end == std::string::npos ? "" : rest.substr(end + 1);
    words.emplace(word.substr(0, word.find('=')), word.substr(word.find('=') + 1));
  }
  return words;
}

const std::multimap<std::string, std::string>& words() {
  static const auto* const all = new std::multimap(read_words());
  return *all;
}

// What stands behind "KEY=NAME:"; empty where nothing does.
std::string asked(const std::string& key, const std::string& name) {
  const auto [first, last] = words().equal_range(key);
  for (auto it = first; it != last; ++it) {
    if (it->second == name) return "yes";
    if (it->second.starts_with(name + ":")) return it->second.substr(name.size() + 1);
  }
  return "";
}

void misbehave_at(const std::string& key) {
  const auto [first, last] = words().equal_range(key);
  for (auto it = first; it != last; ++it) misbehave(it->second);
}

// Which call of all processes this is, from 1.
long count_call() {
  const int file =
      ::open(std::getenv("TENON_BRINGUP_COUNTER"), O_WRONLY | O_CREAT | O_APPEND, 0600);
  if (file < 0 || ::write(file, ".", 1) != 1) std::abort();
  const long count = ::lseek(file, 0, SEEK_CUR);
  ::close(file);
  return count;
}

void misbehave_in(const std::string& function) {
  const auto [first, last] = words().equal_range("call");
  long count = 0;
  for (auto it = first; it != last; ++it) {
    const std::string name = it->second.substr(0, it->second.find(':'));
    const std::string way = it->second.substr(it->second.find(':') + 1);
    if (name == function) misbehave(way);
    if (!name.starts_with(function + "@")) continue;
    if (count == 0) count = count_call();
    if (std::stol(name.substr(function.size() + 1)) == count) misbehave(way);
  }
}

// ---- Nonsense ----

template <class T>
void spoil_value(T& value, const std::string& kind) {
  if (kind == "zero") std::memset(static_cast<void*>(&value), 0, sizeof(value));
  if (kind == "ones") std::memset(static_cast<void*>(&value), 0xff, sizeof(value));
  if constexpr (std::is_array_v<T>) {
    if (kind == "endless") std::memset(value, 'a', sizeof(value));
    if (kind == "bytes") std::memcpy(value, "\xc3\x28\xff", 4);
  } else if (kind == "low") {
    const uintptr_t odd = 0x11;  // A pointer to nowhere.
    const auto least = std::is_pointer_v<T> ? odd : uintptr_t{1} << (8 * sizeof(value) - 1);
    std::memcpy(static_cast<void*>(&value), &least, sizeof(value));
  } else if constexpr (std::is_same_v<T, const char*>) {
    static const std::string endless(1 << 20, 'a');
    if (kind == "endless") value = endless.c_str();
    if (kind == "bytes") value = "\xc3\x28\xff";
  }
}

// Whether a field of that end is in the caller's struct, which may be shorter than ours.
template <class T>
bool is_there(const T& answer, size_t end) {
  if constexpr (requires { answer.struct_size; }) return end <= answer.struct_size;
  return true;
}

template <class T>
void spoil(T& answer) {
#define TN_ANSWER(type, field)                                                             \
  if constexpr (std::is_same_v<T, type>) {                                                 \
    const std::string kind = asked("answer", #type "." #field);                            \
    if (!kind.empty() && is_there(answer, offsetof(type, field) + sizeof(answer.field))) { \
      spoil_value(answer.field, kind);                                                     \
    }                                                                                      \
  }
#include "conformance/suite/answers.inc"
}

// The rows are the device's own memory, and constant: copies are spoilt.
void spoil_table(tn_operator_table& table) {
  static auto* const rows = new std::vector<tn_operator_entry>;
  static auto* const lists = new std::vector<std::vector<tn_type_list>>;
  const auto* bytes = reinterpret_cast<const char*>(table.first);
  rows->clear();
  lists->clear();
  lists->reserve(table.count);
  for (size_t i = 0; i < table.count; ++i, bytes += table.stride) {
    tn_operator_entry row{};
    std::memcpy(&row, bytes, std::min(table.stride, sizeof(row)));
    if (!asked("drop", row.name).empty()) continue;
    auto& types = lists->emplace_back(row.types, row.types + row.type_count);
    for (tn_type_list& list : types) spoil(list);
    row.types = types.data();
    spoil(row);
    rows->push_back(row);
  }
  table.first = rows->data();
  table.count = rows->size();
  table.stride = sizeof(tn_operator_entry);
}

// What a function was given to fill, by the type of its parameter.
struct Spoiler {
  const char* function;
  tn_status status;
  size_t inputs = 0, outputs = 0;

  void number(auto* given) const {
    const std::string kind = asked("result", function);
    if (!kind.empty()) spoil_value(*given, kind);
  }
  void needs(tn_argument_needs* given, size_t count) const {
    for (size_t i = 0; given != nullptr && i < count; ++i) spoil(given[i]);
  }

  template <class T>
  void operator()(T) {}
  void operator()(const tn_kernel_desc* desc) {
    if (desc != nullptr) inputs = desc->input_count, outputs = desc->output_count;
  }
  template <class T>
  void operator()(T* given) {
    if (given == nullptr) return;
    if constexpr (std::is_const_v<T>) {
      // An input.
    } else if constexpr (std::is_same_v<T, size_t> || std::is_pointer_v<T>) {
      number(given);
    } else if constexpr (std::is_same_v<T, tn_error>) {
      if (status != TN_OK) spoil(*given);
    } else if constexpr (std::is_class_v<T>) {
      answer(*given);
    }
  }
  void answer(auto& given) const {
    if (status != TN_OK && status != TN_NEEDS_STATIC) return;
    using T = std::decay_t<decltype(given)>;
    if constexpr (requires { given.struct_size; }) {
      if constexpr (std::is_same_v<T, tn_operator_table>) spoil_table(given);
      if constexpr (requires { given.inputs[0].requirements; }) {
        if (is_there(given, offsetof(T, outputs) + sizeof(given.outputs))) {
          needs(given.inputs, inputs);
          needs(given.outputs, outputs);
        }
      }
      spoil(given);
    }
  }
};

// ---- The table ----

template <auto slot, const char* name, class Function>
struct Around;

template <auto slot, const char* name, class Result, class... Arguments>
struct Around<slot, name, Result(TN_CALL*)(Arguments...)> {
  static Result TN_CALL call(Arguments... arguments) {
    misbehave_in(name);
    if constexpr (std::is_void_v<Result>) {
      return (wrapper::sound().*slot)(arguments...);
    } else {
      const tn_status status = (wrapper::sound().*slot)(arguments...);
      Spoiler spoiler{name, status};
      (spoiler(arguments), ...);
      const std::string other = asked("status", name);
      return other.empty() ? status
                           : static_cast<tn_status>(std::strtol(other.c_str(), nullptr, 0));
    }
  }
};

#define TN_SLOT(ordinal, result, name, parameters, arguments) constexpr char k_##name[] = #name;
#include "reference_impl/loader/slots.inc"

struct Library {
  Library() { misbehave_at("load"); }
  ~Library() { misbehave_at("unload"); }
};
const Library library;

}  // namespace
}  // namespace tenon::bringup

namespace tenon::wrapper {

void change(tn_dispatch& table) {
  using namespace bringup;
#define TN_SLOT(ordinal, result, name, parameters, arguments)                             \
  if (table.name != nullptr) {                                                            \
    table.name = Around<&tn_dispatch::name, k_##name, decltype(tn_dispatch::name)>::call; \
  }                                                                                       \
  if (!asked("slot", #name).empty()) table.name = nullptr;
#include "reference_impl/loader/slots.inc"
}

tn_status change_entry(tn_status status, const tn_host*, tn_plugin* plugin, tn_error*) {
  using namespace bringup;
  misbehave_at("entry");
  if (plugin != nullptr) Spoiler{"tn_plugin_entry", status}(plugin);
  const std::string other = asked("status", "tn_plugin_entry");
  return other.empty() ? status : static_cast<tn_status>(std::strtol(other.c_str(), nullptr, 0));
}

}  // namespace tenon::wrapper
