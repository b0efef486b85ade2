"""What a map of frames shows and what its JSON file holds: paths of the frames of videos, by model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from zsar.callbacks.pictures.embedding_map.numbers.frame_spread import (
    FrameSpread,
    frame_spread,
    mean_spread,
    unit_length,
)
from zsar.callbacks.pictures.embedding_map.numbers.projection import Projection, project


@dataclass(frozen=True)
class ShownFrames:
    """Some videos of a set, as one or more models see them.

    Attributes:
        set_name: The set.
        videos: Name of each video.
        classes: True class of each.
        predicted: Class that the tested model predicts.
        frames: Frame embeddings of each video, [V, T, D], by name of the model.
    """

    set_name: str
    videos: Sequence[str]
    classes: Sequence[str]
    predicted: Sequence[str]
    frames: Mapping[str, Sequence[NDArray[np.float32]]]


@dataclass(frozen=True)
class FramePaths:
    """The frames of the first views by one model.

    Attributes:
        name: The model.
        described: How the map was made.
        spread: Mean over the videos.
        paths: For each video, its frames among those of all videos, [T, 2].
        motion: For each video, its frames minus their mean, [T, 2].
    """

    name: str
    described: str
    spread: FrameSpread
    paths: Sequence[NDArray[np.float64]]
    motion: Sequence[NDArray[np.float64]]


@dataclass(frozen=True)
class FrameMapShown:
    """What the figure shows.

    Attributes:
        title: One line.
        lines: Lines below it.
        models: The paths by model.
        same_scale: Whether the paths of all models have one scale, which PCA keeps and t-SNE does not.
        videos: Name of each video.
        classes: True class of each.
        predicted: Predicted class of each.
    """

    title: str
    lines: Sequence[str]
    models: Sequence[FramePaths]
    same_scale: bool
    videos: Sequence[str]
    classes: Sequence[str]
    predicted: Sequence[str]


@dataclass(frozen=True)
class FrameMapContent:
    """A map.

    Attributes:
        shown: What the figure shows.
        numbers: The content of the JSON file.
        alt: What there is to see, in words.
    """

    shown: FrameMapShown
    numbers: dict[str, Any]
    alt: str


def frame_content(
    frames: ShownFrames, projection: Projection, *, seed: int, all_videos: Sequence[FrameSpread]
) -> FrameMapContent:
    """Makes a map of frames.

    Args:
        frames: The videos, at least one.
        projection: How the frames of all videos are placed.
        seed: Seed of t-SNE.
        all_videos: The numbers of all decoded videos of the set by the tested model.

    Returns:
        The map.
    """
    models = [_paths(name, of_model, projection, seed=seed) for name, of_model in frames.frames.items()]
    n, n_frames = len(frames.videos), len(next(iter(frames.frames.values()))[0][0])
    videos = "1 video" if n == 1 else f"each of {n} videos"
    title = f"{frames.set_name}: {n_frames} frame{'' if n_frames == 1 else 's'} of {videos}, by {projection.name}"
    mean = mean_spread(all_videos)
    every = f"tested model, all {len(all_videos):,} videos: {_in_words(mean)}"
    shown = FrameMapShown(
        title=title,
        lines=[every, "dark to bright: first to last frame; a number marks the first frame of its video"],
        models=models,
        same_scale=projection.method == "pca",
        videos=frames.videos,
        classes=frames.classes,
        predicted=frames.predicted,
    )
    words = "; ".join(f"{model.name}: {_in_words(model.spread)}" for model in models)
    return FrameMapContent(shown, _numbers(frames, models, projection, all_videos, mean), f"{title}. {words}. {every}.")


def _in_words(spread: FrameSpread) -> str:
    steps = f"spread {spread.spread:.4f}, step between frames {spread.step:.4f}"
    return f"{steps}, variance {spread.variance:.5f}, V + C {spread.diversity:.5f}"


def _paths(name: str, videos: Sequence[NDArray[np.float32]], projection: Projection, *, seed: int) -> FramePaths:
    first_views = [unit_length(video[0]) for video in videos]
    cuts = np.cumsum([len(view) for view in first_views])[:-1]
    placed = project(np.concatenate(first_views), projection, seed=seed)
    about_mean = project(np.concatenate([view - view.mean(axis=0) for view in first_views]), Projection(), seed=seed)
    return FramePaths(
        name,
        placed.described,
        mean_spread([frame_spread(video) for video in videos]),
        np.split(placed.points, cuts),
        np.split(about_mean.points, cuts),
    )


def _numbers(
    frames: ShownFrames,
    models: Sequence[FramePaths],
    projection: Projection,
    all_videos: Sequence[FrameSpread],
    mean: FrameSpread,
) -> dict[str, Any]:
    return {
        "projection": projection.method,
        "n_videos": len(all_videos),
        "mean_of_all_videos": mean.to_dict(),
        "models": [
            {
                "model": model.name,
                "described": model.described,
                "mean_of_shown_videos": model.spread.to_dict(),
                "videos": [
                    {
                        "video": video,
                        "class": of_class,
                        "predicted": predicted,
                        **frame_spread(frames.frames[model.name][i]).to_dict(),
                        "path": np.round(model.paths[i], 5).tolist(),
                        "motion": np.round(model.motion[i], 5).tolist(),
                    }
                    for i, (video, of_class, predicted) in enumerate(
                        zip(frames.videos, frames.classes, frames.predicted, strict=True)
                    )
                ],
            }
            for model in models
        ],
    }
