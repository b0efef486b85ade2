"""What every recognizer has to be saved and loaded: as a folder, on the hub, and from a checkpoint.

`save_pretrained`, `from_pretrained` and `push_to_hub` mean what they mean in huggingface_hub's `ModelHubMixin`; see
`shared_folders` for why it is not used.
"""

from __future__ import annotations

from collections.abc import Mapping
from os import PathLike
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO, Any, cast

from lightning.pytorch.utilities.model_helpers import _restricted_classmethod
from torch import Tensor
from typing_extensions import Self

from zsar.lightning_modules.recognition.saved.checkpointed_model import read_trained
from zsar.lightning_modules.recognition.saved.hub_folders import HUB, uploaded
from zsar.lightning_modules.recognition.saved.map_location import MapLocation, device_of
from zsar.lightning_modules.recognition.saved.model_card import model_card
from zsar.lightning_modules.recognition.saved.shared_folders import read_shared, write_shared
from zsar.lightning_modules.training.checkpoints import CheckpointedModel, pack_checkpoint
from zsar.runtime.files.whole_files import write_text_whole

CARD = "README.md"
_NOT_SUPPORTED = {
    "hparams_file": "the settings are in the checkpoint",
    "strict": "a model needs all its trained weights",
    "weights_only": "zsar runs no code of a file",
}


