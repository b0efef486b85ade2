"""The data set of `zsar embed`, and the frozen model of its experiment, as `zsar test` would build them."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from zsar.datamodules.clip_dataset import EvaluationClips
from zsar.datamodules.video import TrimmedVideoDataModule
from zsar.lightning_modules.clip.clip import ZeroShotCLIP
from zsar.lightning_modules.command_line.fit_and_test.trimmed_data import built_data
from zsar.lightning_modules.experiments.experiment_files import with_read_experiments
from zsar.lightning_modules.experiments.shipped_configs import with_located_configs
from zsar.lightning_modules.recognition.recognizer import ActionRecognizer
from zsar.lightning_modules.recognition.saved.model_building import build_from_plain
from zsar.runtime.text.bounded_yaml import read_yaml_file


@dataclass(frozen=True)
class StatedData:
    """A data set that is set up.

    Attributes:
        module: The data module.
        stage: "test", "validate" or "predict".
    """

    module: TrimmedVideoDataModule
    stage: str

    def clips(self) -> Iterator[EvaluationClips]:
        """The test views of each set of the stage."""
        for name in self.module.set_classes(self.stage):
            yield self.module.evaluation_clips(name)


def stated_data(arguments: Sequence[str], stage: str) -> StatedData:
    """Builds the data module of `--data` and `--config`, and lists its videos.

    Args:
        arguments: These arguments.
        stage: "test", "validate" or "predict".

    Raises:
        ValueError: A setting is wrong; the data set makes further views or reads embeddings itself.
        FileNotFoundError: There is no such config file, or the videos are not there.
    """
    module = built_data(arguments, command="embed")
    if not module.reads_files:
        raise ValueError(f"--data.embeddings {module.embeddings} is what a test reads; leave it out to embed videos")
    if module.clips.views is not None:
        raise ValueError(
            "data.clips.views makes further views for prompt tuning, which are not stored; set --data.clips.views null"
        )
    module.prepare_data()
    module.setup(stage)
    return StatedData(module, stage)


def stated_frozen_model(arguments: Sequence[str]) -> ActionRecognizer | None:
    """Builds the model of the experiment that the arguments name.

    Args:
        arguments: The arguments `--data` and `--config`.

    Returns:
        The model, frozen; None if there is no experiment, or it states no model.

    Raises:
        ValueError: Its model is trained, so that a checkpoint is needed.
    """
    with tempfile.TemporaryDirectory(prefix="zsar-") as folder:
        located = with_located_configs(arguments, sections=("model", "data", "adaptation"))
        read = with_read_experiments(located, Path(folder), sections=("model", "data", "adaptation"))
        paths = [value for word, value in _with_values(read) if word == "--config"]
        stated = [model for path in paths if (model := read_yaml_file(Path(path)).get("model")) is not None]
    if not stated:
        return None
    model = stated[-1]
    name = model if isinstance(model, str) else str(model.get("class_path"))
    if name.rpartition(".")[2] != ZeroShotCLIP.__name__:
        raise ValueError(
            f"the experiment's model is {name.rpartition('.')[2]}, which is trained; give --checkpoint FILE, or "
            "--architecture NAME for frozen CLIP"
        )
    arguments_of_model = {} if isinstance(model, str) else model.get("init_args") or {}
    built: ActionRecognizer = build_from_plain(ZeroShotCLIP, arguments_of_model)
    return built


def _with_values(arguments: Sequence[str]) -> Iterator[tuple[str, str]]:
    rest = iter(arguments)
    for word in rest:
        name, equals, value = word.partition("=")
        yield name, value if equals else next(rest, "")
