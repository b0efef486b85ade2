"""Kinds of false positives (Alwassel et al., Diagnosing Error in Temporal Action Detectors, ECCV 2018).

A prediction that matches no instance at the threshold of IoU t (`average_precision`) is, in this order,

    double detection   IoU >= t with an instance of its class, which a prediction of a higher score has taken
    wrong label        IoU >= t with an instance of another class
    localization       0.1 <= IoU < t with an instance of its class
    confusion          0.1 <= IoU < t with an instance of another class
    background         IoU < 0.1 with every instance of its video

Localization errors are split further by the instance of its class that the prediction overlaps most: too early (starts
and ends before it does), too late (starts and ends after), too long (covers it), too short (lies within it).

Departures from the paper: it does not split localization errors, and it leaves open which kind takes precedence where
a prediction overlaps several instances. Only instances of the tested classes are known; an action of another class is
background.
"""

from __future__ import annotations

import torch
from torch import Tensor

from zsar.lightning_modules.localization.average_precision import Matches, overlapping_pairs

TRUE_POSITIVE = "true_positive"
LOCALIZATION = ("too_early", "too_late", "too_long", "too_short")
ERRORS = ("double_detection", "wrong_label", *LOCALIZATION, "confusion", "background")
KINDS = (TRUE_POSITIVE, *ERRORS)
LEAST_IOU = 0.1  # of a prediction that is not on background
MOST_TIMES = 10  # the paper looks at the best 10 G predictions


def prediction_kinds(matches: Matches, row: int, *, threshold: float) -> Tensor:
    """The kind of each prediction.

    Args:
        matches: Predictions and instances.
        row: Index of the threshold in `matches`.
        threshold: That threshold of IoU; above 0.1.

    Returns:
        Indices into `KINDS`, int64 [N].

    Raises:
        ValueError: The threshold leaves no room for localization errors.
    """
    check_threshold(threshold)
    predictions = matches.predictions
    own, instances = _best_of_own_class(matches)
    other = _best_of_other_classes(matches)
    kinds = torch.full((len(predictions),), KINDS.index("background"))
    kinds[other >= LEAST_IOU] = KINDS.index("confusion")
    near = own >= LEAST_IOU
    kinds[near] = _sides(predictions[near, 2:4], matches.truth[instances[near], 2:4])
    kinds[other >= threshold] = KINDS.index("wrong_label")
    kinds[own >= threshold] = KINDS.index("double_detection")
    kinds[matches.hits[row]] = KINDS.index(TRUE_POSITIVE)
    return kinds


def check_threshold(iou_threshold: float) -> None:
    """Checks that a threshold leaves room for localization errors.

    Raises:
        ValueError: It is not above 0.1, or above 1.
    """
    if not LEAST_IOU < iou_threshold <= 1:
        raise ValueError(
            f"iou_threshold must be above {LEAST_IOU}, below which predictions are background, and at most 1; "
            f"got {iou_threshold}"
        )


def ranks_in_class(predictions: Tensor) -> Tensor:
    """The rank of each prediction among those of its class, from 0.

    Args:
        predictions: As in `Matches`, by descending score.

    Returns:
        int64 [N].
    """
    ranks = torch.zeros(len(predictions), dtype=torch.int64)
    for label in predictions[:, 1].unique():
        of_class = predictions[:, 1] == label
        ranks[of_class] = torch.arange(int(of_class.sum()))
    return ranks


def counts_of_best(matches: Matches, kinds: Tensor) -> Tensor:
    """How many of the best G, 2 G, ..., 10 G predictions are of each kind.

    G is the number of instances of a class: the best k G predictions are, of each class, those of the first k G ranks,
    so that a class with many predictions does not displace others. Classes without instances do not count.

    Args:
        matches: Predictions and instances.
        kinds: Indices into `KINDS`, int64 [N].

    Returns:
        int64 [10, kinds]; each row includes the rows before it.
    """
    n_true = instances_of_classes(matches)
    times = ranks_in_class(matches.predictions) // n_true.clamp(min=1)
    counts = torch.zeros(MOST_TIMES, len(KINDS), dtype=torch.int64)
    counted = (n_true > 0) & (times < MOST_TIMES)
    places = times[counted] * len(KINDS) + kinds[counted]
    counts.view(-1).index_add_(0, places, torch.ones_like(places))
    return counts.cumsum(dim=0)


def instances_of_classes(matches: Matches) -> Tensor:
    """The number of instances of each prediction's class, int64 [N]."""
    classes = matches.predictions[:, 1].long()
    n_classes = 1 + int(torch.cat([classes, matches.truth[:, 1].long(), torch.zeros(1, dtype=torch.int64)]).max())
    return torch.bincount(matches.truth[:, 1].long(), minlength=n_classes)[classes]


def _best_of_own_class(matches: Matches) -> tuple[Tensor, Tensor]:
    """The largest IoU of each prediction with an instance of its class, [N], and that instance (0 if IoU is 0)."""
    overlaps = torch.zeros(len(matches.predictions), dtype=torch.float64)
    instances = torch.zeros(len(matches.predictions), dtype=torch.int64)
    for pairs, found in overlapping_pairs(matches.predictions, matches.truth, of_same_class=True):
        first = torch.ones(pairs.shape[1], dtype=torch.bool)  # those of a prediction start with its largest
        first[1:] = pairs[0, 1:] != pairs[0, :-1]
        overlaps[pairs[0, first]] = found[first]
        instances[pairs[0, first]] = pairs[1, first]
    return overlaps, instances


def _best_of_other_classes(matches: Matches) -> Tensor:
    """The largest IoU of each prediction with an instance of another class, [N]; 0 if there is none."""
    overlaps = torch.zeros(len(matches.predictions), dtype=torch.float64)
    for pairs, found in overlapping_pairs(matches.predictions, matches.truth, of_same_class=False):
        other = matches.predictions[pairs[0], 1] != matches.truth[pairs[1], 1]
        overlaps.scatter_reduce_(0, pairs[0, other], found[other], "amax")
    return overlaps


def _sides(predicted: Tensor, true: Tensor) -> Tensor:
    """How segments [N, 2] miss instances [N, 2] that they overlap: indices into `KINDS`."""
    starts, ends = (predicted - true).T  # negative: before the instance does
    kinds = torch.full((len(predicted),), KINDS.index("too_early"))
    kinds[(starts > 0) & (ends > 0)] = KINDS.index("too_late")
    kinds[(starts <= 0) & (ends >= 0)] = KINDS.index("too_long")
    kinds[(starts >= 0) & (ends <= 0)] = KINDS.index("too_short")
    return kinds
