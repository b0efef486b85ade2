"""What each process of a run knows, brought together."""

from __future__ import annotations

from typing import TypeVar

from lightning.pytorch import Trainer
from torch import distributed

T = TypeVar("T")


def gather_from_all(value: T, trainer: Trainer) -> list[T]:
    """Values of all processes, which must all call this.

    Args:
        value: What this process knows; anything that can be pickled.
        trainer: The trainer of the run.

    Returns:
        One value for each process, in the order of their ranks; this process's own where it is the only one.
    """
    if trainer.world_size == 1:
        return [value]
    everyone = [value] * trainer.world_size
    distributed.all_gather_object(everyone, value)
    return everyone
