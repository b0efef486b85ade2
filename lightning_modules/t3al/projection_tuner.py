"""Test-time adaptation of the two projections of a model to one video and one pseudo-label (T3AL, 4.3).

The encoders are frozen, so each frame is represented by its pre-projection features, and the pseudo-label by its
prompts' text features: no tower is in the loop. A score is the product of features and the single vector P_v t; only
the selected frames of a step are projected with gradient. Several videos are tuned at once, each with separate
projections, Adam moments, early stopping and random draws. The model is never modified, so nothing has to be restored.

Where the paper is silent, and departures:
- Videos with fewer than 200 K frames are split into halves, the better one for positives; jitter never exceeds half
  the distance of two positions, so no frame is selected twice unless a half has fewer than K frames.
- If scores are smoothed to select frames, the Separation loss uses the smoothed scores too.
- Adaptation stops before an update if the loss has not reached a new minimum for `patience_steps` steps.
- `loss="reference"` follows what is known of the authors' code: positives are drawn to the text, targets are smoothed.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional

from zsar.lightning_modules.localization.frame_scoring import (
    Projections,
    background_features,
    embed_prompts,
    frame_scores,
)
from zsar.lightning_modules.localization.segments import moving_average
from zsar.lightning_modules.t3al.frame_selection import places, pools, smoothing_windows
from zsar.lightning_modules.t3al.projection_tuning import ProjectionTuning, TunedProjections, VideoToTune
from zsar.lightning_modules.t3al.representation import representation_loss, text_representation_loss
from zsar.lightning_modules.t3al.separation import separation_loss

_LABEL_SMOOTHING = 0.2


@torch.inference_mode(False)
@torch.enable_grad()
def tune_projections(
    videos: Sequence[VideoToTune], projections: Projections, settings: ProjectionTuning
) -> list[TunedProjections]:
    """Adapts copies of the projections to each video, independently of the other videos.

    Args:
        videos: At least one; all on the device of the projections, with equally many prompts.
        projections: The model's projections; unchanged.
        settings: Settings of the adaptation.

    Returns:
        The projections of each video; unchanged for a video of one frame, or without steps.
    """
    untouched = _detached(projections)
    results = [TunedProjections(projections=untouched) for _ in videos]
    tunable = [i for i, video in enumerate(videos) if len(video.features) > 1]
    if settings.n_steps and tunable:
        tuned = _Tuning([videos[i] for i in tunable], untouched, settings).run()
        for i, result in zip(tunable, tuned, strict=True):
            results[i] = result
    return results


def _detached(projections: Projections) -> Projections:
    """Detached copies; the model's tensors may be inference tensors."""
    bias = projections.text_bias
    return Projections(
        visual=projections.visual.detach().clone(),
        text=projections.text.detach().clone(),
        text_bias=None if bias is None else bias.detach().clone(),
        log_scale=projections.log_scale.detach().clone().reshape(()),
    )


