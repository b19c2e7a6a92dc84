// SPDX-License-Identifier: Apache-2.0
//
// The threads that oneDNN computes on. Its wheel asks GNU OpenMP for them, whose threads spin for
// milliseconds when they have nothing to do or wait for each other: on a processor that others use,
// too, everybody then waits for a spinning thread to lose its turn. These functions answer in
// OpenMP's place, with threads that go to sleep after kSpin; docs/decisions/onednn-threads.md has
// the measurements.
//
// They are a library of their own, which the plugin is linked with: libdnnl finds names that other
// libraries export, and a plugin exports its entry alone. This library comes before libgomp in the
// scope that the plugin brings. In a process that has a libgomp in its global scope already
// (PyTorch's, a program linked with OpenMP) libdnnl and the plugin find that one instead, which is
// as well: its threads are then shared.
//
// As in libgomp, each thread that calls has a team of its own, and the body of a region is called
// once for each of the threads that it was asked for. Which thread of the team plays which part is
// not fixed: the caller, done with part 0, takes those that no worker has begun, so that it never
// waits for a worker that has yet to wake up or to get a processor. Kernels that have barriers rely
// on all parts running at the same time; they do, since no thread is done with a part before all
// have come to its last barrier. Unlike libgomp's, workers treat subnormal numbers as the calling
// thread does at the time of the region, and not as the one that made them did.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <memory>
#include <thread>

#include "tenon/device/subnormals.h"
#include "tenon/tenon.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace tenon::onednn {
namespace {

using device::SubnormalMode;
using device::SubnormalScope;

using Clock = std::chrono::steady_clock;
constexpr auto kSpin = std::chrono::microseconds(50);
constexpr int kChecksPerClock = 32;

// Threads of a region; 0: not set. Asked at every launch, hence without a call to find it.
[[gnu::tls_model("initial-exec")]] thread_local int most = 0;

int max_threads() {
  static const int processors = static_cast<int>(std::thread::hardware_concurrency());
  return most != 0 ? most : std::max(processors, 1);
}

void pause() {
#if defined(__x86_64__)
  _mm_pause();
#else
  std::this_thread::yield();
#endif
}

// Returns when `value` is no longer `old`: spins a while, then sleeps.
void wait_for_change(const std::atomic<uint32_t>& value, uint32_t old) {
  const auto until = Clock::now() + kSpin;
  do {
    for (int i = 0; i < kChecksPerClock; ++i) {
      if (value.load(std::memory_order_acquire) != old) return;
      pause();
    }
  } while (Clock::now() < until);
  value.wait(old, std::memory_order_acquire);
}

// What the threads of one region share.
struct Region {
  void (*body)(void*) = nullptr;
  void* data = nullptr;
  uint32_t threads = 1;
  bool flush = SubnormalMode::flushes();
};

// Workers behind one calling thread. Kept alive by each of them: they are never joined, because a
// process may end while its main thread still has a team.
class Team {
 public:
  void begin(const Region& region) {
    region_ = region;
    while (workers_ + 1 < region.threads) add_worker();
    if (region.threads == 1) return;
    running_.store(region.threads - 1, std::memory_order_relaxed);
    const uint64_t number = (parts_.load(std::memory_order_relaxed) >> kNumber) + 1;
    parts_.store(number << kNumber | uint64_t{region.threads} << kEnd | 1,
                 std::memory_order_release);
    announce();
  }

  void end() {
    play();
    for (uint32_t left; (left = running_.load(std::memory_order_acquire)) != 0;) {
      wait_for_change(running_, left);
    }
    region_.threads = 1;
  }

  void stop() {
    stopping_.store(true, std::memory_order_relaxed);
    announce();
  }

  // All threads of the region meet.
  void barrier() {
    const uint32_t round = round_.load(std::memory_order_relaxed);
    if (arrived_.fetch_add(1, std::memory_order_acq_rel) + 1 < region_.threads) {
      return wait_for_change(round_, round);
    }
    arrived_.store(0, std::memory_order_relaxed);
    round_.fetch_add(1, std::memory_order_release);
    round_.notify_all();
  }

  uint32_t threads() const { return region_.threads; }
  void share(const std::shared_ptr<Team>& self) { self_ = self; }

 private:
  // Where the fields of parts_ begin, behind the next part to be played: the number of parts, and
  // which region it is, so that no thread takes a part of a region that has been replaced
  // meanwhile.
  static constexpr int kEnd = 16;
  static constexpr int kNumber = 32;
  static constexpr uint64_t kPart = 0xffff;

  // The next part that no thread plays, or 0.
  uint32_t take() {
    uint64_t parts = parts_.load(std::memory_order_acquire);
    while ((parts & kPart) < (parts >> kEnd & kPart)) {
      if (parts_.compare_exchange_weak(parts, parts + 1, std::memory_order_acquire)) {
        return static_cast<uint32_t>(parts & kPart);
      }
    }
    return 0;
  }

