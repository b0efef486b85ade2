"""Converts checkpoints of ViFi-CLIP's authors (muzairkhattak/ViFi-CLIP) to the names and types of FineTunedCLIP.

{model, optimizer, lr_scheduler, max_accuracy, epoch, config}. "image_encoder." is CLIP's "visual.", "text_encoder."
its text tower, and "prompt_learner." the class prompts of the training set, already embedded. The token embedding
is missing: it is never tuned, and is CLIP's.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from torch import Tensor

from zsar.lightning_modules.tensor_files.tensor_files import some_names
from zsar.lightning_modules.training.author_checkpoints import (
    AuthorCheckpointError,
    check_tensors,
    described_clip,
    read_author_state,
)

_TOWERS = {"image_encoder.": "visual.", "text_encoder.": ""}
_CLASS_PROMPTS = "prompt_learner.complete_text_embeddings"
_FIXED_PROMPTS = (_CLASS_PROMPTS, "prompt_learner.token_prefix", "prompt_learner.token_suffix")
_SAME_EMBEDDING = 0.02  # relative: fp16 accounts for 0.0005, and unrelated vectors differ by 1.4 of their length


@dataclass(frozen=True)
class ViFiClipCheckpoint:
    """A released ViFi-CLIP checkpoint.

    Attributes:
        path: The file.
        architecture: Its open_clip architecture.
        epoch: The epoch after which it was saved, or None.
        tuned: All parameters of open_clip's `CLIP` except the token embedding, fp32.
        start_token: Embedding of the start-of-text token [D], which identifies the tuned CLIP; None if the file has no
            class prompts.
    """

    path: Path
    architecture: str
    epoch: int | None
    tuned: dict[str, Tensor]
    start_token: Tensor | None

    def check_original(self, start_token: Tensor, weights: str | None) -> None:
        """Checks that a token embedding is from the CLIP that was tuned.

        Args:
            start_token: The embedding's start-of-text token, [D].
            weights: Source of the embedding, for the message.

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
        architecture: The open_clip architecture; None to infer it from the shapes.
        skips_objects: Whether to leave out Python objects, unread; otherwise they are an error.

    Returns:
        Its contents under the names of `FineTunedCLIP`.

    Raises:
        AuthorCheckpointError: The file is not a readable ViFi-CLIP checkpoint, has learned prompts, or is incomplete.
        BackboneError: There is no such architecture.
    """
    state, epoch = read_author_state(path, "ViFi-CLIP", skips_objects=skips_objects)
    prompts = {name: state.pop(name) for name in _FIXED_PROMPTS if name in state}
    learned = sorted(name for name in state if name.startswith("prompt_learner.") or "VPT" in name)
    if learned:
        raise AuthorCheckpointError(
            f"{path} has {len(learned)} learned prompts ({some_names(learned)}"
            "), which FineTunedCLIP does not support; only the fine-tuned models of ViFi-CLIP can be imported, not "
            "the prompted ones"
        )
    tuned = {_clip_name(name): tensor for name, tensor in state.items()}
    architecture, model = described_clip(tuned, path, architecture)
    expected = {name: p for name, p in model.named_parameters() if "token_embedding" not in name}
    check_tensors(tuned, expected, architecture, path)
    return ViFiClipCheckpoint(path, architecture, epoch, tuned, _start_token(prompts, tuned, path))


def _start_token(prompts: dict[str, Tensor], tuned: dict[str, Tensor], path: Path) -> Tensor | None:
    """The first embedding of the first prompt: every text begins with the start-of-text token."""
    embedded = prompts.get(_CLASS_PROMPTS)
    if embedded is None:
        return None
    width = tuned["ln_final.weight"].shape[0]
    if embedded.ndim != 3 or embedded.shape[2] != width:
        raise AuthorCheckpointError(
            f"{path}: {_CLASS_PROMPTS} is {list(embedded.shape)}, not [classes, tokens, {width}] as in the text tower; "
            "the file combines two models"
        )
    return embedded[0, 0]


def _clip_name(name: str) -> str:
    for theirs, ours in _TOWERS.items():
        if name.startswith(theirs):
            return ours + name.removeprefix(theirs)
    return name
