"""The options of `zsar export`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from zsar.lightning_modules.command_line.options.command import Command
from zsar.lightning_modules.command_line.options.fields import group, option
from zsar.lightning_modules.command_line.options.shared import (
    ClassTextOptions,
    ForceOption,
    JsonOption,
    ViewedRecognizerOptions,
)
from zsar.lightning_modules.open_clip_towers.weights.default_weights import DEFAULT_ARCHITECTURE


@dataclass(frozen=True)
class ExportOptions:
    """The options of `zsar export`."""

    output: Path = option(help="ONNX file to write", metavar="FILE")
    text: ClassTextOptions = group("class names")
    model: ViewedRecognizerOptions = group("model", architecture={"otherwise": DEFAULT_ARCHITECTURE})
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