class _Tuning:
    """The steps of several videos, with stacked parameters."""

    def __init__(self, videos: Sequence[VideoToTune], projections: Projections, settings: ProjectionTuning) -> None:
        self._videos, self._settings, self._start = videos, settings, projections
        originals = (projections.visual, projections.text, projections.log_scale)
        self._visual, self._text, self._log_scale = (torch.stack([tensor] * len(videos)) for tensor in originals)
        self._prompts = torch.stack([video.text for video in videos])
        self._backgrounds = [
            background_features(video.features, removed=settings.remove_background) for video in videos
        ]
        self._window = settings.window_frames if settings.smooth_selection else 1
        self._targets = self._text.new_tensor([1.0, 0.0]).repeat_interleave(settings.n_selected)

    def run(self) -> list[TunedProjections]:
        optimizer = self._optimizer()
        n = len(self._videos)
        lowest, waited = [float("inf")] * n, [0] * n
        losses: list[list[float]] = [[] for _ in range(n)]
        done: dict[int, TunedProjections] = {}
        for step in range(self._settings.n_steps):
            active = [i for i in range(n) if i not in done]
            loss = self._loss(step, active)
            for i, value in zip(active, loss.tolist(), strict=True):
                losses[i].append(value)
                waited[i] = 0 if value < lowest[i] else waited[i] + 1
                lowest[i] = min(lowest[i], value)
                if waited[i] == self._settings.patience_steps:
                    done[i] = self._result(i, losses[i], step)
            if len(done) == n:
                break
            optimizer.zero_grad()
            loss.sum().backward()  # a video's parameters only occur in its own loss
            optimizer.step()
        return [done[i] if i in done else self._result(i, losses[i], len(losses[i])) for i in range(n)]

    def _optimizer(self) -> torch.optim.Adam:
        """Adam is elementwise, so stacked parameters are equivalent to one optimizer per video."""
        settings = self._settings
        trained = [(self._log_scale, settings.learning_rate)]
        if settings.trained != "visual":
            trained.append((self._text, settings.learning_rate))
        if settings.trained != "text":
            trained.append((self._visual, settings.visual_learning_rate or settings.learning_rate))
        groups = [{"params": [parameter.requires_grad_(True)], "lr": rate} for parameter, rate in trained]
        return torch.optim.Adam(groups, weight_decay=settings.weight_decay, fused=True)

    def _result(self, i: int, losses: Sequence[float], n_steps: int) -> TunedProjections:
        projections = Projections(
            visual=self._visual[i].detach().clone(),
            text=self._text[i].detach().clone(),
            text_bias=self._start.text_bias,
            log_scale=self._log_scale[i].detach().clone(),
        )
        return TunedProjections(projections=projections, losses=tuple(losses), n_steps=n_steps)

    # --- the loss of a step ---------------------------------------------------------------------------------------

    def _loss(self, step: int, active: Sequence[int]) -> Tensor:
        """Losses of the videos still being tuned, [A]."""
        stacked = (self._visual, self._text, self._log_scale, self._prompts)
        if len(active) < len(self._videos):
            rows = torch.tensor(active, device=self._text.device)
            stacked = tuple(tensor[rows] for tensor in stacked)  # type: ignore[assignment]
        visual, text_projection, log_scale, prompts = stacked
        text = embed_prompts(prompts, text_projection, self._start.text_bias)
        with torch.no_grad():
            selected = [self._select(i, step, text[a]) for a, i in enumerate(active)]
            windows, weights, positives = (torch.stack(parts) for parts in zip(*selected, strict=True))
        # In one product: each product with P_v costs a pass over all of it, forward and backward.
        projected = torch.cat([windows.flatten(1, 2), positives], dim=1) @ visual
        n_windows = windows.shape[1] * windows.shape[2]
        in_windows, embeddings = projected[:, :n_windows].unflatten(1, windows.shape[1:3]), projected[:, n_windows:]
        if self._settings.similarity == "cosine":
            in_windows = functional.normalize(in_windows, dim=-1)
        scores = log_scale.exp()[:, None] * torch.einsum("akw,akwd,ad->ak", weights, in_windows, text)
        name = self._settings.loss
        if name == "separation":
            return separation_loss(scores, self._targets)
        if name == "binary_cross_entropy":
            targets = self._targets.expand_as(scores)
            return functional.binary_cross_entropy_with_logits(scores, targets, reduction="none").mean(dim=1)
        if name == "reference":
            smoothed = self._targets * (1 - _LABEL_SMOOTHING) + _LABEL_SMOOTHING / 2
            return text_representation_loss(embeddings, text) + separation_loss(scores, smoothed)
        order = torch.stack([self._videos[i].draws[step, 2].argsort(stable=True) for i in active])
        loss = representation_loss(embeddings, order.to(embeddings.device))
        return loss + separation_loss(scores, self._targets) if name == "paper" else loss

    def _select(self, i: int, step: int, text: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """The inputs of a step from a video's frames.

        Returns:
            Features of the windows of the selected frames without the background [2K, window, W], the weight of each
            frame of a window [2K, window], and features of the positives [K, W]. If scores are linear in features,
            these are averaged before they are projected, so a window has one frame.
        """
        video, settings = self._videos[i], self._settings
        projections = Projections(
            visual=self._visual[i], text=self._text[i], text_bias=None, log_scale=self._log_scale[i]
        )
        scores = moving_average(
            frame_scores(video.features, self._backgrounds[i], text, projections, settings.similarity), self._window
        )
        draws = video.draws[step].to(scores.device)
        top, bottom = pools(scores, settings.n_selected, video.inside)
        positives, negatives = top[places(len(top), draws[0])], bottom[places(len(bottom), draws[1])]
        selected = torch.cat([positives, negatives])
        neighbours, weights = smoothing_windows(selected, len(video.features), self._window, video.features.dtype)
        windows = video.features[neighbours] - self._backgrounds[i]
        if settings.similarity == "dot":
            windows, weights = torch.einsum("kw,kwf->kf", weights, windows)[:, None], torch.ones_like(weights[:, :1])
        return windows, weights, video.features[positives]
