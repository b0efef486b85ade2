"""Test-time adaptation of the two projections of a model to one video and one pseudo-label (T3AL, 4.3).

The encoders are frozen, so each frame is represented by its pre-projection features, and the pseudo-label by its
prompts' text features: no tower is in the loop. The product of frames and text needs the single vector P_v t, the
lengths of projected frames are computed again only where a choice depends on them (`frame_norms`), and only the
selected frames of a step are projected with gradient. Several videos are tuned at once, each with separate projections,
Adam moments, early stopping and random draws. The model is never modified, so nothing has to be restored.

Departures, and what the paper is silent on, are the options of `ProjectionTuning`. Adaptation stops before an update.
Eq. 3 has no temperature, so with cosines the loss does not depend on it, and it stays as it is.
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
    frame_products,
    projected_lengths,
    without_label,
)
from zsar.lightning_modules.localization.segments import moving_average
from zsar.lightning_modules.t3al.early_stop import EarlyStop
from zsar.lightning_modules.t3al.frame_norms import FrameNorms
from zsar.lightning_modules.t3al.frame_selection import pools, smoothing_windows, spread
from zsar.lightning_modules.t3al.projection_tuning import ProjectionTuning, TunedProjections, VideoToTune
from zsar.lightning_modules.t3al.representation import representation_loss, text_representation_loss
from zsar.lightning_modules.t3al.separation import separation_loss, separation_targets

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
        self._backgrounds = [background_features(video.features, settings.background) for video in videos]
        # Those of the scores in the loss; the authors' have none.
        self._loss_backgrounds = [
            torch.zeros_like(mean) if settings.similarity == "authors" else mean for mean in self._backgrounds
        ]
        self._selection_window = 1 if settings.smoothed == "final" else settings.window_frames
        self._loss_window = settings.window_frames if settings.smoothed == "all" else 1
        smoothing = _LABEL_SMOOTHING if settings.loss == "authors" else 0.0
        self._targets = separation_targets(settings.n_selected, smoothing=smoothing).to(self._text)
        self._norms = self._start_norms()

    def _start_norms(self) -> list[FrameNorms | None]:
        """The lengths of each video's frames; None if they are not needed, or if every step needs all of them.

        Bounds on single scores are none on averages.
        """
        if self._settings.similarity != "cosine" or self._selection_window > 1:
            return [None] * len(self._videos)
        of_features: dict[int, FrameNorms] = {}  # one video may be adapted to for several pseudo-labels
        norms: list[FrameNorms | None] = []
        for video, background in zip(self._videos, self._backgrounds, strict=True):
            if (first := of_features.get(id(video.features))) is None:
                first = FrameNorms(video.features, background, self._start.visual)
                of_features[id(video.features)] = first
                norms.append(first)
            else:
                norms.append(first.copied())
        return norms

    def run(self) -> list[TunedProjections]:
        optimizer = self._optimizer()
        n = len(self._videos)
        stops = [EarlyStop(self._settings.early_stop, self._settings.patience_steps) for _ in range(n)]
        losses: list[list[float]] = [[] for _ in range(n)]
        done: dict[int, TunedProjections] = {}
        for step in range(self._settings.n_steps):
            active = [i for i in range(n) if i not in done]
            loss = self._loss(step, active)
            for i, value in zip(active, loss.tolist(), strict=True):
                losses[i].append(value)
                if stops[i].is_reached(value):
                    done[i] = self._result(i, losses[i], step)
            if len(done) == n:
                break
            optimizer.zero_grad()
            loss.sum().backward()  # a video's parameters only occur in its own loss
            self._update(optimizer)
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

    def _update(self, optimizer: torch.optim.Adam) -> None:
        """Takes a step, and notes how far each visual projection has moved."""
        before = self._visual.detach().clone() if self._visual.grad is not None else None
        optimizer.step()
        if before is not None:
            distances = (self._visual.detach() - before).flatten(1).norm(dim=1)
            for norms, distance in zip(self._norms, distances, strict=True):
                if norms is not None:
                    norms.moved(distance)

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
        scores = self._scores(in_windows, weights, text, log_scale)
        name = self._settings.loss
        if name == "separation":
            return separation_loss(scores, self._targets)
        if name == "binary_cross_entropy":
            targets = (self._targets > 0).to(scores).expand_as(scores)
            return functional.binary_cross_entropy_with_logits(scores, targets, reduction="none").mean(dim=1)
        if name == "authors":
            return text_representation_loss(embeddings, text) + separation_loss(scores, self._targets)
        order = torch.stack([self._videos[i].draws[step, 2].argsort(stable=True) for i in active])
        loss = representation_loss(embeddings, order.to(embeddings.device))
        return loss + separation_loss(scores, self._targets) if name == "paper" else loss

    def _scores(self, in_windows: Tensor, weights: Tensor, text: Tensor, log_scale: Tensor) -> Tensor:
        """Scores [A, 2K] of selected frames, from embeddings [A, 2K, window, D], weights and texts [A, D]."""
        similarity = self._settings.similarity
        if similarity != "dot":
            in_windows = functional.normalize(in_windows, dim=-1)
        products = torch.einsum("akwd,ad->akw", in_windows, text)
        if similarity == "cosine":
            return (weights * without_label(products, self._settings.background)).sum(dim=-1)
        return log_scale.exp()[:, None] * (weights * products).sum(dim=-1)

    def _select(self, i: int, step: int, text: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """The inputs of a step from a video's frames.

        Returns:
            Features of the windows of the selected frames without the background [2K, window, W], the weight of each
            frame of a window [2K, window], and features of the positives [K, W]. If scores are linear in features,
            these are averaged before they are projected, so a window has one frame.
        """
        video, settings = self._videos[i], self._settings
        n_frames, draws = len(video.features), video.draws[step].to(text.device)
        found = pools(self._selecting(i, text), settings.n_selected, video.inside, rule=settings.pools)
        positives, negatives = (
            spread(pool, of_pool, n_frames, thinning=settings.thinning)
            for pool, of_pool in zip(found, draws[:2], strict=True)
        )
        selected = torch.cat([positives, negatives])
        neighbours, weights = smoothing_windows(
            selected, n_frames, self._loss_window, video.features.dtype, edges=settings.window_edges
        )
        windows = video.features[neighbours] - self._loss_backgrounds[i]
        if settings.similarity == "dot":
            windows, weights = torch.einsum("kw,kwf->kf", weights, windows)[:, None], torch.ones_like(weights[:, :1])
        return windows, weights, video.features[positives]

    def _selecting(self, i: int, text: Tensor) -> Tensor:
        """Scores [N] that select the frames of a video."""
        video, visual, settings = self._videos[i], self._visual[i], self._settings
        scores = frame_products(video.features, self._backgrounds[i], text, visual)
        if (norms := self._norms[i]) is not None:
            return norms.scores(scores, visual, settings.n_selected, video.inside, rule=settings.pools)
        if settings.similarity == "cosine":
            scores = scores / projected_lengths(video.features, self._backgrounds[i], visual)
            scores = without_label(scores, settings.background)
        return moving_average(scores, self._selection_window, edges=settings.window_edges)
