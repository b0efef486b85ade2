"""Finds the tokenizer of a model: CLIP's own, which open_clip has, or one of the package transformers, from its files.

A tokenizer of transformers is read from a folder: the user's, the one beside a model's files, or the hub's cache.
open_clip's `get_tokenizer` is not called: it goes by parts of a model's name, waits most of a minute for a hub that
cannot be reached, and passes on arguments of a config that may run code.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import open_clip
from open_clip.tokenizer import HFTokenizer, SimpleTokenizer

from zsar.lightning_modules.open_clip_towers.weights.hub_files import (
    CONFIG_FILE,
    OTHER_TOKENIZER_FILES,
    TOKENIZER_FILES,
    check_transformers,
    hub_folder,
)
from zsar.lightning_modules.open_clip_towers.weights.registered_architectures import config_file
from zsar.lightning_modules.open_clip_towers.weights.weight_files import BackboneError
from zsar.lightning_modules.tensor_files.tensor_files import cause_of
from zsar.runtime.files.given_files import check_given_file
from zsar.runtime.text.text_files import shown

CONTEXT_LENGTH = 77
"""Tokens of a text where the config states none, as open_clip's tokenizers have it."""
_ARGUMENTS = {"clean", "strip_sep_token", "language"}
"""What a config may state of its tokenizer."""
_MOST_BYTES = 2**28  # of a file; the largest tokenizer of open_clip's models has 34 MB
_FROM_TRANSFORMERS = ("tokenizer.json", "tokenizer_config.json")


def text_config(name: str) -> dict[str, Any]:
    """The `text_cfg` of a model.

    Args:
        name: open_clip's name of it.
    """
    config = open_clip.get_model_config(name)
    return dict(config["text_cfg"]) if config is not None else {}


def load_tokenizer(name: str, architecture: str, *, context_length: int, folder: str | None) -> Any:  # noqa: ANN401
    """Loads a tokenizer.

    Args:
        name: open_clip's name of the model.
        architecture: The user's name of it, for errors.
        context_length: Maximum tokens of a text.
        folder: Files of the tokenizer; None for where the model's config says that they are.

    Returns:
        open_clip's `SimpleTokenizer` or `HFTokenizer`.

    Raises:
        BackboneError: It is not there, cannot be read, or needs a package that is missing.
    """
    config = text_config(name)
    arguments = _arguments(config, architecture)
    if not config.get("hf_tokenizer_name"):
        if folder is not None:
            raise BackboneError(
                f"{architecture} reads text with CLIP's own tokenizer, which open_clip has; leave tokenizer={folder!r} "
                "out (--tokenizer)"
            )
        return SimpleTokenizer(context_length=context_length, **arguments)
    check_transformers(f"the tokenizer of {architecture}")
    where = _folder(name, architecture, str(config["hf_tokenizer_name"]), folder)
    _check_files(where, architecture)
    if (mode := config.get("tokenizer_mode")) is not None:
        arguments["tokenizer_mode"] = mode
    try:
        return HFTokenizer(
            str(where), context_length=context_length, trust_remote_code=False, local_files_only=True, **arguments
        )
    except Exception as error:  # transformers documents no exceptions of its readers
        packages = "" if (where / "tokenizer.json").is_file() else _packages_of(where)
        raise BackboneError(
            f"the tokenizer of {architecture} in {where} cannot be read: {cause_of(error)}; {packages}give the folder "
            f"of another as --tokenizer FOLDER, with {' and '.join(_FROM_TRANSFORMERS)}"
        ) from error


def saved_files(tokenizer: Any, config: Any, architecture: str) -> dict[str, bytes]:  # noqa: ANN401 - of open_clip
    """The files that `load_tokenizer` reads, by name.

    Args:
        tokenizer: What it returned.
        config: The config of a text tower of transformers; None for open_clip's own.
        architecture: The user's name of the model, for errors.

    Returns:
        JSON files; none for CLIP's own tokenizer.

    Raises:
        BackboneError: It is not a fast tokenizer, which is a JSON file.
    """
    if isinstance(tokenizer, SimpleTokenizer):
        return {}
    if not tokenizer.tokenizer.is_fast:
        raise BackboneError(
            f"the tokenizer of {architecture} has no tokenizer.json, so that it cannot be saved with the model; leave "
            "CLIP's weights and the tokenizer out (include_backbone=False, --without_backbone)"
        )
    with TemporaryDirectory() as scratch:
        tokenizer.save_pretrained(scratch)
        if config is not None:
            config.save_pretrained(scratch)
        return {path.name: path.read_bytes() for path in sorted(Path(scratch).glob("*.json"))}


def _arguments(config: Mapping[str, Any], architecture: str) -> dict[str, Any]:
    stated = dict(config.get("tokenizer_kwargs") or {})
    if unknown := sorted(stated.keys() - _ARGUMENTS):
        raise BackboneError(
            f"the config of {architecture} gives its tokenizer {', '.join(map(shown, unknown))}; zsar passes on only "
            f"{', '.join(sorted(_ARGUMENTS))}: correct its text_cfg.tokenizer_kwargs"
        )
    return stated


def _folder(name: str, architecture: str, stated: str, given: str | None) -> Path:
    """The folder with the files of a tokenizer of transformers."""
    if given is None and name.startswith("local-dir:"):
        given = name.removeprefix("local-dir:")
    file = config_file(name)
    local = Path(given or stated).expanduser()
    if given is None and file is not None and (file.parent / local).is_dir():
        return file.parent / local
    if given is not None and not local.is_dir():
        raise BackboneError(
            f"there is no folder {local} with the tokenizer of {architecture}; give one with "
            f"{' and '.join(_FROM_TRANSFORMERS)}, or leave --tokenizer out to take {stated}"
        )
    if local.is_dir():
        return local
    try:
        return hub_folder(
            stated,
            (*TOKENIZER_FILES, *OTHER_TOKENIZER_FILES, CONFIG_FILE),
            needed=("tokenizer.json", *OTHER_TOKENIZER_FILES),  # an interrupted download has a part of the files
        )
    except BackboneError as error:
        raise BackboneError(
            f"the tokenizer {stated} of {architecture} could not be loaded ({error}); copy its "
            f"{' and '.join(_FROM_TRANSFORMERS)} from a machine with internet access into a folder and give it as "
            "--tokenizer FOLDER"
        ) from error


def _check_files(folder: Path, architecture: str) -> None:
    """Transformers would read a file of any size, and wait for a pipe."""
    for path in (folder / name for name in (*TOKENIZER_FILES, *OTHER_TOKENIZER_FILES, CONFIG_FILE)):
        if os.path.lexists(path):
            try:
                check_given_file(path, remedy="fetch it again", most_bytes=_MOST_BYTES)
            except (ValueError, OSError) as error:
                raise BackboneError(f"the tokenizer of {architecture} cannot be read: {error}") from error


def _packages_of(folder: Path) -> str:
    is_sentencepiece = any(folder.glob("*.model"))
    return "a .model file needs `pip install sentencepiece protobuf`: install them, or " if is_sentencepiece else ""
