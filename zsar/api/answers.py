"""The answer of `zsar.classify` for a video."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from zsar.datamodules.choices.none_of_these import NONE_OF_THESE
from zsar.lightning_modules.recognition.class_probabilities import ClassProbabilities


@dataclass(frozen=True)
class Classification:
    """The model's answer for one video.

    Attributes:
        path: The video; None for given frames.
        ranked: Class names with probabilities in [0, 1] among these names, which sum to 1, most probable first; empty
            if there is an error.
        answer: The first name, "none of these" below the threshold, or None if there is an error. With
            `own_probabilities`, the threshold is one of these: the answer is the first name whose own probability
            reaches it, "none of these" if none does.
        error: Why the video has no answer, or None.
        n_damaged: Number of accepted damaged frames among those decoded.
        untuned: With an adaptation, the answer of the same prompts before they were tuned to the video; else None.
        own_probabilities: Of models with a logit bias (SigLIP), the names with the probability of each by itself, in
            the order of `ranked`: all are small if none fits. None for other models.
    """

    path: str | None
    ranked: tuple[tuple[str, float], ...]
    answer: str | None
    error: str | None = None
    n_damaged: int = 0
    untuned: Classification | None = None
    own_probabilities: tuple[tuple[str, float], ...] | None = None

    @property
    def best(self) -> tuple[float, float | None]:
        """Probability and own probability of the answer; of "none of these", those of the most probable name.

        The own probability is None for models without a logit bias.
        """
        names = [name for name, _ in self.ranked]
        place = names.index(self.answer) if self.answer in names else 0
        return self.ranked[place][1], None if self.own_probabilities is None else self.own_probabilities[place][1]

    def to_dict(self) -> dict[str, Any]:
        """Plain types for JSON, with the keys of `zsar classify --json`; probabilities have six decimals.

        With an adaptation there is a further key, "untuned", with an answer and probabilities of its own. Of models
        with a logit bias there is also "own_probabilities", which may be very small: they have six digits.
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
        own = {} if self.own_probabilities is None else {"own_probabilities": with_digits(self.own_probabilities)}
        return {"answer": self.answer, "probabilities": rounded(self.ranked), **own}


def rounded(probabilities: Sequence[tuple[str, float]]) -> dict[str, float]:
    """Names with probabilities of six decimals, as JSON has them."""
    return {name: round(probability, 6) for name, probability in probabilities}


def with_digits(probabilities: Sequence[tuple[str, float]]) -> dict[str, float]:
    """Names with own probabilities of six digits, as JSON has them."""
    return {name: float(f"{probability:.6g}") for name, probability in probabilities}


def own_percent(probability: float) -> str:
    """An own probability with three digits, since it may be very small: "13 %", "0.00454 %"."""
    return f"{100 * probability:.3g} %"


def ranking(
    path: str | None, probabilities: ClassProbabilities, names: Sequence[str], threshold: float, n_damaged: int = 0
) -> Classification:
    """The answer from probabilities.

    Args:
        path: The video.
        probabilities: Of the C classes; NaN where the model's scores are not finite, which is reported as an error.
        names: C class names.
        threshold: Below it a class is not named: its own probability where the model tells it, else that among the
            given names.
        n_damaged: Number of accepted damaged frames.
    """
    if not probabilities.relative.isfinite().all():
        what = "the given frames" if path is None else path
        return Classification(
            path, (), None, f"{what}: the model's scores of it are NaN or infinite, so it has no class"
        )
    order = probabilities.relative.argsort(descending=True).tolist()
    ranked = tuple((names[i], float(probabilities.relative[i])) for i in order)
    own = None if probabilities.own is None else tuple((names[i], float(probabilities.own[i])) for i in order)
    named = (name for name, probability in (own or ranked) if probability >= threshold)
    return Classification(path, ranked, next(named, NONE_OF_THESE), n_damaged=n_damaged, own_probabilities=own)
