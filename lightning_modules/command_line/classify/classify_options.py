"""The options of `zsar classify`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from zsar.lightning_modules.command_line.options.command import Command
from zsar.lightning_modules.command_line.options.fields import argument, group, option
from zsar.lightning_modules.command_line.options.shared import (
    ClassTextOptions,
    DamageOption,
    DeviceOption,
    ForceOption,
    JsonOption,
    ViewedRecognizerOptions,
    WorkerOption,
)
from zsar.lightning_modules.open_clip_towers.default_weights import DEFAULT_ARCHITECTURE
from zsar.runtime.number_limits import MOST_VIDEOS_PER_BATCH

NONE_OF_THESE = "none of these"  # zsar.api.classification says it; this module imports nothing heavy


@dataclass(frozen=True)
class PrintedOptions(JsonOption):
    """What is printed."""

    top_k: int = option(5, "names shown for each video", metavar="K", at_least=1, at_most=1_000_000)
    threshold: float = option(
        0.0,
        f'answer "{NONE_OF_THESE}" where the best probability is lower',
        metavar="P",
        otherwise="0, never",
        at_least=0,
        at_most=1,
    )


@dataclass(frozen=True)
class WorkOptions(WorkerOption):
    """How the work is done."""

    batch_size: int = option(
        8, "videos that go through the model together", metavar="N", at_least=1, at_most=MOST_VIDEOS_PER_BATCH
    )
    precision: Literal["fp32", "bf16", "fp16"] = option("fp32", "bf16 and fp16 (GPU) are automatic mixed precision")


@dataclass(frozen=True)
class FileOptions(ForceOption):
    """Where answers are written."""

    output: Path | None = option(
        None,
        "write the answers of all videos to FILE (.json, .jsonl or .csv) instead of printing them; each is kept in "
        "FILE.part as it comes, so that the same command resumes after a stop",
        metavar="FILE",
    )

    def __post_init__(self) -> None:
        """Checks the name of the file.

        Raises:
            ValueError: It has another suffix.
        """
        if self.output is not None and self.output.suffix.lower() not in (".json", ".jsonl", ".csv"):
            raise ValueError(f"--output {self.output} must end with .json, .jsonl or .csv")


@dataclass(frozen=True)
class ClassifyOptions:
    """The options of `zsar classify`."""

    videos: tuple[str, ...] = argument(
        "video files, folders of videos, or glob patterns", metavar="VIDEO", optional=True
    )
    embeddings: Path | None = option(
        None,
        "stored embeddings to classify instead of videos, as `zsar embed` wrote them; with the model that made them",
        metavar="FOLDER",
    )
    text: ClassTextOptions = group("class names")
    model: ViewedRecognizerOptions = group("model", architecture={"otherwise": DEFAULT_ARCHITECTURE})
    device: DeviceOption = group()
    damage: DamageOption = group()
    work: WorkOptions = group(
        "speed",
        n_workers={"otherwise": "one for each processor; 0 for few videos, or if a model on the CPU takes longer"},
    )
    printed: PrintedOptions = group("output")
    file: FileOptions = group()

    def __post_init__(self) -> None:
        """Checks that there is something to classify, and that options have an effect.

        Raises:
            ValueError: No video and no embeddings, both, or an option that embeddings have decided.
        """
        if self.embeddings is None and not self.videos:
            raise ValueError("give video files, folders or patterns, or --embeddings FOLDER")
        if self.embeddings is None:
            return
        if self.videos:
            raise ValueError(f"give videos ({self.videos[0]}, ...) or --embeddings {self.embeddings}, not both")
        decided = {"architecture": None, "frames": None, "clips": 1}
        for name, default in decided.items():
            if (value := getattr(self.model, name)) != default:
                raise ValueError(f"--{name} {value} was decided when --embeddings were made; leave it out")
        if self.file.output is not None:
            raise ValueError("--output is for videos; with --embeddings print the answers: --json")
        if self.damage != DamageOption():
            raise ValueError(f"--on_damage {self.damage.on_damage} is for videos; leave it out with --embeddings")


COMMAND = Command(
    "classify",
    ClassifyOptions,
    description="Name the action in videos, among class names that you give. Any names work; nothing is trained.",
    epilog="Probabilities are relative to the given names: they sum to 1 even if none fits. Give every name that may "
    "occur, and a --threshold for videos that show something else.",
)
