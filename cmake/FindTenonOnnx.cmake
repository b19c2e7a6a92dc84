# Finds the private ONNX and protobuf that scripts/lib/onnx.sh builds.
#
# Input:  TENON_ONNX_PREFIX (build/deps.cmake sets it)
# Output: tenon::onnx_static, position-independent archives of ONNX, its messages and protobuf's lite runtime.
#
# Link tenon::onnx_static PRIVATE, into one shared library only, and hide it there with
# tenon_export_only(). No ONNX or protobuf type may appear in a header that others include.
set(lib ${TENON_ONNX_PREFIX}/lib)
find_library(TENON_ONNX_LIBRARY NAMES libonnx.a PATHS ${lib} NO_DEFAULT_PATH NO_CACHE)
find_library(TENON_PROTOBUF_LIBRARY NAMES libprotobuf-lite.a PATHS ${lib} NO_DEFAULT_PATH NO_CACHE)
# How they were compiled. Absent in what an older recipe has made.
include(${TENON_ONNX_PREFIX}/definitions.cmake OPTIONAL)

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(TenonOnnx
  REQUIRED_VARS TENON_ONNX_LIBRARY TENON_PROTOBUF_LIBRARY TENON_ONNX_DEFINITIONS
  REASON_FAILURE_MESSAGE "run scripts/demo or scripts/test once: they build it (or -DTENON_BUILD_ONNX=OFF)")

if(TenonOnnx_FOUND AND NOT TARGET tenon::onnx_static)
  find_package(Threads REQUIRED)
  add_library(tenon_protobuf_archive STATIC IMPORTED GLOBAL)
  set_target_properties(tenon_protobuf_archive PROPERTIES
    IMPORTED_LOCATION ${TENON_PROTOBUF_LIBRARY}
    INTERFACE_INCLUDE_DIRECTORIES ${TENON_ONNX_PREFIX}/include
    INTERFACE_LINK_LIBRARIES Threads::Threads)
  add_library(tenon::onnx_static STATIC IMPORTED GLOBAL)
  set_target_properties(tenon::onnx_static PROPERTIES
    IMPORTED_LOCATION ${TENON_ONNX_LIBRARY}
    INTERFACE_INCLUDE_DIRECTORIES ${TENON_ONNX_PREFIX}/include
    INTERFACE_COMPILE_DEFINITIONS "${TENON_ONNX_DEFINITIONS}"
    INTERFACE_LINK_LIBRARIES tenon_protobuf_archive)
endif()
