// SPDX-License-Identifier: Apache-2.0
//
// Garbage in every field that a plugin fills, one field at a time: the list is the registry's
// (filled.inc). It is another one at each call: texts without an end, numbers that nothing has.
#include <atomic>

#include "conformance/mutants/liar.h"

namespace tenon::liar {
namespace {

uint64_t next() {
  static std::atomic<uint64_t> calls{0};
  return ++calls;
}

template <size_t size>
void spoil(char (&text)[size]) {
  std::memset(text, static_cast<int>('a' + next() % 26), size);
}
template <class T, size_t size>
void spoil(T (&list)[size]) {
  for (T& one : list) one = static_cast<T>(one + static_cast<T>(next()) * 7);
}
template <class T>
void spoil(T*& pointer) {
  pointer = nullptr;
}
void spoil(void*& pointer) { pointer = reinterpret_cast<void*>(next() << 4); }
template <class T>
void spoil(T& number) {
  constexpr T kHigh = static_cast<T>(T{1} << (8 * sizeof(T) - 2));
  number = static_cast<T>(number ^ (kHigh | static_cast<T>(next() << 4)));
}

// The struct that a slot fills is the only argument of its type.
template <auto slot, auto field, class F = Function<slot>>
struct Garbage;
template <auto slot, class T, class Field, Field T::* field, class... Arguments>
struct Garbage<slot, field, tn_status(Arguments...)> {
  static tn_status TN_CALL call(Arguments... arguments) {
    const tn_status status = (sound().*slot)(arguments...);
    T* const filled = std::get<T*>(std::tuple<Arguments...>(arguments...));
    if (status == TN_OK && whole(filled)) spoil(filled->*field);
    return status;
  }
};

}  // namespace

#define TN_FILLED(slot, type, field)                              \
  TN_LIAR(garbage_##slot##_##field) {                             \
    table.slot = Garbage<&tn_dispatch::slot, &type::field>::call; \
  }
#include "conformance/mutants/filled.inc"

// What a kernel wants of each argument.
namespace {

template <class Field, Field tn_argument_needs::* field>
void spoil_needs(tn_argument_needs* needs, size_t count) {
  for (size_t i = 0; needs != nullptr && i < count; ++i) spoil(needs[i].*field);
}

template <class Field, Field tn_argument_needs::* field>
tn_status TN_CALL supports(tn_device* device, const tn_kernel_desc* desc,
                           tn_kernel_support* support, tn_error* error) {
  const tn_status status = sound().kernel_supports(device, desc, support, error);
  if (status == TN_OK && whole(support) && whole(desc)) {
    spoil_needs<Field, field>(support->inputs, desc->input_count);
    spoil_needs<Field, field>(support->outputs, desc->output_count);
  }
  return status;
}

// Of a kernel with one input and one output.
template <class Field, Field tn_argument_needs::* field>
tn_status TN_CALL info_of(tn_kernel* kernel, tn_kernel_info* info, tn_error* error) {
  const tn_status status = sound().kernel_get_info(kernel, info, error);
  if (status == TN_OK && whole(info)) {
    spoil_needs<Field, field>(info->inputs, 1);
    spoil_needs<Field, field>(info->outputs, 1);
  }
  return status;
}

}  // namespace

#define TN_NEED(type, field)                                           \
  TN_LIAR(garbage_needs_of_supports_##field) {                         \
    table.kernel_supports = supports<type, &tn_argument_needs::field>; \
  }                                                                    \
  TN_LIAR(garbage_needs_of_kernel_##field) {                           \
    table.kernel_get_info = info_of<type, &tn_argument_needs::field>;  \
  }
TN_NEED(uint32_t, requirements)
TN_NEED(uint32_t, alignment)
TN_NEED(tn_layout, layout)

}  // namespace tenon::liar
