// SPDX-License-Identifier: Apache-2.0
#include "suite/case_test.h"

#include <algorithm>
#include <barrier>
#include <map>
#include <memory>

#include "suite/case_launch.h"
#include "suite/claims.h"
#include "suite/declaration.h"
#include "suite/fixture.h"
#include "suite/forbidden.h"
#include "suite/kernel_store.h"
#include "suite/placed.h"
#include "suite/variants.h"

namespace tenon::conformance {
namespace {

uint32_t g_seed = 0;

// A number that a reader of the report can read.
std::string number_text(double value) {
  char text[32];
  std::snprintf(text, sizeof(text), "%.4g", value);
  return text;
}

// What the contract lets a device refuse though the table claims the operator: steps of a chain.
bool may_be_refused(const KernelDesc& desc) {
  return std::ranges::any_of(desc.attributes,
                             [](const Attribute& one) { return one.name == "steps"; });
}

class OperatorTest : public DeviceTest {
 public:
  OperatorTest(OperatorRow row, Planned planned)
      : row_(std::move(row)), planned_(std::move(planned)) {}
  static void TearDownTestSuite() { KernelStore::get().clear(); }

  void TestBody() override {
    const OperatorCase& c = *planned_.operator_case;
    Described described(c, row_.version, planned_.variant);
    record(c);
    if (!settles(described)) return;
    if (planned_.trial == Trial::kForbidden) return refuse(described);
    const Kernel& kernel = KernelStore::get().kernel(described);
    RecordProperty("creates", KernelStore::get().take_creates());
    if (planned_.trial == Trial::kClaim) return;
    if (planned_.trial == Trial::kDims) return ask(described, kernel);
    switch (planned_.trial) {
      case Trial::kAgain:
        again(described, kernel);
        break;
      case Trial::kDeterministic:
        same_bits(described, kernel);
        break;
      case Trial::kThreads:
        threads(described, kernel);
        break;
      case Trial::kSpecial:
        special_numbers(described, kernel);
        break;
      default:
        compute(described, kernel);
    }
    RecordProperty("types", types_text(exercised_by(c, row_)));
    RecordProperty("error_in_tolerances", number_text(worst_.tolerances));
    RecordProperty("error_in_ulps", number_text(worst_.ulps));
  }

 private:
  void record(const OperatorCase& c) {
    RecordProperty("domain", c.domain);
    RecordProperty("operator", c.name);
    RecordProperty("version", row_.version);
    RecordProperty("dtype", dtype_name(c.dtype));
    RecordProperty("case", c.label);
    RecordProperty("form", form_name(planned_.variant.form));
    RecordProperty("seed", static_cast<int>(g_seed));
  }

  // Whether the device takes the kernel, after what it has asked for; else the test has failed, or
  // is about what the contract lets devices refuse.
  bool settles(Described& described) {
    const KernelSupport support = described.settle(device());
    if (support) return true;
    if (support.status == TN_NEEDS_STATIC) return false;  // It has been said.
    if (planned_.variant.constant >= 0) return skip("takes no such constant: ", support);
    if (may_be_refused(described.desc())) return skip("", support);
    RecordProperty("refused", "1");  // A vendor may declare that.
    ADD_FAILURE() << "the table claims " << row_.name << " in version " << row_.version << " of "
                  << types_text(exercised_by(*planned_.operator_case, row_))
                  << ", but it is refused: " << support.reason;
    return false;
  }
  bool skip(const std::string& what, const KernelSupport& support) {
    [&] { TN_OPTIONAL(what + support.reason); }();
    return false;
  }

  // The same description with other values; the case itself where there is none.
  const OperatorCase& other_values(const Described& described) const {
    const OperatorCase& c = *planned_.operator_case;
    if (planned_.variant.constant >= 0) return c;
    const OperatorCase& other = sibling_of(c, g_seed + 1);
    return Described(other, row_.version, planned_.variant).key() ==
                       Described(c, row_.version, planned_.variant).key() &&
                   !described.has_constants()
               ? other
               : c;
  }

  Launched launch(const Described& described, const OperatorCase& data, const Kernel& kernel,
                  const LaunchOptions& options) {
    Launched launched = launch_case(keeper_, described, data, stream_, kernel, options);
    note(launched.worst);
    return launched;
  }
  void note(const Verdict& verdict) {
    worst_.tolerances = std::max(worst_.tolerances, verdict.tolerances);
    worst_.ulps = std::max(worst_.ulps, verdict.ulps);
  }

  void compute(const Described& described, const Kernel& kernel) {
    const OperatorCase& c = *planned_.operator_case;
    launch(described, c, kernel, {});
    if (HasFailure()) return;
    const testing::ScopedTrace trace(__FILE__, __LINE__, "launched again on other values");
    launch(described, other_values(described), kernel, {.shift = 1, .garbage = 0x3c});
  }

  void special_numbers(const Described& described, const Kernel& kernel) {
    const OperatorCase& data = sibling_of(*planned_.operator_case, g_seed, planned_.special);
    launch(described, data, kernel, {.shift = 1});
  }

