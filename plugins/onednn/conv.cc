// SPDX-License-Identifier: Apache-2.0
//
// Conv, with what follows it (tenon.FusedConv), and its two gradients. Of an argument described as
// TN_LAYOUT_ANY, with all dims given, oneDNN chooses the form: blocked channels and packed filters
// are where its speed is.
#include <algorithm>

#include "operators.h"
#include "post_steps.h"
#include "primitive_kernel.h"
#include "tenon/device/operators/convolutions.h"
#include "tenon/device/operators/fused_steps.h"

namespace tenon::onednn {
namespace {

using device::ConvWindow;

// The attributes as oneDNN wants them: of the spatial dims alone, dilations counted from 0.
struct Window {
  explicit Window(const ConvWindow& a) {
    for (int32_t axis = a.first_axis(); axis < 3; ++axis) {
      strides.push_back(a.strides[axis]);
      dilations.push_back(a.dilations[axis] - 1);
      begin.push_back(a.pads_begin[axis]);
      end.push_back(a.pads_end[axis]);
    }
  }
  Dims strides, dilations, begin, end;
};

// Data, filters and result of the forward direction, in whatever part each of them plays.
struct Descs {
  Md x, w, y;
  std::optional<Md> bias;
};

template <class Operator>
class ConvBase : public device::KernelOf<Operator, PrimitiveKernel> {
 public:
  explicit ConvBase(const Description& d) : device::KernelOf<Operator, PrimitiveKernel>(d) {
    require_float32(d, std::max<size_t>(d.input_count(), 3));
    filters_.groups = attributes_.groups > 1 ? attributes_.groups : 0;
  }

  tn_layout input_layout(size_t i, tn_layout described) const override {
    return i < 2 ? choose(inputs_[i], described) : TN_LAYOUT_STRIDED;
  }
  tn_layout output_layout(size_t, tn_layout described) const override {
    return choose(output_, described);
  }

 protected:
  bool copies_pay() const override { return true; }

  static tn_layout choose(tn_layout chosen, tn_layout described) {
    return described == TN_LAYOUT_ANY ? chosen : form_of(described) ? described : TN_LAYOUT_STRIDED;
  }

  // Operand `i` of the program as filters: with the groups as a dim of their own.
  Program::Operand filters_in(Program& p, size_t i, const View& view) const {
    if (form_of(view.layout)) return p.input(i, view);
    return p.input(i, Strided::of(view).as(filters_));
  }
  Program::Operand filters_out(Program& p, const View& view) const {
    if (form_of(view.layout)) return p.output(0, view);
    return p.output(0, Strided::of(view).as(filters_));
  }

  dnnl::convolution_forward::primitive_desc forward(
      const Descs& m, const dnnl::primitive_attr& attributes = attributes_of()) const {
    const auto kind = dnnl::prop_kind::forward_inference;
    const auto direct = dnnl::algorithm::convolution_direct;
    const Window& w = window_;
    if (m.bias) {
      return {engine(), kind,      direct,      m.x,     m.w,   *m.bias,
              m.y,      w.strides, w.dilations, w.begin, w.end, attributes};
    }
    return {engine(),  kind,        direct,  m.x,   m.w,       m.y,
            w.strides, w.dilations, w.begin, w.end, attributes};
  }

  const std::string& name_ = this->operator_.name;
  const ConvWindow& attributes_ = this->operator_.window;
  const Window window_{attributes_};
  Form filters_;
  tn_layout inputs_[2] = {TN_LAYOUT_STRIDED, TN_LAYOUT_STRIDED};
  tn_layout output_ = TN_LAYOUT_STRIDED;
};

template <class Operator>
class Conv final : public ConvBase<Operator> {
 public:
  explicit Conv(const Description& d) : ConvBase<Operator>(d) {
    if constexpr (requires { this->operator_.steps; }) steps_ = PostSteps(d, this->operator_.steps);
    const Described x = Described::of(d.input(0)), w = Described::of(d.input(1));
    const Described y = Described::of(d.output(0));
    for (size_t i = 3; i < d.input_count(); ++i) {
      const Described operand = Described::of(d.input(i));
      whole_.push_back(operand.known && operand.strided.dims == y.strided.dims);
    }
    if (!steps_.empty() && (!x.known || !w.known || !y.known)) {
      // Whether oneDNN is fast with these steps (require_fast) shows with the dims alone; a launch
      // is too late to say no.
      throw KernelError(TN_UNSUPPORTED, name_ + ": takes known dims alone; give them all");
    }
    if (x.known && w.known && y.known) choose_forms(d, x, w, y);
    if (const auto form = form_of(choose(output_, y.layout)); form && y.known && !steps_.empty())
      row_ = steps_.row_of(*form, y.strided.dims);
  }

