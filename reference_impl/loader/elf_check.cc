// SPDX-License-Identifier: Apache-2.0
#include "elf_check.h"

#include <elf.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "regular_file.h"
#include "tenon/tenon_plugin.hpp"

namespace tenon::loader {
namespace {

#if defined(__x86_64__)
constexpr int kMachine = EM_X86_64;
#elif defined(__aarch64__)
constexpr int kMachine = EM_AARCH64;
#elif defined(__riscv)
constexpr int kMachine = EM_RISCV;
#elif defined(__powerpc64__)
constexpr int kMachine = EM_PPC64;
#else
#error "Add the ELF machine of this processor"
#endif
constexpr int kClass = sizeof(void*) == 8 ? ELFCLASS64 : ELFCLASS32;

std::string machine_name(int machine) {
  switch (machine) {
    case EM_X86_64:
      return "x86-64";
    case EM_386:
      return "x86 (32 bit)";
    case EM_AARCH64:
      return "arm64";
    case EM_ARM:
      return "arm (32 bit)";
    case EM_RISCV:
      return "risc-v";
    case EM_PPC64:
      return "ppc64";
    case EM_S390:
      return "s390x";
    default:
      return "machine " + std::to_string(machine);
  }
}

// A header may say anything; what would wrap around is beyond every file.
uint64_t end_of(uint64_t offset, uint64_t size) {
  return size > UINT64_MAX - offset ? UINT64_MAX : offset + size;
}

[[noreturn]] void fail_truncated(uint64_t size, uint64_t needed) {
  plugin::fail(TN_LOAD_FAILED, nullptr,
               "the file is truncated: it has %llu bytes where its header speaks of %llu; copy or "
               "install it again",
               static_cast<unsigned long long>(size), static_cast<unsigned long long>(needed));
}

}  // namespace

void check_library_file(const std::string& path) {
  const RegularFile file(path);
  const uint64_t size = file.size();

  Elf64_Ehdr header{};
  const int64_t got = file.read_at(&header, sizeof(header), 0);
  if (got < 0) plugin::fail(TN_LOAD_FAILED, nullptr, "cannot be read: %s", std::strerror(errno));
  if (std::memcmp(header.e_ident, ELFMAG, std::min<size_t>(SELFMAG, static_cast<size_t>(got))) !=
          0 ||
      got == 0) {
    plugin::fail(TN_LOAD_FAILED, nullptr,
                 "not a shared library (no ELF header); is it a text file or a package?");
  }
  if (static_cast<size_t>(got) < sizeof(header)) fail_truncated(size, sizeof(header));
  if (header.e_machine != kMachine || header.e_ident[EI_CLASS] != kClass) {
    plugin::fail(TN_LOAD_FAILED, nullptr,
                 "built for %s%s, but this process is %s; install the build for this machine",
                 machine_name(header.e_machine).c_str(),
                 header.e_ident[EI_CLASS] != kClass ? " in another word size" : "",
                 machine_name(kMachine).c_str());
  }
  if (header.e_type != ET_DYN) {
    plugin::fail(TN_LOAD_FAILED, nullptr, "an ELF file, but not a shared library");
  }

  // dlopen would map what is missing and die of SIGBUS.
  const uint64_t headers_end =
      end_of(header.e_phoff, static_cast<uint64_t>(header.e_phnum) * sizeof(Elf64_Phdr));
  if (headers_end > size) fail_truncated(size, headers_end);
  // Not needed for loading, but last in the file: if this is whole, all is.
  const uint64_t sections_end =
      end_of(header.e_shoff, static_cast<uint64_t>(header.e_shnum) * sizeof(Elf64_Shdr));
  if (sections_end > size) fail_truncated(size, sections_end);
  for (int i = 0; i < header.e_phnum; ++i) {
    Elf64_Phdr segment{};
    const uint64_t offset = header.e_phoff + static_cast<uint64_t>(i) * sizeof(segment);
    if (file.read_at(&segment, sizeof(segment), offset) != sizeof(segment)) {
      fail_truncated(size, headers_end);
    }
    const uint64_t end = end_of(segment.p_offset, segment.p_filesz);
    if (segment.p_type == PT_LOAD && end > size) fail_truncated(size, end);
  }
}

}  // namespace tenon::loader
