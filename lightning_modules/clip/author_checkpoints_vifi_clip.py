"""Checkpoints of ViFi-CLIP's authors (muzairkhattak/ViFi-CLIP) -> the names and types of our FineTunedCLIP.

{model, optimizer, lr_scheduler, max_accuracy, epoch, config}. "image_encoder." is CLIP's "visual.", "text_encoder."
its text tower, and "prompt_learner." the class prompts of the training set, already embedded. The token embedding,
which they never tune, is not there: it is CLIP's.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from zsar.lightning_modules.open_clip_towers.open_clip_weights import RANDOM_WEIGHTS, build_clip
from zsar.lightning_modules.tensor_files.tensor_files import some_names
from zsar.lightning_modules.training.author_checkpoints import (
    AuthorCheckpointError,
    check_tensors,
    openai_architecture,
    read_author_state,
)

_TOWERS = {"image_encoder.": "visual.", "text_encoder.": ""}
_CLASS_PROMPTS = "prompt_learner.complete_text_embeddings"
_FIXED_PROMPTS = (_CLASS_PROMPTS, "prompt_learner.token_prefix", "prompt_learner.token_suffix")
_SAME_EMBEDDING = 0.02  # relative: fp16 accounts for 0.0005, and unrelated vectors are 1.4 of their length apart


@dataclass(frozen=True)
class ViFiClipCheckpoint:
    """A released ViFi-CLIP checkpoint.

    Attributes:
        path: The file.
        architecture: The open_clip architecture that it belongs to.
        epoch: The epoch after which it was saved, or None.
        tuned: All parameters of open_clip's `CLIP` but the token embedding, fp32.
        start_token: Embedding of the start-of-text token [D], which tells the CLIP that was tuned; None where the file
            lacks the class prompts.
    """

    path: Path
    architecture: str
    epoch: int | None
    tuned: dict[str, Tensor]
    start_token: Tensor | None

    def check_original(self, start_token: Tensor, weights: str | None) -> None:
        """Compares the token embedding of the CLIP that is to be completed with that of the one that was tuned.

        Args:
            start_token: Its embedding of the start-of-text token, [D].
            weights: Where it is from, for the message.

        Raises:
            AuthorCheckpointError: They differ.
        """
        if self.start_token is None:
            return
        difference = (self.start_token - start_token.cpu()).norm() / self.start_token.norm()
        if not difference <= _SAME_EMBEDDING:
            raise AuthorCheckpointError(
                f"{self.path} was not tuned from the weights {weights} of {self.architecture}: their embedding of the "
                f"start-of-text token differs by {float(difference):.0%} of its length from the one in the file. Give "
                "the original CLIP's (--weights openai, or OpenAI's file)"
            )


def read_vifi_clip_checkpoint(
    path: Path, *, architecture: str | None = None, skips_objects: bool = False
) -> ViFiClipCheckpoint:
    """Reads a checkpoint of ViFi-CLIP's authors.

    Args:
        path: The file.
        architecture: The open_clip architecture; None to tell it from the shapes.
        skips_objects: Whether Python objects in the file are left out, unread; else they are an error.

    Returns:
        Its contents under our names.

    Raises:
        AuthorCheckpointError: Not a readable file, not a ViFi-CLIP checkpoint, one with learned prompts, or incomplete.
        BackboneError: There is no such architecture.
    """
    state, epoch = read_author_state(path, "ViFi-CLIP", skips_objects=skips_objects)
    prompts = {name: state.pop(name) for name in _FIXED_PROMPTS if name in state}
    learned = sorted(name for name in state if name.startswith("prompt_learner.") or "VPT" in name)
    if learned:
        raise AuthorCheckpointError(
            f"{path} has {len(learned)} learned prompts ({some_names(learned)}"
            "), for which FineTunedCLIP has no place; only the fine-tuned models of ViFi-CLIP can be imported, not "
            "the prompted ones"
        )
    tuned = {_clip_name(name): tensor for name, tensor in state.items()}
    architecture = architecture or openai_architecture(tuned, path)
    with torch.device("meta"):
        model, _ = build_clip(architecture, RANDOM_WEIGHTS)
    expected = {name: p for name, p in model.named_parameters() if "token_embedding" not in name}
    check_tensors(tuned, expected, architecture, path)
    return ViFiClipCheckpoint(path, architecture, epoch, tuned, _start_token(prompts, tuned, path))


def _start_token(prompts: dict[str, Tensor], tuned: dict[str, Tensor], path: Path) -> Tensor | None:
    """Every text begins with the same token, so that the first prompt's first embedding is that token's."""
    embedded = prompts.get(_CLASS_PROMPTS)
    if embedded is None:
        return None
    width = tuned["ln_final.weight"].shape[0]
    if embedded.ndim != 3 or embedded.shape[2] != width:
        raise AuthorCheckpointError(
            f"{path}: {_CLASS_PROMPTS} is {list(embedded.shape)}, not [classes, tokens, {width}] as the text tower has "
            "it; the file is put together from two models"
        )
    return embedded[0, 0]


def _clip_name(name: str) -> str:
    for theirs, ours in _TOWERS.items():
        if name.startswith(theirs):
            return ours + name.removeprefix(theirs)
    return name
