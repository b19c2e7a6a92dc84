# shellcheck shell=bash
# Paths and small helpers that every script shares. Source it; it changes nothing by itself.

TENON_ROOT="$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)"
TENON_BUILD="$TENON_ROOT/build"
TENON_VENV="$TENON_BUILD/venv"
# Heavy third-party builds live here, so that removing build/ does not repeat them.
TENON_CACHE="${TENON_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/tenon}"
TENON_JOBS="${TENON_JOBS:-$(nproc 2>/dev/null || echo 2)}"

# Compiled objects are shared between checkouts: paths inside the tree count relative to it.
export CCACHE_BASEDIR="$TENON_ROOT" CCACHE_NOHASHDIR=1

tenon_say() { printf '\n== %s\n' "$*"; }
tenon_note() { printf '   %s\n' "$*"; }
tenon_die() {
  printf 'error: %s\n' "$*" >&2
  exit 1
}

# tenon_hash FILE...: one key for the content of all files.
tenon_hash() { cat "$@" | sha256sum | cut -c1-16; }

# tenon_list FILE...: the entries of requirement lists, without comments and empty lines.
tenon_list() { sed -e 's/#.*//' -e '/^[[:space:]]*$/d' "$@"; }

# tenon_strictly FUNCTION...: runs a function of scripts/lib in a process of its own, which ends at the
# first command that fails. Within a condition (if, !, ||, &&) bash ignores -e, in whatever the condition
# calls too, and no subshell brings it back.
tenon_strictly() {
  bash -euo pipefail -c 'for part in setup build wheel cross; do source "$0/scripts/lib/$part.sh"; done; "$@"' \
    "$TENON_ROOT" "$@"
}

# tenon_quietly LOG COMMAND...: output goes to LOG and is shown only when the command fails.
tenon_quietly() { # May be a condition.
  local log="$1"
  shift
  mkdir -p "$(dirname "$log")"
  if [[ "$(type -t "$1")" == function ]]; then set -- tenon_strictly "$@"; fi
  if ! "$@" >"$log" 2>&1; then
    tail -n 60 "$log" >&2
    printf 'error: failed: %s (whole output: %s)\n' "$*" "$log" >&2
    return 1
  fi
}

# tenon_locked NAME COMMAND...: one process at a time, so that two scripts never install at once.
tenon_locked() { # May be a condition.
  local name="$1"
  shift
  mkdir -p "$TENON_CACHE"
  (
    flock 9 || exit 1
    "$@"
  ) 9>"$TENON_CACHE/$name.lock"
}
