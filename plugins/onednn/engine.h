// SPDX-License-Identifier: Apache-2.0
//
// oneDNN's engine and stream, its errors, and the threads it computes on.
#pragma once

#include <functional>

#include <dnnl.hpp>

#include "tenon/device/kernel.h"

namespace tenon::onednn {

using device::Arguments;
using device::Description;
using device::Execution;
using device::Kernel;
using device::KernelError;
using device::View;
using Md = dnnl::memory::desc;
using Dims = dnnl::memory::dims;

// Of the whole process, and never destroyed: a host may call until its very end.
const dnnl::engine& engine();
const dnnl::stream& stream();

// Throws KernelError for a status of oneDNN's C interface.
[[noreturn, gnu::cold]] void fail(dnnl_status_t status, const char* what);
inline void check(dnnl_status_t status, const char* what) {
  if (status != dnnl_success) fail(status, what);
}

// Calls `body`; oneDNN's exceptions become KernelError with `what` before their text:
// TN_UNSUPPORTED for primitives that it does not have.
template <class Body>
auto guarded(const char* what, Body&& body) {
  try {
    return body();
  } catch (const dnnl::error& error) {
    fail(error.status, what);
  }
}

// oneDNN computes on the threads of team.cc, as many as the host's parallelism. The number belongs
// to the calling thread, which is the host's: it is put back.
void set_threads(int count);
int thread_count();

// The host, but with a parallel_for on those threads: the reference device's kernels behind
// oneDNN's then share them, instead of waking the host's while oneDNN's still look out for more.
// The host itself where the process has another OpenMP. Kept for ever.
const tn_host& host_of_team(const tn_host& host);

class Threads {
 public:
  Threads();
  explicit Threads(int count);
  ~Threads();
  Threads(const Threads&) = delete;

 private:
  const int before_;
  bool changed_;
};

// While it lives, the threads of a region treat subnormal numbers as the calling one does. Those of
// team.cc always do; those of an OpenMP that the process had before keep what they began with, and
// learn here whether the kernel flushes.
class RegionSubnormals {
 public:
  RegionSubnormals();
  ~RegionSubnormals();
  RegionSubnormals(const RegionSubnormals&) = delete;

 private:
  bool told_ = false;
};

}  // namespace tenon::onednn
