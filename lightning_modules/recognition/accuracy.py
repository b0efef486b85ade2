"""Accuracy on sets of videos: the metrics of one set, and the figures of all sets of a stage by their names.

Those of sets whose videos have several labels are in `multi_label.average_precision`.

A video that could not be decoded counts as wrong, or is left out.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, cast

from torch import Tensor, nn
from torch.nn import functional
from torchmetrics import MeanMetric, SumMetric
from torchmetrics.classification import MulticlassAccuracy, MulticlassStatScores

from zsar.datamodules.batch import ClassText
from zsar.lightning_modules.recognition.harmonic_mean import harmonic_mean
from zsar.lightning_modules.recognition.multi_label.average_precision import MultiLabelMetrics

_PREFIXES = {"validate": "val", "test": "test"}


class RecognitionMetrics(nn.Module):
    """Top-1, top-5 and per-class accuracy in percent and cross-entropy, with the underlying counts.

    The accuracies are torchmetrics' over the videos that were scored; failed videos count as wrong. Synchronized across
    processes by torchmetrics, provided that each video is seen by one process only.
    """

    def __init__(self, n_classes: int, *, failed_are_wrong: bool = True) -> None:
        """Starts without videos; top-5 needs at least six classes.

        Args:
            n_classes: C, at least 2.
            failed_are_wrong: Whether a video that could not be decoded counts as wrong; otherwise it only counts in
                `n_failed`.

        Raises:
            ValueError: Fewer than two classes.
        """
        super().__init__()
        if n_classes < 2:
            raise ValueError(f"accuracy needs at least 2 classes to choose from; the set has {n_classes}")
        self.n_classes = n_classes
        self.failed_are_wrong = failed_are_wrong
        self.top1 = MulticlassAccuracy(n_classes, average="micro")
        self.top5 = MulticlassAccuracy(n_classes, average="micro", top_k=5) if n_classes > 5 else None
        self.per_class = MulticlassStatScores(n_classes, average="none")
        self.cross_entropy = MeanMetric()
        self.n_evaluated = SumMetric()
        self.n_failed = SumMetric()

    def update(self, logits: Tensor, labels: Tensor, failed: Tensor) -> None:
        """Counts a batch.

        Args:
            logits: [B, C].
            labels: int64 [B], 0-based.
            failed: bool [B], videos without frames; their logits are ignored.
        """
        predictions = logits.argmax(dim=1).where(~failed, (labels + 1) % self.n_classes)
        counted = ~failed | self.failed_are_wrong
        if counted.any():
            self.top1.update(predictions[counted], labels[counted])
            self.per_class.update(predictions[counted], labels[counted])
        if not failed.all():
            scored, truth = logits[~failed].float(), labels[~failed]
            self.cross_entropy.update(functional.cross_entropy(scored, truth), weight=len(truth))
            if self.top5 is not None:
                self.top5.update(scored, truth)
        self.n_evaluated.update((~failed).sum())
        self.n_failed.update(failed.sum())

    def compute(self) -> dict[str, float]:
        """Computes the metrics of all videos so far.

        Returns:
            `top1`, `top5` (for more than 5 classes) and `mean_class` in percent, unless no video counts;
            `cross_entropy` of the videos that were decoded, unless there are none; `n_evaluated` and `n_failed`.
        """
        n_evaluated, n_failed = float(self.n_evaluated.compute()), float(self.n_failed.compute())
        counts = {"n_evaluated": n_evaluated, "n_failed": n_failed}
        n_counted = n_evaluated + (n_failed if self.failed_are_wrong else 0)
        if not n_counted:
            return counts
        results = {"top1": 100 * float(self.top1.compute()), "mean_class": float(self.per_class_percent().nanmean())}
        if self.top5 is not None:
            results["top5"] = 100 * float(self.top5.compute()) * n_evaluated / n_counted if n_evaluated else 0.0
        if n_evaluated:
            results["cross_entropy"] = float(self.cross_entropy.compute())
        return {**results, **counts}

    def per_class_percent(self) -> Tensor:
        """Accuracy of each class in percent, [C]; NaN for classes without a counted video."""
        counts = self.per_class.compute()  # [C, 5]: true positives first, the number of videos last
        return 100 * counts[:, 0] / counts[:, -1]

    def reset(self) -> None:
        """Forgets all videos."""
        for metric in self.children():
            metric.reset()  # type: ignore[operator]


def metric_prefix(stage: str, text: ClassText) -> str:
    """The prefix of a set's metric names: "test/novel", or just "val" if there is one set.

    Args:
        stage: "validate" or "test".
        text: The classes of the set.
    """
    short = _PREFIXES[stage]
    return short if text.set_name == short else f"{short}/{text.set_name}"


class SetResults(NamedTuple):
    """The metrics of a stage.

    Attributes:
        figures: Values by logged name.
        per_class_percent: Accuracy, or average precision where videos have several labels, of each class, by set; NaN
            for classes without a counted video.
    """

    figures: dict[str, float]
    per_class_percent: dict[str, list[float]]


class SetMetrics(nn.Module):
    """The metrics of each data loader of "validate" and "test"."""

    def __init__(self) -> None:
        """Starts empty; `start` creates the metrics of a stage."""
        super().__init__()
        self._of_stages = nn.ModuleDict()

    def start(self, stage: str, texts: Sequence[ClassText]) -> None:
        """Creates new metrics for a stage.

        Args:
            stage: "validate" or "test".
            texts: The classes of each data loader.

        Raises:
            ValueError: A set has fewer than two classes.
        """
        # The choice of a checkpoint must not depend on which clips happen to be broken.
        failed_are_wrong = stage == "test"
        self._of_stages[stage] = nn.ModuleList(
            (MultiLabelMetrics if text.multi_label else RecognitionMetrics)(
                len(text.names), failed_are_wrong=failed_are_wrong
            )
            for text in texts
        )

    def of(self, stage: str) -> list[RecognitionMetrics | MultiLabelMetrics]:
        """The metrics of each data loader of a stage."""
        return cast(list[RecognitionMetrics | MultiLabelMetrics], list(cast(nn.ModuleList, self._of_stages[stage])))

    def results(self, stage: str, texts: Sequence[ClassText], *, may_be_empty: bool) -> SetResults:
        """Computes all metrics of a stage, over all processes, and resets them.

        Args:
            stage: "validate" or "test".
            texts: The classes of each data loader.
            may_be_empty: Whether a set may have no counted video, as in a sanity check of a few batches.

        Returns:
            `SET/top1`, ... of each set, or `SET/mean_average_precision` where videos have several labels, and
            `harmonic_mean` of base and novel.

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
            elif not (results["n_evaluated"] or "mean_average_precision" in results or may_be_empty):
                raise ValueError(
                    f"none of the {results['n_failed']:.0f} clips of the set {text.set_name!r} could be decoded, so "
                    "there is no accuracy to choose a checkpoint by; check them with `zsar doctor --decode all`"
                )
            prefix = metric_prefix(stage, text)
            figures.update({f"{prefix}/{name}": value for name, value in results.items()})
        if {"base", "novel"} <= set(top1):
            figures[f"{_PREFIXES[stage]}/harmonic_mean"] = harmonic_mean(top1["base"], top1["novel"])
        return SetResults(figures, per_class)
