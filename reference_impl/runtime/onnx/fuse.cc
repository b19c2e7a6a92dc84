// SPDX-License-Identifier: Apache-2.0
#include "runtime/onnx/fuse.h"

#include <algorithm>
#include <optional>

#include "runtime/onnx/fuse_gelu.h"
#include "runtime/onnx/fuse_match.h"
#include "runtime/onnx/recording_uses.h"

namespace tenon::runtime::onnx_import {
namespace {

// Whether `operand` broadcasts to `dims` without adding to them.
bool broadcasts_to(const RecordedArgument& operand, const std::vector<int64_t>& dims) {
  if (operand.dims.size() > dims.size()) return false;
  for (size_t i = 1; i <= operand.dims.size(); ++i) {
    const int64_t dim = operand.dims[operand.dims.size() - i];
    if (dim != 1 && dim != dims[dims.size() - i]) return false;
  }
  return true;
}

// Words and their numbers, as the attributes of a fused operator have them.
struct FusedSteps {
  std::vector<std::string> words;
  std::vector<float> parameters;

  void add(const MatchedWord& match) {
    words.emplace_back(match.word->word);
    parameters.insert(parameters.end(), match.parameters.begin(), match.parameters.end());
  }
};

// What a product has taken in so far.
struct Chain {
  RecordedCall call;
  FusedSteps steps;
  std::vector<size_t> members;  // The calls that it stands for.
};

class Fuser {
 public:
  Fuser(ManagedDevice& device, Recording& recording)
      : device_(device), recording_(recording), uses_(recording) {}

  void run() {
    std::vector<RecordedCall>& calls = recording_.calls();
    std::vector<bool> gone(calls.size());
    for (size_t i = 0; i < calls.size(); ++i) fuse_from(i, gone);
    drop_calls(recording_, gone);
  }

 private:
  std::vector<size_t>& users_of(const RecordedArgument& argument) {
    return uses_.users_of(argument);
  }

  static bool is_conv(const RecordedCall& call) { return call.operation.name() == "Conv"; }

  static Chain start(const RecordedCall& call, size_t at) {
    Chain chain{{call.label, call.op, call.operation, call.inputs, call.outputs}, {}, {at}};
    if (is_conv(call)) chain.call.inputs.resize(3);  // Operands come behind the bias.
    return chain;
  }

  // The chain with the calls behind it that are its next step.
  std::optional<Chain> extend(const RecordedCall& product, const Chain& chain) {
    const std::vector<size_t>& users = users_of(chain.call.outputs[0]);
    if (std::ranges::find(users, kModelEnd) != users.end()) return std::nullopt;
    if (users.size() == 1) return with_call(product, chain, users[0]);
    if (users.size() == 2) return with_gate(product, chain, users[0], users[1]);
    return std::nullopt;
  }

  bool fits(const RecordedCall& next, const RecordedArgument& value) const {
    return next.outputs.size() == 1 && next.outputs[0].dims == value.dims &&
           next.outputs[0].dtype == value.dtype;
  }

  std::optional<Chain> with_call(const RecordedCall& product, const Chain& chain, size_t at) const {
    const RecordedCall& next = recording_.calls()[at];
    const RecordedArgument& value = chain.call.outputs[0];
    if (!fits(next, value)) return std::nullopt;
    const auto match = match_word(device_, recording_, next);
    if (!match || (match->word->operand && next.inputs.size() != 2)) return std::nullopt;
    const size_t mine = next.inputs[0].value == value.value ? 0 : 1;
    if (mine == 1 && !match->word->operand) return std::nullopt;
    if (!recording_.is_whole(next.inputs[mine])) return std::nullopt;
    Chain longer = chain;
    if (match->word->operand) {
      const StepKind kind = match->word->kind;
      const bool commutes = kind == StepKind::kAdd || kind == StepKind::kMul;
      const RecordedArgument& other = next.inputs[1 - mine];
      if (other.kind != Argument::Kind::kDevice || (mine == 1 && !commutes) ||
          other.dtype != value.dtype || !broadcasts_to(other, value.dims))
        return std::nullopt;
      longer.call.inputs.push_back(other);
    }
    longer.members.push_back(at);
    return finished(product, std::move(longer), *match, next);
  }

  // x * gate(x).
  std::optional<Chain> with_gate(const RecordedCall& product, const Chain& chain, size_t gate_at,
                                 size_t product_at) {
    const RecordedCall &gate = recording_.calls()[gate_at], &times = recording_.calls()[product_at];
    const RecordedArgument& value = chain.call.outputs[0];
    if (!fits(gate, value) || !fits(times, value) || gate.inputs.size() != 1 ||
        times.operation.name() != "Mul" || !times.operation.domain().empty() ||
        times.inputs.size() != 2 || users_of(gate.outputs[0]) != std::vector{product_at})
      return std::nullopt;
    const auto match = match_gate(gate);
    const RecordedArgument &a = times.inputs[0], &b = times.inputs[1];
    const bool both = (a.value == value.value && b.value == gate.outputs[0].value) ||
                      (b.value == value.value && a.value == gate.outputs[0].value);
    if (!match || !both || !recording_.is_whole(gate.inputs[0]) || !recording_.is_whole(a) ||
        !recording_.is_whole(b))
      return std::nullopt;
    Chain longer = chain;
    longer.members.insert(longer.members.end(), {gate_at, product_at});
    return finished(product, std::move(longer), *match, times);
  }

  // As far as the device takes it.
  std::optional<Chain> finished(const RecordedCall& product, Chain chain, const MatchedWord& match,
                                const RecordedCall& last) const {
    chain.steps.add(match);
    const auto given = product.operation.attributes();
    std::vector<Attribute> attributes(given.begin(), given.end());
    attributes.push_back({"steps", chain.steps.words});
    if (!chain.steps.parameters.empty())
      attributes.push_back({"step_parameters", chain.steps.parameters});
    chain.call.operation = Operation(is_conv(product) ? "tenon.FusedConv" : "tenon.FusedMatMul",
                                     std::move(attributes));
    chain.call.outputs = last.outputs;
    chain.call.label = last.label;
    if (!supported(device_, recording_, chain.call)) return std::nullopt;
    return chain;
  }

  void fuse_from(size_t first, std::vector<bool>& gone) {
    std::vector<RecordedCall>& calls = recording_.calls();
    const Operation& operation = calls[first].operation;
    if (!operation.domain().empty() || calls[first].outputs[0].value == kNotRecorded ||
        (operation.name() != "Conv" && operation.name() != "MatMul"))
      return;
    Chain chain = start(calls[first], first);
    while (auto longer = extend(calls[first], chain)) chain = std::move(*longer);
    if (chain.members.size() == 1) return;
    const size_t last = chain.members.back();
    for (const size_t member : chain.members) gone[member] = member != last;
    // What it took from others it goes on taking, but in another place.
    for (const RecordedArgument& input : chain.call.inputs) {
      if (input.value == kNotRecorded) continue;
      for (size_t& user : users_of(input)) {
        if (std::ranges::find(chain.members, user) != chain.members.end()) user = last;
      }
    }
    calls[last] = std::move(chain.call);
  }

  ManagedDevice& device_;
  Recording& recording_;
  RecordingUses uses_;
};

}  // namespace

void fuse(ManagedDevice& device, Recording& recording) {
  fuse_gelu(device, recording);
  Fuser(device, recording).run();
}

}  // namespace tenon::runtime::onnx_import
