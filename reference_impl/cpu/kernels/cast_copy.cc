// SPDX-License-Identifier: Apache-2.0
//
// The three operators that every device must have: Identity (the strided copy), Cast and
// tenon.Fill.
#include "reference_impl/cpu/kernels/convert.h"
#include "reference_impl/cpu/kernels/families.h"
#include "reference_impl/cpu/kernels/strided_copy.h"
#include "tenon/device/operators/copies.h"
#include "tenon/device/operators/number.h"

namespace tenon::cpu {
namespace {

constexpr uint64_t kAllTypes = type_set::kAll;

class Identity final : public KernelOf<IdentityOperator> {
 public:
  using KernelOf::KernelOf;

  void run(const Arguments& arguments, const Execution& execution) const override {
    strided_copy(arguments.outputs[0], arguments.inputs[0], execution);
  }
};

class Cast final : public KernelOf<CastOperator> {
 public:
  explicit Cast(const Description& d)
      : KernelOf(d), convert_(find_convert(d.output_dtype(0), d.input_dtype(0))) {}

  void run(const Arguments& arguments, const Execution& execution) const override {
    const View& src = arguments.inputs[0];
    const View& dst = arguments.outputs[0];
    if (dst.count() == 0) return;
    if (dst.dtype == src.dtype) return strided_copy(dst, src, execution);
    const PairLoop loop(dst.shape(), dst.strides, src.strides);
    const auto convert = [&](int64_t d, int64_t s, int64_t size, int64_t dst_stride,
                             int64_t src_stride) {
      convert_({dst.data, src.data, d, s, size, dst_stride, src_stride, operator_.saturate},
               dst.dtype, src.dtype);
    };
    if (tn_dtype_bits(dst.dtype) == 4) {
      // On one thread: neighbours share bytes.
      const PairLoop::Dim inner = loop.inner();
      loop.walk(loop.rank == 0 ? 0 : loop.rank - 1, 0, loop.count() / inner.size,
                [&](int64_t d, int64_t s) { convert(d, s, inner.size, inner.dst, inner.src); });
    } else {
      for_each_run(loop, execution, convert);
    }
  }

 private:
  const Convert convert_;
};

class Fill final : public KernelOf<FillOperator> {
 public:
  using KernelOf::KernelOf;

  void run(const Arguments& arguments, const Execution& execution) const override {
    // A copy from a view that has the same element everywhere.
    static constexpr std::array<int64_t, TN_MAX_RANK> kZeros{};
    View value = arguments.inputs[0];
    const View& output = arguments.outputs[0];
    value.rank = output.rank;
    value.dims = output.dims;
    value.strides = kZeros.data();
    strided_copy(output, value, execution);
  }
};

template <class K>
std::unique_ptr<Kernel> create(const Description& d) {
  return std::make_unique<K>(d);
}

}  // namespace

std::span<const OperatorEntry> cast_copy_operators() {
  static const std::vector<OperatorEntry> kOperators = [] {
    std::vector<OperatorEntry> rows{{op::kIdentity, kAllTypes, create<Identity>},
                                    {op::kCast, kAllTypes, create<Cast>},
                                    {op::kTenonFill, kAllTypes, create<Fill>}};
    for (const OperatorId& id : op::kIdentityVersions)
      rows.push_back({id, kAllTypes, create<Identity>});
    for (const OperatorId& id : op::kCastVersions) rows.push_back({id, kAllTypes, create<Cast>});
    return rows;
  }();
  return kOperators;
}

}  // namespace tenon::cpu
