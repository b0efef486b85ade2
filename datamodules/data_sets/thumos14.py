"""THUMOS14: 20 sports in untrimmed videos (Idrees et al. 2017), used as trimmed: each annotated instance is a clip.

    DATA_ROOT/thumos14/
        validation/video_validation_0000051.mp4                    at any depth, in any container
        test/video_test_0000004.mp4
        TH14_Temporal_annotations_validation/annotation/BaseballPitch_val.txt ...    at any depth
        TH14_Temporal_annotations_test/annotation/BaseballPitch_test.txt ...

Source: https://www.crcv.ucf.edu/THUMOS14/download.html. Licence: for research. Counts: 3,007 annotated instances in
200 validation videos, which are used for training (the training set has no untrimmed videos), 3,358 in 213 test videos.
Cliff dives are also annotated as dives and count once here. For localization, see `THUMOS14Untrimmed`.
"""

from __future__ import annotations

from typing import Literal

from zsar.datamodules.listed_videos import ListedVideoDataModule
from zsar.datamodules.lists.annotations import read_thumos14
from zsar.datamodules.lists.listing import Listing


class THUMOS14(ListedVideoDataModule):
    """THUMOS14's instances as clips."""

    vocabulary = "thumos14"
    videos_folder = "thumos14"

    def read_annotations(self, subset: Literal["train", "test"]) -> Listing:
        """CLASS_val.txt or CLASS_test.txt of the 20 classes."""
        suffix: Literal["val", "test"] = "val" if subset == "train" else "test"
        return read_thumos14(self.data_root / "thumos14", self.official_names(), suffix)
