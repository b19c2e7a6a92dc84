// SPDX-License-Identifier: Apache-2.0
//
// What operating systems do differently: libraries, processes, memory, files. The loader, the
// layers and the device core call nothing else of them but for what is theirs alone
// (loader/probe.cc: child processes).
//
// posix.cc is Linux and, as far as it is known without one at hand, macOS; windows.cc is Windows.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <thread>

namespace tenon::platform {

// ---- Libraries ----

// Null with the system's reason in `why`.
void* open_library(const std::string& path, std::string* why);
// Null: it has no such symbol.
void* find_symbol(void* library, const char* name);
// The file that holds this code; empty if nobody knows.
std::string file_of_code(const void* address);

// ---- The process ----

int64_t process_id();
// The variables of the environment are somebody else's than the process' rights.
bool is_elevated();
// That this process may run on.
int32_t processor_count();
// Calls these around each fork(); any may be null. False without memory. Where nothing forks,
// nothing happens.
bool watch_forks(void (*before)(), void (*in_parent)(), void (*in_child)());
// To standard error, in one piece; what cannot be written is lost.
void write_error(const char* text, size_t size);
// Copies bytes that may not be there. False: they are not.
bool copy_foreign(void* to, const void* from, size_t size);

// Starts threads that take no signals of the host's, while one of these lives.
class WithoutSignals {
 public:
  WithoutSignals();
  ~WithoutSignals();
  WithoutSignals(const WithoutSignals&) = delete;
  WithoutSignals& operator=(const WithoutSignals&) = delete;

 private:
  alignas(8) unsigned char before_[128];
};
void name_thread(std::thread& thread, const char* name);

// ---- Memory ----

uint64_t page_size();
uint64_t machine_memory();
// Addresses that fault when touched, at a page; null: there are none.
void* reserve_addresses(uint64_t size);
// Makes whole pages of them memory. False: there is none.
bool make_readable(void* pages, uint64_t size);
void release_addresses(void* addresses, uint64_t size);
// Memory for free_aligned; `size` is a multiple of `alignment`, a power of two. Null: there is
// none.
void* allocate_aligned(uint64_t alignment, uint64_t size);
void free_aligned(void* memory);

// ---- Files ----

enum class FileKind {
  kRegular,
  kFolder,
  kPipe,
  kSocket,
  kDevice,
  kMissing,
  kDeadLink,
  kUnreadable
};

// Without opening it: that alone may do something to a device. The reason of kUnreadable is in
// errno.
FileKind kind_of_file(const char* path);
// Opens it for reading, neither waiting for a pipe nor kept by child processes. -1 with errno.
int open_file(const char* path);
FileKind kind_of_file(int descriptor, uint64_t* size);
// Opens an empty file for writing. -1 with errno.
int create_file(const char* path);
// As POSIX' pread and pwrite: bytes, or -1 with errno.
int64_t read_at(int descriptor, void* to, size_t size, uint64_t offset);
int64_t write_at(int descriptor, const void* from, size_t size, uint64_t offset);
void close_file(int descriptor);

}  // namespace tenon::platform
