"""SomethingSomethingV2: 174 ways of handling things, told apart by the course of time (Goyal et al. 2017).

    DATA_ROOT/ssv2/
        20bn-something-something-v2/78687.webm             the archive's parts, joined and unpacked
        labels/labels.json train.json validation.json      also as something-something-v2-train.json, ...

Source: https://www.qualcomm.com/developer/software/something-something-v-2-dataset. Licence: for research only.
Counts: training 168,913, validation 24,777 clips, on which everyone tests; the test set has no public labels.

A mirrored clip may show another class ("pushing something from left to right"), so clips are never flipped here.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from datamodules.annotations import Listing, read_ssv2
from datamodules.listed_videos import ListedVideoDataModule
from datamodules.settings import Clips, Lists, Loading, Split, Text


class SomethingSomethingV2(ListedVideoDataModule):
    """Something-Something v2."""

    vocabulary = "ssv2"
    videos_folder = "ssv2/20bn-something-something-v2"
    default_flip = 0.0

    def __init__(
        self,
        *,
        lists: Lists = Lists(),  # noqa: B008 - frozen, as are the four below
        data_root: Path | str | None = None,
        clips: Clips = Clips(),  # noqa: B008
        split: Split = Split(),  # noqa: B008
        text: Text = Text(),  # noqa: B008
        loading: Loading = Loading(),  # noqa: B008
    ) -> None:
        """Describes the data.

        Args:
            lists: Published split files to use instead of drawing.
            data_root: The folder that holds all data sets; null for $ZSAR_DATA, or ./data.
            clips: How frames are taken from a video; its augmentation must not flip.
            split: Which classes and videos are trained on and tested on.
            text: What models read of a class.
            loading: How videos become batches.

        Raises:
            ValueError: Clips would be flipped, a number is out of range, or a list is given without its label file.
        """
        super().__init__(lists=lists, data_root=data_root, clips=clips, split=split, text=text, loading=loading)
        if clips.augmentation.flip:
            raise ValueError(
                f"clips.augmentation.flip is {clips.augmentation.flip}, but a mirrored clip of Something-Something "
                "shows another class; leave it out, or set it to 0"
            )

    def read_annotations(self, subset: Literal["train", "test"]) -> Listing:
        """train.json or validation.json, under either of the names that they have been published by."""
        folder = self.data_root / "ssv2" / "labels"
        name = "train" if subset == "train" else "validation"
        long = folder / f"something-something-v2-{name}.json"
        return read_ssv2(long if long.is_file() else folder / f"{name}.json")

    @property
    def published_counts(self) -> Mapping[str, int]:
        """Clips as published."""
        return {"train": 168913, "test": 24777}
