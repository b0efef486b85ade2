"""Measured steps: their seconds, what they process and the memory that they take."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch

from zsar.lightning_modules.command_line.profile.measuring.host_memory import PeakMemory
from zsar.runtime.device_clock import DeviceClock

_WARM_UP = {"cuda": 3}  # kernels are chosen and memory is reserved in the first steps


@dataclass(frozen=True)
class Steps:
    """Equal steps, after those to warm up.

    Attributes:
        seconds: Of each.
        n_videos: Videos of a step; for a localizer, 0.
        n_frames: Frames of a step, over all its videos and views.
        memory: The peaks during all of them, as `PeakMemory.peaks` returns them.
    """

    seconds: tuple[float, ...]
    n_videos: int
    n_frames: int
    memory: Mapping[str, float | None]

    @property
    def median_seconds(self) -> float:
        """Of a step."""
        return statistics.median(self.seconds)

    @property
    def videos_per_second(self) -> float:
        """By the median step."""
        return self.n_videos / self.median_seconds

    @property
    def frames_per_second(self) -> float:
        """By the median step."""
        return self.n_frames / self.median_seconds

    def record(self) -> dict[str, Any]:
        """Everything, as plain types."""
        of_videos = {"videos_per_second": _rounded(self.videos_per_second)} if self.n_videos else {}
        return {
            "step_seconds": _rounded(self.median_seconds),
            "lowest_seconds": _rounded(min(self.seconds)),
            "highest_seconds": _rounded(max(self.seconds)),
            "n_steps": len(self.seconds),
            "videos_per_step": self.n_videos,
            "frames_per_step": self.n_frames,
            **of_videos,
            "frames_per_second": _rounded(self.frames_per_second),
            **self.memory,
        }


def n_warm_up(device: torch.device) -> int:
    """How many steps are not measured: 3 on a GPU, else 1."""
    return _WARM_UP.get(device.type, 1)


def timed_steps(
    step: Callable[[], object], *, device: torch.device, repeats: int, memory: PeakMemory, n_videos: int, n_frames: int
) -> Steps:
    """Runs a step again and again.

    Args:
        step: What is measured.
        device: Where it runs.
        repeats: How many steps are measured.
        memory: Started again here.
        n_videos: Videos of a step.
        n_frames: Frames of a step.
    """
    memory.restart()
    for _ in range(n_warm_up(device)):
        step()
    clock, seconds = DeviceClock(device), []
    for _ in range(repeats):
        step()
        seconds.append(clock.lap())
    return Steps(tuple(seconds), n_videos, n_frames, memory.peaks())


def _rounded(value: float) -> float:
    """Four significant digits."""
    return float(f"{value:.4g}")
