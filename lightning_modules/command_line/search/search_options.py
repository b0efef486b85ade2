"""The options of `zsar search`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from zsar.datamodules.choices.action_template import TRAINED_TEMPLATE
from zsar.lightning_modules.command_line.options.command import Command
from zsar.lightning_modules.command_line.options.fields import argument, group, option
from zsar.lightning_modules.command_line.options.shared import DeviceOption, JsonOption, TokenizerOption


@dataclass(frozen=True)
class FoundOptions(JsonOption):
    """What is printed and written."""

    top_k: int = option(10, "hits shown for each text", metavar="K", at_least=1, at_most=1_000_000)
    output: Path | None = option(
        None, "also write the hits of all texts as a CSV table", metavar="FILE.csv", otherwise="no file"
    )


@dataclass(frozen=True)
class SearchOptions:
    """The options of `zsar search`."""

    folder: Path = argument("folder that `zsar embed` wrote", metavar="FOLDER")
    queries: tuple[str, ...] = argument('texts to search for: "someone opens a door"', metavar="TEXT")
    template: str = option(
        TRAINED_TEMPLATE,
        "prompt template with {}, or a set of templates: photo, action_clip, name (as it is)",
        metavar="T",
    )
    weights: str | None = option(None, "CLIP's weights, if they have moved", metavar="FILE", otherwise="as embedded")
    checkpoint: Path | None = option(None, "the checkpoint, if it has moved", metavar="FILE", otherwise="as embedded")
    tokenizer: TokenizerOption = group()
    device: DeviceOption = group()
    found: FoundOptions = group("output")


COMMAND = Command(
    "search",
    SearchOptions,
    description="Rank an archive of stored embeddings by a text: videos, and the moments of long videos that were "
    "embedded with `zsar embed --stride_seconds`. Nothing is decoded; the text is read by "
    "the model that embedded the videos.",
    epilog="Scores are cosine similarities: compare those of one text only. There is always a best hit, even if "
    "nothing fits.",
)
