# Helpers for the folders' CMakeLists.txt.

# All unit tests save those with the label `full`; `cmake --build build --target tenon_tests`.
add_custom_target(tenon_tests)
# Those.
add_custom_target(tenon_full_tests)
# What scripts/demo builds.
add_custom_target(tenon_demo)

# tenon_unite(target [size]): up to `size` of its sources at a time (6) become one for the compiler, which else
# reads the same headers, and instruments the same templates under sanitizers, again for each: a first build
# takes less than half the time. TENON_UNITE=OFF compiles each file alone, for those who change one at a time.
# A source stays by itself with the property SKIP_UNITY_BUILD_INCLUSION, or options of its own.
function(tenon_unite target)
  set(size 6)
  if(ARGC GREATER 1)
    set(size ${ARGV1})
  endif()
  if(TENON_UNITE)
    set_target_properties(${target} PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE ${size})
  endif()
endfunction()

# tenon_add_test(name SOURCES file... [LIBS target...] [NEEDS target...] [ARGS arg...]
#                [ENV NAME=value...] [LABELS label...] [TIMEOUT seconds] [NO_GTEST] [LOOPS] [SINGLE_THREADED])
# One test program and one CTest entry of that name. NEEDS names targets that the test opens at
# run time. The label `nosanitize` keeps a test out of builds with sanitizers, and `full` leaves it to the
# full run. With sanitizers its own sources are not optimized, which halves the time that they take to compile, save
# for those of LOOPS, which take longer to run. SINGLE_THREADED: there is no race to find.
function(tenon_add_test name)
  if(NOT TENON_BUILD_TESTS)
    return()
  endif()
  cmake_parse_arguments(T "NO_GTEST;LOOPS;SINGLE_THREADED" "TIMEOUT" "SOURCES;LIBS;NEEDS;ARGS;ENV;LABELS" ${ARGN})
  if(T_UNPARSED_ARGUMENTS OR NOT T_SOURCES)
    message(FATAL_ERROR "tenon_add_test(${name}): wrong arguments: ${T_UNPARSED_ARGUMENTS}")
  endif()
  if(TENON_SANITIZE AND nosanitize IN_LIST T_LABELS)
    return()
  endif()
  if(TENON_SANITIZE STREQUAL "thread" AND T_SINGLE_THREADED)
    return()
  endif()
  add_executable(${name} ${T_SOURCES})
  if(TENON_SANITIZE)
    tenon_unite(${name})
    if(NOT T_LOOPS)
      target_compile_options(${name} PRIVATE -O0)
    endif()
  endif()
  tenon_warnings(${name})
  target_link_libraries(${name} PRIVATE ${T_LIBS} Threads::Threads)
  if(NOT T_NO_GTEST)
    target_link_libraries(${name} PRIVATE GTest::gmock GTest::gtest_main)
  endif()
  if(T_NEEDS)
    add_dependencies(${name} ${T_NEEDS})
  endif()
  if(full IN_LIST T_LABELS)
    add_dependencies(tenon_full_tests ${name})
  else()
    add_dependencies(tenon_tests ${name})
  endif()
  add_test(NAME ${name} COMMAND ${name} ${T_ARGS})
  if(NOT T_TIMEOUT)
    set(T_TIMEOUT 120)
  endif()
  if(TENON_SANITIZE)
    math(EXPR T_TIMEOUT "${T_TIMEOUT} * 6")
  endif()
  set_tests_properties(${name} PROPERTIES TIMEOUT ${T_TIMEOUT} LABELS "${T_LABELS}"
                                          ENVIRONMENT "${T_ENV}")
endfunction()

# tenon_export_only(target symbol...): the shared library exports exactly these symbols (patterns
# are allowed). Static archives inside, such as ONNX and protobuf, stay invisible, including the
# unique symbols of templates, which would otherwise be merged across the whole process. With
# VERSION NAME first, programs that are linked with it ask for symbols of that version, and do not
# start with a library that has none.
function(tenon_export_only target)
  if(NOT UNIX OR APPLE)
    return()  # Windows exports what the source says, by itself; Apple's linker knows no version scripts.
  endif()
  cmake_parse_arguments(PARSE_ARGV 1 T "" "VERSION" "")
  set(script ${CMAKE_CURRENT_BINARY_DIR}/${target}.map)
  list(JOIN T_UNPARSED_ARGUMENTS "; " symbols)
  if(symbols)
    set(symbols "  global: ${symbols};\n")
  endif()
  file(CONFIGURE OUTPUT ${script} CONTENT "${T_VERSION} {\n${symbols}  local: *;\n};\n" @ONLY)
  target_link_options(${target} PRIVATE LINKER:--exclude-libs,ALL LINKER:--version-script=${script})
  set_property(TARGET ${target} APPEND PROPERTY LINK_DEPENDS ${script})
endfunction()

# tenon_plugin(target): exports the entry alone, and puts the target's manifest (NAME.tenon.json here,
# for target tenon_NAME) beside the library when that is built, so that a build of other targets has
# no broken plugin. Both are installed where loaders look.
function(tenon_plugin target)
  string(REGEX REPLACE "^tenon_" "" name ${target})
  tenon_export_only(${target} tn_plugin_entry)
  add_custom_command(TARGET ${target} POST_BUILD COMMAND ${CMAKE_COMMAND} -E copy
    ${CMAKE_CURRENT_SOURCE_DIR}/${name}.tenon.json ${CMAKE_LIBRARY_OUTPUT_DIRECTORY})
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${name}.tenon.json)
  file(READ ${name}.tenon.json manifest)
  string(REPLACE "lib${target}.so" "../../../lib/lib${target}.so" manifest "${manifest}")
  file(WRITE ${CMAKE_CURRENT_BINARY_DIR}/installed/${name}.tenon.json "${manifest}")
  install(TARGETS ${target} LIBRARY DESTINATION lib)
  install(FILES ${CMAKE_CURRENT_BINARY_DIR}/installed/${name}.tenon.json
          DESTINATION share/tenon/plugins)
endfunction()

# tenon_demo_needs(target...): scripts/demo builds these too. The targets `tenon` (the command)
# and `tenon_python` (the Python package) are always among them.
function(tenon_demo_needs)
  add_dependencies(tenon_demo ${ARGN})
endfunction()

function(tenon_finish)
  foreach(target tenon tenon_python)
    if(TARGET ${target})
      add_dependencies(tenon_demo ${target})
    endif()
  endforeach()
endfunction()
