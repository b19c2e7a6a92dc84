// SPDX-License-Identifier: Apache-2.0
//
// What an adapter asks for: an operator with its attributes, and arguments as the framework has
// them.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "tenon/dtype.h"
#include "tenon/tenon.h"

namespace tenon::runtime {

using AttributeValue = std::variant<int64_t, float, std::string, std::vector<int64_t>,
                                    std::vector<float>, std::vector<std::string>>;

struct Attribute {
  std::string name;
  AttributeValue value;
};

// An operator of spec/ops with the attributes that make it one kernel rather than another.
// Immutable and hashed once: keep it in a static table where the attributes are fixed, make one per
// call where they are not (a convolution's strides). Equal operations share kernels.
//
//   static const Operation kAdd{"Add"};
//   Operation conv{"Conv", {{"strides", std::vector<int64_t>{2, 2}}, {"group", int64_t{1}}}};
//   Operation step{"tenon.AdamW"};
//
// The name selects the entry of spec/ops; "tenon." stands for the domain. Throws Error
// (TN_NOT_FOUND) for a name that the registry does not have, and TN_INVALID_ARGUMENT for an
// attribute that the operator does not have.
class Operation {
 public:
  explicit Operation(std::string_view name, std::vector<Attribute> attributes = {});

  std::string_view domain() const { return domain_; }
  std::string_view name() const { return name_; }
  int32_t version() const { return version_; }
  std::span<const Attribute> attributes() const { return attributes_; }
  uint64_t hash() const { return hash_; }
  // Position in the registry's table: the index of this operator's counters.
  uint32_t index() const { return index_; }

  friend bool operator==(const Operation& a, const Operation& b) {
    if (a.index_ != b.index_) return false;
    return (a.attributes_.empty() && b.attributes_.empty()) || a.same_attributes(b);
  }

 private:
  bool same_attributes(const Operation& other) const;

  std::string_view domain_;
  std::string_view name_;
  int32_t version_ = 0;
  uint32_t index_ = 0;
  uint64_t hash_ = 0;
  std::vector<Attribute> attributes_;  // Sorted by name.
};

// One input or output of a call; borrows everything it points to for the call.
struct Argument {
  enum class Kind : uint8_t { kAbsent, kDevice, kHost };

  Kind kind = Kind::kAbsent;
  tn_dtype dtype = TN_DTYPE_UNDEFINED;
  int32_t rank = 0;
  // Device: an address inside an allocation of the device (see ManagedDevice::allocate), not
  // necessarily one that the host may touch. Host: dense row-major values.
  const void* data = nullptr;
  const int64_t* dims = nullptr;
  const int64_t* strides = nullptr;  // In elements; null: dense row-major.

  static Argument absent() { return {}; }
  static Argument device(const void* address, tn_dtype dtype, std::span<const int64_t> dims,
                         const int64_t* strides = nullptr) {
    return {Kind::kDevice, dtype, static_cast<int32_t>(dims.size()), address, dims.data(), strides};
  }
  // `dims` empty: one value.
  static Argument host(const void* values, tn_dtype dtype, std::span<const int64_t> dims = {}) {
    return {Kind::kHost, dtype, static_cast<int32_t>(dims.size()), values, dims.data(), nullptr};
  }
};

}  // namespace tenon::runtime
