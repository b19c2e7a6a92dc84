// SPDX-License-Identifier: Apache-2.0
//
// tenon.ResizeGrad: Resize's passes the other way, summed in order in memory of their own.
#include "reference_impl/cpu/kernels/resize_pass.h"
#include "reference_impl/cpu/kernels/strided_copy.h"
#include "reference_impl/cpu/kernels/vision.h"

namespace tenon::cpu {
namespace {

class ResizeGradKernel final : public KernelOf<ResizeGradOperator>, public NeedsWorkspace {
 public:
  using KernelOf::KernelOf;

  uint64_t workspace_size(const Arguments& a) const override {
    const View &dy = a.inputs[0], &dx = a.outputs[0];
    WorkspaceParts parts;
    for (int32_t i = 0; i < std::min(dx.rank, 2); ++i)
      parts.take_array<double>(most_between(dx, dy));
    return parts.used();
  }

  void run(const Arguments& a, const Execution& execution) const override {
    const View& dx = a.outputs[0];
    ResizeAxis axes[TN_MAX_RANK];
    operator_.read_axes(a, axes);
    if (dx.count() == 0) return;
    visit_dtype<kFloatTypes>(operator_.name, dx.dtype, [&](auto type) {
      using T = typename decltype(type)::type;
      spread<T>(a, axes, execution);
    });
  }

 private:
  template <class T>
  void spread(const Arguments& a, const ResizeAxis* axes, const Execution& execution) const {
    using C = ResizeCompute<T>;
    const View &dy = a.inputs[0], &dx = a.outputs[0];
    int32_t order[TN_MAX_RANK], passes = 0;
    for (int32_t d = 0; d < dx.rank; ++d)
      if (axes[d].resized) order[passes++] = d;
    if (passes == 0) return strided_copy(dx, dy, execution);
    WorkspaceParts parts(a.workspace);
    std::byte* buffers[2] = {};
    const int64_t most = most_between(dx, dy);
    for (int i = 0; i < std::min(dx.rank, 2); ++i)
      buffers[i] = reinterpret_cast<std::byte*>(parts.take_array<double>(most));
    int64_t dims[TN_MAX_RANK];
    std::copy(dy.dims, dy.dims + dy.rank, dims);
    std::optional<ResizeBuffer> between[2];
    for (int32_t i = 0; i < passes; ++i) {
      const int32_t d = order[i];
      dims[d] = axes[d].in;
      const View& to = between[i % 2]
                           .emplace(buffers[i % 2], DtypeOf<C>::value,
                                    std::span<const int64_t>(dims, static_cast<size_t>(dx.rank)))
                           .view();
      std::fill(to.as<C>(), to.as<C>() + to.count(), C{0});
      if (i == 0) {
        spread_axis<T, C>(operator_.filter, axes[d], to, dy, d, execution);
      } else {
        spread_axis<C, C>(operator_.filter, axes[d], to, between[(i + 1) % 2]->view(), d,
                          execution);
      }
    }
    const View& sums = between[(passes + 1) % 2]->view();
    const View* operands[] = {&dx, &sums};
    const StridedLoop<2> loop(operands, dx.dims, dx.rank);
    loop.rows(0, loop.count(), [](std::byte* const* p, const int64_t* s, int64_t count) {
      for (int64_t i = 0; i < count; ++i)
        *reinterpret_cast<T*>(p[0] + i * s[0]) =
            store<T>(*reinterpret_cast<const C*>(p[1] + i * s[1]));
    });
  }
};

}  // namespace

std::unique_ptr<Kernel> create_resize_grad(const Description& d) {
  return std::make_unique<ResizeGradKernel>(d);
}

}  // namespace tenon::cpu