  void announce() {
    generation_.fetch_add(1, std::memory_order_release);
    generation_.notify_all();
  }
  void play();
  void add_worker();
  void work(uint32_t generation);

  Region region_;
  std::weak_ptr<Team> self_;
  uint32_t workers_ = 0;
  std::atomic<uint64_t> parts_{0};
  std::atomic<uint32_t> generation_{0};  // Changes with each region; what workers wait for.
  std::atomic<uint32_t> running_{0};
  std::atomic<uint32_t> arrived_{0};
  std::atomic<uint32_t> round_{0};
  std::atomic<bool> stopping_{false};
};

// Where this thread is, and how far in a loop.
struct Place {
  Team* team = nullptr;  // Of the region; null outside of one.
  uint32_t id = 0;       // The part that it plays.
  uint32_t nested = 0;   // Regions inside a region have one thread.
  long start = 0, end = 0, step = 1, chunk = 0, next = 0;
};
thread_local Place place;

class OwnTeam {
 public:
  OwnTeam() : team_(std::make_shared<Team>()) { team_->share(team_); }
  ~OwnTeam() { team_->stop(); }
  Team& get() { return *team_; }

 private:
  std::shared_ptr<Team> team_;
};

void Team::add_worker() {
  ++workers_;
  std::thread([team = self_.lock(), generation = generation_.load(std::memory_order_relaxed)] {
    team->work(generation);
  }).detach();
}

void Team::work(uint32_t generation) {
  for (;;) {
    wait_for_change(generation_, generation);
    generation = generation_.load(std::memory_order_acquire);
    if (stopping_.load(std::memory_order_relaxed)) return;
    play();
    place.team = nullptr;
  }
}

void Team::play() {
  while (const uint32_t part = take()) {
    place.team = this;
    place.id = part;
    {
      const SubnormalScope scope(region_.flush);
      region_.body(region_.data);
    }
    if (running_.fetch_sub(1, std::memory_order_acq_rel) == 1) running_.notify_one();
  }
}

Team& own_team_of_thread() {
  thread_local OwnTeam team;
  return team.get();
}

uint32_t region_threads() {
  return place.team == nullptr || place.nested != 0 ? 1 : place.team->threads();
}

bool next_chunk(long* begin, long* end) {
  const long iterations =
      (place.end - place.start + place.step + (place.step > 0 ? -1 : 1)) / place.step;
  const long threads = static_cast<long>(region_threads());
  const long id = place.nested != 0 ? 0 : static_cast<long>(place.id);
  long first, last;
  if (place.chunk == 0) {
    if (place.next++ != 0) return false;
    first = iterations * id / threads;
    last = iterations * (id + 1) / threads;
  } else {
    first = (place.next++ * threads + id) * place.chunk;
    last = std::min(first + place.chunk, iterations);
  }
  if (first >= last) return false;
  *begin = place.start + first * place.step;
  *end = place.start + last * place.step;
  return true;
}

}  // namespace
}  // namespace tenon::onednn

using namespace tenon::onednn;

// The part of GNU OpenMP's interface that libdnnl 3.2 and the plugin use.
extern "C" {

TN_EXPORT void omp_set_num_threads(int threads) { most = threads; }
TN_EXPORT int omp_get_max_threads() { return max_threads(); }
TN_EXPORT int omp_get_num_threads() { return static_cast<int>(region_threads()); }
TN_EXPORT int omp_get_thread_num() { return place.nested != 0 ? 0 : static_cast<int>(place.id); }
TN_EXPORT int omp_in_parallel() { return place.nested != 0 || region_threads() > 1; }

// The caller runs the body itself between these two.
TN_EXPORT void GOMP_parallel_start(void (*body)(void*), void* data, unsigned threads) {
  if (place.team != nullptr) {
    ++place.nested;
    return;
  }
  Team& team = own_team_of_thread();
  team.begin({body, data, threads != 0 ? threads : static_cast<unsigned>(max_threads())});
  place.team = &team;
  place.id = 0;
}
TN_EXPORT void GOMP_parallel_end() {
  if (place.nested != 0) {
    --place.nested;
    return;
  }
  place.team->end();
  place.team = nullptr;
  place.id = 0;
}
TN_EXPORT void GOMP_barrier() {
  if (region_threads() > 1) place.team->barrier();
}

TN_EXPORT bool GOMP_loop_static_start(long start, long end, long step, long chunk, long* begin,
                                      long* stop) {
  place.start = start;
  place.end = end;
  place.step = step;
  place.chunk = chunk;
  place.next = 0;
  return next_chunk(begin, stop);
}
TN_EXPORT bool GOMP_loop_static_next(long* begin, long* end) { return next_chunk(begin, end); }
TN_EXPORT void GOMP_loop_end_nowait() {}

}  // extern "C"
