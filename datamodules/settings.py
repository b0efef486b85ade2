"""The settings that all data modules share, in groups, so that a data set's own arguments stay its own."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal


@dataclass(frozen=True)
class Augmentation:
    """How training frames are changed, alike for all frames of a clip; the defaults are T2L's.

    Attributes:
        scales: Sides of the crop, as parts of the frame's short side; [1.0] crops at full size.
        flip: Probability of mirroring left and right; 0 for classes that differ in direction.
        colour_jitter: Probability of changing brightness, contrast, saturation and hue.
        grey: Probability of removing colour.
        shift_px: Frames move by up to so many pixels up or down and left or right.
    """

    scales: tuple[float, ...] = (1.0, 0.875, 0.75, 0.66)
    flip: float = 0.5
    colour_jitter: float = 0.8
    grey: float = 0.2
    shift_px: int = 0


@dataclass(frozen=True)
class Clips:
    """How frames are taken from a video.

    Attributes:
        n_frames: T, frames per view.
        image_size: Height and width of a frame in pixels; the backbone's own.
        train_sampling: Where in each of T equal segments a training frame is taken: at "random" or in the "centre".
        augmentation: How training frames are changed.
        n_test_clips: Test views in time.
        n_test_crops: Test views in space: 1 (centre) or 3 (along the longer side).
    """

    n_frames: int = 8
    image_size: int = 224
    train_sampling: Literal["random", "centre"] = "random"
    augmentation: Augmentation = field(default_factory=Augmentation)
    n_test_clips: int = 1
    n_test_crops: int = 1

    def __post_init__(self) -> None:
        """Refuses numbers below 1; TestTransform checks the crops."""
        _at_least_one(n_frames=self.n_frames, image_size=self.image_size, n_test_clips=self.n_test_clips)


@dataclass(frozen=True)
class Split:
    """Which classes and videos are trained on and tested on.

    Attributes:
        protocol: Train and test on "all_classes", or train on base classes and test on base and novel ones apart
            ("base_to_novel").
        shots: Training videos per class; null for all.
        held_out_fraction: Share of the training videos of each class that is kept from training and chooses the
            checkpoint. Test videos and novel classes never do.
        seed: Seed of all drawn splits, apart from the seed of the run.
    """

    protocol: Literal["all_classes", "base_to_novel"] = "all_classes"
    shots: int | None = None
    held_out_fraction: float = 0.1
    seed: int = 0


@dataclass(frozen=True)
class Text:
    """What models read of a class.

    Attributes:
        templates: A named set of templates (name, photo, video, vifi_clip, action_clip), a template with one {}, or a
            list of templates.
        descriptions: JSON file {class name: text} that is used instead of templates.
    """

    templates: str | list[str] = "video"
    descriptions: Path | str | None = None


@dataclass(frozen=True)
class Loading:
    """How videos become batches.

    Attributes:
        batch_size: Videos per process and training step.
        test_batch_size: Videos per process and evaluation step; null for `batch_size`.
        n_workers: Processes that decode, per training process; 0 to decode in the training process.
        on_decode_error: In evaluation, "raise" at a video that cannot be decoded, or "count_as_wrong". In training
            another video takes its place, which is counted and logged.
    """

    batch_size: int = 16
    test_batch_size: int | None = None
    n_workers: int = 4
    on_decode_error: Literal["raise", "count_as_wrong"] = "raise"

    def __post_init__(self) -> None:
        """Refuses sizes below 1."""
        _at_least_one(batch_size=self.batch_size, test_batch_size=self.test_batch_size or 1)
        if self.n_workers < 0:
            raise ValueError(f"n_workers must not be negative; got {self.n_workers}")


def _at_least_one(**values: int) -> None:
    for name, value in values.items():
        if value < 1:
            raise ValueError(f"{name} must be at least 1; got {value}")
