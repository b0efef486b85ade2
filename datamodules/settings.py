"""The settings that all data modules share, in groups, so that a data set's own arguments stay its own."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from zsar.datamodules.video_files.streaming import FrameStride
from zsar.datamodules.views.further_views import Views
from zsar.runtime.number_limits import (
    MOST_FRAMES_PER_VIEW,
    MOST_IMAGE_SIDE_PX,
    MOST_PROCESSES,
    MOST_VIDEOS_PER_BATCH,
    MOST_VIEWS,
    check_most,
)


@dataclass(frozen=True)
class Augmentation:
    """How training frames are changed, alike for all frames of a clip; the defaults are T2L's.

    Attributes:
        scales: Sides of the crop, as parts of the frame's short side; [1.0] crops at full size.
        flip: Probability of mirroring left and right; null for 0.5, or 0 where the data set has classes that differ in
            direction.
        colour_jitter: Probability of changing brightness, contrast, saturation and hue.
        grey: Probability of removing colour.
        shift_px: Frames move by up to so many pixels up or down and left or right.
    """

    scales: tuple[float, ...] = (1.0, 0.875, 0.75, 0.66)
    flip: float | None = None
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
        views: Further views of test videos, for test-time prompt tuning: zsar.datamodules.views.AugmentedViews or
            zsar.datamodules.views.MultiRateViews; null for none. They need one test view in time and in space.
    """

    n_frames: int = 8
    image_size: int = 224
    train_sampling: Literal["random", "centre"] = "random"
    augmentation: Augmentation = field(default_factory=Augmentation)
    n_test_clips: int = 1
    n_test_crops: int = 1
    views: Views | None = None

    def __post_init__(self) -> None:
        """Refuses numbers below 1, or beyond `zsar.runtime.number_limits`; TestTransform checks the crops."""
        _at_least_one(n_frames=self.n_frames, image_size=self.image_size, n_test_clips=self.n_test_clips)
        check_most(MOST_FRAMES_PER_VIEW, n_frames=self.n_frames)
        check_most(MOST_IMAGE_SIDE_PX, image_size=self.image_size)
        check_most(MOST_VIEWS, n_test_clips=self.n_test_clips, n_test_crops=self.n_test_crops)


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
        fold: Which of a data set's official splits: 1, 2 or 3 of UCF-101 and HMDB-51, or Kinetics-600's draws.
        exclude: CSV file with a column `video`, as `zsar doctor` writes it: videos that are neither trained nor tested
            on, and counted in every result. Relative to the working directory.
    """

    protocol: Literal["all_classes", "base_to_novel"] = "all_classes"
    shots: int | None = None
    held_out_fraction: float = 0.1
    seed: int = 0
    fold: int = 1
    exclude: Path | str | None = None


@dataclass(frozen=True)
class Lists:
    """Published split files, in ViFi-CLIP's or T2L's format, which are then used instead of what would be drawn.

    Paths are relative to the data root. Subsets without a list come from the official annotations.

    Attributes:
        train: Training videos, used to the last one: `split.shots` does not apply.
        held_out: Further training videos, from which clips that choose the checkpoint are drawn
            (`split.held_out_fraction` of each class); those in `train` are left out. Null to hold nothing out.
        test: Test videos of the protocol all_classes.
        base: Test videos of the base classes.
        novel: Test videos of the novel classes.
        classes: Label file (CSV id,name) of `train`, `held_out` and `test`.
        base_classes: Label file of `base`, and of `train` and `held_out`, in the protocol base_to_novel.
        novel_classes: Label file of `novel`.
        on_contradiction: What becomes of a list whose labels contradict the class in the file names, as ViFi-CLIP's of
            HMDB-51 do: "refuse" it, or "follow_file_names" with a warning.
    """

    train: Path | str | None = None
    held_out: Path | str | None = None
    test: Path | str | None = None
    base: Path | str | None = None
    novel: Path | str | None = None
    classes: Path | str | None = None
    base_classes: Path | str | None = None
    novel_classes: Path | str | None = None
    on_contradiction: Literal["refuse", "follow_file_names"] = "refuse"


@dataclass(frozen=True)
class Text:
    """What models read of a class.

    Attributes:
        templates: A named set of templates (name, photo, video, vifi_clip, action_clip), a template with one {}, or a
            list of templates.
        names: What templates are filled with: "clean" names ("apply eye makeup") or "exact" ones, as the data set's
            makers, or the label file of a published list, write them ("ApplyEyeMakeup").
        descriptions: Texts that are used instead of templates: a JSON file as `zsar describe` writes it, or the name of
            one that comes with zsar: ucf101_descriptions, ucf101_explanations, the same of hmdb51 and thumos14,
            moving_shapes_explanations.
        lead: A template that is put before each such text, e.g. "a video of {}."; null for none.
    """

    templates: str | list[str] = "video"
    names: Literal["clean", "exact"] = "clean"
    descriptions: Path | str | None = None
    lead: str | None = None

    def __post_init__(self) -> None:
        """Refuses a lead with nothing to lead to."""
        if self.lead is not None and self.descriptions is None:
            raise ValueError(f"text.lead is {self.lead!r}, but there are no text.descriptions for it to be put before")


@dataclass(frozen=True)
class Loading:
    """How videos become batches.

    Attributes:
        batch_size: Videos per process and training step.
        test_batch_size: Videos per process and evaluation step; null for `batch_size`.
        n_workers: Processes that decode, per training process; 0 to decode in the training process.
        on_decode_error: What a test does with videos that cannot be decoded: "raise", before the work where they cannot
            be opened, else after it, with the predictions of the others but no result; or "count_as_wrong". In training
            another video takes its place, held-out clips are left out, and `predict` says so in the video's row; all
            are counted.
        on_damage: What is done with frames that the decoder flags as damaged (`video_files.decoding`): "raise", so that
            their video counts as one that cannot be decoded, or "accept" them as the decoder makes them up, and count
            them in the result.
    """

    batch_size: int = 16
    test_batch_size: int | None = None
    n_workers: int = 4
    on_decode_error: Literal["raise", "count_as_wrong"] = "raise"
    on_damage: Literal["raise", "accept"] = "raise"

    def __post_init__(self) -> None:
        """Refuses sizes below 1, or beyond `zsar.runtime.number_limits`."""
        _at_least_one(batch_size=self.batch_size)
        if self.test_batch_size is not None:
            _at_least_one(test_batch_size=self.test_batch_size)
        check_most(MOST_VIDEOS_PER_BATCH, batch_size=self.batch_size, test_batch_size=self.test_batch_size)
        check_most(MOST_PROCESSES, n_workers=self.n_workers)
        if self.n_workers < 0:
            raise ValueError(f"n_workers must not be negative; got {self.n_workers}")


@dataclass(frozen=True)
class UntrimmedLoading:
    """What a model is given of untrimmed videos.

    Attributes:
        stride: Which frames of a video are looked at: every n-th, or one every so many seconds, which on the command
            line is --data.loading.stride '{frames: null, seconds: 0.5}'.
        features: Folder of the files that `zsar extract` made, relative to the data root; null to decode and embed
            videos in each run.
        captions: Folder of files of captions, `VIDEO.captions.json`, relative to the data root; null for none.
        batch_size: Videos that a model is handed at a time.
        on_damage: Whether a damaged frame makes its video one that cannot be decoded ("raise"), or is accepted and
            counted ("accept").
    """

    stride: FrameStride = FrameStride()
    features: Path | str | None = None
    captions: Path | str | None = None
    batch_size: int = 1
    on_damage: Literal["raise", "accept"] = "raise"

    def __post_init__(self) -> None:
        """Refuses a batch size below 1, or beyond `zsar.runtime.number_limits`."""
        _at_least_one(batch_size=self.batch_size)
        check_most(MOST_VIDEOS_PER_BATCH, batch_size=self.batch_size)


def _at_least_one(**values: int) -> None:
    for name, value in values.items():
        if value < 1:
            raise ValueError(f"{name} must be at least 1; got {value}")
