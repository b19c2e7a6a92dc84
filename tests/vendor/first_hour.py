#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A vendor's first hour, from nothing, by the documentation alone.

Takes the ```sh blocks of docs/vendors/README.md and runs them, in their order and in one shell, where
there is nothing of this repository but wheels:

    first_hour.py             an empty home, and of this system's programs those in /usr/bin and /bin
    first_hour.py --chroot    a new Debian, made with debootstrap (root, a mirror within reach)

Prints the time of each section; fails when a command does, or beyond ten minutes. Wheels that PyPI
would give are fetched before, so that times are without the network. Needs build/wheels
(scripts/wheel tenon torch).
"""

from __future__ import annotations

import argparse
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "vendors" / "README.md"
WHEELS = ROOT / "build" / "wheels"
MOST_SECONDS = 600
# What the page asks a vendor to have.
DEBIAN_PACKAGES = "python3-venv,cmake,make,gcc,libc6-dev"


def sections(page: str) -> list[tuple[str, str]]:
    """Each heading that has commands, with them."""
    found = []
    for part in re.split(r"^## ", page, flags=re.MULTILINE)[1:]:
        title, _, text = part.partition("\n")
        blocks = re.findall(r"^```sh\n(.*?)^```$", text, flags=re.MULTILINE | re.DOTALL)
        if blocks:
            found.append((title, "".join(blocks)))
    return found


def fetch_wheels(folder: pathlib.Path, registry: pathlib.Path) -> None:
    """Ours into one folder, and what they depend on into another, which stands for the registry."""
    ours = sorted(WHEELS.glob("tenon_ml-*.whl")) + sorted(WHEELS.glob("tenon_ml_torch-*.whl"))
    if len(ours) != 2:
        sys.exit(f"one wheel each of tenon-ml and tenon-ml-torch is needed in {WHEELS}: scripts/wheel tenon torch")
    subprocess.run(
        [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check",
         "--constraint", ROOT / "requirements" / "constraints.txt", "--dest", registry, *ours],
        check=True,
    )  # fmt: skip
    folder.mkdir()
    for wheel in ours:
        (registry / wheel.name).replace(folder / wheel.name)


def make_debian(folder: pathlib.Path) -> None:
    """A Debian of this system's release, from the mirror that this system uses."""
    if os.geteuid() != 0 or shutil.which("debootstrap") is None:
        sys.exit("--chroot needs root and debootstrap (apt-get install debootstrap)")
    mirror = subprocess.run(
        ["apt-get", "indextargets", "--format", "$(REPO_URI) $(CODENAME) $(LABEL)", "Created-By: Packages"],
        check=True, stdout=subprocess.PIPE, text=True,
    ).stdout  # fmt: skip
    uri, codename = next(line.split()[:2] for line in mirror.splitlines()
                         if line.endswith(" Debian") and "-" not in line.split()[1])  # fmt: skip
    subprocess.run(
        ["debootstrap", "--variant=minbase", f"--include={DEBIAN_PACKAGES}", codename, folder, uri],
        check=True, stdout=subprocess.DEVNULL,
    )  # fmt: skip


def enter(folder: pathlib.Path) -> list:
    """The beginning of a command that runs in the folder, with /proc, which goes with the command."""
    mount_and_enter = 'mount -t proc proc "$1/proc" && exec "$0" "$@"'
    return [shutil.which("unshare"), "--mount", "--propagation", "private", "/bin/bash", "-c",
            mount_and_enter, shutil.which("chroot"), folder]  # fmt: skip


def shell_text(parts: list[tuple[str, str]]) -> str:
    lines = ["set -e -o pipefail", "cd"]
    for title, commands in parts:
        lines += [f"echo '@@ {title}'", commands]
    return "\n".join(lines) + "\necho '@@'\n"


def run(command: list, environment: dict[str, str]) -> list[tuple[str, float]]:
    """Seconds of each section; ends the program when a command fails or the time is over."""
    process = subprocess.Popen(
        command, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, text=True, cwd="/",
    )  # fmt: skip
    times, title, started, begun = [], None, time.monotonic(), time.monotonic()
    for line in process.stdout:
        if line.startswith("@@"):
            now = time.monotonic()
            if title is not None:
                times.append((title, now - started))
            title, started = line[2:].strip(), now
            print(f"\n-- {title}" if title else "", flush=True)
        else:
            print(f"   {line}", end="", flush=True)
        if time.monotonic() - begun > MOST_SECONDS:
            process.kill()
            sys.exit(f"more than {MOST_SECONDS} s, in: {title}")
    if process.wait() != 0:
        sys.exit(f"'{title}' of {PAGE.relative_to(ROOT)} failed with {process.returncode}")
    return times


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--chroot", action="store_true", help="in a new Debian")
    arguments = parser.parse_args()
    parts = sections(PAGE.read_text())
    if len(parts) < 5:
        sys.exit(f"{PAGE} has {len(parts)} sections with commands; where are the others?")

    with tempfile.TemporaryDirectory(prefix="first-hour-") as name:
        root = pathlib.Path(name) / "root"
        home = root / "root" if arguments.chroot else root
        if arguments.chroot:
            print("making a Debian", flush=True)
            make_debian(root)
        registry = root / "registry"
        registry.mkdir(parents=True)
        fetch_wheels(root / "wheels", registry)
        script = home / ".first_hour.sh"
        script.write_text(shell_text(parts))
        inside = pathlib.Path("/") if arguments.chroot else root
        environment = {
            "HOME": str(inside / home.relative_to(root)),
            "PATH": "/usr/bin:/bin",
            "LANG": "C.UTF-8",
            "PIP_NO_INDEX": "1",
            "PIP_FIND_LINKS": str(inside / "registry"),
            "TENON_WHEELS": str(inside / "wheels"),
            "PIP_DISABLE_PIP_VERSION_CHECK": "1",
            # Nothing of this system's own configuration of pip.
            "PIP_CONFIG_FILE": os.devnull,
        }
        enters = enter(root) if arguments.chroot else []
        command = [*enters, "/bin/bash", f"{environment['HOME']}/{script.name}"]
        times = run(command, environment)

    total = sum(seconds for _, seconds in times)
    print(f"\n{'section':24} {'seconds':>8}")
    for title, seconds in [*times, ("all", total)]:
        print(f"{title:24} {seconds:8.1f}")


if __name__ == "__main__":
    main()
