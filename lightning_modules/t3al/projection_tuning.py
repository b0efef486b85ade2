"""What tuning the projections of T3AL takes and gives: settings, a video with its pseudo-label, its projections."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from zsar.lightning_modules.localization.frame_scoring import Projections, Similarity

Loss = Literal["paper", "reference", "representation", "separation", "binary_cross_entropy"]


@dataclass(frozen=True, kw_only=True)
class ProjectionTuning:
    """How projections are adapted; the defaults are the paper's for THUMOS14.

    Attributes:
        n_steps: Most steps, 0 for none at all (the paper's T = 0); ActivityNet has 25.
        n_selected: K, positive frames and as many negative ones; ActivityNet has 20.
        loss: "paper" (Eq. 6, representation and separation), one of its two terms, "binary_cross_entropy" of the same
            scores (Table 5), or "reference", the authors' code.
        trained: The projections that are adapted; the temperature is in any case.
        learning_rate: Adam's.
        visual_learning_rate: That of the visual projection, where it is another (the authors' code has 1e-8).
        weight_decay: Adam's, an L2 penalty (the authors' code has 1e-4).
        patience_steps: Steps without a new lowest loss after which adaptation stops.
        remove_background: Whether the video's mean is subtracted from its frames in scores; ActivityNet has false.
        smooth_selection: Whether the scores that select frames are a moving average; ActivityNet has false.
        window_frames: Frames of the moving average, also of the final scores.
        similarity: "dot" product with frames that are not normalized, or "cosine" (Eq. 3), which must project all
            frames at every step and is that much slower.
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
        """Refuses numbers out of range, and a visual learning rate that nothing reads."""
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
            raise ValueError("visual_learning_rate has no effect where trained is 'text'; leave it at null")
        if self.loss == "representation" and self.n_selected == 1:
            raise ValueError(
                "loss 'representation' is of pairs of frames, of which n_selected: 1 has none; give 2 or more"
            )
        if self.loss == "representation" and self.trained == "text":
            raise ValueError(
                "loss 'representation' is of frames alone, so that 'text' learns nothing; set trained: visual"
            )


@dataclass(frozen=True, kw_only=True)
class VideoToTune:
    """A video and its pseudo-label.

    Attributes:
        features: Of N frames in order of time, before the visual projection, float32 [N, W].
        text: Of the P prompts of the pseudo-label, before the text projection, float32 [P, V].
        draws: What the steps draw, in [0, 1): for places of positives and of negatives and for pairs, [n_steps, 3, K].
        inside: Which frames the action is annotated in, bool [N]: positives are then taken from these and negatives
            from the others, where there are both (the paper's oracle of selection). None for the method itself.
    """

    features: Tensor
    text: Tensor
    draws: Tensor
    inside: Tensor | None = None


@dataclass(frozen=True, kw_only=True)
class TunedProjections:
    """What became of the projections.

    Attributes:
        projections: The adapted ones; those of the model itself where no step was taken.
        losses: The loss before each update and, where adaptation stopped early, at the stop.
        n_steps: Updates that were made.
    """

    projections: Projections
    losses: tuple[float, ...] = ()
    n_steps: int = 0


def draw_selection(settings: ProjectionTuning, seed: int) -> Tensor:
    """What the steps of a video draw, [n_steps, 3, K], the same for the same seed on any device."""
    generator = torch.Generator().manual_seed(seed)
    return torch.rand(settings.n_steps, 3, settings.n_selected, generator=generator)
