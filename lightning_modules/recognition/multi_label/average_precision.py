"""Average precision of each class over the videos of a set, where a video may show several classes or none.

For a class c the videos are ranked by their scores. With its distinct scores t_1 > t_2 > ..., and the precision P_k and
recall R_k of the videos that score t_k or more,

    AP_c = sum_k (R_k - R_(k-1)) P_k        mAP = the mean over the classes that a counted video shows

as `average_precision_score` of scikit-learn, by which mAP is reported on Charades and ActivityNet; computed by
torchmetrics. A class that no counted video shows has no recall, and so no average precision: it does not count. A video
that shows no class is a negative of every class; the authors' script of Charades leaves such videos out.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torchmetrics import Metric, SumMetric
from torchmetrics.functional.classification import binary_average_precision
from torchmetrics.utilities import dim_zero_cat


def average_precisions(scores: Tensor, shown: Tensor) -> Tensor:
    """The average precision of each class.

    Only the order of a class's scores matters. They are replaced by their ranks, since torchmetrics takes the sigmoid
    of scores outside of 0 to 1, which makes large ones equal: those of CLIP are around 25.

    Args:
        scores: float [N, C], of any scale; equal scores of a class are one threshold.
        shown: bool [N, C], which classes each video shows.

    Returns:
        float64 [C], from 0 to 1; NaN for a class that no video shows.
    """
    n_videos, n_classes = scores.shape
    precisions = torch.full((n_classes,), math.nan, dtype=torch.float64)
    for number, (column, shows) in enumerate(zip(scores.cpu().T, shown.cpu().T, strict=True)):
        if shows.any():
            ranks = column.unique(return_inverse=True)[1].double() / max(1, n_videos - 1)
            precisions[number] = binary_average_precision(ranks, shows.long(), thresholds=None)
    return precisions


class _AveragePrecisions(Metric):
    """`average_precisions` of all videos so far, over all processes."""

    full_state_update = False
    scores: list[Tensor]
    shown: list[Tensor]

    def __init__(self) -> None:
        super().__init__()
        self.add_state("scores", default=[], dist_reduce_fx="cat")
        self.add_state("shown", default=[], dist_reduce_fx="cat")

    def update(self, scores: Tensor, shown: Tensor) -> None:
        """Adds videos, [B, C] both."""
        self.scores.append(scores.float())
        self.shown.append(shown.to(torch.uint8))  # which every backend gathers

    def compute(self) -> Tensor:
        """[C]; see `average_precisions`."""
        return average_precisions(dim_zero_cat(self.scores), dim_zero_cat(self.shown).bool())


class MultiLabelMetrics(nn.Module):
    """Average precision of each class and their mean in percent, with the underlying counts.

    Synchronized across processes by torchmetrics, provided that each video is seen by one process only.
    """

    def __init__(self, n_classes: int, *, failed_are_wrong: bool = True) -> None:
        """Starts without videos.

        Args:
            n_classes: C, at least 2.
            failed_are_wrong: Whether a video that could not be decoded is ranked last for every class; otherwise it
                only counts in `n_failed`.

        Raises:
            ValueError: Fewer than two classes.
        """
        super().__init__()
        if n_classes < 2:
            raise ValueError(f"mean average precision needs at least 2 classes; the set has {n_classes}")
        self.n_classes = n_classes
        self.failed_are_wrong = failed_are_wrong
        self.of_classes = _AveragePrecisions()
        self.n_evaluated = SumMetric()
        self.n_failed = SumMetric()
        self.reset()

    def update(self, logits: Tensor, truth: Tensor, failed: Tensor) -> None:
        """Counts a batch.

        Args:
            logits: [B, C], the score of each class by itself.
            truth: bool [B, C], which classes each video shows.
            failed: bool [B], videos without frames; their logits are ignored.
        """
        counted = ~failed | self.failed_are_wrong
        scores = logits.float().masked_fill(failed[:, None], -math.inf)
        self.of_classes.update(scores[counted], truth[counted])
        self.n_evaluated.update((~failed).sum())
        self.n_failed.update(failed.sum())

    def compute(self) -> dict[str, float]:
        """Computes the metrics of all videos so far.

        Returns:
            `mean_average_precision` in percent and `n_scored_classes`, the number of classes it is the mean of, unless
            no video counts or shows a class; `n_evaluated` and `n_failed`.
        """
        counts = {"n_evaluated": float(self.n_evaluated.compute()), "n_failed": float(self.n_failed.compute())}
        percent = self.per_class_percent()
        n_scored = int((~percent.isnan()).sum())
        if not n_scored:
            return counts
        return {"mean_average_precision": float(percent.nanmean()), "n_scored_classes": float(n_scored), **counts}

    def per_class_percent(self) -> Tensor:
        """Average precision of each class in percent, [C]; NaN for classes that no counted video shows."""
        return 100 * self.of_classes.compute()

    def reset(self) -> None:
        """Forgets all videos."""
        for metric in (self.of_classes, self.n_evaluated, self.n_failed):
            metric.reset()
        nothing = torch.empty(0, self.n_classes, device=self.n_failed.device)
        self.of_classes.update(nothing, nothing.bool())  # so that a process without videos takes part in the exchange
