// SPDX-License-Identifier: Apache-2.0
#include "plugins/cuda/cublaslt.h"

#include "tenon/tenon_plugin.hpp"

namespace tenon::cuda::cublaslt {
namespace {

struct Opened {
  Opened() {
    try {
      const Library library("libcublasLt.so.13", "install the package nvidia-cublas of version 13");
#define TENON_CUBLASLT_FIND(result, name, parameters) library.find(table.name, #name);
      TENON_CUBLASLT_FUNCTIONS(TENON_CUBLASLT_FIND)
#undef TENON_CUBLASLT_FIND
      there = true;
    } catch (const plugin::Failure& failure) {
      reason = failure.error.message;
    }
  }
  Table table;
  bool there = false;
  std::string reason;
};

}  // namespace

const Table* table(std::string* reason) {
  static const Opened opened;
  if (reason != nullptr) *reason = opened.reason;
  return opened.there ? &opened.table : nullptr;
}

}  // namespace tenon::cuda::cublaslt
