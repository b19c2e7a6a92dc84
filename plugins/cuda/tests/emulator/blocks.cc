// SPDX-License-Identifier: Apache-2.0
#include "blocks.h"

#include <setjmp.h>
#include <signal.h>
#include <sys/mman.h>
#include <ucontext.h>

#include <memory>
#include <mutex>
#include <vector>

#include "memory.h"

namespace emulator {
namespace {

constexpr size_t kStackBytes = 128 * 1024;

// Where a thread goes on that touched what it may not; null outside of guarded().
thread_local sigjmp_buf* rescue = nullptr;
struct sigaction previous_segv, previous_bus;

void on_fault(int number, siginfo_t* info, void* context) {
  if (rescue != nullptr) siglongjmp(*rescue, 1);
  // Not ours: let the handler that was there before have it, at the same instruction.
  sigaction(number, number == SIGBUS ? &previous_bus : &previous_segv, nullptr);
  (void)info, (void)context;
}

void watch_faults() {
  static std::once_flag once;
  std::call_once(once, [] {
    struct sigaction action{};
    action.sa_sigaction = on_fault;
    action.sa_flags = SA_SIGINFO | SA_NODEFER;
    sigaction(SIGSEGV, &action, &previous_segv);
    sigaction(SIGBUS, &action, &previous_bus);
  });
}

class Fibers;
thread_local Fibers* running = nullptr;

// The threads of a block, each with a stack. Made once for a thread of the host.
class Fibers {
 public:
  void run(const Kernel& kernel, Block& block, void* const* parameters) {
    const size_t count = size_t{block.size.x} * block.size.y * block.size.z;
    while (fibers_.size() < count) fibers_.push_back(std::make_unique<Fiber>());
    kernel_ = &kernel;
    block_ = &block;
    parameters_ = parameters;
    running = this;
    for (size_t i = 0; i < count; ++i) fibers_[i]->done = false;
    left_ = count;
    for (bool backwards = false; left_ > 0; backwards = !backwards) {
      for (size_t i = 0; i < count; ++i) {
        const size_t turn = backwards ? count - 1 - i : i;
        if (!fibers_[turn]->done) resume(turn);
      }
    }
  }

  static void barrier() { running->leave(); }

 private:
  struct Fiber {
    Fiber()
        : stack(mmap(nullptr, kStackBytes, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0)) {
      mprotect(stack, 4096, PROT_NONE);
    }
    ~Fiber() { munmap(stack, kStackBytes); }
    void* stack;
    ucontext_t context;
    jmp_buf place;
    bool started = false;
    bool done = false;
  };

  void resume(size_t turn) {
    const Dim& size = block_->size;
    const auto index = static_cast<unsigned>(turn);
    block_->thread = {index % size.x, index / size.x % size.y, index / size.x / size.y};
    turn_ = turn;
    if (_setjmp(home_) != 0) return;
    Fiber& fiber = *fibers_[turn];
    if (fiber.started) _longjmp(fiber.place, 1);
    fiber.started = true;
    getcontext(&fiber.context);
    fiber.context.uc_stack.ss_sp = fiber.stack;
    fiber.context.uc_stack.ss_size = kStackBytes;
    fiber.context.uc_link = nullptr;
    makecontext(&fiber.context, begin, 0);
    setcontext(&fiber.context);
  }

  // Back to resume(); returns when the fiber is resumed.
  void leave() {
    if (_setjmp(fibers_[turn_]->place) == 0) _longjmp(home_, 1);
  }

  static void begin() {
    for (;;) {
      Fibers& all = *running;
      all.kernel_->run(all.block_, all.parameters_);
      all.fibers_[all.turn_]->done = true;
      --all.left_;
      all.leave();
    }
  }

  std::vector<std::unique_ptr<Fiber>> fibers_;
  const Kernel* kernel_ = nullptr;
  Block* block_ = nullptr;
  void* const* parameters_ = nullptr;
  size_t turn_ = 0;
  size_t left_ = 0;
  jmp_buf home_;
};

void run_in_turn(const Kernel& kernel, Block& block, void* const* parameters) {
  Dim& thread = block.thread;
  for (thread.z = 0; thread.z < block.size.z; ++thread.z) {
    for (thread.y = 0; thread.y < block.size.y; ++thread.y) {
      for (thread.x = 0; thread.x < block.size.x; ++thread.x) kernel.run(&block, parameters);
    }
  }
}

}  // namespace

bool guarded(const std::function<void()>& body) {
  watch_faults();
  sigjmp_buf here;
  if (sigsetjmp(here, 1) != 0) {
    rescue = nullptr;
    return false;
  }
  rescue = &here;
  body();
  rescue = nullptr;
  return true;
}

bool run_blocks(const Kernel& kernel, const Dim& grid, const Dim& size, void* const* parameters) {
  // Fibers that were in the middle of something when they failed are of no use any more.
  thread_local std::unique_ptr<Fibers> fibers;
  if (fibers == nullptr) fibers = std::make_unique<Fibers>();
  Block block;
  block.size = size;
  block.grid = grid;
  block.barrier = Fibers::barrier;
  block.begin = memory().begin();
  block.end = memory().end();
  block.shift = memory().shift();
  block.host_bit = kHostBit;
  const bool good = guarded([&] {
    Dim& index = block.index;
    for (index.z = 0; index.z < grid.z; ++index.z) {
      for (index.y = 0; index.y < grid.y; ++index.y) {
        for (index.x = 0; index.x < grid.x; ++index.x) {
          if (kernel.barriers) {
            fibers->run(kernel, block, parameters);
          } else {
            run_in_turn(kernel, block, parameters);
          }
        }
      }
    }
  });
  if (!good) fibers.reset();
  return good;
}

}  // namespace emulator
