"""Which parameters of CLIP are fine-tuned."""

from __future__ import annotations

from typing import Literal

from torch.nn import Module

Tune = Literal["both", "visual", "text"]
LogitScale = Literal["frozen_with_one_tower", "trained"]


def mark_tuned(clip: Module, tune: Tune, logit_scale: LogitScale, *, token_embedding: bool = False) -> None:
    """Lets gradients flow to what is tuned, and to nothing else.

    Args:
        clip: open_clip's model.
        tune: As in `is_tuned`.
        logit_scale: As in `is_tuned`.
        token_embedding: As in `is_tuned`.
    """
    for name, parameter in clip.named_parameters():
        parameter.requires_grad_(is_tuned(name, tune, logit_scale, token_embedding=token_embedding))


def is_tuned(name: str, tune: Tune, logit_scale: LogitScale, *, token_embedding: bool = False) -> bool:
    """Whether a parameter of open_clip's model is trained.

    Args:
        name: Its name there.
        tune: Which towers are trained; a logit bias never is.
        logit_scale: Whether the factor of the cosines is trained with both towers only, or always.
        token_embedding: Whether the token embedding is trained with the text tower. One of the package transformers,
            which has another name, always is.
    """
    if name == "logit_scale":
        return tune == "both" or logit_scale == "trained"
    if name == "logit_bias" or ("token_embedding" in name and not token_embedding):
        return False
    return tune == "both" or (tune == "visual") == name.startswith("visual.")
