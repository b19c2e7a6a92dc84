#!/usr/bin/env bash
# ONNX Runtime's CPU kernels under the judge: prints what differs, and leaves the report in build/. What became
# of each difference is in docs/decisions/onnxruntime-under-the-judge.md.
set -euo pipefail
source "$(dirname "$0")/../../scripts/lib/common.sh"
cd "$TENON_ROOT"
headers="$TENON_CACHE/onnxruntime-headers"

# The headers are in no wheel. Debian's next release has them; a package list of its own leaves the system's
# alone, and nothing is installed.
fetch() { # May be a condition.
  [[ -e "$headers/usr/include/onnxruntime/onnxruntime_cxx_api.h" ]] && return 0
  local apt from
  from="$(awk '/^URIs:/ { print $2; exit }' /etc/apt/sources.list.d/debian.sources)" || return 1
  apt="$(mktemp -d)" && mkdir -p "$apt"/{etc,lists/partial,cache/archives/partial} && chmod 755 "$apt" &&
    cat >"$apt/etc/forky.sources" <<SOURCES &&
Types: deb
URIs: $from
Suites: forky
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg
SOURCES
    (cd "$apt" && for step in update "download libonnxruntime-dev"; do
      # shellcheck disable=SC2086 # Two words.
      apt-get -qq -o Dir::Etc::sourcelist=/dev/null -o Dir::Etc::sourceparts="$apt/etc" \
        -o Dir::State::lists="$apt/lists" -o Dir::Cache="$apt/cache" $step || exit 1
    done) && dpkg -x "$apt"/libonnxruntime-dev_*.deb "$headers"
}
if ! tenon_locked onnxruntime fetch; then
  echo "NOT RUN: Debian's libonnxruntime-dev could not be fetched"
  exit 77
fi
cmake --preset release -DTENON_ONNXRUNTIME_HEADERS="$headers/usr/include/onnxruntime" >build/log/onnxruntime.log
cmake --build build --target tenon_onnxruntime_judged tenon_conformance >>build/log/onnxruntime.log
build/bin/tenon_conformance build/lib/mutants/libtenon_onnxruntime_judged.so \
  --declaration reference_impl/cpu/declaration.json --report build/onnxruntime.json "$@" || true
