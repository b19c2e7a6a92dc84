// SPDX-License-Identifier: Apache-2.0
#include "engine.h"

#include <dlfcn.h>

#include <algorithm>
#include <atomic>
#include <optional>
#include <string>
#include <string_view>

// Of team.cc, or of a libgomp that the process has: as libdnnl finds them.
extern "C" {
int omp_get_max_threads();
void omp_set_num_threads(int);
int omp_get_thread_num();
int omp_in_parallel();
void GOMP_parallel_start(void (*body)(void*), void* data, unsigned threads);
void GOMP_parallel_end();
}

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
  throw KernelError(status_of(status), std::string(what) + ": oneDNN says " + text_of(status),
                    status);
}

namespace {

std::atomic<int> threads{1};

}  // namespace

int thread_count() { return threads.load(std::memory_order_relaxed); }

void set_threads(int count) { threads.store(count, std::memory_order_relaxed); }

[[gnu::hot]] Threads::Threads() : Threads(thread_count()) {}

[[gnu::hot]] Threads::Threads(int count) : before_(omp_get_max_threads()) {
  changed_ = before_ != count;
  if (changed_) omp_set_num_threads(count);
}

[[gnu::hot]] Threads::~Threads() {
  if (changed_) omp_set_num_threads(before_);
}

namespace {

// One parallel_for, on its caller's stack.
struct Loop {
  tn_parallel_body body;
  void* user;
  int64_t count;
  int64_t ranges;
  std::atomic<int64_t> next{0};

  int64_t begin_of(int64_t i) const { return i * (count / ranges) + std::min(i, count % ranges); }

  static void play(void* data) {
    auto& loop = *static_cast<Loop*>(data);
    const int part = omp_get_thread_num();
    for (int64_t i; (i = loop.next.fetch_add(1, std::memory_order_relaxed)) < loop.ranges;) {
      loop.body(loop.user, loop.begin_of(i), loop.begin_of(i + 1), part);
    }
  }
};

void TN_CALL parallel_for(void*, int64_t count, int64_t grain, tn_parallel_body body, void* user) {
  if (count <= 0) return;
  constexpr int64_t kRangesPerThread = 4;  // To even out unequal ones.
  const int64_t most = kRangesPerThread * threads.load(std::memory_order_relaxed);
  const int64_t wanted = std::max<int64_t>(count / std::max<int64_t>(grain, 1), 1);
  Loop loop{body, user, count, std::min(wanted, most)};
  if (loop.ranges == 1 || most == kRangesPerThread || omp_in_parallel() != 0) {
    return body(user, 0, count, 0);
  }
  const auto parts = std::min<int64_t>(loop.ranges, most / kRangesPerThread);
  GOMP_parallel_start(Loop::play, &loop, static_cast<unsigned>(parts));
  Loop::play(&loop);
  GOMP_parallel_end();
}

// Whether libdnnl finds the threads of team.cc, and not those of an OpenMP that was there before.
bool has_team() {
  Dl_info info{};
  if (dladdr(reinterpret_cast<const void*>(&GOMP_parallel_start), &info) == 0) return false;
  return std::string_view(info.dli_fname).find("tenon_onednn_team") != std::string_view::npos;
}

thread_local std::optional<device::SubnormalMode::Word> word_before;

void flush_thread(void*) {
  word_before = device::SubnormalMode::word();
  device::SubnormalMode::set_word(*word_before | device::SubnormalMode::kFlush);
}

void restore_thread(void*) {
  if (word_before) device::SubnormalMode::set_word(*word_before);
  word_before.reset();
}

void on_each_thread(void (*body)(void*)) {
  GOMP_parallel_start(body, nullptr, static_cast<unsigned>(thread_count()));
  body(nullptr);
  GOMP_parallel_end();
}

}  // namespace

RegionSubnormals::RegionSubnormals() {
  static const bool foreign = !has_team();
  if (!foreign || !device::SubnormalMode::flushes() || omp_in_parallel() != 0) return;
  on_each_thread(flush_thread);
  told_ = true;
}

RegionSubnormals::~RegionSubnormals() {
  if (told_) on_each_thread(restore_thread);
}

const tn_host& host_of_team(const tn_host& host) {
  // NOLINTNEXTLINE(bugprone-return-const-ref-from-parameter): a host outlives its instances.
  if (!has_team()) return host;
  auto* made = new tn_host(host);  // One for each instance, which a process has few of.
  made->parallel_for = parallel_for;
  return *made;
}

}  // namespace tenon::onednn
