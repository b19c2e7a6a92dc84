# shellcheck shell=bash
# Building and running tests under sanitizers: ASan with UBSan, then TSan. Without ONNX, Python and the
# frameworks, whose libraries are not instrumented, and without the plugins, whose drivers are not. The CTest
# label `nosanitize` keeps a test out.

# shellcheck source=scripts/lib/common.sh
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

# tenon_sanitize_stage TARGET CTEST OPTION...: builds the target, runs the tests that the options choose, and
# exits as a stage does.
tenon_sanitize_stage() {
  local target="$1" preset failures=0 tests=0 fixed_layout=()
  shift
  cd "$TENON_ROOT"
  export ASAN_OPTIONS="detect_leaks=1:strict_string_checks=1:detect_stack_use_after_return=1:${ASAN_OPTIONS:-}"
  export UBSAN_OPTIONS="print_stacktrace=1:halt_on_error=1:${UBSAN_OPTIONS:-}"
  export TSAN_OPTIONS="halt_on_error=1:second_deadlock_stack=1:${TSAN_OPTIONS:-}"
  # GCC 12's TSan does not know the address-space layout that newer kernels randomize into.
  if setarch "$(uname -m)" -R true 2>/dev/null; then fixed_layout=(setarch "$(uname -m)" -R); fi

  for preset in asan tsan; do
    echo "-- $preset"
    tenon_quietly "build/log/configure-$preset.log" cmake --preset "$preset"
    cmake --build "build/$preset" -j "$TENON_JOBS" --target "$target"
    ctest --test-dir "build/$preset" -N "$@" | grep -q '^Total Tests: 0$' && continue
    tests=1
    "${fixed_layout[@]}" ctest --test-dir "build/$preset" --output-on-failure -j "$TENON_JOBS" \
      "$@" || failures=$((failures + 1))
  done
  if ((tests == 0)); then
    echo "NOT RUN: no tests to run under sanitizers"
    exit 77
  fi
  ((failures == 0))
}
