# shellcheck shell=bash
# Builds ONNX's C++ library and a protobuf of its own as position-independent static archives.
#
# TensorFlow, PyTorch, onnx and ONNX Runtime each bring a protobuf into the process. Tenon links
# its copy into one library with every symbol hidden, so that none of them ever meets another.
# Debian's libprotobuf-lite.a is not position independent (its thread-local storage uses the local-exec
# model), so the lite runtime is compiled here from Debian's source package, whose signature apt checks;
# protoc is Debian's own, of the same version. ONNX's sources lie in its wheel, in the version that
# requirements/demo.txt pins. docs/decisions/onnx-and-protobuf-inside.md has the times.

TENON_PROTOBUF_VERSION=3.21.12
# Raise it whenever the recipe changes (cmake/private_onnx, too), so that older results are not taken for its own.
TENON_ONNX_RECIPE=2

tenon_onnx_version() { tenon_list "$TENON_ROOT/requirements/demo.txt" | sed -n 's/^onnx==//p'; }

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
  local work="$1" prefix="$2" packages launcher=()
  command -v ccache >/dev/null && launcher=(-DCMAKE_CXX_COMPILER_LAUNCHER=ccache)
  # The work folder has a new name each time; ccache must not see that.
  export CCACHE_BASEDIR="$work" CCACHE_NOHASHDIR=1

  [[ "$(protoc --version)" == "libprotoc $TENON_PROTOBUF_VERSION" ]] ||
    tenon_die "protoc is '$(protoc --version)', not of $TENON_PROTOBUF_VERSION: is another one on PATH before Debian's?"
  tenon_fetch_protobuf "$work"
  packages="$("$TENON_VENV/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')"
  [[ -e "$packages/onnx/defs/schema.cc" ]] ||
    tenon_die "the wheel of onnx $(tenon_onnx_version) holds no C++ sources: reinstall it, or take them from its sdist"
  mkdir -p "$work/source"
  (cd "$packages" && find onnx \( -name '*.cc' -o -name '*.h' -o -name '*.h.in' -o -name '*.proto' \) -print0 |
    tar -c --null -T -) | tar -x -C "$work/source"

  cmake -S "$TENON_ROOT/cmake/private_onnx" -B "$work/build" -GNinja -DCMAKE_BUILD_TYPE=Release \
    -DCMAKE_INSTALL_PREFIX="$prefix" -DONNX_SOURCE="$work/source" -DONNX_VERSION="$(tenon_onnx_version)" \
    -DPROTOBUF_SOURCE="$work/protobuf" -DPROTOC="$(command -v protoc)" "${launcher[@]}"
  cmake --build "$work/build" -j "$TENON_JOBS"
  cmake --install "$work/build"
}

# tenon_setup_onnx: builds the archives once; the result appears in one step or not at all.
tenon_setup_onnx() {
  local prefix work started=$SECONDS
  prefix="$(tenon_onnx_prefix)"
  [[ -e "$prefix/complete" ]] && return 0
  tenon_note "building ONNX $(tenon_onnx_version) and protobuf $TENON_PROTOBUF_VERSION (once; about a minute on two cores)"
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
