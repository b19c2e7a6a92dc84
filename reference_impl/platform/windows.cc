// SPDX-License-Identifier: Apache-2.0
//
// It compiles, and nothing of it has run: see docs/other_machines.md.
#define WIN32_LEAN_AND_MEAN
#define NOMINMAX
#include <fcntl.h>
#include <io.h>
#include <malloc.h>
#include <sys/stat.h>
#include <windows.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>

#include "reference_impl/platform/platform.h"

namespace tenon::platform {
namespace {

std::string message_of(DWORD error) {
  char text[256];
  const DWORD size = FormatMessageA(FORMAT_MESSAGE_FROM_SYSTEM | FORMAT_MESSAGE_IGNORE_INSERTS,
                                    nullptr, error, 0, text, sizeof(text), nullptr);
  return size != 0 ? std::string(text, size) : "error " + std::to_string(error);
}

// Paths of ours are UTF-8.
std::wstring wide(const std::string& path) {
  return std::filesystem::path(std::u8string(path.begin(), path.end())).wstring();
}

}  // namespace

void* open_library(const std::string& path, std::string* why) {
  // What the library needs is looked for beside it, and never in the current folder.
  HMODULE library =
      LoadLibraryExW(wide(path).c_str(), nullptr,
                     LOAD_LIBRARY_SEARCH_DLL_LOAD_DIR | LOAD_LIBRARY_SEARCH_DEFAULT_DIRS);
  if (library == nullptr) *why = message_of(GetLastError());
  return library;
}

void* find_symbol(void* library, const char* name) {
  return reinterpret_cast<void*>(GetProcAddress(static_cast<HMODULE>(library), name));
}

std::string file_of_code(const void* address) {
  HMODULE module = nullptr;
  if (!GetModuleHandleExW(
          GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS | GET_MODULE_HANDLE_EX_FLAG_UNCHANGED_REFCOUNT,
          static_cast<LPCWSTR>(address), &module)) {
    return "";
  }
  wchar_t path[4096];
  const DWORD size = GetModuleFileNameW(module, path, 4096);
  if (size == 0 || size == 4096) return "";
  const std::u8string text = std::filesystem::path(path).u8string();
  return {text.begin(), text.end()};
}

int64_t process_id() { return static_cast<int64_t>(GetCurrentProcessId()); }

bool is_elevated() { return false; }  // Rights are the user's, never the file's.

int32_t processor_count() {
  DWORD_PTR of_process = 0;
  DWORD_PTR of_system = 0;
  if (GetProcessAffinityMask(GetCurrentProcess(), &of_process, &of_system) && of_process != 0) {
    return static_cast<int32_t>(__builtin_popcountll(of_process));
  }
  return static_cast<int32_t>(std::max(std::thread::hardware_concurrency(), 1u));
}

bool watch_forks(void (*)(), void (*)(), void (*)()) { return true; }

void write_error(const char* text, size_t size) { _write(2, text, static_cast<unsigned>(size)); }

bool copy_foreign(void* to, const void* from, size_t size) {
  SIZE_T got = 0;
  return ReadProcessMemory(GetCurrentProcess(), from, to, size, &got) != 0 && got == size;
}

WithoutSignals::WithoutSignals() { before_[0] = 0; }
WithoutSignals::~WithoutSignals() = default;

void name_thread(std::thread&, const char*) {}  // std::thread has no handle of Windows here.

uint64_t page_size() {
  SYSTEM_INFO info;
  GetSystemInfo(&info);
  return info.dwPageSize;
}

uint64_t machine_memory() {
  MEMORYSTATUSEX status{};
  status.dwLength = sizeof(status);
  return GlobalMemoryStatusEx(&status) ? status.ullTotalPhys : 0;
}

void* reserve_addresses(uint64_t size) {
  return VirtualAlloc(nullptr, size, MEM_RESERVE, PAGE_NOACCESS);
}

bool make_readable(void* pages, uint64_t size) {
  return VirtualAlloc(pages, size, MEM_COMMIT, PAGE_READWRITE) != nullptr;
}

void release_addresses(void* addresses, uint64_t) { VirtualFree(addresses, 0, MEM_RELEASE); }

void* allocate_aligned(uint64_t alignment, uint64_t size) {
  return _aligned_malloc(size, alignment);
}

void free_aligned(void* memory) { _aligned_free(memory); }

FileKind kind_of_file(const char* path) {
  const DWORD flags = GetFileAttributesW(wide(path).c_str());
  if (flags == INVALID_FILE_ATTRIBUTES) {
    const DWORD reason = GetLastError();
    errno = reason == ERROR_ACCESS_DENIED ? EACCES : EIO;
    return reason == ERROR_FILE_NOT_FOUND || reason == ERROR_PATH_NOT_FOUND ? FileKind::kMissing
                                                                            : FileKind::kUnreadable;
  }
  if ((flags & FILE_ATTRIBUTE_DIRECTORY) != 0) return FileKind::kFolder;
  return (flags & FILE_ATTRIBUTE_DEVICE) != 0 ? FileKind::kDevice : FileKind::kRegular;
}

int open_file(const char* path) {
  return _wopen(wide(path).c_str(), _O_RDONLY | _O_BINARY | _O_NOINHERIT);
}

FileKind kind_of_file(int descriptor, uint64_t* size) {
  struct __stat64 status{};
  if (_fstat64(descriptor, &status) != 0) return FileKind::kUnreadable;
  *size = static_cast<uint64_t>(status.st_size);
  if ((status.st_mode & _S_IFREG) != 0) return FileKind::kRegular;
  return (status.st_mode & _S_IFDIR) != 0 ? FileKind::kFolder : FileKind::kDevice;
}

int create_file(const char* path) {
  return _wopen(wide(path).c_str(), _O_WRONLY | _O_CREAT | _O_TRUNC | _O_BINARY | _O_NOINHERIT,
                _S_IREAD | _S_IWRITE);
}

// Unlike POSIX' they move the position: one thread at a time, as callers have it.
int64_t read_at(int descriptor, void* to, size_t size, uint64_t offset) {
  if (_lseeki64(descriptor, static_cast<int64_t>(offset), SEEK_SET) < 0) return -1;
  return _read(descriptor, to, static_cast<unsigned>(size));
}

int64_t write_at(int descriptor, const void* from, size_t size, uint64_t offset) {
  if (_lseeki64(descriptor, static_cast<int64_t>(offset), SEEK_SET) < 0) return -1;
  return _write(descriptor, from, static_cast<unsigned>(size));
}

void close_file(int descriptor) { _close(descriptor); }

}  // namespace tenon::platform
