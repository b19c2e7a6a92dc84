// SPDX-License-Identifier: Apache-2.0
//
// Unique: slices are put behind each other and sorted by their indices. How many differ is written
// to output_dims.
#include <algorithm>
#include <memory>
#include <numeric>

#include "reference_impl/cpu/kernels/indexing.h"
#include "reference_impl/cpu/kernels/scratch.h"
#include "reference_impl/cpu/kernels/strided_copy.h"
#include "tenon/device/operators/movement.h"

namespace tenon::cpu {
namespace {

// -1, 0 or 1: NaN is the largest, and equal to NaN.
template <class T>
TENON_INLINE int compare_values(T a, T b) {
  const auto x = load(a), y = load(b);
  if constexpr (kIsFloat<T>) {
    if (x != x || y != y) return (x != x) - (y != y);
  }
  return (x > y) - (x < y);
}

// Slices as rows, and what is found out about them.
template <class T>
struct Rows {
  explicit Rows(WorkspaceParts& parts, UniqueOperator::Slices slices)
      : slices(slices),
        values(parts.take_array<T>(slices.count * slices.size)),
        order(parts.take_array<int64_t>(slices.count)),
        first(parts.take_array<int64_t>(slices.count)),
        number(parts.take_array<int64_t>(slices.count)) {}

  const T* row(int64_t i) const { return values + i * slices.size; }
  int compare(int64_t a, int64_t b) const {
    for (int64_t k = 0; k < slices.size; ++k)
      if (const int c = compare_values(row(a)[k], row(b)[k])) return c;
    return 0;
  }

  // Says of each which is the first that equals it, and numbers those. Returns how many.
  int64_t group(bool sorted) {
    std::iota(order, order + slices.count, 0);
    std::sort(order, order + slices.count, [&](int64_t a, int64_t b) {
      const int c = compare(a, b);
      return c != 0 ? c < 0 : a < b;
    });
    int64_t groups = 0;
    for (int64_t i = 0; i < slices.count; ++i) {
      const bool starts = i == 0 || compare(order[i - 1], order[i]) != 0;
      first[order[i]] = starts ? order[i] : first[order[i - 1]];
      if (starts && sorted) number[order[i]] = groups;
      groups += starts;
    }
    if (sorted) return groups;
    groups = 0;
    for (int64_t i = 0; i < slices.count; ++i)
      if (first[i] == i) number[i] = groups++;
    return groups;
  }

  UniqueOperator::Slices slices;
  T* values;
  int64_t* order;
  int64_t* first;
  int64_t* number;  // Of those that are the first.
};

// A row as a dense view with the dims of a slice.
template <class T>
class RowView {
 public:
  RowView(const View& slice, T* row) : built_(slice) {
    int64_t strides[TN_MAX_RANK];
    int64_t stride = 1;
    for (int32_t d = slice.rank; d-- > 0; stride *= slice.dims[d]) strides[d] = stride;
    for (int32_t d = 0; d < slice.rank; ++d) built_.add(slice.dims[d], strides[d]);
    view_ = built_.view();
    view_.data = reinterpret_cast<std::byte*>(row);
  }
  RowView(const RowView&) = delete;
  RowView& operator=(const RowView&) = delete;
  operator const View&() const { return view_; }

 private:
  BuiltView built_;
  View view_;
};

// The slices of a tensor along an axis.
class SliceViews {
 public:
  SliceViews(const View& view, int32_t axis) : slice_(view) {
    step_ = view.strides[axis];
    slice_.add(view, 0, axis);
    slice_.add(view, axis + 1, view.rank);
  }
  View at(int64_t i) {
    View view = slice_.view();
    if (view.data != nullptr) view.data += i * step_ * element_size(view);
    return view;
  }

 private:
  BuiltView slice_;
  int64_t step_ = 0;
};

template <class T>
class UniqueKernel final : public KernelOf<UniqueOperator>, public NeedsWorkspace {
 public:
  using KernelOf::KernelOf;

  uint64_t workspace_size(const Arguments& a) const override {
    WorkspaceParts parts;
    Rows<T>(parts, operator_.slices(a));
    return parts.used();
  }

  // On one thread: every place depends on what is sorted before it.
  void run(const Arguments& a, const Execution& execution) const override {
    const View &x = a.inputs[0], &y = a.outputs[0];
    const UniqueOperator::Slices slices = operator_.slices(a);
    WorkspaceParts parts(a.workspace);
    Rows<T> rows(parts, slices);
    if (x.count() > 0) gather(x, rows, execution);
    // Slices without elements are all equal.
    const int64_t groups = rows.group(operator_.sorted);
    operator_.require_room(a, groups);
    write(a, rows);
    if (y.count() > 0 && x.count() > 0) place(rows, y, execution);
    if (a.output_dims == nullptr) return;
    for (size_t i = 0; i < a.outputs.size(); ++i) {
      if (!a.outputs[i].present() || a.output_dims[i] == nullptr) continue;
      std::copy(a.outputs[i].dims, a.outputs[i].dims + a.outputs[i].rank, a.output_dims[i]);
      const int32_t counted = i == 0 && slices.axis > 0 ? slices.axis : 0;
      if (i != 2) a.output_dims[i][counted] = groups;
    }
  }

 private:
  static void gather(const View& x, Rows<T>& rows, const Execution& execution) {
    const auto& [count, size, axis] = rows.slices;
    if (axis < 0) return strided_copy(RowView(x, rows.values), x, execution);
    SliceViews from(x, axis);
    for (int64_t i = 0; i < count; ++i) {
      const View slice = from.at(i);
      strided_copy(RowView(slice, rows.values + i * size), slice, execution);
    }
  }

  // Indices, inverse indices and counts.
  static void write(const Arguments& a, const Rows<T>& rows) {
    const View indices = a.output(1), inverse = a.output(2), counts = a.output(3);
    const auto at = [](const View& view, int64_t i) -> int64_t& {
      return view.as<int64_t>()[i * view.strides[0]];
    };
    for (int64_t i = 0; i < rows.slices.count; ++i) {
      const int64_t group = rows.number[rows.first[i]];
      const bool starts = rows.first[i] == i;
      if (inverse.present()) at(inverse, i) = group;
      if (indices.present() && starts) at(indices, group) = i;
      if (counts.present()) at(counts, group) = starts ? 1 : at(counts, group) + 1;
    }
  }

  static void place(const Rows<T>& rows, const View& y, const Execution& execution) {
    const auto& [count, size, axis] = rows.slices;
    SliceViews to(y, std::max(axis, 0));
    for (int64_t i = 0; i < count; ++i) {
      if (rows.first[i] != i) continue;
      const View slice = to.at(rows.number[i]);
      strided_copy(slice, RowView(slice, rows.values + i * size), execution);
    }
  }
};

std::unique_ptr<Kernel> create_unique(const Description& desc) {
  return visit_dtype<kComputedTypes>(desc.name(), desc.input_dtype(0),
                                     [&](auto type) -> std::unique_ptr<Kernel> {
                                       using T = typename decltype(type)::type;
                                       return std::make_unique<UniqueKernel<T>>(desc);
                                     });
}

}  // namespace

std::span<const OperatorEntry> unique_operators() {
  static const OperatorEntry kEntries[] = {{op::kUnique, kComputedTypes, create_unique}};
  return kEntries;
}

}  // namespace tenon::cpu
