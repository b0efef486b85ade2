"""`zsar pretrain-tiny`: trains the tiny models of the embedded benchmarks, and probes them on single frames."""

from __future__ import annotations

import json
import logging
import time
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path
from typing import Any

import lightning
import torch
from lightning.pytorch import Trainer, seed_everything
from rich.table import Table

from zsar.callbacks.set_progress import SetProgressBar
from zsar.datamodules.rendering.captioned_shapes import CaptionedShapes
from zsar.datamodules.rendering.frame_captions import CaptionedShapesSettings
from zsar.lightning_modules.command_line.pretrain_tiny_options import PretrainTinyOptions
from zsar.lightning_modules.open_clip_towers.open_clip_backbone import OpenClipBackbone
from zsar.lightning_modules.tensor_files.finite_weights import not_finite
from zsar.lightning_modules.training.captioner_pretraining import CaptionerPretraining
from zsar.lightning_modules.training.image_text_pretraining import ImageTextPretraining
from zsar.lightning_modules.training.whole_checkpoints import WholeCheckpointIO
from zsar.runtime.files.given_files import GivenFileError, read_given_json
from zsar.runtime.files.whole_files import write_json_whole
from zsar.runtime.terminal import result_console, say

_COCA = "tiny-coca"
_SPOKEN = {
    "tiny-clip": "tiny CLIP",
    _COCA: "tiny CoCa",
    "tiny-siglip": "tiny SigLIP",
    "tiny-pe": "tiny PE",
    "tiny-eva": "tiny EVA",
}
_BACKGROUND_VIDEOS_OF_COCA = 128  # about 1,900 frames, a tenth of all
_GRADIENT_CLIP = 1.0
_DESCRIBED_WITHOUT_FRAMES = ("tiny-clip", _COCA)  # as older weights of them are; their frames are CLIP's
_CHANCE = {
    "object": 1 / 16,
    "left or right": 1 / 2,
    "top or bottom": 1 / 2,
    "direction": 1 / 2,
    # One of the 16 objects, noise and bars, if captions were written at random.
    "caption of an object": 1 / 18,
    "caption of background": 1 / 18,
}


def run(options: PretrainTinyOptions) -> int:
    """Runs the command.

    Args:
        options: The parsed command line.

    Returns:
        0.

    Raises:
        ValueError: The output exists, was trained with other settings, and --force is not given.
    """
    output = options.output or Path(f"runs/{options.architecture.replace('-', '_')}/seed{options.seed}.pt")
    is_captioner = options.architecture == _COCA
    data_settings = CaptionedShapesSettings(
        seed=options.seed,
        n_batches=options.steps,
        n_clips=options.clips,
        n_background_videos=_BACKGROUND_VIDEOS_OF_COCA if is_captioner else 0,
    )
    data = CaptionedShapes(data_settings, asks_for_captions=is_captioner)
    seed_everything(options.seed, verbose=False)
    model = (CaptionerPretraining if is_captioner else ImageTextPretraining)(options.architecture)
    settings = _settings(data, model)
    if output.exists() and not options.replacing.force:
        description = _trained_with_the_same(output, options.architecture, settings)
        say(f"{output} exists, trained with these settings; nothing to do (--force trains again)")
    else:
        description = {"settings": settings, **_train(model, data, output)}
        write_json_whole(_description_path(output), description)
        say(f"wrote {output} in {description['seconds']:.0f} s, and its settings in {_description_path(output)}")
    _print_probes(_SPOKEN[options.architecture], description["probes"])
    return 0


def _settings(data: CaptionedShapes, model: ImageTextPretraining) -> dict[str, Any]:
    """Everything that the weights depend on, except versions and hardware, JSON-serializable."""
    architecture = (
        files("zsar.lightning_modules.open_clip_towers.weights")
        / "architectures"
        / f"{model.backbone.architecture}.json"
    )
    config = json.loads(architecture.read_text(encoding="utf-8"))
    if model.backbone.architecture in _DESCRIBED_WITHOUT_FRAMES:
        config.pop("preprocess_cfg", None)
    return {
        **data.settings.as_dict(),
        **dict(model.hparams),
        "gradient_clip": _GRADIENT_CLIP,
        "architecture": config,
        "frames_and_captions": data.fingerprint(),
    }


