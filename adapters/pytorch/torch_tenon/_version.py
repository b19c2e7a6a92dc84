# SPDX-License-Identifier: Apache-2.0
"""Whether this build fits the torch and the Python that import it; loads no library."""

import sysconfig

from . import _build


def _minor(version):
    return tuple(version.split("+")[0].split(".")[:2])


def problem(torch_version):
    """What does not fit, or None. torch's allocators, guards and generators are not in its stable
    ABI: a library built for another minor version crashes or misses symbols."""
    if _minor(torch_version) != _minor(_build.TORCH_VERSION):
        built = ".".join(_minor(_build.TORCH_VERSION))
        return (
            f"torch_tenon was built for torch {built}, you have torch {torch_version}: install the "
            f"torch_tenon of your torch, or torch=={built}.*"
        )
    suffix = sysconfig.get_config_var("EXT_SUFFIX")
    if suffix != _build.EXTENSION_SUFFIX:
        return (
            f"torch_tenon was built for the Python of {_build.EXTENSION_SUFFIX!r}, you have that of "
            f"{suffix!r}: install the torch_tenon of your Python"
        )
    return None
