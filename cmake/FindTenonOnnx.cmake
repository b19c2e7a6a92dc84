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

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(TenonOnnx
  REQUIRED_VARS TENON_ONNX_LIBRARY TENON_PROTOBUF_LIBRARY
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
    INTERFACE_COMPILE_DEFINITIONS "ONNX_NAMESPACE=onnx;ONNX_ML=1;ONNX_USE_LITE_PROTO;__ONNX_NO_DOC_STRINGS"
    INTERFACE_LINK_LIBRARIES tenon_protobuf_archive)
endif()
