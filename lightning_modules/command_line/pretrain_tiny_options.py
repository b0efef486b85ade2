"""The options of `zsar pretrain-tiny`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from zsar.datamodules.rendering.frame_captions import CaptionedShapesSettings
from zsar.lightning_modules.command_line.options.command import Command
from zsar.lightning_modules.command_line.options.fields import group, option
from zsar.lightning_modules.command_line.options.shared import SEED_LIMITS, ForceOption
from zsar.runtime.number_limits import MOST_RENDERED_VIDEOS


@dataclass(frozen=True)
class PretrainTinyOptions:
    """The options of `zsar pretrain-tiny`."""

    architecture: Literal["tiny-clip", "tiny-coca", "tiny-siglip", "tiny-pe", "tiny-eva"] = option(
        "tiny-clip", "model to train"
    )
    output: Path | None = option(
        None,
        "weights file to write",
        metavar="FILE",
        otherwise="runs/tiny_clip/seedSEED.pt, runs/tiny_coca/seedSEED.pt, and so on",
    )
    seed: int = option(
        CaptionedShapesSettings.seed,
        "random seed of initial weights, frames and batches",
        metavar="SEED",
        **SEED_LIMITS,
    )
    steps: int = option(
        CaptionedShapesSettings.n_batches,
        f"training steps, of {CaptionedShapesSettings.batch_size} frames each",
        metavar="N",
        at_least=1,
        at_most=1_000_000,
    )
    clips: int = option(
        CaptionedShapesSettings.n_clips,
        "rendered clips from which frames are taken",
        metavar="N",
        at_least=1,
        at_most=MOST_RENDERED_VIDEOS,
    )
    replacing: ForceOption = group(force={"help": "train even if the output exists, and replace it"})


COMMAND = Command(
    "pretrain-tiny",
    PretrainTinyOptions,
    description="Train the tiny CLIP of the embedded benchmark (architecture tiny-clip) from scratch, on single "
    "frames of moving shapes with captions that never name a direction: it learns colours, shapes and positions, but "
    "cannot learn directions. Takes about a minute on 2 cores. The tiny CoCa (tiny-coca) also learns to write "
    "captions, of shapes, noise and bars, in a minute and a half. tiny-siglip, tiny-pe and tiny-eva have visual "
    "towers like those of SigLIP, PE-Core and EVA-02. Writes a state dict, which any model accepts as "
    "weights, and a JSON file of the same name with settings and results. Ends with a table of probe accuracies.",
)
