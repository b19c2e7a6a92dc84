// SPDX-License-Identifier: Apache-2.0
//
// Reports as data: what declarations can and cannot do, which profiles are earned, and what is
// refused of a submission. Devices play no part: results are made up.
#include <gtest/gtest.h>

#include <cstdio>
#include <fstream>
#include <functional>
#include <nlohmann/json.hpp>
#include <set>

#include "report/diff.h"
#include "report/html.h"
#include "report/junit.h"
#include "report/package.h"
#include "report/profiles.h"
#include "report/sha256.h"
#include "tenon/tenon.hpp"

namespace tenon::conformance {
namespace {

TestResult result(const std::string& name, Outcome outcome = Outcome::kPassed,
                  const std::string& message = "") {
  TestResult made = TestResult::named(name);
  made.outcome = outcome;
  if (!message.empty()) made.add_message(message);
  return made;
}

tn_dtype dtype_of(const std::string& name) {
  for (const ElementType& type : kElementTypes) {
    if (name == type.name) return type.dtype;
  }
  return TN_DTYPE_UNDEFINED;
}

// A device that earns every profile for float32: what profiles name, and nothing else.
class Exemplary {
 public:
  Exemplary() {
    for (const Profile& profile : profiles()) {
      for (const std::string& rule : profile.rules) add_rule(rule, profile.types.empty());
      for (const auto& [name, words] : profile.operators) {
        for (const std::string& word : words) {
          add_claim(name, word == "T" || word == "claimed" ? "float32" : word);
        }
        if (profile.name == "low-precision") add_claim(name, "float16");
      }
      // low-precision asks for inference in 16 bits.
      if (profile.name != "inference") continue;
      for (const auto& [name, words] : profile.operators) {
        if (words[0] == "T") add_claim(name, "float16");
      }
    }
  }

  Report report(const std::string& declaration = "") const {
    std::vector<TestResult> judged = results;
    Declaration declared;
    if (!declaration.empty()) declared = Declaration::parse(declaration);
    for (TestResult& one : judged) declared.apply(one, "2026-12-01");
    for (const auto& [pattern, fault] : declared.faults(mandatory_in)) {
      judged.push_back(result("(declaration: " + pattern + ")", Outcome::kFailed, fault));
    }
    Report made = Report::of(subject, declared, judged);
    made.whole = true;
    made.sha256 = sha256("the plugin");
    made.conclude();
    return made;
  }

  TestResult& of_rule(const std::string& rule) {
    for (TestResult& one : results) {
      if (one.rule == rule) return one;
    }
    throw std::out_of_range(rule);
  }
  TestResult& of_claim(const std::string& name, const std::string& dtype) {
    for (TestResult& one : results) {
      if (operator_of(one) == name && one.property("dtype") == dtype) return one;
    }
    throw std::out_of_range(name);
  }

  Subject subject{"acme", "libacme.so", "acme", "1.0", "Acme NPU", "Acme", 0, {}};
  std::vector<TestResult> results;

 private:
  void add_rule(const std::string& rule, bool of_device) {
    std::string name = rule;
    for (char& one : name) one = one == '-' ? '_' : one;
    results.push_back(result("Suite." + name + "_works"));
    if (!of_device) results.back().properties.emplace_back("dtype", "float32");
  }

  void add_claim(const std::string& full, const std::string& dtype) {
    if (!claimed_.insert({full, dtype}).second) return;
    const size_t dot = full.find('.');
    const std::string domain = dot == std::string::npos ? "" : full.substr(0, dot);
    const std::string name = dot == std::string::npos ? full : full.substr(dot + 1);
    auto row = std::find_if(
        subject.operators.begin(), subject.operators.end(),
        [&](const OperatorRow& one) { return one.domain == domain && one.name == name; });
    if (row == subject.operators.end()) {
      subject.operators.push_back({domain, name, 1000, 0, {{"T", 0}}});
      row = subject.operators.end() - 1;
    }
    row->types[0].dtypes |= uint64_t{1} << dtype_of(dtype);
    TestResult made = result("Operator/" + operator_test_name(domain, name) + "/" + dtype +
                             ".TN_operator_001_values");
    made.properties = {{"operator", name},      {"domain", domain},
                       {"version", "1000"},     {"dtype", dtype},
                       {"types", "T=" + dtype}, {"error_in_tolerances", "0.25"},
                       {"error_in_ulps", "0.5"}};
    results.push_back(made);
  }

