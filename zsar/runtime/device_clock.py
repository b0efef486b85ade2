"""Time measurement for devices: a GPU computes asynchronously."""

from __future__ import annotations

import time

import torch


def device_seconds(device: torch.device | str) -> float:
    """Seconds of a clock, for differences; first waits until a CUDA device has finished all queued work.

    Args:
        device: The device to time.
    """
    device = torch.device(device)
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    return time.perf_counter()


class DeviceClock:
    """Seconds between laps, after all work of a device is done."""

    def __init__(self, device: torch.device) -> None:
        """Starts the first lap.

        Args:
            device: The device whose work is timed.
        """
        self._device = device
        self._last = device_seconds(device)

    def lap(self) -> float:
        """Ends a lap and starts the next one; returns its seconds."""
        last, self._last = self._last, device_seconds(self._device)
        return self._last - last
