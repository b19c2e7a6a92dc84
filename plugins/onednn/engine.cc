// SPDX-License-Identifier: Apache-2.0
#include "engine.h"

#include <string>

#include <dlfcn.h>

#include "team.h"

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

void check(dnnl_status_t status, const char* what) {
  if (status == dnnl_success) return;
  throw KernelError(status_of(status), std::string(what) + ": oneDNN says " + text_of(status));
}

void set_threads(int count) { set_team_size(count); }

namespace {

// Those of the libgomp that oneDNN uses where it does not use team.cc.
struct OpenMp {
  int (*get)() = reinterpret_cast<int (*)()>(dlsym(RTLD_DEFAULT, "omp_get_max_threads"));
  void (*set)(int) = reinterpret_cast<void (*)(int)>(dlsym(RTLD_DEFAULT, "omp_set_num_threads"));
  bool there() const { return get != nullptr && set != nullptr; }
};

const OpenMp& open_mp() {
  static const OpenMp functions;
  return functions;
}

}  // namespace

Threads::Threads() : before_(0) {
  if (own_team() || !open_mp().there()) return;
  before_ = open_mp().get();
  if (before_ != team_size()) open_mp().set(team_size());
}

Threads::~Threads() {
  if (before_ != 0 && before_ != team_size()) open_mp().set(before_);
}

}  // namespace tenon::onednn
