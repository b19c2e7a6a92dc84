// SPDX-License-Identifier: Apache-2.0
//
// Reductions. Which axes is known to a launch alone, so programs are kept by them, too.
#include <cmath>

#include "operators.h"
#include "primitive_kernel.h"
#include "reference_impl/cpu/kernels/shape.h"

namespace tenon::onednn {
namespace {

using dnnl::algorithm;

class Reduce final : public PrimitiveKernel {
 public:
  Reduce(const Description& d, algorithm algorithm, float of_nothing)
      : name_(d.name()),
        algorithm_(algorithm),
        of_nothing_(of_nothing),
        keepdims_(d.integer("keepdims", 1) != 0),
        noop_(d.integer("noop_with_empty_axes", 0) != 0) {
    require_float32(d, 1);
    if (d.input_count() > 2) cpu::throw_invalid(name_, "takes data and axes");
  }

  void check(const Arguments& a) const override {
    const View &x = a.inputs[0], &y = a.outputs[0];
    const View axes = a.input(1);
    if (axes.present() && axes.rank > 1) {
      cpu::throw_invalid(name_, "axes has dims " + cpu::dims_text(axes.shape()));
    }
    const bool given = axes.present() && axes.count() > 0;
    const auto dropped = given ? static_cast<int32_t>(axes.count()) : noop_ ? 0 : x.rank;
    if (y.rank != (keepdims_ ? x.rank : x.rank - dropped)) {
      cpu::throw_invalid(name_, "the output has dims " + cpu::dims_text(y.shape()) + " for " +
                                    cpu::dims_text(x.shape()) + " with " + std::to_string(dropped) +
                                    " axes reduced");
    }
  }

 protected:
  bool takes_empty() const override { return true; }

  int64_t variant(const Arguments& a) const override { return axes_of(a); }

  void build(const Arguments& a, Program& p) const override {
    const View &x = a.inputs[0], &y = a.outputs[0];
    const uint32_t axes = axes_of(a);
    check_output(x, y, axes);
    if (x.count() == 0) return p.fill(0, of_nothing_);
    // Neighbouring axes of a kind are one.
    Dims from, to;
    bool was_reduced = false;
    for (int32_t i = 0; i < x.rank; ++i) {
      if (x.dims[i] == 1) continue;
      const bool reduced = axes >> i & 1;
      if (!from.empty() && reduced == was_reduced) {
        from.back() *= x.dims[i];
        to.back() = reduced ? 1 : from.back();
      } else {
        from.push_back(x.dims[i]);
        to.push_back(reduced ? 1 : x.dims[i]);
      }
      was_reduced = reduced;
    }
    if (from == to) {  // Each result is of one element.
      p.broadcast(0, Strided::of(x), p.dense_output(0, y, {x.count()}));
      return;
    }
    const auto src = p.dense_input(0, x, from);
    const auto dst = p.dense_output(0, y, to);
    const dnnl::reduction::primitive_desc pd(engine(), algorithm_, p.md(src), p.md(dst), 0, 0,
                                             attributes_of());
    p.execute(dnnl::reduction(pd), pd.scratchpad_desc(),
              {{DNNL_ARG_SRC, src}, {DNNL_ARG_DST, dst}});
  }

 private:
  uint32_t axes_of(const Arguments& a) const {
    const View axes = a.input(1);
    const int32_t rank = a.inputs[0].rank;
    const uint32_t all = (uint32_t{1} << rank) - 1;
    if (!axes.present() || axes.count() == 0) return noop_ ? 0 : all;
    uint32_t set = 0;
    for (int64_t i = 0; i < axes.count(); ++i) {
      set |= uint32_t{1} << cpu::normalize_axis(name_, cpu::integer_at(axes, i), rank);
    }
    return set & all;
  }

  void check_output(const View& x, const View& y, uint32_t axes) const {
    Dims expected;
    for (int32_t i = 0; i < x.rank; ++i) {
      const bool reduced = axes >> i & 1;
      if (!reduced) {
        expected.push_back(x.dims[i]);
      } else if (keepdims_) {
        expected.push_back(1);
      }
    }
    if (!std::ranges::equal(expected, y.shape())) {
      cpu::throw_dims(name_, "the output", y.shape(), expected);
    }
  }

  const std::string name_;
  const algorithm algorithm_;
  const float of_nothing_;
  const bool keepdims_;
  const bool noop_;
};

std::unique_ptr<Kernel> make(const Description& d, algorithm algorithm, float of_nothing) {
  auto kernel = std::make_unique<Reduce>(d, algorithm, of_nothing);
  kernel->prepare(d);
  return kernel;
}

std::unique_ptr<Kernel> create_sum(const Description& d) {
  return make(d, algorithm::reduction_sum, 0);
}
std::unique_ptr<Kernel> create_mean(const Description& d) {
  return make(d, algorithm::reduction_mean, std::nanf(""));
}
}  // namespace

std::span<const cpu::OperatorEntry> reduce_operators() {
  static const cpu::OperatorEntry kEntries[] = {
      {"", "ReduceSum", 13, kFloat32, create_sum},
      {"", "ReduceMean", 18, kFloat32, create_mean},
  };
  return kEntries;
}

}  // namespace tenon::onednn
