// SPDX-License-Identifier: Apache-2.0
//
// Products of matrices by cuBLASLt: float32 (without TF32) and float64.
#pragma once

#include <compare>
#include <map>
#include <memory>
#include <mutex>

#include "plugins/cuda/cublaslt.h"
#include "plugins/gpu_common/product.h"

namespace tenon::cuda {

// One per open device, for all of its streams. The device's context is current in every call.
class Products {
 public:
  // What a call may use of temporary memory.
  static constexpr uint64_t kWorkspaceBytes = 32 << 20;

  // Throws device::KernelError.
  explicit Products(const cublaslt::Table& library);
  ~Products();
  Products(const Products&) = delete;
  Products& operator=(const Products&) = delete;

  // How the library computes products like this one. Found out at the first of its kind; null: it
  // does not take them. `product.a.data` and the others are addresses as kernels see them.
  struct Plan;
  std::shared_ptr<const Plan> plan(const gpu::Product& product);

  // Queues Y = alpha A B + beta Y. Throws device::KernelError.
  void multiply(const Plan& plan, const gpu::Product& product, bool add_y, CUdeviceptr workspace,
                CUstream stream) const;

 private:
  // A matrix as the library sees it.
  struct Side {
    int64_t rows = 0, columns = 0, leading = 0, batch_offset = 0;
    bool transposed = false;
    uint32_t alignment = 0;
    auto operator<=>(const Side&) const = default;
  };
  struct Shape {
    tn_dtype dtype = TN_DTYPE_UNDEFINED;
    int64_t batch = 1;
    Side a, b, y;
    bool swapped = false;  // Y lies row by row: the library computes its transpose, B' A'.
    auto operator<=>(const Shape&) const = default;
  };

  static bool side(const gpu::Matrices& matrices, int64_t rows, int64_t columns, Side* out);
  static bool shape(const gpu::Product& product, Shape* out);
  std::shared_ptr<const Plan> make_plan(const Shape& shape) const;

  const cublaslt::Table& library_;
  cublaslt::Handle handle_ = nullptr;
  std::mutex mutex_;
  std::map<Shape, std::shared_ptr<const Plan>> plans_;  // Null: not taken.
};

}  // namespace tenon::cuda
