// SPDX-License-Identifier: Apache-2.0
#include "reference_impl/cpu/layouts.h"

#include <algorithm>
#include <cstring>

#include "reference_impl/cpu/kernels/gemm_block.h"
#include "reference_impl/cpu/kernels/strided_copy.h"

namespace tenon::cpu {
namespace {

// A [K, N] matrix among those of the leading dims: where it is in either form.
struct Matrices {
  explicit Matrices(const View& view)
      : rows(view.dims[view.rank - 2]), columns(view.dims[view.rank - 1]), count(1) {
    for (int32_t i = 0; i < view.rank - 2; ++i) count *= view.dims[i];
  }
  int64_t rows;
  int64_t columns;
  int64_t count;
};

// Distance of matrix `index` of a strided view from the first element, in elements.
int64_t strided_offset(const View& view, int64_t index) {
  int64_t offset = 0;
  for (int32_t i = view.rank - 2; i-- > 0;) {
    offset += index % view.dims[i] * view.strides[i];
    index /= view.dims[i];
  }
  return offset;
}

// Moves one panel of 16 columns, or of fewer at the right edge, in either direction.
template <class T, bool pack>
void move_panel(T* packed, T* strided, int64_t rows, int64_t row_stride, int64_t column_stride,
                int64_t columns) {
  for (int64_t k = 0; k < rows; ++k) {
    T* p = packed + k * kPanelColumns;
    T* s = strided + k * row_stride;
    for (int64_t n = 0; n < columns; ++n) {
      if constexpr (pack) {
        p[n] = s[n * column_stride];
      } else {
        s[n * column_stride] = p[n];
      }
    }
    if constexpr (pack) std::fill(p + columns, p + kPanelColumns, T{});
  }
}

template <class T, bool pack>
void move_panels(const View& packed, const View& strided, const Execution& execution) {
  const Matrices m(packed);
  const int64_t panels = packed_panels(m.columns);
  const int64_t size = packed_matrix_elements(m.rows, m.columns);
  const int64_t row_stride = strided.strides[strided.rank - 2];
  const int64_t column_stride = strided.strides[strided.rank - 1];
  const int64_t grain = std::max<int64_t>(1, 16384 / std::max<int64_t>(1, m.rows * kPanelColumns));
  execution.parallel_for(m.count * panels, grain, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const int64_t matrix = i / panels;
      const int64_t first = i % panels * kPanelColumns;
      move_panel<T, pack>(packed.as<T>() + matrix * size + first * m.rows,
                          strided.as<T>() + strided_offset(strided, matrix) + first * column_stride,
                          m.rows, row_stride, column_stride,
                          std::min(kPanelColumns, m.columns - first));
    }
  });
}

template <bool pack>
void move_matrices(const View& packed, const View& strided, const Execution& execution) {
  if (packed.dtype == TN_FLOAT32) {
    move_panels<uint32_t, pack>(packed, strided, execution);
  } else {
    move_panels<uint16_t, pack>(packed, strided, execution);
  }
}

// Where the element at row-major index `i` lies, in elements.
class Place {
 public:
  explicit Place(const View& view)
      : view_(view),
        rows_(view.dims[0]),
        depth_(rows_ == 0 ? 0 : view.count() / rows_),
        panel_(gemm::best_isa().rows) {}

  int64_t operator()(int64_t i) const {
    if (view_.layout == kLayoutPackedFilters) return in_filters(i / depth_, i % depth_);
    if (view_.layout == kLayoutPackedB) return in_panels(i);
    int64_t offset = 0;
    for (int32_t d = view_.rank; d-- > 0; i /= view_.dims[d])
      offset += i % view_.dims[d] * view_.strides[d];
    return offset;
  }

 private:
  int64_t in_filters(int64_t m, int64_t k) const {
    const int64_t block = k / kFilterDepth * kFilterDepth, panel = m / panel_ * panel_;
    const int64_t depth = std::min(kFilterDepth, depth_ - block);
    return block * rows_ + panel * depth + (k - block) * std::min(panel_, rows_ - panel) +
           (m - panel);
  }
  int64_t in_panels(int64_t i) const {
    const Matrices m(view_);
    const int64_t column = i % m.columns, row = i / m.columns % m.rows;
    return i / m.columns / m.rows * packed_matrix_elements(m.rows, m.columns) +
           column / kPanelColumns * m.rows * kPanelColumns + row * kPanelColumns +
           column % kPanelColumns;
  }

  const View& view_;
  int64_t rows_, depth_, panel_;
};

// Element by element: weights are packed once.
void move_filters(const View& dst, const View& src, const Execution& execution) {
  if (dst.layout == kLayoutPackedB)
    std::memset(dst.data, 0, layouts().bytes(dst.layout, dst.dtype, dst.shape()));
  const Place to(dst), from(src);
  execution.parallel_for(dst.count(), 1 << 14, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) dst.as<float>()[to(i)] = src.as<const float>()[from(i)];
  });
}

class PackedLayouts final : public Layouts {
 public:
  bool is_token(tn_layout layout) const override {
    return layout == kLayoutPackedB || layout == kLayoutPackedFilters;
  }

  uint64_t bytes(tn_layout layout, tn_dtype dtype, std::span<const int64_t> dims) const override {
    if (layout == TN_LAYOUT_STRIDED) return strided_bytes(dtype, dims);
    if (!is_token(layout)) throw_no_token(layout);
    if (layout == kLayoutPackedFilters) {
      if (dims.size() < 3 || dtype != TN_FLOAT32)
        throw KernelError(TN_INVALID_ARGUMENT,
                          "the layout of packed filters is for float32 of rank 3 or more");
      return strided_bytes(dtype, dims);
    }
    if (dims.size() < 2 || (dtype != TN_FLOAT32 && !in_set(dtype, type_set::kHalf))) {
      throw KernelError(TN_INVALID_ARGUMENT,
                        "the packed layout is for float32, float16 and bfloat16 of rank 2 or more");
    }
    if (dims.back() > INT64_MAX - kPanelColumns) {
      throw KernelError(TN_OUT_OF_RANGE, "the tensor has more than 2^63 bytes");
    }
    // The dims with the columns filled up to whole panels.
    int64_t filled[TN_MAX_RANK];
    std::ranges::copy(dims, filled);
    filled[dims.size() - 1] = packed_panels(dims.back()) * kPanelColumns;
    return strided_bytes(dtype, {filled, dims.size()});
  }

  void reorder(const View& dst, const View& src, const Execution& execution) const override {
    if (dst.count() == 0) return;
    if (dst.layout == TN_LAYOUT_STRIDED && src.layout == TN_LAYOUT_STRIDED) {
      strided_copy(dst, src, execution);
    } else if (dst.layout == src.layout) {
      std::memcpy(dst.data, src.data, bytes(dst.layout, dst.dtype, dst.shape()));
    } else if (dst.layout == kLayoutPackedFilters || src.layout == kLayoutPackedFilters) {
      move_filters(dst, src, execution);
    } else if (src.layout == TN_LAYOUT_STRIDED) {
      move_matrices<true>(dst, src, execution);
    } else {
      move_matrices<false>(src, dst, execution);
    }
  }
};

}  // namespace

const Layouts& layouts() {
  static const PackedLayouts self;
  return self;
}

}  // namespace tenon::cpu
