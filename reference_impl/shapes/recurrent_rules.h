// SPDX-License-Identifier: Apache-2.0
//
// The shape rule of RNN, GRU and LSTM: see general_rules.h.
#pragma once

#include <type_traits>

#include "reference_impl/shapes/general_rules.h"

namespace tenon::shapes {

template <class Attributes>
int64_t directions_of(const Attributes& a) {
  return a.direction == std::remove_cvref_t<decltype(a.direction)>::kBidirectional ? 2 : 1;
}

// X [steps, batch, inputs], or the batch first; R [directions, gates * hidden, hidden].
// Y [steps, directions, batch, hidden], or [batch, steps, directions, hidden]; the last states
// [directions, batch, hidden], or [batch, directions, hidden].
template <class Call, class Attributes>
ShapeOf<Call> recurrent(const Call& call, const Attributes& a, size_t output) {
  using D = typename Call::Dim;
  const auto x = call.dims(0), r = call.dims(2);
  if (x.size() != 3) call.fail("X has dims " + dims_text(x) + ", expected three");
  if (r.size() != 3) call.fail("R has dims " + dims_text(r) + ", expected three");
  if (a.hidden_size && !may_be(r[2], *a.hidden_size))
    call.fail("hidden_size is " + std::to_string(*a.hidden_size) + ", and R has dims " +
              dims_text(r));
  const D directions = exactly<D>(directions_of(a));
  ShapeOf<Call> dims;
  if (a.layout) {
    dims.add(x[0]);
    if (output == 0) dims.add(x[1]);
    dims.add(directions);
  } else {
    if (output == 0) dims.add(x[0]);
    dims.add(directions);
    dims.add(x[1]);
  }
  dims.add(r[2]);
  return dims;
}

}  // namespace tenon::shapes
