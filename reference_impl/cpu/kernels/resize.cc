// SPDX-License-Identifier: Apache-2.0
//
// Resize: nearest neighbours are moved, others weighed axis by axis.
#include "reference_impl/cpu/kernels/indexing.h"
#include "reference_impl/cpu/kernels/resize_pass.h"
#include "reference_impl/cpu/kernels/strided_copy.h"
#include "reference_impl/cpu/kernels/vision.h"

namespace tenon::cpu {
namespace {

// The number that fills what lies outside, as an element of any type.
struct Extrapolation {
  Extrapolation(tn_dtype dtype, float value) {
    if (dtype == TN_COMPLEX64 || dtype == TN_COMPLEX128) {
      const double wide = double{value};
      dtype == TN_COMPLEX64 ? std::memcpy(bytes, &value, sizeof(value))
                            : std::memcpy(bytes, &wide, sizeof(wide));
      return;
    }
    visit_dtype<kComputedTypes>("Resize", dtype, [&](auto type) {
      using T = typename decltype(type)::type;
      T element;
      if constexpr (std::is_same_v<T, bool>) {
        element = value != 0;
      } else {
        element = store_resized<T>(static_cast<ResizeCompute<T>>(value));
      }
      std::memcpy(bytes, &element, sizeof(element));
    });
  }
  alignas(16) std::byte bytes[16] = {};
};

class ResizeKernel final : public KernelOf<ResizeOperator>, public NeedsWorkspace {
 public:
  using KernelOf::KernelOf;

  uint64_t workspace_size(const Arguments& a) const override {
    const View &x = a.inputs[0], &y = a.outputs[0];
    if (operator_.filter.nearest() || x.rank < 2) return 0;
    WorkspaceParts parts;
    for (int32_t i = 0; i < std::min(x.rank - 1, 2); ++i)
      parts.take_array<double>(most_between(x, y));
    return parts.used();
  }

  void run(const Arguments& a, const Execution& execution) const override {
    const View &x = a.inputs[0], &y = a.outputs[0];
    ResizeAxis axes[TN_MAX_RANK];
    if (x.rank > 0) operator_.read_axes(a, axes);
    if (y.count() == 0) return;
    if (operator_.filter.nearest()) {
      const Extrapolation outside(y.dtype, operator_.extrapolation_value);
      visit_size(element_size(y), [&](auto type) {
        using T = typename decltype(type)::type;
        move_nearest<T>(x, y, axes, *reinterpret_cast<const T*>(outside.bytes), execution);
      });
      return;
    }
    visit_dtype<kNumericTypes>(operator_.name, y.dtype, [&](auto type) {
      using T = typename decltype(type)::type;
      weigh<T>(a, axes, execution);
      if (operator_.filter.crops()) fill_outside<T>(y, axes);
    });
  }

 private:
  static constexpr int64_t kChunk = 256;

  template <class T>
  void move_nearest(const View& x, const View& y, const ResizeAxis* axes, T outside,
                    const Execution& execution) const {
    const ResizeFilter& filter = operator_.filter;
    const auto source = [&](int32_t d, int64_t i) -> int64_t {
      if (!axes[d].resized) return i * x.strides[d];
      return filter.nearest_index(axes[d], i) * x.strides[d];
    };
    const int32_t last = y.rank - 1;
    const int64_t length = last < 0 ? 1 : y.dims[last], to_step = last < 0 ? 0 : y.strides[last];
    const int64_t grain = std::max<int64_t>(1, 16384 / length);
    execution.parallel_for(y.count() / length, grain, [&](int64_t begin, int64_t end) {
      for (int64_t first = 0; first < length; first += kChunk) {
        const int64_t lanes = std::min(kChunk, length - first);
        int64_t from[kChunk];
        bool is_outside[kChunk];
        for (int64_t i = 0; i < lanes; ++i) {
          from[i] = last < 0 ? 0 : source(last, first + i);
          is_outside[i] = last >= 0 && filter.is_outside(axes[last], first + i);
        }
        for (int64_t row = begin; row < end; ++row) {
          int64_t to = first * to_step, start = 0, rest = row;
          bool all_outside = false;
          for (int32_t d = last; d-- > 0; rest /= y.dims[d]) {
            const int64_t i = rest % y.dims[d];
            to += i * y.strides[d];
            start += source(d, i);
            all_outside = all_outside || filter.is_outside(axes[d], i);
          }
          T* const out = y.as<T>() + to;
          const T* const in = x.as<const T>() + start;
          for (int64_t i = 0; i < lanes; ++i)
            out[i * to_step] = all_outside || is_outside[i] ? outside : in[from[i]];
        }
      }
    });
  }

  template <class T>
  void weigh(const Arguments& a, const ResizeAxis* axes, const Execution& execution) const {
    using C = ResizeCompute<T>;
    const View &x = a.inputs[0], &y = a.outputs[0];
    int32_t order[TN_MAX_RANK], passes = 0;
    for (int32_t d = 0; d < x.rank; ++d)
      if (axes[d].resized) order[passes++] = d;
    if (passes == 0) return strided_copy(y, x, execution);
    // Those that leave least come first.
    std::sort(order, order + passes, [&](int32_t p, int32_t q) {
      return axes[p].out * axes[q].in < axes[q].out * axes[p].in;
    });
    if (passes == 1) return pass<T, T, C>(axes, y, x, order[0], execution);
    WorkspaceParts parts(a.workspace);
    std::byte* buffers[2] = {};
    for (int i = 0; i < std::min(x.rank - 1, 2); ++i)
      buffers[i] = reinterpret_cast<std::byte*>(parts.take_array<double>(most_between(x, y)));
    int64_t dims[TN_MAX_RANK];
    std::copy(x.dims, x.dims + x.rank, dims);
    std::optional<ResizeBuffer> between[2];
    for (int32_t i = 0; i < passes; ++i) {
      const int32_t d = order[i];
      if (i + 1 == passes)
        return pass<C, T, C>(axes, y, between[(i + 1) % 2]->view(), d, execution);
      dims[d] = axes[d].out;
      const View& to = between[i % 2]
                           .emplace(buffers[i % 2], DtypeOf<C>::value,
                                    std::span<const int64_t>(dims, static_cast<size_t>(x.rank)))
                           .view();
      if (i == 0) {
        pass<T, C, C>(axes, to, x, d, execution);
      } else {
        pass<C, C, C>(axes, to, between[(i + 1) % 2]->view(), d, execution);
      }
    }
  }

  template <class S, class D, class C>
  void pass(const ResizeAxis* axes, const View& to, const View& from, int32_t d,
            const Execution& execution) const {
    resize_axis<S, D, C>(operator_.filter, axes[d], to, from, d, execution);
  }

  template <class T>
  void fill_outside(const View& y, const ResizeAxis* axes) const {
    const T value = store_resized<T>(static_cast<ResizeCompute<T>>(operator_.extrapolation_value));
    for (int32_t d = 0; d < y.rank; ++d) {
      const AxisLines<1> lines({y}, d, d + 1);
      for (int64_t i = 0; i < y.dims[d]; ++i) {
        if (!operator_.filter.is_outside(axes[d], i)) continue;
        const int64_t offset = i * y.strides[d] * element_size(y);
        lines.each(0, lines.count(),
                   [&](std::byte* const* p) { *reinterpret_cast<T*>(p[0] + offset) = value; });
      }
    }
  }
};

}  // namespace

std::unique_ptr<Kernel> create_resize(const Description& d) {
  return std::make_unique<ResizeKernel>(d);
}

}  // namespace tenon::cpu
