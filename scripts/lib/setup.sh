# shellcheck shell=bash
# Installs what the build needs: Debian packages, the Python environment in build/venv, and the
# private ONNX library. Every step is a no-op when it is already done, so scripts just call it.
#
#   tenon_setup            enough for the build and what needs no framework
#   tenon_setup --all      also the frameworks, CUDA's headers, the formatter, the fuzzer and compilers for
#                          other machines, for the tests
#
# scripts/demo calls parts of it, one after the other: tenon_setup_apt demo, tenon_setup_demo.

# shellcheck source=scripts/lib/common.sh
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
# shellcheck source=scripts/lib/onnx.sh
source "$(dirname "${BASH_SOURCE[0]}")/onnx.sh"

# tenon_missing_packages NAME...: those that dpkg does not list as installed.
tenon_missing_packages() {
  local package
  for package in "$@"; do
    if [[ "$(dpkg-query -W -f '${db:Status-Abbrev}' "$package" 2>/dev/null)" != ii* ]]; then
      echo "$package"
    fi
  done
}

# tenon_setup_apt LIST...: installs requirements/apt-LIST.txt. Without rights to do so it names
# the missing packages and stops.
tenon_setup_apt() {
  local files=() wanted=() missing=() as_root=() list
  for list in "$@"; do files+=("$TENON_ROOT/requirements/apt-$list.txt"); done
  mapfile -t wanted < <(tenon_list "${files[@]}")
  if ! command -v dpkg-query >/dev/null; then
    tenon_note "no dpkg here: install the equivalents of: ${wanted[*]}"
    return 0
  fi
  mapfile -t missing < <(tenon_missing_packages "${wanted[@]}")
  ((${#missing[@]})) || return 0

  if [[ $EUID -ne 0 ]]; then
    if command -v sudo >/dev/null && sudo -n true 2>/dev/null; then
      as_root=(sudo -n)
    else
      tenon_die "these Debian packages are missing, and this user may not install them:
  ${missing[*]}
Install them with: sudo apt-get install --no-install-recommends ${missing[*]}"
    fi
  fi
  command -v apt-get >/dev/null || tenon_die "apt-get is absent and these packages are missing: ${missing[*]}"
  tenon_note "installing Debian packages: ${missing[*]}"
  # Package lists may be old or absent: an update that fails is only told when the install fails.
  "${as_root[@]}" apt-get update -qq >/dev/null 2>&1 || tenon_note "apt-get update failed; using the lists at hand"
  tenon_quietly "$TENON_BUILD/log/apt.log" "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
    apt-get install -y --no-install-recommends "${missing[@]}" ||
    tenon_die "these Debian packages could not be installed: ${missing[*]}"
}

# tenon_find_python: the first Python 3.11 or newer on PATH that has its C headers.
# 3.11 is tried first, because the pinned frameworks have wheels for it everywhere.
tenon_find_python() {
  local name
  for name in python3.11 python3 python3.12 python3.13 /usr/bin/python3; do
    if "$name" - 2>/dev/null <<'PY'; then
import os, sys, sysconfig
ok = sys.version_info >= (3, 11) and os.path.exists(os.path.join(sysconfig.get_path("include"), "Python.h"))
print(os.path.realpath(sys.executable)) if ok else sys.exit(1)
PY
      return 0
    fi
  done
  tenon_die "no Python 3.11 or newer with C headers on PATH (Debian: python3, python3-dev, python3-venv)"
}

# tenon_pip_group GROUP FILE [PIP OPTION...]: installs one requirement list once.
tenon_pip_group() {
  local group="$1" file="$TENON_ROOT/requirements/$2" pins="$TENON_ROOT/requirements/constraints.txt" stamp
  shift 2
  stamp="$TENON_VENV/.tenon-$group-$(tenon_hash "$file" "$pins")"
  [[ -e "$stamp" ]] && return 0
  tenon_note "installing Python packages: $group"
  tenon_quietly "$TENON_BUILD/log/pip-$group.log" \
    "$TENON_VENV/bin/python" -m pip install --disable-pip-version-check "$@" -r "$file" -c "$pins" ||
    tenon_die "the Python packages of requirements/$group.txt could not be installed"
  rm -f "$TENON_VENV/.tenon-$group-"????????????????
  touch "$stamp"
}

# tenon_setup_venv GROUP...: build/venv with requirements/GROUP.txt. Python there finds the
# packages that the build puts into build/python.
tenon_setup_venv() {
  local group site
  if [[ ! -x "$TENON_VENV/bin/python" ]] || ! "$TENON_VENV/bin/python" -c 'import pip' 2>/dev/null; then
    local python
    python="$(tenon_find_python)"
    tenon_note "creating build/venv with $("$python" -V)"
    rm -rf "$TENON_VENV"
    tenon_quietly "$TENON_BUILD/log/venv.log" "$python" -m venv "$TENON_VENV"
  fi
  for group in "$@"; do
    case "$group" in
      *-no-deps) tenon_pip_group "$group" "$group.txt" --no-deps ;;
      # Python compiles what is imported; compiling all of it takes half of the time.
      demo) tenon_pip_group "$group" "$group.txt" --no-compile ;;
      *) tenon_pip_group "$group" "$group.txt" ;;
    esac
  done
  site="$("$TENON_VENV/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')"
  mkdir -p "$TENON_BUILD/python"
  if [[ "$(cat "$site/tenon-build.pth" 2>/dev/null)" != "$TENON_BUILD/python" ]]; then
    echo "$TENON_BUILD/python" >"$site/tenon-build.pth"
  fi
}

# tenon_write_deps: tells CMake where the parts are that setup installed.
tenon_write_deps() {
  local deps
  deps="# Written by scripts/lib/setup.sh; read by CMakeLists.txt.
set(TENON_ONNX_PREFIX \"$(tenon_onnx_prefix)\" CACHE PATH \"Private ONNX and protobuf\" FORCE)
set(Python_EXECUTABLE \"$TENON_VENV/bin/python\" CACHE FILEPATH \"Python of the bindings\")"
  if [[ "$(cat "$TENON_BUILD/deps.cmake" 2>/dev/null)" != "$deps" ]]; then
    echo "$deps" >"$TENON_BUILD/deps.cmake"
  fi
}

tenon_setup_unlocked() {
  local apt=(demo base) python=(demo demo-no-deps base)
  if [[ "${1:-}" == --all ]]; then
    apt+=(lint cross)
    python+=(frameworks cuda)
  fi
  tenon_setup_apt "${apt[@]}"
  tenon_setup_parts "${python[@]}"
}

# tenon_setup_parts GROUP...: everything but Debian's packages.
tenon_setup_parts() {
  mkdir -p "$TENON_BUILD"
  tenon_setup_venv "$@"
  tenon_setup_onnx
  tenon_write_deps
}

tenon_setup() { tenon_locked setup tenon_setup_unlocked "$@"; }
tenon_setup_demo() { tenon_locked setup tenon_setup_parts demo demo-no-deps; }
