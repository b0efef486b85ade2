"""Mean average precision of actions found in time, as ActivityNet's challenge counts it (T3AL, section 5).

For a class and a threshold of temporal IoU (overlap / union, in seconds): its predictions of all videos are taken from
the highest score down. Each gets the instance of its video and class that it overlaps best; if an earlier prediction
has that one, the next best, as long as the IoU is at least the threshold. Without one it is a false positive, so a
second prediction of the same instance is wrong. Average precision is the area under the precision-recall curve, with
precision made non-increasing from the right.

What the challenge leaves to its sorting is fixed here, so that order and processes do not matter: equal scores are
ranked by video id, then start, then end; of instances overlapped equally the earlier one is tried first. A segment
without length has IoU 0 with everything.

The mean is over the classes that have ground truth: one without predictions counts 0, one without ground truth is left
out with all its predictions (it has no recall).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import torch
from torch import Tensor
from torchmetrics import Metric
from torchmetrics.utilities import dim_zero_cat

# The three of which "Avg." in papers on ActivityNet is the mean, T3AL's among them.
_PAPER_THRESHOLDS = (0.5, 0.75, 0.95)
# Predictions that are compared with their instances at once; bounds memory, changes no result.
_BLOCK = 4096
# Ids are kept as float64, which holds integers up to here.
_LARGEST_ID = 2**53


class TemporalMeanAveragePrecision(Metric):
    """Mean average precision in percent at thresholds of temporal IoU.

    Synchronized across processes by torchmetrics, where each video must have been seen by one process only.
    """

    is_differentiable = False
    higher_is_better = True
    full_state_update = False

    videos: list[Tensor]
    predictions: list[Tensor]
    truth: list[Tensor]

    def __init__(self, n_classes: int, thresholds: Sequence[float]) -> None:
        """Begins without detections.

        Args:
            n_classes: C, the classes of the split that is evaluated.
            thresholds: Smallest IoU that counts as found, above 0 and at most 1, rounded to 6 decimals so that
                0.1 + 0.2 means 0.3. THUMOS14 has 0.3, 0.4 to 0.7, ActivityNet 0.5, 0.55 to 0.95.

        Raises:
            ValueError: No class; thresholds that are missing, out of range or given twice.
        """
        super().__init__()
        if n_classes < 1:
            raise ValueError(f"mean average precision needs at least 1 class; got n_classes={n_classes}")
        self.n_classes = n_classes
        self.thresholds = tuple(round(float(threshold), 6) for threshold in thresholds)
        if not self.thresholds or not all(0 < threshold <= 1 for threshold in self.thresholds):
            raise ValueError(f"thresholds of IoU must be above 0 and at most 1, at least one; got {self.thresholds}")
        if len(set(self.thresholds)) != len(self.thresholds):
            raise ValueError(f"a threshold is given twice in {self.thresholds}; give each once")
        # Rows are stored flat and in one type: for a process that saw no video torchmetrics gathers an empty tensor
        # of one dimension and of the metric's type, and all processes' tensors must be alike in both.
        self.add_state("videos", default=[], dist_reduce_fx="cat")
        self.add_state("predictions", default=[], dist_reduce_fx="cat")
        self.add_state("truth", default=[], dist_reduce_fx="cat")
        self.set_dtype(torch.float64)

    def update(
        self,
        *,
        videos: Tensor,
        predicted_videos: Tensor,
        predicted_classes: Tensor,
        predicted_seconds: Tensor,
        scores: Tensor,
        true_videos: Tensor,
        true_classes: Tensor,
        true_seconds: Tensor,
    ) -> None:
        """Adds all predictions and all ground truth of one or several videos.

        Args:
            videos: Ids of the videos, also of those without predictions or ground truth, integers [B].
            predicted_videos: Id of the video of each prediction, integers [N]; N may be 0.
            predicted_classes: Its class, 0-based, integers [N].
            predicted_seconds: Its start and end, [N, 2].
            scores: Confidence in it, in any unit that is comparable across videos, [N].
            true_videos: Id of the video of each true instance, integers [M]; M may be 0.
            true_classes: Its class, 0-based, integers [M].
            true_seconds: Its start and end, [M, 2].

        Raises:
            ValueError: Wrong shapes or types, a segment that ends before it starts, numbers that are not finite, a
                class out of range, a video that is not among `videos`, or one that was already added.
        """
        if videos.ndim != 1 or not _are_integers(videos) or bool((videos.abs() > _LARGEST_ID).any()):
            raise ValueError(
                f"videos must be integers [B] of at most 2^53; got {videos.dtype} {list(videos.shape)}: {videos}"
            )
        predictions = self._checked("prediction", videos, predicted_videos, predicted_classes, predicted_seconds)
        if scores.shape != predicted_videos.shape:
            raise ValueError(f"there are {len(predictions)} predictions and scores {list(scores.shape)}; give one each")
        _refuse("prediction", ~scores.isfinite(), predicted_videos, scores, "is no score, which must be finite")
        truth = self._checked("true instance", videos, true_videos, true_classes, true_seconds)
        evaluated = torch.cat([*self.videos, videos.to(self.device, self.dtype)])
        _refuse_twice(evaluated)
        self.videos = [evaluated]
        self.predictions.append(torch.column_stack([predictions, scores.to(self.device, self.dtype)]).flatten())
        self.truth.append(truth.flatten())

    def compute(self) -> dict[str, float]:
        """The figures of all videos so far.

        Returns:
            In percent: `map_0.3` for a threshold of 0.3 and so on; `map`, their mean; `paper_mean`, the mean at 0.5,
            0.75 and 0.95, where these are among the thresholds. `n_classes`, over how many classes the means are,
            which is those with ground truth; `n_videos`.

        Raises:
            ValueError: There is no ground truth, or two processes evaluated the same video.
        """
        videos, predictions, truth = _rows(self.videos, 1), _rows(self.predictions, 5), _rows(self.truth, 4)
        _refuse_twice(videos.flatten())
        if len(truth) == 0:
            raise ValueError(
                f"there is no ground truth in the {len(videos)} videos so far, so that average precision means "
                "nothing; evaluate videos with at least one instance of a class of the split"
            )
        precisions = 100 * average_precision(
            predictions, truth, n_classes=self.n_classes, thresholds=torch.tensor(self.thresholds, dtype=torch.float64)
        )
        at = dict(zip(self.thresholds, precisions.nanmean(dim=1).tolist(), strict=True))
        results = {f"map_{threshold:g}": value for threshold, value in at.items()}
        results["map"] = sum(at.values()) / len(at)
        if set(_PAPER_THRESHOLDS) <= set(at):
            results["paper_mean"] = sum(at[threshold] for threshold in _PAPER_THRESHOLDS) / len(_PAPER_THRESHOLDS)
        n_counted = int((~precisions[0].isnan()).sum())
        return {**results, "n_classes": float(n_counted), "n_videos": float(len(videos))}

    def _checked(self, kind: str, evaluated: Tensor, videos: Tensor, classes: Tensor, seconds: Tensor) -> Tensor:
        """Rows of video, class, start and end, float64 [N, 4]."""
        n = len(videos)
        if videos.shape != (n,) or classes.shape != (n,) or seconds.shape != (n, 2):
            raise ValueError(
                f"videos and classes of {kind}s must be [N], seconds [N, 2]; got {list(videos.shape)}, "
                f"{list(classes.shape)} and {list(seconds.shape)}"
            )
        if not (_are_integers(videos) and _are_integers(classes)):
            raise ValueError(
                f"videos and classes of {kind}s must be integers; got {videos.dtype} and {classes.dtype}; "
                "convert them with .long()"
            )
        unknown = (classes < 0) | (classes >= self.n_classes)
        known = f"is not a class; there are n_classes={self.n_classes}, from 0 on. Leave those of other splits out"
        _refuse(kind, unknown, videos, classes, known)
        _refuse(kind, ~seconds.isfinite().all(dim=1), videos, seconds, "are no seconds, which must be finite")
        _refuse(kind, seconds[:, 1] < seconds[:, 0], videos, seconds, "seconds end before they start")
        elsewhere = "is not among the videos of this update; name it there, or evaluate it in its own"
        _refuse(kind, ~torch.isin(videos, evaluated), videos, videos, elsewhere)
        return torch.column_stack([part.to(self.device, self.dtype) for part in (videos, classes, seconds)])


def average_precision(predictions: Tensor, truth: Tensor, *, n_classes: int, thresholds: Tensor) -> Tensor:
    """Average precision of each class at each threshold.

    Args:
        predictions: Rows of video id, class, start and end in seconds and score, in any order, float64 [N, 5].
        truth: Rows of video id, class, start and end in seconds, in any order, float64 [M, 4].
        n_classes: C.
        thresholds: Smallest IoU that counts as found, [S].

    Returns:
        From 0 to 1, float64 [S, C]; nan for a class without ground truth.
    """
    predictions = predictions[_order([-predictions[:, 4], *predictions[:, [0, 2, 3]].T])]
    truth = truth[_order(truth.T)]
    hits = _hits(predictions, truth, thresholds)
    precisions = torch.full((len(thresholds), n_classes), torch.nan, dtype=torch.float64)
    for label, n_true in zip(*truth[:, 1].unique(return_counts=True), strict=True):
        precisions[:, int(label)] = _area(hits[:, predictions[:, 1] == label], int(n_true))
    return precisions


def _order(keys: Iterable[Tensor]) -> Tensor:
    """What sorts rows by the first key, then the second, and so on."""
    first, *others = keys
    order = torch.arange(len(first))
    for key in (*reversed(others), first):
        order = order[key[order].argsort(stable=True)]
    return order


def _hits(predictions: Tensor, truth: Tensor, thresholds: Tensor) -> Tensor:
    """Which predictions, by falling score, get an instance; `truth` is sorted by video and class. Bool [S, N]."""
    _, groups = torch.cat([truth[:, :2], predictions[:, :2]]).unique(dim=0, return_inverse=True)
    true_groups, predicted_groups = groups[: len(truth)].contiguous(), groups[len(truth) :].contiguous()
    first_true = torch.searchsorted(true_groups, predicted_groups)
    n_true = torch.searchsorted(true_groups, predicted_groups, right=True) - first_true
    hits = torch.zeros(len(thresholds), len(predictions), dtype=torch.bool)
    taken = [bytearray(len(truth)) for _ in thresholds]
    for block in torch.arange(len(predictions)).split(_BLOCK):
        n_pairs = n_true[block]
        ranks = torch.arange(int(n_pairs.sum())) - (n_pairs.cumsum(0) - n_pairs).repeat_interleave(n_pairs)
        pairs = torch.stack([block.repeat_interleave(n_pairs), ranks + first_true[block].repeat_interleave(n_pairs)])
        overlaps = _temporal_iou(predictions[pairs[0], 2:4], truth[pairs[1], 2:4])
        order = _order([pairs[0], -overlaps])
        pairs, overlaps = pairs[:, order], overlaps[order]
        for row, threshold in enumerate(thresholds):
            hits[row, _give_out(pairs[:, overlaps >= threshold], taken[row])] = True
    return hits


def _temporal_iou(ours: Tensor, theirs: Tensor) -> Tensor:
    """IoU of pairs of segments, [N, 2] each; 0 where both have no length."""
    overlap = (torch.minimum(ours[:, 1], theirs[:, 1]) - torch.maximum(ours[:, 0], theirs[:, 0])).clamp(min=0)
    union = (ours[:, 1] - ours[:, 0]) + (theirs[:, 1] - theirs[:, 0]) - overlap
    return torch.where(union > 0, overlap / union, 0)


def _give_out(pairs: Tensor, taken: bytearray) -> list[int]:
    """Predictions that get an instance; `pairs` [2, K] come in order of prediction, then of preference."""
    served = [-1]
    for prediction, instance in zip(*pairs.tolist(), strict=True):
        if prediction != served[-1] and not taken[instance]:
            taken[instance] = 1
            served.append(prediction)
    return served[1:]


def _area(hits: Tensor, n_true: int) -> Tensor:
    """Average precision of one class, [S], from its predictions by falling score, bool [S, N]."""
    precision = hits.cumsum(dim=1) / torch.arange(1, hits.shape[1] + 1, dtype=torch.float64)
    envelope = precision.flip(1).cummax(dim=1).values.flip(1)
    return (envelope * hits).sum(dim=1) / n_true  # recall grows by 1 / n_true at each hit, and nowhere else


# --- states and their errors ------------------------------------------------------------------------------------------


def _are_integers(values: Tensor) -> bool:
    return not (values.is_floating_point() or values.is_complex() or values.dtype == torch.bool)


def _rows(state: list[Tensor] | Tensor, width: int) -> Tensor:
    """A state as rows; torchmetrics makes one tensor of the list when it synchronizes."""
    flat = dim_zero_cat(state) if len(state) > 0 else torch.empty(0, dtype=torch.float64)
    return flat.cpu().reshape(-1, width)


def _refuse(kind: str, wrong: Tensor, videos: Tensor, values: Tensor, problem: str) -> None:
    if wrong.any():
        row = int(wrong.nonzero()[0, 0])
        raise ValueError(f"{kind} {row}, of video {int(videos[row])}: {values[row].tolist()} {problem}")


def _refuse_twice(videos: Tensor) -> None:
    ids, counts = videos.unique(return_counts=True)
    if bool((counts > 1).any()):
        twice = [int(video) for video in ids[counts > 1]]
        raise ValueError(
            f"{len(twice)} videos were evaluated twice, the first of them {twice[:5]}; add each video once, by one "
            "process, with all its predictions (a sampler that pads to equal shares repeats videos)"
        )
