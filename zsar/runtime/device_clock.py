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
