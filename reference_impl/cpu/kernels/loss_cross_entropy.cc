// SPDX-License-Identifier: Apache-2.0
//
// tenon.SparseSoftmaxCrossEntropy and tenon.SoftmaxCrossEntropy: loss and gradient in one pass over
// each row of logits.
#include <cmath>
#include <string>

#include "reference_impl/cpu/kernels/row_math.h"
#include "reference_impl/cpu/kernels/simd.h"
#include "reference_impl/cpu/kernels/training.h"
#include "reference_impl/cpu/kernels/vector_math.h"
#include "tenon/device/operators/losses.h"
#include "tenon/device/operators/shape.h"

namespace tenon::cpu {
namespace {

// One row; strides in elements. Either `label` or `labels`.
struct Row {
  const std::byte* logits;
  const std::byte* labels;
  std::byte* loss;
  std::byte* backprop;
  int64_t logits_stride, labels_stride, backprop_stride;
  int64_t count;
  int64_t label;
};

template <class T, bool kSparse>
struct CrossEntropyRow {
  using C = Compute<T>;

  static TENON_INLINE void body(const Row& row) {
    C x[kRowPiece], p[kRowPiece];
    const T* logits = reinterpret_cast<const T*>(row.logits);
    const T* labels = reinterpret_cast<const T*>(row.labels);
    T* backprop = reinterpret_cast<T*>(row.backprop);
    const auto read = [&](int64_t begin, int64_t n) __attribute__((always_inline)) {
      load_row(logits + begin * row.logits_stride, row.logits_stride, n, x);
      if (!kSparse) load_row(labels + begin * row.labels_stride, row.labels_stride, n, p);
    };
    C largest = -std::numeric_limits<C>::infinity();
    for (int64_t begin = 0; begin < row.count; begin += kRowPiece) {
      const int64_t n = std::min(kRowPiece, row.count - begin);
      read(begin, n);
      largest = std::max(largest, max_row(x, n));
    }
    double sum = 0, weight = kSparse ? 1 : 0;
    for (int64_t begin = 0; begin < row.count; begin += kRowPiece) {
      const int64_t n = std::min(kRowPiece, row.count - begin);
      if (row.count > kRowPiece) read(begin, n);
      sum += sum_row(
          n, [&](int64_t i) __attribute__((always_inline)) { return vm::exp(x[i] - largest); });
      if (!kSparse) {
        weight += sum_row(n, [&](int64_t i) __attribute__((always_inline)) { return p[i]; });
      }
    }
    // Distances from the largest: behind large logits the logarithm would lose its digits.
    const double log_sum = std::log(sum), most = static_cast<double>(largest);
    const C factor = static_cast<C>(weight / sum);
    // Read before backprop is written: it may lie where the logits do.
    double loss = 0;
    if (kSparse) {
      loss = log_sum - (static_cast<double>(load(logits[row.label * row.logits_stride])) - most);
    }
    for (int64_t begin = 0; begin < row.count; begin += kRowPiece) {
      const int64_t n = std::min(kRowPiece, row.count - begin);
      if (row.count > kRowPiece) read(begin, n);
      if (!kSparse) {
        loss += sum_row(n, [&](int64_t i) __attribute__((always_inline)) {
          return static_cast<double>(p[i]) * (log_sum - (static_cast<double>(x[i]) - most));
        });
        for (int64_t i = 0; i < n; ++i) x[i] = vm::exp(x[i] - largest) * factor - p[i];
      } else {
        for (int64_t i = 0; i < n; ++i) x[i] = vm::exp(x[i] - largest) * factor;
        if (row.label >= begin && row.label < begin + n) x[row.label - begin] -= 1;
      }
      store_row(x, n, backprop + begin * row.backprop_stride, row.backprop_stride);
    }
    *reinterpret_cast<T*>(row.loss) = store<T>(static_cast<C>(loss));
  }
};
template <class T, bool kSparse>
using RowLoop = SimdLoop<CrossEntropyRow<T, kSparse>, true, const Row&>;

template <bool kSparse>
class CrossEntropy final : public KernelOf<CrossEntropyForm<kSparse>> {
 public:
  using KernelOf<CrossEntropyForm<kSparse>>::KernelOf;

  void run(const Arguments& a, const Execution& execution) const override {
    const View logits = a.input(0), labels = a.input(1), loss = a.output(0), backprop = a.output(1);
    visit_dtype<kFloatTypes>(kName, logits.dtype, [&](auto type) {
      using T = typename decltype(type)::type;
      const auto run_row = RowLoop<T, kSparse>::select();
      const int64_t grain = std::max<int64_t>((1 << 12) / (logits.dims[1] + 1), 1);
      execution.parallel_for(logits.dims[0], grain, [&](int64_t begin, int64_t end) {
        for (int64_t i = begin; i < end; ++i) {
          const auto at = [i](const View& view) {
            return view.data + i * view.strides[0] * static_cast<int64_t>(sizeof(T));
          };
          Row row{};
          row.loss = at(loss);
          row.count = logits.dims[1];
          if (kSparse) {
            row.label = labels.dtype == TN_INT32 ? labels.as<int32_t>()[i * labels.strides[0]]
                                                 : labels.as<int64_t>()[i * labels.strides[0]];
            if (row.label < 0 || row.label >= row.count) {
              throw KernelError(TN_INVALID_ARGUMENT,
                                std::string(kName) + ": label " + std::to_string(row.label) +
                                    " is outside " + std::to_string(row.count) + " classes");
            }
          } else if (row.count > 0) {
            row.labels = at(labels);
            row.labels_stride = labels.strides[1];
          }
          if (row.count > 0) {
            row.logits = at(logits);
            row.backprop = at(backprop);
            row.logits_stride = logits.strides[1];
            row.backprop_stride = backprop.strides[1];
          }
          run_row(row);
        }
      });
    });
  }

 private:
  static constexpr const char* kName =
      kSparse ? "SparseSoftmaxCrossEntropy" : "SoftmaxCrossEntropy";
};

}  // namespace

std::unique_ptr<Kernel> create_sparse_softmax_cross_entropy(const Description& d) {
  return std::make_unique<CrossEntropy<true>>(d);
}
std::unique_ptr<Kernel> create_softmax_cross_entropy(const Description& d) {
  return std::make_unique<CrossEntropy<false>>(d);
}

}  // namespace tenon::cpu
