#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Every plugin with a manifest in FOLDER exports its entry and nothing else.

    plugin_exports.py FOLDER
"""

import json
import pathlib
import subprocess
import sys

ENTRY = "tn_plugin_entry"


def exports(library: pathlib.Path) -> set[str]:
    command = ["nm", "--dynamic", "--defined-only", "--format=posix", str(library)]
    lines = subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()
    return {line.split()[0] for line in lines}


def main() -> int:
    manifests = sorted(pathlib.Path(sys.argv[1]).glob("*.tenon.json"))
    if not manifests:
        print(f"{sys.argv[1]} has no manifest")
        return 1
    bad = 0
    for manifest in manifests:
        library = manifest.parent / json.loads(manifest.read_text())["library"]
        found = exports(library)
        bad += found != {ENTRY}
        more = ", ".join(sorted(found - {ENTRY}))
        lacks = "" if ENTRY in found else f"no {ENTRY}"
        print(f"{library.name}: {'; '.join(filter(None, [lacks, more])) or 'ok'}")
    if bad:
        print(f"{bad} plugins do not export {ENTRY} alone: see tenon_export_only in cmake/TenonTargets.cmake")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
