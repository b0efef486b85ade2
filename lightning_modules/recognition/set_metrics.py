"""SetMetrics: the figures of each set of classes of a stage, and the names that they are logged under."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, cast

from torch import nn

from zsar.datamodules.batch import ClassText
from zsar.lightning_modules.recognition.accuracy import RecognitionMetrics
from zsar.lightning_modules.recognition.harmonic_mean import harmonic_mean

_PREFIXES = {"validate": "val", "test": "test"}


def metric_prefix(stage: str, text: ClassText) -> str:
    """What the names of a set's figures begin with: "test/novel", or just "val" where there is one set.

    Args:
        stage: "validate" or "test".
        text: The classes of the set.
    """
    short = _PREFIXES[stage]
    return short if text.set_name == short else f"{short}/{text.set_name}"


class SetResults(NamedTuple):
    """What was measured in a stage.

    Attributes:
        figures: By the name that each is logged under.
        per_class_percent: For each set the accuracy of each class, NaN for classes without a video that counts.
    """

    figures: dict[str, float]
    per_class_percent: dict[str, list[float]]


class SetMetrics(nn.Module):
    """The metrics of each data loader of "validate" and "test"."""

    def __init__(self) -> None:
        """Begins without any; `start` adds those of a stage."""
        super().__init__()
        self._of_stages = nn.ModuleDict()

    def start(self, stage: str, texts: Sequence[ClassText]) -> None:
        """Makes the metrics of a stage anew.

        Args:
            stage: "validate" or "test".
            texts: The classes of each data loader.

        Raises:
            ValueError: A set has fewer than two classes.
        """
        # The choice of a checkpoint must not depend on which clips happen to be broken.
        failed_are_wrong = stage == "test"
        self._of_stages[stage] = nn.ModuleList(
            RecognitionMetrics(len(text.names), failed_are_wrong=failed_are_wrong) for text in texts
        )

    def of(self, stage: str) -> list[RecognitionMetrics]:
        """The metrics of each data loader of a stage."""
        return cast(list[RecognitionMetrics], list(cast(nn.ModuleList, self._of_stages[stage])))

    def results(self, stage: str, texts: Sequence[ClassText], *, may_be_empty: bool) -> SetResults:
        """Computes all figures of a stage, over all processes, and starts over.

        Args:
            stage: "validate" or "test".
            texts: The classes of each data loader.
            may_be_empty: Whether a set may have no video that counts, as in a sanity check, which looks at few.

        Returns:
            `SET/top1`, ... of each set and, of base and novel, `harmonic_mean`.

        Raises:
            ValueError: No clip of a set could be decoded.
        """
        figures: dict[str, float] = {}
        per_class: dict[str, list[float]] = {}
        top1: dict[str, float] = {}
        for text, metrics in zip(texts, self.of(stage), strict=True):
            results = metrics.compute()
            per_class[text.set_name] = metrics.per_class_percent().tolist()
            metrics.reset()
            if "top1" in results:
                top1[text.set_name] = results["top1"]
            elif not may_be_empty:
                raise ValueError(
                    f"none of the {results['n_failed']:.0f} clips of the set {text.set_name!r} could be decoded, so "
                    "that there is no accuracy to choose a checkpoint by; look at them with `zsar doctor --decode all`"
                )
            prefix = metric_prefix(stage, text)
            figures.update({f"{prefix}/{name}": value for name, value in results.items()})
        if {"base", "novel"} <= set(top1):
            figures[f"{_PREFIXES[stage]}/harmonic_mean"] = harmonic_mean(top1["base"], top1["novel"])
        return SetResults(figures, per_class)
