// SPDX-License-Identifier: Apache-2.0
#include "engine.h"

#include <atomic>
#include <string>

// Of team.cc, or of a libgomp that the process has: as libdnnl finds them.
extern "C" int omp_get_max_threads();
extern "C" void omp_set_num_threads(int);

namespace tenon::onednn {
namespace {

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

void fail(dnnl_status_t status, const char* what) {
  throw KernelError(status_of(status), std::string(what) + ": oneDNN says " + text_of(status));
}

namespace {

std::atomic<int> threads{1};

}  // namespace

void set_threads(int count) { threads.store(count, std::memory_order_relaxed); }

[[gnu::hot]] Threads::Threads() : before_(omp_get_max_threads()) {
  const int wanted = threads.load(std::memory_order_relaxed);
  changed_ = before_ != wanted;
  if (changed_) omp_set_num_threads(wanted);
}

[[gnu::hot]] Threads::~Threads() {
  if (changed_) omp_set_num_threads(before_);
}

}  // namespace tenon::onednn
