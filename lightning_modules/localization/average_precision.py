"""Average precision of localized actions, as in ActivityNet's challenge (T3AL, section 5).

For a class and a threshold of temporal IoU (overlap / union, in seconds), the predictions of all videos are taken in
descending order of score. Each is matched with the instance of its video and class that it overlaps most; if an earlier
prediction has taken that one, with the next, as long as the IoU is at least the threshold. An unmatched prediction is a
false positive, so a second prediction of the same instance is wrong. Average precision is the area under the
precision-recall curve, with precision made non-increasing from the right.

The challenge leaves ties to its sorting. They are fixed here, so that order and processes do not matter: equal scores
are ranked by video id, then start, then end; of equally overlapped instances the earlier is tried first. A segment
of zero length has IoU 0 with everything.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

# Number of predictions compared with their instances at once; bounds memory, does not change results.
_BLOCK = 4096


@dataclass(frozen=True)
class Matches:
    """Which prediction finds which instance.

    Attributes:
        predictions: Rows of video id, class, start and end in seconds and score, by descending score, float64 [N, 5].
        truth: Rows of video id, class, start and end in seconds, sorted, float64 [M, 4].
        instances: Row of `truth` that each prediction is matched with at each threshold; -1 for a false positive, int64
            [S, N].
    """

    predictions: Tensor
    truth: Tensor
    instances: Tensor

    @property
    def hits(self) -> Tensor:
        """Which predictions are true positives, bool [S, N]."""
        return self.instances >= 0


def average_precision(predictions: Tensor, truth: Tensor, *, n_classes: int, thresholds: Tensor) -> Tensor:
    """Average precision of each class at each threshold.

    Args:
        predictions: Rows of video id, class, start and end in seconds and score, in any order, float64 [N, 5].
        truth: Rows of video id, class, start and end in seconds, in any order, float64 [M, 4].
        n_classes: C.
        thresholds: Minimum IoU of a match, [S].

    Returns:
        From 0 to 1, float64 [S, C]; nan for a class without ground truth.
    """
    matches = match(predictions, truth, thresholds=thresholds)
    precisions = torch.full((len(thresholds), n_classes), torch.nan, dtype=torch.float64)
    for label, n_true in zip(*matches.truth[:, 1].unique(return_counts=True), strict=True):
        precisions[:, int(label)] = area(matches.hits[:, matches.predictions[:, 1] == label], int(n_true))
    return precisions


def match(predictions: Tensor, truth: Tensor, *, thresholds: Tensor) -> Matches:
    """Matches predictions with instances of their class, each instance at most once.

    Args:
        predictions: Rows of video id, class, start and end in seconds and score, in any order, float64 [N, 5].
        truth: Rows of video id, class, start and end in seconds, in any order, float64 [M, 4].
        thresholds: Minimum IoU of a match, [S].
    """
    predictions = predictions[_order([-predictions[:, 4], *predictions[:, [0, 2, 3]].T])]
    truth = truth[_order(truth.T)]
    instances = torch.full((len(thresholds), len(predictions)), -1)
    taken = [bytearray(len(truth)) for _ in thresholds]
    for pairs, overlaps in overlapping_pairs(predictions, truth, of_same_class=True):
        for row, threshold in enumerate(thresholds):
            matched = _give_out(pairs[:, overlaps >= threshold], taken[row])
            instances[row, list(matched)] = torch.tensor(list(matched.values()), dtype=torch.int64)
    return Matches(predictions, truth, instances)


def overlapping_pairs(predictions: Tensor, truth: Tensor, *, of_same_class: bool) -> Iterator[tuple[Tensor, Tensor]]:
    """Compares predictions with the instances of their videos, some thousand predictions at a time.

    Args:
        predictions: As in `Matches`.
        truth: As in `Matches`.
        of_same_class: Whether to compare with instances of the prediction's class only.

    Yields:
        Rows of predictions and of instances, int64 [2, K], and their temporal IoUs, [K]; in the order of predictions,
        those of one prediction by descending IoU, then by row.
    """
    n_keys = 2 if of_same_class else 1
    _, groups = torch.cat([truth[:, :n_keys], predictions[:, :n_keys]]).unique(dim=0, return_inverse=True)
    true_groups, predicted_groups = groups[: len(truth)].contiguous(), groups[len(truth) :].contiguous()
    first_true = torch.searchsorted(true_groups, predicted_groups)
    n_true = torch.searchsorted(true_groups, predicted_groups, right=True) - first_true
    for block in torch.arange(len(predictions)).split(_BLOCK):
        n_pairs = n_true[block]
        ranks = torch.arange(int(n_pairs.sum())) - (n_pairs.cumsum(0) - n_pairs).repeat_interleave(n_pairs)
        pairs = torch.stack([block.repeat_interleave(n_pairs), ranks + first_true[block].repeat_interleave(n_pairs)])
        overlaps = _temporal_iou(predictions[pairs[0], 2:4], truth[pairs[1], 2:4])
        order = _order([pairs[0], -overlaps])
        yield pairs[:, order], overlaps[order]


def largest_overlaps(predictions: Tensor, truth: Tensor) -> Tensor:
    """The largest temporal IoU of each prediction with an instance of its video and class.

    Args:
        predictions: Rows of video id, class, start and end in seconds, and what else, in any order, float64 [N, 4+].
        truth: Rows of video id, class, start and end in seconds, in any order, float64 [M, 4].

    Returns:
        From 0 to 1, [N]; 0 without such an instance.
    """
    largest = torch.zeros(len(predictions), dtype=torch.float64)
    for pairs, overlaps in overlapping_pairs(predictions, truth[_order(truth.T)], of_same_class=True):
        largest.scatter_reduce_(0, pairs[0], overlaps, "amax")
    return largest


def precision_at_hits(hits: Tensor) -> Tensor:
    """Precision of each prediction's rank, made non-increasing from the right.

    Args:
        hits: Which predictions of a class are true positives, by descending score, bool [S, N].

    Returns:
        From 0 to 1, float64 [S, N]; a curve has a point at each hit, where recall grows by 1 / number of instances.
    """
    precision = hits.cumsum(dim=1) / torch.arange(1, hits.shape[1] + 1, dtype=torch.float64)
    return precision.flip(1).cummax(dim=1).values.flip(1)


def area(hits: Tensor, n_true: int) -> Tensor:
    """Average precision of one class: the area under its precision-recall curve.

    Args:
        hits: Which predictions of the class are true positives, by descending score, bool [S, N].
        n_true: Number of instances of the class, at least 1.

    Returns:
        From 0 to 1, float64 [S].
    """
    return (precision_at_hits(hits) * hits).sum(dim=1) / n_true  # recall grows by 1 / n_true at each hit only


def _order(keys: Iterable[Tensor]) -> Tensor:
    """Indices that sort rows by the first key, then the second, and so on."""
    first, *others = keys
    order = torch.arange(len(first))
    for key in (*reversed(others), first):
        order = order[key[order].argsort(stable=True)]
    return order


def _temporal_iou(ours: Tensor, theirs: Tensor) -> Tensor:
    """IoU of pairs of segments, [N, 2] each; 0 where both have no length."""
    overlap = (torch.minimum(ours[:, 1], theirs[:, 1]) - torch.maximum(ours[:, 0], theirs[:, 0])).clamp(min=0)
    union = (ours[:, 1] - ours[:, 0]) + (theirs[:, 1] - theirs[:, 0]) - overlap
    return torch.where(union > 0, overlap / union, 0)


def _give_out(pairs: Tensor, taken: bytearray) -> dict[int, int]:
    """The instance of each matched prediction; `pairs` [2, K] are sorted by prediction, then by preference."""
    matched: dict[int, int] = {}
    for prediction, instance in zip(*pairs.tolist(), strict=True):
        if prediction not in matched and not taken[instance]:
            taken[instance] = 1
            matched[prediction] = instance
    return matched