  // Whatever the first launch left must not matter, and its workspace has been given to other work
  // by now.
  void again(const Described& described, const Kernel& kernel) {
    const OperatorCase& c = *planned_.operator_case;
    const Launched first = launch(described, c, kernel, {});
    const Bytes bytes(first.workspace->info().size, 0x77);
    stream_.fill(*first.workspace, 0, bytes.size(), "\x77", 1);
    launch(described, c, kernel, {.garbage = 0x3c});
    EXPECT_EQ(download(*first.workspace), bytes)
        << "the second launch wrote the workspace of the first";
  }

  void same_bits(const Described& described, const Kernel& kernel) {
    const OperatorCase& c = *planned_.operator_case;
    const Launched first = launch(described, c, kernel, {});
    for (int i = 0; i < 3 && !HasFailure(); ++i) {
      const Launched next = launch(described, c, kernel, {.garbage = 0x3c});
      EXPECT_EQ(first.outputs, next.outputs) << "TN_KERNEL_DETERMINISTIC: other bits";
    }
  }

  // At the same time, each on a stream and on values of its own.
  void threads(const Described& described, const Kernel& kernel) {
    const OperatorCase* data[] = {planned_.operator_case, &other_values(described)};
    const Stream streams[] = {Stream(device()), Stream(device())};
    Verdict verdicts[2];
    std::barrier start(2);
    run_threads(2, [&](size_t i) {
      start.arrive_and_wait();
      for (uint64_t round = 0; round < 2; ++round) {
        verdicts[i] = launch_case(keeper_, described, *data[i], streams[i], kernel,
                                  {.shift = i + round, .alone = false})
                          .worst;
      }
    });
    for (const Verdict& verdict : verdicts) note(verdict);
  }

  // What the contract forbids is refused, by `supports` and `create` in the same words.
  void refuse(const Described& described) {
    constexpr size_t kMost = 16;
    std::vector<Forbidden> all = forbidden_of(*planned_.operator_case, described.desc(), g_seed);
    if (all.size() > kMost) all.erase(all.begin() + kMost, all.end());
    for (const Forbidden& one : all) {
      const Refusal meant;
      // With the alignment that the device asks of what has been added.
      const KernelDesc desc = aligned(device(), one.desc);
      const KernelDescView view(desc);
      ErrorBuffer asked, made;
      tn_kernel* kernel = nullptr;
      const tn_status status = tn_kernel_supports(device().get(), view.get(), nullptr, &asked);
      const tn_status answer = tn_kernel_create(device().get(), view.get(), &kernel, &made);
      tn_kernel_destroy(kernel);
      EXPECT_EQ(status, answer) << "supports and create: " << one.what;
      const tn_status kind = TN_STATUS_CLASS(status);
      const bool unsupported = one.may_be_unsupported && kind == TN_UNSUPPORTED;
      EXPECT_TRUE(kind == TN_INVALID_ARGUMENT || unsupported)
          << one.what << ": " << status_name(status) << " " << asked.message;
    }
  }

  void ask(const Described& described, const Kernel& kernel) {
    if (!ask_dims(described, kernel)) TN_OPTIONAL("optional, not offered: kernel_output_dims");
  }

  const OperatorRow row_;  // The device's table may have been read again since.
  const Planned planned_;
  Verdict worst_;
};

std::string suite_name(const OperatorRow& row, tn_dtype dtype) {
  const ContractOperator* contract = find_contract(row.domain, row.name);
  const bool own = contract == nullptr || contract->versions[0].version == row.version;
  return "Operator/" + operator_test_name(row.domain, row.name) + "/" +
         (own ? "" : "v" + std::to_string(row.version) + "/") + dtype_name(dtype);
}

void register_row(const OperatorRow& row, tn_dtype dtype, const std::string& suite,
                  const CaseOptions& options) {
  std::vector<const OperatorCase*> cases;
  for (const OperatorCase& c : cases_of(dtype, options.seed)) {
    if (fits(c, row)) cases.push_back(&c);
  }
  // Made here: processes that are forked from this one have them, too. plan_variants() makes those
  // with special numbers.
  cases_of(dtype, options.seed + 1);
  const auto shared = std::make_shared<OperatorRow>(row);
  std::map<std::string, int> names;
  Plan plan = plan_variants(row, cases, Target::get().subject().flags, options.compile_budget,
                            options.seed);
  for (Planned& planned : plan.tests) {
    std::string name = planned.name;
    if (const int repeated = names[name]++; repeated != 0) name += "_" + std::to_string(repeated);
    testing::RegisterTest(suite.c_str(), name.c_str(), nullptr, nullptr, __FILE__, __LINE__,
                          [shared, planned = std::move(planned)]() -> OperatorTest* {
                            return new OperatorTest(*shared, planned);
                          });
  }
}

}  // namespace

void register_operator_tests(const CaseOptions& options) {
  g_seed = options.seed;
  for (const OperatorRow& row : Target::get().operators()) {
    for (const ElementType& type : kElementTypes) {
      if (!row.has(type.dtype)) continue;
      const std::string suite = suite_name(row, type.dtype);
      if (options.wanted(suite)) register_row(row, type.dtype, suite, options);
    }
  }
}

}  // namespace tenon::conformance
