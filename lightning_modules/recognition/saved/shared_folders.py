"""Folders that hold a whole model, to share it: config.json, model.safetensors and, unless left out, CLIP's weights.

    FOLDER/config.json            format, wanted zsar version, the entry "zsar" as in checkpoints, hashes of files
           model.safetensors      what was trained; absent for a model that is not trained
           backbone.safetensors   CLIP's weights; left out on request, and then found by name as in training
           NAME.json              the architecture, where it is a JSON config of the user's
           tokenizer/NAME.json    a tokenizer of the package transformers, and the config of a text tower of it

Nothing in a folder is executed: the config is JSON within limits, weights are safetensors, and the class must be one
that `permitted_classes` permits. `ModelHubMixin` of huggingface_hub is not used to read: it parses any config and calls
the class with it, and its `__new__` hides the arguments of a model from LightningCLI.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, TypeVar

from safetensors.torch import save_file
from torch import Tensor

from zsar.lightning_modules.open_clip_towers.pixels.saved_pixels import frames_of_before, settings_with_frames
from zsar.lightning_modules.open_clip_towers.weights.default_weights import brings_weights
from zsar.lightning_modules.open_clip_towers.weights.open_clip_weights import RANDOM_WEIGHTS
from zsar.lightning_modules.open_clip_towers.weights.weight_files import BackboneError, read_state_dict
from zsar.lightning_modules.recognition.saved.hub_folders import HUB, downloaded
from zsar.lightning_modules.recognition.saved.model_building import (
    built_model,
    changed_arguments,
    stated_arguments,
    stated_class,
)
from zsar.lightning_modules.tensor_files.checkpoint_files import CheckpointError, check_entries
from zsar.lightning_modules.training.checkpoints import unpack_checkpoint
from zsar.runtime.class_paths import with_current_class_paths
from zsar.runtime.code_version import __version__
from zsar.runtime.files.given_files import GivenFileError, read_given_json
from zsar.runtime.files.whole_files import whole_file, write_json_whole

CONFIG, MODEL, BACKBONE, TOKENIZER = "config.json", "model.safetensors", "backbone.safetensors", "tokenizer"
FORMAT = "zsar-model"
FORMAT_VERSION = 1
_REMEDY = "give a folder written by save_pretrained or `zsar share`"

M = TypeVar("M")


def is_shared(path: Path | str) -> bool:
    """Whether a path is a folder, or names a model on the Hugging Face hub ("hf-hub:ORG/NAME")."""
    return str(path).startswith(HUB) or Path(path).is_dir()


def write_shared(
    folder: Path,
    about: Mapping[str, Any],
    *,
    trained: Mapping[str, Tensor],
    backbone: Mapping[str, Tensor] | None,
    tokenizer: Mapping[str, bytes] | None = None,
) -> None:
    """Writes a folder; config.json comes last, so that a folder with it is whole.

    Args:
        folder: The folder; files of an earlier model are replaced.
        about: The entry "zsar" of a checkpoint.
        trained: The trained tensors, by name.
        backbone: CLIP's weights; None to leave them out.
        tokenizer: The files of its tokenizer, by name; None or empty for CLIP's own, or to leave them out.

    Raises:
        CheckpointError: The architecture includes its weights, which cannot be included a second time.
        OSError: A file cannot be written.
    """
    settings = dict(about["init_args"].get("backbone") or {})
    architecture = str(settings.get("architecture", about["architecture"]))
    if backbone is not None and brings_weights(architecture):
        raise CheckpointError(
            f"{architecture} includes its own weights, which are loaded from there; leave them out of {folder} "
            "(include_backbone=False, --without_backbone)"
        )
    files = {
        name: _write_tensors(folder / name, tensors)
        for name, tensors in ((MODEL, trained), (BACKBONE, backbone))
        if tensors
    }
    if architecture.endswith(".json"):
        source = Path(architecture).expanduser()
        with whole_file(folder / source.name) as unfinished:
            unfinished.write_bytes(source.read_bytes())
        settings["architecture"] = source.name
        files[source.name] = _sha256(folder / source.name)
    for name, content in (tokenizer or {}).items():
        (folder / TOKENIZER).mkdir(exist_ok=True)
        with whole_file(folder / TOKENIZER / name) as unfinished:
            unfinished.write_bytes(content)
        files[f"{TOKENIZER}/{name}"] = _sha256(folder / TOKENIZER / name)
    if tokenizer:
        settings["tokenizer"] = TOKENIZER
    if Path(str(settings.get("weights"))).is_file():  # where it lay is nobody's business
        settings["weights"] = Path(str(settings["weights"])).name
    write_json_whole(
        folder / CONFIG,
        {
            "format": FORMAT,
            "format_version": FORMAT_VERSION,
            "library_name": "zsar",
            "zsar_version": __version__,
            "requires_zsar": f">={__version__}",
            "includes_backbone": backbone is not None,
            "files": files,
            "zsar": {**about, "init_args": {**about["init_args"], "backbone": settings}},
        },
    )
    old = {f"{TOKENIZER}/{path.name}" for path in (folder / TOKENIZER).glob("*.json")} | {MODEL, BACKBONE}
    for name in old - files.keys():  # of an earlier model
        (folder / name).unlink(missing_ok=True)


def read_shared(
    path: Path | str,
    *,
    kind: type[M],
    weights: str | None = None,
    tokenizer: str | None = None,
    revision: str | None = None,
    changes: Mapping[str, Any] | None = None,
) -> M:
    """Builds the model of a shared folder.

    Args:
        path: The folder, or "hf-hub:ORG/NAME" with "@REVISION" or without.
        kind: The class that the model must have, or a base of it.
        weights: CLIP's weights, where the folder has none and they are not where they were in training.
        tokenizer: Folder with the files of the tokenizer, where the folder has none.
        revision: Branch, tag or commit on the hub; None for the one that the name states, else the newest.
        changes: Settings that replace those of the folder.

    Returns:
        The model in evaluation mode, on the CPU.

    Raises:
        CheckpointError: The folder is not one of zsar, is incomplete or damaged, or names a forbidden class.
        BackboneError: CLIP's weights, left out of the folder, are neither cached nor downloadable.
    """
    folder = downloaded(str(path), revision) if str(path).startswith(HUB) else Path(path)
    config = _config(folder)
    about = config["zsar"]
    state = _tensors(folder / MODEL) if MODEL in config["files"] else {}
    check_entries({"state_dict": state, "zsar": about}, folder / CONFIG, of_model=True)
    model_class = stated_class(about["class_path"], kind, folder / CONFIG)
    arguments = stated_arguments(model_class, with_current_class_paths(about["init_args"]), folder / CONFIG)
    arguments = changed_arguments(model_class, arguments, changes or {})
    settings = arguments.get("backbone") or {}
    if not isinstance(settings, dict):
        raise CheckpointError(f"{folder / CONFIG}: zsar.init_args.backbone is not a group of settings; {_REMEDY}")
    has_backbone = BACKBONE in config["files"]
    _check_backbone(settings, folder, config["files"], is_given=has_backbone or weights is not None)
    if (own := str(settings.get("architecture"))) in config["files"]:
        settings["architecture"] = str(folder / own)
    frames = about.get("frames") or frames_of_before(settings)  # by the weights of training
    if weights is not None or has_backbone:
        settings["weights"] = weights if weights is not None else str(folder / BACKBONE)
    if any(name.startswith(f"{TOKENIZER}/") for name in config["files"]):
        settings["tokenizer"] = str(folder / TOKENIZER)
    if tokenizer is not None:
        settings["tokenizer"] = tokenizer
    arguments["backbone"] = settings_with_frames(settings, frames)
    model: Any = built_model(model_class, arguments, folder / CONFIG)
    tunes_backbone = any(n.startswith("backbone.") and p.requires_grad for n, p in model.named_parameters())
    if has_backbone and weights is None and tunes_backbone:
        # The file holds the tuned weights where originals are no longer known; its own hash was checked above.
        model.backbone.weights_hash = about["backbone_hash"]
    checkpoint: dict[str, Any] = {"state_dict": state, "zsar": about}
    unpack_checkpoint(model, checkpoint, path=folder)
    model.load_state_dict(checkpoint["state_dict"], strict=True)
    if not state:
        model.checkpoint_weights_hash = None
    model.prepare_inference()
    finished: M = model.eval()
    return finished


def _check_backbone(settings: Mapping[str, Any], folder: Path, files: Collection[str], *, is_given: bool) -> None:
    """Checks that the CLIP model is one of the folder's, or has a name, before memory is taken for it.

    Raises:
        CheckpointError: Its architecture is a file elsewhere, or its weights are neither given nor known anywhere.
    """
    architecture = str(settings.get("architecture"))
    if architecture.endswith(".json") and architecture not in files:
        raise CheckpointError(
            f"{folder / CONFIG}: the architecture {architecture[:100]!r} is not a file of this folder; {_REMEDY}"
        )
    if settings.get("weights") == RANDOM_WEIGHTS and not is_given:
        raise CheckpointError(
            f"{folder / CONFIG}: CLIP's weights were random and are not in the folder; share the model with them"
        )


def _config(folder: Path) -> dict[str, Any]:
    """The content of config.json, and files that are what it says."""
    path = folder / CONFIG
    try:
        config = read_given_json(path, what="config of a model", remedy=_REMEDY)
    except (GivenFileError, FileNotFoundError) as error:
        raise CheckpointError(str(error)) from error
    if not isinstance(config, dict) or config.get("format") != FORMAT:
        raise CheckpointError(f"{path} is not of a model of zsar (its format is not {FORMAT!r}); {_REMEDY}")
    if config.get("format_version") != FORMAT_VERSION:
        raise CheckpointError(
            f"{path} has the format version {str(config.get('format_version'))[:40]}, and zsar {__version__} reads "
            f"{FORMAT_VERSION}; install zsar {str(config.get('requires_zsar'))[:40]}"
        )
    for name in ("files", "zsar"):
        if not isinstance(config.get(name), dict):
            raise CheckpointError(f"{path}: its entry {name} is not an object; {_REMEDY}")
    for name, stated in config["files"].items():
        own = name.removeprefix(f"{TOKENIZER}/")
        is_json = Path(own).name == own and own.endswith(".json") and name != CONFIG
        if name not in (MODEL, BACKBONE) and not is_json:
            raise CheckpointError(f"{path}: files names {name[:100]!r}, which no model of zsar has; {_REMEDY}")
        if not (folder / name).is_file():
            raise CheckpointError(f"{folder} lacks the file {name}, which its {CONFIG} lists; fetch the folder again")
        if _sha256(folder / name) != stated:
            raise CheckpointError(f"{folder / name} is damaged: its SHA-256 is not that in {CONFIG}; fetch it again")
    return config


def _tensors(path: Path) -> dict[str, Tensor]:
    try:
        return read_state_dict(path)
    except BackboneError as error:
        raise CheckpointError(str(error)) from error


def _write_tensors(path: Path, tensors: Mapping[str, Tensor]) -> str:
    own = {name: tensor.detach().cpu().contiguous().clone() for name, tensor in tensors.items()}
    with whole_file(path) as unfinished:
        save_file(own, unfinished, metadata={"format": "pt"})
    return _sha256(path)


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(2**20):
            digest.update(block)
    return digest.hexdigest()
