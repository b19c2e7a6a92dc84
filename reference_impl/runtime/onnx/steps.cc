// SPDX-License-Identifier: Apache-2.0
//
// Layouts are chosen call by call, in order. Each kernel is first asked what it likes best. One
// that does not care (it wants row-major where the value is in some token) is asked again with the
// form that the value has, so that blocked layouts flow through it; one that wants another token
// gets a reorder, because a kernel made for the wrong form costs more than that.
#include "runtime/onnx/steps.h"

#include <algorithm>
#include <optional>

namespace tenon::runtime::onnx_import {
namespace {

class StepMaker {
 public:
  StepMaker(ManagedDevice& device, Recording& recording, PackedConstants& constants)
      : device_(device),
        recording_(recording),
        constants_(constants),
        forms_(recording.values().size()) {}

  Steps make() {
    for (const RecordedArgument& input : recording_.inputs())
      result_.inputs.push_back(new_form(input, TN_LAYOUT_STRIDED));
    for (const RecordedCall& call : recording_.calls()) {
      try {
        add(call);
      } catch (const Error& e) {
        throw Error(e.status(), e.rule(), call.label + ": " + e.message());
      }
    }
    for (const Recording::Output& output : recording_.outputs()) {
      if (output.host.present())
        result_.outputs.push_back({output.host, {}});
      else
        result_.outputs.push_back({{}, operand(output.argument, TN_LAYOUT_STRIDED)});
    }
    for (const Recording::Value& value : recording_.values())
      if (value.is_constant()) result_.kept.push_back(value.constant);
    find_lifetimes();
    return std::move(result_);
  }

 private:
  const Recording::Value& value_of(const RecordedArgument& argument) const {
    return recording_.values()[static_cast<size_t>(argument.value)];
  }
  bool is_constant(const RecordedArgument& argument) const {
    return argument.value != kNotRecorded && value_of(argument).is_constant();
  }
  // The token that a value is in, or TN_LAYOUT_STRIDED where it (also) is.
  tn_layout current(const RecordedArgument& argument) const {
    const auto& forms = forms_[static_cast<size_t>(argument.value)];
    return forms.empty() || forms.contains(TN_LAYOUT_STRIDED) ? TN_LAYOUT_STRIDED
                                                              : forms.begin()->first;
  }

  StaticArgument describe(const RecordedArgument& argument, tn_layout layout) const {
    StaticArgument to{argument.kind,
                      argument.dtype,
                      argument.dims,
                      {},
                      layout,
                      nullptr,
                      alignment_of(device_, recording_, argument)};
    if (layout == TN_LAYOUT_STRIDED) to.strides = argument.strides;
    return to;
  }

  std::vector<StaticArgument> describe(std::span<const RecordedArgument> arguments,
                                       bool any) const {
    std::vector<StaticArgument> list;
    for (const RecordedArgument& argument : arguments)
      list.push_back(describe(
          argument, any && recording_.is_whole(argument) ? TN_LAYOUT_ANY : TN_LAYOUT_STRIDED));
    return list;
  }

  std::optional<ChosenLayouts> choose(const RecordedCall& call) {
    auto inputs = describe(call.inputs, true);
    const auto outputs = describe(call.outputs, true);
    auto chosen = device_.choose_layouts(call.operation, inputs, outputs);
    if (!chosen) {
      inputs = describe(call.inputs, false);
      return device_.choose_layouts(call.operation, inputs, describe(call.outputs, false));
    }
    bool again = false;
    for (size_t i = 0; i < inputs.size(); ++i) {
      if (inputs[i].layout != TN_LAYOUT_ANY || is_constant(call.inputs[i])) continue;
      const tn_layout now = current(call.inputs[i]);
      if (now == TN_LAYOUT_STRIDED || chosen->inputs[i] != TN_LAYOUT_STRIDED) continue;
      inputs[i].layout = now;
      again = true;
    }
    if (again)
      if (auto kept = device_.choose_layouts(call.operation, inputs, outputs)) return kept;
    return chosen;
  }

