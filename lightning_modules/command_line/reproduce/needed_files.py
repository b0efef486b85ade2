"""What the commands of a table need: data sets, lists, class text, features, weights and checkpoints.

Taken from their configurations as they are parsed, without touching videos: folders and files are only looked for.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from inspect import signature
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal

from lightning.pytorch import LightningDataModule

from zsar.datamodules.class_text.text_files import shipped_class_text
from zsar.datamodules.data_sets import UntrimmedShapes, VideoFolder
from zsar.datamodules.listed_videos import ListedVideoDataModule
from zsar.datamodules.untrimmed_video import UntrimmedVideoDataModule
from zsar.datamodules.video import TrimmedVideoDataModule
from zsar.lightning_modules.command_line.describe.describe_options import COMMAND as DESCRIBE
from zsar.lightning_modules.command_line.extract.extract_options import COMMAND as EXTRACT
from zsar.lightning_modules.command_line.extract.extract_options import ExtractOptions
from zsar.lightning_modules.command_line.model_kinds import chosen_class
from zsar.lightning_modules.command_line.reproduce.stated_data import StatedSettings, stated_data, stated_settings
from zsar.lightning_modules.open_clip_towers.weights.default_weights import DEFAULT_ARCHITECTURE, default_weights

State = Literal["missing", "there", "downloaded", "shipped", "made here", "asked"]

_OfData = dict[tuple[str, ...], list[tuple[str, str]]]  # what data read, by the options that state them

_FILE_ENDINGS = (".pt", ".pth", ".bin", ".safetensors", ".ckpt")
_LANGUAGE_MODEL = "language model: set $OPENAI_API_KEY, or another server's $OPENAI_BASE_URL"
_NAMED: dict[str, State] = {  # no paths
    "weights of open_clip": "downloaded",
    "class text of zsar": "shipped",
    _LANGUAGE_MODEL: "asked",
}
_VERBS = ("fit", "validate", "test", "predict")


@dataclass(frozen=True)
class Need:
    """Something that a command reads.

    Attributes:
        name: Its path, or its name.
        what: What it is: "videos of HMDB51", "class text", ...
        state: "missing" or "there" for files and folders; "downloaded" for weights that open_clip gets once, "shipped"
            for what comes with zsar, "made here" for the results of earlier commands, "asked" for language models.
    """

    name: str
    what: str
    state: State


def needs_of(commands: Sequence[Sequence[str]]) -> list[Need]:
    """What commands need, missing things first, each once.

    Args:
        commands: The commands in order, as shell words beginning with "zsar".

    Raises:
        FileNotFoundError: A configuration does not exist.
        ValueError: It is invalid.
    """
    made: list[Path] = []
    needs: dict[str, Need] = {}
    of_data: _OfData = {}
    for words in commands:
        for name, what in _read_by(words, of_data):
            state = _state(name, made) if what not in _NAMED else _NAMED[what]
            needs.setdefault(name, Need(name, what, state))
        made += _made_by(words)
    order = ("missing", "asked", "there", "made here", "downloaded", "shipped")
    return sorted(needs.values(), key=lambda need: order.index(need.state))


def _state(name: str, made: Sequence[Path]) -> State:
    path = Path(name)
    if any(path == result or result in path.parents for result in made):
        return "made here"
    return "there" if path.exists() else "missing"


def _made_by(words: Sequence[str]) -> Iterator[Path]:
    for option, value in pairwise(words):
        if option in ("--output", "--run_dir"):
            yield Path(value)


def _read_by(words: Sequence[str], of_data: _OfData) -> Iterator[tuple[str, str]]:
    """Name and kind of what a command reads; of data that an earlier command states too, they are looked up."""
    if words[1] == "extract":
        yield from _of_extraction(EXTRACT.parse(words[2:]))
    if words[1] == "describe":
        yield DESCRIBE.parse(words[2:]).model.model, _LANGUAGE_MODEL
    if words[1] not in _VERBS:
        return
    stated = stated_settings(words)
    if (key := tuple(stated.data_options)) not in of_data:
        of_data[key] = list(_of_data(stated_data(stated)))
    yield from of_data[key]
    yield from _of_model(stated)
    for option, value in pairwise(words):
        if option == "--ckpt_path" and value.endswith(_FILE_ENDINGS):
            yield value, "checkpoint"


def _of_extraction(options: ExtractOptions) -> Iterator[tuple[str, str]]:
    yield from ((str(path), "videos to extract") for path in options.videos)
    architecture = options.model.architecture or DEFAULT_ARCHITECTURE
    yield from _of_weights(architecture, options.model.weights or default_weights(architecture) or "random")


def _of_weights(architecture: str, weights: str) -> Iterator[tuple[str, str]]:
    if weights.endswith(_FILE_ENDINGS) or "/" in weights:
        yield weights, f"weights of {architecture}"
    elif weights != "random":
        yield f"{architecture} {weights}", "weights of open_clip"


def _of_model(stated: StatedSettings) -> Iterator[tuple[str, str]]:
    weights, architecture = (stated.text(f"model.backbone.{key}") for key in ("weights", "architecture"))
    default = _default_backbone(stated)
    weights = weights or str(getattr(default, "weights", None))
    architecture = architecture or str(getattr(default, "architecture", None))
    yield from _of_weights(architecture, weights)
    if (start := stated.text("model.start_from")) is not None:
        yield start, "checkpoint that training starts from"


def _default_backbone(stated: StatedSettings) -> object:
    path = (stated.sections.get("model") or {}).get("class_path")
    parameter = None if path is None else signature(chosen_class("model", path)).parameters.get("backbone")
    return None if parameter is None else parameter.default


def _of_data(module: LightningDataModule) -> Iterator[tuple[str, str]]:
    name = type(module).__name__
    if isinstance(module, VideoFolder):
        sources = (module.train_source, module.test_source)
        yield from ((str(source), f"videos of {name}") for source in sources if source is not None)
    elif isinstance(module, ListedVideoDataModule):
        yield str(module.data_root / module.videos_folder), f"videos of {name}"
        yield from _of_lists(module.lists, module.data_root)
    elif isinstance(module, UntrimmedVideoDataModule) and not isinstance(module, UntrimmedShapes):
        yield str(module.videos_folder), f"annotations of {name}" + (" and videos" if module.needs_files else "")
        if module.split.lists is not None:
            yield str(module.data_root / module.split.lists), "class lists"
    if isinstance(module, UntrimmedVideoDataModule):
        folders = {"frame features": module.features_folder, "captions": module.captions_folder}
        yield from ((str(folder), what) for what, folder in folders.items() if folder is not None)
    if isinstance(module, TrimmedVideoDataModule | UntrimmedVideoDataModule):
        yield from _of_text(module.text.descriptions, module.data_root)
        if module.split.exclude is not None:
            yield str(Path(module.split.exclude).expanduser()), "videos to leave out"


def _of_lists(lists: Any, data_root: Path) -> Iterator[tuple[str, str]]:  # noqa: ANN401 - a group of settings
    for field in fields(lists):
        value = getattr(lists, field.name)
        if value is not None and field.name != "on_contradiction":
            yield str(data_root / value), "published list"


def _of_text(descriptions: Path | str | None, data_root: Path) -> Iterator[tuple[str, str]]:
    if descriptions is None:
        return
    if str(descriptions) in shipped_class_text():
        yield str(descriptions), "class text of zsar"
        return
    path = Path(descriptions).expanduser()
    yield str(path if path.is_file() else data_root / path), "class text"  # which an earlier command may make
