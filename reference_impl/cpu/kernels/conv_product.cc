// SPDX-License-Identifier: Apache-2.0
//
// A task takes some columns of one image and group and a block of rows, and goes through the depth
// in blocks that fit in the second-level cache: packs the columns of the image, multiplies, adds to
// the output (or, where that has half precision or odd strides, to a tile of its own).
#include "reference_impl/cpu/kernels/conv_product.h"

#include <algorithm>

#include "reference_impl/cpu/kernels/gemm.h"
#include "reference_impl/cpu/kernels/scratch.h"
#include "reference_impl/cpu/layouts.h"
#include "tenon/device/operators/number.h"
#include "tenon/device/operators/shape.h"

namespace tenon::cpu {
namespace {

template <class T>
constexpr int64_t kDepth = 1024 / static_cast<int64_t>(sizeof(T));
static_assert(kDepth<float> == kFilterDepth);
// Rows that share one packed block of the image.
constexpr int64_t kTaskRows = 480;
// Rows of a block of filters that stays in the second-level cache.
constexpr int64_t kBlockRows = 96;

// An image without elements: its outputs are the bias alone.
bool reads_nothing(const ConvProduct& p) {
  const WindowAxis* axes = p.image.axes;
  return p.image.rows() * axes[0].extent * axes[1].extent * axes[2].extent == 0;
}

// With one channel and few filters there is no product worth packing for.
bool is_depthwise(const ConvProduct& p) {
  return p.image.channels == 1 && p.filters.rows < 8 && !reads_nothing(p);
}

// One position of a window of one tap, as in squeeze-and-excite: a product of few rows, one an
// image, with filters as they lie.
bool is_one_position(const ConvProduct& p) {
  const FilterMatrix& f = p.filters;
  return takes_epilogue(p) && p.epilogue != nullptr && !f.packed && p.groups == 1 &&
         p.image.columns() == 1 && p.image.taps() == 1 && f.channel_stride == 1 &&
         p.batch <= gemm::kMostDotRows && p.image.axes[0].first == 0 &&
         p.image.axes[1].first == 0 && p.image.axes[2].first == 0;
}

// What the rows of a convolution's epilogue are, the columns of this product's.
gemm::Operand<float> turned(const gemm::Operand<float>& x) {
  return {x.data, 0, x.batch_stride, x.row_stride};
}

void run_one_position(const ConvProduct& p, std::byte* workspace, const Execution& execution) {
  gemm::Epilogue<float> epilogue = *p.epilogue;
  for (auto* x : {&epilogue.of_row, &epilogue.of_column, &epilogue.of_element}) *x = turned(*x);
  for (int i = 0; i < epilogue.steps; ++i)
    epilogue.step[i].operand = turned(epilogue.step[i].operand);
  gemm::Product<float> product;
  product.m = p.batch;
  product.n = p.filters.rows;
  product.k = p.image.channels;
  product.a = {p.image.data, p.image.dtype, p.image_batch_stride, p.image.channel_stride};
  product.b = {p.filters.data, p.filters.dtype, p.filters.channel_stride, p.filters.row_stride};
  product.c = reinterpret_cast<float*>(p.output.data);
  product.c_row_stride = p.output_batch_stride;
  product.c_column_stride = p.output.row_stride;
  product.epilogue = &epilogue;
  gemm::multiply(gemm::best_isa(), product, workspace, &execution);
}

template <class T>
class Run {
 public:
  explicit Run(const ConvProduct& product)
      : p_(product),
        rows_(product.filters.rows),
        depth_(reads_nothing(product) ? 0 : product.image.rows()),
        columns_(product.image.columns()),
        column_blocks_(ceil_div(columns_, kMostColumns)),
        // Of about the same size each.
        task_columns_(ceil_div(ceil_div(columns_, column_blocks_), kWidth) * kWidth),
        // Filters that few columns use are packed where they are used, and their rows divided among
        // the tasks; else they are packed once, for all.
        few_columns_(product.batch * column_blocks_ <= 2),
        pack_in_task_(few_columns_ && !product.filters.packed),
        task_rows_(few_columns_ ? kBlockRows : kTaskRows),
        row_blocks_(ceil_div(rows_, task_rows_)),
        tasks_(product.batch * product.groups * column_blocks_ * row_blocks_) {
    p_.image.taps_innermost =
        product.filters.packed || (!channels_last(p_.image) && filters_are_dense());
  }

