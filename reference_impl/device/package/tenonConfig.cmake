# find_package(tenon): tenon::device, the core that plugins in C++ are built on, and tenon::headers, the ABI
# alone.
include(CMakeFindDependencyMacro)
set(THREADS_PREFER_PTHREAD_FLAG ON)
find_dependency(Threads)
include(${CMAKE_CURRENT_LIST_DIR}/tenonTargets.cmake)
