"""The options of `zsar convert`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from zsar.lightning_modules.command_line.options.command import Command
from zsar.lightning_modules.command_line.options.fields import argument, group, option
from zsar.lightning_modules.command_line.options.shared import ForceOption, ModelOptions


@dataclass(frozen=True)
class ConvertOptions:
    """The options of `zsar convert`."""

    checkpoint: Path = argument("the authors' file", metavar="CHECKPOINT")
    output: Path | None = option(None, "checkpoint to write", metavar="FILE", otherwise="NAME.zsar.ckpt")
    model: ModelOptions = group(
        architecture={"otherwise": "inferred from the shapes of the tensors"},
        weights={"help": "ViFi-CLIP and Open-VCLIP: open_clip tag or weights file of the CLIP that was fine-tuned"},
    )
    skip_objects: bool = option(
        False,
        "skip Python objects in the file, such as a config, and read only its tensors",
        otherwise="such a file is an error; code in the file is never run",
    )
    replacing: ForceOption = group()


COMMAND = Command(
    "convert",
    ConvertOptions,
    description="Convert a checkpoint released by the authors of T2L ({epoch, model_state_dict, "
    "optimizer_state_dict}), of BIKE ({epoch, model_state_dict, fusion_model_state_dict, optimizer_state_dict}), of "
    "ViFi-CLIP ({model, optimizer, lr_scheduler, max_accuracy, epoch, config}) or of Open-VCLIP ({model_state}, "
    "swa_2_22.pth, or a checkpoint of its training) to one of zsar. The method is recognized by the contents. T2L's "
    "and BIKE's files also hold CLIP's weights, which are written to a second file; ViFi-CLIP's lacks the token "
    "embedding, which is taken from CLIP's own weights; Open-VCLIP's are mixed with these in use.",
)
