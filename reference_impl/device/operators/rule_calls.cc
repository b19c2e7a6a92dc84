// SPDX-License-Identifier: Apache-2.0
#include "reference_impl/device/operators/rule_calls.h"

namespace tenon::device {

void check_within(std::string_view op, const char* argument, const Arguments& a, size_t output,
                  const shapes::Shape<shapes::Interval>& expected) {
  const View actual = a.output(output);
  if (!actual.present()) return;
  bool fits = actual.shape().size() == expected.size();
  for (size_t d = 0; fits && d < expected.size(); ++d)
    fits = shapes::may_be(expected[d], actual.dims[d]);
  if (!fits)
    throw_invalid(op, std::string(argument) + " has dims " + dims_text(actual.shape()) +
                          ", expected " + shapes::dims_text(expected));
}

}  // namespace tenon::device
