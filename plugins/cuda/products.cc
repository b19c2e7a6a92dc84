// SPDX-License-Identifier: Apache-2.0
#include "plugins/cuda/products.h"

#include <algorithm>
#include <string>
#include <utility>

#include "tenon/device/kernel.h"

namespace tenon::cuda {
namespace {

// Of shapes; a host with more of them finds them again.
constexpr size_t kMostPlans = 4096;

void check(int status, const char* what) {
  if (status == cublaslt::kSuccess) return;
  throw device::KernelError(
      TN_INTERNAL, std::string("cuBLASLt: ") + what + ": status " + std::to_string(status), status);
}

// The largest power of two, up to what the library assumes anyway, that divides the address of
// every matrix.
uint32_t alignment_of(const gpu::Matrices& matrices, const gpu::Product& product) {
  uint64_t bits = reinterpret_cast<uint64_t>(matrices.data) | cublaslt::kAlignment;
  if (product.batch > 1) {
    bits |= static_cast<uint64_t>(matrices.batch_stride) * (tn_dtype_bits(product.dtype) / 8);
  }
  return static_cast<uint32_t>(bits & (~bits + 1));
}

}  // namespace

// The descriptors of a product of one shape, and the algorithm chosen for it.
struct Products::Plan {
  explicit Plan(const cublaslt::Table& table) : library(table) {}
  ~Plan() {
    if (operation != nullptr) library.cublasLtMatmulDescDestroy(operation);
    for (const cublaslt::Layout layout : {a, b, y}) {
      if (layout != nullptr) library.cublasLtMatrixLayoutDestroy(layout);
    }
  }
  Plan(const Plan&) = delete;
  Plan& operator=(const Plan&) = delete;

