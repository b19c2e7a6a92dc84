// SPDX-License-Identifier: Apache-2.0
//
// The page's table of operators and element types: how large the worst error was.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "report/html.h"
#include "report/junit.h"
#include "tenon/tenon.hpp"

namespace tenon::conformance {
namespace {

constexpr int kSteps = 6;  // Colours.

// From 0 to kSteps: nothing, then in steps of equal width up to the tolerance.
int step_of(double error_in_tolerances) {
  if (!(error_in_tolerances > 0)) return 0;
  return std::clamp(1 + static_cast<int>(error_in_tolerances * kSteps), 1, kSteps);
}

// All since-versions of an operator and a type.
struct Cell {
  size_t passed = 0, failed = 0, unsupported = 0, waived = 0, unreached = 0;
  double tolerances = -1, ulps = -1;

  void add(const ClaimResult& claim) {
    passed += claim.passed;
    failed += claim.failed;
    unsupported += claim.unsupported;
    waived += claim.waived;
    unreached += claim.tests() == 0;
    tolerances = std::max(tolerances, claim.worst_in_tolerances);
    ulps = std::max(ulps, claim.worst_in_ulps);
  }
};

std::string title_of(const std::string& name, const std::string& type, const Cell& cell) {
  std::string title = name + ", " + type + ": ";
  if (cell.passed + cell.failed + cell.unsupported + cell.waived == 0) {
    return title + "claimed, but no test reached it";
  }
  title += fmt::format("{} passed", cell.passed);
  if (cell.failed != 0) title += fmt::format(", {} failed", cell.failed);
  if (cell.unsupported != 0) title += fmt::format(", {} unsupported", cell.unsupported);
  if (cell.waived != 0) title += fmt::format(", {} waived", cell.waived);
  if (cell.unreached != 0) title += ", and a version that no test reached";
  if (cell.tolerances >= 0) {
    title += fmt::format("; worst error {:.3g} of the tolerance", cell.tolerances);
  }
  if (cell.ulps >= 0) title += fmt::format(", {:.3g} ULP", cell.ulps);
  return title;
}

std::string class_of(const Cell& cell) {
  if (cell.failed != 0) return "fail";
  if (cell.passed + cell.unsupported + cell.waived == 0 || cell.unreached != 0) return "unreached";
  if (cell.waived != 0) return "waive";
  if (cell.passed == 0) return "skip";
  return fmt::format("h{}", step_of(cell.tolerances));
}

std::string shown(double value) { return value < 0 ? "&middot;" : short_number(value); }

std::string cell_of(const std::string& name, const std::string& type, const Cell& cell) {
  const bool reached = cell.passed + cell.failed + cell.unsupported + cell.waived != 0;
  return fmt::format(
      "<td class=\"{}\" title=\"{}\"><span class=\"t\">{}</span><span class=\"u\">{}</span></td>",
      class_of(cell), escaped(title_of(name, type, cell)), reached ? shown(cell.tolerances) : "?",
      reached ? shown(cell.ulps) : "?");
}

constexpr const char* kChoice =
    "<input type=\"radio\" name=\"unit\" id=\"in-tolerances\" checked><label "
    "for=\"in-tolerances\">of the tolerance</label><input type=\"radio\" name=\"unit\" "
    "id=\"in-ulps\"><label for=\"in-ulps\">in ULP</label>\n";

std::string legend() {
  std::string out = "<ul class=\"legend\"><li><i class=\"h0\"></i>exact, or not a float</li>";
  for (int i = 1; i <= kSteps; ++i) {
    out += fmt::format("<li><i class=\"h{}\"></i>&le; {:.2g}</li>", i,
                       static_cast<double>(i) / kSteps);
  }
  return out +
         "<li><i class=\"fail\"></i>failed</li><li><i class=\"waive\"></i>waived</li><li><i "
         "class=\"skip\"></i>unsupported</li><li><i class=\"unreached\"></i>no test reached "
         "it</li></ul>\n";
}

// Floats first, those of whole models before those of storage; then integers, and what is left.
int place_of(const ElementType& type) {
  switch (type.kind) {
    case ElementKind::kFloat:
      return type.bits > 8 ? 0 : 4;
    case ElementKind::kSigned:
      return 1;
    case ElementKind::kUnsigned:
      return 2;
    case ElementKind::kBool:
      return 3;
    default:
      return 5;
  }
}

std::vector<std::string> columns(const std::set<std::string>& used) {
  std::vector<const ElementType*> types;
  for (const ElementType& type : kElementTypes) {
    if (type.name != nullptr && used.contains(type.name)) types.push_back(&type);
  }
  std::stable_sort(types.begin(), types.end(), [](const ElementType* a, const ElementType* b) {
    return std::pair(place_of(*a), -a->bits) < std::pair(place_of(*b), -b->bits);
  });
  std::vector<std::string> names;
  for (const ElementType* type : types) names.emplace_back(type->name);
  return names;
}

}  // namespace

std::string html_heat_map(const Report& report) {
  if (report.claims.empty()) return "";
  std::vector<std::string> names;
  std::map<std::string, std::map<std::string, Cell>> cells;
  std::set<std::string> used;
  for (const ClaimResult& claim : report.claims) {
    if (!claim.first) continue;
    if (!cells.contains(claim.name)) names.push_back(claim.name);
    cells[claim.name][claim.dtype].add(claim);
    used.insert(claim.dtype);
  }
  std::sort(names.begin(), names.end());
  const std::vector<std::string> types = columns(used);
  std::string out =
      "<section class=\"heat\">\n<h2>Operators and element types</h2>\n<p>The worst error of all "
      "tests of a claim. Above 1 of the tolerance a test has failed.</p>\n";
  out += kChoice + legend() + "<div class=\"scroll\"><table>\n<thead><tr><th></th>";
  for (const std::string& type : types) {
    out += "<th scope=\"col\"><span>" + escaped(type) + "</span></th>";
  }
  out += "</tr></thead>\n<tbody>\n";
  for (const std::string& name : names) {
    out += "<tr><th scope=\"row\">" + escaped(name) + "</th>";
    for (const std::string& type : types) {
      const auto found = cells[name].find(type);
      out += found == cells[name].end() ? "<td></td>" : cell_of(name, type, found->second);
    }
    out += "</tr>\n";
  }
  return out + "</tbody></table></div>\n</section>\n";
}

}  // namespace tenon::conformance