  // The parts of the workspace: filters that all tasks read, and the slots.
  struct Parts {
    T* filters;
    std::byte* slots;
  };
  Parts parts(WorkspaceParts& workspace) const {
    Parts parts;
    const bool for_all = !pack_in_task_ && !p_.filters.packed;
    parts.filters = workspace.take_array<T>(for_all ? p_.groups * rows_ * depth_ : 0);
    parts.slots = workspace.take(static_cast<uint64_t>(scratch_slots(tasks_)) * slot_size());
    return parts;
  }

  void operator()(std::byte* workspace, const Execution& execution) const {
    WorkspaceParts whole(workspace);
    const Parts memory = parts(whole);
    const T* filters = memory.filters;
    if (p_.filters.packed) {
      filters = reinterpret_cast<const T*>(p_.filters.data);
    } else if (!pack_in_task_) {
      pack_all_filters(memory.filters, execution);
    }
    const auto slot_bytes = static_cast<int64_t>(slot_size());
    for_each_task(execution, tasks_, [&](int64_t task, int64_t slot) {
      run_task(task, filters, memory.slots + slot * slot_bytes);
    });
  }

 private:
  struct Slot {
    T* columns;
    T* filters;
    T* tile;
  };
  Slot slot(WorkspaceParts& parts) const {
    const int64_t width = task_columns_;
    const int64_t depth = std::min(depth_, kDepth<T>);
    const int64_t rows = std::min(rows_, task_rows_);
    Slot slot;
    slot.columns = parts.take_array<T>(width * depth);
    slot.filters = parts.take_array<T>(pack_in_task_ ? rows * depth : 0);
    slot.tile = parts.take_array<T>(rows * width);
    return slot;
  }
  uint64_t slot_size() const {
    WorkspaceParts parts;
    slot(parts);
    return parts.used();
  }

  // Whether one stride leads through channels and taps, as in OIHW.
  bool filters_are_dense() const {
    const FilterMatrix& f = p_.filters;
    const int64_t step = f.tap_strides[2];
    const int64_t last = p_.image.axes[2].taps, middle = p_.image.axes[1].taps;
    return f.tap_strides[1] == step * last && f.tap_strides[0] == step * last * middle &&
           f.channel_stride == step * p_.image.taps();
  }

  static int64_t size_of(tn_dtype dtype) { return tn_dtype_bits(dtype) / 8; }

  // Rows [row, row + rows), no more than a panel, of depth [k, k + depth).
  void pack_filters(int64_t group, int64_t row, int64_t rows, int64_t k, int64_t depth,
                    T* to) const {
    const FilterMatrix& f = p_.filters;
    const std::byte* const data =
        f.data + (group * p_.filter_group_stride + row * f.row_stride) * size_of(f.dtype);
    if (p_.image.taps_innermost) {
      const int64_t step = f.tap_strides[2];
      gemm::pack_panel(to, rows, rows, depth, data + k * step * size_of(f.dtype), f.dtype,
                       f.row_stride, step);
      return;
    }
    const int64_t channels = p_.image.channels;
    while (depth > 0) {
      const int64_t tap = k / channels, channel = k % channels;
      const int64_t count = std::min(channels - channel, depth);
      const int64_t last = p_.image.axes[2].taps, middle = p_.image.axes[1].taps;
      const int64_t offset = channel * f.channel_stride + tap / (last * middle) * f.tap_strides[0] +
                             tap / last % middle * f.tap_strides[1] + tap % last * f.tap_strides[2];
      gemm::pack_panel(to, rows, rows, count, data + offset * size_of(f.dtype), f.dtype,
                       f.row_stride, f.channel_stride);
      to += rows * count;
      k += count;
      depth -= count;
    }
  }

