// SPDX-License-Identifier: Apache-2.0
//
// tenon.FusedConv and tenon.FusedMatMul: the product's kernel, then that of each step in place on
// the output. What a fused operator means is what this file does.
#include <deque>
#include <sstream>
#include <string>

#include "reference_impl/cpu/kernels/contraction.h"
#include "reference_impl/cpu/kernels/families.h"
#include "reference_impl/cpu/kernels/shape.h"

namespace tenon::cpu {
namespace {

// A description made here, with what it points to.
class Part {
 public:
  explicit Part(const char* name) : name_(name) {}
  void input(const tn_argument* argument) { inputs_.push_back(argument); }
  void attribute(const char* name, const std::vector<int64_t>& values) {
    tn_attribute a{};
    a.struct_size = sizeof(a);
    a.name = name;
    a.type = TN_ATTRIBUTE_INTS;
    a.count = values.size();
    a.ints = values.data();
    attributes_.push_back(a);
  }
  void attribute(const char* name, const int64_t* value) {
    tn_attribute a{};
    a.struct_size = sizeof(a);
    a.name = name;
    a.type = TN_ATTRIBUTE_INT;
    a.count = 1;
    a.ints = value;
    attributes_.push_back(a);
  }
  void attribute(const char* name, const char* text) {
    tn_attribute a{};
    a.struct_size = sizeof(a);
    a.name = name;
    a.type = TN_ATTRIBUTE_STRING;
    a.count = 1;
    a.strings = &strings_.emplace_back(tn_string{text, std::char_traits<char>::length(text)});
    attributes_.push_back(a);
  }

  std::unique_ptr<Kernel> make(CreateKernel create, int32_t version, const Description& whole,
                               const tn_argument* output) {
    std::vector<const tn_attribute*> attributes;
    attributes.reserve(attributes_.size());
    for (const tn_attribute& a : attributes_) attributes.push_back(&a);
    tn_kernel_desc desc{};
    desc.struct_size = sizeof(desc);
    desc.domain = "";
    desc.name = name_;
    desc.version = version;
    desc.flags = whole.deterministic() ? uint32_t{TN_KERNEL_DETERMINISTIC} : 0;
    desc.math_mode = whole.math_mode();
    desc.inputs = inputs_.data();
    desc.input_count = inputs_.size();
    desc.outputs = &output;
    desc.output_count = 1;
    desc.attributes = attributes.data();
    desc.attribute_count = attributes.size();
    return create(Description(desc));
  }

 private:
  const char* name_;
  std::vector<const tn_argument*> inputs_;
  std::vector<tn_attribute> attributes_;
  std::deque<tn_string> strings_;  // Attributes point to them.
};

const OperatorEntry* find_elementwise(std::string_view domain, std::string_view name) {
  for (const OperatorEntry& entry : elementwise_operators()) {
    if (name == entry.name && domain == entry.domain) return &entry;
  }
  return nullptr;
}

class Fused final : public Kernel, public NeedsWorkspace {
 public:
  Fused(const Description& d, size_t product_inputs, std::unique_ptr<Kernel> product)
      : name_(d.name()), product_inputs_(product_inputs), product_(std::move(product)) {
    const std::string text = d.text("steps", "");
    std::istringstream words(text);
    size_t next = product_inputs;
    for (std::string word; words >> word;) add_step(d, word, next);
    if (steps_.empty()) throw_invalid(name_, "steps are needed");
    if (next != d.input_count()) {
      throw_invalid(name_, "the steps '" + text + "' take " +
                               std::to_string(next - product_inputs) + " operands; " +
                               std::to_string(d.input_count()) + " inputs are given");
    }
  }

  void check(const Arguments& a) const override {
    product_->check(product_arguments(a));
    for (const Step& step : steps_) {
      over(step, a, [&](const Arguments& part) { step.kernel->check(part); });
    }
  }

