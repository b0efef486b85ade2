"""Repositories of the Hugging Face hub that open_clip's text towers name: tokenizers and configs, as local folders.

What is cached is used without asking the hub. What is not is asked for once, so that a machine without a connection
fails at once, not after the hub's client has tried again for most of a minute.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from zsar.lightning_modules.open_clip_towers.weights.weight_files import BackboneError
from zsar.lightning_modules.tensor_files.tensor_files import cause_of

TOKENIZER_FILES = ("tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json")
"""What a fast tokenizer consists of."""
OTHER_TOKENIZER_FILES = ("vocab.txt", "vocab.json", "merges.txt", "spiece.model", "sentencepiece.bpe.model")
"""What other tokenizers are made from; one with a `.model` needs the package sentencepiece."""
CONFIG_FILE = "config.json"
_SECONDS = 10.0  # to answer whether there is such a repository


def hub_folder(repository: str, wanted: Sequence[str], *, needed: Sequence[str]) -> Path:
    """The folder of a repository in the hub's cache; what is not there is downloaded.

    Args:
        repository: "ORG/NAME".
        wanted: The names of the files to have, as far as the repository has them.
        needed: Of these, one must be there.

    Raises:
        BackboneError: None of them is cached or downloadable; the message is the bracket that others continue.
    """
    from huggingface_hub import HfApi, snapshot_download

    try:
        folder = Path(snapshot_download(repository, allow_patterns=list(wanted), local_files_only=True))
        if any((folder / name).is_file() for name in needed):
            return folder
    except (OSError, ValueError):  # not cached at all
        pass
    try:
        HfApi().model_info(repository, timeout=_SECONDS)
        folder = Path(snapshot_download(repository, allow_patterns=list(wanted)))
    except Exception as error:  # huggingface_hub hands on what its HTTP client raises
        raise BackboneError(_origin(repository, cause_of(error))) from error
    if not any((folder / name).is_file() for name in needed):
        raise BackboneError(_origin(repository, f"it has no {' or '.join(needed)}"))
    return folder


def local_text_config(
    config: Mapping[str, Any] | None, architecture: str, given: str | None, file: Path | None
) -> dict[str, Any]:
    """What replaces a model's `text_cfg` so that a text tower of transformers is built from a local `config.json`.

    open_clip would ask the hub each time, and take other weights of the text tower than the model's.

    Args:
        config: The model's config; None if it is not known.
        architecture: The user's name of the model, for errors.
        given: A folder in which to look first; None for no such.
        file: The model's config, if it is a file, to whose folder one that it names is relative.

    Returns:
        Arguments of `open_clip.create_model`; none for other text towers.

    Raises:
        BackboneError: There is no config, or the package transformers is missing.
    """
    stated = dict((config or {}).get("text_cfg") or {})
    name = stated.get("hf_model_name")
    if not name:
        return {}
    check_transformers(f"the text tower {name} of {architecture}")
    local = Path(str(name)).expanduser()
    if file is not None and (file.parent / local).is_dir():
        local = file.parent / local
    if given is not None and (Path(given).expanduser() / CONFIG_FILE).is_file():
        local = Path(given).expanduser()
    if not local.is_dir():
        try:
            local = hub_folder(str(name), (CONFIG_FILE,), needed=(CONFIG_FILE,))
        except BackboneError as error:
            raise BackboneError(
                f"the config of the text tower {name} of {architecture} could not be loaded ({error}); copy its "
                f"{CONFIG_FILE} and the files of its tokenizer from a machine with internet access into a folder and "
                "give it as --tokenizer FOLDER"
            ) from error
    return {"text_cfg": {**stated, "hf_model_name": str(local), "hf_model_pretrained": False}}


def check_transformers(what: str) -> None:
    """Checks that the package transformers is there.

    Args:
        what: What needs it, for the message.

    Raises:
        BackboneError: It is not.
    """
    try:
        import transformers  # noqa: F401
    except ImportError as error:
        raise BackboneError(
            f"{what} is one of the package transformers, which is not installed: pip install 'zsar[captions]'"
        ) from error


def _origin(repository: str, cause: str) -> str:
    from huggingface_hub.constants import HF_HUB_CACHE

    return f"from: https://huggingface.co/{repository}, into: {HF_HUB_CACHE}, cause: {cause}"
