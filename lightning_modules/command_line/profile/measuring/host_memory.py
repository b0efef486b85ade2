"""The highest memory of this process and of a device during a part of its work."""

from __future__ import annotations

import ctypes
import gc
from contextlib import suppress
from pathlib import Path

import torch

from zsar.callbacks.cost.cost_meter import peak_memory

_RESET_PEAK = "5"  # what Linux reads in clear_refs as: the highest memory so far is that of now
_CLEAR_REFS = Path("/proc/self/clear_refs")


class PeakMemory:
    """Measures parts of the work, one after another.

    Linux can forget the highest resident memory of a process; elsewhere a part that needs less than an earlier one has
    no figure of its own.

    Attributes:
        base_mb: Resident memory of the process when this was made, in MB (10^6 bytes); None if it is not known.
    """

    def __init__(self, device: torch.device) -> None:
        """Starts to measure.

        Args:
            device: The device of the model.
        """
        self._device = device
        self._highest_before: float | None = None
        self.restart()
        self.base_mb = None if self._highest_before is not None else peak_memory(device)["peak_host_mb"]

    def restart(self) -> None:
        """Forgets the peaks so far, and returns what was freed to the system."""
        gc.collect()
        _return_freed_memory()
        if self._device.type == "cuda":
            torch.cuda.empty_cache()
            torch.cuda.reset_peak_memory_stats(self._device)
        self._highest_before = peak_memory(self._device)["peak_host_mb"]
        with suppress(OSError):
            _CLEAR_REFS.write_text(_RESET_PEAK)  # not whole: a setting of the kernel
            self._highest_before = None

    def peaks(self) -> dict[str, float | None]:
        """The peaks since the last start.

        Returns:
            "peak_device_mb": tensors on the device, None on the CPU; "peak_host_mb": resident memory of this process;
            "above_start_mb": by how much it exceeds what the process held before the model was built. The last two are
            None where they are not known.
        """
        peaks = peak_memory(self._device)
        host = peaks["peak_host_mb"]
        if self._highest_before is not None and host is not None and host <= self._highest_before:
            host = None
        above = None if host is None or self.base_mb is None else round(host - self.base_mb, 1)
        return {"peak_device_mb": peaks["peak_device_mb"], "peak_host_mb": host, "above_start_mb": above}


def _return_freed_memory() -> None:
    """Lets glibc return freed memory, which it keeps: a model would seem small that fits into what another one left."""
    with suppress(OSError, AttributeError, TypeError):  # another C library
        ctypes.CDLL(None).malloc_trim(0)
