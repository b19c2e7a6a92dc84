// SPDX-License-Identifier: Apache-2.0
//
// Values, bits and fields that a device does not know, in every struct that hosts fill and every
// parameter: the lists are the registry's (suite/fields.inc). How a call with such a struct is made
// stands here, once for each; one that is missing does not compile.
#include <bit>
#include <functional>
#include <limits>

#include "suite/fixture.h"

namespace tenon::conformance {
namespace {

// A valid call with a struct T, of which one field is changed at a time.
template <class T>
struct Probe;

class UnknownTest : public DeviceTest {
 public:
  using Status = std::function<tn_status(tn_error*)>;

  const Device& owner() const { return device(); }
  const Stream& own_stream() const { return stream_; }

 protected:
  // The status, and that the error says which: the field, and the value if there is one to tell.
  static void expect_unknown(const Status& call, const std::string& field, uint64_t value,
                             bool tells_value) {
    ErrorBuffer error;
    const Refusal meant;
    EXPECT_STREQ(status_name(call(&error)), "TN_UNSUPPORTED") << field << " = " << value;
    const std::string message = error.message;
    const auto says = [](const std::string& text, const std::string& part) {
      return text.find(part) != std::string::npos;
    };
    EXPECT_TRUE(says(error.argument, field) || says(message, field))
        << "neither argument '" << error.argument << "' nor message '" << message << "' names "
        << field;
    if (!tells_value) return;
    char hex[32];
    std::snprintf(hex, sizeof(hex), "%llx", static_cast<unsigned long long>(value));
    EXPECT_TRUE(says(message, hex) || says(message, std::to_string(static_cast<int32_t>(value))) ||
                says(message, std::to_string(value)))
        << message << " does not say " << value;
  }

  // Calls `body` with a valid struct, and with what makes the call; not at all where the device has
  // no such function.
  template <class T, class Body>
  void with(Body body) {
    Probe<T> probe(*this);
    T whole = probe.valid();
    ErrorBuffer error;
    const tn_status status = probe.call(whole, &error);
    if (status == TN_UNIMPLEMENTED) return;
    ASSERT_EQ(status, TN_OK) << "what is valid: " << error.message;
    body(probe, whole);
  }

  template <class T, class Field>
  void value(Field T::* field, const char* name) {
    with<T>([&](Probe<T>& probe, const T& whole) {
      for (const int32_t unknown : {77, 4242, -3, std::numeric_limits<int32_t>::min()}) {
        T changed = whole;
        changed.*field = unknown;
        expect_unknown([&](tn_error* error) { return probe.call(changed, error); }, name,
                       static_cast<uint32_t>(unknown), true);
      }
    });
  }

  template <class T>
  void bits(uint32_t T::* field, uint32_t known, const char* name) {
    with<T>([&](Probe<T>& probe, const T& whole) {
      for (uint32_t bit = 1; bit != 0; bit <<= 1) {
        if ((known & bit) != 0) continue;
        T changed = whole;
        changed.*field |= bit;
        expect_unknown([&](tn_error* error) { return probe.call(changed, error); }, name, bit,
                       true);
      }
    });
  }

