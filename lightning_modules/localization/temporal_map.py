"""Mean average precision of localized actions, as in ActivityNet's challenge (T3AL, section 5).

The average precision of a class is defined in `average_precision`. The mean is over classes with ground truth: a class
without predictions counts 0; a class without ground truth is left out with its predictions (it has no recall).
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torchmetrics import Metric
from torchmetrics.utilities import dim_zero_cat

from zsar.lightning_modules.localization.average_precision import average_precision

# "Avg." in papers on ActivityNet, including T3AL, is the mean over these three.
PAPER_THRESHOLDS = (0.5, 0.75, 0.95)
# Ids are stored as float64, which is exact for integers up to this value.
_LARGEST_ID = 2**53


class TemporalMeanAveragePrecision(Metric):
    """Mean average precision in percent at thresholds of temporal IoU.

    Synchronized across processes by torchmetrics, provided that each video is seen by one process only.
    """

    is_differentiable = False
    higher_is_better = True
    full_state_update = False

    videos: list[Tensor]
    predictions: list[Tensor]
    truth: list[Tensor]

    def __init__(self, n_classes: int, thresholds: Sequence[float]) -> None:
        """Starts without videos.

        Args:
            n_classes: C, the classes of the evaluated split.
            thresholds: Minimum IoU of a match, above 0 and at most 1, rounded to 6 decimals so that
                0.1 + 0.2 means 0.3. THUMOS14 uses 0.3, 0.4 to 0.7, ActivityNet 0.5, 0.55 to 0.95.

        Raises:
            ValueError: There is no class, or thresholds are missing, out of range or duplicate.
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
        # Rows are stored flat and in one type: for a process without videos torchmetrics gathers an empty tensor of one
        # dimension and of the metric's type, and the tensors of all processes must agree in both.
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
            videos: Ids of all videos, with or without predictions or ground truth, integers [B].
            predicted_videos: Id of the video of each prediction, integers [N]; N may be 0.
            predicted_classes: Class of each prediction, 0-based, integers [N].
            predicted_seconds: Start and end of each prediction, [N, 2].
            scores: Confidence of each prediction, comparable across videos, [N].
            true_videos: Id of the video of each true instance, integers [M]; M may be 0.
            true_classes: Class of each true instance, 0-based, integers [M].
            true_seconds: Start and end of each true instance, [M, 2].

        Raises:
            ValueError: Wrong shapes or types, a segment that ends before it starts, numbers that are not finite, a
                class out of range, a video that is missing in `videos`, or one that was already added.
        """
        if videos.ndim != 1 or not _are_integers(videos) or bool((videos.abs() > _LARGEST_ID).any()):
            raise ValueError(
                f"videos must be integers [B] of at most 2^53; got {videos.dtype} {list(videos.shape)}: {videos}"
            )
        predictions = self._checked("prediction", videos, predicted_videos, predicted_classes, predicted_seconds)
        if scores.shape != predicted_videos.shape:
            raise ValueError(f"there are {len(predictions)} predictions and scores {list(scores.shape)}; give one each")
        _reject("prediction", ~scores.isfinite(), predicted_videos, scores, "is not a finite score")
        truth = self._checked("true instance", videos, true_videos, true_classes, true_seconds)
        evaluated = torch.cat([*self.videos, videos.to(self.device, self.dtype)])
        _reject_repeated(evaluated)
        self.videos = [evaluated]
        self.predictions.append(torch.column_stack([predictions, scores.to(self.device, self.dtype)]).flatten())
        self.truth.append(truth.flatten())

    def compute(self) -> dict[str, float]:
        """Computes the metrics of all videos so far.

        Returns:
            In percent: `map_0.3` for a threshold of 0.3 and so on; `map`, their mean; `paper_mean`, the mean at 0.5,
            0.75 and 0.95, if these are among the thresholds; `n_classes`, the number of classes with ground truth,
            over which the means are taken; `n_videos`.

        Raises:
            ValueError: There is no ground truth, or two processes evaluated the same video.
        """
        videos, predictions, truth = _rows(self.videos, 1), _rows(self.predictions, 5), _rows(self.truth, 4)
        _reject_repeated(videos.flatten())
        if len(truth) == 0:
            raise ValueError(
                f"there is no ground truth in the {len(videos)} videos so far, so average precision is "
                "undefined; evaluate videos with at least one instance of a class of the split"
            )
        precisions = 100 * average_precision(
            predictions, truth, n_classes=self.n_classes, thresholds=torch.tensor(self.thresholds, dtype=torch.float64)
        )
        at = dict(zip(self.thresholds, precisions.nanmean(dim=1).tolist(), strict=True))
        results = {f"map_{threshold:g}": value for threshold, value in at.items()}
        results["map"] = sum(at.values()) / len(at)
        if set(PAPER_THRESHOLDS) <= set(at):
            results["paper_mean"] = sum(at[threshold] for threshold in PAPER_THRESHOLDS) / len(PAPER_THRESHOLDS)
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
        _reject(kind, unknown, videos, classes, known)
        _reject(kind, ~seconds.isfinite().all(dim=1), videos, seconds, "are not finite seconds")
        _reject(kind, seconds[:, 1] < seconds[:, 0], videos, seconds, "seconds end before they start")
        elsewhere = "is not among the videos of this update; name it there, or evaluate it in its own"
        _reject(kind, ~torch.isin(videos, evaluated), videos, videos, elsewhere)
        return torch.column_stack([part.to(self.device, self.dtype) for part in (videos, classes, seconds)])


def _are_integers(values: Tensor) -> bool:
    return not (values.is_floating_point() or values.is_complex() or values.dtype == torch.bool)


def _rows(state: list[Tensor] | Tensor, width: int) -> Tensor:
    """A state as rows; torchmetrics turns the list into one tensor when it synchronizes."""
    flat = dim_zero_cat(state) if len(state) > 0 else torch.empty(0, dtype=torch.float64)
    return flat.cpu().reshape(-1, width)


def _reject(kind: str, wrong: Tensor, videos: Tensor, values: Tensor, problem: str) -> None:
    if wrong.any():
        row = int(wrong.nonzero()[0, 0])
        raise ValueError(f"{kind} {row}, of video {int(videos[row])}: {values[row].tolist()} {problem}")


def _reject_repeated(videos: Tensor) -> None:
    ids, counts = videos.unique(return_counts=True)
    if bool((counts > 1).any()):
        twice = [int(video) for video in ids[counts > 1]]
        raise ValueError(
            f"{len(twice)} videos were evaluated twice, the first of them {twice[:5]}; add each video once, by one "
            "process, with all its predictions (a sampler that pads to equal shares repeats videos)"
        )
