// SPDX-License-Identifier: Apache-2.0
//
// A libnvrtc.so.13 whose machine code is the host's: CUDA sources go through the C++ compiler,
// behind prelude.h, and a "cubin" is a shared library that the emulated driver loads.
#include <nvrtc.h>

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <regex>
#include <set>
#include <string>
#include <vector>

extern char** environ;

struct _nvrtcProgram {
  std::string name, source, log, cubin;
};

namespace {

std::string read(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

// A folder of its own, gone at the end.
struct Folder {
  Folder() {
    path = (std::filesystem::temp_directory_path() / "emulated-nvrtc-XXXXXX").string();
    if (mkdtemp(path.data()) == nullptr) path.clear();
  }
  ~Folder() {
    std::error_code ignored;
    if (!path.empty()) std::filesystem::remove_all(path, ignored);
  }
  std::string path;
};

// Whether it succeeded; what it says goes to a file.
bool run(std::vector<std::string> words, const std::string& log) {
  std::vector<char*> arguments;
  arguments.reserve(words.size() + 1);
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, log.c_str(),
                                   O_WRONLY | O_CREAT | O_TRUNC, 0600);
  pid_t child = 0;
  const int failed =
      posix_spawnp(&child, arguments[0], &actions, nullptr, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  int status = 0;
  return failed == 0 && waitpid(child, &status, 0) == child && status == 0;
}

// Names of the functions that begin with __global__ in preprocessed text.
std::set<std::string> kernels_of(const std::string& text) {
  static const std::regex pattern(R"(__global__\s+void\s+(\w+))");
  std::set<std::string> names;
  for (std::sregex_iterator at(text.begin(), text.end(), pattern), end; at != end; ++at) {
    names.insert((*at)[1]);
  }
  return names;
}

nvrtcResult compile(_nvrtcProgram& program) {
  const Folder folder;
  const std::string source = folder.path + "/" + program.name + ".cc";
  const std::string expanded = folder.path + "/expanded.cc";
  const std::string library = folder.path + "/module.so";
  const std::string log = folder.path + "/log";
  std::ofstream(source) << program.source;
  const std::string headers = EMULATOR_FOLDER;
  bool good = run({EMULATOR_COMPILER, "-E", "-std=c++17", "-w", "-I" + headers, "-include",
                   headers + "/prelude.h", "-o", expanded, source},
                  log);
  if (good) {
    const std::string text = read(expanded);
    const bool barriers = text.find("__syncthreads") != std::string::npos;
    std::ofstream out(expanded, std::ios::app);
    for (const std::string& name : kernels_of(text)) {
      out << "extern \"C\" __attribute__((visibility(\"default\"))) const emulator::Kernel "
             "emulated_"
          << name << " = emulator::Describe<" << name << ">::kernel(" << barriers << ");\n";
    }
    out.close();
    // Sums and products round one by one (--fmad=false), integers wrap. Modules have kernels of the
    // same names: nothing of one may stand for that of another.
    good = run({EMULATOR_COMPILER, "-std=c++17", "-w", "-O1", "-fPIC", "-shared",
                "-D__global__=", "-D__syncthreads=emulated_barrier", "-ffp-contract=off",
                "-fno-strict-aliasing", "-fwrapv", "-fno-math-errno", "-fno-exceptions",
                "-fno-rtti", "-fvisibility=hidden", "-fno-gnu-unique", "-o", library, expanded},
               log);
  }
  program.log = read(log);
  if (!good) return NVRTC_ERROR_COMPILATION;
  program.cubin = read(library);
  return NVRTC_SUCCESS;
}

nvrtcResult give(const std::string& text, char* to) {
  std::copy(text.begin(), text.end(), to);
  return NVRTC_SUCCESS;
}

}  // namespace

extern "C" {

nvrtcResult nvrtcVersion(int* major, int* minor) {
  *major = 13;
  *minor = 0;
  return NVRTC_SUCCESS;
}

const char* nvrtcGetErrorString(nvrtcResult result) {
  return result == NVRTC_SUCCESS ? "success" : "the emulated NVRTC failed";
}

nvrtcResult nvrtcCreateProgram(nvrtcProgram* program, const char* source, const char* name, int,
                               const char* const*, const char* const*) {
  *program = new _nvrtcProgram{name, source, {}, {}};
  return NVRTC_SUCCESS;
}

nvrtcResult nvrtcDestroyProgram(nvrtcProgram* program) {
  delete *program;
  *program = nullptr;
  return NVRTC_SUCCESS;
}

nvrtcResult nvrtcCompileProgram(nvrtcProgram program, int, const char* const*) {
  return compile(*program);
}

nvrtcResult nvrtcGetCUBINSize(nvrtcProgram program, size_t* size) {
  *size = program->cubin.size();
  return NVRTC_SUCCESS;
}
nvrtcResult nvrtcGetCUBIN(nvrtcProgram program, char* to) { return give(program->cubin, to); }

nvrtcResult nvrtcGetProgramLogSize(nvrtcProgram program, size_t* size) {
  *size = program->log.size();
  return NVRTC_SUCCESS;
}
nvrtcResult nvrtcGetProgramLog(nvrtcProgram program, char* to) { return give(program->log, to); }

}  // extern "C"
