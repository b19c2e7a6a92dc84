// SPDX-License-Identifier: Apache-2.0
#include "plugins/gpu_common/operators/elementwise.h"

#include <cstring>
#include <utility>

#include "plugins/gpu_common/operators/loop.h"
#include "tenon/device/operators/shape.h"

namespace tenon::gpu {
namespace {

const char* group_name(Group group) {
  static constexpr const char* kNames[] = {
      "copy",      "cast",          "unary",  "math",      "trigonometry", "hyperbolic", "test",
      "inversion", "bit_inversion", "binary", "math_grad", "power",        "division",   "compare",
      "logic",     "bits",          "where",  "ternary",   "quaternary",
  };
  return kNames[static_cast<size_t>(group)];
}

// Roughly what an element costs, for element_grid().
int64_t weight_of(Group group) {
  switch (group) {
    case Group::kMath:
    case Group::kMathGrad:
    case Group::kDivision:
      return 8;
    case Group::kTrigonometry:
    case Group::kHyperbolic:
    case Group::kPower:
      return 32;
    default:
      return 1;
  }
}

struct Values {
  uint64_t bits[4] = {};
};

std::string definitions(const Description& d, const ElementwiseForm& form) {
  std::string text = machine_definitions(machine_of(d).limits()) +
                     define("GROUP", group_name(form.group)) +
                     define("ARITY", std::to_string(form.arity));
  const auto type = [&](tn_dtype dtype) {
    require_arithmetic(d, dtype);
    return form.moved ? moved_type_name(dtype) : type_name(dtype);
  };
  text += define("T0", type(d.output_dtype(0)));
  for (int i = 0; i < form.arity; ++i) {
    text += define(("T" + std::to_string(i + 1)).c_str(),
                   type(d.input_dtype(form.inputs[static_cast<size_t>(i)])));
  }
  return text + define("TC", type(d.input_dtype(form.computed)));
}

class Elementwise final : public Kernel {
 public:
  Elementwise(const Description& d, const ElementwiseForm& form)
      : name_(d.name()),
        form_(form),
        limits_(machine_of(d).limits()),
        fails_(form.group == Group::kDivision &&
               (device::kIntegerTypes & device::dtype_bit(d.input_dtype(0))) != 0),
        function_(machine_of(d).function(
            "elementwise", definitions(d, form) + (fails_ ? "-DCAN_FAIL " : ""), "elementwise")) {
    for (int i = 0; i < form.arity; ++i) {
      if (d.input(input(i)).kind == TN_ARGUMENT_HOST) host_ |= 1 << i;
    }
  }

  void check(const Arguments& arguments) const override {
    std::array<View, 4> inputs;
    for (int i = 0; i < form_.arity; ++i) {
      inputs[static_cast<size_t>(i)] = arguments.inputs[input(i)];
      if ((host_ >> i & 1) != 0 && arguments.inputs[input(i)].count() != 1) {
        device::throw_invalid(name_, "a host value must be one element, not of dims " +
                                         device::dims_text(arguments.inputs[input(i)].shape()));
      }
    }
    const auto arity = static_cast<size_t>(form_.arity);
    device::check_broadcast(name_, std::span<const View>(inputs).first(arity), arguments);
  }

  void enqueue(const Arguments& arguments, Queue& queue) const override {
    switch (form_.arity) {
      case 1:
        return launch(arguments, queue, std::make_index_sequence<1>());
      case 2:
        return launch(arguments, queue, std::make_index_sequence<2>());
      case 3:
        return launch(arguments, queue, std::make_index_sequence<3>());
      default:
        return launch(arguments, queue, std::make_index_sequence<4>());
    }
  }

 private:
  size_t input(int i) const { return form_.inputs[static_cast<size_t>(i)]; }

  template <size_t... I>
  void launch(const Arguments& arguments, Queue& queue, std::index_sequence<I...>) const {
    constexpr int kOperands = sizeof...(I) + 1;
    const std::array<const View*, kOperands> operands = {&arguments.outputs[0],
                                                         &arguments.inputs[form_.inputs[I]]...};
    Values values;
    for (size_t i = 0; i < sizeof...(I); ++i) {
      if ((host_ >> i & 1) == 0) continue;
      const View& value = *operands[i + 1];
      std::memcpy(&values.bits[i], value.data, tn_dtype_bits(value.dtype) / 8);
    }
    // A host value has no memory on the device.
    const auto memory = [&](const View& view, size_t i) {
      return Parameter::memory((host_ >> i & 1) != 0 ? View{} : view);
    };
    for_each_loop<kOperands>(
        limits_, operands, weight_of(form_.group),
        [&](Loop<kOperands>& loop, const Grid& grid, const std::array<View, kOperands>& views) {
          loop.host = host_;
          const Parameter parameters[] = {
              Parameter::memory(views[0]),    memory(views[I + 1], I)...,
              Parameter::value(values),       Parameter::value(loop),
              Parameter::value(form_.op),     Parameter::value(form_.first),
              Parameter::value(form_.second), Parameter::fault(name_)};
          queue.launch(function_, grid,
                       std::span(parameters).first(std::size(parameters) - (fails_ ? 0 : 1)));
        });
  }

  const std::string name_;
  const ElementwiseForm form_;
  const Limits& limits_;
  const bool fails_;
  const Function& function_;
  int32_t host_ = 0;  // Bit i: input i of the form is a host value.
};

}  // namespace

std::unique_ptr<device::Kernel> make_elementwise(const Description& d,
                                                 const ElementwiseForm& form) {
  return std::make_unique<Elementwise>(d, form);
}

}  // namespace tenon::gpu