  void add(const RecordedCall& call) {
    const bool nothing = std::all_of(call.outputs.begin(), call.outputs.end(),
                                     [](const RecordedArgument& o) { return o.count() == 0; });
    if (nothing) return;
    std::optional<ChosenLayouts> layouts;
    const auto empty = [](const RecordedArgument& argument) {
      return argument.kind == Argument::Kind::kDevice && argument.count() == 0;
    };
    if (std::none_of(call.inputs.begin(), call.inputs.end(), empty) &&
        std::none_of(call.outputs.begin(), call.outputs.end(), empty))
      layouts = choose(call);
    if (!layouts || !add_launch(call, *layouts)) add_call(call);
  }

  bool add_launch(const RecordedCall& call, const ChosenLayouts& layouts) {
    std::vector<StaticArgument> inputs;
    std::vector<StaticArgument> outputs;
    outputs.reserve(call.outputs.size());
    Step step{Step::Kind::kLaunch, call.label, call.op, call.operation, {}, {}, {}};
    for (size_t i = 0; i < call.inputs.size(); ++i) {
      inputs.push_back(describe(call.inputs[i], layouts.inputs[i]));
      step.inputs.push_back(operand(call.inputs[i], layouts.inputs[i]));
      inputs.back().constant = step.inputs.back().constant;
    }
    for (size_t i = 0; i < call.outputs.size(); ++i)
      outputs.push_back(describe(call.outputs[i], layouts.outputs[i]));
    step.kernel = device_.create_kernel(call.operation, inputs, outputs);
    if (!step.kernel) return false;
    for (size_t i = 0; i < call.outputs.size(); ++i)
      step.outputs.push_back(new_form(call.outputs[i], layouts.outputs[i]));
    result_.steps.push_back(std::move(step));
    return true;
  }

  void add_call(const RecordedCall& call) {
    Step step{Step::Kind::kCall, call.label, call.op, call.operation, {}, {}, {}};
    for (const RecordedArgument& input : call.inputs)
      step.inputs.push_back(operand(input, TN_LAYOUT_STRIDED));
    for (const RecordedArgument& output : call.outputs)
      step.outputs.push_back(new_form(output, TN_LAYOUT_STRIDED));
    result_.steps.push_back(std::move(step));
  }

  StepArgument plain(const RecordedArgument& argument, tn_layout layout) const {
    StepArgument to;
    to.kind = argument.kind;
    to.dtype = argument.dtype;
    to.dims = argument.dims;
    to.layout = layout;
    if (layout == TN_LAYOUT_STRIDED) to.strides = argument.strides;
    to.host = argument.host;
    return to;
  }

  // An input in the layout that is wanted; makes that form if the value is not in it yet.
  StepArgument operand(const RecordedArgument& argument, tn_layout layout) {
    StepArgument to = plain(argument, layout);
    if (argument.value == kNotRecorded) return to;
    const Recording::Value& value = value_of(argument);
    if (value.is_constant()) {
      if (layout == TN_LAYOUT_STRIDED)
        to.address = value.address + argument.offset;
      else
        to.constant = constants_.get(value, device_.resolve(value.address), layout);
      return to;
    }
    to.slot = form(argument.value, layout);
    to.offset = argument.offset;
    return to;
  }

  // An output, whose value comes to be here.
  StepArgument new_form(const RecordedArgument& argument, tn_layout layout) {
    StepArgument to = plain(argument, layout);
    if (argument.value != kNotRecorded) to.slot = new_slot(argument.value, layout);
    return to;
  }

  int32_t new_slot(RecordedValue value, tn_layout layout) {
    const Recording::Value& v = recording_.values()[static_cast<size_t>(value)];
    uint64_t bytes = v.bytes;
    if (layout != TN_LAYOUT_STRIDED)
      tenon::call(tn_layout_size, device_.handle(), layout, v.dtype,
                  static_cast<int32_t>(v.dims.size()), v.dims.data(), &bytes);
    const auto slot = static_cast<int32_t>(result_.slots.size());
    result_.slots.push_back({bytes, 0, 0, 0});
    forms_[static_cast<size_t>(value)].emplace(layout, slot);
    return slot;
  }

