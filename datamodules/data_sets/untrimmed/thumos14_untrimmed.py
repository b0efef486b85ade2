"""THUMOS14Untrimmed: 20 sports in untrimmed videos (Idrees et al. 2017), for temporal localization.

    DATA_ROOT/thumos14/
        validation/video_validation_0000051.mp4           at any depth, in any container
        test/video_test_0000004.mp4
        thumos14_annotations.json                         T3AL's
    DATA_ROOT/t3al_splits/                                T3AL's class lists, if `split.lists` is t3al_splits
        train_50_test_50/THUMOS14/test/split_0.list ...
        train_75_test_25/THUMOS14/test/split_0.list ...

Source: https://www.crcv.ucf.edu/THUMOS14/download.html; annotations and lists from T3AL's repository
(https://github.com/benedettaliberatori/T3AL). Licence: for research. Counts: 413 videos, validation and test together
as in the paper, with 6,335 instances. One video, video_test_0001292, has none and is in no split. The ten 50/50 splits
have 2,229 test videos in total, the 75/25 splits 1,145. Cliff dives are also annotated as dives, and count as both.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from zsar.datamodules.class_text.vocabulary import exact_names
from zsar.datamodules.lists.localization_splits import AnnotatedVideo, read_thumos14_annotations
from zsar.datamodules.untrimmed_video import UntrimmedVideoDataModule


class THUMOS14Untrimmed(UntrimmedVideoDataModule):
    """THUMOS14 for localization."""

    lists_name = "THUMOS14"

    def all_exact_names(self) -> tuple[str, ...]:
        """The 20 classes."""
        return exact_names("thumos14")

    def read_videos(self) -> Sequence[AnnotatedVideo]:
        """The videos of both subsets."""
        return read_thumos14_annotations(self.videos_folder / "thumos14_annotations.json")

    @property
    def videos_folder(self) -> Path:
        """DATA_ROOT/thumos14."""
        return self.data_root / "thumos14"
