// SPDX-License-Identifier: Apache-2.0
//
// NVIDIA's libraries, opened at run time: the plugin links none of them, so that it loads on any
// machine and can say what is missing.
//
// A table of functions is a struct with one pointer a function, named and typed as in NVIDIA's
// header. Some names there are macros for a version ("cuStreamDestroy" is cuStreamDestroy_v2); they
// are macros here too, for the field and for the symbol alike.
#pragma once

#include <string>

namespace tenon::cuda {

// A shared library, never closed again. It is looked for where the dynamic linker looks:
// LD_LIBRARY_PATH, the plugin's own run path (the folder of the wheels it was built with), the
// system.
class Library {
 public:
  // Throws plugin::Failure (TN_NO_DEVICE) that says what was tried and `advice`.
  Library(const char* file, const char* advice);

  // Throws plugin::Failure (TN_NO_DEVICE): the library is too old.
  void* symbol(const char* name) const;

  template <class Function>
  void find(Function*& pointer, const char* name) const {
    pointer = reinterpret_cast<Function*>(symbol(name));
  }

 private:
  void* handle_;
  std::string file_;
};

}  // namespace tenon::cuda

// For the lists of functions: a field of a table, and how it is filled.
#define TENON_CUDA_TEXT_(name) #name
#define TENON_CUDA_TEXT(name) TENON_CUDA_TEXT_(name)
// NOLINTNEXTLINE(bugprone-macro-parentheses): a member's name.
#define TENON_CUDA_FIELD(name) decltype(&::name) name = nullptr;
#define TENON_CUDA_FIND(name) library.find(table.name, TENON_CUDA_TEXT(name));
