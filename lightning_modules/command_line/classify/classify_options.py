"""The options of `zsar classify`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from zsar.datamodules.choices.none_of_these import NONE_OF_THESE
from zsar.lightning_modules.command_line.classify.live_options import LiveOptions, check_live
from zsar.lightning_modules.command_line.options.command import Command
from zsar.lightning_modules.command_line.options.fields import argument, group, option
from zsar.lightning_modules.command_line.options.shared import (
    SEED_LIMITS,
    ClassTextOptions,
    DamageOption,
    DeviceOption,
    DrawOption,
    ForceOption,
    JsonOption,
    ViewedRecognizerOptions,
    WorkerOption,
)
from zsar.lightning_modules.experiments.shipped_configs import shipped_tunings
from zsar.lightning_modules.open_clip_towers.weights.default_weights import DEFAULT_ARCHITECTURE
from zsar.runtime.number_limits import MOST_VIDEOS_PER_BATCH


@dataclass(frozen=True)
class PrintedOptions(JsonOption):
    """What is printed."""

    top_k: int = option(5, "names shown for each video", metavar="K", at_least=1, at_most=1_000_000)
    threshold: float = option(
        0.0,
        f'answer "{NONE_OF_THESE}" where the best probability is lower; with a model that has a logit bias (SigLIP), '
        "where the own probability of every name is",
        metavar="P",
        otherwise="0, never",
        at_least=0,
        at_most=1,
    )


@dataclass(frozen=True)
class AdaptationOptions:
    """How the prompt is tuned to each video."""

    adaptation: str | None = option(
        None,
        f"tune a prompt to each video, on views of it: {', '.join(shipped_tunings())}, or a YAML file like "
        "those of configs/adaptation; each answer is shown beside the untuned one",
        metavar="FILE",
    )
    seed: int = option(0, "seed of the random views of an adaptation", metavar="N", **SEED_LIMITS)


@dataclass(frozen=True)
class WorkOptions(WorkerOption):
    """How the work is done."""

    batch_size: int | None = option(
        None,
        "videos that go through the model together",
        metavar="N",
        otherwise="8, or as the adaptation says",
        at_least=1,
        at_most=MOST_VIDEOS_PER_BATCH,
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
    tuning: AdaptationOptions = group("adaptation")
    work: WorkOptions = group(
        "speed",
        n_workers={"otherwise": "one for each processor; 0 for few videos, or if a model on the CPU takes longer"},
    )
    printed: PrintedOptions = group("output")
    file: FileOptions = group()
    draw: DrawOption = group()
    live: LiveOptions = group(
        "live video", "Instead of VIDEO, until it ends or Ctrl-C; the answer is printed when it changes."
    )

    def __post_init__(self) -> None:
        """Checks that there is something to classify, and that options have an effect.

        Raises:
            ValueError: No video, no embeddings and no stream, two of them, or an option that has no effect with them.
        """
        check_live(self, self.live)
        if self.live.stream is not None:
            return
        self._check_adaptation()
        if self.embeddings is None and not self.videos:
            raise ValueError("give video files, folders or patterns, or --embeddings FOLDER")
        if self.embeddings is None:
            return
        if self.videos:
            raise ValueError(f"give videos ({self.videos[0]}, ...) or --embeddings {self.embeddings}, not both")
        decided: dict[str, object] = {"architecture": None, "frames": None, "clips": 1}
        decided |= {"frame_statistics": "model", "frame_geometry": "model"}
        for name, default in decided.items():
            if (value := getattr(self.model, name)) != default:
                raise ValueError(f"--{name} {value} was decided when --embeddings were made; leave it out")
        if self.file.output is not None:
            raise ValueError("--output is for videos; with --embeddings print the answers: --json")
        if self.draw.draw is not None:
            raise ValueError(
                f"--draw {self.draw.draw} draws onto videos; give the videos instead of --embeddings {self.embeddings}"
            )
        if self.damage != DamageOption():
            raise ValueError(f"--on_damage {self.damage.on_damage} is for videos; leave it out with --embeddings")

    def _check_adaptation(self) -> None:
        asked = self.tuning.adaptation
        if asked is None:
            if self.tuning.seed != 0:
                raise ValueError(f"--seed {self.tuning.seed} is for --adaptation, which is not given; leave it out")
            return
        if self.embeddings is not None:
            raise ValueError(
                f"--adaptation {asked} tunes on views of videos, which --embeddings do not hold; give the videos"
            )
        if self.model.clips != 1:
            raise ValueError(
                f"--clips {self.model.clips}: with --adaptation {asked} a video has a single test view; leave it out"
            )


COMMAND = Command(
    "classify",
    ClassifyOptions,
    description="Name the action in videos, among class names that you give. Any names work; nothing is trained.",
    epilog="Probabilities are relative to the given names: they sum to 1 even if none fits. Give every name that may "
    "occur, and a --threshold for videos that show something else. Models with a logit bias (SigLIP) also tell the own "
    "probability of each name by itself: all are small if none fits, and --threshold is compared with these.",
)
