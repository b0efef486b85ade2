"""The options of `zsar export`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from zsar.lightning_modules.command_line.options.command import Command
from zsar.lightning_modules.command_line.options.fields import group, option
from zsar.lightning_modules.command_line.options.shared import ForceOption, JsonOption, ModelOptions, PromptOptions
from zsar.runtime.number_limits import MOST_FRAMES_PER_VIEW, MOST_VIEWS

DEFAULT_ARCHITECTURE = "ViT-B-16-quickgelu"


@dataclass(frozen=True)
class ExportedTextOptions(PromptOptions):
    """The classes of the file."""

    descriptions: str | None = option(
        None, "class-text file (JSON), or the name of a shipped one, instead of names", metavar="FILE"
    )


@dataclass(frozen=True)
class ExportedModelOptions(ModelOptions):
    """The model, and the frames that it takes."""

    checkpoint: Path | None = option(
        None, "a trained model: a checkpoint, a shared folder or hf-hub:ORG/NAME", metavar="FILE", otherwise="CLIP"
    )
    frames: int | None = option(
        None, "frames per clip", metavar="T", otherwise="8, or as trained", at_least=1, at_most=MOST_FRAMES_PER_VIEW
    )
    clips: int = option(1, "clips per video, averaged", metavar="N", at_least=1, at_most=MOST_VIEWS)


@dataclass(frozen=True)
class ExportOptions:
    """The options of `zsar export`."""

    output: Path = option(help="ONNX file to write", metavar="FILE")
    text: ExportedTextOptions = group("class names")
    model: ExportedModelOptions = group("model", architecture={"otherwise": DEFAULT_ARCHITECTURE})
    replacing: ForceOption = group()
    printed: JsonOption = group()


COMMAND = Command(
    "export",
    ExportOptions,
    description="Write a recognizer with fixed class names as an ONNX file: uint8 frames in, probabilities out; "
    "normalization and class embeddings are part of the file, the names are in its metadata. The file is compared with "
    "PyTorch before it is put in place. Needs pip install 'zsar[export]'.",
    epilog="Localizers and prompts tuned to each video cannot be exported.",
)
