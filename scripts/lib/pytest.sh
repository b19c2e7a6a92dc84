# shellcheck shell=bash
# Running pytest folders as a stage.

# shellcheck source=scripts/lib/common.sh
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

# tenon_pytest_stage FOLDER...: runs each folder that exists and exits as a stage does.
tenon_pytest_stage() {
  local folder log ran=0 failures=0 status
  cd "$TENON_ROOT" || exit 1
  for folder in "$@"; do
    [[ -d "$folder" ]] || continue
    echo "-- $folder"
    log="build/log/pytest-${folder//\//-}.log"
    status=0
    build/venv/bin/python -m pytest -q "$folder" 2>&1 | tee "$log" || status=$?
    if ((status == 5)); then
      continue # nothing collected
    elif ((status != 0)); then
      failures=$((failures + 1))
    elif ! tail -n 1 "$log" | grep -q ' passed'; then
      echo "-- $folder: every test was skipped, so it does not count as run"
      continue
    fi
    ran=$((ran + 1))
  done
  if ((ran == 0)); then
    echo "NOT RUN: no tests ran in $*"
    exit 77
  fi
  ((failures == 0)) || exit 1
}
