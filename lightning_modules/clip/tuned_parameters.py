"""Which parameters of CLIP are fine-tuned."""

from __future__ import annotations

from typing import Literal

Tune = Literal["both", "visual", "text"]
LogitScale = Literal["frozen_with_one_tower", "trained"]


def is_tuned(name: str, tune: Tune, logit_scale: LogitScale) -> bool:
    """Whether a parameter of open_clip's model is trained.

    Args:
        name: Its name there.
        tune: Which towers are trained; the token embedding and a logit bias never are.
        logit_scale: Whether the factor of the cosines is trained with both towers only, or always.
    """
    if name == "logit_scale":
        return tune == "both" or logit_scale == "trained"
    if "token_embedding" in name or name == "logit_bias":
        return False
    return tune == "both" or (tune == "visual") == name.startswith("visual.")