  void run(const Arguments& a, const Execution& execution) const override {
    PrimitiveKernel::run(a, execution);
    steps_.run_rest(a, execution, row_);
  }

  // Operands of the output's size are taken in its form.
  tn_layout input_layout(size_t i, tn_layout described) const override {
    if (i < 3) return ConvBase<Operator>::input_layout(i, described);
    return i - 3 < whole_.size() && whole_[i - 3] ? choose(output_, described) : TN_LAYOUT_STRIDED;
  }

 protected:
  void build(const Arguments& a, Program& p) const override {
    const auto x = p.input(0, a.inputs[0]);
    const auto w = this->filters_in(p, 1, a.inputs[1]);
    const auto y = p.output(0, a.outputs[0]);
    std::vector<Program::Argument> arguments = {
        {DNNL_ARG_SRC, x}, {DNNL_ARG_WEIGHTS, w}, {DNNL_ARG_DST, y}};
    Descs m{p.md(x), p.md(w), p.md(y), {}};
    if (a.input(2).present()) {
      const auto bias = p.input(2, a.input(2));
      m.bias = p.md(bias);
      arguments.push_back({DNNL_ARG_BIAS, bias});
    }
    dnnl::primitive_attr attributes = attributes_of();
    dnnl::post_ops post;
    for (size_t i = 0; i < steps_.size(); ++i) {
      Md seen;
      if (const size_t input = steps_.input_of(i); input != 0) {
        const View& operand = a.inputs[input];
        const auto rank = static_cast<size_t>(a.outputs[0].rank);
        const auto o = form_of(operand.layout) ? p.input(input, operand)
                                               : p.input(input, PostSteps::seen_as(operand, rank));
        seen = p.md(o);
        arguments.push_back(
            {DNNL_ARG_ATTR_MULTIPLE_POST_OP(static_cast<int>(i)) | DNNL_ARG_SRC_1, o});
      }
      steps_.append(i, post, seen);
    }
    attributes.set_post_ops(post);
    const auto pd = forward(m, attributes);
    if (!steps_.same_by(pd.impl_info_str())) {
      throw KernelError(TN_UNSUPPORTED, name_ + ", step 'Sigmoid': oneDNN's loses NaN here");
    }
    p.execute<dnnl::convolution_forward>(pd, arguments);
  }

 private:
  using ConvBase<Operator>::attributes_, ConvBase<Operator>::choose, ConvBase<Operator>::filters_;
  using ConvBase<Operator>::forward, ConvBase<Operator>::inputs_, ConvBase<Operator>::name_;
  using ConvBase<Operator>::output_;

  void choose_forms(const Description& d, const Described& x, const Described& w,
                    const Described& y) {
    if (!x.any() && !w.any() && !y.any()) return;
    if (x.strided.count() == 0 || w.strided.count() == 0 || y.strided.count() == 0) return;
    check_dims(x, w, y);
    guarded("Conv", [&] {
      const Threads threads;
      Descs m{x.md(), w.md(filters_), y.md(), {}};
      if (d.has_input(2)) m.bias = Strided::dense({w.strided.dims[0]}).md();
      auto pd = forward(m, with_steps(d, y));
      output_ = find_token(pd.dst_desc(), {});
      const auto form = form_of(output_);
      if (form && y.any() && !steps_.works_in(*form, y.strided.dims)) {
        output_ = TN_LAYOUT_STRIDED;
        m.y = Strided::dense(y.strided.dims).md();
        pd = forward(m, with_steps(d, y));
      }
      inputs_[0] = find_token(pd.src_desc(), {});
      inputs_[1] = find_token(pd.weights_desc(), filters_);
    });
  }