  // Block after block of the depth, each with the panels of all rows.
  void pack_all_filters(T* to, const Execution& execution) const {
    const int64_t panels = ceil_div(rows_, isa_.rows);
    const int64_t grain = std::max<int64_t>((1 << 14) / (isa_.rows * depth_ + 1), 1);
    execution.parallel_for(p_.groups * panels, grain, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        const int64_t group = i / panels, row = i % panels * isa_.rows;
        const int64_t rows = std::min(isa_.rows, rows_ - row);
        for (int64_t k = 0; k < depth_; k += kDepth<T>) {
          const int64_t depth = std::min(kDepth<T>, depth_ - k);
          pack_filters(group, row, rows, k, depth, to + (group * depth_ + k) * rows_ + row * depth);
        }
      }
    });
  }

  void run_task(int64_t task, const T* filters, std::byte* scratch) const {
    WorkspaceParts parts(scratch);
    const Slot own = slot(parts);
    // Row blocks of the same columns follow each other.
    const int64_t first_row = task % row_blocks_ * task_rows_;
    const int64_t rows = std::min(task_rows_, rows_ - first_row);
    task /= row_blocks_;
    const int64_t column = task % column_blocks_ * task_columns_;
    const int64_t columns = std::min(task_columns_, columns_ - column);
    task /= column_blocks_;
    const int64_t group = task % p_.groups, batch = task / p_.groups;

    WindowedImage image = p_.image;
    if (depth_ > 0)
      image.data +=
          (batch * p_.image_batch_stride + group * p_.image_group_stride) * size_of(image.dtype);
    join_axes(image);
    std::byte* const output =
        p_.output.data + (batch * p_.output_batch_stride + group * p_.output_group_stride +
                          first_row * p_.output.row_stride) *
                             size_of(p_.output.dtype);

    const bool direct = writes_directly();
    gemm::Block<T> block;
    block.n = columns;
    block.alpha = 1;
    block.c_row_stride = direct ? p_.output.row_stride : columns;
    block.c_column_stride = direct ? column_stride() : 1;
    T* const c = direct ? reinterpret_cast<T*>(output) + column * column_stride() : own.tile;
    if (p_.epilogue == nullptr) start_with_bias(group, first_row, rows, block, c);
    block.batch = batch;
    block.column = column;
    for (int64_t k = 0; k < depth_; k += kDepth<T>) {
      block.k = std::min(kDepth<T>, depth_ - k);
      block.accumulate = k > 0 || p_.epilogue == nullptr;
      if constexpr (std::is_same_v<T, float>) {
        block.epilogue = k + block.k == depth_ ? p_.epilogue : nullptr;
      }
      pack_columns(image, k, block.k, column, columns, own.columns);
      block.b = own.columns;
      block.b_panel_stride = block.k * gemm::kPanelWidth<T>;
      for (int64_t row = 0; row < rows; row += kBlockRows) {
        block.m = std::min(kBlockRows, rows - row);
        block.c = c + row * block.c_row_stride;
        block.row = group * rows_ + first_row + row;
        if (pack_in_task_) {
          for (int64_t i = 0; i < block.m; i += isa_.rows) {
            pack_filters(group, first_row + row + i, std::min(isa_.rows, block.m - i), k, block.k,
                         own.filters + i * block.k);
          }
          block.a = own.filters;
        } else {
          block.a = filters + (group * depth_ + k) * rows_ + (first_row + row) * block.k;
        }
        isa_.multiply(block);
      }
    }
    if (!direct) write(own.tile, output, rows, column, columns);
  }

  // The distance of columns in the output, where it is the same everywhere, else 0.
  int64_t column_stride() const {
    int64_t stride = 0, count = 1;
    for (int d = 2; d >= 0; --d) {
      const int64_t positions = p_.image.axes[d].positions;
      if (positions == 1) continue;
      if (count == 1) stride = p_.output.position_strides[d];
      if (p_.output.position_strides[d] != stride * count) return 0;
      count *= positions;
    }
    return count == 1 ? 1 : stride;
  }
  bool writes_directly() const {
    return size_of(p_.output.dtype) == sizeof(T) && column_stride() != 0;
  }

