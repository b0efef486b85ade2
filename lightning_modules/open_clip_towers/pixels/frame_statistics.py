"""Mean and standard deviation that frames are normalized with, under the names that settings have for them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import open_clip
import torch

from zsar.datamodules.choices.frame_statistics import FrameStatistics

_DIGITS = 6  # more than statistics are published with


@dataclass(frozen=True)
class Statistics:
    """Mean and standard deviation of red, green and blue, of values from 0 to 1."""

    mean: tuple[float, float, float]
    std: tuple[float, float, float]

    def __str__(self) -> str:
        """Their name, or their numbers if they have none."""
        name = name_of(self)
        return f"mean {shown_numbers(self.mean)}, std {shown_numbers(self.std)}" if name is None else name


def statistics_of(mean: Sequence[float], std: Sequence[float]) -> Statistics:
    """Statistics from any sequences of three numbers."""
    red, green, blue = (float(value) for value in mean)
    of_red, of_green, of_blue = (float(value) for value in std)
    return Statistics((red, green, blue), (of_red, of_green, of_blue))


NAMED: Mapping[FrameStatistics, Statistics] = {
    "openai": statistics_of(open_clip.OPENAI_DATASET_MEAN, open_clip.OPENAI_DATASET_STD),
    "imagenet": statistics_of(open_clip.constants.IMAGENET_MEAN, open_clip.constants.IMAGENET_STD),
    "half": Statistics((0.5, 0.5, 0.5), (0.5, 0.5, 0.5)),
    "zero_one": Statistics((0.0, 0.0, 0.0), (1.0, 1.0, 1.0)),
}
"""Statistics by name; "model" has none before a model is known."""


def name_of(statistics: Statistics) -> FrameStatistics | None:
    """The name of statistics, compared as files state them; None if they have none."""
    return named_of(shown_numbers(statistics.mean), shown_numbers(statistics.std))


def named_of(mean: str, std: str) -> FrameStatistics | None:
    """The name of statistics that a file states; see `name_of`.

    Args:
        mean: As `shown_numbers` writes it.
        std: The same.
    """
    for name, named in NAMED.items():
        if (shown_numbers(named.mean), shown_numbers(named.std)) == (mean, std):
            return name
    return None


def shown_numbers(values: Sequence[float]) -> str:
    """Six digits of numbers in single precision, as models hold them: "0.481455 0.457828 0.408211"."""
    singles = torch.tensor(values, dtype=torch.float32, device="cpu").tolist()
    return " ".join(f"{value:.{_DIGITS}g}" for value in singles)
