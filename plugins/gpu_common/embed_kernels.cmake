# Writes OUTPUT, a C++ file with the text of every file in FILES (separated by "|").
string(REPLACE "|" ";" files "${FILES}")
set(rows "")
set(texts "")
set(number 0)
foreach(file IN LISTS files)
  file(READ ${file} text)
  get_filename_component(name ${file} NAME)
  string(APPEND texts "constexpr char kText${number}[] = R\"tenon(${text})tenon\";\n")
  string(APPEND rows "      {\"${name}\", {kText${number}, sizeof(kText${number}) - 1}},\n")
  math(EXPR number "${number} + 1")
endforeach()
file(WRITE ${OUTPUT} "// Generated from plugins/gpu_common/kernels; do not edit.
#include \"plugins/gpu_common/sources.h\"

namespace tenon::gpu {
namespace {
${texts}}  // namespace

std::span<const Source> embedded_sources() {
  static constexpr Source kSources[] = {
${rows}  };
  return kSources;
}

}  // namespace tenon::gpu
")
