// SPDX-License-Identifier: Apache-2.0
//
// A kernel of an operator, on top of the operator's half that all devices share: a struct with its
// attributes and the checks of its arguments.
//
//   struct SomeOperator : NamedOperator {
//     // Reads every attribute; throws TN_INVALID_ARGUMENT or TN_UNSUPPORTED where the operator
//     // forbids it.
//     explicit SomeOperator(const Description&);
//     void check(const Arguments&) const;  // As Kernel::check().
//   };
//
// What a device lacks (types, host values, numbers that are too large for it) its kernels say.
#pragma once

#include <string>
#include <utility>

#include "tenon/device/kernel.h"

namespace tenon::device {

// What all halves have: the name, for messages.
struct NamedOperator {
  explicit NamedOperator(const Description& d) : name(d.name()) {}
  std::string name;
};

// A base of its own, so that it is checked before what the device makes for the kernel.
template <class Operator>
class OperatorHalf {
 protected:
  explicit OperatorHalf(const Description& d) : operator_(d) {}
  const Operator operator_;
};

// `Base`: a device's own class of kernels. It is made of what follows the description.
template <class Operator, class Base = Kernel>
class KernelOf : protected OperatorHalf<Operator>, public Base {
 public:
  template <class... Of>
  explicit KernelOf(const Description& d, Of&&... of)
      : OperatorHalf<Operator>(d), Base(std::forward<Of>(of)...) {}

  void check(const Arguments& a) const override { this->operator_.check(a); }
};

}  // namespace tenon::device
