"""Options that several commands have: each has one name, one meaning and one description.

A command states defaults and limits of its own where it takes them into its options (`group`).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from zsar.lightning_modules.command_line.options.fields import option
from zsar.runtime.number_limits import MOST_PROCESSES, MOST_VIDEOS_PER_BATCH

SEED_LIMITS: dict[str, float] = {"at_least": 0, "at_most": 2**32 - 1}
"""Of a seed of random numbers, as NumPy takes it."""


@dataclass(frozen=True)
class ClassNameOptions:
    """The classes that a command is about; `class_names` reads them."""

    classes: str | None = option(None, 'names separated by commas: "surfing, playing chess"', metavar="NAMES")
    classes_file: Path | None = option(None, "one name a line, or a CSV: id,name", metavar="FILE")


@dataclass(frozen=True)
class PromptOptions(ClassNameOptions):
    """The classes, and the sentences that name them to the model."""

    template: str = option("video", "template with {}, or a set: action_clip, photo, name", metavar="T")


@dataclass(frozen=True)
class ModelOptions:
    """A model of open_clip, and its weights; None for the defaults of the command."""

    architecture: str | None = option(None, "open_clip model", metavar="NAME")
    weights: str | None = option(None, "open_clip tag or weights file", metavar="W", otherwise="openai")


@dataclass(frozen=True)
class DeviceOption:
    """Where a model runs."""

    device: str = option("auto", "cpu, cuda, mps", metavar="DEVICE", otherwise="a GPU if there is one")


@dataclass(frozen=True)
class WorkerOption:
    """How many processes decode videos; None for the default of the command."""

    n_workers: int | None = option(
        None, "processes that decode videos; 0: none but this one", metavar="N", at_least=0, at_most=MOST_PROCESSES
    )


@dataclass(frozen=True)
class BatchSizeOption:
    """How much of the device's memory is used."""

    batch_size: int = option(
        64, "frames that the model sees together", metavar="N", at_least=1, at_most=MOST_VIDEOS_PER_BATCH
    )


@dataclass(frozen=True)
class StrideOptions:
    """Which frames of a long video are looked at; None for the default of the command."""

    stride: int | None = option(None, "look at every N-th frame", metavar="N", at_least=1, at_most=1_000_000)
    stride_seconds: float | None = option(
        None, "look at the frame on the screen every S seconds", metavar="S", more_than=0, at_most=86_400
    )


@dataclass(frozen=True)
class DamageOption:
    """What is done with damaged frames."""

    on_damage: Literal["raise", "accept"] = option(
        "raise",
        'frames that the decoder flags as damaged: "raise" makes their video one that cannot be decoded, "accept" '
        "takes them as the decoder makes them up and counts them",
    )


@dataclass(frozen=True)
class JsonOption:
    """How results are printed."""

    json: bool = option(False, "print JSON instead of tables")


@dataclass(frozen=True)
class ForceOption:
    """What is done with files that are there already."""

    force: bool = option(False, "replace files that are there")
