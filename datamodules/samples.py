"""Sample: one decoded video, as a worker returns it; and how samples become a batch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from zsar.datamodules.batch import VideoBatch, ViewBatch
from zsar.datamodules.choices.colour_changes import ColourChanges
from zsar.datamodules.stored_embeddings.tower_record import TowerRecord


@dataclass(frozen=True)
class CutViews:
    """The further views of a video that are cut from its decoded frames.

    Attributes:
        frames: uint8 [n_cut, T', 3, H, W].
        weights: float32 [1 + K], weights of all views.
        seed: The video's seed.
        seconds: Time to decode the video and to cut all of its views.
    """

    frames: Tensor
    weights: Tensor
    seed: int
    seconds: float


@dataclass(frozen=True)
class Sample:
    """One decoded video.

    Attributes:
        frames: uint8 [V, T, 3, H, W].
        label: 0-based, -1 for unknown.
        index: Row of the video in its table.
        failed: Whether the video could not be decoded; its frames are then blank.
        undecodable: Error messages of undecodable videos: of this one, or of those that it replaces.
        views: Further views, if requested.
        n_damaged: Number of damaged frames that were read for it, if they are accepted.
        embeddings: Stored embeddings of its frames, float32 [V, T, D], in place of the frames; None for decoded ones.
        embedded_by: The visual tower that made them.
        colours: The change of colours that is still to be made, of a training clip.
    """

    frames: Tensor
    label: int
    index: int
    failed: bool = False
    undecodable: tuple[str, ...] = ()
    views: CutViews | None = None
    n_damaged: int = 0
    embeddings: Tensor | None = None
    embedded_by: TowerRecord | None = None
    colours: ColourChanges = ()


def collate(samples: Sequence[Sample], *, label_sets: NDArray[np.bool_] | None = None) -> VideoBatch:
    """Stacks samples into a batch.

    Args:
        samples: B videos.
        label_sets: Which classes each video of their table shows, bool [N, C]; None where videos have one label.
    """
    return VideoBatch(
        frames=torch.stack([s.frames for s in samples]),
        labels=torch.tensor([s.label for s in samples]),
        indices=torch.tensor([s.index for s in samples]),
        failed=torch.tensor([s.failed for s in samples]),
        undecodable=tuple(message for s in samples for message in s.undecodable),
        views=_collated([s.views for s in samples if s.views is not None]),
        n_damaged=sum(s.n_damaged for s in samples),
        embeddings=torch.stack(stored)
        if (stored := [s.embeddings for s in samples if s.embeddings is not None])
        else None,
        embedded_by=samples[0].embedded_by,
        label_sets=None if label_sets is None else torch.from_numpy(label_sets[[s.index for s in samples]]),
        colours=colours if any(colours := tuple(s.colours for s in samples)) else (),
    )


def _collated(views: Sequence[CutViews]) -> ViewBatch | None:
    if not views:
        return None
    return ViewBatch(
        frames=torch.stack([v.frames for v in views]),
        weights=views[0].weights,
        seeds=torch.tensor([v.seed for v in views]),
        seconds=torch.tensor([v.seconds for v in views], dtype=torch.float32),
    )
