// SPDX-License-Identifier: Apache-2.0
#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#if defined(__linux__)
#include <sys/auxv.h>
#include <sys/uio.h>
#endif

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "reference_impl/platform/platform.h"

namespace tenon::platform {

void* open_library(const std::string& path, std::string* why) {
  void* library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library != nullptr) return library;
  const char* reason = dlerror();
  *why = reason != nullptr ? reason : "unknown reason";
  return nullptr;
}

void* find_symbol(void* library, const char* name) { return dlsym(library, name); }

std::string file_of_code(const void* address) {
  Dl_info info{};
  return dladdr(address, &info) != 0 && info.dli_fname != nullptr ? info.dli_fname : "";
}

int64_t process_id() { return getpid(); }

bool is_elevated() {
#if defined(__linux__)
  return getauxval(AT_SECURE) != 0;
#else
  return issetugid() != 0;
#endif
}

int32_t processor_count() {
#if defined(__linux__)
  cpu_set_t set;
  CPU_ZERO(&set);
  if (sched_getaffinity(0, sizeof(set), &set) == 0) return CPU_COUNT(&set);
#endif
  return static_cast<int32_t>(std::max(std::thread::hardware_concurrency(), 1u));
}

bool watch_forks(void (*before)(), void (*in_parent)(), void (*in_child)()) {
  return pthread_atfork(before, in_parent, in_child) == 0;
}

void write_error(const char* text, size_t size) {
  if (write(STDERR_FILENO, text, size) < 0) {
    // Standard error is closed: there is no other place to write to.
  }
}

bool copy_foreign(void* to, const void* from, size_t size) {
#if defined(__linux__)
  const iovec into{to, size};
  const iovec out{const_cast<void*>(from), size};
  const ssize_t got = process_vm_readv(getpid(), &into, 1, &out, 1, 0);
  if (got == static_cast<ssize_t>(size)) return true;
  if (got >= 0 || errno == EFAULT) return false;
#endif
  std::memcpy(to, from, size);  // Not allowed to ask, or nobody to ask.
  return true;
}

static_assert(sizeof(sigset_t) <= 128, "WithoutSignals keeps one");

WithoutSignals::WithoutSignals() {
  sigset_t all;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, reinterpret_cast<sigset_t*>(before_));
}

WithoutSignals::~WithoutSignals() {
  pthread_sigmask(SIG_SETMASK, reinterpret_cast<const sigset_t*>(before_), nullptr);
}

void name_thread(std::thread& thread, const char* name) {
#if defined(__linux__)
  pthread_setname_np(thread.native_handle(), name);
#else
  static_cast<void>(thread), static_cast<void>(name);  // Only threads themselves may.
#endif
}

uint64_t page_size() { return static_cast<uint64_t>(sysconf(_SC_PAGESIZE)); }

uint64_t machine_memory() { return static_cast<uint64_t>(sysconf(_SC_PHYS_PAGES)) * page_size(); }

void* reserve_addresses(uint64_t size) {
  void* range = mmap(nullptr, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  return range == MAP_FAILED ? nullptr : range;
}

bool make_readable(void* pages, uint64_t size) {
  return mprotect(pages, size, PROT_READ | PROT_WRITE) == 0;
}

void release_addresses(void* addresses, uint64_t size) { munmap(addresses, size); }

void* allocate_aligned(uint64_t alignment, uint64_t size) {
  return std::aligned_alloc(alignment, size);
}

void free_aligned(void* memory) { std::free(memory); }

namespace {

FileKind kind_of_mode(mode_t mode) {
  if (S_ISREG(mode)) return FileKind::kRegular;
  if (S_ISDIR(mode)) return FileKind::kFolder;
  if (S_ISFIFO(mode)) return FileKind::kPipe;
  return S_ISSOCK(mode) ? FileKind::kSocket : FileKind::kDevice;
}

}  // namespace

FileKind kind_of_file(const char* path) {
  struct stat status{};
  if (stat(path, &status) == 0) return kind_of_mode(status.st_mode);
  const int reason = errno;
  if (reason == ENOENT && lstat(path, &status) == 0) return FileKind::kDeadLink;
  errno = reason;
  return reason == ENOENT || reason == ENOTDIR ? FileKind::kMissing : FileKind::kUnreadable;
}

int open_file(const char* path) { return open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY); }

FileKind kind_of_file(int descriptor, uint64_t* size) {
  struct stat status{};
  if (fstat(descriptor, &status) != 0) return FileKind::kUnreadable;
  *size = static_cast<uint64_t>(status.st_size);
  return kind_of_mode(status.st_mode);
}

int create_file(const char* path) {
  return open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
}

int64_t read_at(int descriptor, void* to, size_t size, uint64_t offset) {
  return pread(descriptor, to, size, static_cast<off_t>(offset));
}

int64_t write_at(int descriptor, const void* from, size_t size, uint64_t offset) {
  return pwrite(descriptor, from, size, static_cast<off_t>(offset));
}

void close_file(int descriptor) { close(descriptor); }

}  // namespace tenon::platform
