// SPDX-License-Identifier: Apache-2.0
//
// A report as one page for people: no script, no other file, light and dark, wide and narrow. Its
// parts are made by files of their own (html_*.cc).
#pragma once

#include <string>

#include "report/report.h"

namespace tenon::conformance {

std::string html_of(const Report& report);

// The parts, each a <section>, or nothing where there is nothing to say.
std::string html_profiles(const Report& report);
std::string html_failures(const Report& report);
std::string html_excused(const Report& report);  // What is unsupported or waived, by reason.
std::string html_heat_map(const Report& report);
std::string html_plots(const Report& report);

// "0.42", "12", "1.3e+05": for people.
std::string short_number(double value);

}  // namespace tenon::conformance
