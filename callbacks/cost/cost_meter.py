"""CostMeter: the entry "cost" of results.json: time, memory and parameters of a test, and the GFLOPs of a view."""

from __future__ import annotations

import resource
import sys
from typing import Any

import torch
from lightning.pytorch import LightningModule, Trainer

from zsar.callbacks.cost.model_cost import arithmetic, n_parameters
from zsar.runtime.device_clock import device_seconds
from zsar.runtime.gathering import gather_from_all

_MB = 1e6


class CostMeter:
    """Measures a test, a validation or a prediction."""

    def __init__(self) -> None:
        """Measures nothing yet."""
        self._started_at = 0.0

    def start(self, device: torch.device) -> None:
        """Starts the clock, and forgets the peak of the device's memory.

        Args:
            device: The device of the model.
        """
        if device.type == "cuda":
            torch.cuda.reset_peak_memory_stats(device)
        self._started_at = device_seconds(device)

    def seconds(self, device: torch.device) -> float:
        """Seconds since the start, in this process."""
        return device_seconds(device) - self._started_at

    def cost(self, trainer: Trainer, model: LightningModule, *, n_videos: int, frames_per_view: int | None) -> Any:  # noqa: ANN401 - JSON
        """The cost of what was measured; all processes must call this.

        Args:
            trainer: The trainer of the run.
            model: A recognizer or a localizer.
            n_videos: Number of videos over all processes, those that could not be decoded included. A video in
                several sets counts in each for a recognizer, which reads it for each, and once for a localizer.
            frames_per_view: T of a view, or 1 for a localizer, which embeds single frames; None if no frames were
                embedded, since their embeddings were stored.

        Returns:
            Plain types by name: seconds of the slowest process; videos per second of all; the highest memory of a
            process in MB (10^6 bytes), of the device (None on a CPU) and of the host; parameters; arithmetic of a
            view.
        """
        mine = {"seconds": self.seconds(model.device), **peak_memory(model.device)}
        everyone = gather_from_all(mine, trainer)
        seconds = max(of_process["seconds"] or 0.0 for of_process in everyone)
        return {
            "seconds": round(seconds, 2),
            "videos_per_second": round(n_videos / seconds, 2) if seconds else None,
            "peak_device_mb": _highest([of_process["peak_device_mb"] for of_process in everyone]),
            "peak_host_mb": _highest([of_process["peak_host_mb"] for of_process in everyone]),
            "parameters": n_parameters(model),
            **arithmetic(model, frames_per_view),
        }


def peak_memory(device: torch.device) -> dict[str, float | None]:
    """The highest memory of this process, in MB (10^6 bytes).

    Args:
        device: The device of the model.

    Returns:
        "peak_device_mb": tensors on the device since its peak was reset, None on a CPU. "peak_host_mb": resident
        memory since the process started, without the workers that decode.
    """
    unit = 1 if sys.platform == "darwin" else 1024  # of ru_maxrss, in bytes
    host = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / _MB
    of_device = torch.cuda.max_memory_allocated(device) / _MB if device.type == "cuda" else None
    return {"peak_device_mb": None if of_device is None else round(of_device, 1), "peak_host_mb": round(host, 1)}


def _highest(values: list[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return max(known) if known else None
