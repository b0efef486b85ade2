"""Frame embeddings of all views of a batch, each view embedded once: those to predict on, and those to tune on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from zsar.datamodules.batch import VideoBatch, ViewBatch

if TYPE_CHECKING:
    from zsar.lightning_modules.recognition.recognizer import ActionRecognizer


@dataclass(frozen=True)
class EmbeddedViews:
    """Frame embeddings in fp32.

    Attributes:
        test: Of the test views, [B, V, T, D].
        tuned_on: Of the views to tune on, [B, V', T', D]: the test views, then the further ones; or the latter alone
            where they have their own number of frames.
        weights: Multiplicity of each view to tune on, [V'].
    """

    test: Tensor
    tuned_on: Tensor
    weights: Tensor


def embed_all_views(
    model: ActionRecognizer, batch: VideoBatch, views: ViewBatch, *, views_per_pass: int
) -> EmbeddedViews:
    """Embeds all views of a batch.

    Args:
        model: The tested model.
        batch: The videos with their test views.
        views: Their further views.
        views_per_pass: Number of views per pass of the visual tower.

    Returns:
        The embeddings.

    Raises:
        ValueError: The test view is tuned on, but has another number of frames than the further views.
    """

    def embed(frames: Tensor) -> Tensor:
        parts = frames.flatten(0, 1).split(views_per_pass)
        embedded = torch.cat([model.embed_views(part[:, None])[:, 0] for part in parts])
        return embedded.unflatten(0, frames.shape[:2]).float()

    n_test, n_frames, n_further_frames = *batch.frames.shape[1:3], views.frames.shape[2]
    if n_frames == n_further_frames:
        every = embed(torch.cat([batch.frames, views.frames], dim=1))
        return EmbeddedViews(every[:, :n_test], every, views.weights)
    if views.weights[:n_test].any():
        raise ValueError(
            f"the test view has {n_frames} frames and is tuned on with views of {n_further_frames}; give all views the "
            "same number (data.clips.n_frames)"
        )
    return EmbeddedViews(embed(batch.frames), embed(views.frames), views.weights[n_test:])


def views_of(batch: VideoBatch) -> ViewBatch:
    """The further views of the videos of a batch.

    Raises:
        ValueError: It has none.
    """
    if batch.views is None:
        raise ValueError(
            "prompt tuning needs views of each video to tune on, but the batches have none; append one of "
            "--config configs/adaptation/tpt.yaml, dts_tpt.yaml or zar.yaml, which request them from the data "
            "(data.clips.views)"
        )
    return batch.views