  int32_t form(RecordedValue value, tn_layout layout) {
    const auto& forms = forms_[static_cast<size_t>(value)];
    if (const auto found = forms.find(layout); found != forms.end()) return found->second;
    if (forms.empty()) throw Error(TN_INTERNAL, "", "a value is used before it is computed");
    const auto [from, from_slot] = *forms.begin();
    const Recording::Value& v = recording_.values()[static_cast<size_t>(value)];
    static const Operation identity{"Identity"};
    Step step{Step::Kind::kReorder, "a change of layout", "", identity, {}, {}, {}};
    StepArgument side;
    side.kind = Argument::Kind::kDevice;
    side.dtype = v.dtype;
    side.dims = v.dims;
    side.layout = from;
    side.slot = from_slot;
    if (from == TN_LAYOUT_STRIDED) side.strides = dense_strides(v.dims);
    step.inputs.push_back(side);
    side.layout = layout;
    side.strides = layout == TN_LAYOUT_STRIDED ? dense_strides(v.dims) : std::vector<int64_t>{};
    side.slot = new_slot(value, layout);
    step.outputs.push_back(side);
    result_.steps.push_back(std::move(step));
    return side.slot;
  }

  void find_lifetimes() {
    std::vector<bool> seen(result_.slots.size());
    const auto use = [&](const StepArgument& operand, size_t step) {
      if (operand.slot == kNoSlot) return;
      const auto i = static_cast<size_t>(operand.slot);
      if (!seen[i]) result_.slots[i].first = step;
      seen[i] = true;
      result_.slots[i].last = step;
    };
    for (const StepArgument& input : result_.inputs) use(input, 0);
    for (size_t i = 0; i < result_.steps.size(); ++i) {
      for (const StepArgument& input : result_.steps[i].inputs) use(input, i);
      for (const StepArgument& output : result_.steps[i].outputs) use(output, i);
    }
    for (const PlannedOutput& output : result_.outputs) use(output.operand, result_.steps.size());
  }

  ManagedDevice& device_;
  Recording& recording_;
  PackedConstants& constants_;
  Steps result_;
  // By value: the slot of each layout that it is in.
  std::vector<std::map<tn_layout, int32_t>> forms_;
};

}  // namespace

uint64_t slot_alignment(const ManagedDevice& device) {
  return std::max<uint64_t>(64, device.info().alignment);
}

uint64_t alignment_of(const ManagedDevice& device, const Recording& recording,
                      const RecordedArgument& argument) {
  if (argument.value == kNotRecorded) return 1;
  const Recording::Value& value = recording.values()[static_cast<size_t>(argument.value)];
  uint64_t offset = argument.offset;
  if (value.is_constant() && value.address != nullptr)
    offset += device.resolve(value.address).offset;
  return std::min(slot_alignment(device), offset != 0 ? offset & -offset : UINT64_MAX);
}

tn_constant* PackedConstants::get(const Recording::Value& value, const Location& at,
                                  tn_layout layout) {
  Key key{value.address, value.dims, value.constant.strides, layout};
  if (const auto found = packed_.find(key); found != packed_.end()) return found->second.get();
  const tn_tensor tensor{at.buffer,
                         at.offset,
                         nullptr,
                         value.dims.data(),
                         value.constant.strides.data(),
                         TN_LAYOUT_STRIDED,
                         value.dtype,
                         static_cast<int32_t>(value.dims.size())};
  const tn_constant_desc desc{sizeof(desc), &tensor, layout, stream_.handle()};
  tn_constant* made = nullptr;
  tenon::call(tn_constant_create, device_, &desc, &made);
  packed_.emplace(std::move(key), Constant(made));
  return made;
}

Steps make_steps(ManagedDevice& device, Recording& recording, PackedConstants& constants) {
  return StepMaker(device, recording, constants).make();
}

}  // namespace tenon::runtime::onnx_import
