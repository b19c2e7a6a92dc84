// SPDX-License-Identifier: Apache-2.0
//
// A libcublasLt.so.13 that multiplies with three loops on the emulated device. It checks what it is
// told: dims that do not fit, leading dims that are too small, addresses below the promised
// alignment are refused.
#include "plugins/cuda/cublaslt.h"

#include <cstring>

#include "blocks.h"
#include "memory.h"
#include "stream.h"

namespace {

namespace lt = tenon::cuda::cublaslt;

constexpr int kInvalidValue = 7;  // CUBLAS_STATUS_INVALID_VALUE

struct Operation {
  int compute, scale;
  int32_t transposed[2] = {0, 0};
};

struct Layout {
  int type;
  int64_t rows, columns, leading;
  int32_t batch = 1;
  int64_t batch_offset = 0;
};

struct Preference {
  uint64_t workspace = 0;
  uint32_t alignments[4] = {lt::kAlignment, lt::kAlignment, lt::kAlignment, lt::kAlignment};
};

template <class T>
T& at(void* handle) {
  return *static_cast<T*>(handle);
}

template <class T>
int assign(T& to, const void* value, size_t size) {
  if (size != sizeof(T)) return kInvalidValue;
  std::memcpy(&to, value, size);
  return lt::kSuccess;
}

// One of the operands, as a matrix of `rows` rows.
template <class T>
struct Operand {
  Operand(const Layout& layout, bool transposed, const void* data)
      : layout_(layout), transposed_(transposed), data_(reinterpret_cast<uint64_t>(data)) {}
  int64_t rows() const { return transposed_ ? layout_.columns : layout_.rows; }
  int64_t columns() const { return transposed_ ? layout_.rows : layout_.columns; }
  // Null when it does not lie in the device's memory.
  T* bytes() const {
    const int64_t last = (layout_.batch - 1) * layout_.batch_offset +
                         (layout_.columns - 1) * layout_.leading + layout_.rows;
    return reinterpret_cast<T*>(
        emulator::memory().bytes(data_, static_cast<uint64_t>(last) * sizeof(T)));
  }
  int64_t place(int64_t batch, int64_t row, int64_t column) const {
    if (transposed_) std::swap(row, column);
    return batch * layout_.batch_offset + column * layout_.leading + row;
  }

 private:
  const Layout layout_;
  const bool transposed_;
  const uint64_t data_;
};

template <class T>
CUresult multiply(const Operand<T>& a, const Operand<T>& b, const Operand<T>& d, int64_t batch,
                  T alpha, T beta) {
  const T *from_a = a.bytes(), *from_b = b.bytes();
  T* to = d.bytes();
  if (from_a == nullptr || from_b == nullptr || to == nullptr) return CUDA_ERROR_ILLEGAL_ADDRESS;
  for (int64_t z = 0; z < batch; ++z) {
    for (int64_t row = 0; row < d.rows(); ++row) {
      for (int64_t column = 0; column < d.columns(); ++column) {
        T sum = 0;
        for (int64_t k = 0; k < a.columns(); ++k) {
          sum += from_a[a.place(z, row, k)] * from_b[b.place(z, k, column)];
        }
        T& result = to[d.place(z, row, column)];
        result = beta == 0 ? alpha * sum : alpha * sum + beta * result;
      }
    }
  }
  return CUDA_SUCCESS;
}

template <class T>
int queue(const Operation& operation, const void* alpha, const void* a, const Layout& a_layout,
          const void* b, const Layout& b_layout, const void* beta, void* d, const Layout& d_layout,
          CUstream stream) {
  const Operand<T> left(a_layout, operation.transposed[0] != 0, a);
  const Operand<T> right(b_layout, operation.transposed[1] != 0, b);
  const Operand<T> result(d_layout, false, d);
  if (left.columns() != right.rows() || left.rows() != result.rows() ||
      right.columns() != result.columns() || a_layout.batch != d_layout.batch ||
      b_layout.batch != d_layout.batch) {
    return kInvalidValue;
  }
  T by = 0, keep = 0;
  std::memcpy(&by, alpha, sizeof(T));
  std::memcpy(&keep, beta, sizeof(T));
  const int64_t batch = d_layout.batch;
  stream->add([=] { return multiply(left, right, result, batch, by, keep); });
  return lt::kSuccess;
}

}  // namespace