  uint64_t workspace_size(const Arguments& a) const override {
    uint64_t size = cpu::workspace_size(*product_, product_arguments(a));
    for (const Step& step : steps_) {
      over(step, a, [&](const Arguments& part) {
        size = std::max(size, cpu::workspace_size(*step.kernel, part));
      });
    }
    return size;
  }

  void run(const Arguments& a, const Execution& execution) const override {
    product_->run(product_arguments(a), execution);
    for (const Step& step : steps_) {
      over(step, a, [&](const Arguments& part) { step.kernel->run(part, execution); });
    }
  }

  tn_layout input_layout(size_t i, tn_layout described) const override {
    return i < product_inputs_ ? product_->input_layout(i, described) : TN_LAYOUT_STRIDED;
  }

 private:
  struct Step {
    std::unique_ptr<Kernel> kernel;
    size_t operand = 0;  // An input; 0: none.
  };

  void add_step(const Description& d, const std::string& word, size_t& next) {
    const bool binary = word == "Add" || word == "Sub" || word == "Mul" || word == "Div";
    const bool known = binary || word == "Relu" || word == "Tanh" || word == "Sigmoid" ||
                       word == "Silu" || word == "Gelu" || word == "GeluTanh";
    if (!known) throw_invalid(name_, "has no step '" + word + "'");
    const std::string name = word == "GeluTanh" ? "Gelu" : word;
    const OperatorEntry* entry = find_elementwise(name == "Silu" ? "tenon" : "", name);
    if (entry == nullptr) {
      throw KernelError(TN_UNSUPPORTED, name_ + ": no kernel for the step " + word);
    }
    tn_argument value = d.output(0), output = d.output(0);
    value.alias = 0;
    output.alias = 1;
    Part part(entry->name);
    part.input(&value);
    Step step;
    if (binary) {
      step.operand = next++;
      part.input(&d.input(step.operand));
    }
    if (name == "Gelu") part.attribute("approximate", word == "Gelu" ? "none" : "tanh");
    step.kernel = part.make(entry->create, entry->version, d, &output);
    steps_.push_back(std::move(step));
  }

  Arguments product_arguments(const Arguments& a) const {
    Arguments part = a;
    part.inputs = a.inputs.first(std::min(product_inputs_, a.inputs.size()));
    return part;
  }

  template <class Body>
  static void over(const Step& step, const Arguments& a, Body&& body) {
    const View inputs[2] = {a.outputs[0], step.operand != 0 ? a.inputs[step.operand] : View{}};
    Arguments part = a;
    part.inputs = {inputs, step.operand != 0 ? size_t{2} : size_t{1}};
    body(part);
  }

  const std::string name_;
  const size_t product_inputs_;
  std::unique_ptr<Kernel> product_;
  std::vector<Step> steps_;
};

}  // namespace

std::unique_ptr<Kernel> create_fused_conv(const Description& d) {
  const std::vector<int64_t> lists[] = {d.integers("dilations"), d.integers("kernel_shape"),
                                        d.integers("pads"), d.integers("strides")};
  const char* const names[] = {"dilations", "kernel_shape", "pads", "strides"};
  const int64_t group = d.integer("group", 1);
  static constexpr tn_argument kAbsent{};
  Part part("Conv");
  part.input(&d.input(0));
  part.input(&d.input(1));
  part.input(d.has_input(2) ? &d.input(2) : &kAbsent);
  for (size_t i = 0; i < 4; ++i) {
    if (!lists[i].empty()) part.attribute(names[i], lists[i]);
  }
  part.attribute("group", &group);
  return std::make_unique<Fused>(d, 3, part.make(create_conv, 22, d, &d.output(0)));
}

std::unique_ptr<Kernel> create_fused_matmul(const Description& d) {
  Part part("MatMul");
  part.input(&d.input(0));
  part.input(&d.input(1));
  return std::make_unique<Fused>(d, 2, part.make(create_matmul, 13, d, &d.output(0)));
}

}  // namespace tenon::cpu
