"""Inputs and outputs of T3AL's projection tuning: settings, a video with its pseudo-label, tuned projections."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from zsar.lightning_modules.localization.class_union import ClassUnion
from zsar.lightning_modules.localization.contract import UntrimmedFeatures
from zsar.lightning_modules.localization.frame_scoring import Background, Projections
from zsar.lightning_modules.localization.segments import Edges
from zsar.lightning_modules.t3al.early_stop import StopRule
from zsar.lightning_modules.t3al.frame_selection import Pools, Thinning
from zsar.runtime.choices import check_choices
from zsar.runtime.seeds import derive_seed

Loss = Literal["paper", "authors", "representation", "separation", "binary_cross_entropy"]


@dataclass(frozen=True, kw_only=True)
class ProjectionTuning:
    """Settings of the adaptation; the defaults are the paper's for THUMOS14, and ours where it is silent.

    Attributes:
        n_steps: Maximum steps, 0 for no adaptation (the paper's T = 0); 25 for ActivityNet.
        n_selected: K, positive frames and equally many negative ones; 20 for ActivityNet.
        loss: "paper" (Eq. 6, representation and separation), one of its two terms, "binary_cross_entropy" of the same
            scores (Table 5), or "authors": positives are drawn to the text, and targets are smoothed.
        trained: The adapted projections. The temperature is adapted if the loss depends on it.
        learning_rate: Adam's learning rate.
        visual_learning_rate: Learning rate of the visual projection, if different (1e-8 in the authors' code).
        weight_decay: Adam's L2 penalty (1e-4 in the authors' code).
        early_stop: Which steps count for an early stop: those whose loss did not fall ("no_fall"), those without a new
            lowest loss ("no_new_lowest"), or "none", as in the authors' code.
        patience_steps: The number of such steps in a row after which adaptation stops; null for early_stop "none".
        similarity: Scores are "cosine" (Eq. 3), or the scaled "dot" product with unnormalized frames. "authors": frames
            are selected by the dot product, the loss has the scaled cosine without removed background, and the final
            scores are scaled cosines.
        background: What is subtracted from frames in scores: "video_mean", the "pseudo_label" (its unit embedding from
            unit frames), or "none", for ActivityNet.
        smoothed: Which scores are a moving average: the "final" ones, those that select frames too, or "all", those of
            the loss included.
        window_frames: Frames of the moving average.
        window_edges: "cut" covers 10 frames back and 9 ahead, of those that exist; "repeated" 9 back and 10 ahead, and
            repeats the first and the last score, as the authors' code does.
        pools: How a video of at most 200 K frames is divided, see `frame_selection.pool_sizes`.
        thinning: How K frames are drawn from a pool, see `frame_selection.spread`.
    """

    n_steps: int = 50
    n_selected: int = 4
    loss: Loss = "paper"
    trained: Literal["both", "visual", "text"] = "both"
    learning_rate: float = 1e-5
    visual_learning_rate: float | None = None
    weight_decay: float = 0.0
    early_stop: StopRule = "no_fall"
    patience_steps: int | None = 5
    similarity: Literal["cosine", "dot", "authors"] = "cosine"
    background: Background = "video_mean"
    smoothed: Literal["final", "final_and_selection", "all"] = "final"
    window_frames: int = 20
    window_edges: Edges = "cut"
    pools: Pools = "halves"
    thinning: Thinning = "middles"

    def __post_init__(self) -> None:
        """Checks ranges, and that settings fit together."""
        lowest = {"n_steps": 0, "n_selected": 1, "patience_steps": 1, "window_frames": 1}
        for name, limit in lowest.items():
            if (value := getattr(self, name)) is not None and value < limit:
                raise ValueError(f"{name} must be at least {limit}; got {value}")
        check_choices(self)
        self._check_rates()
        self._check_scores()

    def _check_rates(self) -> None:
        rates = {"learning_rate": self.learning_rate, "visual_learning_rate": self.visual_learning_rate}
        for name, rate in rates.items():
            if rate is not None and not 0 < rate < float("inf"):
                raise ValueError(f"{name} must be above 0; got {rate}; n_steps: 0 adapts nothing")
        if not 0 <= self.weight_decay < float("inf"):
            raise ValueError(f"weight_decay must be at least 0; got {self.weight_decay}")
        if self.visual_learning_rate is not None and self.trained == "text":
            raise ValueError("visual_learning_rate has no effect if trained is 'text'; leave it at null")
        if self.loss == "representation" and self.n_selected == 1:
            raise ValueError("loss 'representation' needs pairs of frames, but n_selected is 1; give 2 or more")
        if self.loss == "representation" and self.trained == "text":
            raise ValueError("loss 'representation' uses frames only, so 'text' learns nothing; set trained: visual")
        if (self.early_stop == "none") != (self.patience_steps is None):
            raise ValueError(
                f"patience_steps is null for early_stop 'none', and a number otherwise; got {self.patience_steps} with "
                f"early_stop {self.early_stop!r}"
            )

    def _check_scores(self) -> None:
        if self.similarity == "cosine":
            return
        if self.background == "pseudo_label":
            raise ValueError(
                "background 'pseudo_label' is subtracted from directions; set similarity: cosine, not "
                f"{self.similarity!r}"
            )
        if self.loss == "binary_cross_entropy":
            raise ValueError(
                "loss 'binary_cross_entropy' saturates with scores that CLIP's temperature scales; set similarity: "
                f"cosine, not {self.similarity!r}"
            )


@dataclass(frozen=True, kw_only=True)
class VideoToTune:
    """A video and its pseudo-label.

    Attributes:
        features: Features of N frames in temporal order, before the visual projection, float32 [N, W].
        text: Features of its P prompts, before the text projection, float32 [P, V].
        draws: Random numbers in [0, 1) for positives, negatives and pairs, [n_steps, 3, K].
        inside: Which frames the action is annotated in, bool [N]: positives are then taken from these and negatives
            from the others, if there are both (the paper's oracle of selection). None for the method itself.
    """

    features: Tensor
    text: Tensor
    draws: Tensor
    inside: Tensor | None = None


@dataclass(frozen=True, kw_only=True)
class TunedProjections:
    """The result of tuning.

    Attributes:
        projections: The adapted projections; those of the model if no step was taken.
        losses: The loss before each update and, if adaptation stopped early, at the stop.
        n_steps: Number of updates.
    """

    projections: Projections
    losses: tuple[float, ...] = ()
    n_steps: int = 0


def video_to_tune(
    video: UntrimmedFeatures,
    union: ClassUnion,
    label: int,
    settings: ProjectionTuning,
    seed: int,
    *,
    inside: Tensor | None,
) -> VideoToTune:
    """A video and one of its pseudo-labels, with random numbers that depend on these two and the run's seed alone.

    Args:
        video: The video.
        union: The classes.
        label: Index of the pseudo-label.
        settings: How many numbers are drawn.
        seed: The run's seed.
        inside: `VideoToTune.inside`.
    """
    draws = draw_selection(settings, derive_seed("t3al", seed, video.id, union.names[label]))
    return VideoToTune(features=video.features, text=union.features[label], draws=draws, inside=inside)


def draw_selection(settings: ProjectionTuning, seed: int) -> Tensor:
    """The random numbers of a video's steps, [n_steps, 3, K]; the same for a seed on any device."""
    generator = torch.Generator().manual_seed(seed)
    return torch.rand(settings.n_steps, 3, settings.n_selected, generator=generator)
