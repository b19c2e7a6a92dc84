// SPDX-License-Identifier: Apache-2.0
//
// The three operators that every device must have: Identity (the strided copy), Cast and
// tenon.Fill.
#include "reference_impl/cpu/kernels/convert.h"
#include "reference_impl/cpu/kernels/families.h"
#include "reference_impl/cpu/kernels/strided_copy.h"
#include "tenon/device/operators/number.h"
#include "tenon/device/operators/shape.h"

namespace tenon::cpu {
namespace {

constexpr uint64_t kAllTypes = type_set::kAll;

void expect_arguments(const Description& description) {
  const std::string name(description.name());
  if (description.input_count() != 1 || description.output_count() != 1 ||
      !description.has_input(0) || !description.has_output(0)) {
    throw KernelError(TN_INVALID_ARGUMENT, name + " has one input and one output");
  }
}

void expect_equal_types(const Description& description) {
  if (description.input_dtype(0) != description.output_dtype(0)) {
    throw KernelError(TN_INVALID_ARGUMENT, std::string(description.name()) + " from " +
                                               dtype_name(description.input_dtype(0)) + " to " +
                                               dtype_name(description.output_dtype(0)) +
                                               ": the types must be equal");
  }
}

class Identity : public Kernel {
 public:
  static std::unique_ptr<Kernel> create(const Description& description) {
    expect_arguments(description);
    expect_equal_types(description);
    return std::make_unique<Identity>();
  }
  void check(const Arguments& a) const override {
    check_output("Identity", "Y", a, 0, a.inputs[0].shape());
  }
  void run(const Arguments& arguments, const Execution& execution) const override {
    strided_copy(arguments.outputs[0], arguments.inputs[0], execution);
  }
};

class Cast : public Kernel {
 public:
  explicit Cast(Convert convert, bool saturate) : convert_(convert), saturate_(saturate) {}

  static std::unique_ptr<Kernel> create(const Description& description) {
    expect_arguments(description);
    const tn_dtype to = description.output_dtype(0);
    if (description.has_attribute("to") && description.integer("to") != to) {
      throw KernelError(
          TN_INVALID_ARGUMENT,
          std::string("Cast: attribute `to` and the output's type ") + dtype_name(to) + " differ");
    }
    const bool saturate = description.integer("saturate") != 0;
    description.text("round_mode");  // Only for a type that the ABI does not have.
    return std::make_unique<Cast>(find_convert(to, description.input_dtype(0)), saturate);
  }
  void check(const Arguments& a) const override {
    check_output("Cast", "Y", a, 0, a.inputs[0].shape());
  }
  void run(const Arguments& arguments, const Execution& execution) const override {
    const View& src = arguments.inputs[0];
    const View& dst = arguments.outputs[0];
    if (dst.count() == 0) return;
    if (dst.dtype == src.dtype) return strided_copy(dst, src, execution);
    const PairLoop loop(dst.shape(), dst.strides, src.strides);
    const auto convert = [&](int64_t d, int64_t s, int64_t size, int64_t dst_stride,
                             int64_t src_stride) {
      convert_({dst.data, src.data, d, s, size, dst_stride, src_stride, saturate_}, dst.dtype,
               src.dtype);
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
  const bool saturate_;
};

class Fill : public Kernel {
 public:
  static std::unique_ptr<Kernel> create(const Description& description) {
    expect_arguments(description);
    expect_equal_types(description);
    if (description.input(0).rank != 0) {
      throw KernelError(TN_INVALID_ARGUMENT, "Fill: the value must be 0-d");
    }
    return std::make_unique<Fill>();
  }
  void check(const Arguments&) const override {}  // The caller alone decides Y's dims.
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

}  // namespace

std::span<const OperatorEntry> cast_copy_operators() {
  static const std::vector<OperatorEntry> kOperators = [] {
    std::vector<OperatorEntry> rows{{op::kIdentity, kAllTypes, Identity::create},
                                    {op::kCast, kAllTypes, Cast::create},
                                    {op::kTenonFill, kAllTypes, Fill::create}};
    for (const OperatorId& id : op::kIdentityVersions)
      rows.push_back({id, kAllTypes, Identity::create});
    for (const OperatorId& id : op::kCastVersions) rows.push_back({id, kAllTypes, Cast::create});
    return rows;
  }();
  return kOperators;
}

}  // namespace tenon::cpu
