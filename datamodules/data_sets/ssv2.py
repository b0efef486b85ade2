"""SomethingSomethingV2: 174 ways of handling objects, distinguished by their course in time (Goyal et al. 2017).

    DATA_ROOT/ssv2/
        20bn-something-something-v2/78687.webm             the archive's parts, joined and unpacked
        labels/labels.json train.json validation.json      also as something-something-v2-train.json, ...

Source: https://www.qualcomm.com/developer/software/something-something-v-2-dataset. Licence: for research only.
Counts: training 168,913, validation 24,777 clips (the usual test set); the test set has no public labels.

A mirrored clip may show another class ("pushing something from left to right"), so clips are never flipped here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from zsar.datamodules.listed_videos import ListedVideoDataModule
from zsar.datamodules.lists.annotations import read_ssv2
from zsar.datamodules.lists.listing import Listing


class SomethingSomethingV2(ListedVideoDataModule):
    """Something-Something v2."""

    vocabulary = "ssv2"
    videos_folder = "ssv2/20bn-something-something-v2"
    flip_keeps_label = False

    def read_annotations(self, subset: Literal["train", "test"]) -> Listing:
        """train.json or validation.json, under either of their published names."""
        folder = self.data_root / "ssv2" / "labels"
        name = "train" if subset == "train" else "validation"
        long = folder / f"something-something-v2-{name}.json"
        return read_ssv2(long if long.is_file() else folder / f"{name}.json")

    @property
    def published_counts(self) -> Mapping[str, int]:
        """Published numbers of clips."""
        return {"train": 168913, "test": 24777}
