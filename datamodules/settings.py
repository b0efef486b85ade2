"""Settings that all data modules share, in groups, apart from each data set's own arguments."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from zsar.datamodules.choices.action_template import TRAINED_TEMPLATE
from zsar.datamodules.choices.frame_pixels import StatedFilter, StatedGeometry
from zsar.datamodules.choices.geometry import Geometry
from zsar.datamodules.class_text.action_prompts import Group, check_groups
from zsar.datamodules.split_choices import Split as Split
from zsar.datamodules.video_files.streaming import FrameStride
from zsar.datamodules.views.augmentation import Augmentation
from zsar.datamodules.views.frame_sampling import Sampling, TrainSampling
from zsar.datamodules.views.further_views import Views
from zsar.datamodules.views.strided_sampling import is_strided
from zsar.runtime.choices import check_choices
from zsar.runtime.number_limits import (
    MOST_FRAMES_PER_VIEW,
    MOST_IMAGE_SIDE_PX,
    MOST_PROCESSES,
    MOST_VIDEOS_PER_BATCH,
    MOST_VIEWS,
    check_least,
    check_most,
)


@dataclass(frozen=True)
class Clips:
    """How frames are taken from a video.

    Attributes:
        n_frames: T, frames per view.
        image_size: Height and width of a frame in pixels; null for the model's, of which no other may be stated.
        geometry: How test frames become square: as the "model" was trained; or "crop", the short side resized and the
            centre cut; or "squash", both sides resized. Training resizes crops of random size and shape in any case.
        resize_filter: That of test frames: the "model"'s, or "bilinear" or "bicubic". Training's is bilinear, as T2L's.
        train_sampling: Where in each of T equal segments a training frame is taken: at "random" or at the "centre"; or
            at random in segments of which neighbours share an end, "random_shared_ends", as BIKE's authors.
        sampling: Which frame of a segment of N / T frames is its middle, in tests and where training takes the
            "centre": "t2l" at floor(i N / T + (N / T - 1) / 2), or "mmaction" at floor((i + 1/2) N / T), as ViFi-CLIP's
            authors; or its first frame, "left", at floor(i N / T), as BIKE's authors, whose further clips begin at
            places spaced evenly over the first segment. Or every 16th of 30 frames a second of a stretch, in training
            at random, as Open-VCLIP's authors: n_test_clips begin at v / n_test_clips of what a stretch leaves
            ("open_vclip": all data sets but HMDB-51), or from the beginning to the end ("open_vclip_to_end": HMDB-51).
        augmentation: How training clips are augmented.
        n_test_clips: Test views in time.
        n_test_crops: Test views in space: 1 (centre) or 3 (along the longer side); 1 of squashed frames.
        test_short_side_px: Short side of a test frame before it is cropped, in pixels; null for 256 / 224 of
            `image_size`. With 3 crops ViFi-CLIP's authors take `image_size`: left, centre and right.
        views: Further views of test videos, for test-time prompt tuning: zsar.datamodules.views.AugmentedViews or
            zsar.datamodules.views.MultiRateViews; null for none. Requires n_test_clips 1 and n_test_crops 1.
    """

    n_frames: int = 8
    image_size: int | None = None
    geometry: StatedGeometry = "model"
    resize_filter: StatedFilter = "model"
    train_sampling: TrainSampling = "random"
    sampling: Sampling = "t2l"
    augmentation: Augmentation = field(default_factory=Augmentation)
    n_test_clips: int = 1
    n_test_crops: int = 1
    test_short_side_px: int | None = None
    views: Views | None = None

    def __post_init__(self) -> None:
        """Checks numbers against 1 and `zsar.runtime.number_limits`; `clip_pixels` checks what depends on the model."""
        check_least(1, n_frames=self.n_frames, n_test_clips=self.n_test_clips, n_test_crops=self.n_test_crops)
        sides = {"image_size": self.image_size, "test_short_side_px": self.test_short_side_px}
        check_least(1, **{name: side for name, side in sides.items() if side is not None})
        check_most(MOST_FRAMES_PER_VIEW, n_frames=self.n_frames)
        check_most(MOST_IMAGE_SIDE_PX, **sides)
        check_choices(self)
        if self.views is not None and is_strided(self.sampling):
            self.views.refuse_strided(self.sampling)
        if self.train_sampling == "random_shared_ends" and is_strided(self.sampling):
            raise ValueError(
                f"clips.train_sampling is random_shared_ends, but of clips.sampling {self.sampling} there are no "
                "segments; set one of them to random or t2l"
            )
        check_most(MOST_VIEWS, n_test_clips=self.n_test_clips, n_test_crops=self.n_test_crops)


@dataclass(frozen=True)
class Lists:
    """Published split files in ViFi-CLIP's or T2L's format, used instead of random splits.

    Paths are relative to the data root. Subsets without a list come from the official annotations.

    Attributes:
        train: Training videos; all are used, `split.shots` does not apply.
        held_out: Further training videos, from which those for choosing the checkpoint are drawn
            (`split.held_out_fraction` of each class); those in `train` are left out. Null for no validation.
        test: Test videos of the protocol all_classes.
        base: Test videos of the base classes.
        novel: Test videos of the novel classes.
        classes: Label file (CSV id,name) of `train`, `held_out` and `test`.
        base_classes: Label file of `base`, and of `train` and `held_out`, in the protocol base_to_novel.
        novel_classes: Label file of `novel`.
        on_contradiction: What to do with a list whose labels contradict the class in the file names, as ViFi-CLIP's
            HMDB-51 list does: "refuse" it, or "follow_file_names" with a warning.
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
    """How classes are described to models.

    Attributes:
        templates: A named set of templates (name, photo, video, vifi_clip, open_vclip, action_clip), a template with
            one {}, or a list of templates.
        names: What fills the templates: "clean" names ("apply eye makeup") or "exact" names, as the data set or the
            label file of a published list writes them ("ApplyEyeMakeup"); or "described" ones: the clean name, a colon
            and the one text of the class in `descriptions`, without its full stop (TACO's tests).
        renamed: Other words for classes in templates, by their clean names: {yo yo: yoyo}, as Open-VCLIP's authors have
            it; null for none.
        descriptions: Texts to use instead of templates, or in them with `names` described: a JSON file as `zsar
            describe` writes it, or the name of one that comes with zsar, such as ucf101_descriptions
            (`zsar/datamodules/class_text/texts`); or a CSV file of T2L's authors, such as
            EZ-CLIP/GPT_discription/NAME.csv for a clone in the data root. A path is relative to the working directory
            or, if there is no such file, to the data root.
        lead: A template to put before each of these texts, e.g. "a video of {}."; null for none.
        groups: Which attributes of action prompts are used: [Scene, Actor], for example, leaves out those of the body;
            null for all of the file.
    """

    templates: str | list[str] = TRAINED_TEMPLATE
    names: Literal["clean", "exact", "described"] = "clean"
    renamed: dict[str, str] | None = None
    descriptions: Path | str | None = None
    lead: str | None = None
    groups: list[Group] | None = None

    def __post_init__(self) -> None:
        """Checks that a lead, groups and described names have descriptions to apply to."""
        check_groups(self.groups)
        if self.is_described and (self.descriptions is None or self.lead is not None):
            problem = "there are no text.descriptions" if self.descriptions is None else f"text.lead is {self.lead!r}"
            remedy = "name a file of them" if self.descriptions is None else "leave out the lead, or take clean names"
            raise ValueError(f"text.names is described, the name and the text of a class, but {problem}; {remedy}")
        if self.renamed is not None and self.descriptions is not None:
            raise ValueError("text.renamed is of templates, but text.descriptions are used; leave one of them out")
        if self.groups is not None and self.descriptions is None:
            raise ValueError(f"text.groups is {self.groups}, but there are no text.descriptions to choose from")
        if self.lead is not None and self.descriptions is None:
            raise ValueError(f"text.lead is {self.lead!r}, but there are no text.descriptions to put it before")

    @property
    def is_described(self) -> bool:
        """Whether templates are filled with the name and the description of each class."""
        return self.names == "described"


