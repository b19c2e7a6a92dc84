# shellcheck shell=bash
# Building for other machines; source after setup.sh. Targets are the names of cmake/toolchains/*.cmake.

# tenon_cross_prefix TARGET: build/cross/TARGET, where the toolchain looks for packages, with the header-only
# libraries. They are copied: /usr/include itself would put the headers of this machine's C library first.
tenon_cross_prefix() {
  local prefix="$TENON_BUILD/cross/$1" name
  [[ -e "$prefix/.headers" ]] && return 0
  mkdir -p "$prefix/include" "$prefix/share/cmake"
  for name in nlohmann CLI fmt; do cp -r "/usr/include/$name" "$prefix/include/"; done
  for name in nlohmann_json CLI11; do cp -r "/usr/share/cmake/$name" "$prefix/share/cmake/"; done
  # Of fmt not the part that names the compiled library: only its headers are used. As deep as it was, since it
  # finds them relative to itself.
  mkdir -p "$prefix/fmt/lib/cmake/fmt"
  cp /usr/lib/*/cmake/fmt/fmt-config*.cmake /usr/lib/*/cmake/fmt/fmt-targets.cmake "$prefix/fmt/lib/cmake/fmt/"
  touch "$prefix/.headers"
}

# tenon_cross_googletest TARGET: GoogleTest in that prefix, from Debian's source (libgtest-dev).
tenon_cross_googletest() {
  local build="$TENON_BUILD/cross/$1-googletest"
  [[ -e "$TENON_BUILD/cross/$1/.googletest" ]] && return 0
  cmake -S /usr/src/googletest -B "$build" -G Ninja -DCMAKE_BUILD_TYPE=Release -DCMAKE_CXX_STANDARD=20 \
    -DCMAKE_CXX_COMPILER_LAUNCHER=ccache "--toolchain=$TENON_ROOT/cmake/toolchains/$1.cmake" \
    "-DCMAKE_INSTALL_PREFIX=$TENON_BUILD/cross/$1"
  cmake --build "$build" --target install -j "$TENON_JOBS"
  touch "$TENON_BUILD/cross/$1/.googletest"
}

# tenon_cross_configure TARGET [CMAKE OPTION...]: build/TARGET, with neither Python nor ONNX nor tests.
tenon_cross_configure() {
  local target="$1"
  shift
  (cd "$TENON_ROOT" && cmake --preset release -B "build/$target" "--toolchain=cmake/toolchains/$target.cmake" \
    -DTENON_BUILD_TESTS=OFF -DTENON_BUILD_ONNX=OFF -DTENON_BUILD_PYTHON=OFF "$@")
}
