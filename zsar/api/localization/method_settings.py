"""The settings of localization methods that users give, and their defaults; imports nothing heavy."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

DEFAULT_ARCHITECTURE = "coca_ViT-L-14"
STRIDE_SECONDS = 0.25
SMOOTHING_SECONDS = 0.67  # the paper's 20 frames, at 30 a second
THRESHOLD = 0.8
OWN_THRESHOLD = 0.5  # of the own probability of a class, which models with a logit bias tell
ANY_MARGIN = 2.0  # the largest difference of two cosines
Method = Literal["t3al", "frame-wise"]
"""How actions are found; `zsar.localize` explains them."""
T3AL_METHOD: Method = "t3al"
FRAME_WISE_METHOD: Method = "frame-wise"
_OF_T3AL = ("steps", "smooth_seconds", "pseudo_labels", "margin", "suppress", "captions", "seed")
_OF_FRAME_WISE = ("threshold",)


@dataclass(frozen=True, kw_only=True)
class MethodSettings:
    """Settings of the methods; None where not given, for the default, and so that one of another method is noticed.

    Attributes:
        steps: T3AL: maximum number of adaptation steps, 0 for none; by default the paper's 50.
        smooth_seconds: T3AL: scores are averaged over this many seconds, 0 for none.
        pseudo_labels: T3AL: maximum number of classes that are assumed to occur in a video; by default 1.
        margin: T3AL: largest difference in cosine similarity between the first and further assumed classes; by default
            any.
        suppress: T3AL: whether segments whose captions disagree with the others are discarded; by default where there
            are captions: from files, or from a CoCa.
        captions: T3AL: a folder of caption files, instead of generating captions.
        seed: T3AL: random seed of the drawn frames; by default 0.
        threshold: Frame-wise: probability above which a frame belongs to an action, by default 0.8; with a model that
            has a logit bias (SigLIP), the own probability of the action, by default 0.5.
    """

    steps: int | None = None
    smooth_seconds: float | None = None
    pseudo_labels: int | None = None
    margin: float | None = None
    suppress: bool | None = None
    captions: Path | None = None
    seed: int | None = None
    threshold: float | None = None

    def without_effect(self, method: Method | None) -> list[str]:
        """The names of the given settings that a method does not have.

        Args:
            method: "t3al" or "frame-wise"; None for a localizer with its own settings: only the seed is given with each
                call.
        """
        has = ("seed",) if method is None else _OF_T3AL if method == T3AL_METHOD else _OF_FRAME_WISE
        return [name for name, value in vars(self).items() if value is not None and name not in has]
