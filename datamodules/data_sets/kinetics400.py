"""Kinetics400: 400 actions in 10-second clips from YouTube, one clip per video (Kay et al. 2017).

    DATA_ROOT/kinetics400/
        train/abseiling/-3B32lodo2M_000059_000069.mp4       with or without class folders: files are found by name,
        val/abseiling/0wR5jVB-WPk_000417_000427.mp4         YOUTUBE-ID_START_END in seconds, in any container
        annotations/train.csv val.csv                       label,youtube_id,time_start,time_end,split

Source: https://github.com/cvdfoundation/kinetics-dataset (videos and annotations). Licence: annotations CC BY 4.0; the
videos belong to their makers.
Counts as published: training 246,534, validation 19,906. YouTube loses some every year: `zsar doctor` lists missing
videos, and `split.exclude` leaves them out and reports their number. The validation set is the usual test set.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from zsar.datamodules.listed_videos import ListedVideoDataModule
from zsar.datamodules.lists.annotations import read_kinetics
from zsar.datamodules.lists.listing import Listing


class Kinetics400(ListedVideoDataModule):
    """Kinetics-400."""

    vocabulary = "kinetics400"
    videos_folder = "kinetics400"

    def read_annotations(self, subset: Literal["train", "test"]) -> Listing:
        """train.csv or val.csv."""
        name = "train" if subset == "train" else "val"
        return read_kinetics(self.data_root / "kinetics400" / "annotations" / f"{name}.csv", name)

    @property
    def published_counts(self) -> Mapping[str, int]:
        """Published numbers of clips."""
        return {"train": 246534, "test": 19906}
