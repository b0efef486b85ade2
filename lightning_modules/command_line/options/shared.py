"""Options shared by several commands: each has one name, one meaning and one description.

A command sets its own defaults and limits where it includes them (`group`).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from zsar.datamodules.choices.action_template import TRAINED_TEMPLATE
from zsar.datamodules.choices.frame_pixels import StatedGeometry
from zsar.datamodules.choices.frame_statistics import FrameStatistics
from zsar.datamodules.choices.geometry import Geometry
from zsar.lightning_modules.command_line.options.fields import option
from zsar.runtime.number_limits import (
    LARGEST_SEED,
    MOST_FRAMES_PER_VIEW,
    MOST_PROCESSES,
    MOST_VIDEOS_PER_BATCH,
    MOST_VIEWS,
)

SEED_LIMITS: dict[str, float] = {"at_least": 0, "at_most": LARGEST_SEED}
"""The range of a random seed, as NumPy accepts it."""


@dataclass(frozen=True)
class ClassNameOptions:
    """The classes of a command; `class_names` reads them."""

    classes: str | None = option(None, 'names separated by commas: "surfing, playing chess"', metavar="NAMES")
    classes_file: Path | None = option(
        None, 'one name per line ("# " begins a comment), or a CSV with the header id,name', metavar="FILE"
    )


@dataclass(frozen=True)
class PromptOptions(ClassNameOptions):
    """The classes, and the prompt template that they are put into."""

    template: str | None = option(
        None,
        "prompt template with {}, or a set of templates: name, photo, vifi_clip, video, open_vclip, action_clip",
        metavar="T",
        otherwise=TRAINED_TEMPLATE,
    )


@dataclass(frozen=True)
class ModelOptions:
    """A model of open_clip and its weights; None for the defaults of the command."""

    architecture: str | None = option(None, "open_clip model", metavar="NAME")
    weights: str | None = option(None, "open_clip tag or weights file", metavar="W", otherwise="openai")


@dataclass(frozen=True)
class FrameStatisticsOption:
    """What the frames of a model are normalized with."""

    frame_statistics: FrameStatistics = option(
        "model",
        "mean and deviation of frames: model (as its weights were published with, also for a weights file), openai "
        "(CLIP), imagenet (CLIPA), half (0.5 and 0.5: SigLIP, PE-Core) or zero_one (0 and 1: MobileCLIP); needed where "
        "nothing published states them",
    )


@dataclass(frozen=True)
class ClassTextOptions(PromptOptions):
    """The classes, and the text that a model reads for them."""

    descriptions: str | None = option(
        None, "class-text file (JSON), or the name of a shipped one, instead of names", metavar="FILE"
    )


@dataclass(frozen=True)
class RecognizerOptions(FrameStatisticsOption, ModelOptions):
    """A trained recognizer, or frozen CLIP; `requested_recognizer` loads it."""

    checkpoint: Path | None = option(
        None, "a trained model: a checkpoint, a shared folder or hf-hub:ORG/NAME", metavar="FILE", otherwise="CLIP"
    )

    def check_one_model(self) -> None:
        """Checks that not two models are given.

        Raises:
            ValueError: A checkpoint and an architecture are, or a checkpoint and what it states itself.
        """
        if self.checkpoint is not None and self.architecture is not None:
            raise ValueError("--checkpoint names its own architecture; leave --architecture out")
        for name in ("frame_statistics", "frame_geometry"):
            if self.checkpoint is not None and getattr(self, name, "model") != "model":
                raise ValueError(f"--checkpoint states its frames; leave --{name} out")


@dataclass(frozen=True)
class TokenizerOption:
    """The tokenizer of a model that reads text with another one than CLIP's."""

    tokenizer: Path | None = option(
        None,
        "folder with the tokenizer of a model that has another than CLIP's (SigLIP, CLIPA, ...)",
        metavar="FOLDER",
        otherwise="as the model states: the hub's",
    )


@dataclass(frozen=True)
class SquareRecognizerOptions(RecognizerOptions):
    """A recognizer, and how the frames that it sees become square."""

    frame_geometry: StatedGeometry = option(
        "model",
        "how frames become square: model (as its weights were published with), squash (both sides are resized: SigLIP, "
        "PE-Core) or crop (the short side is resized and the centre cut: CLIP)",
    )


@dataclass(frozen=True)
class ViewedRecognizerOptions(TokenizerOption, SquareRecognizerOptions):
    """A recognizer and the frames that it sees."""

    frames: int | None = option(
        None, "frames per clip", metavar="T", otherwise="8, or as trained", at_least=1, at_most=MOST_FRAMES_PER_VIEW
    )
    clips: int = option(1, "clips per video, averaged", metavar="N", at_least=1, at_most=MOST_VIEWS)


@dataclass(frozen=True)
class DeviceOption:
    """Where a model runs."""

    device: str = option("auto", "cpu, cuda, mps", metavar="DEVICE", otherwise="a GPU if there is one")


@dataclass(frozen=True)
class WorkerOption:
    """How many processes decode videos; None for the default of the command."""

    n_workers: int | None = option(
        None,
        "processes that decode videos; 0 decodes in the main process",
        metavar="N",
        at_least=0,
        at_most=MOST_PROCESSES,
    )


@dataclass(frozen=True)
class BatchSizeOption:
    """Frames per forward pass, which limits the device's memory."""

    batch_size: int = option(
        64, "frames per forward pass of the model", metavar="N", at_least=1, at_most=MOST_VIDEOS_PER_BATCH
    )


@dataclass(frozen=True)
class StrideOptions:
    """Which frames of a long video are used; None for the default of the command."""

    stride: int | None = option(None, "use every N-th frame", metavar="N", at_least=1, at_most=1_000_000)
    stride_seconds: float | None = option(
        None, "use the frame shown at every S seconds", metavar="S", more_than=0, at_most=86_400
    )


@dataclass(frozen=True)
class GeometryOption:
    """How frames of long videos become square."""

    geometry: Geometry = option(
        "squash",
        "how frames become square: squash resizes both sides, so that the whole picture is seen, as in the paper of "
        "T3AL; crop resizes the short side and cuts the centre",
    )


@dataclass(frozen=True)
class DamageOption:
    """How damaged frames are handled."""

    on_damage: Literal["raise", "accept"] = option(
        "raise",
        'frames that the decoder flags as damaged: "raise" treats their video as undecodable, "accept" uses them as '
        "decoded and counts them",
    )


@dataclass(frozen=True)
class JsonOption:
    """How results are printed."""

    json: bool = option(False, "print JSON instead of tables")


@dataclass(frozen=True)
class DrawOption:
    """Whether answers are drawn onto copies of the videos; `drawn_copies` does it."""

    draw: Path | None = option(
        None, "write a copy of each video with the answer on its frames to FOLDER/VIDEO.drawn.mp4", metavar="FOLDER"
    )


@dataclass(frozen=True)
class ForceOption:
    """How existing files are handled."""

    force: bool = option(False, "replace existing files")
