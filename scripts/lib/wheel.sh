# shellcheck shell=bash
# Packing wheels out of the release build in build/; source after build.sh.

# tenon_make_wheel NAME: packs one wheel (tenon, torch or tensorflow) into build/wheels, in place of an
# older one, and checks that what it is for lies in it.
tenon_make_wheel() {
  local folder component prefix targets distribution
  case "$1" in
    tenon)
      folder=adapters/python component=tenon prefix=tenon distribution=tenon_ml
      targets=(tenon_cli tenon_conformance tenon_cpu tenon_device tenon_python_native)
      ;;
    torch)
      folder=adapters/pytorch component=torch_tenon prefix=. distribution=tenon_ml_torch
      targets=(tenon_pytorch)
      ;;
    tensorflow)
      folder=adapters/tensorflow component=tensorflow_tenon prefix=. distribution=tenon_ml_tensorflow
      targets=(tenon_tensorflow tenon_tensorflow_shim)
      ;;
  esac
  local stage="build/wheels/stage" packages package
  cmake --build build -j "$TENON_JOBS" --target "${targets[@]}"
  rm -rf "$stage" "build/wheels/$distribution"-*.whl
  mkdir -p "$stage"
  packages="$(tenon_wheel_packages "$folder")"
  for package in $packages; do
    cp -r "$folder/$package" "$stage"
    find "$stage" -name __pycache__ -exec rm -rf {} +
  done
  cmake --install build --component "$component" --prefix "$stage/$prefix" --strip
  if [[ "$component" == tenon ]]; then
    cmake --install build --component tenon_device --prefix "$stage/$prefix"
  fi
  # The metadata come from pyproject.toml.
  (cd "$folder" && "$TENON_VENV/bin/python" -c \
    'import sys; from scikit_build_core.build import *; prepare_metadata_for_build_wheel(sys.argv[1])' \
    "$TENON_ROOT/$stage")
  "$TENON_VENV/bin/python" -m wheel pack "$stage" --dest-dir build/wheels
  rm -rf "$stage"
  "$TENON_VENV/bin/python" tests/vendor/check_wheel.py "build/wheels/$distribution"-*.whl
}

# tenon_wheel_packages FOLDER: wheel.packages of its pyproject.toml.
tenon_wheel_packages() {
  "$TENON_VENV/bin/python" -c 'import sys, tomllib
print(*tomllib.load(open(sys.argv[1], "rb"))["tool"]["scikit-build"]["wheel"]["packages"])' "$1/pyproject.toml"
}
