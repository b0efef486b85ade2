"""The time at which a device has done its work: a GPU is given work and computes it later."""

from __future__ import annotations

import time

import torch


def device_seconds(device: torch.device | str) -> float:
    """Seconds of a clock, of which differences count; waits first until a CUDA device has done all it was given.

    Args:
        device: The device whose work is timed.
    """
    device = torch.device(device)
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    return time.perf_counter()