class SharedModel:
    """What `ActionRecognizer` inherits to be saved as a folder and loaded from one."""

    def save_pretrained(
        self, folder: Path | str, *, include_backbone: bool = True, results: Mapping[str, Any] | None = None
    ) -> Path:
        """Writes the model as a folder: weights as safetensors, config.json, and a model card.

        Args:
            folder: The folder; a model that it holds is replaced, a README.md that it has is kept.
            include_backbone: Whether CLIP's weights, and a tokenizer that is not CLIP's own, are included, so that
                nothing else is needed to load it.
            results: The content of results.json of the model's test, for the card; None for "not tested".

        Returns:
            The folder.

        Raises:
            CheckpointError: Weights are NaN or infinite, or the architecture includes its own.
            BackboneError: The tokenizer cannot be loaded, or has no files that can be included.
            OSError: A file cannot be written.
        """
        model, target = cast(CheckpointedModel, self), Path(folder)
        target.mkdir(parents=True, exist_ok=True)
        checkpoint: dict[str, Any] = {"state_dict": {**model.state_dict(), **self.trained_weights()}}
        pack_checkpoint(model, checkpoint)
        backbone = {**model.backbone.clip.state_dict(), **self.original_weights()} if include_backbone else None
        text = model.backbone.text
        has_tokenizer = include_backbone or text.tokenizer_folder is not None  # a folder is nowhere but here
        tokenizer = text.tokenizer_files() if has_tokenizer else None
        write_shared(
            target, checkpoint["zsar"], trained=checkpoint["state_dict"], backbone=backbone, tokenizer=tokenizer
        )
        if not (target / CARD).exists():
            is_trained = bool(checkpoint["state_dict"])
            card = model_card(checkpoint["zsar"], name=target.resolve().name, is_trained=is_trained, results=results)
            write_text_whole(target / CARD, card)
        return target

    def push_to_hub(
        self,
        repo_id: str,
        *,
        include_backbone: bool = True,
        results: Mapping[str, Any] | None = None,
        private: bool | None = None,
        token: str | None = None,
        branch: str | None = None,
        commit_message: str = "Push model using zsar.",
    ) -> str:
        """Uploads the model to the Hugging Face hub; see `save_pretrained`.

        Args:
            repo_id: "ORG/NAME"; the repository is created if it does not exist.
            include_backbone: Whether CLIP's weights are included.
            results: The content of results.json, for the card.
            private: Whether a new repository is private; None for the default of the account.
            token: Access token; None for the one of `hf auth login`.
            branch: Branch to write to; None for "main".
            commit_message: The message of the commit.

        Returns:
            The address of the commit.
        """
        with TemporaryDirectory() as scratch:
            folder = Path(scratch) / repo_id.rpartition("/")[2]  # the name in the card
            self.save_pretrained(folder, include_backbone=include_backbone, results=results)
            return uploaded(folder, repo_id, private=private, token=token, branch=branch, commit_message=commit_message)

    @classmethod
    def from_pretrained(
        cls, name_or_folder: Path | str, *, weights: str | None = None, revision: str | None = None
    ) -> Self:
        """Loads a model that `save_pretrained` or `push_to_hub` wrote.

        Args:
            name_or_folder: A folder, "ORG/NAME" on the hub, or "hf-hub:ORG/NAME". An existing folder goes first.
            weights: CLIP's weights, where they were left out and are not where they were in training.
            revision: Branch, tag or commit on the hub; None for the newest.

        Returns:
            The model in evaluation mode.

        Raises:
            CheckpointError: It is not a model of this class, is damaged, or cannot be downloaded.
        """
        is_local = Path(name_or_folder).exists() or str(name_or_folder).startswith((HUB, "/", ".", "~"))
        path = Path(name_or_folder).expanduser() if is_local else f"{HUB}{name_or_folder}"
        if str(name_or_folder).startswith(HUB):
            path = str(name_or_folder)
        return read_shared(path, kind=cls, weights=weights, revision=revision)

    @_restricted_classmethod
    def load_from_checkpoint(
        cls,
        checkpoint_path: Path | str | IO[bytes],
        map_location: MapLocation = None,
        hparams_file: Path | str | None = None,
        strict: bool | None = None,
        weights_only: bool | None = None,
        *,
        weights: str | None = None,
        **settings: Any,  # noqa: ANN401 - as in Lightning
    ) -> Self:
        """Builds the model of a checkpoint as it was trained; the same as `zsar.load`, for a known class.

        Args:
            checkpoint_path: A checkpoint of `zsar fit` or `zsar convert`, a folder of `save_pretrained`, or
                "hf-hub:ORG/NAME".
            map_location: Device of the model; None for the CPU.
            hparams_file: Must be None: the settings are in the checkpoint.
            strict: Must not be False: all trained weights are needed.
            weights_only: Must not be False: no code of a file is run.
            weights: File of CLIP's weights, if they have moved since training; nothing is downloaded then.
            **settings: Settings of the model that replace those of the checkpoint, such as `scoring`.

        Returns:
            The model in evaluation mode.

        Raises:
            BackboneError: CLIP's weights are neither local nor downloadable.
            CheckpointError: The file is not a checkpoint, is of another class, or does not match.
            TypeError: An argument of Lightning's has a value that zsar does not support, or a setting is unknown.
            ValueError: The device is not there.
        """
        if not isinstance(checkpoint_path, str | PathLike):
            kind = type(checkpoint_path).__name__
            raise TypeError(f"a checkpoint is loaded by its path, not from a {kind}; save it as a file, give its path")
        for name, given in {"hparams_file": hparams_file, "strict": strict, "weights_only": weights_only}.items():
            if given is not None and given is not True:
                raise TypeError(f"{name}={given!r} is not supported: {_NOT_SUPPORTED[name]}; leave {name} out")
        device = device_of(map_location)
        is_remote = str(checkpoint_path).startswith(HUB)
        path = str(checkpoint_path) if is_remote else Path(checkpoint_path).expanduser()
        model: Any = read_trained(path, kind=cls, weights=weights, changes=settings)
        loaded: Self = model.to(device)
        return loaded

    def trained_weights(self) -> dict[str, Tensor]:
        """Trained weights that differ from those in use, by their full names; empty if none do."""
        return {}

    def original_weights(self) -> dict[str, Tensor]:
        """CLIP's weights before tuning, as far as they are kept, by their names in the CLIP model."""
        return {}
