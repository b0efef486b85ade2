"""The options of `zsar share`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from zsar.lightning_modules.command_line.options.command import Command
from zsar.lightning_modules.command_line.options.fields import argument, group, option
from zsar.lightning_modules.command_line.options.shared import ForceOption


@dataclass(frozen=True)
class HubOptions:
    """Whether and where the folder is uploaded."""

    push: str | None = option(None, "also upload it to the Hugging Face hub", metavar="ORG/NAME")
    private: bool = option(False, "make a new repository on the hub private")


@dataclass(frozen=True)
class ShareOptions:
    """The options of `zsar share`."""

    checkpoint: Path = argument("a model trained by `zsar fit` or imported by `zsar convert`", metavar="CHECKPOINT")
    output: Path = option(help="folder to write", metavar="FOLDER")
    weights: str | None = option(
        None, "CLIP's weights, if they have moved since training", metavar="FILE", otherwise="as in training"
    )
    without_backbone: bool = option(False, "leave CLIP's weights out; loading then finds them as in training")
    results: Path | None = option(
        None,
        "results.json of the model's test, for the model card",
        metavar="FILE",
        otherwise="the one of the run folder, if it is of these weights",
    )
    hub: HubOptions = group("Hugging Face hub")
    replacing: ForceOption = group()


COMMAND = Command(
    "share",
    ShareOptions,
    description="Write a trained model as a folder that loads anywhere: weights as safetensors, settings, and a model "
    "card (README.md) with what the checkpoint and results.json record. Load it with zsar.load(FOLDER), or with "
    "`--checkpoint FOLDER`; from the hub with hf-hub:ORG/NAME.",
)
