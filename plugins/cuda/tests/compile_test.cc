// SPDX-License-Identifier: Apache-2.0
//
// NVRTC takes every program of plugins/gpu_common/kernels, and everything that
// plugins/gpu_common/README.md promises to kernels. No device is needed for that, nor does it show
// that results are right.
#include <elf.h>
#include <gmock/gmock.h>

#include <atomic>
#include <mutex>
#include <thread>

#include "plugins/cuda/compiler.h"
#include "programs.h"
#include "tenon/device/kernel.h"
#include "tenon/tenon_plugin.hpp"

namespace tenon::cuda {
namespace {

using ::testing::ElementsAre;
using testing::expand;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::Program;

// The oldest that CUDA 13 compiles for, and the two of data centres.
constexpr int kCapabilities[] = {75, 90, 100};

bool is_elf(const std::string& cubin) { return cubin.starts_with(ELFMAG); }

// The failures of all programs, on as many threads as there are cores. `effort`: for a capability.
std::vector<std::string> compile_all(const std::vector<Program>& programs,
                                     Effort (*effort)(int capability)) {
  constexpr size_t kTargets = std::size(kCapabilities);
  std::vector<std::string> failures;
  std::mutex mutex;
  std::atomic<size_t> next = 0;
  const auto work = [&] {
    for (size_t i = next++; i < programs.size() * kTargets; i = next++) {
      const Program& program = programs[i / kTargets];
      std::string failure;
      try {
        const int capability = kCapabilities[i % kTargets];
        const std::string cubin = compile(program.source, kernel_text(program.source),
                                          program.definitions, capability, effort(capability));
        if (!is_elf(cubin)) failure = program.source + ": what came out is no ELF file";
      } catch (const std::exception& exception) {
        failure = exception.what();
      }
      const std::lock_guard lock(mutex);
      if (!failure.empty()) failures.push_back(failure);
    }
  };
  std::vector<std::thread> threads;
  for (unsigned i = 0; i < std::max(1u, std::thread::hardware_concurrency()); ++i) {
    threads.emplace_back(work);
  }
  for (std::thread& thread : threads) thread.join();
  return failures;
}

// Uses every word of the table in plugins/gpu_common/README.md once, with the types it promises.
constexpr const char* kEveryWord = R"(
CONSTANT int table[2] = {1, 2};
DEVICE float twice(float x) { return x + x; }
DEVICE void store(GLOBAL float *RESTRICT to, LOCAL float *from) { *to = *from; }
KERNEL(words)(OUT(float, y), IN(float, x), FAULT(f), long count, long chunk) {
  LOCAL_ARRAY(float, tile, 4);
  GLOBAL const float *RESTRICT in = CONST_AT(float, x);
  tile[LOCAL_ID(0)] = twice(in[GLOBAL_ID(2)]) * table[GROUP_ID(1)];
  BARRIER();
  UNROLL
  for (int k = 0; k < 4; ++k) tile[k] += LOCAL_SIZE(2) * GROUPS(1);
  const schar a = -1; const uchar b = 255; const ushort c = 65535; const uint d = 0xFFFFFFFFu;
  const long e = -1L; const ulong g = 1;
  if (a > 0 || c < b || sizeof(e) != 8 || sizeof(g) != 8 || sizeof(d) != 4) RAISE(f, FAULT_INDEX);
  const uint half = mul_hi(d, d);
  const float bits = as_float(as_uint(1.0f) + half + (uint)as_int(2.0f));
  const double wide = as_double(as_ulong(1.0) + (ulong)as_long(2.0));
  ATOMIC_ADD_INT((GLOBAL int *)f, 1);
  ATOMIC_ADD_FLOAT(AT(float, y), 1.0f);
  ATOMIC_CAS_INT((GLOBAL int *)f, 0, 1);
  float r = bits + (float)wide + INFINITY + NAN;
  if (isnan(r) || isinf(r) || isfinite(r)) r = exp(r) + log(r) + sqrt(r) + pow(r, 2.0f) + tanh(r);
  r += erf(r) + floor(r) + rint(r) + fma(r, r, r) + fmin(r, 1.0f) + fmax(r, 1.0f) + fabs(r);
  r += (float)min(1, 2) + (float)max(1L, 2L) + (float)abs(-1);
  store(AT(float, y), tile);
  FOR_ELEMENTS(i, count, chunk) AT(float, y)[i] = r;
}
)";

// Machine code of every program for every capability; for one of them as the plugin makes it.
TEST(Compile, EveryProgramForEveryCapability) {
  const std::vector<Program> programs = testing::all_programs();
  ASSERT_FALSE(programs.empty());
  EXPECT_THAT(
      compile_all(programs,
                  [](int capability) { return capability == 90 ? Effort::kFull : Effort::kLeast; }),
      IsEmpty());
  std::printf("%zu programs, %zu capabilities\n", programs.size(), std::size(kCapabilities));
}

// The same as the plugin makes it for all: twice as long, so a test of its own (CMakeLists.txt).
TEST(Full, EveryProgramForEveryCapability) {
  EXPECT_THAT(compile_all(testing::all_programs(), [](int) { return Effort::kFull; }), IsEmpty());
}

TEST(Compile, DialectHasEveryWord) {
  // Behind a kernel file, as one of its own.
  const std::string words = kernel_text("fill") + kEveryWord;
  for (const int capability : kCapabilities) {
    EXPECT_TRUE(is_elf(compile("words", words, "-DT=uint", capability)));
  }
}

// The functions that look at bits are written in another way then.
TEST(Compile, SubnormalNumbersAsZero) {
  for (const std::string type : {"f32", "f64", "bf16"}) {
    const std::string one = "-DHAS_DOUBLE -DT0=" + type + " -DT1=T0 -DTC=T0 ";
    for (const std::string form :
         {"-DGROUP=trigonometry -DARITY=1", "-DGROUP=power -DARITY=2 -DT2=T0",
          "-DGROUP=division -DARITY=2 -DT2=T0"}) {
      EXPECT_TRUE(is_elf(compile("elementwise", kernel_text("elementwise"), one + form, 75,
                                 Effort::kLeast, true)));
    }
  }
}

TEST(Compile, ErrorsSayWhichProgramAndWhere) {
  try {
    compile("wrong", "\n\nextern \"C\" __global__ void f(T x) { x = ; }", "-DT=int -DUNUSED=1", 75);
    FAIL() << "it compiled";
  } catch (const device::KernelError& error) {
    EXPECT_EQ(error.status, TN_INTERNAL);
    EXPECT_THAT(error.what(), HasSubstr("wrong (-DT=int -DUNUSED=1) does not compile: wrong(3)"));
  }
}

TEST(Compile, DefinitionsAreThoseOfTheSourceAlone) {
  // NVRTC's own headers have templates with a parameter called T.
  const std::string text = "extern \"C\" __global__ void f(T *x) { *x = sizeof(x[0]) + FLAG; }";
  EXPECT_TRUE(is_elf(compile("types", text, "-DT=float  -DFLAG", 75)));
  EXPECT_THROW(compile("types", text, "T=float", 75), device::KernelError);
}

TEST(Compile, UnknownCapability) {
  EXPECT_THROW(compile("empty", "", "", 12), device::KernelError);
}

TEST(Compile, UnknownSource) { EXPECT_THROW(kernel_text("no_such"), device::KernelError); }

TEST(Programs, Braces) {
  EXPECT_THAT(expand("-DT=float"), ElementsAre("-DT=float"));
  EXPECT_THAT(expand("-DT={a,b} -DR={1,2}"),
              ElementsAre("-DT=a -DR=1", "-DT=a -DR=2", "-DT=b -DR=1", "-DT=b -DR=2"));
  EXPECT_THROW(expand("-DT={a"), std::runtime_error);
}

}  // namespace
}  // namespace tenon::cuda