  void check_dims(const Described& x, const Described& w, const Described& y) const {
    const auto view = [](const Described& d) {
      return View{nullptr,
                  d.strided.dims.data(),
                  d.strided.strides.data(),
                  static_cast<int32_t>(d.strided.dims.size()),
                  TN_FLOAT32,
                  TN_LAYOUT_STRIDED};
    };
    this->operator_.check_dims(view(x), view(w), view(y), "Y");
  }

  // To choose forms with: operands of Y's size may be in any.
  dnnl::primitive_attr with_steps(const Description& d, const Described& y) const {
    dnnl::primitive_attr attributes = attributes_of();
    dnnl::post_ops post;
    const size_t rank = y.strided.dims.size();
    for (size_t i = 0; i < steps_.size(); ++i) {
      Md seen;
      if (const size_t input = steps_.input_of(i); input != 0) {
        const Described operand = Described::of(d.input(input));
        if (!operand.known) throw KernelError(TN_UNSUPPORTED, name_ + ": operands of unknown dims");
        Dims dims = operand.strided.dims;
        dims.insert(dims.begin(), rank - dims.size(), 1);
        seen = dims == y.strided.dims
                   ? Md(dims, dnnl::memory::data_type::f32, dnnl::memory::format_tag::any)
                   : Strided::dense(dims).md();
      }
      steps_.append(i, post, seen);
    }
    attributes.set_post_ops(post);
    return attributes;
  }

  PostSteps steps_;
  std::vector<bool> whole_;  // By operand: it has Y's dims.
  int64_t row_ = 0;          // See PostSteps::row_of.
};

class ConvGradInput final : public ConvBase<device::ConvGradInputOperator> {
 public:
  using ConvBase::ConvBase;

 protected:
  void build(const Arguments& a, Program& p) const override {
    const auto dy = p.input(0, a.inputs[0]);
    const auto w = filters_in(p, 1, a.inputs[1]);
    const auto dx = p.output(0, a.outputs[0]);
    const auto hint = forward({p.md(dx), p.md(w), p.md(dy), {}});
    const Window& t = window_;
    const dnnl::convolution_backward_data::primitive_desc pd(
        engine(), dnnl::algorithm::convolution_direct, p.md(dx), p.md(w), p.md(dy), t.strides,
        t.dilations, t.begin, t.end, hint, attributes_of());
    p.execute<dnnl::convolution_backward_data>(
        pd, {{DNNL_ARG_DIFF_DST, dy}, {DNNL_ARG_WEIGHTS, w}, {DNNL_ARG_DIFF_SRC, dx}});
  }
};

class ConvGradWeight final : public ConvBase<device::ConvGradWeightOperator> {
 public:
  using ConvBase::ConvBase;

 protected:
  void build(const Arguments& a, Program& p) const override {
    const auto dy = p.input(0, a.inputs[0]);
    const auto x = p.input(1, a.inputs[1]);
    const auto dw = filters_out(p, a.outputs[0]);
    const auto hint = forward({p.md(x), p.md(dw), p.md(dy), {}});
    const Window& t = window_;
    const dnnl::convolution_backward_weights::primitive_desc pd(
        engine(), dnnl::algorithm::convolution_direct, p.md(x), p.md(dw), p.md(dy), t.strides,
        t.dilations, t.begin, t.end, hint, attributes_of());
    p.execute<dnnl::convolution_backward_weights>(
        pd, {{DNNL_ARG_DIFF_DST, dy}, {DNNL_ARG_SRC, x}, {DNNL_ARG_DIFF_WEIGHTS, dw}});
  }
};

}  // namespace

std::span<const device::OperatorEntry> conv_operators() {
  static const device::OperatorEntry kEntries[] = {
      {op::kConv, kFloat32, create<Conv<device::ConvOperator>>},
      {op::kTenonFusedConv, kFloat32, create<Conv<device::FusedConvOperator>>},
      {op::kTenonConvGradInput, kFloat32, create<ConvGradInput>},
      {op::kTenonConvGradWeight, kFloat32, create<ConvGradWeight>},
  };
  return kEntries;
}

}  // namespace tenon::onednn
