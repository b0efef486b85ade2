"""`save_pretrained`, `from_pretrained` and `push_to_hub` of every recognizer: a folder, or a model on the hub.

The names and the meaning are those of huggingface_hub's `ModelHubMixin`; see `shared_folders` for why it is not used.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, cast

import torch
from torch import Tensor
from typing_extensions import Self

from zsar.lightning_modules.recognition.saved.checkpointed_model import read_trained
from zsar.lightning_modules.recognition.saved.hub_folders import HUB
from zsar.lightning_modules.recognition.saved.model_card import model_card
from zsar.lightning_modules.recognition.saved.shared_folders import read_shared, write_shared
from zsar.lightning_modules.training.checkpoints import CheckpointedModel, pack_checkpoint
from zsar.runtime.files.whole_files import write_text_whole

CARD = "README.md"


class SharedModel:
    """What `ActionRecognizer` inherits to be saved as a folder and loaded from one."""

    def save_pretrained(
        self, folder: Path | str, *, include_backbone: bool = True, results: Mapping[str, Any] | None = None
    ) -> Path:
        """Writes the model as a folder: weights as safetensors, config.json, and a model card.

        Args:
            folder: The folder; a model that it holds is replaced, a README.md that it has is kept.
            include_backbone: Whether CLIP's weights are included, so that nothing else is needed to load it.
            results: The content of results.json of the model's test, for the card; None for "not tested".

        Returns:
            The folder.

        Raises:
            CheckpointError: Weights are NaN or infinite, or the architecture includes its own.
            OSError: A file cannot be written.
        """
        model, target = cast(CheckpointedModel, self), Path(folder)
        target.mkdir(parents=True, exist_ok=True)
        checkpoint: dict[str, Any] = {"state_dict": {**model.state_dict(), **self.trained_weights()}}
        pack_checkpoint(model, checkpoint)
        backbone = {**model.backbone.clip.state_dict(), **self.original_weights()} if include_backbone else None
        write_shared(target, checkpoint["zsar"], trained=checkpoint["state_dict"], backbone=backbone)
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
        from huggingface_hub import HfApi

        api = HfApi(token=token)
        full = api.create_repo(repo_id=repo_id, private=private, exist_ok=True).repo_id
        with TemporaryDirectory() as scratch:
            folder = Path(scratch) / full.rpartition("/")[2]
            self.save_pretrained(folder, include_backbone=include_backbone, results=results)
            return str(
                api.upload_folder(repo_id=full, folder_path=folder, commit_message=commit_message, revision=branch)
            )

    @classmethod
    def load_from_checkpoint(
        cls,
        checkpoint_path: Path | str,
        map_location: torch.device | str | None = None,
        *,
        weights: str | None = None,
        **changes: object,
    ) -> Self:
        """Builds the model of a checkpoint as it was trained, in place of Lightning's method; as `zsar.load` does.

        A checkpoint holds what was trained; CLIP's frozen weights are read from where they were in training.

        Args:
            checkpoint_path: A checkpoint written by `zsar fit` or `zsar convert`, or a shared folder.
            map_location: Device of the model; None for the CPU.
            weights: CLIP's weights, if they have moved since training.
            changes: Nothing: settings are those of the checkpoint.

        Returns:
            The model in evaluation mode.

        Raises:
            CheckpointError: It is not a checkpoint of this class, is damaged, or does not match.
            BackboneError: CLIP's weights are neither local nor downloadable.
            TypeError: Another argument of Lightning's method, or a setting, is given.
        """
        if changes:
            raise TypeError(
                f"load_from_checkpoint builds the model as it was trained; leave {', '.join(changes)} out (only "
                "map_location and weights can be given)"
            )
        model: Any = read_trained(checkpoint_path, kind=cls, weights=weights)
        return cast(Self, model.to(map_location or "cpu"))

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

    def trained_weights(self) -> dict[str, Tensor]:
        """Trained weights that differ from those in use, by their full names; empty if none do."""
        return {}

    def original_weights(self) -> dict[str, Tensor]:
        """CLIP's weights before tuning, as far as they are kept, by their names in the CLIP model."""
        return {}
