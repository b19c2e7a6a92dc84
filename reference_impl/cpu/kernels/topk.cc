// SPDX-License-Identifier: Apache-2.0
//
// TopK, and with K = the whole axis the sort of frameworks. The K best elements so far are a heap,
// with the worst on top, that lives in the outputs themselves; at the end it is taken apart into
// order.
#include <algorithm>
#include <memory>

#include "reference_impl/cpu/kernels/axis_lines.h"
#include "reference_impl/cpu/kernels/elementwise.h"
#include "reference_impl/cpu/kernels/indexing.h"
#include "tenon/device/operators/movement.h"

namespace tenon::cpu {
namespace {

// Whether a comes before b: NaN is the largest, of equals the lower index is first.
template <bool kLargest, class C>
TENON_INLINE bool precedes(C a, int64_t a_index, C b, int64_t b_index) {
  if constexpr (std::is_floating_point_v<C>) {
    const bool a_nan = a != a, b_nan = b != b;
    if (a_nan != b_nan) return kLargest ? a_nan : b_nan;
    if (a_nan) return a_index < b_index;
  }
  if (a != b) return kLargest ? a > b : a < b;
  return a_index < b_index;
}

template <class T, bool kLargest>
class OutputHeap {
 public:
  OutputHeap(std::byte* values, int64_t values_step, std::byte* indices, int64_t indices_step)
      : values_(values),
        values_step_(values_step),
        indices_(indices),
        indices_step_(indices_step) {}

  T& value(int64_t i) { return *reinterpret_cast<T*>(values_ + i * values_step_); }
  int64_t& index(int64_t i) { return *reinterpret_cast<int64_t*>(indices_ + i * indices_step_); }

  // Puts an element in the place of the one at `hole` and restores the heap of `size` below it.
  void sift(int64_t hole, int64_t size, T element, int64_t element_index) {
    const auto x = load(element);
    for (;;) {
      int64_t child = 2 * hole + 1;
      if (child >= size) break;
      if (child + 1 < size && precedes<kLargest>(load(value(child)), index(child),
                                                 load(value(child + 1)), index(child + 1)))
        ++child;
      if (!precedes<kLargest>(x, element_index, load(value(child)), index(child))) break;
      value(hole) = value(child);
      index(hole) = index(child);
      hole = child;
    }
    value(hole) = element;
    index(hole) = element_index;
  }

 private:
  std::byte* values_;
  int64_t values_step_;
  std::byte* indices_;
  int64_t indices_step_;
};

// Steps in bytes.
struct TopKLine {
  int64_t count, k;
  int64_t x, values, indices;
};

// All elements: their indices are sorted in place.
template <class T, bool kLargest>
void sort_line(const TopKLine& line, std::byte* const* p) {
  const auto at = [&](int64_t i) { return *reinterpret_cast<const T*>(p[2] + i * line.x); };
  int64_t* indices = reinterpret_cast<int64_t*>(p[1]);
  for (int64_t i = 0; i < line.count; ++i) indices[i] = i;
  std::sort(indices, indices + line.count, [&](int64_t a, int64_t b) {
    return precedes<kLargest>(load(at(a)), a, load(at(b)), b);
  });
  for (int64_t i = 0; i < line.count; ++i)
    *reinterpret_cast<T*>(p[0] + i * line.values) = at(indices[i]);
}

template <class T, bool kLargest>
void top_k(const TopKLine& line, std::byte* const* p) {
  if (line.k == line.count && line.indices == sizeof(int64_t))
    return sort_line<T, kLargest>(line, p);
  OutputHeap<T, kLargest> heap(p[0], line.values, p[1], line.indices);
  const auto at = [&](int64_t i) { return *reinterpret_cast<const T*>(p[2] + i * line.x); };
  for (int64_t i = 0; i < line.k; ++i) {
    heap.value(i) = at(i);
    heap.index(i) = i;
  }
  for (int64_t i = line.k / 2; i-- > 0;) heap.sift(i, line.k, heap.value(i), heap.index(i));
  for (int64_t i = line.k; i < line.count; ++i)
    if (precedes<kLargest>(load(at(i)), i, load(heap.value(0)), heap.index(0)))
      heap.sift(0, line.k, at(i), i);
  for (int64_t size = line.k; size-- > 1;) {
    const T last = heap.value(size);
    const int64_t last_index = heap.index(size);
    heap.value(size) = heap.value(0);
    heap.index(size) = heap.index(0);
    heap.sift(0, size, last, last_index);
  }
}

class TopKKernel final : public KernelOf<TopKOperator> {
 public:
  using Function = void (*)(const TopKLine&, std::byte* const*);

  explicit TopKKernel(const Description& desc)
      : KernelOf(desc), function_(function_of(desc, operator_.largest)) {}

  void run(const Arguments& arguments, const Execution& execution) const override {
    const View &x = arguments.inputs[0], &values = arguments.outputs[0];
    const View& indices = arguments.outputs[1];
    const int32_t axis = normalize_axis(operator_.name, operator_.axis, x.rank);
    const int64_t k = operator_.k(arguments, axis);
    if (values.count() == 0) return;
    const TopKLine line{x.dims[axis], k, x.strides[axis] * element_size(x),
                        values.strides[axis] * element_size(values),
                        indices.strides[axis] * element_size(indices)};
    const AxisLines<3> lines({values, indices, x}, axis, axis + 1);
    execution.parallel_for(
        lines.count(), std::max<int64_t>(1, 4096 / line.count), [&](int64_t begin, int64_t end) {
          lines.each(begin, end, [&](std::byte* const* p) { function_(line, p); });
        });
  }

 private:
  static Function function_of(const Description& desc, bool largest) {
    return visit_dtype<kNumericTypes>(desc.name(), desc.input_dtype(0), [&](auto type) -> Function {
      using T = typename decltype(type)::type;
      return largest ? top_k<T, true> : top_k<T, false>;
    });
  }

  Function function_;
};

std::unique_ptr<Kernel> create_top_k(const Description& desc) {
  return std::make_unique<TopKKernel>(desc);
}

}  // namespace

std::span<const OperatorEntry> topk_operators() {
  static const OperatorEntry kEntries[] = {{op::kTopK, kNumericTypes, create_top_k}};
  return kEntries;
}

}  // namespace tenon::cpu
