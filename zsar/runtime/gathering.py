"""Gathers values from all processes of a run."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from torch import distributed

if TYPE_CHECKING:
    from lightning.pytorch import Trainer

T = TypeVar("T")


def gather_from_all(value: T, trainer: Trainer) -> list[T]:
    """Values of all processes; all of them must call this.

    Args:
        value: The value of this process; must be picklable.
        trainer: The trainer of the run.

    Returns:
        One value per process, ordered by rank.
    """
    if trainer.world_size == 1:
        return [value]
    everyone = [value] * trainer.world_size
    distributed.all_gather_object(everyone, value)
    return everyone