  void start_with_bias(int64_t group, int64_t first_row, int64_t rows, const gemm::Block<T>& block,
                       T* c) const {
    for (int64_t i = 0; i < rows; ++i) {
      T value = 0;
      if (p_.bias.present()) value = bias(group * rows_ + first_row + i);
      T* line = c + i * block.c_row_stride;
      if (block.c_column_stride == 1) {
        std::fill(line, line + block.n, value);
      } else {
        for (int64_t j = 0; j < block.n; ++j) line[j * block.c_column_stride] = value;
      }
    }
  }

  T bias(int64_t index) const {
    const std::byte* at = p_.bias.data + index * p_.bias.strides[0] * size_of(p_.bias.dtype);
    return visit_dtype<kFloatTypes>("convolution", p_.bias.dtype, [&](auto type) {
      return static_cast<T>(load(*reinterpret_cast<const typename decltype(type)::type*>(at)));
    });
  }

  void write(const T* tile, std::byte* output, int64_t rows, int64_t column,
             int64_t columns) const {
    visit_dtype<kFloatTypes>("convolution", p_.output.dtype, [&](auto type) {
      using S = typename decltype(type)::type;
      const int64_t last = p_.image.axes[2].positions, middle = p_.image.axes[1].positions;
      for (int64_t i = 0; i < rows; ++i) {
        S* plane = reinterpret_cast<S*>(output) + i * p_.output.row_stride;
        for (int64_t j = 0; j < columns;) {
          const int64_t at = column + j;
          const int64_t run = std::min(last - at % last, columns - j);
          S* line = plane + at / (last * middle) * p_.output.position_strides[0] +
                    at / last % middle * p_.output.position_strides[1] +
                    at % last * p_.output.position_strides[2];
          for (int64_t x = 0; x < run; ++x) {
            line[x * p_.output.position_strides[2]] = store<S>(tile[i * columns + j + x]);
          }
          j += run;
        }
      }
    });
  }

  ConvProduct p_;
  const gemm::Isa& isa_ = gemm::best_isa();
  static constexpr int64_t kWidth = gemm::kPanelWidth<T>;
  int64_t rows_, depth_, columns_, column_blocks_, task_columns_;
  bool few_columns_, pack_in_task_;
  int64_t task_rows_, row_blocks_, tasks_;
};

bool is_empty(const ConvProduct& p) {
  return p.batch * p.groups * p.filters.rows * p.image.columns() == 0;
}

}  // namespace

bool takes_epilogue(const ConvProduct& product) {
  return product.output.dtype == TN_FLOAT32 && !reads_nothing(product) &&
         !(is_depthwise(product) && runs_along_groups(product));
}

uint64_t conv_workspace_size(const ConvProduct& product) {
  if (is_empty(product) || is_depthwise(product)) return 0;
  WorkspaceParts parts;
  // Whether it is one position, strides decide, too.
  if (product.batch <= gemm::kMostDotRows && product.image.columns() == 1 &&
      product.image.taps() == 1)
    parts.take(gemm::scratch_size<float>(gemm::best_isa(), product.batch, product.filters.rows,
                                         product.image.channels, false));
  if (product.output.dtype == TN_FLOAT64) {
    Run<double>(product).parts(parts);
  } else {
    Run<float>(product).parts(parts);
  }
  return parts.used();
}

void run_conv(const ConvProduct& product, std::byte* workspace, const Execution& execution) {
  if (is_empty(product)) return;
  if (is_depthwise(product)) {
    run_depthwise(product, execution);
  } else if (is_one_position(product)) {
    run_one_position(product, workspace, execution);
  } else if (product.output.dtype == TN_FLOAT64) {
    const Run<double> run(product);
    run(workspace, execution);
  } else {
    const Run<float> run(product);
    run(workspace, execution);
  }
}

}  // namespace tenon::cpu