  const cublaslt::Table& library;
  cublaslt::Operation operation = nullptr;
  cublaslt::Layout a = nullptr, b = nullptr, y = nullptr;
  cublaslt::Algorithm algorithm{};
  bool swapped = false;  // Of Shape.
};

Products::Products(const cublaslt::Table& library) : library_(library) {
  check(library_.cublasLtCreate(&handle_), "starting");
}

Products::~Products() {
  plans_.clear();
  library_.cublasLtDestroy(handle_);
}

bool Products::side(const gpu::Matrices& matrices, int64_t rows, int64_t columns, Side* out) {
  const int64_t row = matrices.row_stride, column = matrices.column_stride;
  out->batch_offset = matrices.batch_stride;
  // Column by column, or else the transpose of that. A dim of 1 has no stride that counts.
  if ((row == 1 || rows == 1) && (column >= rows || columns == 1)) {
    out->rows = rows;
    out->columns = columns;
    out->leading = columns == 1 ? rows : column;
    return true;
  }
  if ((column == 1 || columns == 1) && (row >= columns || rows == 1)) {
    out->rows = columns;
    out->columns = rows;
    out->leading = rows == 1 ? columns : row;
    out->transposed = true;
    return true;
  }
  return false;
}

bool Products::shape(const gpu::Product& product, Shape* out) {
  if (product.dtype != TN_FLOAT32 && product.dtype != TN_FLOAT64) return false;
  out->dtype = product.dtype;
  out->batch = product.batch;
  if (!side(product.a, product.m, product.k, &out->a) ||
      !side(product.b, product.k, product.n, &out->b) ||
      !side(product.y, product.m, product.n, &out->y)) {
    return false;
  }
  out->a.alignment = alignment_of(product.a, product);
  out->b.alignment = alignment_of(product.b, product);
  out->y.alignment = alignment_of(product.y, product);
  if (out->y.transposed) {
    // Y' = B' A': what lies in memory is the same.
    out->swapped = true;
    out->y.transposed = false;
    std::swap(out->a, out->b);
    out->a.transposed = !out->a.transposed;
    out->b.transposed = !out->b.transposed;
  }
  return true;
}

std::shared_ptr<const Products::Plan> Products::make_plan(const Shape& shape) const {
  auto made = std::make_shared<Plan>(library_);
  made->swapped = shape.swapped;
  const bool wide = shape.dtype == TN_FLOAT64;
  const int type = wide ? cublaslt::kFloat64 : cublaslt::kFloat32;
  check(library_.cublasLtMatmulDescCreate(
            &made->operation, wide ? cublaslt::kCompute64F : cublaslt::kCompute32F, type),
        "describing a product");
  const auto transpose = [&](const Side& side, int which) {
    if (!side.transposed) return;
    check(library_.cublasLtMatmulDescSetAttribute(made->operation, which, &cublaslt::kTransposed,
                                                  sizeof(cublaslt::kTransposed)),
          "describing a product");
  };
  transpose(shape.a, cublaslt::kTransposeA);
  transpose(shape.b, cublaslt::kTransposeB);
  const auto layout = [&](const Side& side, cublaslt::Layout* out) {
    check(library_.cublasLtMatrixLayoutCreate(out, type, static_cast<uint64_t>(side.rows),
                                              static_cast<uint64_t>(side.columns), side.leading),
          "describing a matrix");
    if (shape.batch == 1) return;
    const auto count = static_cast<int32_t>(shape.batch);
    check(library_.cublasLtMatrixLayoutSetAttribute(*out, cublaslt::kBatchCount, &count,
                                                    sizeof(count)),
          "describing a matrix");
    check(library_.cublasLtMatrixLayoutSetAttribute(*out, cublaslt::kBatchOffset,
                                                    &side.batch_offset, sizeof(side.batch_offset)),
          "describing a matrix");
  };
  layout(shape.a, &made->a);
  layout(shape.b, &made->b);
  layout(shape.y, &made->y);

  cublaslt::Preference preference = nullptr;
  check(library_.cublasLtMatmulPreferenceCreate(&preference), "choosing an algorithm");
  const uint64_t workspace = kWorkspaceBytes;
  library_.cublasLtMatmulPreferenceSetAttribute(preference, cublaslt::kMaxWorkspace, &workspace,
                                                sizeof(workspace));
  const uint32_t alignments[] = {shape.a.alignment, shape.b.alignment, shape.y.alignment,
                                 shape.y.alignment};
  for (int i = 0; i < 4; ++i) {
    library_.cublasLtMatmulPreferenceSetAttribute(preference, cublaslt::kFirstAlignment + i,
                                                  &alignments[i], sizeof(alignments[i]));
  }
  cublaslt::HeuristicResult result{};
  int found = 0;
  const int status = library_.cublasLtMatmulAlgoGetHeuristic(
      handle_, made->operation, made->a, made->b, made->y, made->y, preference, 1, &result, &found);
  library_.cublasLtMatmulPreferenceDestroy(preference);
  if (status != cublaslt::kSuccess || found != 1 || result.state != cublaslt::kSuccess) {
    return nullptr;
  }
  made->algorithm = result.algorithm;
  return made;
}

std::shared_ptr<const Products::Plan> Products::plan(const gpu::Product& product) {
  Shape wanted;
  if (!shape(product, &wanted)) return nullptr;
  const std::lock_guard lock(mutex_);
  const auto known = plans_.find(wanted);
  if (known != plans_.end()) return known->second;
  if (plans_.size() >= kMostPlans) plans_.clear();
  return plans_[wanted] = make_plan(wanted);
}

void Products::multiply(const Plan& plan, const gpu::Product& product, bool add_y,
                        CUdeviceptr workspace, CUstream stream) const {
  const std::byte* a = plan.swapped ? product.b.data : product.a.data;
  const std::byte* b = plan.swapped ? product.a.data : product.b.data;
  const double alpha = product.alpha, beta = add_y ? product.beta : 0;
  const auto narrow_alpha = static_cast<float>(alpha), narrow_beta = static_cast<float>(beta);
  const bool wide = product.dtype == TN_FLOAT64;
  check(library_.cublasLtMatmul(
            handle_, plan.operation,
            wide ? static_cast<const void*>(&alpha) : static_cast<const void*>(&narrow_alpha), a,
            plan.a, b, plan.b,
            wide ? static_cast<const void*>(&beta) : static_cast<const void*>(&narrow_beta),
            product.y.data, plan.y, product.y.data, plan.y, &plan.algorithm,
            reinterpret_cast<void*>(workspace), kWorkspaceBytes, stream),
        "multiplying");
}

}  // namespace tenon::cuda
