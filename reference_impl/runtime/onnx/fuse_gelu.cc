// SPDX-License-Identifier: Apache-2.0
#include "runtime/onnx/fuse_gelu.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <optional>

#include "runtime/onnx/fuse_match.h"
#include "runtime/onnx/recording_uses.h"
#include "runtime/onnx/steps.h"

namespace tenon::runtime::onnx_import {
namespace {

class GeluFuser {
 public:
  GeluFuser(ManagedDevice& device, Recording& recording)
      : device_(device), recording_(recording), uses_(recording) {}

  void run() {
    std::vector<bool> gone(calls().size());
    for (size_t i = 0; i < calls().size(); ++i) {
      if (is(i, "Erf")) fuse_around(i, gone);
    }
    drop_calls(recording_, gone);
  }

 private:
  std::vector<RecordedCall>& calls() const { return recording_.calls(); }
  bool is(size_t call, const char* name) const {
    return call != kNoCall && calls()[call].operation.name() == name &&
           calls()[call].operation.domain().empty();
  }
  static bool same(const RecordedArgument& a, const RecordedArgument& b) {
    return a.value != kNotRecorded && a.value == b.value;
  }
  // The one call that takes the call's result; kNoCall where there are more, or other elements of
  // it.
  size_t only_user(size_t call) const {
    const RecordedArgument& result = calls()[call].outputs[0];
    if (result.value == kNotRecorded) return kNoCall;
    const std::vector<size_t>& users = uses_.users_of(result);
    if (users.size() != 1 || users[0] == kModelEnd) return kNoCall;
    const RecordedCall& user = calls()[users[0]];
    const bool whole = std::ranges::all_of(user.inputs, [&](const RecordedArgument& input) {
      return !same(input, result) || recording_.is_whole(input);
    });
    return whole && user.outputs.size() == 1 && user.outputs[0].dims == result.dims ? users[0]
                                                                                    : kNoCall;
  }
  // The other input where one of two is a constant of one element of this value.
  const RecordedArgument* beside(size_t call, const char* name, double constant) const {
    if (!is(call, name) || calls()[call].inputs.size() != 2) return nullptr;
    const std::vector<RecordedArgument>& inputs = calls()[call].inputs;
    const bool commutes = calls()[call].operation.name() != "Div";
    for (size_t i = commutes ? 0 : 1; i < 2; ++i) {
      const auto found = constant_of(device_, recording_, inputs[i]);
      if (found && std::abs(static_cast<double>(*found) / constant - 1) < 1e-6)
        return &inputs[1 - i];
    }
    return nullptr;
  }
  // What x is where the call is x / sqrt(2).
  const RecordedArgument* scaled(size_t call) const {
    const RecordedArgument* x = beside(call, "Div", std::numbers::sqrt2);
    return x != nullptr ? x : beside(call, "Mul", 1 / std::numbers::sqrt2);
  }
  bool halves(size_t call, const RecordedArgument& x) const {
    const RecordedArgument* half = beside(call, "Mul", 0.5);
    if (half == nullptr) half = beside(call, "Div", 2);
    return half != nullptr && same(*half, x);
  }

  void fuse_around(size_t erf, std::vector<bool>& gone) {
    const size_t scale = uses_.maker_of(calls()[erf].inputs[0]);
    if (scale == kNoCall || only_user(scale) != erf) return;
    const RecordedArgument* found = scaled(scale);
    if (found == nullptr || found->value == kNotRecorded || !recording_.is_whole(*found)) return;
    const RecordedArgument x = *found;
    if (x.dtype != TN_FLOAT32 && x.dtype != TN_FLOAT64) return;
    const size_t plus = only_user(erf);
    if (plus == kNoCall || beside(plus, "Add", 1) == nullptr) return;
    const size_t times = only_user(plus);
    if (!is(times, "Mul")) return;
    const std::vector<RecordedArgument>& factors = calls()[times].inputs;
    const RecordedArgument& other = factors[same(factors[0], calls()[plus].outputs[0]) ? 1 : 0];
    std::vector<size_t> members{scale, erf, plus, times};
    if (same(other, x) && recording_.is_whole(other)) {  // (x * (1 + Erf)) / 2.
      const size_t half = only_user(times);
      if (half == kNoCall || !halves(half, calls()[times].outputs[0])) return;
      members.push_back(half);
    } else {  // x / 2 * (1 + Erf).
      const size_t half = uses_.maker_of(other);
      if (half == kNoCall || only_user(half) != times || !halves(half, x)) return;
      members.insert(members.begin(), half);
    }
    const size_t last = members.back();
    const Operation gelu("Gelu", {});
    RecordedCall call{calls()[last].label, "Gelu", gelu, {x}, calls()[last].outputs};
    if (call.outputs[0].dims != x.dims || !supported(device_, recording_, call)) return;
    for (const size_t member : members) gone[member] = member != last;
    calls()[last] = std::move(call);
  }

  ManagedDevice& device_;
  Recording& recording_;
  const RecordingUses uses_;
};

}  // namespace

void fuse_gelu(ManagedDevice& device, Recording& recording) { GeluFuser(device, recording).run(); }

}  // namespace tenon::runtime::onnx_import
