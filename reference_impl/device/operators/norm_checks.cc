// SPDX-License-Identifier: Apache-2.0
#include "tenon/device/operators/norm_checks.h"

#include <algorithm>

namespace tenon::device {

void check_affine(std::string_view op, const char* argument, const View& view, const View& x,
                  int32_t axis) {
  if (!view.present()) return;
  const std::span<const int64_t> row = x.shape().subspan(static_cast<size_t>(axis));
  bool fits = view.rank <= static_cast<int32_t>(row.size());
  for (int32_t d = 0; fits && d < view.rank; ++d)
    fits = view.dims[d] == 1 || view.dims[d] == row[row.size() - view.rank + d];
  if (!fits) throw_dims(op, argument, view.shape(), row);
}

void check_row_statistic(std::string_view op, const char* argument, const View& view, const View& x,
                         int32_t axis) {
  if (!view.present()) return;
  int64_t dims[TN_MAX_RANK];
  for (int32_t d = 0; d < x.rank; ++d) dims[d] = d < axis ? x.dims[d] : 1;
  const std::span<const int64_t> expected(dims, static_cast<size_t>(x.rank));
  if (!has_dims(view, expected)) throw_dims(op, argument, view.shape(), expected);
}

void check_channels(std::string_view op, const char* argument, const View& view, const View& x) {
  if (view.present() && (view.rank != 1 || view.dims[0] != x.dims[1]))
    throw_dims(op, argument, view.shape(), x.shape().subspan(1, 1));
}

void require_norm(const Description& desc,
                  std::initializer_list<std::pair<size_t, const char*>> required,
                  std::initializer_list<size_t> same, size_t required_output,
                  std::initializer_list<size_t> statistics) {
  const std::string op(desc.name());
  for (const auto& [index, argument] : required)
    if (!desc.has_input(index)) throw_invalid(op, std::string(argument) + " is missing");
  if (required_output != SIZE_MAX && !desc.has_output(required_output))
    throw_invalid(op, "output " + std::to_string(required_output) + " is missing");
  const auto check = [&](const char* kind, size_t index, tn_dtype dtype, bool same_type) {
    if (!(kFloatTypes & dtype_bit(dtype)) || (same_type && dtype != desc.input_dtype(0)))
      throw KernelError(TN_UNSUPPORTED, op + ": " + kind + " " + std::to_string(index) + " is " +
                                            dtype_name(dtype) + ", the data is " +
                                            dtype_name(desc.input_dtype(0)));
  };
  for (size_t i = 0; i < desc.input_count(); ++i)
    if (desc.has_input(i)) check("input", i, desc.input_dtype(i), std::ranges::count(same, i) > 0);
  for (size_t i = 0; i < desc.output_count(); ++i)
    if (desc.has_output(i))
      check("output", i, desc.output_dtype(i), std::ranges::count(statistics, i) == 0);
}

}  // namespace tenon::device
