"""Accuracy on one set of videos, in which a video that could not be decoded counts as wrong, or is left out."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional
from torchmetrics import MeanMetric, SumMetric
from torchmetrics.classification import MulticlassAccuracy, MulticlassStatScores


class RecognitionMetrics(nn.Module):
    """Top-1, top-5 and per-class accuracy in percent and cross-entropy, with the counts that they rest on.

    The accuracies are torchmetrics' over the videos that were scored; failed videos enter as wrong ones. Synchronized
    across processes by torchmetrics, where each video must have been seen by one process only.
    """

    def __init__(self, n_classes: int, *, failed_are_wrong: bool = True) -> None:
        """Begins without videos; top-5 is measured from six classes on.

        Args:
            n_classes: C, at least 2.
            failed_are_wrong: Whether a video that could not be decoded counts as wrong; else it counts in `n_failed`
                only.

        Raises:
            ValueError: Fewer than two classes, among which there is nothing to recognize.
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
            failed: bool [B], videos without frames, whose logits mean nothing.
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
        """The figures of all videos so far.

        Returns:
            `top1`, `top5` (for more than 5 classes) and `mean_class` in percent, unless no video counts;
            `cross_entropy` of the videos that were decoded, unless none was; `n_evaluated` and `n_failed`.
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
        """Accuracy of each class in percent, [C]; NaN for classes without a video that counts."""
        counts = self.per_class.compute()  # [C, 5]: true positives first, the number of videos last
        return 100 * counts[:, 0] / counts[:, -1]

    def reset(self) -> None:
        """Forgets all videos."""
        for metric in self.children():
            metric.reset()  # type: ignore[operator]
