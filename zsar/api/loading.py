"""`zsar.load`: a recognizer by the name of a CLIP model, from a checkpoint, an authors' file or a shared folder."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Literal

import torch

from zsar.api.devices import device_names
from zsar.datamodules.choices.frame_pixels import StatedGeometry
from zsar.datamodules.choices.frame_statistics import FrameStatistics
from zsar.lightning_modules.bike.bike import BIKE
from zsar.lightning_modules.clip.clip import FineTunedCLIP, ZeroShotCLIP
from zsar.lightning_modules.open_clip_towers.clip_settings import ClipSettings
from zsar.lightning_modules.open_clip_towers.weights.default_weights import (
    DEFAULT_ARCHITECTURE,
    OPENAI,
    default_weights,
)
from zsar.lightning_modules.open_vclip.open_vclip import OpenVCLIP
from zsar.lightning_modules.recognition.loading import load_recognizer
from zsar.lightning_modules.recognition.recognizer import ActionRecognizer
from zsar.lightning_modules.recognition.saved.shared_folders import is_shared
from zsar.lightning_modules.t2l.t2l import T2L
from zsar.lightning_modules.tensor_files.checkpoint_files import CheckpointError, read_plain
from zsar.lightning_modules.training.author_checkpoints import AuthorCheckpointError, author_of
from zsar.runtime.choices import check_choice

Precision = Literal["fp32", "bf16", "fp16"]
_FILES = (".ckpt", ".pt", ".pth", ".bin", ".safetensors", ".tar")


def load(
    model: str | Path = DEFAULT_ARCHITECTURE,
    *,
    weights: str | Path | None = None,
    tokenizer: str | Path | None = None,
    frame_statistics: FrameStatistics = "model",
    frame_geometry: StatedGeometry = "model",
    device: str = "auto",
) -> ActionRecognizer:
    """Loads a recognizer, ready for use.

    Args:
        model: The name of a CLIP model of open_clip, or a .json file that describes one, used frozen (default:
            "ViT-B-16-quickgelu"); a checkpoint of `zsar fit` or `zsar convert`; a file released by BIKE's, T2L's,
            ViFi-CLIP's or Open-VCLIP's authors; a folder written by `save_pretrained` or `zsar share`; or such a folder
            on the Hugging Face hub ("hf-hub:ORG/NAME").
        weights: A tag of open_clip or a file with CLIP's weights. None for the default of a named model ("openai" for
            most), and for those that a checkpoint states. With a weights file nothing is downloaded but the tokenizer
            of a model that has another than CLIP's (SigLIP, CLIPA, ...).
        tokenizer: The folder with the files of such a tokenizer; None for the one that the model names.
        frame_statistics: What frames are normalized with. "model" is what the model's weights were published with, also
            for a weights file; where published weights of its architecture differ, or there are none, give "openai",
            "imagenet", "half" or "zero_one" (see `ClipSettings`). A stored model states its own.
        frame_geometry: How frames become square: as the "model"'s weights were published with; or "squash" or "crop".
            A stored model states its own.
        device: "auto" (a GPU if there is one), "cpu", "cuda", "cuda:1", "mps".

    Returns:
        The model in evaluation mode, built as it was trained: for example a `ZeroShotCLIP`, `T2L` or `BIKE`.

    Raises:
        CheckpointError: A file or folder is missing, damaged, or not a model.
        BackboneError: There is no such CLIP model, its weights are neither local nor downloadable, or it is not known
            what its frames are normalized with.
        ValueError: `weights`, `tokenizer`, `frame_statistics` or `frame_geometry` is given for a file that holds or
            needs none.
    """
    (where,) = device_names(device, 1)
    named = None if weights is None else str(weights)
    words = None if tokenizer is None else str(tokenizer)
    if not is_stored_model(model):
        name = str(model)
        settings = ClipSettings(
            name,
            named or default_weights(name),
            frame_statistics=frame_statistics,
            frame_geometry=frame_geometry,
            tokenizer=words,
        )
        return ZeroShotCLIP(backbone=settings).eval().to(where)
    if (given := frame_statistics if frame_statistics != "model" else frame_geometry) != "model":
        raise ValueError(f"{model} states how its frames are made; leave {given!r} out")
    if is_shared(model):
        return load_recognizer(model, weights=named, tokenizer=words, device=where)
    path = Path(model).expanduser()
    if "zsar" in read_plain(path, in_memory=False):
        return load_recognizer(path, weights=named, tokenizer=words, device=where)
    if words is not None:
        raise ValueError(f"{path} is of a CLIP model with CLIP's own tokenizer; leave tokenizer={words!r} out")
    return _of_authors(path, named).to(where)


def is_stored_model(model: str | Path) -> bool:
    """Whether `load` reads a file or a shared folder for this, not a CLIP model by its name."""
    return is_shared(model) or _is_file(model)


def recognizer_of(model: ActionRecognizer | str | Path | None, *, device: str = "auto") -> ActionRecognizer:
    """A recognizer that a caller gives, or that is loaded for it.

    Args:
        model: A recognizer, which stays where it is; what `load` takes; None for the default model.
        device: Device of a model that is loaded here.
    """
    return model if isinstance(model, ActionRecognizer) else load(model or DEFAULT_ARCHITECTURE, device=device)


def inference_precision(precision: Precision, device: torch.device) -> AbstractContextManager[object]:
    """The context in which a model computes with a precision; its weights stay as they are.

    Args:
        precision: "fp32", or "bf16" or "fp16" for automatic mixed precision.
        device: The device of the model.

    Raises:
        ValueError: The precision is unknown, or the device does not have it.
    """
    check_choice(Precision, precision=precision)
    if precision == "fp32":
        return nullcontext()
    if precision == "fp16" and device.type == "cpu":
        raise ValueError("precision 'fp16' needs a GPU; on the CPU use 'fp32' or 'bf16'")
    return torch.autocast(device.type, dtype=torch.bfloat16 if precision == "bf16" else torch.float16)


def _is_file(model: str | Path) -> bool:
    """Whether a file is meant, not an architecture by its name or by a file of its own (.json)."""
    text = str(model)
    if text.startswith(("hf-hub:", "local-dir:")) or text.lower().endswith(".json"):
        return False
    return isinstance(model, Path) or text.lower().endswith(_FILES) or Path(text).expanduser().is_file()


def _of_authors(path: Path, weights: str | None) -> ActionRecognizer:
    """The model of a file that the authors of a method released."""
    try:
        author = author_of(path)
    except AuthorCheckpointError as error:
        raise CheckpointError(
            f"{path} is neither a checkpoint of zsar nor one of BIKE's, T2L's, ViFi-CLIP's or Open-VCLIP's authors "
            f'({error}); weights of CLIP itself are given as zsar.load("ARCHITECTURE", weights="FILE")'
        ) from error
    if author in ("BIKE", "T2L"):
        if weights is not None:
            raise ValueError(f"{path} is {author}'s and holds CLIP's weights; leave weights={weights!r} out")
        return BIKE.load_author_checkpoint(path) if author == "BIKE" else T2L.load_author_checkpoint(path)
    if author == "ViFi-CLIP":
        return FineTunedCLIP.load_author_checkpoint(path, weights=weights or OPENAI)
    model = OpenVCLIP.load_author_checkpoint(path, weights=weights or OPENAI)
    model.prepare_inference()
    return model
