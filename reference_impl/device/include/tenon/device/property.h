// SPDX-License-Identifier: Apache-2.0
//
// How a platform tells properties of its devices (extension tenon.device). Which names there are,
// docs/spec/09-extensions.md says; one of a vendor is "vendor.name".
#pragma once

#include <span>
#include <vector>

#include "tenon/tenon.h"

namespace tenon::device {

// The first 16 values.
tn_property integers_property(const char* name, std::span<const int64_t> values,
                              const char* unit = "");
tn_property integer_property(const char* name, int64_t value, const char* unit = "");
tn_property text_property(const char* name, const char* text);

// Of the host's processors: what is known of compute_units, clock_rate and numa_node.
std::vector<tn_property> processor_properties();

}  // namespace tenon::device