@dataclass(frozen=True)
class Loading:
    """How videos become batches.

    Attributes:
        batch_size: Videos per process and training step.
        test_batch_size: Videos per process and evaluation step; null for `batch_size`.
        drop_incomplete: Whether training leaves out the last batch of an epoch if it is not full.
        n_workers: Decoding processes per training process; 0 to decode in the training process.
        on_decode_error: What a test does with videos that cannot be decoded: "raise" (at the start if a file cannot be
            opened, else at the end, with predictions of the other videos but no result), or "count_as_wrong". In
            training another video takes its place, validation leaves it out, and `predict` reports it in the video's
            row. All are counted.
        on_damage: What to do with frames that the decoder flags as damaged (`video_files.decoding`): "raise", so that
            their video counts as undecodable, or "accept" them as the decoder reconstructs them and count them in the
            result.
    """

    batch_size: int = 16
    test_batch_size: int | None = None
    drop_incomplete: bool = False
    n_workers: int = 4
    on_decode_error: Literal["raise", "count_as_wrong"] = "raise"
    on_damage: Literal["raise", "accept"] = "raise"

    def __post_init__(self) -> None:
        """Checks that sizes are at least 1 and within `zsar.runtime.number_limits`."""
        check_least(1, batch_size=self.batch_size)
        if self.test_batch_size is not None:
            check_least(1, test_batch_size=self.test_batch_size)
        check_most(MOST_VIDEOS_PER_BATCH, batch_size=self.batch_size, test_batch_size=self.test_batch_size)
        check_most(MOST_PROCESSES, n_workers=self.n_workers)
        if self.n_workers < 0:
            raise ValueError(f"n_workers must not be negative; got {self.n_workers}")


@dataclass(frozen=True)
class UntrimmedLoading:
    """How untrimmed videos are read.

    Attributes:
        stride: Which frames of a video are used: every n-th, or one per interval in seconds, on the command line
            --data.loading.stride '{frames: null, seconds: 0.5}'.
        geometry: How frames become square: "squash" resizes both sides, as T3AL's paper, so that the whole picture is
            seen; "crop" resizes the short side and cuts the centre.
        features: Folder of the files that `zsar extract` wrote, relative to the data root; null to decode and embed
            videos in each run.
        captions: Folder of caption files, `VIDEO.captions.json`, relative to the data root; null for none.
        batch_size: Videos per step.
        on_damage: Whether a damaged frame makes its video undecodable ("raise"), or is accepted and counted
            ("accept").
    """

    stride: FrameStride = FrameStride()
    geometry: Geometry = "squash"
    features: Path | str | None = None
    captions: Path | str | None = None
    batch_size: int = 1
    on_damage: Literal["raise", "accept"] = "raise"

    def __post_init__(self) -> None:
        """Checks that the batch size is at least 1 and within `zsar.runtime.number_limits`."""
        check_least(1, batch_size=self.batch_size)
        check_most(MOST_VIDEOS_PER_BATCH, batch_size=self.batch_size)
        check_choices(self)
