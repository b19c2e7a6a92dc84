# shellcheck shell=bash
# Builds ONNX's C++ library and a protobuf of its own as position-independent static archives.
#
# TensorFlow, PyTorch, onnx and ONNX Runtime each bring a protobuf into the process. Tenon links
# its copy into one library with every symbol hidden, so that none of them ever meets another.
# Debian's libprotobuf.a is not position independent (its thread-local storage uses the local-exec
# model), so protobuf is compiled here from Debian's source package, whose signature apt checks.
# ONNX comes from its sdist on PyPI, in the version that requirements/base.txt pins.

TENON_PROTOBUF_VERSION=3.21.12
# Raise it whenever the recipe below changes, so that older results are not taken for its own.
TENON_ONNX_RECIPE=1

tenon_onnx_version() { tenon_list "$TENON_ROOT/requirements/base.txt" | sed -n 's/^onnx==//p'; }

# tenon_onnx_prefix: where the result lies; another version, recipe or compiler has another folder.
tenon_onnx_prefix() {
  local key
  key="$({
    echo "$TENON_PROTOBUF_VERSION $TENON_ONNX_RECIPE"
    "${CXX:-g++}" -dumpfullversion -dumpmachine
  } | sha256sum | cut -c1-12)"
  echo "$TENON_CACHE/onnx-$(tenon_onnx_version)-$key"
}

# tenon_fetch_protobuf DIR: unpacks protobuf's source into DIR/protobuf. Package lists and caches
# stay in DIR: the system's own apt configuration is left alone.
tenon_fetch_protobuf() {
  local dir="$1" apt mirror codename keyring=/usr/share/keyrings/debian-archive-keyring.gpg
  mkdir -p "$dir/lists/partial" "$dir/archives/partial"
  if ! command -v apt-get >/dev/null || ! command -v dpkg-source >/dev/null; then
    tenon_die "protobuf $TENON_PROTOBUF_VERSION is built from Debian's source package: apt-get and dpkg-source are needed"
  fi
  # The mirror and the release that this machine's own packages come from.
  # shellcheck disable=SC2016
  read -r mirror codename < <(apt-get indextargets --format '$(REPO_URI) $(CODENAME) $(LABEL) $(COMPONENT)' \
    'Created-By: Packages' | awk '$3 == "Debian" && $4 == "main" && $2 !~ /-/ { print $1, $2; exit }') ||
    tenon_die "apt names no Debian mirror: run apt-get update"
  [[ -e "$keyring" ]] && keyring="[signed-by=$keyring]" || keyring=""
  echo "deb-src $keyring $mirror $codename main" >"$dir/sources.list"
  apt=(apt-get -q -o Dir::Etc::sourcelist="$dir/sources.list" -o Dir::Etc::sourceparts=/dev/null
    -o Dir::State::lists="$dir/lists" -o Dir::Cache="$dir" -o APT::Sandbox::User="$(id -un)")
  "${apt[@]}" update
  (cd "$dir" && "${apt[@]}" source --download-only protobuf)
  (cd "$dir" && dpkg-source --no-check -x protobuf_"$TENON_PROTOBUF_VERSION"*.dsc protobuf)
}

tenon_build_onnx() {
  local work="$1" prefix="$2" cmake="$TENON_VENV/bin/cmake" launcher=()
  command -v ccache >/dev/null && launcher=(-DCMAKE_C_COMPILER_LAUNCHER=ccache -DCMAKE_CXX_COMPILER_LAUNCHER=ccache)
  local common=(-GNinja -DCMAKE_BUILD_TYPE=Release -DCMAKE_INSTALL_PREFIX="$prefix" -DCMAKE_INSTALL_LIBDIR=lib
    -DCMAKE_POSITION_INDEPENDENT_CODE=ON -DCMAKE_CXX_VISIBILITY_PRESET=hidden
    -DCMAKE_VISIBILITY_INLINES_HIDDEN=ON -DBUILD_SHARED_LIBS=OFF "${launcher[@]}")

  # The work folder has a new name each time; ccache must not see that.
  export CCACHE_BASEDIR="$work" CCACHE_NOHASHDIR=1

  tenon_fetch_protobuf "$work"
  "$cmake" -S "$work/protobuf" -B "$work/protobuf-build" "${common[@]}" -DCMAKE_CXX_STANDARD=17 \
    -Dprotobuf_BUILD_TESTS=OFF -Dprotobuf_WITH_ZLIB=OFF
  "$cmake" --build "$work/protobuf-build" -j "$TENON_JOBS"
  "$cmake" --install "$work/protobuf-build"

  # The sdist's metadata needs its own build dependencies: keep pip's build isolation.
  "$TENON_VENV/bin/python" -m pip download --disable-pip-version-check --no-deps --no-binary onnx \
    -d "$work" "onnx==$(tenon_onnx_version)"
  mkdir -p "$work/onnx"
  tar -xf "$work/onnx-$(tenon_onnx_version).tar.gz" -C "$work/onnx" --strip-components=1
  PATH="$prefix/bin:$PATH" "$cmake" -S "$work/onnx" -B "$work/onnx-build" "${common[@]}" \
    -DCMAKE_PREFIX_PATH="$prefix" -DONNX_CUSTOM_PROTOC_EXECUTABLE="$prefix/bin/protoc" \
    -DONNX_BUILD_PYTHON=OFF -DONNX_USE_PROTOBUF_SHARED_LIBS=OFF -DONNX_ML=ON \
    -DPython3_EXECUTABLE="$TENON_VENV/bin/python" -DFETCHCONTENT_FULLY_DISCONNECTED=ON
  "$cmake" --build "$work/onnx-build" -j "$TENON_JOBS"
  "$cmake" --install "$work/onnx-build"
}

# tenon_setup_onnx: builds the archives once; the result appears in one step or not at all.
tenon_setup_onnx() {
  local prefix work started=$SECONDS
  prefix="$(tenon_onnx_prefix)"
  [[ -e "$prefix/complete" ]] && return 0
  tenon_note "building ONNX $(tenon_onnx_version) and protobuf $TENON_PROTOBUF_VERSION (once; a few minutes)"
  mkdir -p "$TENON_CACHE"
  work="$(mktemp -d "$TENON_CACHE/onnx-build.XXXXXX")"
  rm -rf "$prefix"
  if ! tenon_quietly "$TENON_BUILD/log/onnx.log" tenon_build_onnx "$work" "$prefix"; then
    rm -rf "$work" "$prefix"
    tenon_die "ONNX could not be built"
  fi
  rm -rf "$work"
  touch "$prefix/complete"
  tenon_note "ONNX is ready after $((SECONDS - started)) s"
}
