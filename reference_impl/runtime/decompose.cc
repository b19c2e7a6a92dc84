// SPDX-License-Identifier: Apache-2.0
//
// Operators that run as others: chains of two-input calls for variadic ones, and the bodies of the
// registry. Both are elementwise, so that the dims of every step follow from broadcasting.
#include <algorithm>
#include <deque>
#include <vector>

#include "runtime/device_impl.h"
#include "runtime/temporaries.h"

namespace tenon::runtime {
namespace {

// Values of one decomposition with their dims, and memory for them unless it is only a rehearsal.
class Values {
 public:
  Values(Device& device, StreamImpl* stream) {
    if (stream != nullptr) memory_.emplace(device, *stream);
  }

  // A tensor with the broadcast dims of `inputs`.
  Argument make(std::span<const Argument> inputs, tn_dtype dtype) {
    std::vector<int64_t>& dims = dims_.emplace_back();
    for (const Argument& input : inputs) broadcast(dims, input);
    Argument value = Argument::device(nullptr, dtype, dims);
    if (memory_) value.data = memory_->allocate_like(value);
    return value;
  }

 private:
  static void broadcast(std::vector<int64_t>& dims, const Argument& input) {
    const auto rank = static_cast<size_t>(input.rank);
    if (rank > dims.size()) dims.insert(dims.begin(), rank - dims.size(), 1);
    for (size_t i = 0; i < rank; ++i) {
      int64_t& dim = dims[dims.size() - rank + i];
      if (dim == 1) dim = input.dims[i];
    }
  }

  std::optional<ScratchMemory> memory_;
  std::deque<std::vector<int64_t>> dims_;  // Arguments point into it.
};

}  // namespace

bool DeviceImpl::runs_here(const Operation& operation, std::span<const Argument> inputs,
                           std::span<const Argument> outputs) {
  return static_cast<bool>(
             choose(operation, PreparedCall(nullptr, operation, inputs, outputs)).pin) ||
         decompose(operation, inputs, outputs, nullptr);
}

bool DeviceImpl::chain(const Operation& operation, std::span<const Argument> inputs,
                       const Argument& output, StreamImpl* stream) {
  const auto step = [&](const Operation& what, std::span<const Argument> from, const Argument& to) {
    if (stream == nullptr) return runs_here(what, from, {&to, 1});
    run(what, from, {&to, 1}, *stream);
    return true;
  };
  if (inputs.empty()) {
    throw Error(TN_INVALID_ARGUMENT, "",
                std::string(operators()[operation.index()].full_name) + " needs an input");
  }
  if (inputs.size() == 1) {
    static const Operation kIdentity("Identity");
    return step(kIdentity, inputs, output);
  }
  // The output is written last: it may be one of the inputs.
  Values values(*this, stream);
  Argument sum = inputs[0];
  for (size_t i = 1; i < inputs.size(); ++i) {
    const Argument pair[] = {sum, inputs[i]};
    const bool last = i + 1 == inputs.size();
    const Argument result = last ? output : values.make(pair, output.dtype);
    if (!step(operation, pair, result)) return false;
    sum = result;
  }
  return true;
}

bool DeviceImpl::decompose(const Operation& operation, std::span<const Argument> inputs,
                           std::span<const Argument> outputs, StreamImpl* stream) {
  const OperatorInfo& info = operators()[operation.index()];
  if (info.body.empty()) return false;
  Values values(*this, stream);
  std::vector<Argument> known(info.inputs.size() + info.outputs.size() + info.body.size());
  std::copy(inputs.begin(), inputs.end(), known.begin());
  for (size_t i = 0; i < outputs.size(); ++i) known[info.inputs.size() + i] = outputs[i];
  for (const BodyStep& step : info.body) {
    const OperatorInfo& callee = *find_operator(step.name);
    std::vector<Argument> from;
    from.reserve(step.input_count);
    for (size_t i = 0; i < step.input_count; ++i) from.push_back(known[step.inputs[i]]);
    const auto absent = [](const Argument& a) { return a.kind == Argument::Kind::kAbsent; };
    if (std::any_of(from.begin(), from.end(), absent)) return false;
    Argument& to = known[step.output];
    if (step.output >= info.inputs.size() + info.outputs.size()) {
      to = values.make(from, callee.boolean() ? tn_dtype{TN_BOOL} : from[0].dtype);
    }
    const Operation what(step.name);
    if (stream == nullptr) {
      if (!runs_here(what, from, {&to, 1})) return false;
    } else {
      run(what, from, {&to, 1}, *stream);
    }
  }
  return true;
}

}  // namespace tenon::runtime
