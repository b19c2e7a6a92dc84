# shellcheck shell=bash
# Configuring and building; source after setup.sh.

# tenon_has_python NAME: whether build/venv has that package.
tenon_has_python() { # May be a condition.
  "$TENON_VENV/bin/python" -c 'import importlib.util, sys; sys.exit(not importlib.util.find_spec(sys.argv[1]))' "$1"
}

# tenon_configure_first: what needs neither Python nor ONNX, in build/, unless more was configured there before.
tenon_configure_first() {
  [[ -e "$TENON_BUILD/build.ninja" ]] && return 0
  (cd "$TENON_ROOT" && cmake --preset release -DTENON_BUILD_TESTS=OFF -DTENON_BUILD_ONNX=OFF -DTENON_BUILD_PYTHON=OFF)
}

# tenon_configure [CMAKE OPTION...]: the release build in build/. The adapters of frameworks are
# built if, and only if, build/venv has those frameworks.
tenon_configure() {
  local pytorch=OFF tensorflow=OFF
  tenon_has_python torch && pytorch=ON
  tenon_has_python tensorflow && tensorflow=ON
  (cd "$TENON_ROOT" && cmake --preset release -DTENON_BUILD_ONNX=ON -DTENON_BUILD_PYTHON=ON \
    -DTENON_BUILD_PYTORCH=$pytorch -DTENON_BUILD_TENSORFLOW=$tensorflow "$@")
}
