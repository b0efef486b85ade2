"""Models on the Hugging Face hub: what is downloaded of a repository, and one line where this fails; uploads."""

from __future__ import annotations

import re
from pathlib import Path

from zsar.lightning_modules.tensor_files.checkpoint_files import CheckpointError
from zsar.lightning_modules.tensor_files.tensor_files import cause_of

HUB = "hf-hub:"
_NAME = re.compile(r"hf-hub:([\w.-]+/[\w.-]+)(?:@([\w./-]+))?")
_FILES = ["*.json", "model.safetensors", "backbone.safetensors"]


def downloaded(name: str, revision: str | None = None) -> Path:
    """The folder of a repository in the hub's cache; what is not there is downloaded.

    Args:
        name: "hf-hub:ORG/NAME", or "hf-hub:ORG/NAME@REVISION" for a branch, tag or commit.
        revision: Branch, tag or commit, unless the name states one; None for the newest.

    Raises:
        CheckpointError: The name is malformed, or the repository is neither cached nor downloadable.
    """
    from huggingface_hub import snapshot_download
    from huggingface_hub.constants import HF_HUB_CACHE

    match = _NAME.fullmatch(name)
    if match is None:
        raise CheckpointError(f"{name!r} is not a model on the hub; write hf-hub:ORG/NAME, or hf-hub:ORG/NAME@REVISION")
    repository, stated = match.groups()
    try:
        return Path(snapshot_download(repository, revision=stated or revision, allow_patterns=_FILES))
    except Exception as error:  # huggingface_hub hands on what its HTTP client raises
        raise CheckpointError(
            f"{name} could not be loaded (from: https://huggingface.co/{repository}, into: {HF_HUB_CACHE}, cause: "
            f"{cause_of(error)}); download the folder on another machine and give its path"
        ) from error


def uploaded(
    folder: Path,
    repository: str,
    *,
    private: bool | None = None,
    token: str | None = None,
    branch: str | None = None,
    commit_message: str = "Push model using zsar.",
) -> str:
    """Uploads a folder.

    Args:
        folder: The folder.
        repository: "ORG/NAME"; it is created if it does not exist.
        private: Whether a new repository is private; None for the default of the account.
        token: Access token; None for the one of `hf auth login`.
        branch: Branch to write to; None for "main".
        commit_message: The message of the commit.

    Returns:
        The address of the commit.
    """
    from huggingface_hub import HfApi

    api = HfApi(token=token)
    full = api.create_repo(repo_id=repository, private=private, exist_ok=True).repo_id
    return str(api.upload_folder(repo_id=full, folder_path=folder, commit_message=commit_message, revision=branch))
