// SPDX-License-Identifier: Apache-2.0
//
// DepthToSpace and SpaceToDepth, which are copies, MaxUnpool and Col2Im.
#include "tenon/device/operators/images.h"

#include <algorithm>

#include "reference_impl/cpu/kernels/indexing.h"
#include "reference_impl/cpu/kernels/strided_copy.h"
#include "reference_impl/cpu/kernels/vision.h"

namespace tenon::cpu {
namespace {

class DepthToSpaceKernel final : public KernelOf<DepthToSpaceOperator> {
 public:
  using KernelOf::KernelOf;

  void run(const Arguments& a, const Execution& execution) const override {
    if (a.outputs[0].count() == 0) return;
    BlockViews views = operator_.views(a);
    strided_copy(views.space.view(), views.depth.view(), execution);
  }
};

class SpaceToDepthKernel final : public KernelOf<SpaceToDepthOperator> {
 public:
  using KernelOf::KernelOf;

  void run(const Arguments& a, const Execution& execution) const override {
    if (a.outputs[0].count() == 0) return;
    BlockViews views = operator_.views(a);
    strided_copy(views.depth.view(), views.space.view(), execution);
  }
};

class MaxUnpoolKernel final : public KernelOf<MaxUnpoolOperator> {
 public:
  using KernelOf::KernelOf;

  // In order, on one thread: an index that comes twice is the last one's.
  void run(const Arguments& a, const Execution& execution) const override {
    const View &x = a.inputs[0], &indices = a.inputs[1], &y = a.outputs[0];
    int64_t dims[TN_MAX_RANK];
    const View part = operator_.unpooled(a, dims);
    if (y.count() == 0) return;
    static constexpr uint64_t kZero = 0;
    static constexpr int64_t kStrides[TN_MAX_RANK] = {};
    View zero = y;
    zero.data = reinterpret_cast<std::byte*>(const_cast<uint64_t*>(&kZero));
    zero.strides = kStrides;
    strided_copy(y, zero, execution);
    const int64_t places = part.count(), count = x.count();
    visit_size(element_size(x), [&](auto type) {
      using T = typename decltype(type)::type;
      for (int64_t i = 0; i < count; ++i) {
        const std::byte* at = indices.data + byte_offset(indices, indices.rank, i);
        const int64_t place = operator_.checked_place(read_index(at, true), places);
        *reinterpret_cast<T*>(part.data + byte_offset(part, part.rank, place)) =
            *reinterpret_cast<const T*>(x.data + byte_offset(x, x.rank, i));
      }
    });
  }
};

// Each pixel is the sum of its elements of columns, in ascending order of the taps.
class Col2ImKernel final : public KernelOf<Col2ImOperator> {
 public:
  using KernelOf::KernelOf;

  void run(const Arguments& a, const Execution& execution) const override {
    const View &x = a.inputs[0], &y = a.outputs[0];
    Col2ImAxis axes[TN_MAX_RANK];
    const int32_t spatial = operator_.read_axes(a, axes);
    int64_t taps = 1;
    for (int32_t d = 0; d < spatial; ++d) taps *= axes[d].taps;
    visit_dtype<kNumericTypes>(operator_.name, y.dtype, [&](auto type) {
      using T = typename decltype(type)::type;
      const int64_t grain = std::max<int64_t>(1, 4096 / taps);
      execution.parallel_for(y.count(), grain, [&](int64_t begin, int64_t end) {
        for (int64_t i = begin; i < end; ++i) {
          int64_t pixel[TN_MAX_RANK], rest = i;
          for (int32_t d = spatial; d-- > 0; rest /= axes[d].pixels)
            pixel[d] = rest % axes[d].pixels;
          const int64_t channel = rest % y.dims[1], image = rest / y.dims[1];
          const T* from = x.as<const T>() + image * x.strides[0] + channel * taps * x.strides[1];
          Compute<T> sum{};
          for (int64_t tap = 0; tap < taps; ++tap) {
            const int64_t block = block_of(axes, spatial, pixel, tap);
            if (block >= 0) sum += load(from[tap * x.strides[1] + block * x.strides[2]]);
          }
          *reinterpret_cast<T*>(y.data + byte_offset(y, y.rank, i)) = store<T>(sum);
        }
      });
    });
  }

 private:
  // The block that has this pixel at this tap, or -1.
  static int64_t block_of(const Col2ImAxis* axes, int32_t spatial, const int64_t* pixel,
                          int64_t tap) {
    int64_t block = 0, step = 1;
    for (int32_t d = spatial; d-- > 0; tap /= axes[d].taps) {
      const Col2ImAxis& axis = axes[d];
      const int64_t at = pixel[d] + axis.pad - tap % axis.taps * axis.dilation;
      if (at < 0 || at % axis.stride != 0 || at / axis.stride >= axis.blocks) return -1;
      block += at / axis.stride * step;
      step *= axis.blocks;
    }
    return block;
  }
};

}  // namespace

std::unique_ptr<Kernel> create_depth_to_space(const Description& d) {
  return std::make_unique<DepthToSpaceKernel>(d);
}
std::unique_ptr<Kernel> create_space_to_depth(const Description& d) {
  return std::make_unique<SpaceToDepthKernel>(d);
}
std::unique_ptr<Kernel> create_max_unpool(const Description& d) {
  return std::make_unique<MaxUnpoolKernel>(d);
}
std::unique_ptr<Kernel> create_col2im(const Description& d) {
  return std::make_unique<Col2ImKernel>(d);
}

}  // namespace tenon::cpu
