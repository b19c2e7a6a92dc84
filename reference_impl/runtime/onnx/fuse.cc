// SPDX-License-Identifier: Apache-2.0
#include "runtime/onnx/fuse.h"

#include <algorithm>
#include <optional>

namespace tenon::runtime::onnx_import {
namespace {

constexpr size_t kNobody = SIZE_MAX;

// What the fused operators call a step: see spec/ops/contraction.yaml.
struct StepName {
  std::string name;
  bool binary = false;
  bool commutes = false;
};

std::optional<StepName> step_of(const Operation& operation) {
  const std::string_view name = operation.name();
  if (operation.domain() == "tenon")
    return name == "Silu" ? std::optional(StepName{"Silu"}) : std::nullopt;
  if (name == "Add" || name == "Mul") return StepName{std::string(name), true, true};
  if (name == "Sub" || name == "Div") return StepName{std::string(name), true, false};
  if (name == "Relu" || name == "Tanh" || name == "Sigmoid") return StepName{std::string(name)};
  if (name == "Gelu") {
    for (const Attribute& a : operation.attributes())
      if (std::get<std::string>(a.value) == "tanh") return StepName{"GeluTanh"};
    return StepName{"Gelu"};
  }
  return std::nullopt;
}

// Whether `operand` broadcasts to `dims` without adding to them.
bool broadcasts_to(const TracedArgument& operand, const std::vector<int64_t>& dims) {
  if (operand.dims.size() > dims.size()) return false;
  for (size_t i = 1; i <= operand.dims.size(); ++i) {
    const int64_t dim = operand.dims[operand.dims.size() - i];
    if (dim != 1 && dim != dims[dims.size() - i]) return false;
  }
  return true;
}

class Fuser {
 public:
  Fuser(Device& device, Trace& trace)
      : device_(device),
        trace_(trace),
        uses_(trace.values().size()),
        user_(trace.values().size(), kNobody) {
    const auto use = [&](const TracedArgument& argument, size_t by) {
      if (argument.value == kNoTraced) return;
      ++uses_[static_cast<size_t>(argument.value)];
      user_[static_cast<size_t>(argument.value)] = by;
    };
    for (size_t i = 0; i < trace.calls().size(); ++i)
      for (const TracedArgument& input : trace.calls()[i].inputs) use(input, i);
    for (const Trace::Output& output : trace.outputs()) use(output.argument, kNobody);
  }

  void run() {
    std::vector<TracedCall>& calls = trace_.calls();
    std::vector<bool> gone(calls.size());
    for (size_t i = 0; i < calls.size(); ++i) fuse_from(i, gone);
    size_t kept = 0;
    for (size_t i = 0; i < calls.size(); ++i) {
      if (gone[i]) continue;
      if (kept != i) calls[kept] = std::move(calls[i]);
      ++kept;
    }
    calls.erase(calls.begin() + static_cast<std::ptrdiff_t>(kept), calls.end());
  }

 private:
  // The call that alone takes this output, or kNobody.
  size_t only_user(const TracedArgument& output) const {
    const auto value = static_cast<size_t>(output.value);
    return uses_[value] == 1 ? user_[value] : kNobody;
  }

  static TracedCall start(const TracedCall& call) {
    const bool conv = call.operation.name() == "Conv";
    TracedCall fused{call.label, call.op, Operation(conv ? "tenon.FusedConv" : "tenon.FusedMatMul"),
                     call.inputs, call.outputs};
    if (conv) fused.inputs.resize(3);  // Operands come behind the bias.
    return fused;
  }

  static Operation with_steps(const TracedCall& product, const std::string& steps) {
    const bool conv = product.operation.name() == "Conv";
    const auto given = product.operation.attributes();
    std::vector<Attribute> attributes(given.begin(), given.end());
    attributes.push_back({"steps", steps});
    return Operation(conv ? "tenon.FusedConv" : "tenon.FusedMatMul", std::move(attributes));
  }

  // `fused` with the call behind it, if that is possible.
  std::optional<TracedCall> extend(const TracedCall& product, const TracedCall& fused,
                                   const std::string& steps, const TracedCall& next,
                                   std::string* name) const {
    const TracedArgument& value = fused.outputs[0];
    const auto step = step_of(next.operation);
    if (!step || next.outputs.size() != 1 || next.outputs[0].dims != value.dims ||
        next.outputs[0].dtype != value.dtype || next.inputs.size() != (step->binary ? 2u : 1u))
      return std::nullopt;
    const size_t mine = next.inputs[0].value == value.value ? 0 : 1;
    if (!trace_.is_whole(next.inputs[mine])) return std::nullopt;
    TracedCall longer = fused;
    if (step->binary) {
      const TracedArgument& other = next.inputs[1 - mine];
      if (other.kind != Argument::Kind::kDevice || (mine == 1 && !step->commutes) ||
          other.dtype != value.dtype || !broadcasts_to(other, value.dims))
        return std::nullopt;
      longer.inputs.push_back(other);
    }
    longer.operation = with_steps(product, steps.empty() ? step->name : steps + " " + step->name);
    longer.outputs = next.outputs;
    longer.label = next.label;
    if (!supported(longer)) return std::nullopt;
    *name = step->name;
    return longer;
  }

  bool supported(const TracedCall& call) const {
    const auto describe = [&](const std::vector<TracedArgument>& arguments) {
      std::vector<StaticArgument> list;
      for (const TracedArgument& a : arguments) {
        const bool whole = trace_.is_whole(a);
        list.push_back({a.kind, a.dtype, a.dims, whole ? std::vector<int64_t>{} : a.strides,
                        whole ? TN_LAYOUT_ANY : TN_LAYOUT_STRIDED, nullptr});
      }
      return list;
    };
    return device_.choose_layouts(call.operation, describe(call.inputs), describe(call.outputs))
        .has_value();
  }

  void fuse_from(size_t first, std::vector<bool>& gone) {
    std::vector<TracedCall>& calls = trace_.calls();
    const Operation& operation = calls[first].operation;
    if (!operation.domain().empty() || calls[first].outputs[0].value == kNoTraced ||
        (operation.name() != "Conv" && operation.name() != "MatMul"))
      return;
    TracedCall fused = start(calls[first]);
    std::string steps;
    size_t last = first;
    for (;;) {
      const size_t next = only_user(fused.outputs[0]);
      if (next == kNobody || gone[next]) break;
      std::string name;
      auto longer = extend(calls[first], fused, steps, calls[next], &name);
      if (!longer) break;
      gone[last] = true;
      steps += (steps.empty() ? "" : " ") + name;
      fused = std::move(*longer);
      last = next;
    }
    if (last == first) return;
    // What it took from others it goes on taking, but in another place.
    for (const TracedArgument& input : fused.inputs)
      if (input.value != kNoTraced && user_[static_cast<size_t>(input.value)] != kNobody)
        user_[static_cast<size_t>(input.value)] = last;
    calls[last] = std::move(fused);
  }

  Device& device_;
  Trace& trace_;
  // By value: how often it is taken, and by which call (the last one; kNobody for the model's end).
  std::vector<size_t> uses_;
  std::vector<size_t> user_;
};

}  // namespace

void fuse(Device& device, Trace& trace) { Fuser(device, trace).run(); }

}  // namespace tenon::runtime::onnx_import