def _trained_with_the_same(output: Path, architecture: str, settings: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the description of an existing output that was made with these settings.

    Raises:
        ValueError: It was made with other settings, or its settings are unknown.
    """
    remedy = "give another --output, or --force to replace it"
    path = _description_path(output)
    if not path.is_file():
        raise ValueError(f"{output} exists, but {path} does not, so how it was trained is unknown; {remedy}")
    description = _description(path, remedy)
    before = description["settings"]
    differences = [
        f"{name}: {before.get(name)} there, {settings.get(name)} now"
        for name in sorted(set(before) | set(settings))
        if before.get(name) != settings.get(name)
    ]
    if differences:
        raise ValueError(f"{output} was trained with other settings ({'; '.join(differences)}); {remedy}")
    weights_hash = OpenClipBackbone(architecture, str(output)).weights_hash
    if weights_hash != description["weights_hash"]:
        raise ValueError(
            f"{output} holds the weights {weights_hash}, but {path} describes {description['weights_hash']}; {remedy}"
        )
    return description


def _description(path: Path, remedy: str) -> dict[str, Any]:
    """Reads the description of trained weights.

    Raises:
        GivenFileError: The file was not written by this command.
    """
    content = read_given_json(path, what="description of the weights", remedy=remedy)
    kinds = {"settings": dict, "weights_hash": str, "probes": dict}
    if not isinstance(content, dict) or not all(isinstance(content.get(key), kind) for key, kind in kinds.items()):
        raise GivenFileError(path, f"it lacks {', '.join(kinds)}, so it was not written by this command", remedy)
    if set(content["probes"]) - set(_CHANCE) or not all(type(share) is float for share in content["probes"].values()):
        raise GivenFileError(path, "its probes are not those of this command", remedy)
    return content


def _train(model: ImageTextPretraining, data: CaptionedShapes, output: Path) -> dict[str, Any]:
    """Trains, writes the weights in one step, and returns their description."""
    began = time.perf_counter()
    with _without_advice():
        trainer = Trainer(
            max_epochs=1,
            devices=1,
            gradient_clip_val=_GRADIENT_CLIP,
            callbacks=[SetProgressBar()],
            logger=False,
            enable_checkpointing=False,
            enable_model_summary=False,
        )
        trainer.fit(model, datamodule=data)
        results = trainer.test(model, datamodule=data, verbose=False)
    state = {name: tensor.cpu() for name, tensor in model.backbone.clip.state_dict().items()}
    if (problem := not_finite(state)) is not None:
        raise ValueError(f"training made weights not finite, so they are not saved: {problem}; give another --seed")
    WholeCheckpointIO().save_checkpoint(state, output)
    return {
        "probes": {name: round(share, 4) for result in results for name, share in result.items()},
        "weights_hash": model.backbone.weights_hash,
        "seconds": round(time.perf_counter() - began, 1),
        "versions": {"torch": torch.__version__, "lightning": lightning.__version__},
    }


@contextmanager
def _without_advice() -> Iterator[None]:
    """Hides Lightning's hints about devices and data loader workers, which do not apply to frames in memory."""
    logger = logging.getLogger("lightning.pytorch")
    level = logger.level
    logger.setLevel(logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message=".*does not have many workers.*")
            yield
    finally:
        logger.setLevel(level)


def _description_path(output: Path) -> Path:
    return output.with_suffix(".json")


def _print_probes(model: str, probes: Mapping[str, float]) -> None:
    table = Table("question about a single frame", "right, %", "chance, %", title=f"What the {model} knows")
    for column in table.columns[1:]:
        column.justify = "right"
    for name, share in probes.items():
        table.add_row(name, f"{100 * share:.1f}", f"{100 * _CHANCE[name]:.1f}")
    result_console().print(table)
