# SPDX-License-Identifier: Apache-2.0
"""Memory of a device, in bytes. Part of torch.tenon; the same as torch.accelerator's functions.

Tensors come from a caching pool for each device: "allocated" is in tensors, "reserved" is what the
pool has taken from the device. Peaks and sums count for all threads, from the start or the last
reset. All functions may be called from any thread. `device`: see devices.py; asking opens it.
"""

from . import _C
from ._backend import NAME, index_of


def memory_stats(device=None):
    """{"allocated_bytes.all.current": ..., ...}, sorted: the names and meanings of
    torch.accelerator.memory_stats. Only ".all." is counted, not the small and large pools apart."""
    return dict(sorted(_C.allocator_stats(index_of(device)).items()))


def memory_stats_as_nested_dict(device=None):
    """memory_stats() as {"allocated_bytes": {"all": {"current": ...}}}."""
    nested = {}
    for name, value in memory_stats(device).items():
        *path, last = name.split(".")
        inner = nested
        for part in path:
            inner = inner.setdefault(part, {})
        inner[last] = value
    return nested


def memory_allocated(device=None):
    """Bytes in tensors, each rounded up to the pool's unit of at least 512."""
    return memory_stats(device)["allocated_bytes.all.current"]


def max_memory_allocated(device=None):
    """The largest memory_allocated() since the start or reset_peak_memory_stats()."""
    return memory_stats(device)["allocated_bytes.all.peak"]


def memory_reserved(device=None):
    """Bytes that the pool holds of the device: in tensors or free to be given out."""
    return memory_stats(device)["reserved_bytes.all.current"]


def max_memory_reserved(device=None):
    """The largest memory_reserved() since the start or reset_peak_memory_stats()."""
    return memory_stats(device)["reserved_bytes.all.peak"]


def reset_peak_memory_stats(device=None):
    """The peaks count from here."""
    _C.reset_peak_stats(index_of(device))


def reset_max_memory_allocated(device=None):
    """reset_peak_memory_stats(), as torch.cuda also calls it."""
    reset_peak_memory_stats(device)


def reset_accumulated_memory_stats(device=None):
    """What came ("allocated") and went ("freed") is counted from here."""
    _C.reset_accumulated_stats(index_of(device))


def mem_get_info(device=None):
    """(free, total) bytes of the device. Free is what the pool has not taken, and on a device in
    the host's memory no more than the host has left. NotImplementedError when the device does not
    say how much memory it has."""
    return _C.memory_info(index_of(device))


def empty_cache():
    """Gives what is reserved but not allocated back, on all devices that are open."""
    _C.empty_cache()


def _size(count):
    for unit in ("B", "KiB", "MiB", "GiB"):
        if count < 10240:
            break
        count /= 1024
    return f"{count:.0f} {unit}"


def memory_summary(device=None, abbreviated=False):
    """A table of memory_stats() to print; abbreviated: the bytes only."""
    index = index_of(device)
    index = _C.current_device() if index < 0 else index
    stats = memory_stats(index)
    rows = [("Allocated", "allocated_bytes", _size), ("Reserved", "reserved_bytes", _size)]
    if not abbreviated:
        rows += [("Allocations", "allocation", str), ("Segments", "segment", str)]
    columns = ("current", "peak", "allocated", "freed")
    lines = [
        f"Memory of {NAME}:{index} ({_C.device_properties(index)['name']}): "
        f"{stats['num_ooms']} allocations refused, {stats['num_alloc_retries']} retried",
        f"{'':12}" + "".join(f"{name:>14}" for name in ("now", "peak", "came", "went")),
    ]
    for title, key, form in rows:
        values = (form(stats[f"{key}.all.{column}"]) for column in columns)
        lines.append(f"{title:12}" + "".join(f"{value:>14}" for value in values))
    return "\n".join(lines) + "\n"
