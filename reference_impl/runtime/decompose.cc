// SPDX-License-Identifier: Apache-2.0
//
// Operators that run as others: chains of two-input calls for variadic ones, the bodies of the
// registry, and scaled matrix products. The first two are elementwise, so that the dims of every
// step follow from broadcasting.
#include <algorithm>
#include <array>
#include <deque>
#include <vector>

#include "runtime/device_impl.h"
#include "runtime/temporaries.h"

namespace tenon::runtime {
namespace {

// Values of one decomposition with their dims, and memory for them unless it is only a rehearsal.
class Values {
 public:
  // No stream: a rehearsal.
  Values(DeviceImpl& device, StreamImpl* stream) {
    if (stream != nullptr) memory_.emplace(device, *stream);
  }

  // A tensor with the broadcast dims of `inputs`.
  Argument make(std::span<const Argument> inputs, tn_dtype dtype) {
    std::vector<int64_t>& dims = dims_.emplace_back();
    for (const Argument& input : inputs) broadcast(dims, input);
    return allocate(dims, dtype);
  }

  // A tensor with these dims, which stay the caller's.
  Argument allocate(std::span<const int64_t> dims, tn_dtype dtype) {
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

// A factor on the host in the type of what it multiplies.
class Factor {
 public:
  // `argument`: 0-d float32 on the host; absent means 1.
  Factor(std::span<const Argument> inputs, size_t i, tn_dtype dtype) : dtype_(dtype) {
    if (i < inputs.size() && inputs[i].kind != Argument::Kind::kAbsent)
      single_ = *static_cast<const float*>(inputs[i].data);
    exact_ = single_;
  }
  float value() const { return single_; }
  Argument argument() const {
    return dtype_ == TN_FLOAT64 ? Argument::host(&exact_, dtype_)
                                : Argument::host(&single_, dtype_);
  }

 private:
  const tn_dtype dtype_;
  float single_ = 1;
  double exact_ = 1;
};

// Those of the operation's attributes that `callee` has, too.
std::vector<Attribute> shared_attributes(const Operation& operation, const OperatorInfo& callee) {
  std::vector<Attribute> shared;
  for (const Attribute& attribute : operation.attributes()) {
    if (std::ranges::find(callee.attributes, attribute.name, &AttributeFact::name) !=
        callee.attributes.end())
      shared.push_back(attribute);
  }
  return shared;
}

}  // namespace

bool DeviceImpl::runs_here(const Operation& operation, std::span<const Argument> inputs,
                           std::span<const Argument> outputs) {
  return static_cast<bool>(
             choose(operation, PreparedCall(nullptr, operation, inputs, outputs)).pin) ||
         decompose(operation, inputs, outputs, nullptr);
}

bool DeviceImpl::step(const Operation& operation, std::span<const Argument> inputs,
                      const Argument& output, Progress* progress) {
  if (progress == nullptr) return runs_here(operation, inputs, {&output, 1});
  if (run(operation, inputs, {&output, 1}, progress->stream, nullptr) == Ran::kFallback)
    progress->ran = Ran::kFallback;
  return true;
}

bool DeviceImpl::chain(const Operation& operation, std::span<const Argument> inputs,
                       const Argument& output, Progress* progress) {
  if (inputs.empty()) {
    throw Error(TN_INVALID_ARGUMENT, "",
                std::string(operators()[operation.index()].full_name) + " needs an input");
  }
  if (inputs.size() == 1) {
    static const Operation kIdentity("Identity");
    return step(kIdentity, inputs, output, progress);
  }
  // The output is written last: it may be one of the inputs.
  Values values(*this, progress != nullptr ? &progress->stream : nullptr);
  Argument sum = inputs[0];
  for (size_t i = 1; i < inputs.size(); ++i) {
    const Argument pair[] = {sum, inputs[i]};
    const bool last = i + 1 == inputs.size();
    const Argument result = last ? output : values.make(pair, output.dtype);
    if (!step(operation, pair, result, progress)) return false;
    sum = result;
  }
  return true;
}

// Y = alpha * A @ B + beta * C by MatMul, and Mul and Add as far as they are needed. 16-bit floats
// would be rounded at each step: theirs is the plain product, or Gemm as a whole.
bool DeviceImpl::scaled_product(std::span<const Argument> inputs, const Argument& output,
                                Progress* progress) {
  static const Operation kMatMul("MatMul"), kMul("Mul"), kAdd("Add");
  enum { kA, kB, kC, kAlpha, kBeta };
  const tn_dtype dtype = output.dtype;
  if (inputs.size() <= kB) return false;
  const Factor alpha(inputs, kAlpha, dtype), beta(inputs, kBeta, dtype);
  const bool has_c = inputs.size() > kC && inputs[kC].kind != Argument::Kind::kAbsent &&
                     beta.value() != 0;  // Times 0, C would still give its NaN.
  const bool plain = alpha.value() == 1 && !has_c;
  if (!plain && dtype != TN_FLOAT32 && dtype != TN_FLOAT64) {
    if (inputs[kA].rank != 2 || inputs[kB].rank != 2) return false;
    const Operation gemm("Gemm", {{"alpha", alpha.value()}, {"beta", beta.value()}});
    return step(gemm, inputs.first(has_c ? kAlpha : kC), output, progress);
  }
  const std::span<const int64_t> dims(output.dims, static_cast<size_t>(output.rank));
  Values values(*this, progress != nullptr ? &progress->stream : nullptr);

  // The output is written last: it may be C.
  Argument sum = plain ? output : values.allocate(dims, dtype);
  if (!step(kMatMul, inputs.first(kC), sum, progress)) return false;
  if (alpha.value() != 1) {
    const std::array scaled{sum, alpha.argument()};
    sum = has_c ? values.allocate(dims, dtype) : output;
    if (!step(kMul, scaled, sum, progress)) return false;
  }
  if (!has_c) return true;
  Argument addend = inputs[kC];
  if (beta.value() != 1) {
    const std::array scaled{addend, beta.argument()};
    addend = values.make({&inputs[kC], 1}, dtype);
    if (!step(kMul, scaled, addend, progress)) return false;
  }
  const std::array terms{sum, addend};
  return step(kAdd, terms, output, progress);
}

bool DeviceImpl::decompose(const Operation& operation, std::span<const Argument> inputs,
                           std::span<const Argument> outputs, Progress* progress) {
  static const Operation kScaledGemm("tenon.ScaledGemm");
  if (operation.index() == kScaledGemm.index()) return scaled_product(inputs, outputs[0], progress);
  const OperatorInfo& info = operators()[operation.index()];
  if (info.body.empty()) return false;
  Values values(*this, progress != nullptr ? &progress->stream : nullptr);
  const size_t first_output = info.inputs.size();
  const size_t first_temporary = first_output + info.outputs.size();
  std::vector<Argument> known(first_temporary + info.body.size());
  std::copy_n(inputs.begin(), std::min(inputs.size(), first_output), known.begin());
  for (size_t i = 0; i < outputs.size(); ++i) known[first_output + i] = outputs[i];
  for (const BodyStep& line : info.body) {
    Argument& to = known[line.output];
    if (line.is_steps()) {
      const size_t first = std::min<size_t>(line.inputs[1], inputs.size());
      if (!run_steps(operation, known[line.inputs[0]], inputs.subspan(first), to, progress))
        return false;
      continue;
    }
    const OperatorInfo& callee = *find_operator(line.name);
    std::vector<Argument> from;
    from.reserve(line.input_count);
    for (size_t i = 0; i < line.input_count; ++i) {
      from.push_back(known[line.inputs[i]]);
      const bool absent = from.back().kind == Argument::Kind::kAbsent;
      if (absent && (callee.inputs[i].flags & kOptional) == 0) return false;
    }
    if (line.output >= first_temporary) {
      to = callee.elementwise()
               ? values.make(from, callee.boolean() ? tn_dtype{TN_BOOL} : from[0].dtype)
               : values.allocate({outputs[0].dims, static_cast<size_t>(outputs[0].rank)},
                                 outputs[0].dtype);
    }
    if (!step(Operation(line.name, shared_attributes(operation, callee)), from, to, progress))
      return false;
  }
  return true;
}

}  // namespace tenon::runtime
