// SPDX-License-Identifier: Apache-2.0
#include "engine.h"

#include <atomic>
#include <string>

#include <omp.h>

namespace tenon::onednn {
namespace {

std::atomic<int> threads{1};

tn_status status_of(dnnl_status_t status) {
  switch (status) {
    case dnnl_out_of_memory:
      return TN_OUT_OF_MEMORY;
    case dnnl_unimplemented:
    case dnnl_invalid_arguments:  // Also what it says to shapes and strides it does not take.
    case dnnl_last_impl_reached:
      return TN_UNSUPPORTED;
    default:
      return TN_INTERNAL;
  }
}

const char* text_of(dnnl_status_t status) {
  switch (status) {
    case dnnl_out_of_memory:
      return "out of memory";
    case dnnl_unimplemented:
    case dnnl_last_impl_reached:
      return "unimplemented";
    case dnnl_invalid_arguments:
      return "invalid arguments";
    default:
      return "runtime error";
  }
}

}  // namespace

const dnnl::engine& engine() {
  static const auto* one = new dnnl::engine(dnnl::engine::kind::cpu, 0);
  return *one;
}

const dnnl::stream& stream() {
  static const auto* one = new dnnl::stream(engine());
  return *one;
}

void check(dnnl_status_t status, const char* what) {
  if (status == dnnl_success) return;
  throw KernelError(status_of(status), std::string(what) + ": oneDNN says " + text_of(status));
}

void set_threads(int count) { threads = count; }

Threads::Threads() : before_(omp_get_max_threads()) {
  const int wanted = threads.load(std::memory_order_relaxed);
  if (wanted != before_) omp_set_num_threads(wanted);
}

Threads::~Threads() {
  if (omp_get_max_threads() != before_) omp_set_num_threads(before_);
}

}  // namespace tenon::onednn
