"""Temporal schedules: which frames of all views are used in each step of tuning (DTS-TPT, section 4.1, Figure 4).

A schedule names one subset of the T frames for each step: "all", or a side and a number of frames such as "right-6":

    left-n    the first n            right-n   the last n
    centre-n  the n in the middle    random-n  n drawn without replacement, in temporal order, for each video and step
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import torch
from torch import Tensor

_SUBSET = re.compile(r"(left|right|centre|random)-([1-9][0-9]*)")


def check_schedule(schedule: Sequence[str]) -> None:
    """Checks the form of a schedule's subsets.

    Raises:
        ValueError: A subset has another form; the message gives the valid forms.
    """
    for subset in schedule:
        if subset != "all" and not _SUBSET.fullmatch(subset):
            raise ValueError(
                f"the schedule has {subset!r}; a step uses 'all' frames, or 'left-N', 'right-N', 'centre-N' or "
                "'random-N' of them, such as 'right-6'"
            )


def check_subset_fits(subset: str, n_frames: int) -> None:
    """Checks that a view has the frames of a step.

    Args:
        subset: One entry of a schedule.
        n_frames: T.

    Raises:
        ValueError: The subset has more frames than there are.
    """
    if subset != "all" and int(subset.split("-")[1]) > n_frames:
        raise ValueError(
            f"the schedule has {subset!r}, but a view has {n_frames} frames; use at most as many, or more frames "
            "(--data.clips.n_frames, or --frames of `zsar classify`)"
        )


def frame_indices(subset: str, n_frames: int, generators: Sequence[torch.Generator]) -> Tensor:
    """The frames of a step.

    Args:
        subset: One entry of a schedule.
        n_frames: T.
        generators: One for each of B videos, on the CPU; used by "random-N" only.

    Returns:
        int64 [B, N], increasing along N, on the CPU.

    Raises:
        ValueError: The subset has more frames than there are.
    """
    if subset == "all":
        return torch.arange(n_frames).expand(len(generators), -1)
    check_subset_fits(subset, n_frames)
    side, n = subset.split("-")[0], int(subset.split("-")[1])
    if side == "random":
        drawn = [torch.randperm(n_frames, generator=generator)[:n].sort().values for generator in generators]
        return torch.stack(drawn)
    first = {"left": 0, "right": n_frames - n, "centre": (n_frames - n) // 2}[side]
    return torch.arange(first, first + n).expand(len(generators), -1)
