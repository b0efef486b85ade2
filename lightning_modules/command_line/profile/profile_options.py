"""The options of `zsar profile`: experiments, or a model, and what of their cost is measured."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from zsar.lightning_modules.command_line.options.command import Command
from zsar.lightning_modules.command_line.options.fields import argument, group, option
from zsar.lightning_modules.command_line.options.shared import DeviceOption
from zsar.lightning_modules.command_line.options.spelling import one_spelling
from zsar.lightning_modules.experiments.section_options import section_options
from zsar.runtime.number_limits import MOST_FRAMES_PER_VIEW, MOST_VIDEOS_PER_BATCH

Part = Literal["count", "forward", "train", "decode"]
PARTS: tuple[Part, ...] = ("count", "forward", "train", "decode")

_SETTINGS = ("model", "data", "adaptation", "trainer")
_WITHOUT_NAMES = tuple(f"--{section}.help" for section in _SETTINGS)
_MOST_REPEATS, _MOST_CLASSES = 10_000, 100_000


@dataclass(frozen=True)
class ProfileOptions:
    """The options of `zsar profile`."""

    experiments: tuple[str, ...] = argument(
        "experiments, each a row of the table; files joined by + are one: experiment/t2l_kinetics400+ablation/"
        "t2l_vit_b_32",
        metavar="EXPERIMENT",
        optional=True,
    )
    config: str | None = option(None, "settings of all rows; without EXPERIMENT, the experiment itself", metavar="FILE")
    model: str | None = option(
        None, "a model, with its settings: --model T2L --model.backbone.architecture ViT-B-32-quickgelu", metavar="NAME"
    )
    data: str | None = option(None, "a data set, with its settings; without one: 400 made-up classes", metavar="NAME")
    adaptation: str | None = option(
        None, "test-time prompt tuning: configs/adaptation/tpt.yaml is appended with --config", metavar="FILE"
    )
    trainer: str | None = option(None, "trainer settings: precision and gradient_clip_val are used", metavar="FILE")
    random_weights: bool = option(
        False, "take untrained weights: nothing is read or downloaded, and they cost the same time and memory"
    )
    n_frames: str | None = option(
        None, "frames of a view instead of the experiment's; several make a row each", metavar="T[,T...]"
    )
    n_classes: int | None = option(
        None,
        "the first C classes of the data set; C made-up ones if its class names are not on this machine",
        metavar="C",
        otherwise="all",
        at_least=2,
        at_most=_MOST_CLASSES,
    )
    what: str = option(
        ",".join(PARTS),
        "what is measured beside counts, which are always shown; count alone takes neither weights nor memory. Frozen "
        "models have no training step",
        metavar="PART[,PART...]",
    )
    batch_size: int | None = option(
        None,
        "videos per step; of a localizer, frames per pass",
        metavar="B",
        otherwise="the experiment's on a GPU, 2 on the CPU",
        at_least=1,
        at_most=MOST_VIDEOS_PER_BATCH,
    )
    repeats: int = option(
        5, "measured steps, of which the median is shown", metavar="R", at_least=1, at_most=_MOST_REPEATS
    )
    device: DeviceOption = group()
    precision: Literal["32-true", "bf16-mixed", "16-mixed", "bf16-true", "16-true"] | None = option(
        None, "precision of the steps", otherwise="the experiment's on a GPU, 32-true on the CPU"
    )
    results: tuple[Path, ...] = option(
        (), "a run folder with a results.json for each row, in order: its accuracy; may be repeated", metavar="RUN"
    )
    output: tuple[Path, ...] = option(
        (),
        "also write .json (everything), .md or .csv (the table); or a chart: .png, .svg or .pdf; may be repeated",
        metavar="FILE",
    )

    def __post_init__(self) -> None:
        """Checks the lists.

        Raises:
            ValueError: A part is unknown, or a number of frames is none.
        """
        _ = self.parts, self.frame_numbers

    @property
    def parts(self) -> tuple[Part, ...]:
        """What is measured, in the order of `PARTS`."""
        named = [name.strip() for name in self.what.split(",")]
        if unknown := [name for name in named if name not in PARTS]:
            raise ValueError(f"--what names parts of {', '.join(PARTS)}, separated by commas; got {unknown[0]!r}")
        return tuple(part for part in PARTS if part in named)

    @property
    def states_parts(self) -> bool:
        """Whether the user chose the parts."""
        return self.what != ",".join(PARTS)

    @property
    def frame_numbers(self) -> tuple[int | None, ...]:
        """The frames of a view, for each row of an experiment; None for its own."""
        if self.n_frames is None:
            return (None,)
        numbers = [text.strip() for text in self.n_frames.split(",")]
        for text in numbers:
            if not (text.isascii() and text.isdigit() and 1 <= int(text) <= MOST_FRAMES_PER_VIEW):
                raise ValueError(
                    f"--n_frames must be whole numbers from 1 to {MOST_FRAMES_PER_VIEW:,}, separated by commas; got "
                    f"{text!r}"
                )
        return tuple(dict.fromkeys(map(int, numbers)))


@dataclass(frozen=True)
class ProfileRequest(ProfileOptions):
    """The parsed command line.

    Attributes:
        settings: Its arguments `--config`, `--model...`, `--data...`, `--adaptation...` and `--trainer...`, which the
            parser of `zsar test` reads.
    """

    settings: tuple[str, ...] = ()

    @property
    def row_experiments(self) -> tuple[str, ...]:
        """The experiments of the rows; "" for the one that the settings state."""
        return self.experiments or ("",)


class ProfileCommand(Command[ProfileOptions]):
    """The command; settings of models and data are left to their parser."""

    def parse(self, arguments: Sequence[str] | None) -> ProfileRequest:
        """Parses a command line; see `Command.parse`.

        Raises:
            ValueError: A number is out of range, or options contradict each other.
        """
        settings: list[str] = []
        others: list[str] = []
        for given in section_options(sys.argv[2:] if arguments is None else arguments, _SETTINGS):
            name, equals, _ = given[0].partition("=")
            is_setting = name == "--config" or name.removeprefix("--").partition(".")[0] in _SETTINGS
            if given[0] in _WITHOUT_NAMES:
                self.parser().error(f"{name} is answered by `zsar test {name} NAME`")
            if name.startswith("--") and is_setting:
                if len(given) == 1 and not equals:
                    self.parser().error(f"{name}: expected one argument")
                settings += [*one_spelling(given[:1]), *given[1:]]
            else:
                others += given
        parsed = super().parse(others)
        if not parsed.experiments and not settings:
            self.parser().error("give an experiment, or --model NAME; for example `zsar profile --model T2L`")
        return ProfileRequest(**vars(parsed), settings=tuple(settings))


COMMAND = ProfileCommand(
    "profile",
    ProfileOptions,
    description="Measure what experiments cost, a row each: parameters (all, trained), GFLOPs of a video, videos and "
    "frames per second of forward pass and training step, peak memory, and decoding beside it. GFLOPs are those of "
    "results.json: matrix products, convolutions and attention in embedding all views of a video, two operations per "
    "multiply-add. The forward pass goes from frames on the device to logits; class text is embedded before, and its "
    "time stated apart. A training step is forward, losses, backward and the experiment's optimizer. Each is the "
    "median of the repeats after one to warm up (3 on a GPU), with the lowest and the highest in the JSON. Decoding "
    "runs in one process, on the data set's test videos if they are here, else on a rendered one.",
    epilog="Examples: `zsar profile --model T2L --random_weights --what count`; `zsar profile experiment/"
    "t2l_kinetics400 experiment/clip_zero_shot_ucf101 --random_weights --output cost.json --output cost.png`; `zsar "
    "profile experiment/t2l_kinetics400 --n_frames 8,16,32`. Settings of `zsar test` (--model.n_frames 16) apply to "
    "all rows. On the CPU, peak memory is what the process holds above what it held before the model was built.",
)
