"""The answer of `zsar.classify` for a video."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from torch import Tensor

from zsar.datamodules.choices.none_of_these import NONE_OF_THESE


@dataclass(frozen=True)
class Classification:
    """The model's answer for one video.

    Attributes:
        path: The video; None for given frames.
        ranked: Class names with probabilities in [0, 1], most probable first; empty if there is an error.
        answer: The first name, "none of these" below the threshold, or None if there is an error.
        error: Why the video has no answer, or None.
        n_damaged: Number of accepted damaged frames among those decoded.
        untuned: With an adaptation, the answer of the same prompts before they were tuned to the video; else None.
    """

    path: str | None
    ranked: tuple[tuple[str, float], ...]
    answer: str | None
    error: str | None = None
    n_damaged: int = 0
    untuned: Classification | None = None

    def to_dict(self) -> dict[str, Any]:
        """Plain types for JSON, with the keys of `zsar classify --json`; probabilities have six decimals.

        With an adaptation there is a further key, "untuned", with an answer and probabilities of its own.
        """
        untuned = {} if self.untuned is None else {"untuned": self.untuned._scored()}
        return {
            "path": self.path,
            **self._scored(),
            **untuned,
            "n_damaged_frames": self.n_damaged,
            "error": self.error,
        }

    def _scored(self) -> dict[str, Any]:
        return {
            "answer": self.answer,
            "probabilities": {name: round(probability, 6) for name, probability in self.ranked},
        }


def ranking(
    path: str | None, probabilities: Tensor, names: Sequence[str], threshold: float, n_damaged: int = 0
) -> Classification:
    """The answer from probabilities.

    Args:
        path: The video.
        probabilities: float [C]; NaN where the model's scores are not finite, which is reported as an error.
        names: C class names.
        threshold: The answer is "none of these" where the best probability is lower.
        n_damaged: Number of accepted damaged frames.
    """
    if not probabilities.isfinite().all():
        what = "the given frames" if path is None else path
        return Classification(
            path, (), None, f"{what}: the model's scores of it are NaN or infinite, so it has no class"
        )
    order = probabilities.argsort(descending=True).tolist()
    ranked = tuple((names[i], float(probabilities[i])) for i in order)
    answer = ranked[0][0] if ranked[0][1] >= threshold else NONE_OF_THESE
    return Classification(path, ranked, answer, n_damaged=n_damaged)
