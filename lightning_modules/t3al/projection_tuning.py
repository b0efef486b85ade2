"""Inputs and outputs of T3AL's projection tuning: settings, a video with its pseudo-label, tuned projections."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from zsar.lightning_modules.localization.frame_scoring import Projections, Similarity

Loss = Literal["paper", "reference", "representation", "separation", "binary_cross_entropy"]


@dataclass(frozen=True, kw_only=True)
class ProjectionTuning:
    """Settings of the adaptation; the defaults are the paper's for THUMOS14.

    Attributes:
        n_steps: Maximum steps, 0 for no adaptation (the paper's T = 0); 25 for ActivityNet.
        n_selected: K, positive frames and equally many negative ones; 20 for ActivityNet.
        loss: "paper" (Eq. 6, representation and separation), one of its two terms, "binary_cross_entropy" of the same
            scores (Table 5), or "reference", the authors' code.
        trained: The adapted projections; the temperature is always adapted.
        learning_rate: Adam's learning rate.
        visual_learning_rate: Learning rate of the visual projection, if different (1e-8 in the authors' code).
        weight_decay: Adam's L2 penalty (1e-4 in the authors' code).
        patience_steps: Steps without a new lowest loss after which adaptation stops.
        remove_background: Whether the video's mean is subtracted from its frames in scores; false for ActivityNet.
        smooth_selection: Whether frames are selected by a moving average of scores; false for ActivityNet.
        window_frames: Frames of the moving average, also of the final scores.
        similarity: "dot" product with unnormalized frames, or "cosine" (Eq. 3), which projects all
            frames at every step and is slower.
    """

    n_steps: int = 50
    n_selected: int = 4
    loss: Loss = "paper"
    trained: Literal["both", "visual", "text"] = "both"
    learning_rate: float = 1e-5
    visual_learning_rate: float | None = None
    weight_decay: float = 0.0
    patience_steps: int = 5
    remove_background: bool = True
    smooth_selection: bool = True
    window_frames: int = 20
    similarity: Similarity = "dot"

    def __post_init__(self) -> None:
        """Checks ranges, and that no visual learning rate is set without effect."""
        lowest = {"n_steps": 0, "n_selected": 1, "patience_steps": 1, "window_frames": 1}
        for name, limit in lowest.items():
            if getattr(self, name) < limit:
                raise ValueError(f"{name} must be at least {limit}; got {getattr(self, name)}")
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


def draw_selection(settings: ProjectionTuning, seed: int) -> Tensor:
    """The random numbers of a video's steps, [n_steps, 3, K]; the same for a seed on any device."""
    generator = torch.Generator().manual_seed(seed)
    return torch.rand(settings.n_steps, 3, settings.n_selected, generator=generator)