extern "C" {

// For tests: how often cublasLtMatmul() has queued something.
int emulated_products = 0;

size_t cublasLtGetVersion() { return 130000; }
int cublasLtCreate(lt::Handle* handle) {
  *handle = new int;
  return lt::kSuccess;
}
int cublasLtDestroy(lt::Handle handle) {
  delete static_cast<int*>(handle);
  return lt::kSuccess;
}

int cublasLtMatmulDescCreate(lt::Operation* operation, int compute, int scale) {
  *operation = new Operation{compute, scale};
  return lt::kSuccess;
}
int cublasLtMatmulDescDestroy(lt::Operation operation) {
  delete static_cast<Operation*>(operation);
  return lt::kSuccess;
}
int cublasLtMatmulDescSetAttribute(lt::Operation operation, int what, const void* value,
                                   size_t size) {
  if (what != lt::kTransposeA && what != lt::kTransposeB) return kInvalidValue;
  return assign(at<Operation>(operation).transposed[what - lt::kTransposeA], value, size);
}

int cublasLtMatrixLayoutCreate(lt::Layout* layout, int type, uint64_t rows, uint64_t columns,
                               int64_t leading) {
  const auto height = static_cast<int64_t>(rows);
  if (leading < height || rows == 0 || columns == 0) return kInvalidValue;
  *layout = new Layout{type, height, static_cast<int64_t>(columns), leading};
  return lt::kSuccess;
}
int cublasLtMatrixLayoutDestroy(lt::Layout layout) {
  delete static_cast<Layout*>(layout);
  return lt::kSuccess;
}
int cublasLtMatrixLayoutSetAttribute(lt::Layout layout, int what, const void* value, size_t size) {
  Layout& own = at<Layout>(layout);
  if (what == lt::kBatchCount) return assign(own.batch, value, size);
  return what == lt::kBatchOffset ? assign(own.batch_offset, value, size) : kInvalidValue;
}

int cublasLtMatmulPreferenceCreate(lt::Preference* preference) {
  *preference = new Preference;
  return lt::kSuccess;
}
int cublasLtMatmulPreferenceDestroy(lt::Preference preference) {
  delete static_cast<Preference*>(preference);
  return lt::kSuccess;
}
int cublasLtMatmulPreferenceSetAttribute(lt::Preference preference, int what, const void* value,
                                         size_t size) {
  Preference& own = at<Preference>(preference);
  if (what == lt::kMaxWorkspace) return assign(own.workspace, value, size);
  const int which = what - lt::kFirstAlignment;
  return which < 0 || which > 3 ? kInvalidValue : assign(own.alignments[which], value, size);
}

// The algorithm is what was promised.
int cublasLtMatmulAlgoGetHeuristic(lt::Handle, lt::Operation, lt::Layout, lt::Layout, lt::Layout,
                                   lt::Layout, lt::Preference preference, int,
                                   lt::HeuristicResult* result, int* found) {
  const Preference& own = at<Preference>(preference);
  *result = {};
  for (int i = 0; i < 4; ++i) result->algorithm.data[i] = own.alignments[i];
  result->workspace = own.workspace;
  *found = 1;
  return lt::kSuccess;
}

int cublasLtMatmul(lt::Handle, lt::Operation operation, const void* alpha, const void* a,
                   lt::Layout a_layout, const void* b, lt::Layout b_layout, const void* beta,
                   const void* c, lt::Layout c_layout, void* d, lt::Layout d_layout,
                   const lt::Algorithm* algorithm, void* workspace, size_t, CUstream stream) {
  const void* const addresses[] = {a, b, c, d};
  for (int i = 0; i < 4; ++i) {
    if (reinterpret_cast<uint64_t>(addresses[i]) % algorithm->data[i] != 0) return kInvalidValue;
  }
  if (c != d || c_layout != d_layout || workspace == nullptr) return kInvalidValue;
  ++emulated_products;
  const Operation& own = at<Operation>(operation);
  const auto& first = at<Layout>(a_layout);
  const auto& second = at<Layout>(b_layout);
  const auto& result = at<Layout>(d_layout);
  if (own.compute == lt::kCompute32F && own.scale == lt::kFloat32) {
    return queue<float>(own, alpha, a, first, b, second, beta, d, result, stream);
  }
  if (own.compute == lt::kCompute64F && own.scale == lt::kFloat64) {
    return queue<double>(own, alpha, a, first, b, second, beta, d, result, stream);
  }
  return kInvalidValue;
}

}  // extern "C"