  template <class T, class Field>
  void reserved(Field T::* field, const char* name) {
    with<T>([&](Probe<T>& probe, const T& whole) {
      for (const Field set : {Field{1}, static_cast<Field>(Field{1} << (8 * sizeof(Field) - 1))}) {
        T changed = whole;
        changed.*field = set;
        expect_unknown([&](tn_error* error) { return probe.call(changed, error); }, name, set,
                       false);
      }
    });
  }
};

// Of a description: makes a handle and destroys it at once.
template <class T, class Handle, auto create, auto destroy>
struct CreateProbe {
  explicit CreateProbe(const UnknownTest& test) : test(test) {}
  T valid() const {
    T desc{};
    desc.struct_size = sizeof(desc);
    return desc;
  }
  tn_status call(const T& desc, tn_error* error) {
    Handle* handle = nullptr;
    const tn_status status = create(test.owner().get(), &desc, &handle, error);
    if (status == TN_OK) destroy(handle);
    return status;
  }
  const UnknownTest& test;
};

void destroy_buffer(tn_buffer* buffer) { tn_buffer_destroy(buffer, nullptr); }

template <>
struct Probe<tn_buffer_desc>
    : CreateProbe<tn_buffer_desc, tn_buffer, tn_buffer_create, destroy_buffer> {
  using CreateProbe::CreateProbe;
};
template <>
struct Probe<tn_stream_desc>
    : CreateProbe<tn_stream_desc, tn_stream, tn_stream_create, tn_stream_destroy> {
  using CreateProbe::CreateProbe;
};
template <>
struct Probe<tn_event_desc>
    : CreateProbe<tn_event_desc, tn_event, tn_event_create, tn_event_destroy> {
  using CreateProbe::CreateProbe;
};
template <>
struct Probe<tn_import_desc>
    : CreateProbe<tn_import_desc, tn_buffer, tn_buffer_import, destroy_buffer> {
  using CreateProbe::CreateProbe;
  tn_import_desc valid() {
    tn_import_desc desc = CreateProbe::valid();
    desc.kind = TN_IMPORT_HOST;
    desc.pointer = memory;
    desc.size = sizeof(memory);
    return desc;
  }
  alignas(4096) static inline char memory[4096];  // A device may keep it until it is closed.
};

template <>
struct Probe<tn_record_desc> {
  explicit Probe(const UnknownTest& test) : test(test), event(test.owner()) {}
  tn_record_desc valid() const { return {sizeof(tn_record_desc), 0}; }
  tn_status call(const tn_record_desc& desc, tn_error* error) {
    return tn_event_record(event.get(), test.own_stream().get(), &desc, error);
  }
  const UnknownTest& test;
  Event event;
};

// A Cast, which every device has, with what a description can hold.
struct CastProbe {
  explicit CastProbe(const UnknownTest& test) : test(test) {
    desc.name = "Cast";
    desc.version = version_of("", "Cast");
    desc.input(Argument::device(TN_INT32, {4})).output(Argument::device(TN_INT32, {4}));
    desc.attribute("to", int64_t{TN_INT32});
    desc = aligned(test.owner(), desc);
    view.emplace(desc);
  }
  // Both functions that take a description answer the same.
  tn_status ask(const tn_kernel_desc& whole, tn_error* error) {
    tn_kernel* kernel = nullptr;
    const tn_status status = tn_kernel_create(test.owner().get(), &whole, &kernel, error);
    EXPECT_EQ(tn_kernel_supports(test.owner().get(), &whole, nullptr, nullptr), status);
    tn_kernel_destroy(kernel);
    return status;
  }
  const UnknownTest& test;
  KernelDesc desc;
  std::optional<KernelDescView> view;
};

template <>
struct Probe<tn_kernel_desc> : CastProbe {
  using CastProbe::CastProbe;
  tn_kernel_desc valid() const { return *view->get(); }
  tn_status call(const tn_kernel_desc& changed, tn_error* error) { return ask(changed, error); }
};
template <>
struct Probe<tn_argument> : CastProbe {
  using CastProbe::CastProbe;
  tn_argument valid() const { return *view->get()->inputs[0]; }
  tn_status call(const tn_argument& changed, tn_error* error) {
    const tn_argument* inputs[] = {&changed};
    tn_kernel_desc whole = *view->get();
    whole.inputs = inputs;
    return ask(whole, error);
  }
};
template <>
struct Probe<tn_attribute> : CastProbe {
  using CastProbe::CastProbe;
  tn_attribute valid() const { return *view->get()->attributes[0]; }
  tn_status call(const tn_attribute& changed, tn_error* error) {
    const tn_attribute* attributes[] = {&changed};
    tn_kernel_desc whole = *view->get();
    whole.attributes = attributes;
    return ask(whole, error);
  }
};

// Both sides of a reorder.
template <>
struct Probe<tn_tensor> {
  explicit Probe(const UnknownTest& test)
      : test(test), to(test.owner(), 16), from(test.owner(), 16) {}
  tn_tensor valid() const {
    static const int64_t dims[] = {4};
    tn_tensor tensor{};
    tensor.buffer = to.get();
    tensor.dims = dims;
    tensor.rank = 1;
    tensor.dtype = TN_INT32;
    return tensor;
  }
  tn_status call(const tn_tensor& changed, tn_error* error) {
    tn_tensor other = changed;
    other.buffer = from.get();
    return tn_stream_reorder(test.own_stream().get(), &changed, &other, error);
  }
  const UnknownTest& test;
  Buffer to, from;
};

TEST_F(UnknownTest, TN_enum_001_values_in_structs) {
#define TN_VALUE(type, field) value<type>(&type::field, #field);
#include "suite/fields.inc"
}

TEST_F(UnknownTest, TN_enum_001_bits_in_structs) {
#define TN_BITS(type, field, known) bits<type>(&type::field, known, #field);
#include "suite/fields.inc"
}

TEST_F(UnknownTest, TN_struct_006_reserved_fields) {
#define TN_RESERVED(type, field) reserved<type>(&type::field, #field);
#include "suite/fields.inc"
}

// ---- Parameters: a function for each, named as in the registry ----

tn_status layout_size(const UnknownTest& test, tn_dtype dtype, tn_error* error) {
  const int64_t dims[] = {4};
  uint64_t size = 0;
  return tn_layout_size(test.owner().get(), TN_LAYOUT_STRIDED, dtype, 1, dims, &size, error);
}

tn_status buffer_map(const UnknownTest& test, tn_access access, tn_error* error) {
  const Buffer buffer(test.owner(), 16);
  void* pointer = nullptr;
  return tn_buffer_map(buffer.get(), 0, 16, access | TN_ACCESS_READ, &pointer, error);
}

TEST_F(UnknownTest, TN_enum_001_parameters) {
#define TN_VALUE_PARAMETER(function, name)                                                  \
  for (const int32_t unknown : {77, 4242, -3}) {                                            \
    expect_unknown([&](tn_error* error) { return function(*this, unknown, error); }, #name, \
                   static_cast<uint32_t>(unknown), true);                                   \
  }
#define TN_BITS_PARAMETER(function, name, known)                                             \
  for (uint32_t bit = 1; bit != 0; bit <<= 1) {                                              \
    if (((known) & bit) != 0) continue;                                                      \
    expect_unknown([&](tn_error* error) { return function(*this, bit, error); }, #name, bit, \
                   true);                                                                    \
  }
#include "suite/fields.inc"
}

}  // namespace
}  // namespace tenon::conformance