  std::set<std::pair<std::string, std::string>> claimed_;
};

bool mentions(const std::vector<std::string>& lines, const std::string& text) {
  return std::any_of(lines.begin(), lines.end(),
                     [&](const std::string& line) { return line.find(text) != std::string::npos; });
}

const std::vector<std::string>& missing(const Report& report, const std::string& profile) {
  return report.verdict(profile)->missing;
}

// ---- Profiles ----

TEST(Profiles, AreEarnedByWhoeverHasAllOfThem) {
  const Report report = Exemplary().report();
  EXPECT_FALSE(report.failed());
  for (const ProfileResult& verdict : report.verdicts) {
    EXPECT_TRUE(verdict.earned) << verdict.profile << ": "
                                << (verdict.missing.empty() ? "" : verdict.missing[0]);
  }
  EXPECT_EQ(report.verdict("inference")->types, (std::vector<std::string>{"float32", "float16"}));
  EXPECT_EQ(report.verdict("low-precision")->types, std::vector<std::string>{"float16"});
}

TEST(Profiles, NameWhatIsMissing) {
  Exemplary device;
  device.of_claim("Conv", "float32").outcome = Outcome::kFailed;
  Report report = device.report();
  EXPECT_EQ(report.verdict("inference")->types, std::vector<std::string>{"float16"});
  EXPECT_TRUE(mentions(report.verdict("inference")->missing_by_type.at(0).second,
                       "Conv 1000 (float32): 1 test failed"));
  EXPECT_TRUE(mentions(missing(report, "training"), "the profile inference (float32)"));
  EXPECT_TRUE(report.verdict("base")->earned);

  std::erase_if(device.subject.operators, [](const auto& row) { return row.name == "Conv"; });
  report = device.report();
  EXPECT_TRUE(mentions(missing(report, "inference"), "Conv (float32): not in the device's table"));
}

TEST(Profiles, WantEachMandatoryRuleToPass) {
  for (const Outcome outcome : {Outcome::kUnsupported, Outcome::kFailed, Outcome::kCrashed,
                                Outcome::kHung, Outcome::kNotRun, Outcome::kExpected}) {
    Exemplary device;
    device.of_rule("TN-map-004") = result("Suite.TN_map_004_works", outcome, "no idea");
    const Report report = device.report();
    EXPECT_FALSE(report.verdict("base")->earned) << outcome_name(outcome);
    EXPECT_TRUE(mentions(missing(report, "base"), "TN-map-004")) << outcome_name(outcome);
  }
  Exemplary device;
  std::erase_if(device.results, [](const TestResult& one) { return one.rule == "TN-map-004"; });
  EXPECT_TRUE(mentions(missing(device.report(), "base"), "TN-map-004: no test was run"));
}

TEST(Profiles, LetDevicesLackWhatTheHeaderLetsThem) {
  Exemplary device;
  device.of_rule("TN-constant-001").outcome = Outcome::kUnsupported;
  EXPECT_TRUE(device.report().verdict("base")->earned);
  device.of_rule("TN-constant-001").outcome = Outcome::kFailed;
  EXPECT_FALSE(device.report().verdict("base")->earned) << "what is there must work";
}

TEST(Profiles, CountClaimsThatNoTestReached) {
  Exemplary device;
  device.subject.operators.push_back({"", "Frobnicate", 1, 0, {{"T", 2}}});
  device.subject.operators.push_back({"acme", "Own", 1, 0, {{"T", 2}}});
  const Report report = device.report();
  EXPECT_FALSE(report.verdict("base")->earned);
  EXPECT_TRUE(mentions(missing(report, "base"), "Frobnicate 1 (float32): claimed, but no test"));
  EXPECT_FALSE(mentions(missing(report, "base"), "acme.Own")) << "a vendor's own domain";
}

TEST(Profiles, AreNotJudgedByAPartOfTheSuite) {
  Report report = Exemplary().report();
  report.whole = false;
  report.conclude();
  for (const ProfileResult& verdict : report.verdicts) {
    EXPECT_FALSE(verdict.judged);
    EXPECT_FALSE(verdict.earned);
  }
}

// ---- Declarations ----

TEST(Declarations, TakeNothingAwayFromAProfile) {
  const Report report =
      Exemplary().report(R"({"unsupported": [{"test": "*", "reason": "everything"}]})");
  EXPECT_TRUE(report.failed());
  EXPECT_FALSE(report.verdict("base")->earned);
  EXPECT_TRUE(mentions(missing(report, "base"), "declares unsupported what the profile base"));
  EXPECT_NE(report.count(Outcome::kPassed), 0u) << "the tests are run all the same";
}

TEST(Declarations, ExcuseNoWrongResult) {
  const std::string declaration =
      R"({"unsupported": [{"operator": "tenon.AdamW", "reason": "not yet"}]})";
  Exemplary device;
  TestResult& test = device.of_claim("tenon.AdamW", "float32");
  test.outcome = Outcome::kFailed;
  Report report = device.report(declaration);
  EXPECT_TRUE(report.failed());

  test.properties.emplace_back("refused", "1");
  report = device.report(declaration);
  EXPECT_FALSE(report.failed()) << "a refusal is what can be declared";
  EXPECT_TRUE(mentions(missing(report, "training"), "declared unsupported, which earns nothing"));
  EXPECT_TRUE(device.report().failed()) << "undeclared it is a failure";
}

TEST(Declarations, OfWhatWorksAreWrong) {
  EXPECT_TRUE(Exemplary()
                  .report(R"({"unsupported": [{"operator": "Conv", "reason": "not yet"}]})")
                  .failed());
  EXPECT_TRUE(Exemplary()
                  .report(R"({"unsupported": [{"test": "Nothing.*", "reason": "a slip"}]})")
                  .failed());
}

std::string waiver(const char* until) {
  return std::string(
             R"({"waivers": [{"test": "Operator/Conv/*", "reason": "issue 7", "until": ")") +
         until + "\"}]}";
}

TEST(Declarations, WaiveUntilADay) {
  Exemplary device;
  EXPECT_TRUE(device.report(waiver("2027-01-01")).failed()) << "it passes: the waiver must go";
  for (const char* type : {"float32", "float16"}) {
    device.of_claim("Conv", type).outcome = Outcome::kFailed;
  }
  Report report = device.report(waiver("2026-12-01"));
  EXPECT_FALSE(report.failed()) << "the last day";
  EXPECT_EQ(report.count(Outcome::kExpected), 2u);
  EXPECT_TRUE(mentions(missing(report, "inference"), "waived, which earns nothing"));
  report = device.report(waiver("2026-11-30"));
  EXPECT_TRUE(report.failed());
  EXPECT_NE(device.report(waiver("2026-11-30")).results.size(), 0u);
  bool said = false;
  for (const TestResult& one : report.results) {
    said = said || one.reason().find("was waived until 2026-11-30") != std::string::npos;
  }
  EXPECT_TRUE(said);
}

TEST(Declarations, AreReadWithCare) {
  const std::pair<const char*, const char*> wrong[] = {
      {R"([])", "object"},
      {R"({"unsuported": []})", "unknown key 'unsuported'"},
      {R"({"unsupported": [{"test": "A.b"}]})", "no reason"},
      {R"({"unsupported": [{"reason": "x"}]})", "either a test or an operator"},
      {R"({"unsupported": [{"test": "A", "operator": "B", "reason": "x"}]})", "either"},
      {R"({"unsupported": [{"test": "A", "reason": "x", "until": "2027-01-01"}]})", "only waivers"},
      {R"({"unsupported": [{"test": "A", "reason": "x", "untill": "2027-01-01"}]})", "untill"},
      {R"({"unsupported": {"test": "A"}})", "list"},
      {R"({"waivers": [{"test": "A", "reason": "x"}]})", "until"},
      {R"({"waivers": [{"test": "A", "reason": "x", "until": "2027-02-30"}]})", "until"},
      {R"({"waivers": [{"test": "A", "reason": "x", "until": "soon"}]})", "until"},
      {R"({"waivers": [{"test": "A", "reason": 7, "until": "2027-02-03"}]})", "text"},
      {R"({"expected_failures": [{"test": "A", "reason": "x"}]})", "waivers"},
  };
  for (const auto& [text, word] : wrong) {
    try {
      Declaration::parse(text);
      ADD_FAILURE() << "accepted: " << text;
    } catch (const std::exception& exception) {
      EXPECT_NE(std::string(exception.what()).find(word), std::string::npos)
          << text << ": " << exception.what();
    }
  }
}

// ---- Files ----

TEST(Reports, SurviveAFile) {
  Exemplary device;
  device.of_claim("Conv", "float32") =
      result("Operator/Conv/float32.TN_operator_001_values", Outcome::kFailed, "off\xff by <3>");
  const Report report = device.report(R"({"waivers": []})");
  const std::string path = testing::TempDir() + "report.json";
  write_json(path, to_json(report));
  const Report back = Report::read(path);
  EXPECT_EQ(to_json(back).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace),
            to_json(report).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
  // A brief one keeps its verdicts, claims and counts.
  write_json(path, to_json(report, true));
  const Report brief = Report::read(path);
  EXPECT_EQ(brief.results.size(), 1u);
  EXPECT_EQ(brief.counts, report.counts);
  EXPECT_EQ(brief.claims.size(), report.claims.size());
  EXPECT_EQ(line_of(*brief.verdict("base")), line_of(*report.verdict("base")));
  write_text(path, "{\"tenon_report\": 1}");
  EXPECT_THROW(Report::read(path), std::runtime_error);
  std::remove(path.c_str());

  const std::string xml = junit_of(report), page = html_of(report);
  EXPECT_NE(xml.find("off\xef\xbf\xbd by &lt;3&gt;"), std::string::npos);
  EXPECT_NE(page.find("off\xef\xbf\xbd by &lt;3&gt;"), std::string::npos);
  EXPECT_NE(page.find(sentence_of("TN-operator-001").substr(0, 30)), std::string::npos);
}

TEST(Differences, AreToldByKind) {
  Exemplary before, after;
  before.of_claim("Add", "float32").outcome = Outcome::kFailed;
  after.of_claim("Conv", "float32").outcome = Outcome::kFailed;
  after.of_rule("TN-constant-001").outcome = Outcome::kUnsupported;
  std::erase_if(after.subject.operators, [](const auto& row) { return row.name == "TopK"; });
  after.subject.operators.push_back({"", "Hardmax", 13, 0, {{"T", 2}}});
  const Difference found = compare(before.report(), after.report());
  EXPECT_EQ(found.new_failures,
            std::vector<std::string>{"Operator/Conv/float32.TN_operator_001_values"});
  EXPECT_EQ(found.fixed, std::vector<std::string>{"Operator/Add/float32.TN_operator_001_values"});
  EXPECT_EQ(found.no_longer_passed, std::vector<std::string>{"Suite.TN_constant_001_works"});
  EXPECT_EQ(found.shrunk, (std::vector<std::string>{"TopK 1000 (float16)", "TopK 1000 (float32)"}));
  EXPECT_EQ(found.grown, std::vector<std::string>{"Hardmax 13 (float32)"});
  EXPECT_TRUE(mentions(found.lost, "inference (float16)"));
  EXPECT_TRUE(found.worse());
  EXPECT_FALSE(compare(before.report(), before.report()).worse());
  EXPECT_EQ(text_of(compare(before.report(), before.report())), "nothing changed\n");
}

// ---- Submissions ----

class Submission : public testing::Test {
 protected:
  // What reading says of a package that somebody has edited.
  std::vector<std::string> faults_of(const std::function<void(nlohmann::ordered_json&)>& edit,
                                     bool digest_anew = true) {
    nlohmann::ordered_json json = package_of(device_.report());
    edit(json.at("report"));
    if (digest_anew) json["sha256"] = sha256(json.at("report").dump());
    write_json(path_, json);
    std::vector<std::string> faults = read_package(path_).faults;
    std::remove(path_.c_str());
    return faults;
  }

  Exemplary device_;
  const std::string path_ = testing::TempDir() + "submission.json";
};

TEST_F(Submission, IsReadBack) {
  EXPECT_EQ(faults_of([](auto&) {}), std::vector<std::string>());
}

TEST_F(Submission, ThatWasEditedIsRefused) {
  EXPECT_TRUE(mentions(faults_of([](auto& r) { r["date"] = "2027-01-01"; }, false), "digest"));
  EXPECT_TRUE(mentions(faults_of([](auto& r) { r["tests"][3]["outcome"] = "failed"; }),
                       "does not follow from its results"));
  EXPECT_TRUE(mentions(faults_of([](auto& r) { r["profiles"][1]["types"] = {"float64"}; }),
                       "\"profiles\""));
  EXPECT_TRUE(mentions(faults_of([](auto& r) { r["tests"].push_back(r["tests"][0]); }), "twice"));
  EXPECT_TRUE(mentions(faults_of([](auto& r) { r["tests"][0]["outcome"] = "expected"; }),
                       "waived that its declaration does not waive"));
  EXPECT_TRUE(mentions(faults_of([](auto& r) { r["suite"] = suite_version() + 1; }), "version"));
  EXPECT_TRUE(mentions(faults_of([](auto& r) { r["contract"] = "0123"; }), "contract"));
  EXPECT_TRUE(mentions(faults_of([](auto& r) { r["whole"] = false; }), "whole run"));
  EXPECT_TRUE(mentions(faults_of([](auto& r) { r["layers"] = "validation"; }), "layers"));
}

TEST_F(Submission, IsOfAWholeRunAndOneBinary) {
  Report report = device_.report();
  report.whole = false;
  EXPECT_THROW(package_of(report), std::runtime_error);
  report = device_.report();
  report.sha256.clear();
  EXPECT_THROW(package_of(report), std::runtime_error);
  report = device_.report();
  write_text(path_, "the plugin");
  EXPECT_EQ(binary_fault(report, path_), "");
  write_text(path_, "the plugin, mended");
  EXPECT_NE(binary_fault(report, path_), "");
  std::remove(path_.c_str());
  EXPECT_NE(binary_fault(report, path_), "");
}

TEST_F(Submission, HasTheTestsOfThePlugin) {
  const Report report = device_.report();
  std::vector<std::string> tests;
  for (const TestResult& one : report.results) tests.push_back(one.name);
  EXPECT_TRUE(list_faults(report, tests).empty());
  tests.push_back("Suite.TN_map_001_left_out");
  EXPECT_TRUE(mentions(list_faults(report, tests), "leaves out 1 tests"));
  tests.resize(2);
  EXPECT_TRUE(mentions(list_faults(report, tests), "does not run on this plugin"));
}

TEST_F(Submission, IsSampledBySeed) {
  const Report report = device_.report();
  const std::vector<std::string> sample = sample_of(report, 20, 5);
  EXPECT_EQ(sample.size(), 20u);
  EXPECT_EQ(sample, sample_of(report, 20, 5));
  EXPECT_NE(sample, sample_of(report, 20, 6));
  EXPECT_EQ(std::set<std::string>(sample.begin(), sample.end()).size(), 20u);
  EXPECT_TRUE(sample_faults(report, sample, report).empty());
  Report again = report;
  for (TestResult& one : again.results) {
    if (one.name == sample[7]) one.outcome = Outcome::kFailed;
  }
  EXPECT_TRUE(mentions(sample_faults(report, sample, again), "is failed, but passed"));
  again.results.clear();
  EXPECT_EQ(sample_faults(report, sample, again).size(), 20u);
}

TEST(Submissions, NameThePluginAnew) {
  EXPECT_EQ(spec_with_library("acme", "/x/lib.so"), "/x/lib.so");
  EXPECT_EQ(spec_with_library("acme:2?a=b&c=d", "/x/lib.so"), "/x/lib.so:2?a=b&c=d");
  EXPECT_EQ(spec_with_library("./a:b.so?a=1:2", "/x/lib.so"), "/x/lib.so?a=1:2");
}

TEST(Sha256, GivesTheStandardsExamples) {
  EXPECT_EQ(sha256(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(sha256("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(sha256("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  EXPECT_EQ(sha256(std::string(1000000, 'a')),
            "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

}  // namespace
}  // namespace tenon::conformance
