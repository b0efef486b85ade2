"""The options of `zsar embed`: videos, or a data set as `zsar test` takes it."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from zsar.lightning_modules.command_line.options.data_arguments import DataCommand, data_set_list
from zsar.lightning_modules.command_line.options.fields import argument, group, option
from zsar.lightning_modules.command_line.options.shared import (
    BatchSizeOption,
    DamageOption,
    DeviceOption,
    GeometryOption,
    SquareRecognizerOptions,
    WorkerOption,
)
from zsar.lightning_modules.open_clip_towers.weights.default_weights import DEFAULT_ARCHITECTURE
from zsar.runtime.number_limits import MOST_FRAMES_PER_VIEW, MOST_VIEWS


@dataclass(frozen=True)
class FrameOptions:
    """Which frames of given videos are embedded."""

    frames: int | None = option(
        None, "frames per clip", metavar="T", otherwise="8, or as trained", at_least=1, at_most=MOST_FRAMES_PER_VIEW
    )
    clips: int = option(1, "clips per video", metavar="N", at_least=1, at_most=MOST_VIEWS)
    stride_seconds: float | None = option(
        None,
        "of long videos: embed the frame shown at every S seconds, each with its time, instead of clips",
        metavar="S",
        more_than=0,
        at_most=86_400,
    )

    def __post_init__(self) -> None:
        """Checks that clips and single frames are not both requested.

        Raises:
            ValueError: They are.
        """
        if self.stride_seconds is not None and (self.frames is not None or self.clips != 1):
            raise ValueError(
                f"--stride_seconds {self.stride_seconds:g} embeds single frames, --frames and --clips embed clips; "
                "leave one of them out"
            )


@dataclass(frozen=True)
class EmbedOptions:
    """The options of `zsar embed`."""

    videos: tuple[Path, ...] = argument(
        "video files, folders of videos, or glob patterns", metavar="VIDEO", optional=True
    )
    output: Path = option(help="output folder; only one run at a time may write to it", metavar="FOLDER")
    config: str | None = option(None, "an experiment: its data set is embedded", metavar="FILE")
    data: str | None = option(
        None, "a data set instead of videos, with its settings: --data UCF101 --data.clips.n_frames 8", metavar="NAME"
    )
    stage: Literal["test", "validate", "predict"] = option("test", "which sets of the data set are embedded")
    model: SquareRecognizerOptions = group("model", architecture={"otherwise": DEFAULT_ARCHITECTURE})
    frames: FrameOptions = group("frames of given videos")
    geometry: GeometryOption = group()
    damage: DamageOption = group()
    dtype: Literal["fp16", "fp32"] = option("fp16", "type of the stored embeddings")
    batch: BatchSizeOption = group("computation")
    device: DeviceOption = group()
    workers: WorkerOption = group(n_workers={"otherwise": "one less than the number of processors"})
    overwrite: bool = option(False, "replace all existing files")


@dataclass(frozen=True)
class EmbedRequest(EmbedOptions):
    """The parsed command line.

    Attributes:
        data_arguments: Its arguments `--data...` and `--config...`, which the parser of the data set reads.
    """

    data_arguments: tuple[str, ...] = ()


class EmbedCommand(DataCommand[EmbedOptions]):
    """The command; settings of a data set, such as `--data.clips.n_frames`, are left to that data set."""

    def parse(self, arguments: Sequence[str] | None) -> EmbedRequest:
        """Parses a command line; see `Command.parse`.

        Raises:
            ValueError: A number is out of range, or options contradict each other.
        """
        of_data, parsed = self.parse_others(sys.argv[2:] if arguments is None else arguments)
        if parsed.videos and of_data:
            raise ValueError(f"{parsed.videos[0]} and {of_data[0]}: give videos or a data set, not both")
        if not parsed.videos and not of_data:
            raise ValueError("give video files, folders or patterns, or a data set: --data NAME or --config FILE")
        defaults = (FrameOptions(), GeometryOption(), DamageOption())
        if of_data and (parsed.frames, parsed.geometry, parsed.damage) != defaults:
            raise ValueError(
                "--frames, --clips, --stride_seconds, --geometry and --on_damage are for given videos; set those of a "
                "data set by --data.clips.n_frames, --data.clips.n_test_clips and --data.loading.on_damage"
            )
        if not of_data and parsed.stage != "test":
            raise ValueError(f"--stage {parsed.stage} is for a data set; leave it out")
        if parsed.frames.stride_seconds is None and parsed.geometry != defaults[1]:
            raise ValueError(f"--geometry {parsed.geometry.geometry} is for --stride_seconds; leave it out")
        if parsed.frames.stride_seconds is not None and (stated := parsed.model.frame_geometry) != "model":
            raise ValueError(
                f"--frame_geometry {stated} is for clips; with --stride_seconds give --geometry {stated} instead"
            )
        return EmbedRequest(**vars(parsed), data_arguments=tuple(of_data))


COMMAND = EmbedCommand(
    "embed",
    EmbedOptions,
    description="Embed the frames of videos once and store them, one file per video, so that other class names, "
    "prompts and scorers take seconds: `zsar test --data.embeddings FOLDER`, `zsar classify --embeddings FOLDER`, "
    "`zsar search FOLDER TEXT`. An interrupted run resumes where it stopped. Undecodable videos are reported at the "
    "end; the rest are still embedded.",
    epilog=f"{data_set_list('embed')} `zsar embed clips/ --output embeddings` embeds 8 frames of each video; add "
    "--stride_seconds 1 for long videos. `zsar embed --config experiment/clip_zero_shot_ucf101 --output embeddings` "
    "embeds what that test reads.",
)
