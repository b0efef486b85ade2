"""The devices that `--device` and `--devices` name."""

from __future__ import annotations

import torch


def device_names(device: str, n: int) -> list[str]:
    """Returns the names of the devices; on the CPU, too, each stands for one process.

    Args:
        device: "auto", "cpu", "cuda" or another one that torch knows.
        n: Number of devices.

    Raises:
        ValueError: There are fewer devices.
    """
    if device == "auto":
        device = "cuda" if torch.cuda.is_available() else "cpu"
    if n == 1:
        return [device]
    if device == "cuda":
        if n > torch.cuda.device_count():
            raise ValueError(f"--devices {n}: this machine has only {torch.cuda.device_count()} GPUs")
        return [f"cuda:{i}" for i in range(n)]
    if device != "cpu":
        raise ValueError(f"--devices {n} needs --device cuda or cpu; got {device}")
    return ["cpu"] * n
